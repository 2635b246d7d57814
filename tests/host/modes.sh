# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Each way to connect a machine, with traffic through it, as somebody meets it who knows systemd-nspawn's words: the host's network, none, a
# zone, a link whose end is the administrator's, his bridge with his own DHCP server, his LAN beneath a macvlan, his network namespace.
# But for zones, nothing of the host is touched besides the links themselves.

. "$(dirname "${BASH_SOURCE[0]}")/modes-words.sh"

test_host() {
        local before after
        before=$(ip -o link | wc -l)
        boot "$GUEST" --network=host
        serve "$GUEST" 8080
        after=$(ip -o link | wc -l)
        same 'links of the host' "$after" "$before"
        same 'its network' "$(at "$GUEST" readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)"
        for address in "$HOST_ADDRESS" "$HOST_ADDRESS6"; do
                reaches outside tcp "$address" 8080 "$GUEST"
                reaches outside udp "$address" 8080 "$GUEST"
        done
        untouched
        unserve
        terminate "$GUEST"
}

test_none() {
        for words in --network=none --private-network; do
                boot "$GUEST" $words
                same "the links with $words" "$(links_inside "$GUEST")" 'lo '
                same 'its routes' "$(at "$GUEST" ip route)$(at "$GUEST" ip -6 route show default)" ''
                fails inside "$GUEST" ping -q -c 1 -W 1 "$OUTSIDE_ADDRESS" >/dev/null
                # With itself it can talk.
                serve "$GUEST" 80
                reaches "$GUEST" tcp 127.0.0.1 80 "$GUEST"
                reaches "$GUEST" udp ::1 80 "$GUEST"
                untouched
                unserve
                terminate "$GUEST"
        done
}

test_zone() {
        boot "$GUEST" --network=zone:lab -p 8080:80
        serve "$GUEST" 80
        has "$(ip -o link)" ' nz-lab:'
        for address in "$HOST_ADDRESS" "$HOST_ADDRESS6"; do reaches outside tcp "$address" 8080 "$GUEST"; done
        has "$(inside "$GUEST" nc -w 20 "$OUTSIDE_ADDRESS" "$OUTSIDE_PORT" </dev/null)" "^from $HOST_ADDRESS$"
        has "$(inside "$GUEST" nc -w 20 "$OUTSIDE_ADDRESS6" "$OUTSIDE_PORT" </dev/null)" "^from $HOST_ADDRESS6$"
        unserve
        terminate "$GUEST"
        nbox zone remove lab
}

# A host whose IPv6 is switched off has zones without, and nothing to complain about.
test_zone_on_a_host_without_ipv6() {
        sysctl -q net.ipv6.conf.all.disable_ipv6=1
        boot "$GUEST" --network=zone:lab -p 8080:80 2>"$SCRATCH/said"
        has_not "$(cat "$SCRATCH/said")" 'IPv6'
        serve "$GUEST" 80
        reaches outside tcp "$HOST_ADDRESS" 8080 "$GUEST"
        reaches host tcp 127.0.0.1 8080 "$GUEST"
        same 'its IPv6' "$(at "$GUEST" ip -6 address show dev host0)" ''
        has "$(nbox zone show lab)" 'IPv6: none'
        has "$(nbox network status)" 'Wrong: nothing'
        has_not "$(ip6tables-legacy-save; nft list tables)" 'NBOX|ip6 nbox'
        unserve
        terminate "$GUEST"
        nbox zone remove lab
        sysctl -q net.ipv6.conf.all.disable_ipv6=0
        ip address add "$HOST_ADDRESS6/64" dev up0 nodad
        ip route add default via "$OUTSIDE_ADDRESS6"
}

# The end on the host is the administrator's: he gives it an address, and the guest's root the other.
test_veth_by_hand() {
        local words
        for words in --network-veth -n --network=veth; do
                boot "$GUEST" $words 2>"$SCRATCH/said"
                # Nobody is there who would do it.
                has "$(cat "$SCRATCH/said")" "ve-$GUEST"
                same "the links with $words" "$(links_inside "$GUEST")" 'lo host0 '
                same 'addresses on the host' "$(ip -o address show dev "ve-$GUEST" scope global)" ''
                has_not "$(ip -o link show "ve-$GUEST")" 'master'
                give host "ve-$GUEST" 10.99.0.1/24 2001:db8:99::1/64
                give "$GUEST" host0 10.99.0.2/24 2001:db8:99::2/64
                serve "$GUEST" 80
                serve host 80 10.99.0.1
                serve host 80 2001:db8:99::1
                both_ways "$GUEST" host 10.99.0.2 2001:db8:99::2 -- 10.99.0.1 2001:db8:99::1
                untouched
                unserve
                terminate "$GUEST"
        done
}

