# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Ports while machines run: who has one already, ports that come and go by hand, ports of the host's loopback offered inside.
# (network.sh has how ports are written, relay.sh those that a process carries.)

. "$(dirname "${BASH_SOURCE[0]}")/ports-words.sh"

# --- who has it -----------------------------------------------------------------------------------------------------

test_a_busy_port_is_its_holders() {
        occupy 8090 0.0.0.0
        for port in 8090:80 8000-8099:9000-9099 "$HOST_ADDRESS:8090:80"; do
                refused nbox boot -d -p "$port" "$GUEST"
                has "$REFUSAL" '8090/tcp of the host is used by socat \(pid [0-9]+\)'
        done
        boot "$GUEST" -p 8090:80/udp # the same number is another port
        refused nbox port add "$GUEST" 8090:80
        has "$REFUSAL" 'used by socat \(pid [0-9]+\)'
        vacate
        nbox port add "$GUEST" 8090:80
        terminate "$GUEST"
}

test_a_listener_elsewhere_is_in_nobodys_way() {
        occupy 8090 127.0.0.1
        refused nbox boot -d -p 8090:80 "$GUEST" # that would be cut off
        has "$REFUSAL" 'or an address that it does not listen on, as ADDR:HOST:MACHINE'
        up "$GUEST" -p "$HOST_ADDRESS:8090:80"
        reaches outside tcp "$HOST_ADDRESS" 8090 "$GUEST"
        unserve
        terminate "$GUEST"
        vacate
}

test_a_busy_port_over_ipv6() {
        local port
        occupy 8090 :: ,ipv6only=1
        for port in 8090:80 8000-8099:9000-9099 "[$HOST_ADDRESS6]:8090:80" '[::1]:8090:80' '[::]:8090:80'; do
                refused nbox boot -d -p "$port" "$GUEST"
                has "$REFUSAL" '8090/tcp of the host is used by socat \(pid [0-9]+\)'
        done
        up "$GUEST" -p 0.0.0.0:8090:80 # nobody has it there
        reaches outside tcp "$HOST_ADDRESS" 8090 "$GUEST"
        unserve
        terminate "$GUEST"
        vacate
        # One socket for both families, as sshd's.
        occupy 8090 :: ,ipv6only=0
        for port in 8090:80 "$HOST_ADDRESS:8090:80" "[$HOST_ADDRESS6]:8090:80" 0.0.0.0:8090:80; do
                refused nbox boot -d -p "$port" "$GUEST"
                has "$REFUSAL" 'used by socat'
        done
        vacate
        # Elsewhere.
        occupy 8090 ::1
        refused nbox boot -d -p 8090:80 "$GUEST"
        has "$REFUSAL" 'or an address that it does not listen on, as ADDR:HOST:MACHINE'
        up "$GUEST" -p "[$HOST_ADDRESS6]:8090:80"
        reaches outside tcp "$HOST_ADDRESS6" 8090 "$GUEST"
        unserve
        terminate "$GUEST"
        vacate
}

# Where a zone has none, a listener of IPv6 is in nobody's way, and who asks for IPv6 is told.
test_a_zone_without_ipv6() {
        nbox zone create plain --range6=none
        occupy 8090 :: ,ipv6only=1
        up "$GUEST" --network-zone=plain -p 8090:80
        reaches outside tcp "$HOST_ADDRESS" 8090 "$GUEST"
        refused nbox port add "$GUEST" "[$HOST_ADDRESS6]:8091:80"
        has "$REFUSAL" "cannot be published: the machine '$GUEST' has no IPv6 address"
        unserve
        terminate "$GUEST"
        vacate
        nbox zone remove plain
}

# It is said to who starts it, in the background too.
test_an_address_that_is_not_there_yet() {
        has "$(boot "$GUEST" -p 203.0.113.7:8090:80 2>&1)" '^nbox: 203\.0\.113\.7 is no address of the host.s now: port 8090/tcp'
        has "$(nbox port add "$GUEST" 203.0.113.8:8091:80 2>&1)" '^nbox: 203\.0\.113\.8 is no address'
        has "$(nbox port add "$GUEST" '[2001:db8:51::7]:8092:80' 2>&1)" '^nbox: \[2001:db8:51::7\] is no address of the host.s now'
        serve "$GUEST" 80
        ip address add 203.0.113.7/32 dev up0
        reaches host tcp 203.0.113.7 8090 "$GUEST"
        ip address del 203.0.113.7/32 dev up0
        ip address add 2001:db8:51::7/64 dev up0 nodad
        reaches outside tcp 2001:db8:51::7 8092 "$GUEST"
        ip address del 2001:db8:51::7/64 dev up0
        unserve
        terminate "$GUEST"
        refused nbox boot -d --network=none --host-port=22 "$GUEST"
        has "$REFUSAL" 'Leave out --host-port='
}

