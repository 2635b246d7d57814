# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Zones as an administrator meets them: made, looked at, moved and forgotten; what isolated and closed ones keep apart; machines in
# several, with addresses of one's own; a range that something else of the host's takes later; a network outside that they join.

inside() { # MACHINE COMMAND...: of its busybox
        local machine=$1
        shift
        timeout "$((20 * PATIENCE))" nbox exec "$machine" /bin/busybox "$@"
}

address_on() { inside "$1" ip -4 -o addr show dev "$2" | sed -n 's/.*inet \([0-9.]*\).*/\1/p'; }
address6_on() { inside "$1" ip -6 -o addr show dev "$2" scope global | sed -n 's/.*inet6 \([0-9a-f:]*\).*/\1/p'; }
mac_on() { inside "$1" ip -o link show dev "$2" | sed -n 's/.*ether \([0-9a-f:]*\).*/\1/p'; }

# Whether a machine sees an address on its wire: somebody answers who has it.
sees() { inside "$1" arping -q -c 2 -w 2 -I host0 "$2"; }
pings() { inside "$1" ping -q -c 2 -W 1 "$2" >/dev/null; }

# two ZONE: machines `one` and `two` in it, the second with port 80 published as 8080.
two() {
        local name
        for name in one two; do tree_with "$name"; done
        boot one --network-zone="$1"
        boot two --network-zone="$1" -p 8080:80
        serve two 80
}

two_end() {
        local name
        unserve
        for name in one two; do
                terminate "$name"
                remove_tree "$name"
        done
}

zone_file() { cat "/var/lib/nbox/zones/$1"; }
zone_json() { nbox zone show --json "$1" | jq -r "$2"; }

test_a_zone_by_hand() {
        has "$(nbox zone list)" '^default +'
        nbox zone create lab --range=10.77.0.0/24
        has "$(nbox zone list)" '^lab +10\.77\.0\.0/24 +nz-lab +down +0 +- +-$'
        same 'the names' "$(nbox zone list -q | tr '\n' ' ')" 'default lab '
        boot "$GUEST" --network=zone:lab
        has "$(nbox zone list)" '^lab +10\.77\.0\.0/24 +nz-lab +up +1 '
        same 'its machines' "$(zone_json lab '.machines | join(" ")')" "$GUEST"
        has "$(nbox zone show lab)" "^$GUEST +$(address_on "$GUEST" host0) +$(address6_on "$GUEST" host0) +running +$(mac_on "$GUEST" host0)\$"
        has "$(address_on "$GUEST" host0)" '^10\.77\.0\.'
        refused nbox zone remove lab
        has "$REFUSAL" "removed: $GUEST runs in it"
        refused nbox zone move lab
        has "$REFUSAL" "moved: $GUEST runs in it"
        terminate "$GUEST"
        has "$(nbox zone show lab)" "^$GUEST +10\.77\.0\.[0-9]+ +fd[0-9a-f:]+ +off +-\$"
        refused nbox zone create lab
        has "$REFUSAL" "a zone 'lab' already"
        nbox zone remove lab
        has_not "$(nbox zone list)" '^lab '
        [ ! -e /var/lib/nbox/zones/lab ]
        refused nbox zone show lab
        has "$REFUSAL" "no zone 'lab'"
        refused nbox zone remove lab
}

# Words that other programs use for what is a zone here.
test_what_others_call_networks() {
        local word
        for word in ls:list inspect:show create:create delete:remove; do
                refused nbox network "${word%:*}" lab
                has "$REFUSAL" "Did you mean .nbox zone ${word#*:}.\?"
        done
        refused nbox network statis
        has "$REFUSAL" 'Did you mean .nbox network status.\?'
}

# One that machines have made by being in it can be made by hand still, and keeps their addresses.
test_a_zone_by_use() {
        local address
        boot "$GUEST" --network=zone:lab
        address=$(address_on "$GUEST" host0)
        refused nbox zone create lab --isolated
        has "$REFUSAL" "$GUEST runs in it"
        terminate "$GUEST"
        has "$(nbox zone show lab)" 'Made: by use'
        nbox zone create lab --isolated
        has "$(nbox zone show lab)" 'Made: by hand'
        boot "$GUEST" --network=zone:lab
        same 'its address' "$(address_on "$GUEST" host0)" "$address"
        terminate "$GUEST"
        nbox zone remove lab
}

