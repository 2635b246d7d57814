# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What says on the wire that it were somebody else goes nowhere: by the zone's name service, or with a foreign source.

. "$(dirname "${BASH_SOURCE[0]}")/spoof-words.sh"

# Whom the zone's name service asks for the world's names. And isolated machines exchange frames with it, and none by it. (That a new
# namespace forwards, because the host does, is so in the virtual machine alone.)
test_name_service_has_its_gateway_and_is_no_router() {
        local address gateway service
        a_zone --isolated
        wait_until 5 pgrep -x dnsmasq
        gateway=$(gateway_of bad)
        at bad ip address add "$gateway/32" dev host0
        announce "$gateway"
        has "$(nsenter -t "$(pgrep -x dnsmasq)" -n ip neigh show "$gateway")" "lladdr $(cat /sys/class/net/nz-lab/address) PERMANENT"
        at bad ip address del "$gateway/32" dev host0
        serve good 80
        address=$(address_of_link good)
        service=$(nsenter -t "$(pgrep -x dnsmasq)" -n ip -o link show dev zone0 | sed -n 's/.*ether \([0-9a-f:]*\).*/\1/p')
        at bad ip neigh replace "${address%/*}" lladdr "$service" dev host0 nud permanent
        reaches_not bad udp "${address%/*}" 80
        unserve
        zone_end
}

test_foreign_sources() {
        local where
        a_zone
        serve outside 5555
        serve host 5556
        at bad ip address add 192.0.2.7/32 dev host0
        for where in "$OUTSIDE_ADDRESS:5555" "$HOST_ADDRESS:5556"; do
                echo own | at bad socat -u - "UDP:$where"
                echo foreign | at bad socat -u - "UDP:$where,bind=192.0.2.7"
        done
        wait_until 5 sh -c "[ \$(grep -c own '$SCRATCH/heard') = 2 ]"
        sleep 0.2
        has_not "$(cat "$SCRATCH/heard")" foreign
        unserve
        zone_end
}
