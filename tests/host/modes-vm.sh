# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Two ways to connect a machine for which not every kernel is built: ipvlan, and a VLAN of a bridge that tells them apart.

. "$(dirname "${BASH_SOURCE[0]}")/modes-words.sh"

# On the LAN beneath lan0, with the MAC address of that.
test_ipvlan() {
        lan_setup
        tree_with second
        boot "$GUEST" --network=ipvlan:lan0,address=192.0.2.10/24,address=2001:db8:2::10/64,gateway=192.0.2.2
        boot second --network-ipvlan=lan0
        same 'its links' "$(links_inside "$GUEST")" 'lo iv-lan0 '
        has "$(at "$GUEST" ip -d -o link show iv-lan0)" 'ipvlan +mode l2'
        has "$(at "$GUEST" ip -o link show iv-lan0)" "ether $(cat /sys/class/net/lan0/address) "
        give second iv-lan0 192.0.2.11/24 2001:db8:2::11/64
        serve "$GUEST" 80
        serve second 80
        both_ways "$GUEST" lan 192.0.2.10 2001:db8:2::10 -- "$LAN_ADDRESS" "$LAN_ADDRESS6"
        both_ways "$GUEST" second 192.0.2.10 2001:db8:2::10 -- 192.0.2.11 2001:db8:2::11
        has "$(at "$GUEST" ip route)" '^default via 192\.0\.2\.2 dev iv-lan0'
        # A MAC address of its own it cannot have.
        refused nbox boot --dry-run --network=ipvlan:lan0,mac=02:00:00:00:00:01 "$GUEST"
        untouched
        unserve
        terminate second
        remove_tree second
        terminate "$GUEST"
        lan_end
}

# A bridge of the administrator's on which each port is of one VLAN, with the LAN's switch tagged on one of them.
test_a_vlan_of_a_bridge() {
        local id
        lan_setup
        ip link add br-lan type bridge vlan_filtering 1
        ip link set lan0 master br-lan
        ip link set br-lan up
        for id in 12 13; do
                bridge vlan add dev lan0 vid $id
                ip -n lan link add link lan0 name v$id type vlan id $id
                give lan v$id 10.66.$id.99/24 2001:db8:$id::99/64
        done
        tree_with second
        boot "$GUEST" --network=bridge:br-lan,vlan=12,address=10.66.12.10/24,address=2001:db8:12::10/64
        boot second --network=bridge:br-lan,vlan=13,address=10.66.13.10/24
        serve "$GUEST" 80
        serve second 80
        both_ways "$GUEST" lan 10.66.12.10 2001:db8:12::10 -- 10.66.12.99 2001:db8:12::99
        both_ways second lan 10.66.13.10 -- 10.66.13.99
        # Not what is of the other VLAN, nor the untagged one, whatever address it gives itself.
        give second host0 10.66.12.11/24 192.0.2.11/24
        reaches_not second tcp 10.66.12.10 80
        reaches_not second tcp 10.66.12.99 80
        reaches_not second tcp "$LAN_ADDRESS" 80
        has "$(bridge vlan show dev "vb-$GUEST")" '12 PVID Egress Untagged'
        untouched
        unserve
        terminate second
        remove_tree second
        terminate "$GUEST"
        ip link delete br-lan
        lan_end
}
