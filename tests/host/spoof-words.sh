# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A zone with a machine that means well, and one whose root says on the wire that it were somebody else.

inside() { # MACHINE COMMAND...: of its busybox
        local machine=$1
        shift
        timeout "$((20 * PATIENCE))" nbox exec "$machine" /bin/busybox "$@"
}

address_of_link() { at "$1" ip -4 -o address show dev host0 | sed -n 's/.*inet \([0-9./]*\).*/\1/p'; }
mac_of_link() { at "$1" ip -o link show dev host0 | sed -n 's/.*ether \([0-9a-f:]*\).*/\1/p'; }

# a_zone [KIND]: `good`, who has ports, and `bad` beside it.
a_zone() {
        nbox zone create lab "$@"
        tree_with good
        tree_with bad
        boot good --network-zone=lab -p 8080:80 -p 8080:80/udp --host-port=9999
        boot bad --network-zone=lab
}

zone_end() {
        terminate good
        terminate bad
        remove_tree good
        remove_tree bad
        nbox zone remove lab
}

# announce ADDRESS: to everybody on the wire, that it were bad's.
announce() {
        inside bad arping -q -U -c 2 -I host0 "$1" || true # nobody answers to that
        inside bad arping -q -A -c 2 -I host0 "$1" || true
}
