#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# network-room.sh BACKEND [GLOB]: the network room by itself, through netdrive, on the real kernel but without machines, with one
# of its backends, iptables or nft. Each test has a world of its own, made of network namespaces in a namespace of its own: the
# "host" that it runs in, "out" behind the host's uplink, and m1, m2, m3 in place of machines. Prints "ok NAME" or "not ok NAME"
# with the output, then "ran N".
set -u
SELF=$(readlink -f "$0")
. "$(dirname "$SELF")/../lib.sh"
. "$(dirname "$SELF")/docker-rules.sh"
DRIVE=$NBOX_TEST_BUILD/tests/host/netdrive
PATH=$NBOX_TEST_BUILD/src/cmd:$PATH

fail() {
        echo "$*" >&2
        return 1
}

same() { # WHAT IS WANTED
        [ "$2" = "$3" ] || fail "$1: '$2', not '$3'"
}

has() { # TEXT PATTERN
        grep -Eq -- "$2" <<<"$1" || fail "no '$2' in: $1"
}

lacks() {
        ! grep -Eq -- "$2" <<<"$1" || fail "'$2' in: $1"
}

# --- the world ------------------------------------------------------------------------------------------------------

make_world() {
        local ns
        mount --make-rprivate /
        mount -t tmpfs tmpfs /run
        mkdir -p /var/lib/nbox /run/netns
        mount -t tmpfs tmpfs /var/lib/nbox
        mkdir -p /run/etc/upper /run/etc/work
        mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work overlay /etc
        printf '[Host]\nFirewall=%s\n' "$BACKEND" >/etc/nbox.conf
        ip link set lo up
        for ns in out m1 m2 m3; do
                ip netns add "$ns"
                ip -n "$ns" link set lo up
        done
        sysctl -q net.ipv4.ip_forward=0 # a new namespace begins with what the host has
        sysctl -q net.ipv6.conf.default.disable_ipv6=1 # addresses that settle are no change of ours
        ip link add up0 type veth peer name up1 netns out
        sysctl -q net.ipv6.conf.default.disable_ipv6=0
        ip address add 203.0.113.1/24 dev up0
        ip link set up0 up
        ip -n out address add 203.0.113.2/24 dev up1
        ip -n out link set up1 up
        give_ipv6 host up0 2001:db8:51::1
        give_ipv6 out up1 2001:db8:51::2
        until ip link show up0 | grep -q LOWER_UP; do sleep 0.05; done # a carrier that comes later is no change of ours
        ip route add default via 203.0.113.2
        ip -6 route add default via 2001:db8:51::2
}

# give_ipv6 NAMESPACE|host LINK ADDRESS: this one and, for a host asks nobody for link-layer addresses without, one of the link; at once.
give_ipv6() {
        local where=()
        [ "$1" = host ] || where=(ip netns exec "$1")
        "${where[@]}" ip link set "$2" addrgenmode none
        "${where[@]}" sysctl -q "net.ipv6.conf.$2.disable_ipv6=0"
        "${where[@]}" ip address add "$3/64" dev "$2" nodad
        "${where[@]}" ip address add "fe80::${3##*:}/64" dev "$2" nodad
}
OUT6='\[2001:0db8:0051:0000:0000:0000:0000:0002\]' # as socat writes it: outside, and the host
HOST6='\[2001:0db8:0051:0000:0000:0000:0000:0001\]'

# What a test must find again at its end; tables that are read come into being, so empty ones are not compared.
snapshot() {
        ip -o link | sed 's/^[0-9]*: //; s/@if[0-9]*//'
        ip -o address | sed 's/^[0-9]*: //'
        ip route
        ip -6 route
        iptables-legacy-save | grep -E '^-A|^:[^ ]+ (-|DROP|REJECT)' || true
        ip6tables-legacy-save | grep -E '^-A|^:[^ ]+ (-|DROP|REJECT)' || true
        nft list ruleset
        echo "forwarding $(cat /proc/sys/net/ipv4/ip_forward)"
        (cd /proc/sys/net/ipv6/conf && grep . ./{all,default,up0}/{forwarding,accept_ra})
        find /run/nbox -mindepth 1 || true
} 2>/dev/null

as_before() {
        snapshot >/run/after
        diff /run/before /run/after || fail "the host is not as before (< before, > now)"
}

attach() { # ZONE MACHINE NAMESPACE keep|once [PORT…]
        local zone=$1 machine=$2 ns=$3
        shift 3
        "$DRIVE" attach "$zone" "$machine" "/run/netns/$ns" "$@"
}

detach() { "$DRIVE" detach "$1" "$2"; }

refused() { # PATTERN COMMAND…: it fails and says so
        local pattern=$1 output
        shift
        if output=$("$@" 2>&1); then fail "'$*' succeeds: $output"; return; fi
        has "$output" "$pattern"
}

# Servers that answer with the address of whoever asks; they live as long as the test.
serve() { # NAMESPACE|host PROTOCOL PORT [OPTION]
        local where=()
        [ "$1" = host ] || where=(ip netns exec "$1")
        # shellcheck disable=SC2016
        "${where[@]}" socat "$2-LISTEN:$3,fork,reuseaddr${4-}" SYSTEM:'read x; echo "peer $SOCAT_PEERADDR"' &
        for _ in $(seq 100); do
                "${where[@]}" ss -Hlntu "sport = $3" | grep -q . && return
                sleep 0.02
        done
        fail "no server on $1:$3"
}

ask() { # NAMESPACE|host PROTOCOL ADDRESS PORT: the answer, "" for none
        local where=()
        [ "$1" = host ] || where=(ip netns exec "$1")
        echo x | timeout 2 "${where[@]}" socat -t 1.5 - "$2:$3:$4,connect-timeout=1" 2>/dev/null || true
}

commits() { # COMMAND…: how often it replaces a table, or ends a batch of nft's
        strace -f -qq -e trace=setsockopt,sendmsg -s 100000 -o /run/trace "$@" >/dev/null
        grep -cE 'SOL_IP(V6)?, (IP6?T_SO_SET_REPLACE|0x40)|NFNL_MSG_BATCH_BEGIN' /run/trace || true
}

# What both backends are asked, in their own words.
rules() { # what stands of ours
        case $BACKEND in
        iptables) { iptables-legacy-save && ip6tables-legacy-save; } | grep -F nbox || true ;;
        nft) { nft list table ip nbox; nft list table ip6 nbox; } 2>/dev/null || true ;;
        esac
}

without() { # guard|inner|masquerade [6]: the proof that it is this rule that does it
        case $BACKEND.$1 in
        iptables.guard) "ip${2-}tables-legacy" -t mangle -F NBOX-GUARD ;;
        iptables.inner) "ip${2-}tables-legacy" -t mangle -F NBOX-FORWARD ;;
        iptables.masquerade) "ip${2-}tables-legacy" -t nat -F NBOX-POST ;;
        nft.guard) nft flush chain "ip${2-}" nbox guard ;;
        nft.inner) nft flush chain "ip${2-}" nbox forward ;;
        nft.masquerade) nft flush chain "ip${2-}" nbox sources ;;
        esac
}

# What their own tools save, they can restore.
save_and_restore() {
        case $BACKEND in
        iptables)
                iptables-legacy-save | iptables-legacy-restore
                ip6tables-legacy-save | ip6tables-legacy-restore
                ;;
        nft) nft list ruleset >/run/saved && nft flush ruleset && nft -f /run/saved ;;
        esac
}

