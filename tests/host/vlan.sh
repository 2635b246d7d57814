# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Zones that are VLANs of an interface of the host's: a switch that sends all of them tagged is a network namespace here.

inside() { # COMMAND...: of the guest's busybox
        timeout "$((20 * PATIENCE))" nbox exec "$GUEST" /bin/busybox "$@"
}
sees() { inside arping -q -c 2 -w 3 -I host0 "$1"; }

switch_setup() {
        local id
        ip netns add lan
        ip link add lan0 type veth peer name lan0 netns lan
        ip -n lan link set lan0 up
        ip netns exec lan sysctl -q net.ipv4.conf.all.arp_ignore=1 # each VLAN answers for itself
        for id in 12 13; do
                ip -n lan link add link lan0 name v$id type vlan id $id
                ip -n lan address add 10.66.$id.99/24 dev v$id
                ip -n lan link set v$id up
        done
}

switch_end() {
        ip link delete lan0
        ip netns delete lan
}

is_up() { ip -o link show lan0 | grep -q '[<,]UP[,>]'; }

test_a_zone_is_a_vlan() {
        switch_setup
        nbox zone create lan12 --range=10.66.12.0/24 --uplink=lan0 --vlan=12
        nbox zone create lan13 --range=10.66.13.0/24 --uplink=lan0 --vlan=13
        has "$(nbox zone list)" '^lan12 .* uplink=lan0,vlan=12 '
        boot "$GUEST" --network-zone=lan12
        wait_until 5 sees 10.66.12.99
        fails sees 10.66.13.99
        has "$(ip -d -o link show nv-lan12)" 'master nz-lan12 .* vlan protocol 802.1Q id 12 '
        has "$(ip -o link show lan0)" 'state UP' # it was down, and was brought up for this
        # Outside they find the machine without the host's help.
        inside ip -4 -o addr show dev host0 | sed -n 's/.*inet \([0-9.]*\).*/\1/p' >"$SCRATCH/address"
        ip netns exec lan "$MACHINES/.busybox/bin/busybox" ping -q -c 2 -W 3 "$(cat "$SCRATCH/address")" >/dev/null
        # A second zone by the same interface: it stays up as long as either needs it.
        tree_with other
        boot other --network-zone=lan13
        terminate "$GUEST"
        is_up
        [ ! -e /sys/class/net/nv-lan12 ]
        timeout "$((20 * PATIENCE))" nbox exec other /bin/busybox arping -q -c 2 -w 3 -I host0 10.66.13.99
        terminate other
        wait_until 10 eval '! is_up'
        [ ! -e /sys/class/net/nv-lan13 ]
        remove_tree other
        nbox zone remove lan12 lan13
        switch_end
}

# An interface that the host itself is on lends a VLAN, and keeps its own.
test_the_host_keeps_its_own() {
        switch_setup
        ip address add 192.0.2.1/24 dev lan0
        ip link set lan0 up
        ip -n lan address add 192.0.2.2/24 dev lan0
        refused nbox zone create lan --uplink=lan0
        nbox zone create lan12 --range=10.66.12.0/24 --uplink=lan0 --vlan=12
        boot "$GUEST" --network-zone=lan12
        wait_until 5 sees 10.66.12.99
        "$MACHINES/.busybox/bin/busybox" ping -q -c 2 -W 3 192.0.2.2 >/dev/null
        terminate "$GUEST"
        wait_until 10 eval '[ ! -e /sys/class/net/nv-lan12 ]'
        "$MACHINES/.busybox/bin/busybox" ping -q -c 2 -W 3 192.0.2.2 >/dev/null
        # Somebody else has that VLAN there.
        ip link add link lan0 name theirs type vlan id 12
        refused nbox boot -d --network-zone=lan12 "$GUEST"
        has "$REFUSAL" 'is the VLAN 12 of lan0 already'
        ip link delete theirs
        nbox zone remove lan12
        switch_end
}
