# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The same machine by systemd-nspawn and by nbox, with systemd-networkd of the host and of the guest on both ends of its links, as they come: what
# somebody finds who comes from the one to the other. Each story boots it twice and compares, word for word:
#
#     on the host   the links by their names, of which kind, up or not, whose port, their MTU; what networkd makes of them
#     inside        the links by their names, of which kind, up or not, their MTU; what networkd there makes of them, and by which of its files
#     addresses     how long their prefixes are, by whom (DHCP), in the network of the host's end or not; the default route
#     traffic       the guest reaches the host's end, and the world as the host; /etc/resolv.conf
#
# What is nbox's own and not compared: links' aliases, altnames of what is inside, MAC addresses (each has stable ones of its own).

machine=web # its tree is $GUEST, with networkd switched on
SIDE=$MACHINES/$machine

world_of_networkd() {
        # What a test that failed has left is not the next one's.
        { systemctl stop side-by-side.service; systemctl reset-failed side-by-side.service; } 2>/dev/null || [ $? -gt 0 ]
        for left in br-lan lan0; do [ ! -e "/sys/class/net/$left" ] || ip link delete "$left"; done
        rm -rf --one-file-system "$SIDE"
        cp -aT --reflink=auto "$MACHINES/$GUEST" "$SIDE"
        ln -s /lib/systemd/system/systemd-networkd.service "$SIDE/etc/systemd/system/multi-user.target.wants/"
        sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding >"$SCRATCH/forwarding"
        systemctl start systemd-networkd
        wait_until 10 networkctl status
}

# networkd leaves its masquerading and forwarding behind.
end_of_networkd() {
        systemctl stop systemd-networkd.socket systemd-networkd
        for family in ip ip6; do nft delete table $family io.systemd.nat 2>/dev/null || [ $? = 1 ]; done
        { read -r four && read -r six; } <"$SCRATCH/forwarding"
        sysctl -q -w net.ipv4.ip_forward="$four" net.ipv6.conf.all.forwarding="$six"
        rm -rf --one-file-system "$SIDE"
}

# --- the machine, by either ------------------------------------------------------------------------------------------------------

is_nspawn_up() { [ "$(machinectl show -p State --value "$machine")" = running ]; }
is_unit_gone() { [[ $(unit_of "$1" ActiveState) == @(inactive|failed) ]] && ! ip -o link | grep -Eq ': (v[eb]-|front|same)'; }

up_by_nspawn() { # OPTION...
        systemd-run -q --unit=side-by-side -p Delegate=yes -p KillMode=mixed -p SuccessExitStatus=133 \
                systemd-nspawn -q -b -D "$SIDE" -M "$machine" --keep-unit --link-journal=no --console=read-only "$@"
        wait_until 20 is_nspawn_up
        LEADER=$(machinectl show -p Leader --value "$machine")
}

down_by_nspawn() {
        machinectl terminate "$machine"
        wait_until 20 is_unit_gone side-by-side.service
        systemctl reset-failed side-by-side.service 2>/dev/null || [ $? = 1 ]
}

up_by_nbox() {
        boot "$machine" "$@" 2>"$SCRATCH/said" || fail "nbox: $(cat "$SCRATCH/said")"
        LEADER=$(property "$machine" Leader)
}

down_by_nbox() {
        terminate "$machine"
        wait_until 10 is_unit_gone "nbox-boot-$machine.service"
}

# --- what it is like ---------------------------------------------------------------------------------------------------------------

inside() { nsenter -t "$LEADER" -n "$@"; }

# links PATTERN: kind, flags, bridge and MTU of those that are called so.
links() {
        ip -j -d link | jq -r --arg pattern "$1" '.[] | select(.ifname | test($pattern)) |
                "\(.ifname) \(.linkinfo.info_kind) \(.linkinfo.info_data.mode // "-") \(.flags | map(select(. != "M-DOWN")) | sort | join(",")) \(.master // "-") \(.mtu)"' | sort
}