# What `nbox zone` does not take.
WRONG='create
create a_b
create thirteenbytes
create ../x
create a b
create lab --range=10.77.0.1/24
create lab --range=10.77.0.0/30
create lab --range=fd00::/64
create lab --range=198.51.100.0/24
create lab --range6=10.77.0.0/24
create lab --range6=fd00:77::1/64
create lab --range6=fe80::/64
create lab --range6=fd00::/40
create lab --range6=no
create lab --routed
create lab --range6=none --routed
create lab --range=10.0.0.0/8 --range6=fd00:77::/112
create lab --range=0.0.0.0/8
create lab --range=239.1.0.0/16
create lab --vlan=12
create lab --uplink=up0 --vlan=0
create lab --uplink=up0 --vlan=4095
create lab --uplink=up0
create lab --uplink=nothere
create lab --uplink=lo
create lab --uplink=a/b
create lab --closed=yes
show
show nothere
move nothere
move default --range=198.51.100.0/25
remove
list lab
frobnicate'

test_wrong_words() {
        local words
        while read -r words; do
                # shellcheck disable=SC2086
                refused nbox zone $words
        done <<<"$WRONG"
        refused nbox zone create lab --range=198.51.100.0/24
        has "$REFUSAL" "meets the host's network 198.51.100.0/24 on up0"
        refused nbox zone create lab --uplink=up0
        has "$REFUSAL" "'up0' has addresses"
        [ ! -e /var/lib/nbox/zones/lab ]
        # A file that somebody has written by hand, and not well.
        mkdir -p /var/lib/nbox/zones
        printf 'range 10.77.0.0/24\nmachine one\n' >/var/lib/nbox/zones/lab
        refused nbox boot -d --network=zone:lab "$GUEST"
        has "$REFUSAL" '/var/lib/nbox/zones/lab:2: '
        has "$(nbox zone list)" '^lab .*zones/lab:2: '
        nbox zone remove lab
}

# What a newer nbox has written there stays.
test_a_file_of_a_newer_nbox() {
        mkdir -p /var/lib/nbox/zones
        printf 'range 10.77.0.0/24\nmulticast 239.0.0.0/8 fast\n' >/var/lib/nbox/zones/lab
        boot "$GUEST" --network=zone:lab
        has "$(nbox zone show lab)" 'Not known: multicast 239'
        terminate "$GUEST"
        has "$(zone_file lab)" '^multicast 239.0.0.0/8 fast$'
        has "$(zone_file lab)" "^machine $GUEST 10"
        nbox zone remove lab
}

# An ordinary zone is the proof that what is tried would be seen.
test_isolated() {
        local zone there gateway
        nbox zone create apart --isolated
        for zone in together apart; do
                two "$zone"
                there=$(address_on two host0)
                gateway=$(gateway_of one)
                if [ $zone = together ]; then
                        sees one "$there"
                        pings one "$there"
                        reaches one tcp "$there" 80 two
                else
                        fails sees one "$there"
                        fails pings one "$there"
                        reaches_not one tcp "$there" 80
                fi
                # By the gateway, which is on their wire.
                sees one "$gateway"
                inside one ip route add "$there/32" via "$gateway" dev host0
                at one ip neigh flush dev host0
                if [ $zone = together ]; then
                        reaches one tcp "$there" 80 two
                else
                        fails pings one "$there"
                        reaches_not one tcp "$there" 80
                fi
                refused nbox zone move $zone
                has "$REFUSAL" 'Power them off first: .nbox poweroff --wait (one two|two one).\.'
                # What is published is for everybody; and out they get.
                reaches one tcp "$HOST_ADDRESS" 8080 two
                reaches host tcp "$there" 80 two
                has "$(inside one nc -w 20 "$OUTSIDE_ADDRESS" "$OUTSIDE_PORT" </dev/null)" "^from $HOST_ADDRESS"
                two_end
                nbox zone remove $zone
        done
}

test_closed() {
        local zone
        nbox zone create shut --closed
        for zone in open shut; do
                two "$zone"
                if [ $zone = open ]; then
                        has "$(inside one nc -w 20 "$OUTSIDE_ADDRESS" "$OUTSIDE_PORT" </dev/null)" "^from $HOST_ADDRESS"
                else
                        same 'what outside answers' "$(inside one nc -w 3 "$OUTSIDE_ADDRESS" "$OUTSIDE_PORT" </dev/null || true)" ''
                        fails pings one "$OUTSIDE_ADDRESS"
                fi
                reaches one tcp "$(address_on two host0)" 80 two # among themselves they may
                reaches outside tcp "$HOST_ADDRESS" 8080 two
                reaches host tcp 127.0.0.1 8080 two
                two_end
                nbox zone remove $zone
        done
}

