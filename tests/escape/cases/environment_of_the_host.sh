# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# An administrator's environment has passwords and tokens in it.
WHAT='the environment and the arguments of who starts and who joins, by /proc/PID/environ and cmdline'

attack() {
        while :; do
                for process in /proc/[0-9]*; do
                        busybox cat "$process/environ" "$process/cmdline"
                done
                [ ! -e /escape/enough ] || break
        done </dev/null 2>/dev/null | busybox tr '\0' '\n' | busybox grep 'escape-toke[n]' >/escape/seen &
}

play() {
        ESCAPE_VALUE=escape-token-$RANDOM
        export ESCAPE_VALUE
        one_start
        unset ESCAPE_VALUE
}

meanwhile() {
        local i
        # Who cannot join shows nothing: each has to.
        for i in $(seq 20); do machine_join /bin/busybox true </dev/null >/dev/null; done
        machine_join /bin/busybox env </dev/null >"$PREY/joined"
        [ -s "$PREY/joined" ] || fail "who joins has no environment at all"
        machine_join /bin/busybox touch /escape/enough </dev/null >/dev/null 2>&1 || touch "$TREE/escape/enough"
        sleep 0.3
}

verdict() {
        if grep -qs escape-token- "$TREE/escape/seen" "$PREY/joined"; then
                works "$(grep -hm 1 escape-token- "$TREE/escape/seen" "$PREY/joined")"
        else
                blocked "nothing of it is there"
        fi
}
