# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Root inside says on the wire that it were somebody else: a neighbour, the gateway, somebody outside. What the host sends goes to
# whom it is for, and what is said in others' names goes nowhere.

. "$(dirname "${BASH_SOURCE[0]}")/spoof-words.sh"

test_address_of_a_neighbour() {
        local kind address mac gateway
        for kind in '' --isolated; do
                a_zone ${kind:+"$kind"}
                serve good 80
                serve bad 80
                serve host 9999 127.0.0.1
                address=$(address_of_link good) mac=$(mac_of_link good) gateway=$(gateway_of good)
                # Its address alone, then its MAC address too, and no other.
                at bad ip address add "$address" dev host0
                announce "${address%/*}"
                reaches outside tcp "$HOST_ADDRESS" 8080 good
                reaches outside udp "$HOST_ADDRESS" 8080 good
                at bad ip address flush dev host0
                at bad ip link set host0 address "$mac"
                at bad ip address add "$address" dev host0
                announce "${address%/*}"
                reaches outside tcp "$HOST_ADDRESS" 8080 good
                reaches host tcp 127.0.0.1 8080 good
                same 'the port of the host, to a neighbour' "$(ask bad tcp "$gateway" 9999 "$kind")" ''
                reaches good tcp "$gateway" 9999 host
                unserve
                zone_end
        done
}

address6_of_link() { at "$1" ip -6 -o address show dev host0 scope global | sed -n 's/.*inet6 \([0-9a-f:]*\).*/\1/p'; }

# The same of IPv6, whose announcement is the kernel's own, when a link with addresses has another MAC address.
test_ipv6_address_of_a_neighbour() {
        local kind address mac
        for kind in '' --isolated; do
                a_zone ${kind:+"$kind"}
                serve good 80
                serve bad 80
                address=$(address6_of_link good) mac=$(mac_of_link good)
                # Nor has anybody a say in who hears what is asked of all (MLD): it goes to all.
                same 'snooping' "$(cat /sys/class/net/nz-lab/bridge/multicast_snooping)" 0
                at bad sysctl -qw net.ipv6.conf.host0.ndisc_notify=1
                at bad ip address add "$address/64" dev host0 nodad
                at bad ip link set host0 address 02:00:5e:00:00:07
                reaches outside tcp6 "$HOST_ADDRESS6" 8080 good
                reaches outside udp6 "$HOST_ADDRESS6" 8080 good
                at bad ip link set host0 address "$mac"
                reaches outside tcp6 "$HOST_ADDRESS6" 8080 good
                reaches host tcp6 "$address" 80 good
                unserve
                zone_end
        done
}

# A machine says that it were a router, for everybody to hear. Nobody takes it for one who has not said so himself.
routes_by_advertisement() { at "$1" ip -6 route show proto ra; }
has_heard_a_router() { at "$1" grep -q '^Icmp6InType134 .*[1-9]' /proc/net/snmp6; }
listens_to_it() { [ -n "$(routes_by_advertisement "$1")" ]; }

test_router_that_is_none() {
        local service
        a_zone
        wait_until 5 pgrep -x dnsmasq
        service=$(pgrep -x dnsmasq)
        at bad ip address add 2001:db8:bad::1/64 dev host0 nodad
        nsenter -t "$(leader_of bad)" -n dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --port=0 --interface=host0 --bind-interfaces \
                --leasefile-ro --enable-ra --ra-param=host0,high,4,1800 --dhcp-range=2001:db8:bad::,ra-only,64,120 &
        wait_until 10 has_heard_a_router good
        sleep 0.2
        same 'in the machine' "$(routes_by_advertisement good)" ''
        same 'on the host' "$(ip -6 route show dev nz-lab proto ra)$(ip -6 address show dev nz-lab to 2001:db8:bad::/64)" ''
        same 'in the service' "$(nsenter -t "$service" -n ip -6 route show proto ra)" ''
        # It could have been taken: this asks for routers, as its link comes up.
        at good sysctl -qw net.ipv6.conf.host0.accept_ra=1
        at good ip link set host0 down
        at good ip link set host0 up
        wait_until 10 listens_to_it good
        kill $!
        wait $! || true
        zone_end
}