# Twice the same zone is allowed, too.
test_several_zones() {
        local name
        boot "$GUEST" --network-zone=front --network-zone=back --network-zone=front
        for name in host0 host1 host2; do has "$(address_on "$GUEST" $name)" '^1'; done
        has "$(inside "$GUEST" ip route)" "^default via [0-9.]+ dev host0 "
        same 'default routes' "$(inside "$GUEST" ip route | grep -c ^default)" 1
        same 'its zones' "$(nbox list --json | jq -r '.[0].nics[] | .name + " " + .zone' | tr '\n' ' ')" 'host0 front host1 back host2 front '
        same 'as the list has them' "$(nbox list --json | jq -r '.[0].nics[].address' | tr '\n' ' ')" \
                "$(for name in host0 host1 host2; do address_on "$GUEST" $name; done | tr '\n' ' ')"
        same 'MAC addresses' "$(for name in host0 host1 host2; do mac_on "$GUEST" $name; done | sort -u | grep -c .)" 3
        same 'its first' "$(property "$GUEST" Address)" "$(address_on "$GUEST" host0)"
        has "$(nbox status "$GUEST")" "$(address_on "$GUEST" host1) on host1"
        same 'of front' "$(zone_json front '.interfaces | map(.machine) | join(" ")')" "$GUEST $GUEST"
        same 'a port each' "$(ip -o link show master nz-front | grep -c "altname nbox-$GUEST")" 2
        before=$(for name in host0 host1 host2; do address_on "$GUEST" $name; mac_on "$GUEST" $name; done)
        terminate "$GUEST"
        boot "$GUEST" --network-zone=front --network-zone=back --network-zone=front
        same 'the next time' "$(for name in host0 host1 host2; do address_on "$GUEST" $name; mac_on "$GUEST" $name; done)" "$before"
        terminate "$GUEST"
        nbox zone remove front back
}

test_addresses_of_ones_own() {
        local own=lab,address=10.77.0.9,mac=02:00:5e:00:00:09
        nbox zone create lab --range=10.77.0.0/24
        boot "$GUEST" --network-zone=$own
        same 'its address' "$(address_on "$GUEST" host0)" 10.77.0.9
        same 'its MAC address' "$(mac_on "$GUEST" host0)" 02:00:5e:00:00:09
        # Nobody else gets either.
        tree_with other
        refused nbox boot -d --network-zone=lab,address=10.77.0.9 other
        has "$REFUSAL" "10.77.0.9 of the zone 'lab' is kept for the machine '$GUEST'"
        refused nbox boot -d --network-zone=lab,mac=02:00:5e:00:00:09 other
        has "$REFUSAL" "that of the machine '$GUEST'"
        refused nbox boot -d --network-zone=lab,address=10.77.0.1 other
        has "$REFUSAL" "the host's own"
        refused nbox boot -d --network-zone=lab,address=10.78.0.1 other
        has "$REFUSAL" "whose range is 10.77.0.0/24"
        refused nbox boot -d --network-zone="lab,address=$(zone_json lab .service)" other
        has "$REFUSAL" "name service"
        timeout "$((20 * PATIENCE))" nbox reboot "$GUEST"
        wait_until 20 is_state "$GUEST" running
        same 'its address after a reboot' "$(address_on "$GUEST" host0)" 10.77.0.9
        same 'its MAC address after a reboot' "$(mac_on "$GUEST" host0)" 02:00:5e:00:00:09
        terminate "$GUEST"
        # Its lease stays when it is off, and when it is no longer asked for.
        refused nbox boot -d --network-zone=lab,address=10.77.0.9 other
        boot "$GUEST" --network-zone=lab
        same 'its lease' "$(address_on "$GUEST" host0)" 10.77.0.9
        terminate "$GUEST"
        remove_tree other
        nbox zone remove lab
}

ipv6_inside() { inside "$1" ip -6 -o addr show dev host0 | awk 'END { print NR }'; }

