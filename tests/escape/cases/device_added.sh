# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='while a device is added to it, its /dev leads to the host: by a link, by a mount, by a directory that is swapped'
RIVALS=''
OPTIONS_nbox=(--bind="$PREY/shared:/prey")

setup() { mkdir -p "$PREY/shared"; }

attack() {
        busybox ln -s /prey /dev/link
        busybox ln -s /prey/leaf /dev/leaf
        busybox mkdir /dev/over
        busybox mount --bind /prey /dev/over
        (while busybox mkdir /dev/race && busybox rmdir /dev/race && busybox ln -s /prey /dev/race && busybox rm /dev/race; do :; done) >/dev/null 2>&1 &
}

meanwhile() {
        local place try
        # It can be added to; else nothing of what follows shows anything. Those may be refused.
        nbox device add "$NAME" /dev/zero:/dev/plain
        for place in link/n leaf over/n; do nbox device add "$NAME" "/dev/zero:/dev/$place" || true; done
        for try in $(seq 20); do
                nbox device add "$NAME" "/dev/zero:/dev/race/n$try" || true
        done
} >/dev/null 2>&1

verdict() {
        local made
        made=$(ls -A "$PREY/shared")
        if [ -n "$made" ]; then works "made on the host: $(paste -sd ' ' <<<"$made")"; else blocked 'nothing was made on the host'; fi
}

# By path, as docker once did with mknod.
control() {
        local made
        mkdir -p "$PREY/shared" "$TREE/dev"
        ln -s "$PREY/shared" "$TREE/dev/link"
        mknod "$TREE/dev/link/n" c 1 5
        made=$(ls -A "$PREY/shared")
        if [ -n "$made" ]; then works 'a path leads there'; else blocked; fi
}
