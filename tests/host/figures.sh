# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a machine uses, as status says it, against what really happened inside: CPU seconds, memory, tasks, bytes. Where the kernel has no
# controllers for it, too.

. "$(dirname "${BASH_SOURCE[0]}")/figures-words.sh"

# What the load has used by its own account, since how fast it goes is the host's affair.
test_cpu_time() {
        local before used
        boot "$GUEST"
        before=$(figure "$GUEST" cpu_usec)
        used=$(inside "$GUEST" 'busybox time -f "%U %S" busybox sh -c "i=0; while [ \$i -lt 700000 ]; do i=\$((i+1)); done" 2>&1' |
                awk '{ printf "%d", ($1 + $2) * 1000000 }')
        [ "$used" -gt 200000 ] || fail "the load took $used µs only"
        around "CPU time" $(($(figure "$GUEST" cpu_usec) - before)) "$used" 5 150000
        same "its parts" "$(figures "$GUEST" | jq '.cpu_user_usec + .cpu_system_usec - .cpu_usec | fabs < 3')" true
        has "$(nbox status "$GUEST")" '^ +CPU: [0-9]+\.[0-9]{2} s'
        terminate "$GUEST"
}

# 64 MiB that a program has filled, and holds.
test_memory() {
        local before
        boot "$GUEST"
        wait_until 20 rests "$GUEST"
        before=$(figure "$GUEST" memory_bytes)
        inside "$GUEST" 'busybox mkfifo /run/held; busybox sleep 600 </run/held & busybox dd if=/dev/zero of=/run/held bs=64M count=1 2>/dev/null &'
        wait_until 20 memory_is_above "$GUEST" $((before + 60 * MIB))
        around "memory" $(($(figure "$GUEST" memory_bytes) - before)) $((64 * MIB)) 2 $((2 * MIB))
        if [ "$HOST" = vm ]; then
                same "counted by the kernel" "$(figure "$GUEST" memory_is_summed)" false
                around "anonymous memory" "$(figure "$GUEST" memory_anonymous_bytes)" $((64 * MIB)) 2 $((64 * MIB))
                [ "$(figure "$GUEST" memory_peak_bytes)" -ge $((64 * MIB)) ] || fail "no peak"
                [ "$(figure "$GUEST" memory_max_bytes)" -gt 0 ] || fail "no limit"
                has "$(nbox status "$GUEST")" '^ +Memory: [0-9.]+ MiB, peak .*, at most '
        else
                same "counted by the kernel" "$(figure "$GUEST" memory_is_summed)" true
                same "what is not known" "$(figures "$GUEST" | jq -c '[.memory_peak_bytes, .memory_max_bytes, .swap_bytes, .io_read_bytes]')" '[null,null,null,null]'
                has "$(nbox status "$GUEST")" '^ +Memory: [0-9.]+ MiB in its processes'
                has_not "$(nbox status "$GUEST")" '^ +(Swap|IO):'
        fi
        terminate "$GUEST"
}

memory_is_above() { [ "$(figure "$1" memory_bytes)" -gt "$2" ]; }

test_tasks() {
        local before
        boot "$GUEST"
        wait_until 20 rests "$GUEST"
        before=$(figure "$GUEST" tasks)
        inside "$GUEST" 'for i in 1 2 3 4 5 6 7; do busybox sleep 600 & done' >/dev/null
        wait_until 5 has_tasks "$GUEST" $((before + 7))
        has "$(nbox status "$GUEST")" "^ +Tasks: $((before + 7))( of [0-9]+)?\$"
        terminate "$GUEST"
}

has_tasks() { [ "$(figure "$1" tasks)" = "$2" ]; }

# The kernel may be built without pressure: then there is no line, and null.
test_pressure() {
        boot "$GUEST"
        if [ -r /proc/pressure/cpu ]; then
                has "$(nbox status "$GUEST")" '^ +Pressure: cpu [0-9.]+% [0-9.]+%, memory [0-9.]+% [0-9.]+%, io '
                same "its form" "$(figures "$GUEST" | jq '.pressure.cpu.some.total_usec >= 0 and .pressure.io.full.avg300_percent >= 0')" true
        else
                same "without" "$(figures "$GUEST" | jq '.pressure.cpu.some.total_usec')" null
        fi
        terminate "$GUEST"
}

# Whoever may run nbox status sees them.
test_without_root() {
        boot "$GUEST"
        same "of nobody's" "$(setpriv --reuid 65534 --regid 65534 --clear-groups nbox status --json "$GUEST" | jq '.Usage | .cpu_usec > 0 and .tasks > 0 and .memory_bytes > 0')" true
        terminate "$GUEST"
}

# The host's own, of which its root group tells less.
test_of_the_host() {
        same "the host" "$(figures .host | jq -c '[.cpu_usec > 0, .network_sent_bytes]')" '[true,null]'
        nbox status .host >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" '^ +CPU: '
}

# Root inside makes groups without end, and one by the name of a file: it is bounded, and no figure is made up.
test_groups_without_end() {
        boot "$GUEST"
        if inside "$GUEST" 'mkdir /sys/fs/cgroup/memory.current' 2>/dev/null; then
                same "by a group with the name of a file" "$(figure "$GUEST" memory_is_summed)" true
        fi
        inside "$GUEST" 'cd /sys/fs/cgroup && for i in $(busybox seq 1100); do busybox mkdir g$i || exit; done'
        if [ "$HOST" != vm ]; then
                same "with 1100 groups" "$(figures "$GUEST" | jq -c '[.tasks, .memory_bytes, .cpu_usec > 0]')" '[null,null,true]'
                has_not "$(nbox status "$GUEST")" '^ +(Tasks|Memory):'
        fi
        terminate "$GUEST"
}