only_iptables() { [ "$BACKEND" = iptables ] || exit 0; }

# --- tests ----------------------------------------------------------------------------------------------------------

test_inside() {
        local lease address gateway
        lease=$(attach default web m1 keep)
        read -r address gateway _ <<<"$lease"
        has "$(ip -n m1 -o address show dev host0)" "inet $address/22 brd"
        has "$(ip -n m1 link show dev eth0)" ' host0@.*state UP'
        same route "$(ip -n m1 route show default)" "default via $gateway dev host0 proto static "
        has "$(ip -n m1 link show dev lo)" 'LOOPBACK,UP'
        has "$(ip link show dev nbox-web)" 'master nbox0 state UP'
        serve host TCP 6000
        same 'the gateway' "$(ask m1 TCP "$gateway" 6000)" "peer $address"
        detach default web
        as_before
}

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

# A machine's namespace belongs to a user namespace of its own.
test_user_namespace() {
        local pid
        unshare -Urn sleep 60 &
        pid=$!
        for _ in $(seq 100); do [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ] || break; sleep 0.02; done
        "$DRIVE" attach default web "/proc/$pid/ns/net" keep tcp:8080:80
        has "$(nsenter -t $pid -n ip -o address show dev host0)" 'inet 10\.'
        has "$(nsenter -t $pid -n ip link show dev lo)" 'LOOPBACK,UP'
        has "$(nsenter -t $pid -n ip -6 -o address show dev host0)" 'inet6 fd.* nodad'
        kill $pid
        wait $pid || true
        detach default web
        as_before
}

test_outgoing() {
        attach default web m1 keep
        serve out TCP 9000
        serve out UDP 9000
        same tcp "$(ask m1 TCP 203.0.113.2 9000)" 'peer 203.0.113.1'
        same udp "$(ask m1 UDP 203.0.113.2 9000)" 'peer 203.0.113.1'
        # The proof that it is the rule that does it.
        without masquerade
        same 'without the rule' "$(ask m1 TCP 203.0.113.2 9000)" ''
}

test_published() {
        local gateway i
        gateway=$(attach default web m1 keep tcp:8080:80 udp:5353:53 | cut -d' ' -f2)
        attach default db m2 keep
        serve m1 TCP 80
        serve m1 UDP 53
        same outside "$(ask out TCP 203.0.113.1 8080)" 'peer 203.0.113.2'
        same 'outside, udp' "$(ask out UDP 203.0.113.1 5353)" 'peer 203.0.113.2'
        same 'own address' "$(ask host TCP 203.0.113.1 8080)" 'peer 203.0.113.1'
        same loopback "$(ask host TCP 127.0.0.1 8080)" "peer $gateway"
        same 'loopback, udp' "$(ask host UDP 127.0.0.1 5353)" "peer $gateway"
        same 'another of 127/8' "$(ask host TCP 127.1.2.3 8080)" "peer $gateway"
        for i in 1 2 3; do # more than once: a redirect would cut off the second
                same "neighbour, $i" "$(ask m2 TCP 203.0.113.1 8080)" "peer $gateway"
                same "itself, $i" "$(ask m1 TCP 203.0.113.1 8080)" "peer $gateway"
                same "neighbour by the gateway, $i" "$(ask m2 TCP "$gateway" 8080)" "peer $gateway"
        done
        save_and_restore
        same 'outside, restored' "$(ask out TCP 203.0.113.1 8080)" 'peer 203.0.113.2'
        detach default web
        same 'after the end' "$(ask out TCP 203.0.113.1 8080)" ''
        detach default db
        as_before
}

test_range_of_ports() {
        local protocol port
        attach default web m1 keep 8000-8099:9000-9099/tcp 8000-8099:9000-9099/udp >/dev/null
        for protocol in TCP UDP; do
                for port in 9000 9042 9099; do
                        serve m1 $protocol $port
                        same "$protocol $port" "$(ask out $protocol 203.0.113.1 $((port - 1000)))" 'peer 203.0.113.2'
                done
                has "$(ask host $protocol 127.0.0.1 8042)" '^peer 10\.'
        done
        serve m1 TCP 9100
        same 'behind its end' "$(ask out TCP 203.0.113.1 8100)" ''
        [ "$BACKEND" = nft ] || same 'rules a protocol and family' "$(rules | grep -c -- '--to-destination')" 4
        refused "Port 8050/tcp of the host is published by machine 'web'" attach default db m2 keep tcp:8050:80
        refused "Port 8099/udp of the host is published by machine 'web'" attach default db m2 keep 8099-8200:99-200/udp
        lacks "$(rules)" nbox:machine:db
        attach default db m2 keep tcp:8100:80 udp:7999:80 >/dev/null
        detach default web
        detach default db
        as_before
}

test_one_address() {
        ip address add 203.0.113.3/24 dev up0
        snapshot >/run/before
        attach default web m1 keep 203.0.113.1:8080:80 127.0.0.1:8081:80/udp >/dev/null
        serve m1 TCP 80
        serve m1 UDP 80
        same 'its address' "$(ask out TCP 203.0.113.1 8080)" 'peer 203.0.113.2'
        same 'another' "$(ask out TCP 203.0.113.3 8080)" ''
        has "$(ask host UDP 127.0.0.1 8081)" '^peer 10\.'
        same 'loopback alone' "$(ask host UDP 203.0.113.1 8081)$(ask out UDP 203.0.113.1 8081)" ''
        refused "8080/tcp of the host is published by machine 'web'" attach default db m2 keep tcp:8080:80
        attach default db m2 keep 203.0.113.3:8080:80 >/dev/null
        serve m2 TCP 80
        same 'the other address' "$(ask out TCP 203.0.113.3 8080)" 'peer 203.0.113.2'
        refused "8080/tcp of the host is published by machine" attach default mail m3 keep tcp:8080:80
        detach default web
        detach default db
        as_before
}

# A port of the host's 127.0.0.1, for the one machine that it is offered to.
test_host_port() {
        local gateway protocol
        serve host TCP 5432 ,bind=127.0.0.1
        serve host UDP 5432 ,bind=127.0.0.1
        serve host TCP 6001 ,bind=127.0.0.1
        serve host UDP 6002
        gateway=$(attach default web m1 keep host=5432 host=5432:15432/udp host=6000-6009:16000-16009 host=6000-6009:16000-16009/udp | cut -d' ' -f2)
        attach default db m2 keep tcp:8080:80 >/dev/null
        attach other mail m3 keep >/dev/null
        same tcp "$(ask m1 TCP "$gateway" 5432)" 'peer 127.0.0.1'
        same udp "$(ask m1 UDP "$gateway" 15432)" 'peer 127.0.0.1'
        same 'of a range' "$(ask m1 TCP "$gateway" 16001)" 'peer 127.0.0.1'
        same 'a server on all addresses' "$(ask m1 UDP "$gateway" 16002)" 'peer 127.0.0.1'
        same 'not offered' "$(ask m1 TCP "$gateway" 6001)" ''
        for protocol in TCP UDP; do
                same "a neighbour, $protocol" "$(ask m2 $protocol "$gateway" 5432)$(ask m2 $protocol "$gateway" 15432)" ''
                same "another zone, $protocol" "$(ask m3 $protocol "$gateway" 5432)$(ask m3 $protocol "$gateway" 15432)" ''
                same "outside, $protocol" "$(ask out $protocol 203.0.113.1 5432)$(ask out $protocol 203.0.113.1 15432)" ''
        done
        detach default web
        same 'after the end' "$(ask m2 TCP "$gateway" 5432)$(rules | grep -c nbox:machine:web || true)" 0
        detach default db
        detach other mail
        as_before
}

