# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What went through a machine's interfaces, as its figures have it, against what was sent: of each way to have one.

. "$(dirname "${BASH_SOURCE[0]}")/figures-words.sh"

# received NAME, sent NAME: in bytes.
received() { figure "$1" network_received_bytes; }
sent() { figure "$1" network_sent_bytes; }

# carry BYTES FROM TO ADDRESS
carry() {
        (trap - ERR && at "$3" timeout 60 socat -u TCP-LISTEN:7200,reuseaddr OPEN:/dev/null) &
        wait_until 5 at "$3" sh -c "ss -Hlnt 'sport = 7200' | grep -q ."
        head -c "$1" /dev/zero | at "$2" socat -u - "TCP:$4:7200"
        wait $! || fail "nothing arrived"
}

# Two megabytes in and one out: what else there is is of the connections.
traffic() { # NAME ADDRESS FROM TO ITS-ADDRESS
        local in out
        in=$(received "$1") out=$(sent "$1")
        carry 2000000 "$3" "$1" "$2"
        around "received" $(($(received "$1") - in)) 2000000 0 250000
        carry 1000000 "$1" "$4" "$5"
        around "sent" $(($(sent "$1") - out)) 1000000 0 250000
        same "packets" "$(figures "$1" | jq '.network_received_packets > 100 and .network_sent_packets > 100')" true
}

test_network_of_a_zone() {
        boot "$GUEST"
        traffic "$GUEST" "$(address_of "$GUEST")" host outside "$OUTSIDE_ADDRESS"
        terminate "$GUEST"
}

# `card0`: one end of a pair whose other end is on a network of its own.
card_setup() {
        ip netns add wan
        ip link add card0 type veth peer name wire netns wan
        ip -n wan address add 192.0.2.1/24 dev wire
        ip -n wan link set wire up
        ip link set card0 up
}
card_end() {
        ip link delete card0
        ip netns delete wan
}

# An interface that has no end on the host is counted inside; which one it is is told by its name. Root inside may give it another.
test_network_inside() {
        local kind name
        card_setup
        for kind in macvlan interface; do
                boot "$GUEST" "--network=$kind:card0,address=192.0.2.9/24"
                traffic "$GUEST" 192.0.2.9 wan wan 192.0.2.1
                name=$(nbox show --json "$GUEST" | jq -r '.Nic[0].name')
                at "$GUEST" ip link set "$name" name other
                same "of one that is not found" "$(received "$GUEST") $(sent "$GUEST")" 'null null'
                at "$GUEST" ip link set other name "$name"
                [ "$(received "$GUEST")" -gt 2000000 ] || fail "it is not found again"
                terminate "$GUEST"
                wait_until 5 ip link show card0
        done
        card_end
}

test_networks_that_are_not_its_own() {
        boot "$GUEST" --network=host
        same "of the host's network" "$(received "$GUEST") $(sent "$GUEST")" 'null null'
        terminate "$GUEST"
        boot "$GUEST" --network=none
        same "without one" "$(received "$GUEST") $(sent "$GUEST")" '0 0'
        terminate "$GUEST"
}
