# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='processes of the host: signals, tracing, their roots and descriptors by /proc, their priority'
OPTIONS_bare=(--share=pid)

setup() {
        secret >/dev/null
        setsid sleep 987654 &
        echo $! >"$PREY/pid"
        echo $! >"$TREE/escape/victim"
}

attack() {
        victim=$(busybox cat /escape/victim)
        # By its number as the host has it, and every number that is there.
        for pid in "$victim" $(busybox ls /proc | busybox grep '^[0-9]'); do
                busybox cat "/proc/$pid/root/srv/escape/secret" "/proc/$pid/cwd/srv/escape/secret" 2>/dev/null
        done
        busybox kill -9 "$victim"
}

verdict() {
        if grep -qF "$(secret)" "$OUT"; then
                works "a file of the host's was read through /proc"
        elif ! kill -0 "$(cat "$PREY/pid")" 2>/dev/null; then
                works "a process of the host's was killed"
        else
                blocked "no process of the host's is seen"
        fi
}

undo() { kill -9 "$(cat "$PREY/pid")" 2>/dev/null || true; }