# What is not published is reached by nobody else, even if he knows the way.
test_inner_addresses() {
        local address protocol
        address=$(attach default web m1 keep tcp:8080:80 | cut -d' ' -f1)
        attach other db m3 keep >/dev/null
        attach default near m2 keep >/dev/null
        ip -n out route add 10.0.0.0/8 via 203.0.113.1
        for protocol in TCP UDP; do
                serve m1 $protocol 81
                same "outside, $protocol" "$(ask out $protocol "$address" 81)" ''
                same "another zone, $protocol" "$(ask m3 $protocol "$address" 81)" ''
                has "$(ask m2 $protocol "$address" 81)" '^peer 10\.'
                has "$(ask host $protocol "$address" 81)" '^peer 10\.'
        done
        without inner
        for protocol in TCP UDP; do
                has "outside, without the rule, $protocol: $(ask out $protocol "$address" 81)" 'peer 203.0.113.2'
                has "another zone, without the rule, $protocol: $(ask m3 $protocol "$address" 81)" 'peer 10\.'
        done
}

isolated_zone() { # 0|1: whether the bridge asks iptables about what it bridges
        local address protocol
        sysctl -q "net.bridge.bridge-nf-call-iptables=$1" net.bridge.bridge-nf-call-ip6tables=0
        mkdir -p /var/lib/nbox/zones
        echo isolated >/var/lib/nbox/zones/cell
        address=$(attach cell web m1 keep tcp:8080:80 udp:8080:80 | cut -d' ' -f1)
        attach cell db m2 keep >/dev/null
        attach other mail m3 keep >/dev/null
        serve out TCP 9000
        same out "$(ask m2 TCP 203.0.113.2 9000)" 'peer 203.0.113.1'
        for protocol in TCP UDP; do
                serve m1 $protocol 80
                same "its neighbour, $protocol" "$(ask m2 $protocol "$address" 80)" ''
                # By way of the host, which would route it back.
                ip -n m2 route add "$address" via "$(ip -n m2 route show default | cut -d' ' -f3)" dev host0
                same "its neighbour by the gateway, $protocol" "$(ask m2 $protocol "$address" 80)" ''
                ip -n m2 route del "$address"
                has "published, its neighbour, $protocol: $(ask m2 $protocol 203.0.113.1 8080)" 'peer 10\.'
                has "published, itself, $protocol: $(ask m1 $protocol 203.0.113.1 8080)" 'peer 10\.'
                has "published, another zone, $protocol: $(ask m3 $protocol 203.0.113.1 8080)" 'peer 10\.'
                same "published, outside, $protocol" "$(ask out $protocol 203.0.113.1 8080)" 'peer 203.0.113.2'
        done
        [ "$1" = 0 ] || has "$(nft list tables)" 'table bridge nbox'
        detach other mail
        detach cell db
        detach cell web
        as_before
}

test_isolated_zone() {
        isolated_zone 0
}

test_isolated_zone_with_br_netfilter() {
        isolated_zone 1
}

# Docker comes while they run.
test_br_netfilter_comes_later() {
        local address
        sysctl -q net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
        mkdir -p /var/lib/nbox/zones
        echo isolated >/var/lib/nbox/zones/cell
        address=$(attach cell web m1 keep tcp:8080:80 | cut -d' ' -f1)
        attach cell db m2 keep >/dev/null
        serve m1 TCP 80
        lacks "$(nbox network status)" missing
        sysctl -q net.bridge.bridge-nf-call-iptables=1
        same 'before' "$(ask m2 TCP 203.0.113.1 8080)" ''
        has "$(nbox network status)" "missing: table 'bridge nbox'"
        nbox network repair >/dev/null
        has "published: $(ask m2 TCP 203.0.113.1 8080)" 'peer 10\.'
        has "published, itself: $(ask m1 TCP 203.0.113.1 8080)" 'peer 10\.'
        same inner "$(ask m2 TCP "$address" 80)" ''
        detach cell db
        detach cell web
        as_before
}

# The proof that it is the rules, and that they close rather than open when br_netfilter goes away.
test_isolation_is_by_rules() {
        local address
        sysctl -q net.bridge.bridge-nf-call-iptables=1
        mkdir -p /var/lib/nbox/zones
        echo isolated >/var/lib/nbox/zones/cell
        address=$(attach cell web m1 keep tcp:8080:80 | cut -d' ' -f1)
        attach cell db m2 keep >/dev/null
        serve m1 TCP 80
        sysctl -q net.bridge.bridge-nf-call-iptables=0
        same 'br_netfilter is off' "$(ask m2 TCP "$address" 80)" ''
        nft delete table bridge nbox
        ip -n m2 neigh flush dev host0
        has "without the table: $(ask m2 TCP "$address" 80)" 'peer 10\.'
}

test_closed_zone() {
        local protocol
        mkdir -p /var/lib/nbox/zones
        echo closed >/var/lib/nbox/zones/cell
        attach cell web m1 keep tcp:8080:80 udp:8080:80 >/dev/null
        attach cell db m2 keep >/dev/null
        attach default mail m3 keep tcp:8081:80 udp:8081:80 >/dev/null
        for protocol in TCP UDP; do
                serve out $protocol 9000
                serve m1 $protocol 80
                serve m3 $protocol 80
                same "no way out, $protocol" "$(ask m1 $protocol 203.0.113.2 9000)" ''
                same "nor to another zone, $protocol" "$(ask m1 $protocol 203.0.113.1 8081)" ''
                same "published, $protocol" "$(ask out $protocol 203.0.113.1 8080)" 'peer 203.0.113.2'
                has "$(ask m2 $protocol 203.0.113.1 8080)" '^peer 10\.'
        done
        without inner
        for protocol in TCP UDP; do
                same "without the rule, $protocol" "$(ask m1 $protocol 203.0.113.2 9000)" 'peer 203.0.113.1'
        done
}

# --- IPv6 -----------------------------------------------------------------------------------------------------------

address6() { awk '{ print $4 }'; }  # of what attach prints
gateway6() { awk '{ print $5 }'; }
way_to() { ip -n out -6 route add "$1" via 2001:db8:51::1; } # PREFIX: the world outside sends it to the host

