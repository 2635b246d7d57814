# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same over IPv6, and what only IPv6 has.

address6() { awk '{ print $4 }'; }  # of what attach prints
gateway6() { awk '{ print $5 }'; }
way_to() { ip -n out -6 route add "$1" via 2001:db8:51::1; } # PREFIX: the world outside sends it to the host

# One lease is for both: the IPv6 address has the place in the prefix that the IPv4 address has in the range. Only the bridge and the
# machine's end have one, and the host is told who is where.
test_inside_ipv6() {
        local lease address address6 gateway6 place i
        lease=$(attach default web m1 keep)
        read -r address _ _ address6 gateway6 <<<"$lease"
        IFS=. read -r _ _ place i <<<"$address"
        same place "$address6" "${gateway6%1}$(printf %x $((place % 4 * 256 + i)))"
        has "$gateway6" '^fd[0-9a-f]{2}:[0-9a-f]+:[0-9a-f]+::1$'
        same addresses "$(ip -n m1 -6 -o address show dev host0 scope global | sed 's/.*inet6 \(.*\) scope global nodad .*/\1/')" "$address6/64"
        has "$(ip -n m1 -6 -o address show dev host0 scope link)" 'inet6 fe80:'
        same route "$(ip -n m1 -6 route show default)" "default via $gateway6 dev host0 proto static metric 1024 pref medium"
        same 'settings inside' "$(ip netns exec m1 cat /proc/sys/net/ipv6/conf/host0/{accept_ra,accept_dad} | xargs)" '0 0'
        same bridge "$(ip -6 -o address show dev nbox0 scope global | sed 's/.*inet6 \(.*\) scope global nodad .*/\1/')" "$gateway6/64"
        same 'how it asks who is where' "$(ip -6 -o address show dev nbox0 scope link | grep -c 'inet6 fe80:.* nodad')" 1
        same 'our end' "$(ip -6 -o address show dev nbox-web)" ''
        same 'routers that the bridge listens to' "$(cat /proc/sys/net/ipv6/conf/nbox0/accept_ra)" 0
        has "$(ip -6 neighbour show dev nbox0)" "^$address6 lladdr .* PERMANENT"
        has "$(grep ^Nic= /run/nbox/network/machines/web)" " $address6\$"
        serve host TCP6 6000
        has "$(ask m1 TCP6 "[$gateway6]" 6000)" '^peer '
        serve m1 TCP6 6001
        has "$(ask host TCP6 "[$address6]" 6001)" '^peer '
        detach default web
        same 'who was there' "$(ip -6 neighbour show dev nbox0 2>&1 | grep -c PERMANENT)" 0
        # A namespace that begins with IPv6 off has it all the same.
        ip netns exec m1 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
        has "$(attach default web m1 keep)" " $address6 $gateway6\$"
        has "$(ip -n m1 -6 -o address show dev host0 scope global)" "inet6 $address6/64"
        has "$(ip -n m1 -6 route show default)" "via $gateway6 dev host0"
        detach default web
        ip netns exec m1 sysctl -qw net.ipv6.conf.default.disable_ipv6=0
        as_before
}

# A bridge that an older nbox made has none: it comes with the next machine.
test_ipv6_comes_later() {
        local gateway6
        attach default web m1 keep
        gateway6=$(ip -6 -o address show dev nbox0 scope global | sed 's/.*inet6 \(.*\) scope .*/\1/')
        sysctl -qw net.ipv6.conf.nbox0.disable_ipv6=1
        same gone "$(ip -6 -o address show dev nbox0)" ''
        attach default db m2 keep
        same 'back again' "$(ip -6 -o address show dev nbox0 scope global | sed 's/.*inet6 \(.*\) scope .*/\1/')" "$gateway6"
        detach default web
        detach default db
        echo IPv6=no >>/etc/nbox.conf
        has "$(attach default web m1 keep)" ' :: ::$'
        same 'a host without' "$(ip -6 -o address show dev nbox0)$(ip -n m1 -6 -o address show dev host0)" ''
        sed -i /IPv6=no/d /etc/nbox.conf
        lacks "$(attach default db m2 keep 2>&1)" 'taken away' # nothing was: its rules come with it
        has "$(rules)" 'fd[0-9a-f]{2}:[0-9a-f:]+/64'
        detach default web
        detach default db
        as_before
}

