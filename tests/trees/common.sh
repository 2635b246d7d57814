# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What recipes share. A recipe is an executable that makes a tree at $1 and nothing else; tests/lib.sh caches it
# by its text. "# needs: NAME" names a tree that it starts from. Every guest tree gets:
#   /sbin/mark      "mark up" as it boots and "mark down" in its orderly shutdown, one line each in /var/marks
#   /bin/busybox    static, so that tests have the same nc, wget and the like everywhere
#   root            without a password; alice, uid 1000, too

set -eu
SUITE=bookworm
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# guest_mark TREE
guest_mark() {
        printf '#!/bin/sh\necho "$1" >>/var/marks\n' >"$1/sbin/mark"
        chmod 755 "$1/sbin/mark"
}

# sysv_mark TREE: as an init script of runlevels 2 to 5.
sysv_mark() {
        cat >"$1/etc/init.d/mark" <<'SCRIPT'
#!/bin/sh
### BEGIN INIT INFO
# Provides:          mark
# Required-Start:    $remote_fs
# Required-Stop:     $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Marks of boot and orderly shutdown
### END INIT INFO
case $1 in
start) /sbin/mark up ;;
stop) /sbin/mark down ;;
esac
SCRIPT
        chmod 755 "$1/etc/init.d/mark"
        chroot "$1" update-rc.d mark defaults
}

# openrc_mark TREE: as a service of OpenRC's default runlevel.
openrc_mark() {
        cat >"$1/etc/init.d/mark" <<'SCRIPT'
#!/sbin/openrc-run
description="Marks of boot and orderly shutdown"
start() { /sbin/mark up; }
stop() { /sbin/mark down; }
SCRIPT
        chmod 755 "$1/etc/init.d/mark"
        chroot "$1" rc-update add mark default
}

# debian_unpack TREE PACKAGES: what is left out is documentation and translations, which nothing here reads.
debian_unpack() {
        mmdebstrap --quiet --variant=essential --skip=cleanup/apt/lists --include="$2" \
                --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
                --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
                "$SUITE" "$1"
}

# debian_forget TREE: what apt fetched.
debian_forget() {
        rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/cache/apt/archives/*.deb
}

# debian_tree TREE PACKAGES
debian_tree() {
        debian_unpack "$1" "$2"
        debian_forget "$1"
}

# debian_with TREE PACKAGE...: the tree debian-base and these, in a few seconds: apt runs outside, as it is set up there, with
# the lists that the base was made with; dpkg runs in the tree. No daemon is started.
debian_with() {
        local tree=$1
        shift
        cp -a --reflink=auto "$(tree debian-base)" "$tree"
        printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
        chmod 755 "$tree/usr/sbin/policy-rc.d"
        DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dir="$tree" -o Dir::State::status="$tree/var/lib/dpkg/status" \
                -o DPkg::Chroot-Directory="$tree" -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@"
        rm "$tree/usr/sbin/policy-rc.d"
        debian_forget "$tree"
}

# busybox_tree TREE: the static busybox with links to all its applets, and the files that log-ins need.
busybox_tree() {
        mkdir -p "$1"/bin "$1"/sbin "$1"/usr/bin "$1"/usr/sbin "$1"/etc/init.d "$1"/proc "$1"/sys "$1"/dev "$1"/run \
                "$1"/var/log "$1"/var/run "$1"/tmp "$1"/root "$1"/home/alice
        chmod 1777 "$1/tmp"
        chmod 700 "$1/root"
        cp /bin/busybox "$1/bin/busybox"
        chroot "$1" /bin/busybox --install -s
        printf 'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000:alice:/home/alice:/bin/sh\n' >"$1/etc/passwd"
        printf 'root:x:0:\ntty:x:5:\nalice:x:1000:\n' >"$1/etc/group"
        printf 'root::19000:0:99999:7:::\nalice::19000:0:99999:7:::\n' >"$1/etc/shadow"
        chmod 640 "$1/etc/shadow"
        chown 1000:1000 "$1/home/alice"
        guest_mark "$1"
}