test_a_port_of_another_machine() {
        tree_with one
        boot one -p 8000-8099:9000-9099 --host-port 8200 -p '[::1]:8300:80' -p "[$HOST_ADDRESS6]:8301:80"
        for port in '[::1]:8300:80' 8300:80 "[$HOST_ADDRESS6]:8301:80" 8301 "[$HOST_ADDRESS6]:8050:80"; do
                refused nbox boot -d -p "$port" "$GUEST"
                has "$REFUSAL" "/tcp of the host is published by machine 'one'"
        done
        for port in 8050:80 8099-8100 127.0.0.1:8000:80; do
                refused nbox boot -d -p "$port" "$GUEST"
                has "$REFUSAL" "machine 'one'"
        done
        boot "$GUEST" -p 8050:80/udp --host-port 8200 # both may use one of the host's
        refused nbox port add "$GUEST" 8050:80
        has "$REFUSAL" "machine 'one'"
        same "ports after what was refused" "$(ports_of "$GUEST")" udp:8050:80
        terminate one
        remove_tree one
        nbox port add "$GUEST" 8050:80
        terminate "$GUEST"
}

# --- by hand --------------------------------------------------------------------------------------------------------

test_ports_come_and_go() {
        up "$GUEST" # without any
        reaches_not outside tcp "$HOST_ADDRESS" 8080
        nbox port add "$GUEST" 8080:80 8081:80/udp "$HOST_ADDRESS:8082:80"
        for who in outside host "$GUEST"; do
                reaches "$who" tcp "$HOST_ADDRESS" 8080 "$GUEST"
                reaches "$who" udp "$HOST_ADDRESS" 8081 "$GUEST"
        done
        reaches host tcp 127.0.0.1 8080 "$GUEST"
        reaches_not host tcp 127.0.0.1 8082
        reaches outside tcp "$HOST_ADDRESS" 8082 "$GUEST"
        same "ports in the record" "$(ports_of "$GUEST")" "tcp:8080:80 udp:8081:80 tcp:$HOST_ADDRESS:8082:80"
        has "$(nbox list)" tcp:8080:80
        nbox port remove "$GUEST" 8080 8081:80/udp # the machine's side need not be said again
        for who in outside host "$GUEST"; do
                reaches_not "$who" tcp "$HOST_ADDRESS" 8080
                reaches_not "$who" udp "$HOST_ADDRESS" 8081
        done
        reaches outside tcp "$HOST_ADDRESS" 8082 "$GUEST"
        unserve
        terminate "$GUEST"
        # It is over with the machine.
        boot "$GUEST"
        same "ports after power-off" "$(ports_of "$GUEST")" ''
        terminate "$GUEST"
}

test_what_is_no_change() {
        refused nbox port add "$GUEST" 8080:80
        has "$REFUSAL" 'is running'
        refused nbox port list "$GUEST"
        boot "$GUEST" -p 8080:80 --host-port 8200
        refused nbox port add "$GUEST"
        refused nbox port add "$GUEST" 8080:81
        has "$REFUSAL" 'meets tcp:8080:80'
        refused nbox port add "$GUEST" 8080:80
        has "$REFUSAL" 'has the port tcp:8080:80 already'
        refused nbox port add "$GUEST" 8070-8090
        refused nbox port add "$GUEST" --host-port 8201:8200
        refused nbox port remove "$GUEST" 8080:81
        has "$REFUSAL" 'does not publish tcp:8080:81'
        refused nbox port remove "$GUEST" --host-port 8201
        # All or none.
        refused nbox port add "$GUEST" 8081:80 8080:80
        refused nbox port remove "$GUEST" 8080 8081
        same "ports" "$(ports_of "$GUEST")" tcp:8080:80
        same "ports of the host" "$(property "$GUEST" HostPort)" tcp:8200:8200
        terminate "$GUEST"
        boot "$GUEST" --network=none
        refused nbox port add "$GUEST" 8080:80
        has "$REFUSAL" 'on no network'
        same "ports" "$(nbox port list --json "$GUEST")" '[]'
        same "ports" "$(nbox port list)" 'No ports.'
        terminate "$GUEST"
}

# A conversation that began while the port was published is over, too: by tcp, and by udp, where nothing else would end it.
test_a_removed_port_falls_silent() {
        local pid way port address
        up "$GUEST" -p 8080:80 -p 8081:80/udp -p 8082:80
        for way in "tcp 8080" "udp 8081" "tcp 8082"; do
                for address in "$HOST_ADDRESS" "$HOST_ADDRESS6"; do
                        # shellcheck disable=SC2016
                        ip netns exec outside bash -c 'exec 3<>"/dev/$1/$2/$3"
                                while sleep 0.2; do echo "$1.$3 by $2" >&3 && timeout 1 dd bs=512 count=1 status=none <&3; done' \
                                talk "${way% *}" "$address" "${way#* }" >"$SCRATCH/talk.$address.${way#* }" 2>/dev/null &
                done
        done
        for port in 8080 8081 8082; do
                for address in "$HOST_ADDRESS" "$HOST_ADDRESS6"; do wait_until 10 grep -q "$GUEST" "$SCRATCH/talk.$address.$port"; done
        done
        nbox port remove "$GUEST" 8080 8081/udp
        sleep 1
        : >"$SCRATCH/heard"
        sleep 2
        has "$(cat "$SCRATCH/heard")" "tcp\.8082 by $HOST_ADDRESS" # these go on
        has "$(cat "$SCRATCH/heard")" "tcp\.8082 by $HOST_ADDRESS6"
        has_not "$(cat "$SCRATCH/heard")" 'tcp\.8080|udp\.8081'
        for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
        unserve
        terminate "$GUEST"
}

