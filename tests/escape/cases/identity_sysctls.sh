# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Files of /proc and /sys that the host's root may write to are then root's inside, too.
WHAT='with the host'"'"'s ids in a user namespace (--private-users=identity): settings of the host'"'"'s, by what is mounted and by mounts of its own'
NEEDS_USERS='it is about a user namespace'
RIVALS=''
OPTIONS_nbox=(--private-users=identity)

setup() { cat /proc/sys/vm/swappiness /proc/sys/kernel/core_pattern >"$PREY/settings"; }

attack() {
        busybox mkdir /escape/proc /escape/copy
        busybox mount -t proc proc /escape/proc
        busybox mount --rbind /proc /escape/copy
        for mounted in /proc /escape/proc /escape/copy; do
                busybox mount -o remount,rw,bind "$mounted/sys"
                busybox umount -l "$mounted/sys"
                echo 61 >"$mounted/sys/vm/swappiness"
                echo core.escape >"$mounted/sys/kernel/core_pattern"
        done
        true
} 2>/dev/null

verdict() {
        if cat /proc/sys/vm/swappiness /proc/sys/kernel/core_pattern | cmp -s "$PREY/settings"; then blocked 'they are as before'; else works 'they are changed'; fi
}

undo() {
        { read -r swappiness && read -r pattern; } <"$PREY/settings"
        echo "$swappiness" >/proc/sys/vm/swappiness
        echo "$pattern" >/proc/sys/kernel/core_pattern
}
