# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Machines on a host that somebody else filters: whatever drops what is forwarded there, a machine gets out, its published port is
# reached, and the other's rules are afterwards what they were. Each story with both packet filters of nbox's own (BACKENDS).

: "${BACKENDS:=iptables nft}"

. "$(dirname "${BASH_SOURCE[0]}")/docker-rules.sh"
. "$(dirname "${BASH_SOURCE[0]}")/doctor-words.sh"

# What a test that failed has left is not the next one's.
{
        systemctl stop firewalld docker.service docker.socket containerd.service
        ip link delete docker0
        [ -z "$(ufw status | grep 'Status: active')" ] || ufw --force disable
        nft flush ruleset
        for iptables in iptables-legacy ip6tables-legacy; do
                for table in filter nat mangle raw; do
                        $iptables -t "$table" -F
                        $iptables -t "$table" -X
                done
                $iptables -P FORWARD ACCEPT
                $iptables -P INPUT ACCEPT
        done
        sysctl -q net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
        rm -f /etc/nbox.conf
} >/dev/null 2>&1

# The rules of others as they read, without what counts. firewalld is asked itself: its table has chains for each zone ever used.
rules_of_others() {
        {
                nft list ruleset | sed '/^table inet firewalld/,/^}/d'
                { iptables-legacy-save; ip6tables-legacy-save; } | sed -nE '/^-A|^:[^ ]+ DROP/p'
                ! systemctl is-active -q firewalld || firewall-cmd --list-all-zones
        } 2>/dev/null | sed -E '/nbox:|NBOX/d; s/(packets|bytes) [0-9]+/\1 N/g; s/\[[0-9:]+\]//'
}

# firewalld keeps chains for each of its zones.
ours_are_gone() { [ -z "$({ nft list ruleset; iptables-legacy-save; ip6tables-legacy-save; } 2>/dev/null | grep -E 'nbox:|nbox0|table [a-z0-9]* nbox|NBOX')" ]; }

two_machines() {
        tree_with first
        tree_with second
        boot first -p 8080:80
        boot second
        for name in first second; do wait_until 10 marked "$name" up 1; done
        serve first 80
        serve second 80
}

# All that a user has machines for, over IPv4 and then over IPv6; COMMENT says where a failure was.
all_is_reached() {
        local name address
        same "$1: from first to the world" "$(at first timeout 30 socat - "TCP:$OUTSIDE_ADDRESS:$OUTSIDE_PORT")" "from $HOST_ADDRESS"
        reaches outside tcp "$HOST_ADDRESS" 8080 first
        reaches host tcp 127.0.0.1 8080 first
        reaches host tcp "$HOST_ADDRESS" 8080 first
        reaches second tcp "$HOST_ADDRESS" 8080 first
        reaches first tcp "$HOST_ADDRESS" 8080 first
        reaches second tcp "$(address_of first)" 80 first
        at second busybox nslookup first "$(name_server_of second)" | grep -q "$(address_of first)" || fail "$1: no name"
        has "$(dhcp_of second 2>&1)" "lease of $(address_of second) obtained"
        same "$1: from first to the world over IPv6" "$(at first timeout 30 socat - "TCP6:[$OUTSIDE_ADDRESS6]:$OUTSIDE_PORT")" "from $HOST_ADDRESS6"
        for name in outside host second first; do reaches $name tcp "$HOST_ADDRESS6" 8080 first; done
        reaches host tcp ::1 8080 first
        address=$(address6_of first)
        reaches second tcp "$address" 80 first
        same "$1: the address of first by its name" "$(at second "$HOST_TOOLS/resolver" udp "$(name_server_of second)" first AAAA)" "$address"
}

# What a DHCP client is told, by broadcasts from 0.0.0.0; nothing is changed by it.
dhcp_of() { at "$1" busybox udhcpc -f -n -q -t 5 -T 1 -i host0 -s /bin/true; }

# The zone's name service, as the machine knows it.
name_server_of() { nbox exec "$1" /bin/busybox sed -n 's/^nameserver //p' /etc/resolv.conf | head -n 1; }

nothing_is_wrong() {
        local said
        said=$(nbox network status) || fail "status $?: $said"
        has "$said" 'Wrong: nothing'
}

machines_end() {
        unserve
        poweroff first
        poweroff second
        remove_tree first
        remove_tree second
}