test_outgoing_ipv6() {
        local protocol
        attach default web m1 keep
        for protocol in TCP6 UDP6; do
                serve out $protocol 9000
                has "$(ask m1 $protocol '[2001:db8:51::2]' 9000)" "^peer $HOST6\$"
        done
        without masquerade 6
        same 'without the rule' "$(ask_in_vain m1 TCP6 '[2001:db8:51::2]' 9000)" ''
}

test_published_ipv6() {
        local gateway i
        gateway=$(attach default web m1 keep tcp:8080:80 udp:5353:53 8000-8099:9000/udp | gateway6)
        attach default db m2 keep
        serve m1 TCP6 80
        serve m1 UDP6 53
        serve m1 UDP6 9042
        has "$(ask out TCP6 '[2001:db8:51::1]' 8080)" "^peer $OUT6\$"
        has "$(ask out UDP6 '[2001:db8:51::1]' 5353)" "^peer $OUT6\$"
        has "$(ask out UDP6 '[2001:db8:51::1]' 8042)" "^peer $OUT6\$"
        has "$(ask host TCP6 '[2001:db8:51::1]' 8080)" "^peer $HOST6\$"
        has "$(ask host UDP6 "[$gateway]" 5353)" '^peer \[fd'
        for i in 1 2 3; do # more than once: a redirect would cut off the second
                has "neighbour, $i: $(ask m2 TCP6 '[2001:db8:51::1]' 8080)" ': peer \[fd.*:0001\]$'
                has "itself, $i: $(ask m1 TCP6 '[2001:db8:51::1]' 8080)" ': peer \[fd.*:0001\]$'
                has "itself, udp, $i: $(ask m1 UDP6 '[2001:db8:51::1]' 5353)" ': peer \[fd.*:0001\]$'
                has "neighbour by the gateway, $i: $(ask m2 TCP6 "[$gateway]" 8080)" ': peer \[fd.*:0001\]$'
        done
        save_and_restore
        has "$(ask out TCP6 '[2001:db8:51::1]' 8080)" "^peer $OUT6\$"
        lacks "$(nbox network status)" missing
        detach default web
        same 'after the end' "$(ask_in_vain out TCP6 '[2001:db8:51::1]' 8080)" ''
        detach default db
        as_before
}

# An address makes rules in its family alone; [::1] makes none at all.
test_one_address_ipv6() {
        ip address add 2001:db8:51::3/64 dev up0 nodad
        snapshot >/run/before
        attach default web m1 keep '[2001:db8:51::1]:8080:80' 203.0.113.1:8081:80 '[::1]:8082:80' 0.0.0.0:8083:80 '[::]:8084:80' >/dev/null
        serve m1 TCP6 80
        has "$(ask out TCP6 '[2001:db8:51::1]' 8080)" "^peer $OUT6\$"
        same 'another' "$(ask_in_vain out TCP6 '[2001:db8:51::3]' 8080)" ''
        same 'the other family' "$(ask_in_vain out TCP 203.0.113.1 8080)$(ask_in_vain out TCP6 '[2001:db8:51::1]' 8081)" ''
        lacks "$(rules)" 8082
        same 'all of the other' "$(ask_in_vain out TCP6 '[2001:db8:51::1]' 8083)$(ask_in_vain out TCP 203.0.113.1 8084)" ''
        has "$(ask out TCP6 '[2001:db8:51::3]' 8084)" "^peer $OUT6\$"
        refused "8080/tcp of the host is published by machine 'web'" attach default db m2 keep tcp:8080:80
        refused "8084/tcp of the host is published by machine 'web'" attach default db m2 keep '[2001:db8:51::3]:8084:80'
        attach default db m2 keep 0.0.0.0:8080:80 '[2001:db8:51::3]:8080:80' '[::]:8083:80' >/dev/null
        serve m2 TCP6 80
        has "$(ask out TCP6 '[2001:db8:51::3]' 8080)" "^peer $OUT6\$"
        has "$(ask out TCP6 '[2001:db8:51::1]' 8083)" "^peer $OUT6\$"
        lacks "$(nbox network status)" missing
        detach default web
        detach default db
        as_before
}

test_inner_addresses_ipv6() {
        local address protocol
        address=$(attach default web m1 keep tcp:8080:80 | address6)
        attach other db m3 keep >/dev/null
        attach default near m2 keep >/dev/null
        way_to fd00::/8
        for protocol in TCP6 UDP6; do
                serve m1 $protocol 81
                same "outside, $protocol" "$(ask_in_vain out $protocol "[$address]" 81)" ''
                same "another zone, $protocol" "$(ask_in_vain m3 $protocol "[$address]" 81)" ''
                has "$(ask m2 $protocol "[$address]" 81)" '^peer \[fd'
                has "$(ask host $protocol "[$address]" 81)" '^peer \[fd'
        done
        without inner 6
        for protocol in TCP6 UDP6; do
                has "outside, without the rule, $protocol: $(ask out $protocol "[$address]" 81)" "peer $OUT6"
                has "another zone, without the rule, $protocol: $(ask m3 $protocol "[$address]" 81)" 'peer \[fd'
        done
}

