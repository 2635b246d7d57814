# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A host whose kernel has no legacy iptables: the module is there and cannot be loaded (see job_vm_nft in tests/run), which is what
# a kernel without it looks like to who asks for it.

# A machine that is being cleared away is not listed any more.
nothing_of_ours() { ! nft list ruleset | grep nbox; }
nothing_at_all() { [ -z "$(nft list ruleset)" ]; }

test_no_legacy_tables() {
        ! iptables-legacy -L >/dev/null 2>&1
        [ ! -e /proc/net/ip_tables_names ] || fail 'there are legacy tables'
        has "$(nbox info)" 'Firewall: nft \(no legacy tables\)'
}

test_published_port_by_nft() {
        tree_with first
        tree_with second
        boot first -p 8080:80 -p 5353:53/udp
        boot second
        for name in first second; do wait_until 10 marked "$name" up 1; done
        serve first 80
        serve first 53
        same 'from first to the world' "$(at first timeout "$((5 * PATIENCE))" socat - "TCP:$OUTSIDE_ADDRESS:$OUTSIDE_PORT")" "from $HOST_ADDRESS"
        reaches outside tcp "$HOST_ADDRESS" 8080 first
        reaches outside udp "$HOST_ADDRESS" 5353 first
        reaches host tcp 127.0.0.1 8080 first
        reaches host tcp "$HOST_ADDRESS" 8080 first
        reaches first tcp "$HOST_ADDRESS" 8080 first
        reaches second tcp "$HOST_ADDRESS" 8080 first
        same 'from first to the world, IPv6' "$(at first timeout "$((5 * PATIENCE))" socat - "TCP6:[$OUTSIDE_ADDRESS6]:$OUTSIDE_PORT")" "from $HOST_ADDRESS6"
        reaches outside tcp6 "$HOST_ADDRESS6" 8080 first
        reaches outside udp6 "$HOST_ADDRESS6" 5353 first
        reaches host tcp6 "$HOST_ADDRESS6" 8080 first
        reaches first tcp6 "$HOST_ADDRESS6" 8080 first
        reaches second tcp6 "$HOST_ADDRESS6" 8080 first
        has "$(nft list tables)" 'table ip6 nbox'
        has "$(nbox network status)" 'Wrong: nothing'
        unserve
        poweroff first
        poweroff second
        remove_tree first
        remove_tree second
        wait_until 10 nothing_at_all
}

# A filter of somebody's, here too.
test_door_by_nft() {
        nft add table inet mine
        nft add chain inet mine forward '{ type filter hook forward priority 0; policy drop; }'
        tree_with first
        boot first -p 8080:80
        wait_until 10 marked first up 1
        serve first 80
        reaches outside tcp "$HOST_ADDRESS" 8080 first
        unserve
        poweroff first
        remove_tree first
        wait_until 10 nothing_of_ours
        nft delete table inet mine
}
