# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What is set for a machine that starts with its host, when the host has rebooted.

. "$(dirname "${BASH_SOURCE[0]}")/measured-words.sh"

before() {
        cat /proc/sys/kernel/random/boot_id >/var/lib/boot-before
        systemctl -q add-wants test.target machines.target # as multi-user.target of a host that does more
        kept kept
        nbox enable kept
        systemctl start nbox@kept
        in_force kept
}

test_all_are_there_after_the_host_has_rebooted() {
        ! cmp -s /proc/sys/kernel/random/boot_id /var/lib/boot-before || fail "the host has not rebooted"
        wait_until 20 is_state kept running # by itself
        in_force kept
        busy kept
        sleep 1
        within 10 "CPU of one with cpu=50% after the host has rebooted" "$(cpu_share kept 6)" 50
        unbusy
        host_snapshot "$SCRATCH.before" # the machine stays, and this host is over
}
