# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Interfaces that a machine gets and loses while it runs, of every kind: traffic through each, nothing left of it afterwards.

. "$(dirname "${BASH_SOURCE[0]}")/modes-words.sh"

# A zone goes with its service, which systemd takes a moment to stop.
no_link() { ! ip link show "$1" >/dev/null 2>&1; }

names_of() { nbox nic list --json "$1" | jq -r '[.[].name] | join(" ")'; }

# gone_without_a_trace NAME LINK-INSIDE
gone_without_a_trace() {
        fails at "$1" ip link show "$2" 2>/dev/null
        has_not "$(nbox nic list "$1")" "^$2 "
        has_not "$(nbox status "$1")" "$2"
}

test_a_zone() {
        local name
        tree_with second
        boot "$GUEST"
        boot second --network=zone:lab
        serve second 80
        name=$(nbox nic add "$GUEST" zone:lab)
        same 'its name inside' "$name" host1
        has "$(nbox nic list "$GUEST")" "^host1 +zone +lab +nb-[0-9a-f]+ +10\..* added"
        reaches "$GUEST" tcp "$(address_of second)" 80 second
        reaches "$GUEST" udp "$(address6_of second)" 80 second
        same 'ways out' "$(at "$GUEST" ip route show default | wc -l)" 1
        # Its neighbours there find it by name.
        wait_until 10 nbox exec second /bin/busybox nslookup "$GUEST.lab"
        nbox nic remove "$GUEST" host1
        gone_without_a_trace "$GUEST" host1
        fails nbox exec second /bin/busybox nslookup "$GUEST.lab" >/dev/null 2>&1
        unserve
        terminate second
        remove_tree second
        terminate "$GUEST"
        nbox zone remove lab
}

# It comes up by that, with all that belongs to it, and goes with the last.
test_a_zone_that_was_not_there() {
        boot "$GUEST"
        nbox nic add "$GUEST" zone:lab
        ip link show nz-lab >/dev/null
        has "$(nbox zone list)" '^lab .*'
        same 'what is missing' "$(nbox network status --json | jq -c '.faults')" '[]'
        nbox exec "$GUEST" /bin/busybox ping -q -c 1 -W 3 -I host1 "$(nbox zone show --json lab | jq -r .gateway)"
        if [ "$HOST" = plain ]; then wait_until 10 pgrep -x dnsmasq; else wait_until 10 is_active nbox-zone@lab.service; fi
        nbox nic remove "$GUEST" host1
        wait_until 10 no_link nz-lab
        [ "$HOST" = plain ] || wait_until 10 is_dead nbox-zone@lab.service
        same 'what is missing' "$(nbox network status --json | jq -c '.faults')" '[]'
        has_not "$(iptables-legacy-save; nft list ruleset)" 'nz-lab'
        terminate "$GUEST"
        nbox zone remove lab
}

test_other_kinds() {
        local name
        lan_setup
        ip link add br-lan type bridge
        give host br-lan 10.97.0.1/24
        serve host 81
        boot "$GUEST"
        name=$(nbox nic add "$GUEST" macvlan:lan0,address=192.0.2.9/24)
        same 'its name inside' "$name" mv-lan0
        reaches "$GUEST" tcp "$LAN_ADDRESS" 80 lan
        name=$(nbox nic add "$GUEST" veth,address=10.99.0.2/24)
        give host "ve-$GUEST" 10.99.0.1/24
        reaches "$GUEST" udp 10.99.0.1 81 host
        nbox nic add "$GUEST" bridge:br-lan,address=10.97.0.2/24,name=lan
        reaches "$GUEST" tcp 10.97.0.1 81 host
        same 'those it has' "$(names_of "$GUEST")" "host0 mv-lan0 $name lan"
        same 'each of them, in a list of machines as well' "$(nbox list --json | jq -c '.[0].nics')" \
                "$(nbox nic list --json "$GUEST" | jq -c '[.[] | del(.added)]')"
        for name in mv-lan0 "$name" lan; do
                nbox nic remove "$GUEST" "$name"
                gone_without_a_trace "$GUEST" "$name"
        done
        has_not "$(ip -o link)" "ve-$GUEST|vb-$GUEST"
        same 'those it has' "$(names_of "$GUEST")" host0
        terminate "$GUEST"
        unserve
        ip link delete br-lan
        lan_end
}

# Root inside has made it another's by name and address.
test_one_that_the_guest_hides() {
        lan_setup
        boot "$GUEST"
        nbox nic add "$GUEST" macvlan:lan0
        at "$GUEST" ip link set mv-lan0 name host7 address 02:00:00:00:00:07
        nbox nic remove "$GUEST" mv-lan0
        same 'links inside' "$(links_inside "$GUEST")" 'lo host0 '
        nbox nic add "$GUEST" macvlan:lan0,name=other
        at "$GUEST" ip link delete other
        has "$(nbox nic remove "$GUEST" other 2>&1)" "'other' is not in the network of '$GUEST'"
        same 'those it has' "$(names_of "$GUEST")" host0
        terminate "$GUEST"
        unserve
        lan_end
}