test_outgoing_ipv6() {
        local protocol
        attach default web m1 keep
        for protocol in TCP6 UDP6; do
                serve out $protocol 9000
                has "$(ask m1 $protocol '[2001:db8:51::2]' 9000)" "^peer $HOST6\$"
        done
        without masquerade 6
        same 'without the rule' "$(ask m1 TCP6 '[2001:db8:51::2]' 9000)" ''
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
        same 'after the end' "$(ask out TCP6 '[2001:db8:51::1]' 8080)" ''
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
        same 'another' "$(ask out TCP6 '[2001:db8:51::3]' 8080)" ''
        same 'the other family' "$(ask out TCP 203.0.113.1 8080)$(ask out TCP6 '[2001:db8:51::1]' 8081)" ''
        lacks "$(rules)" 8082
        same 'all of the other' "$(ask out TCP6 '[2001:db8:51::1]' 8083)$(ask out TCP 203.0.113.1 8084)" ''
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
                same "outside, $protocol" "$(ask out $protocol "[$address]" 81)" ''
                same "another zone, $protocol" "$(ask m3 $protocol "[$address]" 81)" ''
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
                same "its neighbour, $protocol" "$(ask m2 $protocol "[$address]" 80)" ''
                # By way of the host, which would route it back.
                ip -n m2 -6 route add "$address" via "$(ip -n m2 -6 route show default | cut -d' ' -f3)" dev host0
                same "its neighbour by the gateway, $protocol" "$(ask m2 $protocol "[$address]" 80)" ''
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
        local range address gateway service n
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
        same 'what the service asks' "$(ask m3 UDP6 "[$address]" 99)" ''
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
                same "no way out, $protocol" "$(ask m1 $protocol '[2001:db8:51::2]' 9000)" ''
                same "nor to another zone, $protocol" "$(ask m1 $protocol '[2001:db8:51::1]' 8081)" ''
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
                same "at its address, a closed zone, $protocol" "$(ask m3 $protocol "[$address]" 80)" ''
                same "not published, $protocol" "$(ask out $protocol "[$address]" 81)$(ask m2 $protocol "[$address]" 81)" ''
        done
        serve m1 TCP6 85
        has "$(ask out TCP6 '[2001:db8:51::1]' 8085)" "^peer $OUT6\$"
        same 'published on one address of the host' "$(ask out TCP6 "[$address]" 85)" ''
        save_and_restore
        lacks "$(nbox network status)" missing
        "$DRIVE" publish web 8081:81
        has "published by hand: $(ask out TCP6 "[$address]" 81)" "peer $OUT6"
        "$DRIVE" unpublish web 8081:81
        same 'and no more' "$(ask out TCP6 "[$address]" 81)" ''
        without inner 6
        has "without the rule: $(ask out TCP6 "[$address]" 81)" "peer $OUT6"
        nbox network repair >/dev/null
        same 'mended' "$(ask out TCP6 "[$address]" 81)" ''
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
        for _ in $(seq 100); do ip -n m1 address show dev host0 | grep -q tentative || break; sleep 0.05; done
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
                for _ in $(seq 100); do [ -z "$(ip netns exec $zone ss -Hlnt)" ] || break; sleep 0.02; done
        done
        same 'what is published' "$(ip netns exec m3 timeout 5 socat -u 'TCP6:[2001:db8:51::1]:8080' - | wc -c)" 100000
        same 'in a closed zone' "$(ip netns exec m3 timeout 5 socat -u 'TCP6:[2001:db8:51::1]:8081' - | wc -c)" 100000
        ip netns exec m1 timeout 5 socat -u OPEN:/run/much,rdonly 'TCP6:[2001:db8:52::2]:9000'
        for _ in $(seq 100); do [ "$(stat -c %s /run/came || echo 0)" -lt 100000 ] || break; sleep 0.02; done
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

# --- what is told and mended ----------------------------------------------------------------------------------------

# mended PATTERN COMMAND…: what the command takes away is missed by name, and comes back; the rest stays.
mended() {
        local pattern=$1
        shift
        "$@"
        has "$(nbox network status)" "missing: $pattern"
        nbox network repair >/dev/null
        lacks "$(nbox network status)" missing
        same "after '$*'" "$(rules | grep -v '^[#:*]' | sort | md5sum)" "$whole"
        same 'published' "$(ask out TCP 203.0.113.1 8080)" 'peer 203.0.113.2'
}

test_missing_rules_are_mended() {
        local whole chain
        attach default web m1 keep tcp:8080:80 udp:8080:80 host=5432 >/dev/null
        attach other db m3 keep 203.0.113.1:5432:5432 >/dev/null
        serve m1 TCP 80
        whole=$(rules | grep -v '^[#:*]' | sort | md5sum)
        lacks "$(nbox network status)" missing
        case $BACKEND in
        iptables)
                for chain in PORTS HOST LOCAL POST; do mended '(zone|machine)' iptables-legacy -t nat -F "NBOX-$chain"; done
                for chain in GUARD FORWARD; do mended 'zone' iptables-legacy -t mangle -F "NBOX-$chain"; done
                mended "machine 'db'" iptables-legacy -t nat -D NBOX-PORTS "$(iptables-legacy -t nat -S NBOX-PORTS | grep -n :5432 | cut -d: -f1 | awk '{ print $1 - 1 }')"
                mended "table 'nat'" iptables-legacy -t nat -F OUTPUT
                mended "table 'mangle'" iptables-legacy -t mangle -F FORWARD
                for chain in PORTS POST; do mended '(zone|machine)' ip6tables-legacy -t nat -F "NBOX-$chain"; done
                for chain in GUARD FORWARD; do mended 'zone' ip6tables-legacy -t mangle -F "NBOX-$chain"; done
                mended "table 'nat \(IPv6\)'" ip6tables-legacy -t nat -F OUTPUT
                mended "table 'mangle \(IPv6\)'" ip6tables-legacy -t mangle -F FORWARD
                ;;
        nft)
                mended "table 'ip nbox'" nft flush ruleset
                for chain in guard published incoming outgoing local sources within_isolated forward; do
                        mended "table 'ip nbox'" nft flush chain ip nbox $chain
                done
                mended "table 'ip6 nbox'" nft delete table ip6 nbox
                for chain in guard published incoming outgoing sources within_isolated forward; do
                        mended "table 'ip6 nbox'" nft flush chain ip6 nbox $chain
                done
                mended "machine 'web'" nft flush map ip6 nbox udp_ports
                mended "zone 'other'" nft delete element ip6 nbox guarded '{ "nz-other" }'
                mended "machine 'db'" nft delete element ip nbox tcp_ports_at '{ 203.0.113.1 . 5432 }'
                mended "machine 'web'" nft flush map ip nbox udp_ports
                mended "zone 'other'" nft delete element ip nbox bridges '{ "nz-other" }'
                mended "zone 'default'" nft flush set ip nbox ranges
                ;;
        esac
        detach other db
        detach default web
        as_before
}

# What is configured while machines run is said, and done when that is asked for.
test_backend_is_changed() {
        local other=nft
        [ "$BACKEND" = iptables ] || other=iptables
        attach default web m1 keep tcp:8080:80 >/dev/null
        serve m1 TCP 80
        printf '[Host]\nFirewall=%s\n' "$other" >/etc/nbox.conf
        attach default db m2 keep tcp:8081:80 >/dev/null
        same 'in use' "$(cat /run/nbox/network/firewall)" "$BACKEND"
        has "$(nbox info)" "$BACKEND \(in use; .nbox network repair. changes it to $other: /etc/nbox.conf\)"
        has "$(nbox network status)" "a change from $BACKEND to $other"
        nbox network repair >/dev/null
        same 'then' "$(cat /run/nbox/network/firewall)" "$other"
        has "$(nbox info)" "$other \(/etc/nbox.conf\)"
        lacks "$(rules)" nbox:
        same published "$(ask out TCP 203.0.113.1 8080)" 'peer 203.0.113.2'
        has "$(ask host TCP 127.0.0.1 8080)" '^peer 10\.'
        detach default web
        detach default db
        as_before
}

test_host_settings() {
        printf '[Host]\nFirewall=pf\n' >/etc/nbox.conf
        refused "/etc/nbox.conf:2: Firewall=: 'pf' is not one of auto, iptables or nft" attach default web m1 keep
        as_before
        printf '[Host]\nFirewal=nft\n' >/etc/nbox.conf
        has "$(attach default web m1 keep 2>&1)" 'unknown key Firewal in section \[Host\] \(did you mean Firewall\?\), ignoring'
        detach default web
}

