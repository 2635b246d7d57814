# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Zones and their machines over IPv4: addresses, published ports and isolation.

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

# A machine's namespace belongs to a user namespace of its own.
test_user_namespace() {
        local pid
        unshare -Urn sleep 60 &
        pid=$!
        for _ in $(seq 1500); do [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ] || break; sleep 0.02; done
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
        same 'without the rule' "$(ask_in_vain m1 TCP 203.0.113.2 9000)" ''
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
        same 'after the end' "$(ask_in_vain out TCP 203.0.113.1 8080)" ''
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
        same 'behind its end' "$(ask_in_vain out TCP 203.0.113.1 8100)" ''
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
        same 'another' "$(ask_in_vain out TCP 203.0.113.3 8080)" ''
        has "$(ask host UDP 127.0.0.1 8081)" '^peer 10\.'
        same 'loopback alone' "$(ask_in_vain host UDP 203.0.113.1 8081)$(ask_in_vain out UDP 203.0.113.1 8081)" ''
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
        same 'not offered' "$(ask_in_vain m1 TCP "$gateway" 6001)" ''
        for protocol in TCP UDP; do
                same "a neighbour, $protocol" "$(ask_in_vain m2 $protocol "$gateway" 5432)$(ask_in_vain m2 $protocol "$gateway" 15432)" ''
                same "another zone, $protocol" "$(ask_in_vain m3 $protocol "$gateway" 5432)$(ask_in_vain m3 $protocol "$gateway" 15432)" ''
                same "outside, $protocol" "$(ask_in_vain out $protocol 203.0.113.1 5432)$(ask_in_vain out $protocol 203.0.113.1 15432)" ''
        done
        detach default web
        same 'after the end' "$(ask_in_vain m2 TCP "$gateway" 5432)$(rules | grep -c nbox:machine:web || true)" 0
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
                same "outside, $protocol" "$(ask_in_vain out $protocol "$address" 81)" ''
                same "another zone, $protocol" "$(ask_in_vain m3 $protocol "$address" 81)" ''
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
                same "its neighbour, $protocol" "$(ask_in_vain m2 $protocol "$address" 80)" ''
                # By way of the host, which would route it back.
                ip -n m2 route add "$address" via "$(ip -n m2 route show default | cut -d' ' -f3)" dev host0
                same "its neighbour by the gateway, $protocol" "$(ask_in_vain m2 $protocol "$address" 80)" ''
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
        same 'before' "$(ask_in_vain m2 TCP 203.0.113.1 8080)" ''
        has "$(nbox network status)" "missing: table 'bridge nbox'"
        nbox network repair >/dev/null
        has "published: $(ask m2 TCP 203.0.113.1 8080)" 'peer 10\.'
        has "published, itself: $(ask m1 TCP 203.0.113.1 8080)" 'peer 10\.'
        same inner "$(ask_in_vain m2 TCP "$address" 80)" ''
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
        same 'br_netfilter is off' "$(ask_in_vain m2 TCP "$address" 80)" ''
        nft delete table bridge nbox
        ip -n m2 neigh flush dev host0
        has "without the table: $(ask m2 TCP "$address" 80)" 'peer 10\.'
}

heard() { ip netns exec m2 awk '$1 == "Ip6InMcastPkts" { print $2 }' /proc/net/snmp6; }
rejoin() { # m1 says its groups anew; the second time is within a second
        local before
        before=$(heard)
        ip -n m1 link set host0 down
        ip -n m1 link set host0 up
        sleep 1.3
        echo $(($(heard) - before))
}

# Where there are many, none hears which multicast groups the others belong to; all else that is for all it hears.
test_crowded_zone() {
        local i
        attach crowd one m1 once >/dev/null
        attach crowd two m2 once >/dev/null
        lacks "$(nft list tables)" nbox-quiet
        [ "$(rejoin)" -gt 0 ] || fail "m2 hears nothing"
        for ((i = 3; i <= 32; i++)); do
                ip netns add "c$i"
                attach crowd "c$i" "c$i" once >/dev/null
        done
        has "$(nft list tables)" 'table bridge nbox-quiet'
        same heard "$(rejoin)" 0
        i=$(heard)
        ip netns exec m1 bash -c 'echo x >/dev/udp/ff02::1%host0/9'
        [ "$(heard)" -gt "$i" ] || fail "m2 does not hear what is for all"
        for ((i = 3; i <= 32; i++)); do detach crowd "c$i"; done
        detach crowd two
        detach crowd one
        as_before
}

# The link of the one before, which was called the same, is there as long as its namespace.
test_passing_machines_of_one_name() {
        attach default web m1 once >/dev/null
        attach default web m2 once >/dev/null
        same links "$(ip -o link show type veth | grep -c ': nb-')" 2
        serve host TCP 9000
        has "$(ask m2 TCP "$(ip -n m2 route show default | cut -d' ' -f3)" 9000)" 'peer 10\.'
        detach default web
        as_before
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
                same "no way out, $protocol" "$(ask_in_vain m1 $protocol 203.0.113.2 9000)" ''
                same "nor to another zone, $protocol" "$(ask_in_vain m1 $protocol 203.0.113.1 8081)" ''
                same "published, $protocol" "$(ask out $protocol 203.0.113.1 8080)" 'peer 203.0.113.2'
                has "$(ask m2 $protocol 203.0.113.1 8080)" '^peer 10\.'
        done
        without inner
        for protocol in TCP UDP; do
                same "without the rule, $protocol" "$(ask m1 $protocol 203.0.113.2 9000)" 'peer 203.0.113.1'
        done
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
        same 'taken back' "$(ask_in_vain out TCP 203.0.113.1 10042)" ''
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
        for _ in $(seq 1500); do ip link show nbox-web >/dev/null 2>&1 || break; sleep 0.05; done
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
        (sleep 20 | socat - TCP:203.0.113.2:9000,sourceport=4444 >/dev/null) &
        until ss -Hnt "sport = 4444" | grep -q ESTAB; do sleep 0.02; done
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
