# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What tests of names and addresses are written in.

# shellcheck disable=SC2034 # of who sources this
ZONES=/run/nbox/network/zones

# zone_address ZONE: that of its service.
zone_address() { sed -n 's/^\(#: *\)\?service //p' "/var/lib/nbox/zones/$1"; }

service_of() { pgrep -f -- "^/usr/sbin/dnsmasq .*--domain=$1," || true; }
is_served() { [ -n "$(service_of "$1")" ]; }
is_unserved() { [ -z "$(service_of "$1")" ]; }

gateway_of() { nbox exec "$1" /bin/busybox ip route | sed -n 's/default via \([^ ]*\).*/\1/p' | head -n 1; }

# asks MACHINE NAME: the address that a program in it finds, by its own resolv.conf; "" for none.
asks() { inside_says "$1" /bin/busybox nslookup "$2" | sed -n '/^Name:/,$s/^Address[^:]*: *//p; /^nbox exec:/p' | head -n 1; }

# inside_says MACHINE COMMAND…: what it prints, whether it succeeds or not; but that it could not be run at all is no answer.
inside_says() {
        local got=0
        nbox exec "$@" 2>/dev/null || got=$?
        [ "$got" -lt 125 ] || echo "nbox exec: status $got"
}
# asks6, finds6: the same for its IPv6 address.
asks6() { inside_says "$1" /bin/busybox nslookup -type=aaaa "$2" | sed -n '/^Name:/,$s/^Address[^:]*: *//p; /^nbox exec:/p' | head -n 1; }
finds6() {
        local found
        found=$(asks6 "$1" "$2")
        [ "$found" = "$3" ] || fail "in $1, the IPv6 address of $2 is '$found', not '$3'"
}

# listed6 MACHINE, address6_of MACHINE: its IPv6 address as it is listed, and as it stands inside.
listed6() { nbox list --json | jq -r ".[] | select(.machine == \"$1\") | .nics[0].address6"; }
address6_of() { inside_says "$1" ip -6 -o address show dev host0 scope global | sed -n 's/.* inet6 \([0-9a-f:]*\).*/\1/p'; }

knows() { [ "$(asks "$1" "$2")" = "$3" ]; }
finds() {
        local found
        found=$(asks "$1" "$2")
        [ "$found" = "$3" ] || fail "in $1, $2 is '$found', not '$3'"
}

# dhcp MACHINE [OPTION…]: what a DHCP client in it is told, "" for nothing; nothing is changed by it.
dhcp() {
        local machine=$1
        shift
        inside_says "$machine" /bin/busybox udhcpc -i host0 -n -q -t 2 -T 1 -O search -s /bin/told "$@"
}

# tree_asking NAME: a small tree with a script that says what a DHCP client was told.
tree_asking() {
        tree_with "$1"
        # shellcheck disable=SC2016
        printf '#!/bin/sh\n[ "$1" != bound ] || echo "$ip/$mask via $router, $dns, $search"\n' >"$MACHINES/$1/bin/told"
        chmod 755 "$MACHINES/$1/bin/told"
}

# has_lease GUEST: its own DHCP client has been answered.
has_lease() {
        case $1 in
        networkd) nbox exec networkd /bin/sh -c 'grep -q ^ADDRESS= /run/systemd/netif/leases/*' ;;
        dhclient) nbox exec dhclient grep -q fixed-address /var/lib/dhcp/dhclient.eth0.leases ;;
        esac
}

# finds_all GUEST: the other machines of zone lab and the host, by the guest's own libc where it has one.
finds_all() {
        local other name
        for other in networkd dhclient none; do
                for name in "$other" "$other.lab"; do
                        case $1 in
                        none)
                                finds none "$name" "$(property "$other" Address)"
                                finds6 none "$name" "$(listed6 "$other")"
                                ;;
                        *)
                                same "$name in $1" "$(nbox exec "$1" getent ahostsv4 "$name" | awk '{ print $1; exit }')" "$(property "$other" Address)"
                                same "$name in $1, by IPv6" "$(nbox exec "$1" getent ahostsv6 "$name" | awk '{ print $1; exit }')" "$(listed6 "$other")"
                                ;;
                        esac
                done
        done
        finds "$1" host.lab "$(gateway_of "$1")"
}
