# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='in a user namespace made inside, with all capabilities there: mounts, other roots, nodes, clocks, modules'
# It must not be more than what the machine has: the control has no user namespace of its own, and no filter.

setup() {
        bring attempt nodes
        findmnt -no MAJ:MIN -T "$MACHINES" | tr ':' ' ' >"$TREE/escape/disk"
}

attack() {
        busybox unshare -Urm /escape/attempt clock_settime init_module kexec_load swapon acct syslog perf_event_open io_uring userfaultfd add_key
        # shellcheck disable=SC2046
        busybox unshare -Urm /escape/nodes $(busybox cat /escape/disk)
}

verdict() { verdict_of_attempts; }
