# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='what is copied, or where it goes, is a fifo, becomes one in the last moment, or grows for ever: who copies waits for ever'
RIVALS=

setup() {
        bring exchange
        mkdir -p "$TREE/data" "$TREE/drop" "$PREY"
        echo "the machine's" | tee "$TREE/data/file" "$TREE/data/grows" >/dev/null
        mkfifo "$TREE/data/file.link" "$TREE/data/fifo" "$TREE/drop/fifo"
        echo new >"$PREY/new"
}

attack() {
        exchange /data file >/dev/null 2>&1 &
        while :; do busybox head -c 1000000 /dev/zero >>/data/grows && busybox sleep 0.1; done >/dev/null 2>&1 &
        busybox sleep 0.5
        echo swapping
}

hangs_not() {
        local rc=0
        timeout -s KILL "$((5 * PATIENCE))" "$@" >/dev/null 2>&1 </dev/null || rc=$?
        [ "$rc" != 137 ] || echo "$*" >>"$SCRATCH/hung"
        rm -rf "$PREY/came"
}

meanwhile() {
        local round
        : >"$SCRATCH/hung"
        for round in $(seq 12); do hangs_not nbox copy-from "$NAME" /data/file "$PREY/came"; done
        for round in 1 2 3; do hangs_not nbox copy-from "$NAME" /data "$PREY/came"; done
        hangs_not nbox copy-from "$NAME" /data/fifo "$PREY/came"
        hangs_not nbox copy-to "$NAME" "$PREY/new" /drop/fifo
        hangs_not nbox copy-to --force "$NAME" "$PREY/new" /drop/fifo
        printed swapping || echo "nothing was swapped" >>"$SCRATCH/hung"
}

verdict() { if [ -s "$SCRATCH/hung" ]; then works "hangs: $(head -n 3 "$SCRATCH/hung" | paste -sd ';')"; else blocked "nobody waits"; fi; }

# By path.
control() {
        : >"$SCRATCH/hung"
        PATIENCE=1 hangs_not cat "$TREE/data/fifo"
        verdict
}
