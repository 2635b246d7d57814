# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Hostile loads where the kernel has resource controllers: what of the limits that a machine gets without asking needs them, and what without
# them would be felt by more than this host. The machine that this runs in is slow; a neighbour that starves takes minutes, not seconds.

. "$(dirname "${BASH_SOURCE[0]}")/loads-words.sh"

group_of() { echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(leader_of "$1")/cgroup" | sed 's,/init.scope$,,')"; }
number() { cat "$(group_of "$1")/$2"; }

test_limits_without_asking() {
        local total pages tasks
        bomber web
        total=$(awk '/^MemTotal/ { print $2 * 1024 }' /proc/meminfo)
        pages=$((total / 4096))
        tasks=$(($(cat /proc/sys/kernel/threads-max) / 3))
        same "pids.max" "$(number web pids.max)" "$((tasks < 16384 ? tasks : 16384))"
        # Scaled by systemd in 32 bits, so not to the byte.
        [ "$(($(number web memory.max) / 4096 * 100 / pages))" -ge 74 ] || fail "memory.max is $(number web memory.max) of $total"
        [ "$(($(number web memory.max) / 4096 * 100 / pages))" -le 77 ] || fail "memory.max is $(number web memory.max) of $total"
        [ "$(($(number web memory.swap.max) / 4096 * 100 / pages))" -le 26 ] || fail "memory.swap.max is $(number web memory.swap.max)"
        # The score cannot be made lower by root inside; the kernel asks for a capability over the host.
        fails nbox exec web /bin/busybox sh -c 'echo 100 >/proc/self/oom_score_adj' 2>/dev/null
        terminate web
        remove_tree web
}

test_fork_bomb() {
        local most feels quiet
        bomber web
        bomber other
        most=$(number web pids.max)
        quiet=$(feels other 3)
        bombing web storm 100 10
        feels=$(feels other 6)
        [ "$(number web pids.current)" -le "$most" ] || fail "$(number web pids.current) processes"
        echo "quiet: $quiet, under a fork bomb: $feels"
        responsive "a fork bomb" "$feels" 2000
        # It need not be over for the machine to be ended.
        timeout "$((10 * PATIENCE))" nbox terminate web
        wait_until 5 is_gone web
        bombed
        terminate other
        remove_tree web
        remove_tree other
}

# Whatever it is that the memory is for. What cannot be had is refused, or ends a process in there.
test_memory_of_each_kind() {
        local kind event
        tree_with web
        cp /job/bombdrive "$MACHINES/web/bin/"
        mkdir -p "$MACHINES/web/mnt"
        for kind in memory tmpfs-own; do
                boot web --property=MemoryMax=80M --property=MemorySwapMax=0
                bomb web "$kind" 200 30 >"$SCRATCH/made"
                if is_listed web; then
                        event=$(sed -n 's/^oom_kill //p' "$(group_of web)/memory.events")
                        [ "$event" -gt 0 ] || [ "$(made)" -lt 200 ] || fail "$kind: $(cat "$SCRATCH/made") in 80 MiB"
                        terminate web
                fi
                wait_until 5 is_gone web
        done
        # Without the limit it is all had.
        boot web --property=MemoryMax=infinity
        has "$(bomb web memory 200 60)" 'made 200: limit of our own'
        terminate web
        remove_tree web
}