# CVE-2020-8558: with route_localnet, whatever listens on the host's 127.0.0.1 is open to machines.
test_loopback_is_guarded() {
        local gateway
        gateway=$(attach default web m1 keep tcp:8080:80 | cut -d' ' -f2)
        serve host TCP 6000 ,bind=127.0.0.1
        ip -n m1 address del 127.0.0.1/8 dev lo
        ip netns exec m1 sysctl -q net.ipv4.conf.host0.route_localnet=1
        ip -n m1 route add 127.0.0.1 via "$gateway" dev host0
        same guarded "$(ask m1 TCP 127.0.0.1 6000)" ''
        # The attack works where the guard is away: so it is the guard that stops it.
        without guard
        has "$(ask m1 TCP 127.0.0.1 6000)" '^peer '
}

test_forward_drop() {
        iptables-legacy -P FORWARD DROP
        iptables-legacy -A FORWARD -s 192.0.2.1 -j ACCEPT
        snapshot >/run/before
        attach default web m1 keep tcp:8080:80
        attach default db m2 keep
        serve m1 TCP 80
        serve m2 TCP 80
        serve out TCP 9000
        same outgoing "$(ask m1 TCP 203.0.113.2 9000)" 'peer 203.0.113.1'
        same published "$(ask out TCP 203.0.113.1 8080)" 'peer 203.0.113.2'
        has "$(ask host TCP 127.0.0.1 8080)" '^peer 10\.'
        has "$(ask m2 TCP 203.0.113.1 8080)" '^peer 10\.'
        # What is not published stays closed to the outside.
        ip -n out route add 10.0.0.0/8 via 203.0.113.1
        same unpublished "$(ask out TCP "$(sed -n 's/machine db //p' /var/lib/nbox/zones/default)" 80)" ''
        detach default web
        detach default db
        as_before
}

# The doors of doors.h: what the others' rules were before, they are again; the counters of packets do not count.
rules_of_others() {
        {
                nft list ruleset
                iptables-legacy-save | sed -nE '/^-A|^:[^ ]+ DROP/p'
        } | sed -E '/NBOX|nbox/d; s/(packets|bytes) [0-9]+/\1 N/g; s/\[[0-9:]+\]//'
}

reached() { # out of the machine m1, and its published port from outside and from the host's loopback
        same outgoing "$(ask m1 TCP 203.0.113.2 9000)" 'peer 203.0.113.1'
        same published "$(ask out TCP 203.0.113.1 8080)" 'peer 203.0.113.2'
        has "$(ask host TCP 127.0.0.1 8080)" '^peer 10\.'
}

serve_both() {
        serve m1 TCP 80
        serve out TCP 9000
}

# with_doors COMMAND…: with that ruleset of somebody's, all is reached, and afterwards it is as before.
with_doors() {
        local before
        "$@"
        before=$(rules_of_others)
        attach default web m1 keep tcp:8080:80
        serve_both
        reached
        attach default db m2 keep
        detach default db
        reached
        detach default web
        same 'rules afterwards' "$(rules_of_others)" "$before"
        lacks "$(nft list ruleset)" nbox:zone
}

own_chain() { # FAMILY
        nft -f - <<EOF
table $1 mine {
        chain forward {
                type filter hook forward priority 10; policy drop;
                ct state established,related counter accept
                ip saddr 192.0.2.1 accept
        }
}
EOF
}

test_door_in_an_own_chain() {
        with_doors own_chain ip
}

test_door_in_an_own_chain_of_inet() {
        with_doors own_chain inet
}

# The policy lets pass, a rule does not.
own_reject() {
        nft -f - <<'EOF'
table inet mine {
        chain forward {
                type filter hook forward priority 0; policy accept;
                ct state established,related counter accept
                meta l4proto tcp reject with tcp reset
                counter drop
        }
}
EOF
}

test_door_before_a_reject() {
        with_doors own_reject
}

own_jump() {
        nft -f - <<'EOF'
table ip mine {
        chain others { counter drop; }
        chain forward {
                type filter hook forward priority 0;
                iifname vmap { "lo" : accept, "nbox0" : jump others }
                jump others
        }
}
EOF
}

test_door_before_a_jump() {
        with_doors own_jump
}

test_door_in_iptables_nft() {
        with_doors eval 'iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -s 192.0.2.1 -j ACCEPT'
        # As their owner sees it, saves it and loads it again.
        attach default web m1 keep tcp:8080:80
        has "$(iptables-nft -S FORWARD)" '-A FORWARD -i nbox0 -m comment --comment "nbox:zone:default" -j ACCEPT'
        has "$(iptables-nft -S FORWARD)" '-A FORWARD -o nbox0 -m comment --comment "nbox:zone:default" -j ACCEPT'
        iptables-nft-save | iptables-nft-restore
        reached
        attach default db m2 keep
        same 'rules of ours' "$(iptables-nft -S FORWARD | grep -c nbox:zone)" 2
        detach default db
        detach default web
        lacks "$(iptables-nft -S)" nbox
}

test_door_of_docker_20() {
        with_doors docker_20
        attach default web m1 keep tcp:8080:80
        same 'where it stands' "$(iptables-nft -S | grep nbox:zone | cut -d' ' -f2 | sort -u)" DOCKER-USER
        # Docker starts anew: it keeps its chain for others and writes the rest once more.
        iptables-nft -D FORWARD -j DOCKER-USER
        iptables-nft -D FORWARD -j DOCKER-ISOLATION-STAGE-1
        iptables-nft -I FORWARD -j DOCKER-ISOLATION-STAGE-1
        iptables-nft -I FORWARD -j DOCKER-USER
        reached
        detach default web
}

test_door_of_docker_28() {
        with_doors docker_28
}

# Docker comes after the first machine: the next one moves the door, the old place is left clean.
test_door_when_docker_comes_later() {
        iptables-nft -P FORWARD DROP
        attach default web m1 keep tcp:8080:80
        serve_both
        iptables-nft -N DOCKER-USER
        iptables-nft -A DOCKER-USER -j RETURN
        iptables-nft -N DOCKER-FORWARD
        iptables-nft -A DOCKER-FORWARD -j DROP
        iptables-nft -I FORWARD -j DOCKER-FORWARD
        iptables-nft -I FORWARD -j DOCKER-USER
        same 'shut in again' "$(ask m1 TCP 203.0.113.2 9000)" ''
        attach default db m2 keep
        reached
        same 'where it stands' "$(iptables-nft -S | grep nbox:zone | cut -d' ' -f2 | sort -u)" DOCKER-USER
        detach default db
        detach default web
}

test_door_after_a_flush() {
        iptables-nft -P FORWARD DROP
        attach default web m1 keep tcp:8080:80
        serve_both
        iptables-nft -F
        same 'flushed' "$(ask m1 TCP 203.0.113.2 9000)" ''
        attach default db m2 keep
        reached
        detach default db
        detach default web
}

doors_of() { # ZONE: rules of it in others' rulesets
        {
                nft list table inet mine
                nft list table ip filter
                iptables-legacy-save -t filter
        } | grep -c "nbox:zone:$1" || true
}

# What a crash left is found by its name.
test_doors_are_swept() {
        own_chain inet
        iptables-nft -P FORWARD DROP
        iptables-legacy -P FORWARD DROP
        attach default web m1 keep
        attach lab db m2 keep
        same 'doors in three rulesets' "$(doors_of default)" 6
        ip link delete nbox0
        ip netns delete m1
        "$DRIVE" sweep db
        same 'of the dead zone' "$(doors_of default)" 0
        same 'of the living' "$(doors_of lab)" 6
        detach lab db
        lacks "$({ nft list ruleset; iptables-legacy-save; } | grep -v '^#')" nbox:
}

