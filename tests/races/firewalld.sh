# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A real firewalld is reloaded, restarted and killed under machines that run. It forgets what it was told while it runs; what is ours stays, and one
# repair, or the next start, puts its zone right.

reached() {
        reaches outside tcp "$HOST_ADDRESS" 8080 m1
        reaches m2 tcp "$(address_of m1)" 80 m1
        same "$1: from m2 to the world" "$(at m2 timeout 30 socat - "TCP:$OUTSIDE_ADDRESS:$OUTSIDE_PORT")" "from $HOST_ADDRESS"
        same "$1: the zone's interfaces" "$(firewall-cmd --zone=nbox --list-interfaces)" nbox0
        same "$1: their inits" "$(leader_of m1) $(leader_of m2)" "$LEADERS"
}

answers() { firewall-cmd --state; }

test_firewalld_reloaded() {
        systemctl start firewalld
        tree_with m1
        tree_with m2
        tree_with m3
        boot m1 -p 8080:80
        boot m2
        serve m1 80
        LEADERS="$(leader_of m1) $(leader_of m2)"
        reached before
        firewall-cmd -q --reload
        nbox network repair
        reached 'after a reload'
        systemctl restart firewalld
        nbox network repair
        reached 'after a restart'
        firewall-cmd -q --complete-reload
        boot m3
        terminate m3
        reached 'after a complete reload and a start'
        kill -9 "$(unit_of firewalld MainPID)"
        systemctl reset-failed firewalld
        systemctl start firewalld
        wait_until 20 answers
        nbox network repair
        reached 'after it was killed'
        # In the midst of it: whoever starts meanwhile starts.
        (trap - ERR && for _ in 1 2 3; do firewall-cmd -q --reload; done) &
        for _ in 1 2 3; do
                boot m3
                terminate m3
        done
        wait $!
        nbox network repair
        reached 'after reloads under starts'
        unserve
        for name in m1 m2 m3; do
                [ "$name" = m3 ] || terminate "$name"
                remove_tree "$name"
        done
        systemctl stop firewalld
}