# A zone has private IPv6 addresses, those that it is given, or none.
test_ipv6_of_a_zone() {
        nbox zone create lab --range=10.77.0.0/24
        has "$(zone_json lab .range6)" '^fd[0-9a-f:]+::/64$'
        same 'why there is none' "$(zone_json lab .ipv6_absence)" null
        boot "$GUEST" --network-zone=lab,address=10.77.0.9
        same 'its place' "$(address6_on "$GUEST" host0)" "$(zone_json lab .gateway6 | sed 's/1$/9/')"
        same 'in JSON' "$(zone_json lab '.interfaces[0].address6')" "$(address6_on "$GUEST" host0)"
        refused nbox zone move lab --range6=fd00:77::/64
        has "$REFUSAL" "$GUEST runs in it"
        terminate "$GUEST"
        # One of its own choice; the rest of the zone stays as it is.
        has "$(nbox zone move lab --range6=fd00:77::/64)" 'has the range 10.77.0.0/24 and fd00:77::/64 now'
        boot "$GUEST" --network-zone=lab
        same 'its address' "$(address6_on "$GUEST" host0)" fd00:77::9
        terminate "$GUEST"
        # What is routed may be a part of what the host has, but for another zone's.
        ip route add 2001:db8:77::/48 dev up0
        refused nbox zone move lab --range6=2001:db8:77:1::/64
        has "$REFUSAL" "meets the host's route to 2001:db8:77::/48 on up0"
        nbox zone move lab --range6=2001:db8:77:1::/64 --routed >/dev/null
        has "$(nbox zone show lab)" 'IPv6: 2001:db8:77:1::/64, routed'
        has "$(nbox zone list)" '^lab .* routed '
        refused nbox zone create lan2 --range6=2001:db8:77:1::/80 --routed
        has "$REFUSAL" "the zone 'lab'"
        boot "$GUEST" --network-zone=lab
        same 'in the prefix' "$(address6_on "$GUEST" host0)" 2001:db8:77:1::9
        terminate "$GUEST"
        ip route delete 2001:db8:77::/48 dev up0
        # None for this zone, none on this host.
        nbox zone move lab --range6=none >/dev/null
        has "$(nbox zone show lab)" 'IPv6: none: it is switched off for this zone'
        boot "$GUEST" --network-zone=lab
        same 'none inside' "$(ipv6_inside "$GUEST")" 0
        terminate "$GUEST"
        nbox zone move lab --range6=auto >/dev/null
        printf '[Host]\nIPv6=no\n' >/etc/nbox.conf
        has "$(nbox zone show lab)" 'IPv6: none: .*IPv6=no in /etc/nbox.conf'
        boot "$GUEST" --network-zone=lab
        same 'none inside' "$(ipv6_inside "$GUEST")" 0
        rm /etc/nbox.conf
        # Back again with the next machine; who is there keeps what he has.
        tree_with other
        boot other --network-zone=lab
        has "$(address6_on other host0)" '^fd'
        same 'none inside' "$(ipv6_inside "$GUEST")" 0
        has "$(nbox zone show lab)" "^$GUEST +10.77.0.9 +- +running"
        terminate other
        terminate "$GUEST"
        remove_tree other
        nbox zone remove lab
}

# ipv6_stays_shut: nobody gets to or out of machines who could not before.
ipv6_stays_shut() {
        reaches_not outside tcp6 "$INNER6" 81
        reaches_not other tcp6 "$OUTSIDE_ADDRESS6" 82
        reaches_not other tcp6 "$INNER6" 81
}

# IPv6 is switched off for the host while machines have it, and on again: what keeps them apart outlives what connects them.
test_ipv6_is_switched_off_meanwhile() {
        nbox zone create lab --range6=2001:db8:77::/64 --routed
        nbox zone create shut --closed
        tree_with other
        tree_with third
        boot "$GUEST" --network-zone=lab -p 8080:80
        boot other --network-zone=shut
        INNER6=$(address6_on "$GUEST" host0)
        at outside ip -6 route add 2001:db8:77::/64 via "$HOST_ADDRESS6"
        serve "$GUEST" 80
        serve "$GUEST" 81
        serve outside 82
        reaches outside tcp6 "$INNER6" 80 "$GUEST"
        ipv6_stays_shut
        printf '[Host]\nIPv6=no\n' >/etc/nbox.conf
        boot third --network-zone=lab # others' rules are mended then as well
        ipv6_stays_shut
        nbox network repair
        ipv6_stays_shut
        has "$(nbox network status)" 'Wrong: nothing'
        reaches outside tcp "$HOST_ADDRESS" 8080 "$GUEST"
        rm /etc/nbox.conf
        nbox network repair
        reaches outside tcp6 "$INNER6" 80 "$GUEST"
        ipv6_stays_shut
        unserve
        at outside ip -6 route delete 2001:db8:77::/64
        terminate "$GUEST"
        terminate other
        terminate third
        remove_tree other
        remove_tree third
        nbox zone remove lab
        nbox zone remove shut
}