isolated_zone_ipv6() { # 0|1: whether the bridge asks ip6tables about what it bridges
        local address protocol
        sysctl -q net.bridge.bridge-nf-call-iptables=0 "net.bridge.bridge-nf-call-ip6tables=$1"
        mkdir -p /var/lib/nbox/zones
        echo isolated >/var/lib/nbox/zones/cell
        address=$(attach cell web m1 keep tcp:8080:80 udp:8080:80 | address6)
        attach cell db m2 keep >/dev/null
        attach other mail m3 keep >/dev/null
        serve out TCP6 9000
        has "$(ask m2 TCP6 '[2001:db8:51::2]' 9000)" "^peer $HOST6\$"
        for protocol in TCP6 UDP6; do
                serve m1 $protocol 80
                same "its neighbour, $protocol" "$(ask_in_vain m2 $protocol "[$address]" 80)" ''
                # By way of the host, which would route it back.
                ip -n m2 -6 route add "$address" via "$(ip -n m2 -6 route show default | cut -d' ' -f3)" dev host0
                same "its neighbour by the gateway, $protocol" "$(ask_in_vain m2 $protocol "[$address]" 80)" ''
                ip -n m2 -6 route del "$address"
                has "published, its neighbour, $protocol: $(ask m2 $protocol '[2001:db8:51::1]' 8080)" 'peer \[fd'
                has "published, itself, $protocol: $(ask m1 $protocol '[2001:db8:51::1]' 8080)" 'peer \[fd'
                has "published, another zone, $protocol: $(ask m3 $protocol '[2001:db8:51::1]' 8080)" 'peer \[fd'
                has "published, outside, $protocol: $(ask out $protocol '[2001:db8:51::1]' 8080)" "peer $OUT6"
        done
        [ "$1" = 0 ] || has "$(nft list tables)" 'table bridge nbox'
        detach other mail
        detach cell db
        detach cell web
        as_before
}

test_isolated_zone_ipv6() {
        isolated_zone_ipv6 0
}

test_isolated_zone_ipv6_with_br_netfilter() {
        isolated_zone_ipv6 1
}

# The zone's DNS and DHCP are a port of the bridge: with br_netfilter, machines find its link-layer address, and are found, by packets
# that conntrack knows nothing of.
test_service_of_an_isolated_zone_ipv6() {
        local address gateway service n
        sysctl -q net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
        mkdir -p /var/lib/nbox/zones
        printf 'isolated\nrange 10.77.0.0/24\n#: service 10.77.0.254\n' >/var/lib/nbox/zones/cell
        gateway=$(attach cell web m1 keep | gateway6)
        attach cell db m2 keep >/dev/null
        service=${gateway%1}fe
        ip link add serve type veth peer name eth9 netns m3
        ip link set serve master nz-cell up
        give_ipv6 m3 eth9 "$service"
        ip -n m3 link set eth9 up
        serve m3 UDP6 53
        serve m3 TCP6 53
        for n in m1 m2; do
                has "$n: $(ask $n UDP6 "[$service]" 53)" ': peer \[fd'
                has "$n: $(ask $n TCP6 "[$service]" 53)" ': peer \[fd'
                ip -n $n -6 neigh flush dev host0
                ip -n m3 -6 neigh flush dev eth9
        done
        # When it asks first it finds the machine, but is not let through to it.
        address=$(ip -n m1 -6 -o address show dev host0 scope global | sed 's/.*inet6 \(.*\)\/64 .*/\1/')
        serve m1 UDP6 99
        same 'what the service asks' "$(ask_in_vain m3 UDP6 "[$address]" 99)" ''
        has "$(ip -n m3 -6 neigh show dev eth9)" "^$address lladdr"
        ip link del serve
        detach cell db
        detach cell web
}

