# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='mounts made inside show on the host, by shared propagation'
OPTIONS_bare=(--propagate)

setup() { mkdir -p "$TREE/mnt"; }

attack() {
        busybox mount --make-rshared /
        busybox mount -t tmpfs escape-inside /mnt
        busybox mount -t tmpfs escape-inside /run
}

verdict() {
        if grep -q ' escape-inside ' /proc/self/mountinfo; then works "they do"; else blocked "none does"; fi
}

undo() { ! mountpoint -q "$TREE" || umount -R -l "$TREE"; }
