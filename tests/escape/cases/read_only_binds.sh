# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='a directory of the host'"'"'s that is bound in read-only is written to: remounted, bound anew, unmounted, reached by descriptors'
OPTIONS_nbox=(--bind-ro="$PREY/shared:/mnt/shared")
OPTIONS_nspawn=("${OPTIONS_nbox[@]}")
OPTIONS_lxc=("lxc.mount.entry = $PREY/shared mnt/shared none bind,ro,create=dir 0 0")
OPTIONS_bare=("${OPTIONS_nbox[@]}")
NEEDS_USERS='what is mounted without a user namespace may be remounted by who may mount'

setup() {
        mkdir -p "$PREY/shared"
        chmod 777 "$PREY/shared"
}

attack() {
        busybox mount -o remount,rw,bind /mnt/shared
        echo x >/mnt/shared/remounted
        busybox mkdir -p /escape/again
        busybox mount --bind /mnt/shared /escape/again && busybox mount -o remount,rw,bind /escape/again && echo x >/escape/again/bound
        busybox unshare -m busybox sh -c 'mount -o remount,rw,bind /mnt/shared; echo x >/mnt/shared/unshared'
        busybox unshare -Urm busybox sh -c 'mount -o remount,rw,bind /mnt/shared; echo x >/mnt/shared/unshared'
}

verdict() {
        if [ -n "$(ls -A "$PREY/shared")" ]; then works "written: $(ls "$PREY/shared" | paste -sd ' ')"; else blocked "nothing was written"; fi
}
