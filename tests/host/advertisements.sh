# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A host that learns its IPv6 address and its way out from a router's advertisements. Forwarding for machines would make it deaf to
# them (accept_ra): it is not, and has all of its settings back when the last machine is gone, however that went.

BEHIND=2001:db8:77::1 # of the router, known by nothing but the default route

# What a test that failed has left is not the next one's.
{
        ip netns pids router | xargs -r kill
        for link in ra0 late0 mine theirs tunnel0; do ip link delete "$link"; done
        ! ip netns delete router || ip -6 route add default via "$OUTSIDE_ADDRESS6"
        sysctl -q net.ipv6.conf.all.forwarding=0 net.ipv6.conf.default.accept_ra=1 net.ipv6.conf.up0.accept_ra=1
} >/dev/null 2>&1

# router_on HOST-IF PREFIX: a router on a new link of the host's, which says so every few seconds.
router_on() {
        ip netns list | grep -q '^router' || {
                ip netns add router
                ip -n router link set lo up
                ip -n router address add "$BEHIND/128" dev lo nodad
                ip netns exec router sysctl -q net.ipv6.conf.all.forwarding=1
        }
        ip link add "$1" type veth peer name "$1" netns router
        ip -n router address add "$2::1/64" dev "$1" nodad
        ip -n router link set "$1" up
        ip link set "$1" up
        wait_until 5 sh -c "ip -n router -6 address show dev $1 scope link | grep inet6 | grep -qv tentative"
        ip netns exec router dnsmasq --conf-file=/dev/null --interface="$1" --bind-interfaces --port=0 --enable-ra \
                --dhcp-range="$2::,ra-only,64,120" --ra-param="$1,4,60" --user=root --pid-file="$SCRATCH/$1.pid"
}

is_configured() { # HOST-IF
        ip -6 route show default dev "$1" proto ra | grep -q via &&
                ip -6 address show dev "$1" scope global | grep dynamic | grep -qv tentative
}

# How long its default route is good for, by the last advertisement.
remaining() { ip -6 route show default dev "$1" proto ra | sed -n 's/.*expires \([0-9]*\)sec.*/\1/p'; }

# An advertisement has come since this was asked last.
is_refreshed() {
        local before=${REMAINING:-999}
        REMAINING=$(remaining "$1")
        [ "$REMAINING" -gt "$before" ]
}

settings() { (cd /proc/sys/net/ipv6/conf && grep . ./*/accept_ra ./*/forwarding); }
setting() { cat "/proc/sys/net/ipv6/conf/$1"; }

host_with_a_router() {
        ip -6 route delete default
        router_on ra0 2001:db8:99
        wait_until 20 is_configured ra0
        settings >"$SCRATCH/settings"
}

