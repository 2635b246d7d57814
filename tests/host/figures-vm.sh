# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What only a kernel with resource controllers on cgroup v2 can tell of a machine: memory as it counts it, limits, time held back, and what went
# to disks and came from them.

. "$(dirname "${BASH_SOURCE[0]}")/figures-words.sh"

is_above() { [ "$(figure "$1" "$2")" -gt "$3" ]; } # NAME KEY NUMBER

test_figures_with_controllers() {
        local before now
        tree_with web
        boot web
        systemctl set-property --runtime machine-web.slice MemoryMax=300M MemoryHigh=200M MemorySwapMax=0 CPUQuota=50% TasksMax=100
        same "the limits" "$(figures web | jq -c '[.memory_max_bytes, .memory_high_bytes, .swap_max_bytes, .cpu_max_percent, .tasks_max]')" \
                '[314572800,209715200,0,50,100]'
        before=$(figures web)
        same "who counts" "$(jq -c '[.memory_is_summed, .memory_kills, .cpu_throttled_usec >= 0]' <<<"$before")" '[false,0,true]'
        inside web 'busybox mkfifo /run/held; busybox sleep 600 </run/held & busybox dd if=/dev/zero of=/run/held bs=64M count=1 2>/dev/null &'
        wait_until 20 is_above web memory_anonymous_bytes $((60 * MIB))
        sleep 1
        now=$(figures web)
        around "anonymous memory" "$(jq .memory_anonymous_bytes <<<"$now")" $((64 * MIB + $(jq .memory_anonymous_bytes <<<"$before"))) 2 $((2 * MIB))
        around "memory" "$(jq .memory_bytes <<<"$now")" $((64 * MIB + $(jq .memory_bytes <<<"$before"))) 5 $((8 * MIB))
        same "its peak" "$(jq '.memory_peak_bytes >= .memory_bytes' <<<"$now")" true
        same "two tasks more" "$(jq --argjson before "$before" '.tasks - $before.tasks' <<<"$now")" 2
        # Three seconds at half a CPU.
        status_is 143 inside web 'busybox timeout 3 busybox sh -c "while :; do :; done"'
        is_above web cpu_throttled_usec 700000 || fail "not held back: $(figures web)"
        has "$(nbox status web)" '^ +CPU: .* at most 50%, held back for '
        has "$(nbox status web)" '^ +Memory: .*, peak .* MiB, slowed above 200\.0 MiB, at most 300\.0 MiB$'
        has "$(nbox status web)" '^ +Tasks: [0-9]+ of 100$'
        terminate web
        systemctl revert machine-web.slice 2>/dev/null
        systemctl stop machine-web.slice
        remove_tree web
}

# write NAME MEBIBYTES: on to the disk. Reads it again, from there.
writes() { inside "$1" "busybox dd if=/dev/zero of=/written bs=1M count=$2 conv=fsync 2>/dev/null"; }
reads() {
        sync
        echo 3 >/proc/sys/vm/drop_caches
        inside "$1" 'busybox cat /written >/dev/null'
}

# What of a file system's own is written beside it is little.
counted() { # NAME
        local written read
        written=$(figure "$1" io_written_bytes)
        writes "$1" 20
        around "written by $1" $(($(figure "$1" io_written_bytes) - written)) $((20 * MIB)) 0 $((4 * MIB))
        read=$(figure "$1" io_read_bytes)
        reads "$1"
        around "read by $1" $(($(figure "$1" io_read_bytes) - read)) $((20 * MIB)) 0 $((6 * MIB))
        has "$(nbox status "$1")" '^ +IO: [0-9.]+ MiB read, [0-9.]+ MiB written$'
}

test_io_of_a_tree() {
        tree_with web
        boot web
        counted web
        terminate web
        remove_tree web
}

# The kernel counts it at the loop device, and again at the disk.
test_io_of_a_disk_image() {
        truncate -s 96M "$MACHINES/web.raw"
        mkfs.ext4 -q -d "$MACHINES/.busybox" "$MACHINES/web.raw"
        boot web
        counted web
        has "$(cat /sys/fs/cgroup/machine.slice/machine-web.slice/machine-web.scope/io.stat)" '^7:[0-9]+ rbytes='
        terminate web
        rm "$MACHINES/web.raw"
}
