# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Names and addresses in a zone: machines find each other and the host by name, and who asks for an address gets the one that it
# has, and no other. On a host with systemd and on one without.

. "$HERE/dhcp-words.sh"

test_machines_find_each_other_by_name() {
        local web db
        tree_with web
        tree_with db
        boot web --network-zone=lab
        has "$(nbox status web)" 'Names: (web web\.lab|none yet: .* is starting)'
        boot db --network-zone=lab
        web=$(address_of web) db=$(address_of db)
        wait_until 5 knows web db.lab "$db"
        finds db web.lab "$web"
        # By their IPv6 addresses, too; the host is not called by one. The service answers at its own as well.
        finds6 web db.lab "$(address6_of db)"
        finds6 db web "$(address6_of web)"
        finds6 db host.lab ''
        has "$(inside_says web /bin/busybox nslookup db.lab "$(nbox zone show --json lab | jq -r .service6)")" "$db"
        nbox exec web /bin/busybox ping6 -c 1 -W 2 db >/dev/null
        finds web host.lab "$(gateway_of web)"
        has "$(nbox exec web cat /etc/resolv.conf)" "^nameserver $(zone_address lab)\$"
        has "$(nbox exec web cat /etc/resolv.conf)" '^search lab'
        # By the short name, as programs look it up.
        nbox exec web /bin/busybox ping -c 1 -W 2 db >/dev/null
        nbox exec db /bin/busybox ping -c 1 -W 2 host >/dev/null
        terminate db
        wait_until 5 knows web db.lab ''
        finds6 web db.lab ''
        terminate web
        wait_until 5 is_unserved lab
        wait_until 5 test ! -e "$ZONES"
        remove_tree web
        remove_tree db
}

test_dhcp_gives_what_it_has() {
        local address mac
        tree_asking web
        tree_asking db
        boot web --network-zone=lab
        boot db --network-zone=lab
        address=$(address_of web)
        wait_until 5 is_served lab
        same 'what it is told' "$(dhcp web)" "$address/22 via $(gateway_of web), $(zone_address lab), lab"
        # Whoever has another hardware address gets nothing, whatever it calls itself; and its name stands for nothing.
        nbox exec db /bin/busybox sh -c 'ip link set host0 down; ip link set host0 address 02:00:5e:00:00:01; ip link set host0 up'
        same 'a stranger' "$(dhcp db -x hostname:web)" ''
        same 'a wish' "$(dhcp db -x hostname:evil -r "$address")" ''
        finds web evil.lab ''
        finds web web.lab "$address"
        # The name that a known one sends is not taken either.
        [ -n "$(dhcp web -x hostname:evil)" ]
        finds web evil.lab ''
        # Whose link is another's: what it hears is the other's, and no name and no rule changes by it.
        mac=$(nbox exec web cat /sys/class/net/host0/address)
        nbox exec db /bin/busybox sh -c "ip link set host0 down; ip link set host0 address $mac; ip link set host0 up"
        has_not "$(dhcp db -x hostname:db)" "^$(nbox show --value -p Address db)/"
        finds web db.lab "$(nbox show --value -p Address db)"
        terminate db
        terminate web
        remove_tree web
        remove_tree db
}

# A machine that comes back with another hardware address, its zone up all the while, is given its address all the same.
test_another_hardware_address() {
        local address
        tree_asking web
        tree_asking db
        boot db --network-zone=lab
        boot web --network-zone=lab
        address=$(address_of web)
        wait_until 5 is_served lab
        has "$(dhcp web)" "^$address/"
        terminate web
        boot web --network-zone=lab,mac=02:00:5e:00:00:02
        same 'its address' "$(address_of web)" "$address"
        has "$(dhcp web)" "^$address/"
        terminate web
        terminate db
        remove_tree web
        remove_tree db
}

# Neither the host's name, nor the zone's, nor one of the world outside can be taken by calling a machine so.
test_names_that_are_not_given() {
        local name
        for name in host lab www.example.org UPPER; do tree_with "$name"; boot "$name" --network-zone=lab; done
        wait_until 5 knows UPPER upper.lab "$(address_of UPPER)"
        finds lab host.lab "$(gateway_of lab)"
        finds lab host "$(gateway_of lab)"
        finds host lab. '' # with the dot: not lab.lab either
        finds host lab.lab "$(address_of lab)"
        finds host www.example.org.lab "$(address_of www.example.org)"
        finds host www.example.org. ''
        for name in host lab www.example.org UPPER; do terminate "$name"; remove_tree "$name"; done
}

# A resolver of the host's own on all of its addresses is neither in the way nor asked.
test_port_53_is_busy() {
        tree_with web
        dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts --address=/#/192.0.2.1 &
        wait_until 5 eval "ss -Hlnup 'sport = 53' | grep -q 'pid=$!,'"
        boot web --network-zone=lab
        wait_until 5 knows web web.lab "$(address_of web)"
        finds web host.lab "$(gateway_of web)"
        terminate web
        kill $!
        wait $! || true
        remove_tree web
}

# The world's names come from where the host asks; a closed zone has no world.
test_names_of_the_world() {
        cp /etc/resolv.conf "$SCRATCH/resolv.conf"
        tree_with web
        ip netns exec outside dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts \
                --address=/example.org/192.0.2.77 &
        echo "nameserver $OUTSIDE_ADDRESS" >/etc/resolv.conf
        boot web --network-zone=lab
        wait_until 5 knows web www.example.org 192.0.2.77
        # It follows the host's file.
        echo "nameserver 203.0.113.9" >/etc/resolv.conf
        sleep 1
        finds web www.example.org ''
        echo "nameserver $OUTSIDE_ADDRESS" >/etc/resolv.conf
        wait_until 5 knows web www.example.org 192.0.2.77
        terminate web
        kill $!
        wait $! || true
        cat "$SCRATCH/resolv.conf" >/etc/resolv.conf
        remove_tree web
}

