#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# debian.sh [ROUNDS]: how long a Debian with systemd takes from the command to the state `running`, as its own systemd tells (or `degraded`: what
# fails, fails for both), by nbox and by systemd-nspawn in turns, on the container host, both registered and without a network. The guest looks
# at the clock and powers off.
set -eu
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"

GUEST=$MACHINES/debian

# A service that is none of what the start waits for.
prepare() {
        cat >"$GUEST/etc/systemd/system/bench.service" <<'EOT'
[Service]
Type=simple
ExecStart=/bin/sh -c 'state=$(systemctl is-system-running --wait); echo "$(date +%%s%%N) $state" >/bench; systemctl poweroff'
EOT
        mkdir -p "$GUEST/etc/systemd/system/multi-user.target.wants"
        ln -sf ../bench.service "$GUEST/etc/systemd/system/multi-user.target.wants/bench.service"
}

boots() { # RIVAL
        case $1 in
        nbox) nbox boot -q --network=none --console=pipe "$GUEST" ;;
        nspawn)
                systemd-nspawn -q -D "$GUEST" --private-network --private-users=pick --private-users-ownership=map --console=pipe -b
                ;;
        esac
}

# once RIVAL COUNTS
once() {
        local began end state
        rm -f "$GUEST/bench"
        began=$(date +%s%N)
        if ! timeout -k 5 60 bash -c "$(declare -f boots); GUEST=$GUEST; boots $1" </dev/null >/run/bench/console 2>&1 || ! [ -s "$GUEST/bench" ]; then
                record cannot debian "$1" "$(one_line </run/bench/console)"
                return
        fi
        read -r end state <"$GUEST/bench"
        [ "$state" = running ] || record cannot debian "$1" "its state is $state"
        [ -z "$2" ] || record time debian "$1" "$((end - began))" 0
}

on_container() {
        local i
        prepare
        for i in $(seq "$([ -n "${QUICK-}" ] && echo 1 || echo 0)" "$(rounds 8)"); do
                # The first boot of a tree makes its machine id.
                once nbox "${i#0}"
                once nspawn "${i#0}"
        done
        rm "$GUEST/etc/systemd/system/multi-user.target.wants/bench.service"
}

bench "$@"
