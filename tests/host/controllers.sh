# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What only a kernel with resource controllers on cgroup v2 can show: that a limit on a machine's slice holds, for
# that machine and no other, and that a command joins a machine whose controllers are on.

# eats NAME MEGABYTES: allocates that much inside and touches it.
eats() { nbox exec "$1" /bin/busybox dd if=/dev/zero of=/dev/null bs="${2}M" count=1; }

test_a_limit_on_a_slice_holds_for_its_machine_alone() {
        tree_with web
        tree_with web-1
        boot web
        boot web-1
        systemctl set-property --runtime machine-web.slice MemoryMax=40M MemorySwapMax=0
        same "memory.max" "$(cat /sys/fs/cgroup/machine.slice/machine-web.slice/memory.max)" 41943040
        eats web 10 2>/dev/null
        status_is 137 eats web 100 2>/dev/null
        eats web-1 100 2>/dev/null
        nbox top --json --interval=0.5 web | jq -e '.machines[0] | .memory_max == 41943040 and (.memory_is_summed | not) and .io_read != null and
                .memory_percent > 0.1 and .tasks > 1 and .tasks_max > 1 and .net_received != null' >/dev/null || fail "$(nbox top --json)"
        has "$(cat /sys/fs/cgroup/machine.slice/machine-web.slice/memory.events)" 'oom_kill [1-9]'
        has "$(cat '/sys/fs/cgroup/machine.slice/machine-web\x2d1.slice/memory.events')" 'oom_kill 0'
        terminate web
        terminate web-1
        # A slice with settings is kept; this one has none any more.
        systemctl revert machine-web.slice 2>/dev/null
        systemctl stop machine-web.slice
        remove_tree web
        remove_tree web-1
}

test_exec_while_controllers_are_on() {
        local leader cgroup
        boot "$GUEST"
        wait_until 20 nbox exec "$GUEST" systemctl is-active -q dbus
        leader=$(machinectl show -p Leader --value "$GUEST")
        cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$leader/cgroup")
        # The guest's own systemd has enabled controllers below its root, which so may hold no process.
        nbox exec "$GUEST" systemctl set-property --runtime system.slice MemoryMax=500M TasksMax=300
        has "$(cat "${cgroup%/init.scope}/cgroup.subtree_control")" 'memory'
        status_is 42 nbox exec "$GUEST" sh -c 'exit 42'
        same "where it runs" "$(nbox exec "$GUEST" sed -n 's/^0:://p' /proc/self/cgroup)" /init.scope
        terminate "$GUEST"
}

test_boot_and_network_on_an_older_kernel() {
        forget_marks "$GUEST"
        boot "$GUEST"
        same "what the server saw" "$(nbox exec "$GUEST" /bin/busybox nc -w 20 "$OUTSIDE_ADDRESS" "$OUTSIDE_PORT" </dev/null)" \
                "from $HOST_ADDRESS"
        wait_until 20 marked "$GUEST" up 1
        timeout "$((10 * PATIENCE))" nbox poweroff "$GUEST"
        wait_until 10 is_gone "$GUEST"
        same "shutdowns" "$(marks "$GUEST" down)" 1
}