# through COMMAND...: that sets a filter up; the test's caller takes it down.
through() {
        local backend before
        "$@"
        before=$(rules_of_others)
        for backend in $BACKENDS; do
                printf '[Host]\nFirewall=%s\n' "$backend" >/etc/nbox.conf
                two_machines
                has "$(nbox network status)" "Firewall: $backend"
                all_is_reached "$* with $backend"
                nothing_is_wrong
                machines_end
                wait_until 5 ours_are_gone
                same "the rules of others after $backend" "$(rules_of_others)" "$before"
        done
        rm /etc/nbox.conf
}

# --- each in turn ------------------------------------------------------------------------------------------------------------

legacy_drop() {
        iptables-legacy -P FORWARD DROP
        iptables-legacy -A FORWARD -s 192.0.2.1 -j ACCEPT
        iptables-legacy -A INPUT -i lo -j ACCEPT
        ip6tables-legacy -P FORWARD DROP
        ip6tables-legacy -A FORWARD -s 2001:db8:5::1 -j ACCEPT
        ip6tables-legacy -A INPUT -i lo -j ACCEPT
}

test_legacy_forward_drop() {
        local iptables
        through legacy_drop
        for iptables in iptables-legacy ip6tables-legacy; do
                $iptables -F
                $iptables -P FORWARD ACCEPT
        done
}

# It takes over FORWARD where forwarding was off before it came.
docker_on() {
        sysctl -q net.ipv4.ip_forward=0
        systemctl start docker
        has "$(iptables-nft -S FORWARD)" '-P FORWARD DROP'
}

docker_off() {
        systemctl stop docker.service docker.socket containerd.service
        ip link delete docker0
        nft flush ruleset
        sysctl -q net.ipv4.ip_forward=0 net.bridge.bridge-nf-call-iptables=0
}

test_docker() {
        through docker_on
        two_machines
        has "$(iptables-nft -S DOCKER-USER)" '-A DOCKER-USER -i nbox0 -m comment --comment "?nbox:zone:default"? -j ACCEPT'
        systemctl restart docker
        all_is_reached 'after Docker has started anew'
        nothing_is_wrong
        machines_end
        docker_off
}

# It filters IPv6 in the same way.
docker_28_on() {
        docker_28
        docker_28 ip6tables-nft
}

test_docker_28() {
        through docker_28_on
        nft delete table ip filter
        nft delete table ip6 filter
}

own_chain() { # FAMILY...
        local family
        for family in "$@"; do
                nft -f - <<EOF
table $family mine {
        chain forward {
                type filter hook forward priority 0; policy drop;
                ct state established,related accept
        }
}
EOF
        done
}

test_own_chain() {
        through own_chain ip ip6
        nft delete table ip mine
        nft delete table ip6 mine
}

test_own_chain_of_inet() {
        through own_chain inet
        nft delete table inet mine
}

# All at once, and what a packet comes from is looked at: reverse path filtering.
strict_paths() {
        local path
        for path in all default up0; do sysctl -q "net.ipv4.conf.$path.rp_filter=1"; done
}

test_strict_reverse_path() {
        local path
        through strict_paths
        for path in all default up0; do sysctl -q "net.ipv4.conf.$path.rp_filter=0"; done
}

# What passes between two machines of a zone is shown to the filters of forwarded packets, DHCP and names too.
bridged() {
        sysctl -q net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
        own_chain ip ip6
}

test_bridge_netfilter() {
        through bridged
        # It is so: without the door, neighbours do not reach each other, nor does a machine get an address.
        two_machines
        nft flush chain ip mine forward
        nft flush chain ip6 mine forward
        same 'a neighbour, without the door' "$(ask second tcp "$(address_of first)" 80 x)" ''
        same 'a neighbour over IPv6, without the door' "$(ask second tcp6 "$(address6_of first)" 80 x)" ''
        fails dhcp_of second
        nbox network repair
        all_is_reached 'with the door again'
        machines_end
        nft delete table ip mine
        nft delete table ip6 mine
        sysctl -q net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
}

ufw_on() {
        ufw --force enable >/dev/null
        has "$(ufw status verbose)" 'Default: deny \(incoming\)'
}

test_ufw() {
        local iptables
        through ufw_on
        # What its owner does next is done, and mended.
        two_machines
        ufw reload >/dev/null
        nbox network repair
        all_is_reached 'after ufw reload'
        machines_end
        ufw --force disable >/dev/null
        nft flush ruleset
        for iptables in iptables-legacy ip6tables-legacy; do
                $iptables -F
                $iptables -X
        done
}

firewalld_on() {
        systemctl start firewalld
        has "$(firewall-cmd --get-zones)" nbox
}

