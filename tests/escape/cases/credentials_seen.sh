# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# A secret that a machine is handed on the command line of who starts it.
WHAT='a credential of a machine is read by another user of the host, by /proc/PID/cmdline and environ'
RIVALS=nspawn
TOKEN=escape-token-4711
OPTIONS_nbox=(--set-credential=db:"$TOKEN")
OPTIONS_nspawn=(--set-credential=db:"$TOKEN")

attack() { busybox cat /run/host/credentials/db; }

verdict() {
        printed "$TOKEN" || fail "the machine itself does not have it: $(cat "$OUT")"
        # Of environments he sees his own only, and says so.
        as_nobody sh -c 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; :' >"$PREY/seen"
        [ -s "$PREY/seen" ] || fail "nobody sees a thing"
        if grep -aq "$TOKEN" "$PREY/seen"; then
                works "it stands on a command line"
        else
                blocked "it is on no command line and in no environment"
        fi
}

control() {
        sh -c 'sleep 1; : "$1"' sh "$TOKEN" &
        sleep 0.2
        echo "$TOKEN" >"$OUT"
        verdict
        wait
}
