# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The words for tests of figures, sourced by them.

export MIB=1048576

figures() { nbox status --json "$1" | jq -c .Usage; }
figure() { figures "$1" | jq -r ".$2"; } # NAME KEY

# around WHAT GOT WANTED PERCENT [SLACK]: SLACK is what else there may be, in the same unit.
around() {
        local below=$(($3 * (100 - $4) / 100)) above=$(($3 * (100 + $4) / 100 + ${5-0}))
        [ "$2" -ge "$below" ] && [ "$2" -le "$above" ] || fail "$1: $2, not $below to $above"
}

inside() { # NAME SCRIPT
        nbox exec "$1" /bin/busybox sh -c "$2"
}

# A machine that has come to rest: neither its memory nor its tasks are others a moment later.
rests() {
        local before
        before=$(figures "$1" | jq -c '[.memory_bytes, .tasks]')
        sleep 1
        [ "$(figures "$1" | jq -c '[.memory_bytes, .tasks]')" = "$before" ]
}