# With an address in the word, nothing is needed inside.
test_veth_with_addresses() {
        boot "$GUEST" --network=veth,address=10.99.0.2/24,address=2001:db8:99::2/64,gateway=10.99.0.1,gateway=2001:db8:99::1
        give host "ve-$GUEST" 10.99.0.1/24 2001:db8:99::1/64
        has "$(at "$GUEST" ip route)" '^default via 10\.99\.0\.1 dev host0'
        has "$(at "$GUEST" ip -6 route)" '^default via 2001:db8:99::1 dev host0'
        serve "$GUEST" 80
        reaches host tcp 10.99.0.2 80 "$GUEST"
        reaches host udp 2001:db8:99::2 80 "$GUEST"
        has "$(nbox list)" "10\.99\.0\.2"
        has "$(nbox status "$GUEST")" "ve-$GUEST"
        # The same in its next life.
        unserve
        nbox reboot "$GUEST"
        wait_until 10 marked "$GUEST" up 2
        wait_until 10 is_state "$GUEST" running
        give host "ve-$GUEST" 10.99.0.1/24
        serve "$GUEST" 80
        reaches host tcp 10.99.0.2 80 "$GUEST"
        unserve
        terminate "$GUEST"
        forget_marks "$GUEST"
}

test_veth_extra() {
        boot "$GUEST" --network-veth-extra=to-front:front --network-veth-extra=same
        same 'its links' "$(links_inside "$GUEST")" 'lo front same '
        give host to-front 10.98.0.1/24
        give host same 10.97.0.1/24
        give "$GUEST" front 10.98.0.2/24
        give "$GUEST" same 10.97.0.2/24
        serve "$GUEST" 80
        for address in 10.98.0.2 10.97.0.2; do reaches host tcp "$address" 80 "$GUEST"; done
        untouched
        unserve
        terminate "$GUEST"
}

# A bridge of the administrator's, with a DHCP server of his own and a host of the LAN on it.
test_bridge_with_its_own_dhcp() {
        local name
        lan_setup
        ip link add br-lan type bridge
        ip link set lan0 master br-lan
        ip link set br-lan up
        ip netns exec lan dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=lan0 --bind-interfaces --no-ping --leasefile-ro --user=root \
                --pid-file=/run/lan-dhcp.pid --dhcp-range=192.0.2.100,192.0.2.200,1h --dhcp-option=3,192.0.2.2 >"$SCRATCH/dnsmasq" 2>&1 &
        tree_with second
        # shellcheck disable=SC2016 # of the guests
        for name in "$GUEST" second; do
                printf '#!/bin/sh\n[ "$1" != bound ] || { ip address add $ip/24 dev $interface; ip route add default via $router; }\n' >"$MACHINES/$name/bin/bound"
                chmod 755 "$MACHINES/$name/bin/bound"
        done
        boot "$GUEST" --network-bridge=br-lan
        boot second --network=bridge:br-lan
        for name in "$GUEST" second; do
                inside "$name" ip link set host0 up
                has "$(ip -o link show "vb-$name")" 'master br-lan .*state UP'
                inside "$name" udhcpc -i host0 -n -q -t 5 -T 1 -s /bin/bound 2>/dev/null
                has "$(address_of "$name")" '^192\.0\.2\.[12][0-9][0-9]$'
                serve "$name" 80
        done
        both_ways "$GUEST" second "$(address_of "$GUEST")" -- "$(address_of second)"
        both_ways "$GUEST" lan "$(address_of "$GUEST")" -- "$LAN_ADDRESS"
        untouched
        unserve
        kill "$(cat /run/lan-dhcp.pid)"
        wait_until 5 [ ! -e /run/lan-dhcp.pid ]
        terminate second
        # A VLAN is nothing for a bridge that does not tell them apart.
        refused nbox boot -d --network=bridge:br-lan,vlan=12 second
        has "$REFUSAL" 'vlan_filtering'
        remove_tree second
        # The bridge is his: it stays when the last machine has gone, with what else is on it.
        terminate "$GUEST"
        has "$(ip -o link show lan0)" 'master br-lan'
        rm "$MACHINES/$GUEST/bin/bound"
        ip link delete br-lan
        lan_end
}