# A network of somebody's over a zone's prefix.
test_an_ipv6_range_that_is_taken_later() {
        nbox zone create lab --range=10.77.0.0/24 --range6=fd00:77::/64
        boot "$GUEST" --network-zone=lab
        ip link add tun7 type veth peer name tun7 netns outside
        ip link set tun7 up
        ip route add fd00:77::/48 dev tun7
        ip route add fc00::/7 dev tun7 # what takes everything says nothing
        has "$(nbox status "$GUEST")" "meets the host's route to fd00:77::/48 on tun7"
        has "$(nbox zone list)" "^lab .* the host's route to fd00:77::/48 on tun7\$"
        terminate "$GUEST"
        refused nbox boot -d --network-zone=lab "$GUEST"
        has "$(tr "\n" " " <<<"$REFUSAL")" "IPv6 range fd00:77::/64 .*lab.* meets .* tun7.*nbox zone move lab"
        has "$(nbox zone move lab)" 'has the range 10.77.0.0/24 and fd'
        boot "$GUEST" --network-zone=lab
        has_not "$(address6_on "$GUEST" host0)" '^fd00:77:'
        terminate "$GUEST"
        ip link delete tun7
        nbox zone remove lab
}

# The host gets a VPN whose network covers what a zone has.
test_a_range_that_is_taken_later() {
        nbox zone create lab --range=10.77.0.0/24
        boot "$GUEST" --network-zone=lab,address=10.77.0.9
        ip link add tun7 type veth peer name tun7 netns outside
        ip link set tun7 up
        ip route add 10.77.0.0/16 dev tun7
        has "$(nbox status "$GUEST")" "meets the host's route to 10.77.0.0/16 on tun7"
        has "$(nbox zone list)" "^lab .* the host's route to 10.77.0.0/16 on tun7\$"
        has "$(nbox zone show lab)" "Clash: meets the host's route to 10.77.0.0/16 on tun7"
        same 'in JSON' "$(zone_json lab .clash)" "the host's route to 10.77.0.0/16 on tun7"
        # A new zone keeps off; one that is up says so, and works.
        refused nbox zone create new --range=10.77.8.0/24
        tree_with other
        boot other --network-zone=lab 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "zone 'lab' meets the host's route to 10.77.0.0/16 on tun7: .*nbox zone move lab"
        sees other 10.77.0.9
        terminate other
        terminate "$GUEST"
        # Down it stays down, until it is moved: then all is as before, elsewhere.
        refused nbox boot -d --network-zone=lab "$GUEST"
        has "$REFUSAL" 'nbox zone move lab'
        refused nbox zone move lab --range=10.77.4.0/24
        has "$REFUSAL" 'on tun7'
        has "$(nbox zone move lab)" "^The zone 'lab' has the range 1"
        has_not "$(nbox zone show lab)" Clash
        boot "$GUEST" --network-zone=lab
        has "$(address_on "$GUEST" host0)" '\.9$'
        has_not "$(address_on "$GUEST" host0)" '^10\.77\.'
        terminate "$GUEST"
        nbox zone move lab --range=10.55.0.0/28 >/dev/null
        same 'its range' "$(zone_json lab .range)" 10.55.0.0/28
        has "$(zone_file lab)" "^machine $GUEST 10.55.0.9\$"
        ip link delete tun7
        remove_tree other
        nbox zone remove lab
}

# A network of its own outside, which the zone's machines join: the interface is lent, and given back as it was.
is_idle() { ! ip -o link show "$1" | grep -Eq 'master|,UP|state UP'; }

