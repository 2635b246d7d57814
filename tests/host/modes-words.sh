# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of the ways to connect a machine are written in.

# What a test that failed has left is not the next one's.
{
        ! [ -e /run/lan-dhcp.pid ] || kill "$(cat /run/lan-dhcp.pid)"
        for link in lan0 br-lan to-ready; do ip link delete "$link"; done
        for namespace in lan ready; do ip netns delete "$namespace"; done
} >/dev/null 2>&1

# The host's side of things that an administrator has by himself: a LAN behind the link lan0, with a host on it.
LAN_ADDRESS=192.0.2.2
LAN_ADDRESS6=2001:db8:2::2

lan_setup() {
        ip netns add lan
        ip link add lan0 type veth peer name lan0 netns lan
        ip link set lan0 up
        ip -n lan link set lan0 up
        ip -n lan address add "$LAN_ADDRESS/24" dev lan0
        ip -n lan address add "$LAN_ADDRESS6/64" dev lan0 nodad
        serve lan 80
}

lan_end() {
        ip link delete lan0
        ip netns delete lan
}

inside() { # MACHINE COMMAND...: of its busybox
        local machine=$1
        shift
        timeout "$((20 * PATIENCE))" nbox exec "$machine" /bin/busybox "$@"
}

links_inside() { at "$1" ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/\1/' | tr '\n' ' '; }

# give WHO LINK ADDRESS...: by hand, as an administrator does, or root inside.
give() {
        local who=$1 link=$2 address
        shift 2
        for address in "$@"; do
                case $address in
                *:*) at "$who" ip address add "$address" dev "$link" nodad ;;
                *) at "$who" ip address add "$address" dev "$link" ;;
                esac
        done
        at "$who" ip link set "$link" up
}

# both_ways A B ADDRESS-OF-A… -- ADDRESS-OF-B…: who serve on port 80.
both_ways() {
        local a=$1 b=$2 of=b protocol address
        shift 2
        for address in "$@"; do
                [ "$address" != -- ] || { of=a && continue; }
                for protocol in tcp udp; do
                        if [ $of = b ]; then
                                reaches "$b" "$protocol" "$address" 80 "$a"
                        else
                                reaches "$a" "$protocol" "$address" 80 "$b"
                        fi
                done
        done
}

# What zones are made of, and nothing else has: rules, forwarding, a service.
untouched() {
        has_not "$({ iptables-legacy-save; ip6tables-legacy-save; nft list ruleset; } 2>/dev/null)" 'nbox|NBOX'
        has_not "$(ip -o link)" ' (nbox0|nz-[^:]*):'
        [ ! -e /run/nbox/network/zones ] || same 'zones' "$(ls /run/nbox/network/zones)" ''
}