test_one_of_the_hosts() {
        lan_setup
        ip link property add dev lan0 altname rack-7
        boot "$GUEST"
        same 'its name' "$(nbox nic add "$GUEST" interface:rack-7,address=192.0.2.9/24)" lan0
        reaches "$GUEST" tcp "$LAN_ADDRESS" 80 lan
        fails ip link show lan0 2>/dev/null
        refused nbox nic add "$GUEST" interface:lan0
        has "$REFUSAL" "machine '$GUEST' has the interface"
        nbox nic remove "$GUEST" lan0
        has "$(ip link show lan0)" 'altname rack-7'
        gone_without_a_trace "$GUEST" lan0
        # And however the machine ends.
        nbox nic add "$GUEST" interface:lan0:inner
        kill -9 "$(property "$GUEST" Supervisor)" "$(leader_of "$GUEST")"
        wait_until 5 is_gone "$GUEST"
        [ "$HOST" != plain ] || nbox gc
        wait_until 10 ip link show lan0
        wait_until 5 ip link show rack-7
        unserve
        lan_end
}

# A reboot is the same machine; a power-off is its end.
test_reboot_and_power_off() {
        lan_setup
        forget_marks "$GUEST"
        boot "$GUEST" --network-zone=default --network=veth
        nbox nic add "$GUEST" macvlan:lan0,address=192.0.2.9/24
        nbox nic add "$GUEST" zone:lab
        nbox nic remove "$GUEST" host1
        same 'those it has' "$(names_of "$GUEST")" 'host0 mv-lan0 host2'
        nbox reboot "$GUEST"
        wait_until 20 marked "$GUEST" up 2
        wait_until 10 is_state "$GUEST" running
        same 'links inside' "$(links_inside "$GUEST")" 'lo host0 mv-lan0 host2 '
        same 'those it has' "$(names_of "$GUEST")" 'host0 mv-lan0 host2'
        reaches "$GUEST" tcp "$LAN_ADDRESS" 80 lan
        poweroff "$GUEST"
        boot "$GUEST" --network-zone=default --network=veth
        same 'those it has' "$(names_of "$GUEST")" 'host0 host1'
        terminate "$GUEST"
        forget_marks "$GUEST"
        nbox zone remove lab
        unserve
        lan_end
}

# What the configuration gives it, by whatever name, and was taken by hand.
test_reboot_without_one_of_the_hosts() {
        local words mac
        lan_setup
        mac=$(ip -j link show lan0 | jq -r '.[0].address')
        ip link property add dev lan0 altname rack-7-port-12-of-the-switch
        for words in interface:lan0 interface:rack-7-port-12-of-the-switch; do
                forget_marks "$GUEST"
                boot "$GUEST" --network=zone "--network=$words"
                has "$(nbox nic list "$GUEST")" "^lan0 .* $mac "
                nbox nic remove "$GUEST" lan0
                nbox nic add "$GUEST" interface:lan0:card
                nbox reboot "$GUEST"
                wait_until 20 marked "$GUEST" up 2
                wait_until 10 is_state "$GUEST" running
                same 'those it has' "$(names_of "$GUEST")" 'host0 card'
                nbox nic remove "$GUEST" card
                ip link show lan0 >/dev/null
                nbox reboot "$GUEST"
                wait_until 20 marked "$GUEST" up 3
                wait_until 10 is_state "$GUEST" running
                same 'those it has' "$(names_of "$GUEST")" host0
                terminate "$GUEST"
        done
        forget_marks "$GUEST"
        unserve
        lan_end
}

# What was added by hand stands on something that is not there any more: it comes back without, and the name is free.
test_reboot_without_its_bridge() {
        forget_marks "$GUEST"
        ip link add br-lan type bridge
        boot "$GUEST"
        nbox nic add "$GUEST" macvlan:br-lan,name=lan
        nbox nic add "$GUEST" bridge:br-lan
        nbox nic add "$GUEST" veth
        ip link delete br-lan
        nbox reboot "$GUEST"
        wait_until 20 marked "$GUEST" up 2
        wait_until 10 is_state "$GUEST" running
        same 'those it has' "$(names_of "$GUEST")" 'host0 host2'
        nbox nic add "$GUEST" veth,name=lan
        terminate "$GUEST"
        forget_marks "$GUEST"
}