test_closed_zone_ipv6() {
        local protocol
        mkdir -p /var/lib/nbox/zones
        echo closed >/var/lib/nbox/zones/cell
        attach cell web m1 keep tcp:8080:80 udp:8080:80 >/dev/null
        attach cell db m2 keep >/dev/null
        attach default mail m3 keep tcp:8081:80 udp:8081:80 >/dev/null
        for protocol in TCP6 UDP6; do
                serve out $protocol 9000
                serve m1 $protocol 80
                serve m3 $protocol 80
                same "no way out, $protocol" "$(ask_in_vain m1 $protocol '[2001:db8:51::2]' 9000)" ''
                same "nor to another zone, $protocol" "$(ask_in_vain m1 $protocol '[2001:db8:51::1]' 8081)" ''
                has "published, $protocol: $(ask out $protocol '[2001:db8:51::1]' 8080)" "peer $OUT6"
                has "$(ask m2 $protocol '[2001:db8:51::1]' 8080)" '^peer \[fd'
        done
        without inner 6
        for protocol in TCP6 UDP6; do
                has "without the rule, $protocol: $(ask m1 $protocol '[2001:db8:51::2]' 9000)" "peer $HOST6"
        done
}

# Addresses that the world has a way to: seen outside as they are; what is published answers there too, and nothing else.
test_routed_zone() {
        local address protocol
        mkdir -p /var/lib/nbox/zones
        echo '#: range6 2001:db8:77::/64 routed' >/var/lib/nbox/zones/wide
        echo closed >/var/lib/nbox/zones/cell
        way_to 2001:db8:77::/64
        address=$(attach wide web m1 keep 8080:80/tcp 8080:80/udp '[2001:db8:51::1]:8085:85' | address6)
        has "$address" '^2001:db8:77::'
        attach default db m2 keep >/dev/null
        attach cell shut m3 keep >/dev/null
        for protocol in TCP6 UDP6; do
                serve out $protocol 9000
                serve m1 $protocol 80
                serve m1 $protocol 81
                has "outward, $protocol: $(ask m1 $protocol '[2001:db8:51::2]' 9000)" 'peer \[2001:0db8:0077:'
                has "by the host, $protocol: $(ask out $protocol '[2001:db8:51::1]' 8080)" "peer $OUT6"
                has "by the host, itself, $protocol: $(ask m1 $protocol '[2001:db8:51::1]' 8080)" 'peer \[2001:0db8:0077:.*:0001\]'
                has "at its address, $protocol: $(ask out $protocol "[$address]" 80)" "peer $OUT6"
                has "at its address, another zone, $protocol: $(ask m2 $protocol "[$address]" 80)" peer
                same "at its address, a closed zone, $protocol" "$(ask_in_vain m3 $protocol "[$address]" 80)" ''
                same "not published, $protocol" "$(ask_in_vain out $protocol "[$address]" 81)$(ask_in_vain m2 $protocol "[$address]" 81)" ''
        done
        serve m1 TCP6 85
        has "$(ask out TCP6 '[2001:db8:51::1]' 8085)" "^peer $OUT6\$"
        same 'published on one address of the host' "$(ask_in_vain out TCP6 "[$address]" 85)" ''
        save_and_restore
        lacks "$(nbox network status)" missing
        "$DRIVE" publish web 8081:81
        has "published by hand: $(ask out TCP6 "[$address]" 81)" "peer $OUT6"
        "$DRIVE" unpublish web 8081:81
        same 'and no more' "$(ask_in_vain out TCP6 "[$address]" 81)" ''
        without inner 6
        has "without the rule: $(ask out TCP6 "[$address]" 81)" "peer $OUT6"
        nbox network repair >/dev/null
        same 'mended' "$(ask_in_vain out TCP6 "[$address]" 81)" ''
        detach cell shut
        detach default db
        detach wide web
        ip -n out -6 route del 2001:db8:77::/64
        as_before
}

# heard ADDRESS: how many packets with this source have come outside.
heard() { ip netns exec out ip6tables-legacy -nvxL INPUT | awk -v a="$1" '$0 ~ a { print $1 }'; }

# posing NAMESPACE ADDRESS: it sends from there, and knows the host's link-layer address, which it would be refused if it asked from there.
posing() {
        local n
        ip -n "$1" -6 neigh replace "$gateway" lladdr "$(ip -o link show nbox0 | sed 's/.*ether \([0-9a-f:]*\) .*/\1/')" dev host0 nud permanent
        ip -n "$1" address add "$2/128" dev host0 nodad
        ip netns exec out ip6tables-legacy -I INPUT -s "$2"
        for n in 1 2 3; do echo x | ip netns exec "$1" socat -t 0.2 - "UDP6:[2001:db8:51::2]:9000,bind=[$2]" >/dev/null 2>&1 || true; done
        ip -n "$1" address del "$2/128" dev host0
        ip -n "$1" -6 neigh del "$gateway" dev host0 2>/dev/null || true
}

