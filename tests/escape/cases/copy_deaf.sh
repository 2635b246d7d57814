# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='a file system of the machine'"'"'s that never answers: who copies from there or to there cannot be ended, by ^C neither'
OPTIONS_nbox=(--nesting)
NEEDS_USERS='whoever is the host'"'"'s root may make a device of that number, and the kernel lets everybody wait'
RIVALS=

setup() {
        bring deaf
        mkdir -p "$TREE/fuse" "$PREY"
        echo new >"$PREY/new"
}

attack() {
        [ -e /dev/fuse ] || /bin/busybox mknod /dev/fuse c 10 229
        deaf /fuse
}

# Who hits ^C is free soon, and no process of his is left.
ends() {
        local rc=0 pid
        setsid timeout -s INT 1 "$@" >/dev/null 2>&1 </dev/null &
        pid=$!
        for _ in $(seq $((10 * (4 + 2 * PATIENCE)))); do
                kill -0 "$pid" 2>/dev/null || break
                sleep 0.1
        done
        if kill -0 "$pid" 2>/dev/null; then
                echo "$*" >>"$SCRATCH/hung"
                kill -KILL -- "-$pid"
        fi
        wait "$pid" || rc=$?
        [ "$rc" != 0 ] || echo "done: $*" >>"$SCRATCH/hung"
        rm -rf "$PREY/came"
}

meanwhile() {
        : >"$SCRATCH/hung"
        ends nbox copy-from "$NAME" /fuse "$PREY/came"
        ends nbox copy-from "$NAME" /fuse/file "$PREY/came"
        ends nbox copy-to "$NAME" "$PREY/new" /fuse/new
        ends nbox copy-to "$NAME" "$PREY/new" /fuse
        wait_until 5 all_ended
}
all_ended() { ! pgrep -f 'nbox copy-' >/dev/null; }

verdict() {
        if ! printed '^deaf$'; then
                absent "$(head -n 1 "$OUT")"
        elif [ -s "$SCRATCH/hung" ]; then
                works "not ended: $(head -n 3 "$SCRATCH/hung" | paste -sd ';')"
        else
                blocked "^C ends each of them"
        fi
}

# By path, with SIGINT held back as who cleans up after himself does.
control() {
        local rc=0
        "$ATTACKS/deaf" "$TREE/fuse" >"$OUT" &
        wait_until 5 grep -q deaf "$OUT"
        : >"$SCRATCH/hung"
        ends sh -c 'trap "" INT; exec cat "$1"' sh "$TREE/fuse/file"
        umount -l "$TREE/fuse"
        pkill -x deaf || rc=$?
        verdict
}
