# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The service of a zone as a unit of systemd's: it comes with the first machine and goes with the last, and is there again when
# it was killed. What guests with a DHCP client of their own make of it, and how the host finds machines by name.

. "$HERE/dhcp-words.sh"

unit() { echo "nbox-zone@$1.service"; }
main_pid() { unit_of "$(unit "$1")" MainPID; }
no_trace() { ! ip link show "nz-$1" >/dev/null 2>&1 && [ "$(unit_of "$(unit "$1")" ActiveState)" = inactive ] && [ ! -e "$ZONES/$1" ]; }
another_than() { local pid; pid=$(main_pid "$1"); [ "$pid" != 0 ] && [ "$pid" != "$2" ] && is_served "$1"; }

test_comes_and_goes_with_machines() {
        local form
        tree_with web
        tree_with db
        for form in '' --register=no; do
                boot web --network-zone=a-b.c $form
                wait_until 5 is_active "$(unit a-b.c)"
                boot db --network-zone=a-b.c $form
                wait_until 5 knows web db.a-b.c "$(address_of db)"
                same 'one service' "$(service_of a-b.c | wc -l)" 1
                terminate web
                finds db db.a-b.c "$(address_of db)"
                terminate db
                wait_until 5 no_trace a-b.c
        done
        # As a service that starts with the host, too.
        mkdir -p /etc/nbox
        printf '[Network]\nZone=lab\n' >/etc/nbox/web.conf
        systemctl start nbox@web
        wait_until 5 knows web web.lab "$(address_of web)"
        systemctl stop nbox@web
        wait_until 5 no_trace lab
        rm -r /etc/nbox/web.conf
        remove_tree web
        remove_tree db
}

# A machine's file is there at once and as a whole: one that is written where it is looked for is read twice, and meets itself.
test_a_machine_is_read_once() {
        local said
        tree_with web
        tree_with db
        boot web --network-zone=lab
        wait_until 5 knows web web.lab "$(address_of web)"
        boot db --network-zone=lab
        wait_until 5 knows web db.lab "$(address_of db)"
        said=$(journalctl -q -o cat _SYSTEMD_INVOCATION_ID="$(unit_of "$(unit lab)" InvocationID)")
        for kind in dhcp hosts; do
                same "how often $kind/db was read" "$(grep -c "inotify: .*/lab/$kind/db new" <<<"$said")" 1
        done
        has_not "$said" duplicate
        terminate db
        terminate web
        wait_until 5 no_trace lab
        remove_tree web
        remove_tree db
}

test_killed() {
        local pid
        tree_with web
        boot web --network-zone=lab
        wait_until 5 is_served lab
        pid=$(main_pid lab)
        kill -9 "$pid"
        wait_until 5 another_than lab "$pid"
        wait_until 5 knows web web.lab "$(address_of web)"
        # All of it at once: the service, the machine's supervisor, its init.
        systemctl kill -s KILL 'nbox-boot-web.service' "$(unit lab)"
        wait_until 10 is_gone web
        wait_until 10 no_trace lab
        nbox gc
        systemctl reset-failed
        remove_tree web
}

# One goes as the next comes: systemd has begun to stop the service when it is wanted again.
test_one_goes_as_the_next_comes() {
        local round
        tree_with web
        tree_with db
        for round in $(seq 5); do
                boot web --network-zone=lab
                (sleep "0.0$round"; exec timeout 90 nbox boot -d --network-zone=lab db) &
                terminate web
                wait $!
                wait_until 5 knows db db.lab "$(address_of db)"
                terminate db
        done
        wait_until 5 no_trace lab
        remove_tree web
        remove_tree db
}

# systemd stops what is unneeded by itself, but not again when it has done so 16 times within ten seconds.
test_comings_and_goings() {
        tree_with web
        for _ in $(seq 24); do
                boot web --network-zone=lab
                wait_until 5 is_active nbox-zone@lab.service
                nbox terminate --wait web
        done
        wait_until 10 is_dead nbox-zone@lab.service
        wait_until 5 eval '! ip link show nz-lab'
        remove_tree web
}

test_a_reboot_has_it_again() {
        local address
        tree_with web
        boot web --network-zone=lab
        address=$(address_of web)
        wait_until 5 knows web web.lab "$address"
        nbox reboot web
        wait_until 15 marked web up 2
        wait_until 5 knows web web.lab "$address"
        poweroff web
        wait_until 5 no_trace lab
        remove_tree web
}

# A zone that stays up without machines: the admin's wish.
test_enabled_by_hand() {
        tree_with web
        # `systemctl enable` has multi-user.target want it, which is not what this host starts.
        systemctl -q add-wants test.target "$(unit lab)"
        systemctl start "$(unit lab)"
        is_served lab
        ip link show nz-lab >/dev/null
        boot web --network-zone=lab
        finds web web.lab "$(address_of web)"
        terminate web
        nbox gc
        is_active "$(unit lab)"
        ip link show nz-lab >/dev/null
        rm "/etc/systemd/system/test.target.wants/$(unit lab)"
        systemctl daemon-reload
        wait_until 5 no_trace lab
        # One that cannot be served says so.
        refused systemctl start 'nbox-zone@far-too-long-a-name.service'
        systemctl reset-failed
        remove_tree web
}