# IPv6 has no rp_filter: addresses that are nobody's, a neighbour zone's, the gateway's.
test_faked_sources_ipv6() {
        local other gateway from
        gateway=$(attach default web m1 keep | gateway6)
        other=$(attach other db m2 keep | address6)
        for from in 2001:db8:99::5 "$other" "$gateway"; do
                posing m1 "$from"
                same "from $from" "$(heard "$from")" 0
        done
        without guard 6
        without masquerade 6
        from=2001:db8:99::6
        posing m1 "$from"
        same "without the rule, from $from" "$(heard "$from")" 3
        # What it must not stop.
        nbox network repair >/dev/null
        serve host TCP6 6000
        has "$(ask m1 TCP6 "[$gateway]" 6000)" '^peer \[fd'
        ip -n m1 address add "${gateway%1}3e7/64" dev host0 # which is asked after first, from ::
        for _ in $(seq 1500); do ip -n m1 address show dev host0 | grep -q tentative || break; sleep 0.05; done
        lacks "$(ip -n m1 address show dev host0)" 'tentative|dadfailed'
}

# A link further on that takes less: who says so is answered to by conntrack alone, inward and outward, in a closed zone too.
test_packet_too_big() {
        local zone
        mkdir -p /var/lib/nbox/zones
        echo closed >/var/lib/nbox/zones/cell
        ip link add far0 netns out type veth peer name far1 netns m3
        give_ipv6 out far0 2001:db8:52::1
        give_ipv6 m3 far1 2001:db8:52::2
        ip -n out link set far0 up
        ip -n m3 link set far1 up
        ip -n m3 -6 route add default via 2001:db8:52::1
        ip netns exec out sysctl -q net.ipv6.conf.all.forwarding=1
        ip -n out -6 route add 2001:db8:52::/64 dev far0 metric 1 mtu 1280
        head -c 100000 /dev/zero >/run/much
        attach default web m1 keep tcp:8080:80 >/dev/null
        attach cell shut m2 keep tcp:8081:80 >/dev/null
        for zone in m1 m2; do
                ip netns exec $zone socat TCP6-LISTEN:80,fork,reuseaddr OPEN:/run/much,rdonly &
        done
        ip netns exec m3 socat -u TCP6-LISTEN:9000,fork,reuseaddr OPEN:/run/came,create,append &
        for zone in m1 m2 m3; do
                for _ in $(seq 1500); do [ -z "$(ip netns exec $zone ss -Hlnt)" ] || break; sleep 0.02; done
        done
        same 'what is published' "$(ip netns exec m3 timeout 30 socat -u 'TCP6:[2001:db8:51::1]:8080' - | wc -c)" 100000
        same 'in a closed zone' "$(ip netns exec m3 timeout 30 socat -u 'TCP6:[2001:db8:51::1]:8081' - | wc -c)" 100000
        ip netns exec m1 timeout 30 socat -u OPEN:/run/much,rdonly 'TCP6:[2001:db8:52::2]:9000'
        for _ in $(seq 1500); do [ "$(stat -c %s /run/came || echo 0)" -lt 100000 ] || break; sleep 0.02; done
        same 'outward' "$(wc -c </run/came)" 100000
        has "$(ip -n m1 -6 route get 2001:db8:52::2)" 'mtu 1280'
}

# A zone that is given none any more loses its rules of IPv6, and the last one takes them along.
test_ipv6_goes() {
        attach default web m1 keep tcp:8080:80 >/dev/null
        attach other db m2 keep tcp:8081:80 >/dev/null
        serve m2 TCP6 80
        detach default web
        echo '#: range6 none' >>/var/lib/nbox/zones/default
        sed -i '/range6 fd/d' /var/lib/nbox/zones/default
        attach default web m1 keep tcp:8080:80 >/dev/null
        lacks "$(rules)" '(\[fd.*\]:80.*web|web.*\[fd|8080.* : fd)'
        has "$(ask out TCP6 '[2001:db8:51::1]' 8081)" "^peer $OUT6\$"
        lacks "$(nbox network status)" missing
        detach other db
        case $BACKEND in
        iptables) lacks "$(ip6tables-legacy-save)" nbox ;;
        nft) lacks "$(nft list tables)" 'ip6 nbox' ;;
        esac
        detach default web
        as_before
}
