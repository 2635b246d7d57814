# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How fast, and how much: limits of a machine's interfaces and what went through them.

. "$(dirname "${BASH_SOURCE[0]}")/ports-words.sh"

# What arrives of FROM's datagrams at ADDRESS of TO, in kilobits a second. By udp, since tcp through a filter that drops settles
# wherever its losses let it, below the rate; and once the second's worth that passes at once after a pause has passed.
kilobits() { # FROM TO ADDRESS
        local began bytes
        at "$2" timeout 10 socat -u -T 1 UDP-RECV:7100,rcvbuf=8000000 "CREATE:$SCRATCH/arrived" &
        sleep 0.3
        at "$1" timeout 3.2 socat -u -b 1400 OPEN:/dev/zero "UDP-SENDTO:$3:7100" &
        sleep 1.5
        began=$(date +%s%N) bytes=$(stat -c %s "$SCRATCH/arrived")
        sleep 1.5
        bytes=$(($(stat -c %s "$SCRATCH/arrived") - bytes))
        echo $((bytes * 8 * 1000000 / ($(date +%s%N) - began)))
        wait || true
        rm "$SCRATCH/arrived"
}

within() { # WHAT GOT FROM TO
        [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || fail "$1: $2 kbit/s, not $3 to $4"
}

test_rates() {
        local free rate address
        boot "$GUEST"
        address=$(address_of "$GUEST")
        free=$(kilobits host "$GUEST" "$address")
        [ "$free" -gt 40000 ] || fail "without a limit: $free kbit/s toward it"
        free=$(kilobits "$GUEST" outside "$OUTSIDE_ADDRESS")
        [ "$free" -gt 40000 ] || fail "without a limit: $free kbit/s from it"
        terminate "$GUEST"
        boot "$GUEST" --ingress-rate=10M --egress-rate=20M
        address=$(address_of "$GUEST")
        within "toward it, of 10M" "$(kilobits host "$GUEST" "$address")" 7000 13000
        within "from it, of 20M" "$(kilobits "$GUEST" outside "$OUTSIDE_ADDRESS")" 14000 26000
        # Its root cannot lift that.
        at "$GUEST" tc qdisc del dev host0 root 2>/dev/null || true
        at "$GUEST" ip link set host0 mtu 9000 || true
        nbox exec "$GUEST" /bin/busybox sh -c 'busybox tc qdisc del dev host0 root; busybox ip link set host0 qlen 100000' || true
        within "toward it, after its root has tried" "$(kilobits host "$GUEST" "$address")" 7000 13000
        # In its next life, too.
        has "$(nbox status "$GUEST")" '10 Mbit/s.*20 Mbit/s'
        forget_marks "$GUEST"
        nbox reboot "$GUEST"
        wait_until 20 marked "$GUEST" up 1
        wait_until 10 nbox exec "$GUEST" true
        within "toward it, in its next life" "$(kilobits host "$GUEST" "$address")" 7000 13000
        terminate "$GUEST"
}

# What others flush and delete is seen and made anew.
test_rates_are_mended() {
        local link
        boot "$GUEST" --ingress-rate=10M --egress-rate=20M
        link=$(nbox show --json "$GUEST" | jq -r '.Nic[0].interface')
        nbox network status
        for harm in "nft delete table netdev nbox_$link" "nft flush chain netdev nbox_$link from-machine" "tc qdisc del dev $link root"; do
                $harm
                has "$(status_is 1 nbox network status)" "$GUEST.*the limit of its rate is gone from $link"
                nbox network repair
                nbox network status
                has "$(nft list table netdev "nbox_$link")" 'limit rate over 2500000 bytes/second'
                has "$(tc qdisc show dev "$link")" 'tbf .*rate 10Mbit'
        done
        terminate "$GUEST"
}

test_rates_that_are_none() {
        for rate in 0 1 -1 10m 10MB 2T 1.5M; do
                refused nbox boot --dry-run --ingress-rate="$rate" "$GUEST"
                has "$REFUSAL" 'ingress-rate.*is not a rate'
        done
        refused nbox boot --dry-run --network=host --egress-rate=1M "$GUEST"
        printf '[Network]\nIngressRate=1G\nEgressRate=500K\n' >"$MACHINES/../rates"
        mkdir -p /etc/nbox
        mv "$MACHINES/../rates" "/etc/nbox/$GUEST.conf"
        same "the plan" "$(nbox boot --dry-run --json "$GUEST" | jq -c '[.ingress_rate, .egress_rate]')" '[1000000000,500000]'
        rm "/etc/nbox/$GUEST.conf"
}

counters() { nbox show --json "$1" | jq ".Nic[0].$2"; }

test_counters() {
        local before
        boot "$GUEST"
        before=$(counters "$GUEST" bytes_in)
        head -c 3000000 /dev/zero | at host socat -u -b 1400 - "UDP-SENDTO:$(address_of "$GUEST"):7100"
        wait_until 5 sh -c "[ \$((\$(nbox show --json $GUEST | jq .Nic[0].bytes_in) - $before)) -gt 1000000 ]"
        head -c 500000 /dev/zero | at "$GUEST" socat -u -b 1400 - "UDP-SENDTO:$OUTSIDE_ADDRESS:7100"
        [ "$(counters "$GUEST" bytes_out)" -gt 400000 ] || fail "$(nbox show --json "$GUEST")"
        [ "$(counters "$GUEST" packets_out)" -gt 300 ] || fail "$(nbox show --json "$GUEST")"
        has "$(nbox status "$GUEST")" 'Traffic: [0-9.]+ MB in .*, [0-9.]+ kB out'
        # Without root, too.
        has "$(setpriv --reuid=65534 --clear-groups nbox status "$GUEST")" 'Traffic: '
        terminate "$GUEST"
}