# Where nobody drops, nobody's rules are touched.
test_door_only_where_needed() {
        iptables-nft -A FORWARD -s 192.0.2.1 -j ACCEPT
        nft add table ip mine
        nft add chain ip mine forward '{ type filter hook forward priority 0; }'
        nft add rule ip mine forward ct state established counter accept
        attach default web m1 keep tcp:8080:80
        lacks "$(nft list table ip mine; nft list table ip filter)" nbox:zone
        detach default web
}

# A table that its program keeps to itself, as nft does while it runs: said by name.
test_door_in_an_owned_table() {
        coproc NFT { nft -i; }
        echo 'add table ip kept { flags owner; }; add chain ip kept forward { type filter hook forward priority 0; policy drop; }' >&"${NFT[1]}"
        for _ in $(seq 100); do nft list chain ip kept forward >/dev/null 2>&1 && break; sleep 0.02; done
        has "$(attach default web m1 keep 2>&1)" "chain 'forward' of the nftables table 'ip kept' .*keeps it to itself"
        detach default web
}

test_foreign_rules() {
        iptables-legacy -t nat -N FOREIGN
        iptables-legacy -t nat -A PREROUTING -j FOREIGN
        iptables-legacy -t nat -A FOREIGN -p tcp --dport 1 -m comment --comment 'nbox:machine:web' -j RETURN
        iptables-legacy -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE
        iptables-legacy -t raw -A OUTPUT -p udp --dport 9 -j NOTRACK
        iptables-legacy -A INPUT -p tcp --dport 2 -j REJECT
        nft add table ip theirs
        nft add chain ip theirs postrouting '{ type nat hook postrouting priority 100; }'
        nft add rule ip theirs postrouting ip saddr 192.0.2.0/24 masquerade comment '"nbox:machine:web"'
        nft add table bridge theirs
        snapshot >/run/before
        attach default web m1 keep tcp:8080:80
        iptables-legacy -t nat -A POSTROUTING -s 198.51.100.0/24 -j MASQUERADE
        detach default web
        iptables-legacy -t nat -D POSTROUTING -s 198.51.100.0/24 -j MASQUERADE
        as_before
}

test_commits() {
        local tables=1 nat=1
        [ "$BACKEND" = nft ] || tables=4 nat=2 # mangle and nat of each family
        same 'first machine' "$(commits "$DRIVE" attach default web /run/netns/m1 keep tcp:8080:80 udp:53:53)" $tables
        same 'without ports' "$(commits "$DRIVE" attach default db /run/netns/m2 keep)" 0
        same 'a third' "$(commits "$DRIVE" attach default mail /run/netns/m3 keep tcp:25:25)" $nat
        ip -n m1 link del host0
        same 'the first again' "$(commits "$DRIVE" attach default web /run/netns/m1 keep tcp:8080:80 udp:53:53)" 0
        same 'end of one without ports' "$(commits "$DRIVE" detach default db)" 0
        same 'end of one' "$(commits "$DRIVE" detach default mail)" $nat
        # Of a host without IPv6 nothing of it is asked.
        detach default web
        echo IPv6=no >>/etc/nbox.conf
        same 'without IPv6' "$(commits "$DRIVE" attach default web /run/netns/m1 keep tcp:8080:80)" $((tables > 1 ? 2 : 1))
        lacks "$(cat /run/trace)" 'libip6tc'
}

test_addresses_are_kept() {
        local web once other
        web=$(attach default web m1 keep | cut -d' ' -f1)
        once=$(attach default once m2 once | cut -d' ' -f1)
        lacks "$(cat /var/lib/nbox/zones/default)" once
        detach default web
        detach default once
        same 'the name is kept' "$(attach default web m1 keep | cut -d' ' -f1)" "$web"
        detach default web
        as_before
        # An address that a running machine has is not given to another, remembered or not.
        attach default once m2 once >/dev/null
        sed -i "s/^machine web .*/machine web $once/" /var/lib/nbox/zones/default
        sed -i '/^machine/d' /var/lib/nbox/zones/default
        other=$(attach default o m1 keep | cut -d' ' -f1)
        [ "$other" != "$once" ] || fail "$other twice"
}

test_twenty_at_once() {
        local i pids
        for i in $(seq 20); do ip netns add "c$i"; done
        for _ in 1 2; do
                pids=()
                for i in $(seq 20); do
                        attach default "c$i" "c$i" "$([ $((i % 2)) = 0 ] && echo keep || echo once)" "tcp:$((7000 + i)):80" >"/run/lease.$i" &
                        pids+=($!)
                done
                for i in "${pids[@]}"; do wait "$i"; done
                same addresses "$(cut -d' ' -f1 /run/lease.* | sort -u | wc -l)" 20
                same 'rules of both families' "$(rules | grep -Eo '(--to-destination|: (10\.[0-9.]+|fd[0-9a-f:]+) \.) ' | wc -l)" 40
                pids=()
                for i in $(seq 20); do
                        detach default "c$i" &
                        pids+=($!)
                done
                for i in "${pids[@]}"; do wait "$i"; done
                as_before
        done
}

# One goes as the next comes: its bridge must not be removed under it.
test_last_and_next() {
        local i
        attach default a m1 keep >/dev/null
        serve host TCP 6000
        for i in $(seq 15); do
                detach default a & attach default b m2 keep >/dev/null
                wait $!
                has "$(ask m2 TCP "$(ip -n m2 route show default | cut -d' ' -f3)" 6000)" '^peer 10'
                detach default b & attach default a m1 keep >/dev/null
                wait $!
                has "$(ask m1 TCP "$(ip -n m1 route show default | cut -d' ' -f3)" 6000)" '^peer 10'
        done
        detach default a
        as_before
}

