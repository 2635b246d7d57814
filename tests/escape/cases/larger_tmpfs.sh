# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='the sizes of /run, /tmp and /dev/shm, which are the host'"'"'s memory, made larger by a remount'
NEEDS_USERS='there root inside may remount what is mounted'

attack() {
        for at in /run /tmp /dev/shm; do
                busybox mount -o remount,size=100%,nr_inodes=0 $at
        done
        busybox df -k /run /tmp /dev/shm
}

control() {
        unshare -m sh -c 'mount -t tmpfs -o size=1M tmpfs /mnt && mount -o remount,size=2M /mnt && df -k --output=size /mnt' |
                grep -qx ' *2048' && works "a tmpfs of 1 MiB has 2"
}

verdict() {
        local total larger
        total=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
        larger=$(awk -v all="$total" '$6 ~ /^\// && $2 > all * 0.9 { printf " %s", $6 }' "$OUT")
        if [ -z "$larger" ]; then blocked "$(awk '$6 ~ /^\// { printf "%s %d MiB ", $6, $2 / 1024 }' "$OUT")"; else works "the whole memory:$larger"; fi
}
