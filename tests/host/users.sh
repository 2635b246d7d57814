# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Users without root: what they see of machines, what they are refused, and what polkit's rules let them do. alice is in the
# group that the example of polkit rules is for; bob is nobody in particular.

USER_ENVIRONMENT=(env -i PATH=/usr/local/bin:/usr/bin:/bin TERM=dumb HOME=/)
ALICE=(setpriv --reuid=alice --regid=alice --init-groups "${USER_ENVIRONMENT[@]}")
BOB=(setpriv --reuid=bob --regid=bob --init-groups "${USER_ENVIRONMENT[@]}")

is_running() { [ "$(nbox show -p State --value "$1")" = running ]; }

# The example, in force as its first lines say.
rules_begin() {
        groupadd -f nbox
        usermod -aG nbox alice
        cp /usr/share/doc/nbox/examples/nbox-example.rules /etc/polkit-1/rules.d/50-nbox.rules
        systemctl restart polkit
}

rules_end() {
        rm /etc/polkit-1/rules.d/50-nbox.rules
        systemctl stop polkit
}

test_users_see_machines() {
        same "nothing runs" "$("${BOB[@]}" nbox list)" "No machines."
        nbox start "$GUEST"
        same "bob's list" "$("${BOB[@]}" nbox list -q)" "$GUEST"
        has "$("${BOB[@]}" nbox list --no-legend)" "^$GUEST +container +$GUEST +running"
        same "bob's address" "$("${BOB[@]}" nbox show -p Address --value "$GUEST")" "$(nbox show -p Address --value "$GUEST")"
        has "$("${BOB[@]}" nbox status "$GUEST")" 'State: running'
        "${BOB[@]}" nbox status --json "$GUEST" | jq -e .Leader >/dev/null
        refused "${BOB[@]}" nbox status nowhere
        has "$REFUSAL" nowhere
        nbox stop "$GUEST"
}

# A record is to read; what locks it or speaks with the supervisor is not.
test_users_cannot_hold_a_machine() {
        local dir=/run/nbox/machines/$GUEST
        nbox start "$GUEST"
        fails "${BOB[@]}" flock -n "$dir" true 2>/dev/null
        fails "${BOB[@]}" ls "$dir" 2>/dev/null
        fails "${BOB[@]}" sh -c "echo x >>$dir/record" 2>/dev/null
        fails "${BOB[@]}" touch /run/nbox/machines/other 2>/dev/null
        fails "${BOB[@]}" socat -u /dev/null "UNIX-CONNECT:$dir/control,type=5" 2>/dev/null
        refused "${BOB[@]}" nbox exec "$GUEST" true
        has "$REFUSAL" 'sudo nbox exec'
        nbox stop "$GUEST"
}

test_users_are_refused() {
        local verb
        nbox start "$GUEST"
        for verb in stop poweroff reboot halt terminate kill; do
                refused "${BOB[@]}" nbox "$verb" "$GUEST"
                has "$REFUSAL" 'uthenticat|denied'
                has "$REFUSAL" 'as root|polkit'
        done
        is_running "$GUEST" || fail "$GUEST does not run any more"
        nbox stop "$GUEST"
        for verb in start enable disable; do
                refused "${BOB[@]}" nbox "$verb" "$GUEST"
                has "$REFUSAL" 'as root|polkit'
        done
        is_gone "$GUEST"
}

test_polkit_lets_users_manage_machines() {
        local leader
        rules_begin
        forget_marks "$GUEST"
        "${ALICE[@]}" nbox start "$GUEST"
        is_running "$GUEST"
        leader=$(nbox show -p Leader --value "$GUEST")
        refused "${BOB[@]}" nbox stop "$GUEST"

        "${ALICE[@]}" nbox reboot --wait "$GUEST"
        is_running "$GUEST"
        [ "$(nbox show -p Leader --value "$GUEST")" != "$leader" ] || fail "not rebooted"
        same "orderly ends" "$(marks "$GUEST" down)" 1

        "${ALICE[@]}" nbox poweroff --wait "$GUEST"
        is_gone "$GUEST"
        same "orderly ends" "$(marks "$GUEST" down)" 2

        "${ALICE[@]}" nbox start "$GUEST"
        "${ALICE[@]}" nbox stop "$GUEST"
        is_gone "$GUEST"

        "${ALICE[@]}" nbox start "$GUEST"
        "${ALICE[@]}" nbox terminate "$GUEST"
        wait_until 10 is_gone "$GUEST"
        systemctl reset-failed "nbox@$GUEST"

        # What root started in a way of its own, too.
        boot "$GUEST"
        "${ALICE[@]}" nbox poweroff "$GUEST"
        wait_until 10 is_gone "$GUEST"

        # And nothing that would make her root.
        refused "${ALICE[@]}" nbox enable "$GUEST"
        status_is 1 "${ALICE[@]}" systemctl --no-ask-password stop dbus.service 2>/dev/null
        status_is 1 "${ALICE[@]}" systemctl --no-ask-password set-property "nbox@$GUEST.service" MemoryMax=1G 2>/dev/null
        rules_end
}

# Where polkit wants a password, it is asked for on the terminal, as systemctl has it.
test_polkit_asks_on_the_terminal() {
        local rc=0
        # Those whom polkit of Debian takes for administrators.
        usermod -aG sudo bob
        echo bob:secret | chpasswd
        # In a session of logind's, as whoever has logged in is.
        timeout "$((30 * PATIENCE))" expect -f - su -l bob --session-command "nbox start $GUEST" >"$SCRATCH/said" <<'EOF' || rc=$?
set timeout 60
spawn -noecho {*}$argv
expect {
        "assword:" {}
        timeout { exit 10 }
        eof { exit 11 }
}
sleep 1 ;# it throws away what was typed before it listens
send "secret\r"
expect {
        eof {}
        timeout { exit 12 }
}
exit [lindex [wait] 3]
EOF
        [ "$rc" = 0 ] || fail "status $rc: $(cat "$SCRATCH/said")"
        is_running "$GUEST"
        [ -z "$(pgrep pkttyagent)" ] || fail "the agent is left"
        nbox stop "$GUEST"
        gpasswd -d bob sudo >/dev/null
        passwd -l bob >/dev/null
        systemctl stop "user@$(id -u bob)" "user-runtime-dir@$(id -u bob)"
        systemctl stop polkit
}
