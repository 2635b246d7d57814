# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The network as a user meets it: ports in all the ways that they can be written, settings that were made for systemd-nspawn, several
# interfaces, and what is shown of it all.

# up OPTIONS...: the guest with these, serving on port 80 (and 9042, where a range ends up).
up() {
        boot "$GUEST" "$@" 2>"$SCRATCH/boot"
        serve "$GUEST" 80
}

down() {
        unserve
        terminate "$GUEST"
}

test_ports_are_written_in_many_ways() {
        up -p 8080:80 -p udp:8081:80 -p 8082:80/tcp -p 8082:80/udp --port=80 --port=127.0.0.1:8083:80 -p "$HOST_ADDRESS:8084:80/tcp"
        for address in "$HOST_ADDRESS" 127.0.0.1; do
                reaches host tcp "$address" 8080 "$GUEST"
                reaches host udp "$address" 8081 "$GUEST"
                reaches host tcp "$address" 8082 "$GUEST"
                reaches host udp "$address" 8082 "$GUEST"
                reaches host tcp "$address" 80 "$GUEST"
        done
        # On one address, and so on no other.
        reaches host tcp 127.0.0.1 8083 "$GUEST"
        reaches_not host tcp "$HOST_ADDRESS" 8083
        reaches_not outside tcp "$HOST_ADDRESS" 8083
        reaches outside tcp "$HOST_ADDRESS" 8084 "$GUEST"
        reaches host tcp "$HOST_ADDRESS" 8084 "$GUEST"
        reaches "$GUEST" tcp "$HOST_ADDRESS" 8084 "$GUEST"
        reaches_not host tcp 127.0.0.1 8084
        # Not by the other protocol.
        reaches_not outside udp "$HOST_ADDRESS" 8080
        reaches_not outside tcp "$HOST_ADDRESS" 8081
        down
}

test_a_range_keeps_its_order() {
        up -p 8000-8099:9000-9099 -p 8000-8099:9000/udp
        serve "$GUEST" 9042
        serve "$GUEST" 9099
        for protocol in tcp udp; do
                reaches outside "$protocol" "$HOST_ADDRESS" 8042 "$GUEST"
                reaches host "$protocol" 127.0.0.1 8042 "$GUEST"
                reaches "$GUEST" "$protocol" "$HOST_ADDRESS" 8042 "$GUEST"
                reaches host "$protocol" "$HOST_ADDRESS" 8099 "$GUEST"
                reaches_not outside "$protocol" "$HOST_ADDRESS" 8043
                reaches_not outside "$protocol" "$HOST_ADDRESS" 8100
        done
        down
}

test_ports_that_are_none() {
        for port in 0 65536 8080:80:90 80- 8001-8000 8000-8002:9000-9001 65500-65535:65530 80/sctp tcp:80/udp '[fe80::1]:80:80' 300.1.1.1:80:80 a:b '' \
                ':80' '80:' '127.0.0.1:' ' 80' '80 ' '-1'; do
                refused nbox boot --dry-run --port="$port" "$GUEST"
                has "$REFUSAL" port
        done
        # The same twice, or a part of it.
        refused nbox boot --dry-run -p 8080:80 -p 8080:81 "$GUEST"
        refused nbox boot --dry-run -p 8000-8010 -p 127.0.0.1:8005:80 "$GUEST"
        nbox boot --dry-run -p 8080:80 -p 8080:80/udp -p 127.0.0.1:8081:80 -p 127.0.0.2:8081:80 "$GUEST" >/dev/null
        refused nbox boot --dry-run --network=none -p 8080:80 "$GUEST"
}

# An administrator's file as systemd-nspawn has read it.
test_settings_of_nspawn() {
        mkdir -p /etc/systemd/nspawn
        printf '[Network]\nZone=lab\nPort=tcp:8080:80\nPort=udp:8080:80\nPort=9090\n' >"/etc/systemd/nspawn/$GUEST.nspawn"
        up
        has "$(ip -o link)" 'nbox-?.*lab'
        for protocol in tcp udp; do reaches outside "$protocol" "$HOST_ADDRESS" 8080 "$GUEST"; done
        has "$(nbox status "$GUEST")" 'lab'
        down
        rm "/etc/systemd/nspawn/$GUEST.nspawn" /var/lib/nbox/zones/lab
}

