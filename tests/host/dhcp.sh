# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Names and addresses in a zone: machines and the host find each other by name, whatever the guest runs, and who asks for an address gets
# the one that it has.

ZONES=/run/nbox/network/zones

# zone_address ZONE: that of its service.
zone_address() { sed -n 's/^service //p' "/var/lib/nbox/zones/$1"; }

service_of() { pgrep -x dnsmasq -f -- "--domain=$1,"; }
is_served() { [ -n "$(service_of "$1")" ]; }
is_unserved() { [ -z "$(service_of "$1")" ]; }

# asks MACHINE NAME: the address that a resolver inside finds, by the machine's own resolv.conf.
asks() { nbox exec "$1" /bin/busybox nslookup "$2" 2>/dev/null | sed -n '/^Name:/,$s/^Address[^:]*: *//p' | head -n 1; }
finds() { [ "$(asks "$1" "$2")" = "$3" ]; }

test_machines_find_each_other_by_name() {
        local web db gateway
        tree_with web
        tree_with db
        boot web --network-zone=lab
        boot db --network-zone=lab
        web=$(address_of web) db=$(address_of db)
        gateway=$(nbox exec web /bin/busybox ip route | sed -n 's/default via \([^ ]*\).*/\1/p')
        wait_until 5 finds web db.lab "$db"
        finds db web.lab "$web"
        finds web host.lab "$gateway"
        has "$(nbox exec web cat /etc/resolv.conf)" "^nameserver $(zone_address lab)\$"
        has "$(nbox exec web cat /etc/resolv.conf)" '^search lab'
        nbox exec web /bin/busybox ping -c 1 -W 2 db >/dev/null
        nbox exec db /bin/busybox ping -c 1 -W 2 host >/dev/null
        terminate db
        wait_until 5 finds web db.lab ''
        terminate web
        wait_until 5 is_unserved lab
        [ ! -e "$ZONES" ]
        remove_tree web
        remove_tree db
}
