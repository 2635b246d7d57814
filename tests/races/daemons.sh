# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The daemons of the host that a machine leans on are killed and started anew under machines that run: they live on, systemd-machined knows them
# again, they find each other by name and reach what they reached, and each of them still ends in order whoever asks. For a host with systemd.

WORLD='m1 m2 m3 m4' # each ends in another way: see all_end_in_order()

# Two as services of their own unit, two in the background. m1 publishes a port.
world_up() {
        local name
        mkdir -p /etc/nbox
        printf '[Network]\nPort=8081:81\n' >/etc/nbox/m1.conf
        for name in $WORLD; do tree_with "$name"; done
        systemctl start nbox@m1 nbox@m4 || fail "$(journalctl -q -o cat --no-pager -u nbox@m1 -u nbox@m4 | tail -n 20)"
        boot m2
        boot m3
        LEADERS=$(for name in $WORLD; do leader_of "$name"; done)
        for name in $WORLD; do wait_until 10 marked "$name" up 1; done
        serve m1 81
        is_whole
}

is_registered() { [ "$(machinectl show -p Leader --value "$1")" = "$(leader_of "$1")" ]; }
all_listed() { [ "$(nbox list --json | jq -r '.[].machine' | tr '\n' ' ')" = "$WORLD " ]; }
finds() { nbox exec "$1" /bin/busybox ping -c 1 -W 1 "$2"; }

# Whatever was done to the host: the machines are those that were started.
is_whole() {
        local name
        for name in $WORLD; do wait_until 10 is_registered "$name"; done
        all_listed || fail "listed: $(nbox list)"
        same 'their inits' "$(for name in $WORLD; do leader_of "$name"; done)" "$LEADERS"
        wait_until 10 finds m1 m2
        wait_until 10 finds m3 m4.default
        wait_until 10 finds m2 "$OUTSIDE_ADDRESS"
        reaches outside tcp "$HOST_ADDRESS" 8081 m1
}

# The bus's daemon is there again, systemd and the supervisors are on it.
is_bus_whole() { busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping && systemctl is-active -q dbus.service; }
are_asked() { local n; for n in $WORLD; do is_active "nbox-end-$n.service" || return; done; }
watched() { [ "$(busctl --json=short list | jq '[.[] | select(.process == "nbox")] | length')" -ge "$1" ]; }

# By machinectl's signal to init, by the scope, by machined, by the supervisor's unit: each shuts down, once.
all_end_in_order() {
        local name
        unserve
        timeout "$((20 * PATIENCE))" machinectl poweroff m1
        timeout "$((20 * PATIENCE))" machinectl terminate m3
        (timeout "$((20 * PATIENCE))" systemctl stop machine-m2.scope) &
        timeout "$((20 * PATIENCE))" systemctl stop nbox@m4
        wait $! || fail "systemctl stop of a scope: $?"
        for name in $WORLD; do
                wait_until 15 is_gone "$name"
                wait_until 5 is_dead "machine-$name.scope"
                same "marks of $name" "$(tr '\n' ' ' <"$MACHINES/$name/var/marks")" 'up down '
                remove_tree "$name"
        done
        rm /etc/nbox/m1.conf
        systemctl reset-failed
}

kill_main() { kill -9 "$(unit_of "$1" MainPID)"; }

test_machined() {
        world_up
        kill_main systemd-machined.service
        is_whole
        systemctl restart systemd-machined
        is_whole
        # One that starts while it is stopped has it started.
        systemctl stop systemd-machined
        tree_with m5
        boot m5
        wait_until 5 is_registered m5
        terminate m5
        remove_tree m5
        is_whole
        systemctl stop systemd-machined
        all_end_in_order
}

test_bus_killed() {
        world_up
        kill_main dbus.service
        wait_until 10 is_bus_whole
        wait_until 20 are_asked
        is_whole
        all_end_in_order
}

