# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The world of a test of the network room, and words for what is asked of it. Sourced by network-room.sh.

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
# shellcheck disable=SC2034 # network-ipv6.sh's
OUT6='\[2001:0db8:0051:0000:0000:0000:0000:0002\]' # as socat writes it: outside, and the host
# shellcheck disable=SC2034 # likewise
HOST6='\[2001:0db8:0051:0000:0000:0000:0000:0001\]'

# What a test must find again at its end; tables that are read come into being, so empty ones are not compared.
snapshot() {
        ip -o link | sed 's/^[0-9]*: //; s/@if[0-9]*//'
        ip -o address | sed 's/^[0-9]*: //'
        ip route
        ip -6 route
        iptables-legacy-save | sed -nE '/^-A|^:[^ ]+ (-|DROP|REJECT)/p'
        ip6tables-legacy-save | sed -nE '/^-A|^:[^ ]+ (-|DROP|REJECT)/p'
        nft list ruleset
        echo "forwarding $(cat /proc/sys/net/ipv4/ip_forward)"
        (cd /proc/sys/net/ipv6/conf && grep . ./{all,default,up0}/{forwarding,accept_ra})
        [ ! -e /run/nbox ] || find /run/nbox -mindepth 1 ! -path '/run/nbox/events*'
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
        for _ in $(seq 1500); do
                "${where[@]}" ss -Hlntu "sport = $3" | grep -q . && return
                sleep 0.02
        done
        fail "no server on $1:$3"
}

# NAMESPACE|host PROTOCOL ADDRESS PORT: the answer, "" for none within half a minute.
ask() { ASK_SECONDS=30 ask_in_vain "$@"; }

# The same where none is to come.
ask_in_vain() {
        local where=() protocol=${2%6} address=${3#[}
        [ "$1" = host ] || where=(ip netns exec "$1")
        # shellcheck disable=SC2016
        timeout "${ASK_SECONDS-1.5}" "${where[@]}" bash -c 'exec 3<>"/dev/$1/$2/$3" && echo x >&3 && dd bs=512 count=1 status=none <&3' \
                ask "${protocol,,}" "${address%]}" "$4" 2>/dev/null || true
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
