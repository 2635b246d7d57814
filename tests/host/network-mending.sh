# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What others have taken away of a zone is told, and mended; what others filter is passed by doors.

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
        same guarded "$(ask_in_vain m1 TCP 127.0.0.1 6000)" ''
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
        same unpublished "$(ask_in_vain out TCP "$(sed -n 's/machine db //p' /var/lib/nbox/zones/default)" 80)" ''
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
        same 'shut in again' "$(ask_in_vain m1 TCP 203.0.113.2 9000)" ''
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
        same 'flushed' "$(ask_in_vain m1 TCP 203.0.113.2 9000)" ''
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
        for _ in $(seq 1500); do nft list chain ip kept forward >/dev/null 2>&1 && break; sleep 0.02; done
        has "$(attach default web m1 keep 2>&1)" "chain 'forward' of the nftables table 'ip kept' .*keeps it to itself"
        detach default web
}