test_firewalld() {
        through firewalld_on
        two_machines
        has "$(firewall-cmd --zone=nbox --list-interfaces)" '^nbox0$'
        # The host's own services are closed to machines, the host answers a ping.
        serve host 6000
        same 'a service of the host' "$(ask first tcp "$(gateway_of first)" 6000 x)" ''
        at first busybox ping -c 1 -W 2 "$(gateway_of first)" >/dev/null
        # A reload forgets what was said at run time.
        firewall-cmd --reload >/dev/null
        status_is 1 nbox network status >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'zone default: the ruleset of firewalld'
        cured takes network 'the ruleset of firewalld'
        all_is_reached 'after a reload'
        has "$(firewall-cmd --zone=nbox --list-interfaces)" '^nbox0$'
        machines_end
        same 'interfaces afterwards' "$(firewall-cmd --zone=nbox --list-interfaces)" ''
        # Not what it knows permanently.
        firewall-cmd -q --permanent --zone=nbox --add-interface=nbox0
        firewall-cmd -q --reload
        two_machines
        firewall-cmd -q --reload
        nothing_is_wrong
        all_is_reached 'after a reload, with the bridge known permanently'
        machines_end
        systemctl stop firewalld
        rm /etc/firewalld/zones/nbox.xml*
}

# A firewalld that was there before our package: it is said what to do, and no other zone is used.
test_firewalld_without_the_zone() {
        local said
        mv /usr/lib/firewalld/zones/nbox.xml "$SCRATCH/"
        systemctl start firewalld
        tree_with first
        boot first
        said=$(nbox network status || [ $? = 1 ])
        has "$said" "firewalld .*does not know the zone 'nbox'.*firewall-cmd --reload"
        same 'zone of the bridge' "$(firewall-cmd --get-zone-of-interface=nbox0 2>&1)" 'no zone'
        mv "$SCRATCH/nbox.xml" /usr/lib/firewalld/zones/
        firewall-cmd --reload >/dev/null
        nbox network repair
        same 'zone of the bridge' "$(firewall-cmd --get-zone-of-interface=nbox0)" nbox
        poweroff first
        remove_tree first
        systemctl stop firewalld
}

# --- what others change while machines run --------------------------------------------------------------------------------

# missing PATTERN: status says so, for people and for programs, and with the command that mends it.
missing() {
        status_is 1 nbox network status >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "$1"
        has "$(cat "$SCRATCH/said")" 'Run `nbox network repair`'
        status_is 1 nbox network status --json >"$SCRATCH/json"
        [ "$(jq '.faults | length' "$SCRATCH/json")" -gt 0 ]
        has "$(nbox status first)" 'nbox network repair'
}

mended() {
        nbox network repair 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'Mended: '
        nothing_is_wrong
        all_is_reached "$1"
        has_not "$(nbox status first)" 'nbox network repair'
}

each_backend() {
        local backend
        for backend in $BACKENDS; do
                printf '[Host]\nFirewall=%s\n' "$backend" >/etc/nbox.conf
                two_machines
                "$@"
                machines_end
                rm /etc/nbox.conf
        done
}

legacy_flush() {
        local table iptables
        for iptables in iptables-legacy ip6tables-legacy; do
                for table in filter nat mangle; do $iptables -t $table -F; done
        done
}

flushed() {
        nft flush ruleset
        legacy_flush
        missing 'rules are missing'
        mended 'after everything was flushed'
        # Of one IP alone.
        if grep -q =nft /etc/nbox.conf; then nft delete table ip6 nbox; else ip6tables-legacy -t nat -F; fi
        missing 'rules are missing'
        mended 'after those of IPv6 were flushed'
}

test_flush_everything() {
        each_backend flushed
}

# What limits a machine is flushed with all else.
test_flush_takes_limits() {
        tree_with first
        boot first --egress-rate=80M
        has "$(nft list ruleset)" 'table netdev nbox_nb-'
        nft flush ruleset
        missing 'machine first: the limit of its rate is gone from nb-'
        nbox network repair
        nothing_is_wrong
        has "$(nft list ruleset)" 'limit rate over 10000000 bytes/second'
        poweroff first
        remove_tree first
}

# The next start mends what it finds flushed, also of the others.
next_start() {
        nft flush ruleset
        legacy_flush
        tree_with third
        boot third
        all_is_reached 'after the next start'
        nothing_is_wrong
        poweroff third
        remove_tree third
}

test_next_start_mends() {
        each_backend next_start
}