test_uplink() {
        local kind
        ip netns add lan
        ip link add lan0 type veth peer name lan0 netns lan
        ip -n lan address add 10.66.0.99/24 dev lan0
        ip -n lan link set lan0 up
        for kind in '' --isolated --closed; do # what is on the wire is no way out by the host
                nbox zone create lan --range=10.66.0.0/24 --uplink=lan0 $kind
                boot "$GUEST" --network-zone=lan
                wait_until 5 sees "$GUEST" 10.66.0.99
                pings "$GUEST" 10.66.0.99
                # From there: an isolated machine is called by published ports only, where the host filters what it bridges.
                [ "$kind" = --isolated ] || ip netns exec lan "$MACHINES/.busybox/bin/busybox" ping -q -c 1 -W 2 "$(address_on "$GUEST" host0)" >/dev/null
                has "$(ip -o link show lan0)" 'master nz-lan'
                terminate "$GUEST"
                nbox zone remove lan
        done
        has_not "$(ip netns exec lan cat /proc/net/snmp6)" '^Icmp6InType134' # nobody there is told of a router
        nbox zone create lan --range=10.66.0.0/24 --uplink=lan0
        boot "$GUEST" --network-zone=lan
        has "$(nbox zone list)" '^lan .* uplink=lan0 '
        # Other zones can have it neither whole nor, as addresses, at all.
        refused nbox zone create lan2 --uplink=lan0
        terminate "$GUEST"
        wait_until 10 is_idle lan0 # the zone goes with its service, where that is a unit
        # It is gone when the machine is to start, or has got an address by now.
        ip address add 10.99.0.1/24 dev lan0
        refused nbox boot -d --network-zone=lan "$GUEST"
        has "$REFUSAL" "'lan0' has addresses"
        ip link delete lan0
        refused nbox boot -d --network-zone=lan "$GUEST"
        has "$REFUSAL" "no interface 'lan0'"
        ip netns delete lan
        nbox zone remove lan
}

# Somebody tidies up, and takes a bridge for an old one.
test_a_bridge_that_is_deleted() {
        two lab
        ip link delete nz-lab
        same 'while it is away' "$(zone_json lab .up)" false
        tree_with third
        boot third --network-zone=lab
        reaches third tcp "$(address_on two host0)" 80 two
        reaches one tcp "$HOST_ADDRESS" 8080 two
        reaches two tcp "$HOST_ADDRESS" 8080 two
        reaches host tcp 127.0.0.1 8080 two
        has "$(inside one nc -w 20 "$OUTSIDE_ADDRESS" "$OUTSIDE_PORT" </dev/null)" "^from $HOST_ADDRESS"
        wait_until 5 inside one nslookup two.lab
        terminate third
        remove_tree third
        two_end
        nbox zone remove lab
}

# Whatever is killed when, the next nbox finds a zone as it was or as it was to be, and the host as before.
test_killed_at_each_step() {
        local call n state
        for call in flock openat write renameat unlink sendto; do
                for n in 1 2 4 8; do
                        strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=SIGKILL:when=$n" nbox zone create lab --range=10.77.0.0/24 \
                                >/dev/null 2>&1 || true
                        state=$(nbox zone list -q | grep -cx lab) || true
                        [ "$state" = 0 ] || same 'its range' "$(zone_json lab .range)" 10.77.0.0/24
                        [ "$state" = 0 ] || nbox zone remove lab
                done
        done
        nbox zone create lab --range=10.77.0.0/24
        for call in sendto setsockopt openat; do
                for n in 2 5 10 20; do
                        timeout -k 5 "$((20 * PATIENCE))" strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=SIGKILL:when=$n" \
                                nbox run --network-zone=lab --network-zone=other "$GUEST" true >/dev/null 2>&1 </dev/null || true
                        nbox gc
                        host_compare "$SCRATCH.before" || fail "after SIGKILL at $call number $n"
                done
        done
        nbox zone remove lab
        [ ! -e /var/lib/nbox/zones/other ] || nbox zone remove other
}

# Two hundred zones of fifty machines each, none of which runs, are in nobody's way.
test_many_zones() {
        local i k began
        mkdir -p /var/lib/nbox/zones
        for i in $(seq 200); do
                {
                        echo "range 10.80.$i.0/24"
                        for k in $(seq 50); do echo "machine m$k 10.80.$i.$((k + 1))"; done
                } >"/var/lib/nbox/zones/many$i"
        done
        began=$(date +%s%N)
        same 'zones' "$(nbox zone list -q | grep -c many)" 200
        boot "$GUEST" --network-zone=new
        [ $((($(date +%s%N) - began) / 1000000)) -lt $((3000 * PATIENCE)) ] || fail "a list and a boot take $(elapsed "$began") s"
        terminate "$GUEST"
        rm /var/lib/nbox/zones/many*
        nbox zone remove new
}
