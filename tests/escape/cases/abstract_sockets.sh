# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='a service of the host'"'"'s that listens on an abstract unix socket'
OPTIONS_bare=(--share=net)

setup() {
        bring abstract
        "$ATTACKS/abstract" listen escape-host >"$PREY/heard" &
        echo $! >"$PREY/pid"
        wait_until 5 grep -q '@escape-host' /proc/net/unix
}

attack() { abstract connect escape-host; }

verdict() { if grep -q 'hello from inside' "$PREY/heard"; then works "it was reached"; else blocked "$(cat "$OUT")"; fi; }

undo() { kill "$(cat "$PREY/pid")" 2>/dev/null || true; }