switches() {
        sysctl -q net.ipv4.ip_forward=0
        missing 'forwarding of IPv4 packets is off'
        mended 'after forwarding was switched off'
        sysctl -q net.ipv6.conf.all.forwarding=0
        missing 'forwarding of IPv6 packets is off'
        mended 'after forwarding of IPv6 was switched off'
        sysctl -q net.ipv4.conf.nbox0.route_localnet=0
        missing '127.0.0.1'
        mended 'after route_localnet was reset'
}

test_switches() {
        each_backend switches
}

links() {
        ip link set "$(ip -o link show dev nbox-first | sed 's/^[0-9]*: \([^@]*\)@.*/\1/')" nomaster
        missing 'machine first: its link nb-[0-9a-f]* is no port of nbox0'
        mended 'after a link was taken out of the bridge'
        ip address flush dev nbox0
        missing 'nbox0 has lost its address'
        mended 'after the address was taken'
        ip -6 address flush dev nbox0 scope global
        missing 'nbox0 has lost its IPv6 address'
        mended 'after the address of IPv6 was taken'
        ip link delete nbox0
        missing 'the bridge nbox0 is gone'
        mended 'after the bridge was deleted'
}

test_links() {
        each_backend links
}

# A route that comes later and covers the zone is named, and what to do; mending it is the admin's.
test_route_over_the_zone() {
        tree_with first
        boot first
        ip route add 10.0.0.0/8 dev up0
        status_is 1 nbox network status >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "zone default: its range meets the host's route to 10.0.0.0/8 on up0; .nbox zone move default"
        status_is 1 nbox network repair
        ip route delete 10.0.0.0/8 dev up0
        nothing_is_wrong
        poweroff first
        remove_tree first
}

# Docker starts after the machines.
test_docker_comes_later() {
        two_machines
        docker_28_on
        missing "chain 'FORWARD' of the nftables table 'ip filter'|DOCKER-USER"
        ails takes network 'DOCKER-USER|FORWARD'
        mended 'after Docker started'
        ails_no network .
        has "$(iptables-nft -S DOCKER-USER)" 'nbox:zone:default'
        has "$(ip6tables-nft -S DOCKER-USER)" 'nbox:zone:default'
        machines_end
        nft delete table ip filter
        nft delete table ip6 filter
}

# Filters of the host's own input, by somebody who thinks of IPv4: a machine would not find the gateway over IPv6.
input_chain() {
        nft -f - <<EOF
table inet mine {
        chain input {
                type filter hook input priority 0; policy drop;
                ct state established,related accept
                iifname { "lo", "up0" } accept
        }
}
EOF
        local iptables
        for iptables in ip6tables-nft ip6tables-legacy; do
                $iptables -P INPUT DROP
                $iptables -A INPUT -i lo -j ACCEPT
                $iptables -A INPUT -i up0 -j ACCEPT
                $iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
        done
}

test_input_drop() {
        through input_chain
        two_machines
        has "$(ip6tables-nft -S INPUT)" '-i nbox0 -p ipv6-icmp .*--comment "?nbox:zone:default"? -j ACCEPT'
        serve host 6000
        reaches_not first tcp6 "$(gateway6_of first)" 6000
        # It is so: without the doors nobody finds the host.
        nft flush chain inet mine input
        missing "chain 'input' of the nftables table 'inet mine'"
        at first ip -6 neighbour flush dev host0
        fails at first busybox ping -6 -c 1 -W 2 "$(gateway6_of first)" >/dev/null
        nbox network repair
        # Both ends may still hold a neighbour for unreachable.
        wait_until 20 at first busybox ping -6 -c 1 -W 2 "$(gateway6_of first)"
        machines_end
        nft delete table inet mine
        nft delete table ip6 filter
        ip6tables-legacy -P INPUT ACCEPT
        ip6tables-legacy -F INPUT
}

# A port of the host's loopback, where its input is filtered.
test_host_port_through_input_drop() {
        iptables-nft -P INPUT DROP
        iptables-nft -A INPUT -i lo -j ACCEPT
        iptables-nft -A INPUT -i up0 -j ACCEPT
        tree_with first
        serve host 6000
        boot first --host-port 6000
        reaches first tcp "$(gateway_of first)" 6000 host
        has "$(iptables-nft -S INPUT)" '-i nbox0 -d 127.0.0.0/8|-d 127.0.0.0/8 -i nbox0'
        unserve
        poweroff first
        remove_tree first
        nft delete table ip filter
}
