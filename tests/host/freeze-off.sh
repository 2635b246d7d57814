#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# freeze-off.sh leave          freezes machines, in each way, and leaves them so: then the host is switched off
# freeze-off.sh look DIR       tells from their trees, which are below DIR, whether they were shut down in order
set -eu
HERE=$(dirname "$(readlink -f "$0")")

WAYS='nbox scope slice'

leave() {
        local way
        . "$HERE/../lib.sh"
        . "$HERE/world.sh"
        for way in $WAYS; do
                tree_with "$way"
                forget_marks "$way"
                nbox start "$way"
                case $way in
                nbox) nbox freeze nbox ;;
                *) systemctl freeze "machine-$way.$way" ;;
                esac
        done
}

look() {
        local way
        for way in $WAYS; do
                if [ "$(grep -cx down "$1/$way/var/marks")" = 1 ]; then
                        echo "ok host_goes_off_frozen_by_$way"
                else
                        echo "not ok host_goes_off_frozen_by_$way"
                        sed 's/^/    /' "$1/$way/var/marks"
                fi
        done
        echo "ran $(wc -w <<<"$WAYS")"
}

"$@"
