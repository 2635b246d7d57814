# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What systemd and machined of the host must know of a machine, and do to it. For a host with systemd.

test_registered_with_machined() {
        boot "$GUEST"
        has "$(machinectl list --no-legend)" "^$GUEST +container +nbox"
        machinectl status "$GUEST" >"$SCRATCH/status"
        has "$(cat "$SCRATCH/status")" "Leader: [0-9]+"
        has "$(cat "$SCRATCH/status")" "machine-$GUEST.scope"
        same "its unit" "$(machinectl show -p Unit --value "$GUEST")" "machine-$GUEST.scope"
        same "its root" "$(machinectl show -p RootDirectory --value "$GUEST")" "$MACHINES/$GUEST"
        has "$(cat "/proc/$(machinectl show -p Leader --value "$GUEST")/cgroup")" \
                "^0::/machine.slice/machine-$GUEST.slice/machine-$GUEST.scope"
        # The supervisor has a unit of its own, or the end of the session would be the machine's.
        service=$(unit_of "machine-$GUEST.scope" BindsTo)
        has "$service" "^nbox.*$GUEST\.service"
        is_active "$service"
        same "slice of the supervisor" "$(unit_of "$service" Slice)" machine.slice
        has "$(cat "$SCRATCH/status")" 'Iface: nb-'
        terminate "$GUEST"
        has_not "$(machinectl list --no-legend)" "$GUEST"
}

test_unregistered() {
        boot "$GUEST" --register=no
        has_not "$(machinectl list --no-legend)" "$GUEST"
        is_listed "$GUEST"
        same ID "$(nbox exec "$GUEST" sh -c '. /etc/os-release; echo $ID')" "$GUEST"
        terminate "$GUEST"
}

test_names_with_dashes() {
        local name slice
        tree_with web
        tree_with web-1
        boot web
        boot web-1
        for name in web web-1; do
                slice="machine-$(systemd-escape "$name").slice"
                same "slice of $name" "$(unit_of "machine-$(systemd-escape "$name").scope" Slice)" "$slice"
                has "$(cat "/proc/$(machinectl show -p Leader --value "$name")/cgroup")" \
                        "^0::/machine.slice/$(sed 's/\\/\\\\/g' <<<"$slice")/"
        done
        terminate web
        is_listed web-1 || fail "ending web ended web-1"
        terminate web-1
        remove_tree web
        remove_tree web-1
}

test_start_and_stop_as_a_unit() {
        tree_with web-1
        systemctl start nbox@web-1
        is_active nbox@web-1.service
        is_listed web-1
        same "slice" "$(unit_of 'machine-web\x2d1.scope' Slice)" 'machine-web\x2d1.slice'
        same "slice of the supervisor" "$(unit_of nbox@web-1.service Slice)" machine.slice
        wait_until 10 marked web-1 up 1
        timeout "$((15 * PATIENCE))" systemctl stop nbox@web-1
        same "shutdowns" "$(marks web-1 down)" 1
        same "result of the unit" "$(unit_of nbox@web-1.service Result)" success
        is_gone web-1
        wait_until 5 is_dead 'machine-web\x2d1.slice'
        # The same by nbox's own verbs.
        nbox start web-1
        is_active nbox@web-1.service
        nbox enable web-1
        systemctl is-enabled -q nbox@web-1
        nbox disable web-1
        status_is 1 systemctl is-enabled -q nbox@web-1
        status_is 1 nbox enable web-11
        nbox stop web-1
        wait_until 10 is_dead nbox@web-1.service
        same "shutdowns" "$(marks web-1 down)" 2
        remove_tree web-1
}

test_unit_of_a_missing_tree_fails() {
        status_is 1 systemctl start nbox@nowhere 2>/dev/null
        has "$(journalctl -q -u nbox@nowhere --no-pager)" nowhere
        systemctl reset-failed nbox@nowhere
}

test_killed_supervisor_ends_the_machine() {
        local leader supervisor
        tree_with web
        systemctl start nbox@web
        leader=$(machinectl show -p Leader --value web)
        supervisor=$(unit_of nbox@web.service MainPID)
        kill -9 "$supervisor"
        wait_until 5 test ! -d "/proc/$leader"
        wait_until 5 is_dead 'machine-web.scope'
        wait_until 5 is_gone web
        nbox gc
        wait_until 5 test ! -e /run/nbox/machines/web # the service's own sweep may still hold it
        systemctl reset-failed nbox@web
        # Its name and tree are free again.
        systemctl start nbox@web
        poweroff web
        remove_tree web
}

# ends_in_order COMMAND...: the command must end the machine web by its own shutdown.
ends_in_order() {
        forget_marks web
        systemctl start nbox@web
        wait_until 10 marked web up 1
        timeout "$((15 * PATIENCE))" "$@"
        wait_until 10 is_gone web
        wait_until 5 is_dead machine-web.scope
        same "shutdowns after $*" "$(marks web down)" 1
        same "boots after $*" "$(marks web up)" 1
        systemctl reset-failed
}

test_whatever_stops_it_lets_it_shut_down() {
        cp -a "$MACHINES/$GUEST" "$MACHINES/web"
        ends_in_order machinectl terminate web
        ends_in_order systemctl stop machine-web.scope
        ends_in_order systemctl stop nbox@web
        ends_in_order nbox poweroff web
        remove_tree web
}

test_reboot_keeps_the_unit() {
        local address
        tree_with web
        systemctl start nbox@web
        wait_until 10 marked web up 1
        address=$(address_of web)
        nbox reboot web
        wait_until 15 marked web up 2
        wait_until 10 is_active nbox@web.service
        wait_until 5 nbox exec web true
        has "$(machinectl list --no-legend)" '^web '
        same "address" "$(address_of web)" "$address"
        systemctl stop nbox@web
        remove_tree web
}

test_a_session_of_logind() {
        [ "$GUEST" = debian ] || return 0
        boot "$GUEST"
        wait_until 20 nbox exec "$GUEST" systemctl is-active -q multi-user.target
        timeout "$((45 * PATIENCE))" expect -f - <<'EOF'
set timeout 60
spawn -noecho nbox login $env(GUEST)
expect {
        -re {ogin: $} {}
        timeout { puts "no login prompt"; exit 1 }
}
send "root\r"
expect {
        -re {# $} {}
        timeout { puts "no shell"; exit 1 }
}
send "echo session-\$XDG_SESSION_ID; loginctl show-session \$XDG_SESSION_ID -p State -p TTY\r"
expect {
        -re {session-[0-9a-z]+\s.*State=active} {}
        timeout { puts "no session of logind"; exit 1 }
}
send "\x1d\x1d\x1d"
expect eof
EOF
        terminate "$GUEST"
}

test_a_slice_of_ones_own() {
        boot "$GUEST" --slice=machine-mine.slice --property=TasksMax=200
        same "slice" "$(unit_of "machine-$GUEST.scope" Slice)" machine-mine.slice
        same "TasksMax" "$(unit_of "machine-$GUEST.scope" TasksMax)" 200
        terminate "$GUEST"
        systemctl stop machine-mine.slice
}

test_survives_the_end_of_the_session() {
        # What started it goes away with everything in its unit.
        systemd-run -q --wait -p KillMode=control-group nbox boot -d "$GUEST"
        nbox exec "$GUEST" true
        terminate "$GUEST"
}
