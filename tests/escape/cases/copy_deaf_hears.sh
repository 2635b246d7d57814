# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='a file system of the machine'"'"'s that hears every question and does not answer, so that no SIGKILL ends who asks: who copies, binds or looks for a journal waits'
OPTIONS_nbox=(--nesting)
NEEDS_USERS='whoever is the host'"'"'s root may make a device of that number, and the kernel lets everybody wait'
RIVALS=

setup() {
        bring deaf
        mkdir -p "$TREE/fuse" "$TREE/var/log" "$PREY"
        echo new >"$PREY/new"
}

attack() {
        [ -e /dev/fuse ] || /bin/busybox mknod /dev/fuse c 10 229
        deaf /fuse hears
        deaf /var/log hears
}

# ends WORD...: who hits ^C is free soon. Whoever is not, is left to wait until the machine ends.
ends() {
        local pid
        setsid timeout -s INT 1 "$@" >/dev/null 2>"$SCRATCH/said" </dev/null &
        pid=$!
        for _ in $(seq $((10 * (6 + 4 * PATIENCE)))); do
                kill -0 "$pid" 2>/dev/null || return 0
                sleep 0.1
        done
        echo "$*" >>"$SCRATCH/hung"
        kill -KILL -- "-$pid"
}

meanwhile() {
        : >"$SCRATCH/hung"
        ends nbox copy-from "$NAME" /fuse/file "$PREY/came"
        ends nbox copy-from "$NAME" /fuse "$PREY/came"
        ends nbox copy-to "$NAME" "$PREY/new" /fuse
        ends nbox bind --mkdir "$NAME" "$PREY" /fuse/place
        ends nbox logs -f "$NAME"
}

verdict() {
        if ! printed '^deaf$'; then
                absent "$(head -n 1 "$OUT")"
        elif [ -s "$SCRATCH/hung" ]; then
                works "not ended: $(head -n 3 "$SCRATCH/hung" | paste -sd ';')"
        else
                blocked "^C ends each of them"
        fi
}

# Whoever reads the file himself.
control() {
        "$ATTACKS/deaf" "$TREE/fuse" hears >"$OUT" &
        wait_until 5 grep -q deaf "$OUT"
        : >"$SCRATCH/hung"
        ends cat "$TREE/fuse/file"
        umount -l "$TREE/fuse"
        pkill -x deaf
        verdict
}