# A guest's own client takes the address from here and keeps it: when it asks again, and after a reboot.
test_udhcpc_keeps_its_address() {
        local address
        tree_with web
        mkdir -p "$MACHINES/web/etc/udhcpc"
        cat >"$MACHINES/web/etc/udhcpc/default.script" <<'SCRIPT'
#!/bin/sh
case $1 in
deconfig) ip address flush dev "$interface" ;;
bound | renew)
        ip address replace "$ip/$mask" dev "$interface"
        ip route replace default via "$router"
        { echo "search $search"; for i in $dns; do echo "nameserver $i"; done; } >/etc/resolv.conf
        echo "$1" >>/var/dhcp
        ;;
esac
SCRIPT
        chmod 755 "$MACHINES/web/etc/udhcpc/default.script"
        echo 'udhcpc -i host0 -b -S -s /etc/udhcpc/default.script' >>"$MACHINES/web/etc/init.d/rcS"
        boot web --network-zone=lab
        address=$(property web Address)
        wait_until 10 grep -q bound "$MACHINES/web/var/dhcp"
        same 'the address' "$(address_of web)" "$address"
        nbox exec web /bin/busybox killall -USR1 udhcpc
        wait_until 10 grep -q renew "$MACHINES/web/var/dhcp"
        same 'after it asked again' "$(address_of web)" "$address"
        finds web web.lab "$address"
        rm "$MACHINES/web/var/dhcp"
        nbox reboot web
        wait_until 15 grep -q bound "$MACHINES/web/var/dhcp"
        same 'after a reboot' "$(address_of web)" "$address"
        same 'what is listed' "$(property web Address)" "$address"
        finds web web.lab "$address"
        poweroff web
        remove_tree web
}

# A lone command has no need of it; one beside a machine finds that by name.
test_run() {
        tree_with web
        has_not "$(nbox run --network-zone=lab "$MACHINES/.busybox" /bin/busybox cat /etc/resolv.conf)" '^search lab'
        is_unserved lab
        boot web --network-zone=lab
        wait_until 5 is_served lab
        nbox run --network-zone=lab "$MACHINES/.busybox" /bin/busybox nslookup web.lab | grep -q "$(address_of web)"
        is_served lab
        terminate web
        remove_tree web
}

# All else works without it, and it is said once.
test_no_dnsmasq() {
        local said
        tree_with web
        tree_with db
        mount --bind /dev/null /usr/sbin/dnsmasq
        said=$(boot web --network-zone=lab 2>&1)
        has "$said" 'dnsmasq is not installed'
        has "$said" 'dnsmasq-base'
        has_not "$(boot db --network-zone=lab 2>&1)" dnsmasq
        has_not "$(nbox exec web cat /etc/resolv.conf)" '^search lab'
        nbox exec web /bin/busybox ping -c 1 -W 2 "$(address_of db)" >/dev/null
        has "$(nbox status web)" 'dnsmasq is not installed'
        has "$(nbox network status)" 'lab: .*, 2 machines, no name service$'
        umount /usr/sbin/dnsmasq
        terminate web
        terminate db
        remove_tree web
        remove_tree db
}

# Machines that do not see each other, and do not get out, have names and addresses all the same; the world's names are of no use to them.
test_isolated_and_closed() {
        tree_asking web
        tree_asking db
        ip netns exec outside dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root --no-resolv --no-hosts \
                --address=/example.org/192.0.2.77 &
        cp /etc/resolv.conf "$SCRATCH/resolv.conf"
        echo "nameserver $OUTSIDE_ADDRESS" >/etc/resolv.conf
        nbox zone create lab --isolated --closed
        boot web --network-zone=lab
        boot db --network-zone=lab
        wait_until 5 knows web db.lab "$(address_of db)"
        has "$(dhcp web)" "^$(address_of web)/"
        fails nbox exec web /bin/busybox ping -c 1 -W 1 db
        finds web www.example.org ''
        terminate web
        terminate db
        nbox zone remove lab
        kill $!
        wait $! || true
        cat "$SCRATCH/resolv.conf" >/etc/resolv.conf
        remove_tree web
        remove_tree db
}

# Two zones have ranges and services of their own, and do not know each other's names.
test_two_zones() {
        tree_with web
        tree_with db
        boot web --network-zone=lab
        boot db --network-zone=office
        wait_until 5 knows web web.lab "$(address_of web)"
        wait_until 5 knows db db.office "$(address_of db)"
        finds web db.lab ''
        finds db web.office ''
        terminate web
        wait_until 5 is_unserved lab
        is_served office
        terminate db
        remove_tree web
        remove_tree db
}

# It outlives the supervisor that it came with, and not its zone.
test_killed_supervisors() {
        local pid
        tree_with web
        tree_with db
        nbox boot --console=pipe --network-zone=lab web </dev/null >/dev/null 2>&1 &
        pid=$!
        wait_until 10 is_state web running
        boot db --network-zone=lab
        wait_until 5 is_served lab
        kill -9 "$pid"
        wait "$pid" || true
        nbox gc
        finds db db.lab "$(address_of db)"
        finds db web.lab ''
        terminate db
        wait_until 5 is_unserved lab
        remove_tree web
        remove_tree db
}

# It may come when those who wanted it have gone: then it goes, too.
test_a_machine_that_ends_at_once() {
        tree_with web
        for _ in $(seq 20); do
                boot web
                nbox terminate web
        done
        wait_until 10 eval '! pgrep -x nbox'
        wait_until 10 eval '! ip link show nbox0 && [ ! -e /run/nbox/network ]'
        remove_tree web
}
