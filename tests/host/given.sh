# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# An interface of the host's in a machine: there is traffic through it, and whatever the guest makes of it and however the machine ends, it comes
# back as it was. `card0` stands in for a network card: one end of a veth pair, whose other end, with a server behind it, is in a namespace
# of its own.

# What a test that failed has left is not the next one's.
{
        for link in card0 card0_0 card1 br-lan; do ip link delete "$link"; done
        ip netns delete wan
} >/dev/null 2>&1

WAN_ADDRESS=192.0.2.1
WAN_ADDRESS6=2001:db8:7::1

# A card with everything that is to come back: an altname, an alias, an MTU, a bridge.
card_setup() {
        ip netns add wan
        ip link add card0 type veth peer name wire netns wan
        ip -n wan address add "$WAN_ADDRESS/24" dev wire
        ip -n wan address add "$WAN_ADDRESS6/64" dev wire nodad
        ip -n wan link set wire up
        ip link add br-lan type bridge
        ip link property add dev card0 altname enp9s0f7
        ip link property add dev card0 altname rack-7-port-12-of-the-switch
        ip link set card0 alias 'rack 7, port 12' mtu 1400 master br-lan up
        CARD=$(card)
        serve wan 80
}

card_end() {
        unserve
        ip link delete card0
        ip link delete br-lan
        ip netns delete wan
}

# card [NAME]: all that counts of it.
card() {
        ip -j -d link show "${1:-card0}" |
                jq -c '.[0] | {ifname, altnames, ifalias, mtu, address, master, group, flags: (.flags - ["LOWER_UP", "NO-CARRIER"])}'
}

is_back() { [ "$(card)" = "$CARD" ]; }
is_away() { ! ip link show card0 >/dev/null 2>&1; }

came_back() {
        wait_until 10 ip link show card0
        wait_until 5 is_back
        same 'the card' "$(card)" "$CARD"
        [ ! -e /run/nbox/network/netns ] || fail "kept: $(ls /run/nbox/network/netns)"
}

# boot_here NAME OPTIONS...: in the foreground; what it says is in $SCRATCH/said.
boot_here() {
        local name=$1
        shift
        nbox boot "$@" "$name" </dev/null >"$SCRATCH/said" 2>&1 &
        BOOTED=$!
        wait_until 20 is_state "$name" running
}
ends_here() {
        poweroff "$1"
        wait "$BOOTED"
}

# as_root_in NAME COMMAND...: the host's program, with what the guest's root may do.
as_root_in() {
        local leader
        leader=$(leader_of "$1")
        shift
        nsenter -t "$leader" -U -n -S 0 -G 0 "$@"
}

# all_of NAME: every process there is of it, its supervisor too.
all_of() {
        local group
        group=$(property "$1" ControlGroup)
        property "$1" Supervisor
        find "$(cgroup2_root)$group" -name cgroup.procs -exec cat {} +
}

# kill_everything NAME: at one blow.
kill_everything() {
        # shellcheck disable=SC2046
        kill -9 $(all_of "$1")
}

# On a host with systemd it comes back by itself; elsewhere with the next nbox that sweeps.
sweep_by_next() { [ "$HOST" != plain ] || nbox gc; }
swept_back() { sweep_by_next && is_back; }

test_traffic_and_back() {
        local words
        card_setup
        for words in --network=interface:card0 --network-interface=card0 --network=interface:enp9s0f7; do
                boot "$GUEST" "$words,address=192.0.2.9/24,address=2001:db8:7::9/64"
                wait_until 5 is_away
                has "$(at "$GUEST" ip -o link show card0)" 'mtu 1400'
                reaches "$GUEST" tcp "$WAN_ADDRESS" 80 wan
                reaches "$GUEST" udp "$WAN_ADDRESS6" 80 wan
                has "$(nbox status "$GUEST")" 'Network: interface (card0|enp9s0f7)'
                poweroff "$GUEST"
                came_back
        done
        card_end
}

test_by_another_name() {
        card_setup
        boot "$GUEST" --network=interface:rack-7-port-12-of-the-switch:lan,address=192.0.2.9/24 --network-zone=default
        reaches "$GUEST" tcp "$WAN_ADDRESS" 80 wan
        at "$GUEST" ip link show lan >/dev/null
        at "$GUEST" ip link show host0 >/dev/null
        terminate "$GUEST"
        came_back
        card_end
}

test_each_life_has_it() {
        card_setup
        forget_marks "$GUEST"
        boot "$GUEST" --network=interface:card0,address=192.0.2.9/24
        reaches "$GUEST" tcp "$WAN_ADDRESS" 80 wan
        nbox reboot "$GUEST"
        wait_until 20 marked "$GUEST" up 2
        wait_until 5 is_away
        reaches "$GUEST" tcp "$WAN_ADDRESS" 80 wan
        poweroff "$GUEST"
        came_back
        forget_marks "$GUEST"
        card_end
}

test_down_and_alone() {
        card_setup
        ip link set card0 nomaster down
        CARD=$(card)
        boot "$GUEST" --network=interface:card0,address=192.0.2.9/24
        reaches "$GUEST" tcp "$WAN_ADDRESS" 80 wan
        terminate "$GUEST"
        came_back
        card_end
}

test_supervisor_killed() {
        card_setup
        boot "$GUEST" --network=interface:card0
        wait_until 5 is_away
        kill -9 "$(property "$GUEST" Supervisor)"
        wait_until 10 swept_back
        came_back
        card_end
}