test_by_hand_over_a_reboot() {
        forget_marks "$GUEST"
        boot "$GUEST" -p 8080:80 -p 8081:80
        nbox port add "$GUEST" 8082:80 --host-port 8200:82
        nbox port remove "$GUEST" 8081
        for life in 2 3; do
                if [ "$life" = 2 ]; then nbox reboot "$GUEST"; else nbox exec "$GUEST" sh -c 'reboot >/dev/null 2>&1 &'; fi
                wait_until 20 marked "$GUEST" up "$life"
                wait_until 10 nbox exec "$GUEST" true
                same "ports in life $life" "$(ports_of "$GUEST")" 'tcp:8080:80 tcp:8082:80'
                same "ports of the host in life $life" "$(property "$GUEST" HostPort)" tcp:8200:82
                serve "$GUEST" 80
                reaches outside tcp "$HOST_ADDRESS" 8082 "$GUEST"
                reaches_not outside tcp "$HOST_ADDRESS" 8081
                unserve
        done
        poweroff "$GUEST"
        boot "$GUEST" -p 8081:80
        same "ports after power-off" "$(ports_of "$GUEST")" tcp:8081:80
        terminate "$GUEST"
}

test_what_is_listed() {
        tree_with one
        boot one -p 8000-8009:9000
        boot "$GUEST" -p 127.0.0.1:8080:80 --host-port 8200:82/udp
        nbox port add "$GUEST" 8081:80 "[$HOST_ADDRESS6]:8082:80"
        has "$(nbox port list "$GUEST")" "^$GUEST +tcp +\\[$HOST_ADDRESS6\\] +8082 +→ +\\[$(address6_of "$GUEST")\\]:80 +added"
        same "as JSON" "$(nbox port list --json "$GUEST" | jq -c '.[] | select(.host_port == 8082) | [.address, .port]')" \
                "[\"$HOST_ADDRESS6\",\"tcp:[$HOST_ADDRESS6]:8082:80\"]"
        has "$(nbox port list)" "^one +tcp +all +8000-8009 +→ +$(address_of one):9000-9009 +start"
        has "$(nbox port list)" "^$GUEST +tcp +127.0.0.1 +8080 +→ +$(address_of "$GUEST"):80 +start"
        has "$(nbox port list "$GUEST")" "^$GUEST +udp +127.0.0.1 +8200 +← +host:82 +start"
        has "$(nbox port list "$GUEST")" "^$GUEST +tcp +all +8081 +→ +$(address_of "$GUEST"):80 +added"
        has_not "$(nbox port list "$GUEST")" '^one'
        same "as JSON" "$(nbox port list one --json | jq -c '.[0] | del(.machine)')" \
                '{"direction":"published","protocol":"tcp","address":null,"host_port":8000,"machine_port":9000,"count":10,"added":false,'\
'"port":"tcp:8000-8009:9000-9009"}'
        # Without root, too.
        has "$(setpriv --reuid=65534 --clear-groups nbox port list)" '^one '
        terminate one
        remove_tree one
        terminate "$GUEST"
}

# --- of the host's loopback -------------------------------------------------------------------------------------------

test_host_ports() {
        local gateway
        tree_with neighbour
        serve host 8200 127.0.0.1
        occupy 8201 127.0.0.1
        boot "$GUEST" --host-port 8200:82 --host-port 8200:82/udp
        boot neighbour
        gateway=$(gateway_of "$GUEST")
        for protocol in tcp udp; do
                reaches "$GUEST" "$protocol" "$gateway" 82 host
                reaches_not neighbour "$protocol" "$gateway" 82
                reaches_not outside "$protocol" "$HOST_ADDRESS" 82
        done
        # No way to the rest of the host's loopback.
        for address in 127.0.0.1 127.0.0.53; do
                reaches_not "$GUEST" tcp "$address" 8201
                at "$GUEST" ip route replace "$address" via "$gateway" dev host0 table 99
        done
        reaches_not "$GUEST" tcp "$gateway" 8201
        # By hand, for the other.
        nbox port add neighbour --host-port 8200:83
        reaches neighbour tcp "$gateway" 83 host
        reaches_not "$GUEST" tcp "$gateway" 83
        nbox port remove neighbour --host-port 8200:83
        reaches_not neighbour tcp "$gateway" 83
        terminate neighbour
        remove_tree neighbour
        vacate
        unserve
        terminate "$GUEST"
}
