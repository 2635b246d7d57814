# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Ports while machines run: who has one already, ports that come and go by hand, ports of the host's loopback offered inside; how fast
# a machine may be, and how much it was. (network.sh has how ports are written.)

up() {
        local name=$1
        shift
        boot "$name" "$@"
        serve "$name" 80
}

# On one of the host's addresses, until the test is over.
occupy() { # PORT ADDRESS [OPTION]
        local listen=TCP-LISTEN
        [[ $2 != *:* ]] || listen=TCP6-LISTEN
        socat "$listen:$1,bind=$2,reuseaddr,fork${3-}" /dev/null &
        OCCUPANT=$!
        wait_until 5 sh -c "ss -Hlnt 'sport = $1' | grep -q ."
}

vacate() {
        kill "$OCCUPANT"
        wait "$OCCUPANT" || true
}

ports_of() { property "$1" Port; }

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

# --- at [::1], where no rule leads anywhere: a process carries it, while somebody wants it ------------------------------

relays() { pgrep -xc nbox-relay || [ $? = 1 ]; }
relays_are() { [ "$(relays)" = "$1" ]; }
supervisor_of() { property "$1" Supervisor; }

# Port 80 of a machine, by IPv4 alone.
serve_ipv4() {
        serve "$1" 80 0.0.0.0
}

test_the_hosts_own_address() {
        up "$GUEST" -p 8080:80 -p 8081:80/udp -p 127.0.0.1:8082:80 -p '[::1]:8083:80' -p '[::]:8084:80' -p 0.0.0.0:8085:80
        same "relays before anybody asks" "$(relays)" 0
        reaches host tcp6 ::1 8080 "$GUEST"
        same "relays" "$(relays)" 1
        reaches host udp6 ::1 8081 "$GUEST"
        for port in 8083 8084; do reaches host tcp6 ::1 "$port" "$GUEST"; done
        for port in 8082 8085; do reaches_not host tcp6 ::1 "$port"; done
        reaches_not host tcp 127.0.0.1 8083
        reaches_not outside tcp "$HOST_ADDRESS" 8083
        unserve
        serve_ipv4 "$GUEST" # a service that knows nothing of IPv6 is reached all the same
        reaches host tcp6 ::1 8080 "$GUEST"
        unserve
        terminate "$GUEST"
        same "relays after it" "$(relays)" 0
}

test_ports_come_and_go_at_the_hosts_own_address() {
        up "$GUEST"
        reaches_not host tcp6 ::1 8080
        nbox port add "$GUEST" 8080:80 8081:80/udp
        nbox port add "$GUEST" 8082:80
        reaches host tcp6 ::1 8080 "$GUEST"
        reaches host udp6 ::1 8081 "$GUEST"
        reaches host tcp6 ::1 8082 "$GUEST"
        # A connection that stands ends with its port, and no other does.
        socat -u TCP6:[::1]:8080 STDIO >/dev/null &
        first=$!
        socat -u TCP6:[::1]:8082 STDIO >/dev/null &
        second=$!
        wait_until 5 sh -c "[ \$(ss -Htn state established | grep -Ec '\[::1\]:808[02] *\$') = 2 ]"
        nbox port remove "$GUEST" 8080 8081/udp
        reaches_not host tcp6 ::1 8080
        reaches_not host udp6 ::1 8081
        same "listeners" "$(ss -Hlnut 'sport = 8080 or sport = 8081')" ''
        wait "$first" || true
        kill -0 "$second"
        reaches host tcp6 ::1 8082 "$GUEST"
        nbox port add "$GUEST" 8080:80 # and again
        reaches host tcp6 ::1 8080 "$GUEST"
        unserve
        terminate "$GUEST"
        wait "$second" || true
}

# Its supervisor hears of the next one, and whoever was just coming waits for that.
test_a_relay_that_is_killed() {
        up "$GUEST" -p 8080:80
        for _ in 1 2 3; do
                reaches host tcp6 ::1 8080 "$GUEST"
                pkill -KILL -x nbox-relay
        done
        reaches host tcp6 ::1 8080 "$GUEST"
        unserve
        terminate "$GUEST"
}

test_a_supervisor_that_is_killed() {
        up "$GUEST" -p 8080:80
        reaches host tcp6 ::1 8080 "$GUEST"
        same "relays" "$(relays)" 1
        kill -KILL "$(supervisor_of "$GUEST")"
        wait_until 5 relays_are 0
        unserve
        nbox gc
        wait_until 5 is_gone "$GUEST"
        same "listeners" "$(ss -Hlnt 'sport = 8080')" ''
}