no_router_any_more() {
        local pid
        for pid in "$SCRATCH"/*.pid; do kill "$(cat "$pid")"; done
        ip link delete ra0
        ip netns delete router
        ip -6 route add default via "$OUTSIDE_ADDRESS6"
}

settings_are_as_before() {
        settings >"$SCRATCH/settings.now"
        diff "$SCRATCH/settings" "$SCRATCH/settings.now" >"$SCRATCH/difference"
}

# The links of a machine go some moments after it.
settings_come_back() {
        local _
        for _ in $(seq 600); do
                ! settings_are_as_before || return 0
                sleep 0.05
        done
        fail "settings are not as before: $(cat "$SCRATCH/difference")"
}

test_the_router_stays() {
        local address
        host_with_a_router
        address=$(ip -6 -o address show dev ra0 scope global)
        ip netns exec router "$HOST_TOOLS/greeter" 7001 &
        tree_with first
        boot first
        is_configured ra0
        same forwarding "$(setting all/forwarding)" 1
        # The machine gets out by it, too.
        has "$(at first timeout 30 socat - "TCP6:[$BEHIND]:7001")" 'from 2001:db8:99:'
        # What comes meanwhile is heard as well, here and on interfaces that come.
        wait_until 40 is_refreshed ra0
        same 'the address' "$(ip -6 -o address show dev ra0 scope global | cut -d' ' -f-7)" "$(cut -d' ' -f-7 <<<"$address")"
        router_on late0 2001:db8:98
        wait_until 20 is_configured late0
        poweroff first
        is_configured ra0
        is_configured late0
        kill %1
        ip link delete late0
        settings_come_back
        no_router_any_more
        remove_tree first
}

# What the host's administrator or networkd had decided is neither asked nor changed.
test_others_decide() {
        host_with_a_router
        ip link add mine type veth peer name yours
        ip link add theirs type veth peer name ours
        sysctl -q net.ipv6.conf.mine.accept_ra=0 net.ipv6.conf.yours.accept_ra=2 net.ipv6.conf.theirs.forwarding=1
        settings >"$SCRATCH/settings"
        tree_with first
        boot first
        same 'networkd listens itself' "$(setting mine/accept_ra)" 0
        same 'a router that listens' "$(setting yours/accept_ra)" 2
        same 'a router that does not' "$(setting theirs/accept_ra)" 1
        poweroff first
        settings_come_back
        # A host that forwards already.
        sysctl -q net.ipv6.conf.ra0.accept_ra=2 net.ipv6.conf.all.forwarding=1
        settings >"$SCRATCH/settings"
        boot first
        same 'not touched' "$(setting ours/accept_ra)" 1
        poweroff first
        settings_come_back
        sysctl -q net.ipv6.conf.all.forwarding=0
        ip link delete mine
        ip link delete theirs
        no_router_any_more
        remove_tree first
}

# Somebody loads his settings anew: it is said, and mended.
test_reset_meanwhile() {
        host_with_a_router
        tree_with first
        boot first
        sysctl -q net.ipv6.conf.ra0.accept_ra=1
        status_is 1 nbox network status >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'ra0 takes no router advertisements'
        nbox network repair
        same 'it listens' "$(setting ra0/accept_ra)" 2
        sysctl -q net.ipv6.conf.nbox0.disable_ipv6=1
        status_is 1 nbox network status >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'zone default: nbox0 has lost its IPv6 address'
        nbox network repair
        has "$(ip -6 address show dev nbox0 scope global)" inet6
        has "$(ip -6 neighbour show nud permanent dev nbox0)" lladdr
        has "$(nbox network status)" 'Wrong: nothing'
        # The address may be back already, and nothing else: whoever starts gives it, and says where he is himself.
        ip -6 neighbour flush nud permanent dev nbox0
        status_is 1 nbox network status >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'zone default: nbox0 does not know by IPv6 who is behind '
        nbox network repair
        has "$(ip -6 neighbour show nud permanent dev nbox0)" lladdr
        has "$(nbox network status)" 'Wrong: nothing'
        poweroff first
        settings_come_back
        no_router_any_more
        remove_tree first
}

# Killed with all of it up: the next nbox gives everything back.
test_killed() {
        host_with_a_router
        tree_with first
        boot first
        kill -9 "$(property first Supervisor)"
        wait_until 5 is_gone first
        nbox gc
        settings_come_back
        is_configured ra0
        no_router_any_more
        remove_tree first
}

# Each point at which the switching can be cut off: what is there then is taken up by the next start, and given back.
test_killed_at_each_step() {
        local step
        host_with_a_router
        tree_with first
        for step in 1 2 3 4 5 6 7 8; do
                strace -f -qq -o "$SCRATCH/trace" -e trace=openat -e inject=openat:signal=KILL:when="$step" -P /proc/sys/net/ipv6/conf/default/accept_ra \
                        -P /proc/sys/net/ipv6/conf/ra0/accept_ra -P /proc/sys/net/ipv6/conf/all/forwarding \
                        timeout 90 nbox run first /bin/true >/dev/null 2>&1 || true
                has "$(cat "$SCRATCH/trace")" 'killed by SIGKILL'
                if [ $((step % 2)) = 0 ]; then
                        nbox run first /bin/true
                else
                        nbox gc
                fi
                settings_come_back
                is_configured ra0
        done
        no_router_any_more
        remove_tree first
}

# A tunnel that somebody makes meanwhile may rely on what it finds.
test_left_on_for_others() {
        host_with_a_router
        tree_with first
        boot first
        ip link add tunnel0 type bridge
        poweroff first
        sleep 0.5
        same forwarding "$(setting all/forwarding)" 1
        same 'the host listens' "$(setting ra0/accept_ra)" 2
        ip link delete tunnel0
        sysctl -q net.ipv6.conf.all.forwarding=0 net.ipv6.conf.default.accept_ra=1 net.ipv6.conf.up0.accept_ra=1 net.ipv6.conf.ra0.accept_ra=1
        settings_come_back
        no_router_any_more
        remove_tree first
}