# On the LAN beneath lan0, as hosts of it like any others, without a DHCP server.
test_macvlan() {
        lan_setup
        tree_with second
        boot "$GUEST" --network=macvlan:lan0,address=192.0.2.10/24,address=2001:db8:2::10/64,gateway=192.0.2.2
        boot second --network-macvlan=lan0
        same 'its links' "$(links_inside "$GUEST")" 'lo mv-lan0 '
        has "$(at "$GUEST" ip -d -o link show mv-lan0)" 'macvlan mode bridge'
        give second mv-lan0 192.0.2.11/24 2001:db8:2::11/64
        serve "$GUEST" 80
        serve second 80
        both_ways "$GUEST" lan 192.0.2.10 2001:db8:2::10 -- "$LAN_ADDRESS" "$LAN_ADDRESS6"
        both_ways "$GUEST" second 192.0.2.10 2001:db8:2::10 -- 192.0.2.11 2001:db8:2::11
        has "$(at "$GUEST" ip route)" '^default via 192\.0\.2\.2 dev mv-lan0'
        untouched
        unserve
        terminate second
        remove_tree second
        terminate "$GUEST"
        lan_end
}

# A network namespace that is there, with all that is in it; afterwards it is as it was.
test_a_namespace_by_its_path() {
        local words
        ip netns add ready
        ip link add to-ready type veth peer name wire netns ready
        ip -n ready link set lo up
        give host to-ready 10.96.0.1/24
        give ready wire 10.96.0.2/24 2001:db8:96::2/64
        give host to-ready 2001:db8:96::1/64
        for words in --network=ns:/run/netns/ready --network-namespace-path=/run/netns/ready; do
                boot "$GUEST" $words
                same "its network with $words" "$(at "$GUEST" readlink /proc/self/ns/net)" "$(ip netns exec ready readlink /proc/self/ns/net)"
                serve "$GUEST" 80
                reaches host tcp 10.96.0.2 80 "$GUEST"
                reaches host udp 2001:db8:96::2 80 "$GUEST"
                untouched
                unserve
                terminate "$GUEST"
                has "$(ip -n ready -o address show dev wire)" '10\.96\.0\.2/24'
        done
        ip link delete to-ready
        ip netns delete ready
}

# One of each: the zone's has the default route, wherever it stands, and ethN is the N-th.
test_several_at_once() {
        lan_setup
        boot "$GUEST" --network=macvlan:lan0,address=192.0.2.10/24 --network=veth,address=10.99.0.2/24 --network-zone=lab -p 8080:80 \
                --network-veth-extra=to-back:back
        same 'its links' "$(links_inside "$GUEST")" 'lo mv-lan0 host0 host1 back '
        has "$(at "$GUEST" ip route)" '^default via [0-9.]+ dev host1 '
        same 'default routes' "$(at "$GUEST" ip route | grep -c ^default)" 1
        give host "ve-$GUEST" 10.99.0.1/24
        give host to-back 10.98.0.1/24
        give "$GUEST" back 10.98.0.2/24
        serve "$GUEST" 80
        reaches lan tcp 192.0.2.10 80 "$GUEST"
        reaches host tcp 10.99.0.2 80 "$GUEST"
        reaches host tcp 10.98.0.2 80 "$GUEST"
        reaches outside tcp "$HOST_ADDRESS" 8080 "$GUEST"
        has "$(inside "$GUEST" nc -w 20 "$OUTSIDE_ADDRESS" "$OUTSIDE_PORT" </dev/null)" "^from $HOST_ADDRESS$"
        # What a published port leads to is the zone's address: by another interface nobody is sent there.
        reaches_not lan tcp 192.0.2.10 8080
        for i in 0 1 2 3; do at "$GUEST" ip -o link show "eth$i" >/dev/null; done
        has "$(nbox status "$GUEST")" 'mv-lan0'
        has "$(nbox list --json | jq -c '[.[0].nics[].name]')" '"mv-lan0","host0","host1","back"'
        unserve
        terminate "$GUEST"
        nbox zone remove lab
        lan_end
}

