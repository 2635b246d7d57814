# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# An administrator's shell runs before all others, and what it starts inside inherits that: one endless loop, and the host stands still.
WHAT='the nice value and the real-time priority of who joins are left to what runs inside'

# nice value, real-time priority and policy, as proc(5) has them
attack() { busybox awk '{ print $19, $40, $41 }' /proc/self/stat; }

meanwhile() {
        (
                renice -n -15 "$BASHPID" >/dev/null
                chrt --fifo -p 10 "$BASHPID" 2>/dev/null || true
                machine_join /bin/busybox awk '{ print $19, $40, $41 }' /proc/self/stat </dev/null >"$PREY/joined" 2>&1 || true
        )
}

verdict() {
        [ -s "$PREY/joined" ] || fail "nobody has joined"
        if cmp -s "$PREY/joined" "$OUT"; then
                blocked "it has those of the init: $(cat "$OUT")"
        else
                works "$(cat "$PREY/joined"), where the init has $(cat "$OUT")"
        fi
}