test_what_a_relay_may() {
        local pid status
        up "$GUEST" -p 8080-8089:80
        reaches host tcp6 ::1 8080 "$GUEST"
        pid=$(pgrep -x nbox-relay)
        status=$(cat "/proc/$pid/status")
        for line in 'Uid:\s65534\s65534\s65534\s65534' 'Gid:\s65534\s65534\s65534\s65534' 'Groups:\s*$' 'CapPrm:\s0+$' 'CapEff:\s0+$' \
                'CapAmb:\s0+$' 'NoNewPrivs:\s1' 'Seccomp:\s2'; do
                has "$status" "$line"
        done
        same "its root" "$(ls -A "/proc/$pid/root/")" ''
        # Null thrice, ten listeners, two for events, and what the last questions have left.
        [ "$(find "/proc/$pid/fd" -type l | wc -l)" -le 18 ] || fail "$(ls -l "/proc/$pid/fd")"
        has_not "$(find "/proc/$pid/fd" -type l -printf '%l\n' | sort -u)" '^/(dev/[^n]|[^d])'
        unserve
        terminate "$GUEST"
}

test_a_thousand_ports_at_the_hosts_own_address() {
        local pid before began
        boot "$GUEST"
        pid=$(supervisor_of "$GUEST")
        before=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status")
        nbox port add "$GUEST" 8000-8999:9000
        [ $(($(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status") - before)) -lt 512 ] || fail "from $before kB: $(cat "/proc/$pid/status")"
        same "its limit of descriptors" "$(awk '/^Max open files/ { print $4 }' "/proc/$pid/limits")" "$(ulimit -n)"
        for port in 0 500 999; do
                serve "$GUEST" $((9000 + port))
                reaches host tcp6 ::1 $((8000 + port)) "$GUEST"
        done
        unserve
        # In its next life, too; and what is started there has the usual limit.
        forget_marks "$GUEST"
        nbox reboot "$GUEST"
        wait_until 20 marked "$GUEST" up 1
        wait_until 10 nbox exec "$GUEST" true
        same "the guest's limit" "$(nbox exec "$GUEST" sh -c 'ulimit -n')" "$(ulimit -n)"
        serve "$GUEST" 9999
        reaches host tcp6 ::1 8999 "$GUEST"
        unserve
        nbox port remove "$GUEST" 8000-8999:9000
        same "listeners" "$(ss -Hlnt 'sport >= 8000 and sport <= 8999')" ''
        # More than there is memory for: said, and served at all other addresses.
        nbox port add "$GUEST" 10000-20000
        nbox network status
        serve "$GUEST" 15000
        reaches_not host tcp6 ::1 15000
        reaches outside tcp "$HOST_ADDRESS" 15000 "$GUEST"
        unserve
        terminate "$GUEST"
}

test_two_hundred_at_once() {
        local asking=()
        up "$GUEST" -p 8080:80
        for i in $(seq 200); do
                (exec 3<>/dev/tcp/::1/8080 && sleep 1 && echo "number $i" >&3 && read -r -t 20 answer <&3 && echo "$answer") >>"$SCRATCH/answers" 2>&1 &
                asking+=($!)
        done
        wait "${asking[@]}" || true
        same "answers" "$(grep -cx "$GUEST number [0-9]*" "$SCRATCH/answers")" 200
        same "relays" "$(relays)" 1
        unserve
        terminate "$GUEST"
}

# One side has said all, the other has not.
test_half_an_end() {
        boot "$GUEST" -p 8080:80
        at "$GUEST" socat -t 20 TCP-LISTEN:80,reuseaddr,fork SYSTEM:'sha256sum; sleep 1; echo end' &
        wait_until 5 at "$GUEST" sh -c "ss -Hlnt 'sport = 80' | grep -q ."
        head -c 20000000 /dev/zero >"$SCRATCH/zeros"
        same "what comes back" "$(socat -t 20 "TCP6:[::1]:8080" "STDIO" <"$SCRATCH/zeros")" "$(sha256sum <"$SCRATCH/zeros")"$'\n'end
        kill %1
        terminate "$GUEST"
}

# A machine that went while it was spoken with.
test_a_machine_that_goes() {
        up "$GUEST" -p 8080:80
        socat -u TCP6:[::1]:8080 STDIO >/dev/null &
        client=$!
        wait_until 5 relays_are 1
        unserve
        terminate "$GUEST"
        wait "$client" || true
        same "relays" "$(relays)" 0
}

# Where the supervisor could not listen: that is seen, and mended without a restart.
test_an_own_address_that_comes_later() {
        sysctl -qw net.ipv6.conf.lo.disable_ipv6=1
        up "$GUEST" -p 8080-8081:80
        sysctl -qw net.ipv6.conf.lo.disable_ipv6=0
        wait_until 5 socat -u OPEN:/dev/null 'UDP6-SENDTO:[::1]:9,bind=[::1]'
        has "$(status_is 1 nbox network status)" "$GUEST.*\[::1\]:8080/tcp does not lead to it"
        occupy 8081 '[::1]' # meanwhile
        nbox network repair
        nbox network status
        reaches host tcp6 ::1 8080 "$GUEST"
        vacate
        unserve
        terminate "$GUEST"
}

# --- of machines in no zone: their addresses are their own matter, and nothing of the host's is touched for them ------------

# A machine with a link to the host; the host's end and its own are given addresses by hand, as networkd would on both sides.
linked() { # NAME OPTIONS
        boot "$@"
        ip address add 192.0.2.1/24 dev "ve-$1"
        ip link set "ve-$1" up
        at "$1" ip address add 192.0.2.2/24 dev host0
        at "$1" ip link set host0 up
        serve "$1" 80
}

filters() {
        iptables-legacy-save | sed -E '/^#/d; s/ \[[0-9:]+\]//'
        nft list ruleset
        sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding
}

test_ports_of_a_machine_in_no_zone() {
        local before
        before=$(filters)
        linked "$GUEST" --network=veth -p 8080:80 -p 8081:80/udp -p "$HOST_ADDRESS:8082:80" -p 127.0.0.1:8083:80/udp
        for address in "$HOST_ADDRESS" "$HOST_ADDRESS6"; do
                reaches outside tcp "$address" 8080 "$GUEST"
                reaches outside udp "$address" 8081 "$GUEST"
        done
        for address in 127.0.0.1 ::1 192.0.2.1 "$HOST_ADDRESS"; do
                reaches host tcp "$address" 8080 "$GUEST"
                reaches host udp "$address" 8081 "$GUEST"
        done
        reaches "$GUEST" tcp 192.0.2.1 8080 "$GUEST"
        reaches outside tcp "$HOST_ADDRESS" 8082 "$GUEST"
        reaches_not host tcp 127.0.0.1 8082
        reaches host udp 127.0.0.1 8083 "$GUEST"
        reaches_not outside udp "$HOST_ADDRESS" 8083
        same "what filters" "$(filters)" "$before"
        nbox port add "$GUEST" 8084:80
        reaches outside tcp "$HOST_ADDRESS" 8084 "$GUEST"
        nbox port remove "$GUEST" 8084 8080
        for port in 8084 8080; do reaches_not outside tcp "$HOST_ADDRESS" "$port"; done
        has "$(nbox port list)" "^$GUEST +tcp +$HOST_ADDRESS +8082 +→ +host0:80 +start"
        refused nbox nic remove "$GUEST" host0
        has "$REFUSAL" "lead to 'host0'"
        refused nbox port add "$GUEST" --host-port 8200
        refused nbox port add "$GUEST" 10000-20000
        has "$REFUSAL" '4096 at most'
        nbox network status
        unserve
        terminate "$GUEST"
        same "listeners" "$(ss -Hlnut 'sport >= 8080 and sport <= 8084')" ''
        refused nbox boot -d --network=veth --host-port 8200 "$GUEST"
}

test_ports_of_a_machine_on_a_bridge() {
        ip link add lan type bridge
        ip address add 192.0.2.1/24 dev lan
        ip link set lan up
        boot "$GUEST" --network=bridge:lan,address=192.0.2.2/24,gateway=192.0.2.1 -p 8080:80 -p 8081:80/udp
        serve "$GUEST" 80
        for who in outside host "$GUEST"; do
                reaches "$who" tcp "$HOST_ADDRESS" 8080 "$GUEST"
                reaches "$who" udp "$HOST_ADDRESS" 8081 "$GUEST"
        done
        reaches host tcp ::1 8080 "$GUEST"
        unserve
        terminate "$GUEST"
        ip link delete lan
}

test_an_address_that_changes() {
        linked "$GUEST" --network=veth -p 8080:80 -p 8081:80
        reaches outside tcp "$HOST_ADDRESS" 8080 "$GUEST"
        # The other port is asked for at once: what carries the first one's connections to where the machine was ends all the same.
        printf 'address %s dev host0\n' flush 'add 192.0.2.3/24' | at "$GUEST" ip -batch -
        : </dev/tcp/127.0.0.1/8081
        wait_until 5 relays_are 1
        reaches outside tcp "$HOST_ADDRESS" 8080 "$GUEST"
        at "$GUEST" ip address flush dev host0
        wait_until 5 relays_are 0
        reaches_not outside tcp "$HOST_ADDRESS" 8080
        at "$GUEST" ip -6 address add 2001:db8:9::2/64 dev host0 nodad
        ip -6 address add 2001:db8:9::1/64 dev "ve-$GUEST" nodad
        wait_until 5 relays_are 0
        reaches outside tcp "$HOST_ADDRESS" 8080 "$GUEST"
        unserve
        terminate "$GUEST"
}

# No address that it gives itself leads to the host's own services, or past it.
test_an_address_that_is_not_its_own() {
        linked "$GUEST" --network=veth -p 8080:80
        unserve
        serve host 80 127.0.0.1
        serve outside 80
        for address in 127.0.0.2/8 "$HOST_ADDRESS/32" "$OUTSIDE_ADDRESS/32"; do
                at "$GUEST" ip address flush dev host0
                at "$GUEST" ip address add "$address" dev host0
                sleep 0.5
                reaches_not host tcp 127.0.0.1 8080
                reaches_not outside tcp "$HOST_ADDRESS" 8080
        done
        unserve
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

# --- rates and counters -------------------------------------------------------------------------------------------------

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
        [ "$free" -gt 100000 ] || fail "without a limit: $free kbit/s toward it"
        free=$(kilobits "$GUEST" outside "$OUTSIDE_ADDRESS")
        [ "$free" -gt 100000 ] || fail "without a limit: $free kbit/s from it"
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