# states ROOT: of networkd, by its own files.
states() {
        local root=$1 file
        shift
        for file in "$root"/run/systemd/netif/links/*; do
                sed -n 's/^\(ADMIN_STATE\|OPER_STATE\|NETWORK_FILE\)=/\1 /p' "$file" | tr '\n' ' '
                echo
        done | sort
}

# Of the host's, those that a file of networkd's for containers is about.
host_states() { states '' | grep container || [ $? = 1 ]; }

# Nothing changes any more: both have been through with all links.
settled() {
        local state
        state=$(states "/proc/$LEADER/root")
        [ -n "$state" ] && ! grep -q 'pending\|configuring\|initialized' <<<"$state$(host_states)"
}

addresses() {
        inside ip -j address | jq -r '.[] | select(.ifname != "lo") | .ifname as $name | .addr_info[]? | select(.scope == "global") |
                "\($name) \(.family) /\(.prefixlen) \(if .dynamic then "dynamic" else "static" end)"' | sort -u
        inside ip -4 -j route show default | jq -r '.[] | "default by \(.dev) \(.protocol) \(.metric) \(if .gateway then "via the host" else .scope end)"' | sort
}

is_addressed() { inside ip -4 route show default | grep -q 'via .* src '; }

# The guest's ways, by the host's programs in its network.
traffic() { # LINK-OF-THE-HOST
        local way
        way=$(inside ip -4 -j route show default | jq -r '.[].gateway // empty')
        has "$(ip -4 -o address show dev "$1" scope global)" "inet $way/"
        inside "$MACHINES/.busybox/bin/busybox" ping -q -c 1 -W 3 "$way" >/dev/null
        echo 'reaches the host'
        echo "the world sees: $(inside timeout 30 bash -c "exec 3<>/dev/tcp/$OUTSIDE_ADDRESS/$OUTSIDE_PORT; cat <&3")"
}

guest_files() {
        echo "resolv.conf: $(stat -c '%F' "/proc/$LEADER/root/etc/resolv.conf" 2>/dev/null || echo none)"
        echo "network: $(inside readlink /proc/self/ns/net | grep -c net)"
        ls "/proc/$LEADER/root/run/systemd/network" 2>/dev/null || [ $? = 2 ]
}

# facts PATTERN [LINK]: all of it; with LINK, the host's end that leads out.
facts() {
        echo '[host]' && links "$1"
        echo '[inside]' && inside ip -j -d link >"$SCRATCH/inside" && jq -r '.[] | select(.ifname != "lo") |
                "\(.ifname) \(.linkinfo.info_kind) \(.linkinfo.info_data.mode // "-") \(.flags | sort | join(",")) \(.mtu)"' "$SCRATCH/inside" | sort
        echo '[networkd of the guest]' && states "/proc/$LEADER/root"
        echo '[addresses]' && addresses
        echo '[guest]' && guest_files
        [ -z "${2-}" ] || { echo '[traffic]' && traffic "$2"; }
}

# side_by_side PATTERN LINK OPTION...: both with these options (of nspawn's words), or by a settings file where there are none.
side_by_side() {
        local pattern=$1 link=$2 by
        shift 2
        for by in nspawn nbox; do
                "up_by_$by" "$@"
                [ "$link" = - ] || wait_until 30 is_addressed
                wait_until 20 settled
                facts "$pattern" "${link#-}" >"$SCRATCH/$by"
                host_states >"$SCRATCH/$by.host"
                "down_by_$by"
        done
        diff "$SCRATCH/nspawn" "$SCRATCH/nbox" >&3 || fail "nbox (>) is not as systemd-nspawn (<) with: $*"
        diff "$SCRATCH/nspawn.host" "$SCRATCH/nbox.host" >&3 || fail "networkd of the host makes something else of it with: $*"
        cat "$SCRATCH/nbox"
}

# --- the stories -------------------------------------------------------------------------------------------------------------------

test_side_by_side_veth() {
        world_of_networkd
        side_by_side '^ve-' "ve-$machine" --network-veth >"$SCRATCH/table"
        has "$(cat "$SCRATCH/table")" "^ve-$machine veth - BROADCAST,LOWER_UP,MULTICAST,UP - 1500$"
        has "$(cat "$SCRATCH/table")" '80-container-host0.network'
        has "$(cat "$SCRATCH/table")" '^host0 inet /28 dynamic$'
        has "$(cat "$SCRATCH/table")" "^the world sees: from $HOST_ADDRESS$"
        has "$(cat "$SCRATCH/nbox.host")" '80-container-ve.network'
        end_of_networkd
}

# A bridge of the administrator's whose DHCP server is networkd as well, by a file of his own.
bridge_of_networkd() {
        mkdir -p /run/systemd/network
        printf '[NetDev]\nName=br-lan\nKind=bridge\n' >/run/systemd/network/br-lan.netdev
        printf '[Match]\nName=br-lan\n\n[Network]\nAddress=192.0.2.1/24\nDHCPServer=yes\nIPMasquerade=ipv4\nConfigureWithoutCarrier=yes\n' \
                >/run/systemd/network/br-lan.network
        networkctl reload
        wait_until 10 ip link show br-lan
}

test_side_by_side_bridge() {
        world_of_networkd
        bridge_of_networkd
        side_by_side '^vb-' br-lan --network-bridge=br-lan >"$SCRATCH/table"
        has "$(cat "$SCRATCH/table")" "^vb-$machine veth - BROADCAST,LOWER_UP,MULTICAST,UP br-lan 1500$"
        has "$(cat "$SCRATCH/table")" '^host0 inet /24 dynamic$'
        has "$(cat "$SCRATCH/table")" "^the world sees: from $HOST_ADDRESS$"
        has "$(cat "$SCRATCH/nbox.host")" '80-container-vb.network'
        rm /run/systemd/network/br-lan.*
        ip link delete br-lan
        end_of_networkd
}

# Pairs with names, and a link on top of one of the host's: nothing of networkd's matches them, and so both leave them down.
test_side_by_side_extra_and_macvlan() {
        world_of_networkd
        ip link add lan0 type veth peer name lan1
        side_by_side '^(ve-|front|same|lan)' - --network-veth-extra=front:inner --network-veth-extra=same --network-macvlan=lan0 >"$SCRATCH/table"
        has "$(cat "$SCRATCH/table")" '^front veth - BROADCAST,MULTICAST - 1500$'
        has "$(cat "$SCRATCH/table")" '^inner veth - BROADCAST,MULTICAST 1500$'
        has "$(cat "$SCRATCH/table")" '^mv-lan0 macvlan bridge BROADCAST,MULTICAST 1500$'
        ip link delete lan0
        end_of_networkd
}

# The same file for both: what nspawn's users have in /etc/systemd/nspawn.
test_side_by_side_settings() {
        local keys
        world_of_networkd
        bridge_of_networkd
        ip link add lan0 type veth peer name lan1
        mkdir -p /etc/systemd/nspawn
        for keys in 'VirtualEthernet=yes|^ve-|ve-web' 'VirtualEthernet=yes\nBridge=br-lan|^vb-|br-lan' \
                'Private=yes|^v|-' 'VirtualEthernetExtra=front:inner\nMACVLAN=lan0\nVirtualEthernet=no|^front|-'; do
                local text pattern link
                IFS='|' read -r text pattern link <<<"$keys"
                printf '[Network]\n%b\n' "$text" >"/etc/systemd/nspawn/$machine.nspawn"
                side_by_side "$pattern" "$link" >"$SCRATCH/table"
                echo "# $text" && cat "$SCRATCH/table"
        done
        rm "/etc/systemd/nspawn/$machine.nspawn" /run/systemd/network/br-lan.*
        ip link delete br-lan
        ip link delete lan0
        end_of_networkd
}

# --- binds -------------------------------------------------------------------------------------------------------------------------

bind_by_nspawn() { machinectl bind "$@"; }
bind_by_nbox() { nbox bind "$@"; }

# What a bound thing is like inside: its files and owners, whether it is written to; and what did not work.
bound_look() { # nspawn|nbox
        local by=$1
        "bind_by_$by" "$machine" "$SHARE" /mnt/a --mkdir
        "bind_by_$by" --read-only --mkdir "$machine" "$SHARE/file" /mnt/deep/b
        "bind_by_$by" --mkdir "$machine" "$SHARE"
        "bind_by_$by" "$machine" "$SHARE" /mnt/absent 2>/dev/null && echo 'bound to what is not there'
        "bind_by_$by" "$machine" "$SHARE/absent" /mnt 2>/dev/null && echo 'bound what is not there'
        # shellcheck disable=SC2016
        nsenter -t "$LEADER" -m -r -w -- sh -c 'cd / && for d in /mnt/a "$1"; do ls -ln --time-style=+ "$d"; touch "$d/w-$2" || echo no; done;
                cat /mnt/deep/b; echo x >>/mnt/deep/b || echo no; stat -c "%n %F %a %u" /mnt/deep' - "$SHARE" one 2>/dev/null
}

test_binds() {
        local by
        world_of_networkd
        SHARE=/srv/side-by-side
        for by in nspawn nbox; do
                mkdir -p "$SHARE"
                echo text >"$SHARE/file"
                chown 1000:1001 "$SHARE/file"
                case $by in
                nspawn) up_by_nspawn --private-users=no ;;
                nbox) up_by_nbox --private-users=no ;;
                esac
                bound_look "$by" >"$SCRATCH/$by"
                "down_by_$by"
                ls -n "$SHARE" | awk '{ print $3, $4, $NF }' >>"$SCRATCH/$by"
                rm -r "$SHARE"
        done
        diff "$SCRATCH/nspawn" "$SCRATCH/nbox" >&2 || fail 'not as with the original'
        has "$(cat "$SCRATCH/nbox")" '^text$'
        end_of_networkd
}