test_everything_killed() {
        local i
        card_setup
        for i in 1 2 3; do
                boot "$GUEST" --network=interface:card0
                wait_until 5 is_away
                as_root_in "$GUEST" ip link set card0 down
                as_root_in "$GUEST" ip link set card0 name "mine$i"
                kill_everything "$GUEST"
                wait_until 10 swept_back
                came_back
        done
        wait_until 5 is_gone "$GUEST"
        card_end
}

test_guest_makes_it_its_own() {
        card_setup
        boot "$GUEST" --network=interface:card0
        wait_until 5 is_away
        as_root_in "$GUEST" sh -ec '
                ip link set card0 down
                ip link set card0 name mine alias "nbox machine=other address=10.0.0.2" mtu 900 address 02:00:00:00:00:07
                ip link property add dev mine altname up0
                ip link property add dev mine altname eth9
                ip link set mine promisc on allmulticast on arp off multicast off group 42
                ip link add bridge0 type bridge
                ip link set mine master bridge0
                ip link set mine up
                ip link add card0 type veth peer name card0peer
                ip link property add dev card0 altname enp9s0f8'
        for _ in 1 2 3; do nbox exec "$GUEST" /bin/sh -c 'setsid sleep 1000 </dev/null >/dev/null 2>&1 &'; done
        terminate "$GUEST"
        came_back
        has_not "$(ip link)" 'card0peer|bridge0|mine|enp9s0f8'
        card_end
}

test_guest_deletes_it() {
        card_setup
        boot_here "$GUEST" --network=interface:card0
        as_root_in "$GUEST" ip link delete card0
        ends_here "$GUEST"
        has "$(cat "$SCRATCH/said")" "interface 'card0' does not come back"
        is_away
        unserve
        ip link delete br-lan
        ip netns delete wan
}

# With the last process there is the namespace gone that it was moved to, and a virtual link with it.
test_guest_moves_it_on() {
        card_setup
        boot_here "$GUEST" --network=interface:card0
        as_root_in "$GUEST" sh -ec 'unshare -n sleep 1000 & p=$!
                while [ "$(readlink /proc/$p/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
                ip link set card0 netns $p'
        fails as_root_in "$GUEST" ip link show card0 2>/dev/null
        ends_here "$GUEST"
        has "$(cat "$SCRATCH/said")" "interface 'card0' does not come back"
        unserve
        ip link delete br-lan
        ip netns delete wan
}

test_its_name_is_taken() {
        card_setup
        boot_here "$GUEST" --network=interface:card0
        ip link add card0 type bridge
        ends_here "$GUEST"
        has "$(cat "$SCRATCH/said")" "'card0' comes back as 'card0_0'"
        wait_until 5 ip link show card0_0
        same 'the card, by another name' "$(card card0_0)" "${CARD/card0/card0_0}"
        same 'who has its name' "$(ip -j -d link show card0 | jq -r '.[0].linkinfo.info_kind')" bridge
        ip link delete card0
        ip link delete card0_0
        unserve
        ip link delete br-lan
        ip netns delete wan
}

test_two_want_it() {
        card_setup
        tree_with second
        boot "$GUEST" --network=interface:card0
        refused nbox boot -d --network=interface:enp9s0f7 second
        has "$REFUSAL" "machine '$GUEST' has the interface 'enp9s0f7'"
        is_gone second
        refused nbox boot -d --network=interface:card1 --network-zone=default second
        has "$REFUSAL" "no interface 'card1'"
        terminate "$GUEST"
        came_back
        boot second --network=interface:card0
        wait_until 5 is_away
        terminate second
        came_back
        refused nbox boot -d --network=interface:card0 --network-interface=enp9s0f7 second
        came_back
        remove_tree second
        card_end
}

test_what_is_not_given() {
        tree_with second
        boot second --network-zone=lab
        for link in lo nz-lab "$(property second Interface)"; do
                refused nbox boot -d "--network=interface:$link" "$GUEST"
                has "$REFUSAL" "nbox's own|stays with the host"
        done
        terminate second
        nbox zone remove lab
        remove_tree second
}

# What the kernel takes as a name of the host's, and our own words have no room for.
test_a_name_that_is_no_word() {
        local words
        card_setup
        ip link set card0 down
        ip link set card0 name 'card*0'
        CARD=$(card 'card*0')
        for words in 'interface:card*0' interface:enp9s0f7; do
                refused nbox boot -d "--network=$words" "$GUEST"
                has "$REFUSAL" "$(sed 's/[*]/./' <<<"$words"):NAME"
                boot "$GUEST" "--network=$words:lan,address=192.0.2.9/24"
                reaches "$GUEST" tcp "$WAN_ADDRESS" 80 wan
                terminate "$GUEST"
                wait_until 10 ip link show 'card*0'
                same 'the card' "$(card 'card*0')" "$CARD"
        done
        ip link set 'card*0' nomaster
        boot "$GUEST" '--network=macvlan:card*0'
        has "$(nbox nic list "$GUEST")" '^mv-card_0 '
        terminate "$GUEST"
        unserve
        ip link delete 'card*0'
        ip link delete br-lan
        ip netns delete wan
}

# The host is cut off by that: it is said, and done.
test_the_hosts_way_out() {
        ip link add card0 type veth peer name card1
        ip link set card0 up
        ip address add 203.0.113.2/24 dev card0
        ip route add default via 203.0.113.1 dev card0 metric 7777
        has "$(boot "$GUEST" --network=interface:card0 2>&1)" "way out by 'card0'"
        terminate "$GUEST"
        wait_until 5 ip link show card0
        ip link delete card0
}