test_refused() {
        boot "$GUEST" -p 8080:80
        refused nbox nic remove "$GUEST" host0
        has "$REFUSAL" "Ports of '$GUEST' lead to 'host0'"
        refused nbox nic remove "$GUEST" host7
        refused nbox nic remove "$GUEST" lo
        refused nbox nic add "$GUEST" veth,name=host0
        refused nbox nic add "$GUEST" nothing:x
        refused nbox nic add "$GUEST" macvlan:nowhere
        refused nbox nic add "$GUEST" bridge:nowhere
        refused nbox nic add "$GUEST" interface:lo
        refused nbox nic add "$GUEST" veth,name=all
        has "$REFUSAL" 'not lo, all or default'
        # Its own, which would have to go.
        refused nbox nic add "$GUEST" "veth-extra:$(property "$GUEST" Interface):mine"
        has "$REFUSAL" "machine '$GUEST' has a link"
        nbox exec "$GUEST" /bin/busybox ping -q -c 1 -W 3 "$(gateway_of "$GUEST")"
        refused nbox nic add nobody veth
        refused nbox nic add "$GUEST"
        same 'those it has' "$(names_of "$GUEST")" host0
        nbox nic add "$GUEST" veth,address=10.99.0.2/24,gateway=10.99.0.1,name=out
        refused nbox nic add "$GUEST" veth,address=10.98.0.2/24,gateway=10.98.0.1
        has "$REFUSAL" 'one way out'
        nbox nic remove "$GUEST" out
        # What the guest has made itself is not taken from it.
        at "$GUEST" ip link add mine type bridge
        refused nbox nic add "$GUEST" veth,name=mine
        refused nbox nic remove "$GUEST" mine
        for _ in 1 2 3 4 5 6 7; do nbox nic add "$GUEST" veth; done
        refused nbox nic add "$GUEST" veth
        has "$REFUSAL" '8 interfaces'
        terminate "$GUEST"
        has_not "$(ip -o link)" "ve-$GUEST"
        boot "$GUEST" --network=host
        refused nbox nic add "$GUEST" veth
        has "$REFUSAL" 'network=host'
        terminate "$GUEST"
}

# What a verb has left that was killed is the next one's to clear: it was added, or it was not.
test_killed_anywhere() {
        local call n most inside listed kills=0
        lan_setup
        boot "$GUEST"
        kill_at() { # CALL N COMMAND…: which may have come to its end before that
                strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=SIGKILL:when=$2" "${@:3}" >/dev/null 2>&1 ||
                        { [ $? = 137 ] && kills=$((kills + 1)); }
        }
        for call in renameat sendto setsockopt; do
                most=$(strace -qq -o /dev/stdout -e "trace=$call" nbox nic add "$GUEST" zone:lab 2>/dev/null | grep -c "$call(")
                nbox nic remove "$GUEST" host1
                for n in 1 $((most / 4 + 1)) $((most / 2 + 1)) $((most * 3 / 4 + 1)) "$most"; do
                        kill_at "$call" "$n" nbox nic add "$GUEST" zone:lab
                        nbox gc
                        listed=$(names_of "$GUEST")
                        inside=$(links_inside "$GUEST")
                        case $listed in
                        host0) same "links after a kill at $call $n" "$inside" 'lo host0 ' ;;
                        *) same "links after a kill at $call $n" "$inside" 'lo host0 host1 ' && nbox nic remove "$GUEST" host1 ;;
                        esac
                        wait_until 10 no_link nz-lab
                done
                for n in 1 3; do
                        nbox nic add "$GUEST" interface:lan0 >/dev/null
                        kill_at "$call" "$n" nbox nic remove "$GUEST" lan0
                        nbox gc
                        case $(names_of "$GUEST") in
                        host0) ip link show lan0 >/dev/null ;;
                        *) nbox nic remove "$GUEST" lan0 ;;
                        esac
                        ip link show lan0 >/dev/null
                done
        done
        [ "$kills" -ge 15 ] || fail "killed only $kills times of 21"
        terminate "$GUEST"
        nbox zone remove lab
        unserve
        lan_end
}

# What is published leads to the zone where there is one: it is taken back before the first one comes, and added again.
test_ports_before_the_first_zone() {
        boot "$GUEST" --network=veth -p 8080:80
        refused nbox nic add "$GUEST" zone:lab
        has "$REFUSAL" 'port remove'
        nbox port remove "$GUEST" 8080:80
        nbox nic add "$GUEST" zone:lab
        nbox port add "$GUEST" 8080:80
        serve "$GUEST" 80
        reaches outside tcp "$HOST_ADDRESS" 8080 "$GUEST"
        reaches host tcp ::1 8080 "$GUEST"
        has "$(nbox network status)" 'Wrong: nothing'
        unserve
        terminate "$GUEST"
        nbox zone remove lab
}
