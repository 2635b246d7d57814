# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Published ports that a process carries, since no rule can: those at [::1], and of machines in no zone.

. "$(dirname "${BASH_SOURCE[0]}")/ports-words.sh"

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
        local pid before
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
        same "the guest's limit" "$(nbox exec "$GUEST" sh -c 'ulimit -n')" 1024
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