# The host, by nss-mymachines, through user namespaces; and by systemd-resolved where that runs, which asks the zone for its names alone.
test_the_host_finds_machines() {
        local address
        tree_with web
        boot web --network-zone=lab
        address=$(address_of web)
        wait_until 5 is_served lab
        same 'by nss-mymachines' "$(getent -s mymachines ahostsv4 web | awk '{ print $1; exit }')" "$address"
        same 'by all that the host has' "$(getent ahostsv4 web | awk '{ print $1; exit }')" "$address"
        same 'its IPv6 address' "$(getent -s mymachines ahostsv6 web | awk '/^fd/ { print $1; exit }')" "$(listed6 web)"
        terminate web
        wait_until 5 no_trace lab
        systemctl start systemd-resolved
        boot web --network-zone=lab
        wait_until 5 is_served lab
        same 'by systemd-resolved' "$(resolvectl query -4 web.lab | sed -n 's/^web.lab: \([0-9.]*\).*/\1/p')" "$address"
        same 'by systemd-resolved, IPv6' "$(resolvectl query -6 web.lab | sed -n 's/^web.lab: \([0-9a-f:]*\).*/\1/p')" "$(listed6 web)"
        has "$(resolvectl domain nz-lab)" '~lab$'
        has "$(resolvectl default-route nz-lab)" ': no$'
        terminate web
        wait_until 5 no_trace lab
        systemctl stop systemd-resolved
        remove_tree web
}

# Clients that take away what they find and ask by DHCPv6: they are given what they had, and told what is on the link.
has_lease6() { nbox exec dhclient grep -q iaaddr /var/lib/dhcp/dhclient6.host0.leases; }
dhcpv6_is_done() { has_lease6 && [ "$(address6_of dhclient)" = "$(listed6 dhclient)" ]; }

test_dhcpv6() {
        local interfaces=$MACHINES/dhclient/etc/network/interfaces
        cp -a "$interfaces" "$SCRATCH/interfaces"
        printf 'auto lo\niface lo inet loopback\n\nauto host0\niface host0 inet dhcp\niface host0 inet6 dhcp\n' >"$interfaces"
        tree_with web
        boot web --network-zone=lab
        boot dhclient --network-zone=lab
        wait_until 20 dhcpv6_is_done
        has "$(nbox exec dhclient ip -6 -o address show dev host0 scope global)" dynamic
        has "$(nbox exec dhclient ip -6 route show default)" "via $(nbox zone show --json lab | jq -r .gateway6) dev host0"
        inside_says web /bin/busybox ping6 -q -c 1 -W 2 "$(listed6 dhclient)" | grep -q ' 0% packet loss'
        same 'a name by its new server' "$(nbox exec dhclient getent ahostsv6 web | awk '{ print $1; exit }')" "$(listed6 web)"
        forget_marks dhclient
        nbox reboot dhclient
        wait_until 30 marked dhclient up 1
        wait_until 20 dhcpv6_is_done
        poweroff dhclient
        poweroff web
        cp -a "$SCRATCH/interfaces" "$interfaces"
        remove_tree web
}

# Each client for itself: the address that is listed, two minutes later, after a reboot, and by now renewed at least once.
test_guests_with_clients_of_their_own() {
        local guest end
        declare -A address address6
        tree_with none
        boot none --network-zone=lab
        for guest in networkd dhclient; do boot "$guest" --network-zone=lab; done
        for guest in networkd dhclient none; do
                address[$guest]=$(property "$guest" Address)
                [ -n "${address[$guest]}" ]
                address6[$guest]=$(listed6 "$guest")
                has "${address6[$guest]}" '^fd'
        done
        wait_until 20 has_lease networkd
        wait_until 20 has_lease dhclient
        end=$((SECONDS + 125))
        while [ "$SECONDS" -lt "$end" ]; do
                for guest in networkd dhclient none; do
                        same "the address of $guest" "$(address_of "$guest")" "${address[$guest]}"
                        same "the IPv6 address of $guest" "$(address6_of "$guest")" "${address6[$guest]}"
                done
                sleep 2
        done
        journalctl -q -u "$(unit lab)" >"$SCRATCH/log"
        for guest in networkd dhclient none; do finds_all "$guest"; done
        for guest in networkd dhclient; do
                forget_marks "$guest"
                nbox reboot "$guest"
                wait_until 30 marked "$guest" up 1
                wait_until 20 has_lease "$guest"
                same "the address of $guest" "$(address_of "$guest")" "${address[$guest]}"
                same "what is listed of $guest" "$(property "$guest" Address)" "${address[$guest]}"
                same "the IPv6 address of $guest" "$(address6_of "$guest")" "${address6[$guest]}"
                same "what is listed of $guest" "$(listed6 "$guest")" "${address6[$guest]}"
        done
        for guest in networkd dhclient none; do finds_all "$guest"; done
        for guest in networkd dhclient none; do poweroff "$guest"; done
        remove_tree none
}
