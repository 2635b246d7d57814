# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='shared memory, semaphores and message queues of the host'
OPTIONS_bare=(--share=ipc)

setup() { ipcmk -M 4096 -p 0666 | awk '{ print $NF }' >"$PREY/segment"; }

attack() { busybox cat /proc/sysvipc/shm; }

verdict() {
        if awk -v id="$(cat "$PREY/segment")" '$2 == id { found = 1 } END { exit !found }' "$OUT"; then works "a segment of the host's is there"; else blocked "none of the host's is there"; fi
}

undo() { ipcrm -m "$(cat "$PREY/segment")"; }
