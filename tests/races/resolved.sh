# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# systemd-resolved is stopped, killed and started anew under machines that run: the host finds them by name again, and they each other. For a host
# that has it, which does not start it by itself.

is_found() { [ "$(resolvectl --cache=no query -4 "$1" | sed -n "s/^$1: \([0-9.]*\).*/\1/p")" = "$(address_of "${1%.*}")" ]; }
finds() { nbox exec "$1" /bin/busybox ping -c 1 -W 1 "$2"; }

are_found() {
        wait_until 10 is_found web.lab
        wait_until 10 is_found db.lab
        has "$(resolvectl domain nz-lab)" '~lab$'
        has "$(resolvectl default-route nz-lab)" ': no$'
        wait_until 10 finds web db
}

test_resolved_restarted() {
        systemctl start systemd-resolved
        tree_with web
        tree_with db
        boot web --network-zone=lab
        boot db --network-zone=lab
        are_found
        systemctl restart systemd-resolved
        are_found
        kill -9 "$(unit_of systemd-resolved MainPID)"
        wait_until 10 is_active systemd-resolved
        are_found
        # The zone's service goes meanwhile, and is another one.
        systemctl stop systemd-resolved
        kill -9 "$(unit_of nbox-zone@lab.service MainPID)"
        wait_until 10 is_active nbox-zone@lab.service
        systemctl start systemd-resolved
        are_found
        terminate web
        terminate db
        systemctl stop systemd-resolved
        remove_tree web
        remove_tree db
}