test_several_interfaces() {
        local first second
        up --network-zone=front --network-zone=back -p 8080:80
        first=$(nbox exec "$GUEST" /bin/busybox ip -4 -o addr show dev host0 | sed -n 's/.*inet \([0-9.]*\).*/\1/p')
        second=$(nbox exec "$GUEST" /bin/busybox ip -4 -o addr show dev host1 | sed -n 's/.*inet \([0-9.]*\).*/\1/p')
        [ -n "$second" ] && [ "$first" != "$second" ] || fail "addresses: '$first' and '$second'"
        has "$(nbox exec "$GUEST" /bin/busybox ip route)" "^default via [0-9.]+ dev host0"
        same "default routes" "$(nbox exec "$GUEST" /bin/busybox ip route | grep -c ^default)" 1
        # One of the second zone finds it there.
        tree_with neighbour
        boot neighbour --network-zone=back
        reaches neighbour tcp "$second" 80 "$GUEST"
        reaches_not neighbour tcp "$first" 80
        reaches neighbour tcp "$HOST_ADDRESS" 8080 "$GUEST"
        terminate neighbour
        remove_tree neighbour
        has "$(nbox list)" " $first,$second "
        has "$(nbox status "$GUEST")" "$second"
        down
        rm /var/lib/nbox/zones/{front,back}
}

test_what_is_shown() {
        local address
        up -p 8080:80 -p 127.0.0.1:8000-8009:9000/udp
        address=$(address_of "$GUEST")
        has "$(nbox list)" "$address"
        has "$(nbox status "$GUEST")" "$address"
        has "$(nbox status "$GUEST")" 'tcp:8080:80|8080.*80/tcp'
        has "$(nbox status "$GUEST")" '8000-8009'
        same "ports in the record" "$(property "$GUEST" Port | tr '\n' ' ')" 'tcp:8080:80 udp:127.0.0.1:8000-8009:9000-9009 '
        # Without root, too.
        setpriv --reuid=65534 --clear-groups nbox status "$GUEST" >"$SCRATCH/as-user"
        has "$(cat "$SCRATCH/as-user")" "$address"
        down
        has "$(nbox boot --dry-run -p 8080:80 --network-zone=lab "$GUEST")" 'lab'
        has "$(nbox boot --dry-run -p 8080:80 --network-zone=lab "$GUEST")" '8080'
}

lingering() { [ -e /run/nbox/network/left ]; }
zone_is_up() { ip link show nz-short >/dev/null 2>&1; }
zone_is_gone() { ! zone_is_up && [ ! -e /run/nbox/network/zones/short ]; }

# A zone that a command leaves stays for a moment: the next one finds it, and nothing is there when it has passed, whatever happens to who waits.
test_a_zone_that_a_command_leaves() {
        local index
        nbox run -q --network=zone:short "/var/lib/machines/$GUEST" /bin/true
        zone_is_up || fail "the zone went with the command"
        index=$(cat /sys/class/net/nz-short/ifindex)
        nbox run -q --network=zone:short "/var/lib/machines/$GUEST" /bin/true
        same "the zone's bridge" "$(cat /sys/class/net/nz-short/ifindex)" "$index"
        wait_until 10 zone_is_gone || fail "the zone is not taken away"
        wait_until 10 not lingering || fail "it says still that a zone was left"

        # Told that there is no time.
        leave_and_kill TERM
        wait_until 10 zone_is_gone || fail "SIGTERM did not hurry it"

        # Killed: the next nbox.
        leave_and_kill KILL
        zone_is_up || fail "the zone went with who was to sweep it"
        nbox list >/dev/null
        zone_is_gone || fail "nobody swept the zone"
}

not() { ! "$@"; }

# leave_and_kill SIGNAL: whoever waits once a command has left the zone; on a busy machine that moment may have passed.
leave_and_kill() {
        local _
        for _ in 1 2 3 4 5 6 7 8; do
                nbox run -q --network=zone:short "/var/lib/machines/$GUEST" /bin/true
                ! pkill "-$1" -f -- '--network=zone:short' || return 0
                wait_until 10 zone_is_gone
        done
        fail "nobody waits for the zone"
}
