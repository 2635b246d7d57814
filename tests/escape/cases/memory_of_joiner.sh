# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# What joins a machine with a user namespace has the memory of who asked for it, on the host, until it executes the command.
WHAT='what joins has its memory read and written, and its descriptors taken, before it is the machine'"'"'s own program'
NEEDS_USERS='root of the host may do that to whoever has given up all that he may not do himself'

setup() { bring grab; }

attack() { grab >/escape/grabbed 2>&1 & }

meanwhile() {
        local i joined=0
        for i in $(seq 200); do
                if machine_join /bin/busybox true >/dev/null 2>&1 </dev/null; then joined=$((joined + 1)); fi # who is grabbed may well fail
        done
        touch "$TREE/escape/enough"
        [ "$joined" -gt 0 ] || fail "nobody could join at all"
        machine_waits_for "$TREE/escape/grabbed-all"
}

verdict() {
        local met
        met=$(sed -n 's/^met //p' "$TREE/escape/grabbed")
        if grep -q '^grabbed' "$TREE/escape/grabbed"; then
                works "$(sort "$TREE/escape/grabbed" | uniq -c | awk '/grabbed/ { print $4 }' | paste -sd ' ')"
        elif [ "${met:-0}" = 0 ]; then
                absent "nobody was met before he was the machine's own"
        else
                blocked "each was met from outside, and nothing could be taken of it"
        fi
}