# More than once, and with a machine that starts and ends in between.
test_bus_restarted_again_and_again() {
        world_up
        for _ in 1 2 3; do
                systemctl restart dbus.service
                wait_until 10 is_bus_whole
                wait_until 20 are_asked
        done
        tree_with m5
        systemctl start nbox@m5
        wait_until 10 marked m5 up 1
        systemctl stop machine-m5.scope
        same "marks of m5" "$(tr '\n' ' ' <"$MACHINES/m5/var/marks")" 'up down '
        wait_until 10 is_gone m5
        remove_tree m5
        is_whole
        # Into the next life: what stood beside the scope of this one goes with it.
        nbox reboot --wait m4
        wait_until 10 marked m4 up 2
        wait_until 10 is_dead nbox-end-m4.service
        rm "$MACHINES/m4/var/marks"
        LEADERS=$(for name in $WORLD; do leader_of "$name"; done)
        nbox exec m4 /sbin/mark up
        is_whole
        all_end_in_order
}

# systemd has forgotten by then whom to ask, and that there is nobody.
test_systemd_reexecuted() {
        world_up
        systemctl daemon-reexec
        is_whole
        systemctl daemon-reload
        is_whole
        systemctl restart dbus.service
        wait_until 10 is_bus_whole
        wait_until 20 are_asked
        systemctl daemon-reexec
        is_whole
        all_end_in_order
}

test_systemd_reexecuted_alone() {
        world_up
        systemctl daemon-reexec
        systemctl daemon-reload
        all_end_in_order
}

# Who starts while the bus is away runs afterwards, or has failed with a word and has left nothing.
test_starts_and_stops_while_the_bus_is_away() {
        local i rc
        tree_with m1
        tree_with m2
        systemctl start nbox@m2
        for i in 1 2 3 4 5; do
                boot m1 >"$SCRATCH/said" 2>&1 &
                sleep "0.0$((i * 2))"
                kill_main dbus.service
                rc=0
                wait $! || rc=$?
                wait_until 10 is_bus_whole
                if [ "$rc" = 0 ]; then
                        is_listed m1 || fail "started, and not there: $(cat "$SCRATCH/said")"
                else
                        [ -s "$SCRATCH/said" ] || fail "status $rc without a word"
                fi
                # Who was told that it has failed has not got it a moment later.
                [ "$rc" = 0 ] || is_gone m1 || fail "said to have failed, and there: $(cat "$SCRATCH/said")"
                timeout "$((20 * PATIENCE))" nbox terminate m1 >/dev/null 2>&1 || [ "$rc" != 0 ]
                timeout "$((20 * PATIENCE))" nbox gc
                wait_until 10 is_gone m1
                wait_until 10 is_dead machine-m1.scope
                systemctl reset-failed
        done
        boot m1
        terminate m1
        kill_main dbus.service
        timeout "$((20 * PATIENCE))" nbox poweroff --wait m2
        wait_until 10 is_bus_whole
        wait_until 10 is_dead machine-m2.scope
        wait_until 10 is_dead nbox@m2.service
        systemctl reset-failed
        remove_tree m1
        remove_tree m2
}

test_service_of_the_zone() {
        local pid
        world_up
        pid=$(unit_of nbox-zone@default.service MainPID)
        kill -9 "$pid"
        wait_until 10 is_active nbox-zone@default.service
        [ "$(unit_of nbox-zone@default.service MainPID)" != "$pid" ]
        is_whole
        systemctl restart nbox-zone@default.service
        is_whole
        has_not "$(journalctl -q -b -o cat --no-pager _COMM=nbox)" 'not implemented'
        all_end_in_order
}

# As an administrator does it, and as firewalld does when it loads its rules: what is there goes, and others stand there.
test_firewall_flushed() {
        local program table
        world_up
        for program in iptables ip6tables; do $program-legacy -F; done
        nbox network repair
        is_whole
        for program in iptables ip6tables; do
                for table in filter nat mangle raw; do
                        printf '*%s\nCOMMIT\n' "$table" | $program-legacy-restore
                done
        done
        nft flush ruleset
        nbox network repair
        is_whole
        all_end_in_order
}