# A file that was written for systemd-nspawn.
test_settings_of_nspawn() {
        lan_setup
        mkdir -p /etc/systemd/nspawn
        printf '[Network]\nVirtualEthernet=yes\nVirtualEthernetExtra=to-front:front\nMACVLAN=lan0\n' >"/etc/systemd/nspawn/$GUEST.nspawn"
        boot "$GUEST"
        same 'its links' "$(links_inside "$GUEST" | tr ' ' '\n' | sort | tr '\n' ' ')" 'front host0 lo mv-lan0 '
        give host "ve-$GUEST" 10.99.0.1/24
        give "$GUEST" host0 10.99.0.2/24
        serve "$GUEST" 80
        reaches host tcp 10.99.0.2 80 "$GUEST"
        unserve
        terminate "$GUEST"
        ip link add br-lan type bridge
        printf '[Network]\nBridge=br-lan\n' >"/etc/systemd/nspawn/$GUEST.nspawn"
        boot "$GUEST"
        has "$(ip -o link show "vb-$GUEST")" 'master br-lan'
        untouched
        terminate "$GUEST"
        ip link delete br-lan
        rm "/etc/systemd/nspawn/$GUEST.nspawn"
        lan_end
}

# Two whose links would have the same name if it were cut off, and in full a name that only an altname can have.
test_long_names() {
        local first=a-machine-with-a-long-name-1 second=a-machine-with-a-long-name-2 name n=1
        for name in $first $second; do
                tree_with $name
                boot $name --network-veth
                same 'its links' "$(links_inside $name)" 'lo host0 '
                # By its full name it is found, which ip shows as an alternative one.
                give host "ve-$name" "10.9$n.0.1/24"
                give $name host0 "10.9$n.0.2/24"
                serve $name 80
                reaches host tcp "10.9$n.0.2" 80 $name
                has "$(nbox status $name)" 've-'
                n=$((n + 1))
        done
        unserve
        for name in $first $second; do
                terminate $name
                remove_tree $name
        done
}

# WORDS | what the refusal says, an extended regular expression.
WRONG='
--network=veht|Did you mean .*veth
--network=bridge|bridge:
--network=bridge:|bridge
--network=bridge:nothere|nothere
--network=bridge:lo|lo.* is no bridge|bridge
--network=macvlan|macvlan:
--network=macvlan:nothere|nothere
--network=macvlan:a/b|a/b
--network=ipvlan:|ipvlan
--network=interface|interface:
--network=interface:nothere|nothere
--network=interface:lo|lo
--network=ns|ns:
--network=ns:/nothere|/nothere
--network=ns:/etc/passwd|/etc/passwd
--network=ns:relative|relative
--network=veth,address=10.99.0.2|address
--network=veth,address=10.99.0.2/33|address
--network=veth,address=2001:db8::1/129|address
--network=veth,address=10.99.0.2/24,gateway=2001:db8::1|gateway
--network=veth,gateway=10.99.0.1|gateway
--network=veth,address=10.99.0.2/24,gateway=10.99.0.1 --network=veth,address=10.98.0.2/24,gateway=10.98.0.1|one way out
--network=veth,name=a/b|name
--network=veth,name=sixteenbytesname|name
--network=veth,mac=01:00:5e:00:00:01|mac
--network=veth,vlan=12|vlan
--network=bridge:up0,vlan=4095|vlan
--network=veth,frobnicate=1|frobnicate
--network=host,name=x|host
--network=none --network-veth|none
--network=host --network-macvlan=up0|host
--network=ns:/proc/self/ns/net --network-zone=lab|stands alone
--network-veth-extra=|veth-extra
--network-veth-extra=a/b:c|a/b
--network-veth-extra=up0:x --network-veth-extra=up0:y|up0
--network-veth-extra=up0:x|up0
--network-veth-extra=default:x|default. is not
--network=zone,name=all|not lo, all or default
--network-interface=up0:a/b|a/b
--network-macvlan=up0 -p 8080:80|zone
'

test_wrong_words() {
        local words pattern before
        before=$(ip -o link | wc -l)
        while IFS='|' read -r words pattern; do
                [ -n "$words" ] || continue
                # shellcheck disable=SC2086
                refused nbox boot -d $words "$GUEST"
                grep -Eqi -- "$pattern" <<<"$REFUSAL" || fail "no '$pattern' for $words in: $REFUSAL"
        done <<<"$WRONG"
        same 'links of the host' "$(ip -o link | wc -l)" "$before"
}