# killed_at CALL N COMMAND…: succeeds when the command comes to its end before its Nth call of that name.
killed_at() {
        local call=$1 n=$2
        shift 2
        { strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" "$@"; } >/dev/null 2>&1
}

# Killed at each step in turn; then a sweep, as the next nbox does it.
test_killed_anywhere() {
        local call n
        local sendmsg= # libnftables' way of changing rules, as setsockopt is libiptc's
        [ "$BACKEND" = iptables ] || sendmsg=sendmsg
        for call in sendto $sendmsg setsockopt openat renameat mkdir flock write; do
                for n in $(seq 120); do
                        rm -f /var/lib/nbox/zones/*
                        if killed_at "$call" "$n" "$DRIVE" attach default web /run/netns/m1 keep tcp:8080:80; then
                                detach default web
                                break
                        fi
                        "$DRIVE" sweep
                        as_before || fail "killed at $call number $n"
                done
                [ "$n" -gt 1 ] && [ "$n" -lt 120 ] || fail "$call: $n steps"
        done
        for call in sendto $sendmsg setsockopt openat unlinkat; do
                for n in $(seq 120); do
                        attach default web m1 keep tcp:8080:80 >/dev/null
                        ! killed_at "$call" "$n" "$DRIVE" detach default web || break
                        "$DRIVE" sweep
                        as_before || fail "killed at $call number $n of the end"
                done
                [ "$n" -gt 1 ] && [ "$n" -lt 120 ] || fail "$call: $n steps of the end"
        done
}

# Ports by hand: what a crash leaves is mended by the next change, and gone with the machine.
test_change_killed_anywhere() {
        local call how n
        for how in publish unpublish; do
                for call in sendto $([ "$BACKEND" = iptables ] || echo sendmsg) setsockopt openat renameat; do
                        for n in $(seq 90); do
                                attach default web m1 keep tcp:8080:80 tcp:8081:80 >/dev/null
                                [ "$how" = publish ] || "$DRIVE" publish web 8082:80
                                if killed_at "$call" "$n" "$DRIVE" "$how" web 8082:80; then
                                        detach default web
                                        break
                                fi
                                "$DRIVE" publish web 8083:80
                                has "$(rules)" 8083
                                lacks "$(grep -c . /run/nbox/network/machines/web)" '^0$'
                                # What stands is what is written, in each family.
                                same "8082 after a kill at $call number $n of $how" "$(rules | grep -c 8082)" \
                                        $((2 * $(grep -c '^Port=tcp:8082' /run/nbox/network/machines/web || true)))
                                detach default web
                                as_before || fail "killed at $call number $n of $how"
                        done
                        [ "$n" -gt 1 ] && [ "$n" -lt 90 ] || fail "$call: $n steps of $how"
                done
        done
}

# A range is one rule of the legacy tables, and one command of nft's; either is quick.
test_a_range_is_one_rule() {
        local before after i nat=1
        [ "$BACKEND" = nft ] || nat=2
        attach default web m1 keep tcp:8080:80
        before=$(rules | grep -c nbox:machine:web)
        detach default web
        attach default web m1 keep tcp:10000-10999:20000-20999 udp:10000-10999:20000-20999
        after=$(rules | grep -c nbox:machine:web)
        [ "$BACKEND" = nft ] || same 'rules of 1,000 ports, tcp and udp' "$after" "$((before * 2))"
        serve m1 TCP 20042
        serve m1 UDP 20999
        same 'inside the range' "$(ask out TCP 203.0.113.1 10042)" 'peer 203.0.113.2'
        same 'its end, udp' "$(ask out UDP 203.0.113.1 10999)" 'peer 203.0.113.2'
        same 'commits of another range' "$(commits "$DRIVE" publish web 30000-30999:1000)" $nat
        "$DRIVE" unpublish web 10000-10999:20000
        same 'taken back' "$(ask out TCP 203.0.113.1 10042)" ''
        same 'the other protocol' "$(ask out UDP 203.0.113.1 10999)" 'peer 203.0.113.2'
        detach default web
        as_before
}

# All zones of a machine are entered by one commit a table, and its links found by whoever sweeps.
test_several_zones() {
        local leases name
        leases=$(attach front+back+front web m1 keep tcp:8080:80)
        same links "$(wc -l <<<"$leases")" 3
        for name in host0 host1 host2; do
                has "$(ip -n m1 -o address show dev $name)" 'inet 1'
                has "$(ip -n m1 -6 -o address show dev $name)" 'inet6 fd.* nodad'
        done
        has "$(ip -n m1 link show dev eth2)" ' host2@'
        same 'default routes' "$(ip -n m1 route show default | grep -c 'dev host0 ')" 1
        same 'those of IPv6' "$(ip -n m1 -6 route show default | grep -c 'dev host0 ')" 1
        same 'in front' "$(ip -o link show master nz-front | grep -c 'altname nbox-web')" 2
        same 'a neighbour in both' "$(commits "$DRIVE" attach back+front db /run/netns/m2 keep)" 0
        serve m1 TCP 80
        same 'by the second zone' "$(ask m2 TCP "$(sed -n '2s/ .*//p' <<<"$leases")" 80)" "peer $(ip -n m2 -o -4 address show dev host0 | sed 's/.*inet \([0-9.]*\).*/\1/')"
        "$DRIVE" sweep db
        lacks "$(ip link)" nbox-web
        lacks "$(rules)" nbox:machine:web
        has "$(ip link)" nbox-db_1
        detach any db
        as_before
}

test_sweep_spares_the_living() {
        attach default web m1 keep tcp:8080:80
        attach default db m2 keep tcp:5432:5432
        "$DRIVE" sweep web
        has "$(rules)" nbox:machine:web
        lacks "$(rules)" nbox:machine:db
        has "$(ip link)" nbox-web
        lacks "$(ip link)" nbox-db
        "$DRIVE" sweep
        as_before
}

# A machine that died with its supervisor: its namespace is gone, its rules are not.
test_dead_machine_is_no_obstacle() {
        attach default web m1 keep tcp:8080:80
        attach default db m2 keep
        ip netns del m1
        for _ in $(seq 100); do ip link show nbox-web >/dev/null 2>&1 || break; sleep 0.05; done
        attach default other m3 keep tcp:8080:80
        lacks "$(rules)" nbox:machine:web
        # The link of a dead machine of the same name, whose namespace somebody still holds.
        ip -n m2 link set host0 name old0
        ip -n m2 link property del dev old0 altname eth0
        attach default db m2 keep
        same links "$(ip -o -n m2 link | grep -c veth)$(ip -n m2 -o link | grep -c host0)" 01
}

test_busy_ports() {
        serve host TCP 8080 ,bind=127.0.0.1
        serve host UDP 5353
        serve host TCP6 8443
        refused '8080/tcp of the host is used by socat \(pid [0-9]+\)' attach default web m1 keep tcp:8080:80
        refused '5353/udp of the host is used by socat' attach default web m1 keep udp:5353:53
        refused '8443/tcp of the host is used by socat' attach default web m1 keep tcp:8443:53
        refused 'published twice' attach default web m1 keep tcp:81:80 tcp:81:82
        as_before
        attach default web m1 keep udp:8080:80 tcp:5353:53
        refused "8080/udp of the host is published by machine 'web'" attach default db m2 keep udp:8080:80
        lacks "$(ip link)" nbox-db
        # A range is busy where one of it is; what listens on another address is in nobody's way.
        refused 'Port 8080/tcp of the host is used by socat' attach default db m2 keep tcp:8000-8999:1000-1999
        refused 'Port 127.0.0.1:8080/tcp of the host is used by socat' attach default db m2 keep tcp:127.0.0.1:8080:80
        refused 'Port 203.0.113.1:8443/tcp of the host is used by socat' attach default db m2 keep tcp:203.0.113.1:8443:80
        # Its own end of a connection is no service of the host's.
        serve out TCP 9000
        (sleep 3 | socat - TCP:203.0.113.2:9000,sourceport=4444 >/dev/null) &
        sleep 0.3
        attach default db m2 keep tcp:4444:80
        detach default web
        detach default db
}

test_ranges() {
        local range
        attach default web m1 keep >/dev/null
        attach other db m2 keep >/dev/null
        [ "$(sed -n 's/range //p' /var/lib/nbox/zones/default)" != "$(sed -n 's/range //p' /var/lib/nbox/zones/other)" ]
        has "$(ip link)" ' nz-other:'
        detach default web
        lacks "$(ip link)" ' nbox0:'
        detach other db
        as_before
        rm /var/lib/nbox/zones/*
        # The two halves by which VPN clients take everything are no reason to give up.
        ip route add 0.0.0.0/1 dev up0
        ip route add 128.0.0.0/1 dev up0
        ip route add 10.0.0.0/8 dev up0
        ip route add 172.16.0.0/13 dev up0 table 77
        attach default web m1 keep >/dev/null
        detach default web
        range=$(sed -n 's/range //p' /var/lib/nbox/zones/default)
        has "$range" '^172\.(2[4-9]|3[01])\.'
        # Kept, and met by a route that came later.
        ip route add 172.24.0.0/13 dev up0
        refused "range $range of the zone 'default' meets the host's route to 172.24.0.0/13 on up0" attach default web m1 keep
        refused 'nbox zone move default' attach default web m1 keep
        rm /var/lib/nbox/zones/default
        ip address add 192.168.1.1/16 dev up0
        refused 'No private range is free' attach default web m1 keep
        ip address del 192.168.1.1/16 dev up0
        attach default web m1 keep | grep -q '^192\.168\.'
        # Chosen by hand.
        detach default web
        echo 'range 100.64.7.0/24' >/var/lib/nbox/zones/default
        attach default web m1 keep | grep -q '^100\.64\.7\.'
        echo 'range 100.64.7.0' >/var/lib/nbox/zones/default
        refused '/var/lib/nbox/zones/default:1: not a line' attach default db m2 keep
}

test_forwarding() {
        sysctl -q net.ipv4.ip_forward=1
        attach default web m1 keep >/dev/null
        detach default web
        same 'it was on' "$(cat /proc/sys/net/ipv4/ip_forward)" 1
        sysctl -q net.ipv4.ip_forward=0
        attach default web m1 keep >/dev/null
        same 'while up' "$(cat /proc/sys/net/ipv4/ip_forward)" 1
        ip link add docker0 type bridge
        detach default web
        same 'another may rely on it' "$(cat /proc/sys/net/ipv4/ip_forward)" 1
}

test_bad_names() {
        local name
        for name in '' .. a/b $'a\nb' $'a\e[31m' 'a b' -a "$(printf 'x%.0s' {1..65})"; do
                refused 'not a machine name' attach default "$name" m1 keep
        done
        for name in '' .. a/b $'a\nb' abcdefghijklm; do
                refused "not a zone's name" attach "$name" web m1 keep
        done
        attach abcdefghijkl web m1 keep
        detach abcdefghijkl web
        as_before
}

# Without a word in the configuration: the legacy tables where the kernel has them, else nft.
test_no_legacy_tables() {
        only_iptables
        rm /etc/nbox.conf
        has "$(nbox info)" 'iptables \(legacy tables\)'
        has "$(strace -f -qq -o /dev/null -e trace=getsockopt -e inject=getsockopt:error=ENOPROTOOPT nbox info)" 'nft \(no legacy tables\)'
        same 'what is only looked at is not made' "$(cat /proc/net/ip_tables_names)" ''
        printf '[Host]\nFirewall=iptables\n' >/etc/nbox.conf
        refused "no legacy iptables table 'mangle'" without_legacy_tables attach default web /run/netns/m1 keep
        refused 'Firewall=auto' without_legacy_tables attach default web /run/netns/m1 keep
        as_before
        rm /etc/nbox.conf
        without_legacy_tables attach default web /run/netns/m1 keep tcp:8080:80
        serve m1 TCP 80
        same published "$(ask out TCP 203.0.113.1 8080)" 'peer 203.0.113.2'
        same noted "$(cat /run/nbox/network/firewall)" nft
        lacks "$(iptables-legacy-save)" nbox
        # The next one shares it, though there are such tables now.
        attach default db m2 keep tcp:8081:80
        lacks "$(iptables-legacy-save)" nbox
        detach default db
        detach default web
        as_before
}

without_legacy_tables() { # netdrive's ARGUMENT…
        strace -f -qq -o /dev/null -e trace=getsockopt -e inject=getsockopt:error=ENOPROTOOPT "$DRIVE" "$@"
}

test_others_write_tables() {
        only_iptables
        # EAGAIN is what the kernel says when somebody was faster; lost updates are what the lock prevents.
        strace -f -qq -o /run/trace -e trace=setsockopt -e inject=setsockopt:error=EAGAIN:when=1..3 \
                "$DRIVE" attach default web /run/netns/m1 keep # without a port, which would be asked for by setsockopt(2), too
        same refused "$(grep -c EAGAIN /run/trace)" 3
        has "$(iptables-legacy-save)" nbox:zone:default
        flock /run/xtables.lock sleep 1 &
        sleep 0.2
        attach default db m2 keep tcp:8081:80
        for i in $(seq 30); do iptables-legacy -w -t nat -A POSTROUTING -s "192.0.2.$i" -j ACCEPT; done &
        for i in $(seq 10); do attach default x m3 once tcp:99:99 >/dev/null && detach default x; done
        wait $!
        same 'none is lost' "$(iptables-legacy-save -t nat | grep -c 192.0.2.)" 30
        lacks "$(iptables-legacy-save -t nat)" nbox:machine:x
}

# nft's transactions are whole, but what was read may be gone when it comes to writing.
test_others_flush() {
        [ "$BACKEND" = nft ] || return 0
        local i
        for i in $(seq 60); do nft flush ruleset; done &
        for i in $(seq 12); do
                attach default web m1 keep tcp:8080:80 >/dev/null
                attach default x m3 once tcp:99:99 >/dev/null
                detach default x
                detach default web
        done
        wait $!
        attach default web m1 keep tcp:8080:80 >/dev/null
        serve m1 TCP 80
        same published "$(ask out TCP 203.0.113.1 8080)" 'peer 203.0.113.2'
        detach default web
        as_before
}

# A link of that name which is not ours is neither used nor removed.
test_foreign_bridge() {
        ip link add nbox0 type bridge
        snapshot >/run/before
        refused "a link 'nbox0' already" attach default web m1 keep
        "$DRIVE" sweep
        as_before
}

test_loopback_only() {
        ip netns add bare
        "$DRIVE" loopback /run/netns/bare
        serve bare TCP 80
        same answer "$(ask bare TCP 127.0.0.1 80)" 'peer 127.0.0.1'
}

test_resolv_conf() {
        mount -t tmpfs tmpfs /mnt
        printf 'nameserver 127.0.0.53\nsearch example.org\noptions edns0\n' >/mnt/stub
        printf '# c\nnameserver 192.0.2.53\nnameserver fe80::1%%up0\nnameserver 2001:db8::53\nsearch example.net\nfoo bar\n' >/mnt/real
        touch /run/resolv
        mount --bind /mnt/stub /etc/resolv.conf
        same 'a stub alone' "$("$DRIVE" resolv)" $'0\nsearch example.org\noptions edns0'
        mkdir -p /run/systemd/resolve
        cp /mnt/real /run/systemd/resolve/resolv.conf
        same 'behind the stub' "$("$DRIVE" resolv)" $'1\nnameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch example.net'
}

# --- running them ---------------------------------------------------------------------------------------------------

if [ "${1-}" = --one ]; then
        BACKEND=$3
        set -eE -o pipefail
        trap 'echo "failed: line $LINENO: $BASH_COMMAND" >&2' ERR
        make_world
        snapshot >/run/before
        "test_$2"
        exit
fi

[ -x "$DRIVE" ] || die "$DRIVE is not built"
BACKEND=$1
ran=0
for name in $(sed -n 's/^test_\([a-z0-9_]*\)() {$/\1/p' "$SELF"); do
        # shellcheck disable=SC2254
        case $name in ${2:-*}) ;; *) continue ;; esac
        if output=$(timeout -k 5 120 unshare -nmpf --kill-child --mount-proc "$SELF" --one "$name" "$BACKEND" 2>&1 </dev/null); then
                echo "ok $name"
        else
                echo "not ok $name"
                sed 's/^/    /' <<<"$output" | tail -n 40
        fi
        ran=$((ran + 1))
done
echo "ran $ran"
