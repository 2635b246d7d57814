# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# When a machine counts as running, and who is told: each condition of Ready=, early and late, and guests that lie, hang or die.

state_of() { nbox list --json | jq -r --arg m "$1" '.[] | select(.machine == $m) | .state'; }
is_booting() { [ "$(state_of "$1")" = booting ]; }
is_running() { [ "$(state_of "$1")" = running ]; }
inside() { nbox exec "$GUEST" /bin/busybox "$@"; }
touch_inside() { inside touch "$1"; }

# start_of NAME OPTION...: a detached boot that is waited for in the background, and boots by now.
start_of() {
        local name=$1
        shift
        timeout "$((60 * PATIENCE))" nbox boot -d "$@" "$name" 2>"$SCRATCH/said" &
        START=$!
        wait_until 10 is_booting "$name"
}

still_waits() {
        sleep 0.6
        kill -0 "$START" || fail "the start has returned: $(cat "$SCRATCH/said")"
        is_booting "$1" || fail "$1 is $(state_of "$1")"
        has "$(nbox status "$1")" "State: booting, waiting for $2, [0-9]+ s"
}

# came_up NAME: the start returns now, since the machine is ready.
came_up() {
        local began=$SECONDS
        status_is 0 wait "$START"
        [ "$((SECONDS - began))" -le "$((4 * PATIENCE))" ] || fail "the start took $((SECONDS - began)) s more"
        same "state" "$(state_of "$1")" running
        same "ready" "$(nbox show -p Ready "$1")" Ready=yes
        has "$(nbox status "$1")" 'Ready: .*ago'
        has_not "$(nbox status "$1")" 'waiting'
        # Nothing of ours is left running for it but the supervisor.
        wait_until 5 eval '[ "$(pgrep -xc nbox)" = 1 ]'
}

test_ready_by_default() {
        boot "$GUEST"
        same "state" "$(state_of "$GUEST")" running
        same "ready" "$(nbox list --json | jq '.[0].ready')" true
        [ "$(nbox show -p ReadyUSec "$GUEST" | tr -dc 0-9)" -ge "$(nbox show -p StartedUSec "$GUEST" | tr -dc 0-9)" ]
        terminate "$GUEST"
        boot --ready=exec "$GUEST"
        is_running "$GUEST"
        terminate "$GUEST"
}

test_ready_early() {
        boot "$GUEST" --ready=file:/etc/os-release --ready='command:/bin/busybox true' --ready=delay:10ms --ready=life
        is_running "$GUEST"
        terminate "$GUEST"
}

test_ready_file() {
        start_of "$GUEST" --ready=file:/var/tmp-of-mine/up
        still_waits "$GUEST" 'file /var/tmp-of-mine/up'
        inside mkdir /var/tmp-of-mine
        still_waits "$GUEST" 'file /var/tmp-of-mine/up'
        touch_inside /var/tmp-of-mine/up
        came_up "$GUEST"
        inside rm -r /var/tmp-of-mine
        terminate "$GUEST"
}

# A link is followed as the guest would follow it, and not to the host's file of that name.
test_ready_file_out_of_the_tree() {
        mkdir -p /srv/outside
        touch /srv/outside/flag
        start_of "$GUEST" --ready=file:/run/flag
        inside ln -s /../../../../srv/outside/flag /run/flag
        still_waits "$GUEST" 'file /run/flag'
        inside mkdir -p /srv/outside
        touch_inside /srv/outside/flag
        came_up "$GUEST"
        inside rm -r /srv/outside
        terminate "$GUEST"
        rm -r /srv/outside
}

listen_inside() { # PORT
        inside sh -c "/bin/busybox setsid /bin/busybox nc -l -p $1 </dev/null >/dev/null 2>&1 &"
}

test_ready_port() {
        start_of "$GUEST" --ready=port:8123 --ready=port:udp:8124
        still_waits "$GUEST" 'port tcp:8123, port udp:8124'
        listen_inside 8123
        still_waits "$GUEST" 'port udp:8124'
        nsenter -n -t "$(nbox show -p Leader "$GUEST" | tr -dc 0-9)" socat UDP-LISTEN:8124 /dev/null &
        came_up "$GUEST"
        kill $!
        wait $! || true
        terminate "$GUEST"
}

test_ready_port_of_the_host() {
        local listener
        socat TCP-LISTEN:8125,reuseaddr,fork /dev/null &
        listener=$!
        start_of "$GUEST" --ready=port:8125
        still_waits "$GUEST" 'port tcp:8125'
        terminate "$GUEST"
        status_is 125 wait "$START"
        # With the host's network, too, what listens must be the machine's own.
        refused nbox boot -d --network=host --private-users=no --ready=port:8125 "$GUEST"
        has "$REFUSAL" "cannot tell the machine's ports"
        start_of "$GUEST" --network=host --ready=port:8125
        still_waits "$GUEST" 'port tcp:8125'
        kill "$listener"
        wait "$listener" || true
        listen_inside 8125
        came_up "$GUEST"
        terminate "$GUEST"
}

test_ready_command() {
        start_of "$GUEST" --ready="command:/bin/busybox sh -c 'test -e \"/run/a b\"'"
        still_waits "$GUEST" 'command /bin/busybox sh -c .*'
        touch_inside '/run/a b'
        came_up "$GUEST"
        terminate "$GUEST"
}

# What hangs, or leaves something behind at each try, holds nobody up but the start itself, and ends with the machine.
test_ready_command_that_hangs() {
        start_of "$GUEST" --ready='command:/bin/busybox sleep 1000'
        still_waits "$GUEST" 'command /bin/busybox sleep 1000'
        same "at once" "$(inside ps | grep -c '[s]leep 1000')" 1
        poweroff "$GUEST"
        status_is 125 wait "$START"
        start_of "$GUEST" --ready="command:/bin/busybox sh -c '/bin/busybox setsid /bin/busybox sleep 1001 & exit 1'"
        still_waits "$GUEST" 'command .*'
        terminate "$GUEST"
        status_is 125 wait "$START"
        start_of "$GUEST" --ready=command:/no/such/command
        still_waits "$GUEST" 'command .*'
        terminate "$GUEST"
        status_is 125 wait "$START"
}

# print_until_running A B: in two pieces, and again where the guest has written something of its own in between.
print_until_running() {
        local i
        for i in $(seq 40); do
                inside sh -c "printf '$1' >/dev/console; /bin/busybox usleep 50000; printf '$2' >/dev/console"
                ! is_running "$GUEST" || return 0
        done
        fail "not found after $i tries"
}

test_ready_console() {
        start_of "$GUEST" --ready='console:^all +is (well|good)$'
        inside sh -c 'printf "all is bad\nall is good enough\nall  is we" >/dev/console'
        still_waits "$GUEST" '"\^all \+is \(well\|good\)\$" on its console'
        print_until_running '\r\nall  is we' '\033[1mll\033[0m'
        came_up "$GUEST"
        terminate "$GUEST"
}

test_ready_console_that_floods() {
        start_of "$GUEST" --ready='console:x.*all done'
        inside sh -c '/bin/busybox yes xxxxxxxxxxxxxxxx | /bin/busybox head -c 4000000 >/dev/console' &
        timeout "$((5 * PATIENCE))" nbox exec "$GUEST" /bin/busybox true
        has "$(timeout "$((5 * PATIENCE))" nbox status "$GUEST")" booting
        wait $!
        still_waits "$GUEST" '.*'
        inside sh -c '/bin/busybox yes | /bin/busybox tr -d "\n" | /bin/busybox head -c 200000 >/dev/console; printf "x all d" >/dev/console'
        still_waits "$GUEST" '.*'
        print_until_running 'x all d' 'one'
        came_up "$GUEST"
        terminate "$GUEST"
}

test_ready_delay() {
        local began
        began=$(date +%s%N)
        boot "$GUEST" --ready=delay:2s
        [ "$(($(date +%s%N) - began))" -ge 2000000000 ] || fail "took $(elapsed "$began") s"
        terminate "$GUEST"
}

# notified BYTES: a datagram to the guest's notify socket that PID 1 has not sent.
notified() {
        printf '%s' "$1" | socat - "UNIX-SENDTO:/proc/$(nbox show -p Leader "$GUEST" | tr -dc 0-9)/root/run/host/notify"
}

test_ready_said_by_somebody_else() {
        tree_with web # whose init never says it
        GUEST=web
        start_of web --ready=notify
        still_waits web 'READY=1 of its init'
        notified READY=1
        notified $'STATUS=up\nREADY=1\nMAINPID=1'
        still_waits web 'READY=1 of its init'
        terminate web
        status_is 125 wait "$START"
        start_of web --notify-ready=yes
        still_waits web 'READY=1 of its init'
        terminate web
        status_is 125 wait "$START"
        boot web --notify-ready=no
        is_running web
        terminate web
        remove_tree web
}

test_ready_silence() {
        local began
        tree_with_init web <<'EOF'
#!/bin/sh
exec sleep 1000
EOF
        began=$SECONDS
        boot web # silent for good reason, perhaps
        [ "$((SECONDS - began))" -ge 4 ] || fail "silence was taken for life"
        is_running web
        terminate web
        GUEST=web
        start_of web --ready=life
        still_waits web 'a sign of life'
        inside sh -c 'echo hello >/dev/tty3'
        came_up web
        terminate web
        remove_tree web
}

# An upgrade at boot takes its time: nothing ends it, and it is not said to be over.
test_ready_late_and_left_alone() {
        tree_with_init web <<'EOF'
#!/bin/sh
/sbin/mark began
sleep 4
echo well >/upgraded
exec /bin/busybox init
EOF
        GUEST=web
        # Who waits for ever waits until it is done …
        boot web --ready=file:/upgraded
        is_running web
        same "upgrade" "$(inside cat /upgraded)" well
        terminate web
        rm "$MACHINES/web/upgraded"
        # … and who does not goes on without it.
        boot web --ready=file:/upgraded --ready-wait=1s 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'Machine web still boots: it waits for file /upgraded'
        is_booting web
        same "who waits" "$(nbox show -p StartWaitsNoMore web)" StartWaitsNoMore=yes
        wait_until 10 is_running web
        same "upgrade" "$(inside cat /upgraded)" well
        same "boots" "$(marks web began)" 2
        same "who waits" "$(nbox show -p StartWaitsNoMore web)" StartWaitsNoMore=no
        # Whoever waits for a reboot waits as for a start.
        inside rm /upgraded
        timeout "$((20 * PATIENCE))" nbox reboot --wait web
        is_booting web
        terminate web
        remove_tree web
}

test_ready_never() {
        tree_with_init web <<'EOF'
#!/bin/sh
echo upgrading
printf 'out of \033[31mspace\033[0m\n'
sleep 1
exit 3
EOF
        refused nbox boot -d --ready=file:/upgraded web
        has "$REFUSAL" "ended with status 3 before it was up \(it waited for file /upgraded\)"
        has "$REFUSAL" "Its console ended: upgrading \| out of space"
        wait_until 5 is_gone web
        # Before anything was ready it has shown life: then that is a start, and its end another matter.
        boot web
        wait_until 5 is_gone web
        remove_tree web
}

# All verbs work on a machine that boots.
test_ready_verbs_before() {
        forget_marks "$GUEST"
        start_of "$GUEST" --ready=file:/run/never
        inside true
        same "shell" "$(nbox shell "$GUEST" /bin/busybox echo here)" here
        log_in "$GUEST"
        nbox show "$GUEST" >/dev/null
        has "$(nbox list)" "$GUEST .*booting"
        wait_until 20 marked "$GUEST" up 1
        timeout "$((20 * PATIENCE))" nbox reboot "$GUEST"
        wait_until 30 marked "$GUEST" up 2
        wait_until 10 is_booting "$GUEST"
        poweroff "$GUEST"
        status_is 125 wait "$START"
}

# Neither who waits for a start nor who supervises it has a guest's tree for his root, nor keeps a supervisor a directory of the caller's busy.
test_ready_in_the_host_s_own_place() {
        local pid supervisor
        mkdir "$SCRATCH/here"
        (cd "$SCRATCH/here" && exec nbox boot -d --ready=file:/never "$GUEST") 2>/dev/null &
        pid=$!
        wait_until 10 is_booting "$GUEST"
        supervisor=$(property "$GUEST" Supervisor)
        [ ! -d /run/systemd/system ] || pid=$supervisor # who waits for a service has no part in it
        for pid in "$pid" "$supervisor"; do
                same "root" "$(stat -Lc %d:%i "/proc/$pid/root")" "$(stat -Lc %d:%i /)"
                same "mounts" "$(readlink "/proc/$pid/ns/mnt")" "$(readlink /proc/self/ns/mnt)"
        done
        same "directory" "$(readlink "/proc/$supervisor/cwd")" /
        terminate "$GUEST"
        wait
}

test_ready_on_a_terminal() {
        local rc=0
        GUEST=$GUEST TERM=xterm timeout "$((45 * PATIENCE))" expect -f - <<'EOF' || rc=$?
set timeout 60
spawn -noecho nbox boot -d --ready=port:81 $env(GUEST)
expect {
        -re {waiting for port tcp:81, 2 s} {}
        timeout { puts "does not show what it waits for"; exit 99 }
        eof { puts "ended"; exit 99 }
}
send "\x03"
expect {
        -re {is left booting} {}
        timeout { puts "^C is not heard"; exit 99 }
        eof { puts "ended without a word"; exit 99 }
}
expect eof
exit [lindex [wait] 3]
EOF
        same "status" "$rc" 130
        is_booting "$GUEST"
        listen_inside 81
        wait_until 5 is_running "$GUEST"
        terminate "$GUEST"
}

test_ready_in_settings() {
        mkdir -p /etc/nbox
        printf '[Boot]\nReady=port:1\nReady=\nReady=file:/run/up\n' >"/etc/nbox/$GUEST.conf"
        start_of "$GUEST"
        still_waits "$GUEST" 'file /run/up'
        touch_inside /run/up
        came_up "$GUEST"
        terminate "$GUEST"
        # An option takes the place of the file's list.
        boot "$GUEST" --ready=exec
        terminate "$GUEST"
        printf '[Boot]\nReady=port:0\n' >"/etc/nbox/$GUEST.conf"
        refused nbox boot -d "$GUEST"
        has "$REFUSAL" "$GUEST.conf:2: Ready=: '0' is not a port"
        rm "/etc/nbox/$GUEST.conf"
        # A file beside the tree would let it hold up whoever starts it.
        printf '[Boot]\nReady=file:/never\n' >"$MACHINES/$GUEST.nspawn"
        boot "$GUEST" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'Ready= has no effect in a file beside the image'
        terminate "$GUEST"
        rm "$MACHINES/$GUEST.nspawn"
}

# --- a systemd guest ------------------------------------------------------------------------------------------------

test_ready_of_systemd() {
        [ "$GUEST" = debian ] || return 0
        printf '[Service]\nType=oneshot\nExecStart=/bin/sleep 5\n[Install]\nWantedBy=multi-user.target\n' \
                >"$MACHINES/$GUEST/etc/systemd/system/upgrade.service"
        ln -s ../upgrade.service "$MACHINES/$GUEST/etc/systemd/system/multi-user.target.wants/upgrade.service"
        start_of "$GUEST"
        # Another process of the guest's says it.
        wait_until 5 nbox exec "$GUEST" sh -c 'NOTIFY_SOCKET=/run/host/notify systemd-notify --ready; true'
        still_waits "$GUEST" 'READY=1 of its init'
        status_is 0 wait "$START"
        is_running "$GUEST"
        nbox exec "$GUEST" systemctl is-active -q multi-user.target
        terminate "$GUEST"
        # Who waits a second only is told, and it becomes running all the same.
        boot "$GUEST" --ready-wait=1s 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'still boots: it waits for READY=1 of its init'
        is_booting "$GUEST"
        wait_until 20 is_running "$GUEST"
        terminate "$GUEST"
        rm "$MACHINES/$GUEST/etc/systemd/system/multi-user.target.wants/upgrade.service" \
                "$MACHINES/$GUEST/etc/systemd/system/upgrade.service"
}

# --- a host with systemd --------------------------------------------------------------------------------------------

test_ready_of_the_unit() {
        [ "$HOST" != plain ] || return 0
        tree_with web
        GUEST=web
        mkdir -p /etc/nbox
        printf '[Boot]\nReady=file:/run/up\n' >/etc/nbox/web.conf
        timeout "$((60 * PATIENCE))" systemctl start nbox@web &
        START=$!
        wait_until 10 is_booting web
        still_waits web 'file /run/up'
        same "unit" "$(unit_of nbox@web ActiveState)" activating
        has "$(systemctl show -P StatusText nbox@web)" 'Machine web: waiting for file /run/up'
        touch_inside /run/up
        came_up web
        same "unit" "$(unit_of nbox@web ActiveState)" active
        has "$(systemctl show -P StatusText nbox@web)" 'Machine web is running'
        systemctl stop nbox@web
        # Stopped while it boots: no failure.
        systemctl start --no-block nbox@web
        wait_until 10 is_booting web
        timeout "$((15 * PATIENCE))" systemctl stop nbox@web
        same "result" "$(systemctl show -P Result nbox@web)" success
        is_gone web
        rm /etc/nbox/web.conf
        remove_tree web
}

test_ready_never_of_the_unit() {
        [ "$HOST" != plain ] || return 0
        tree_with_init web <<'EOF'
#!/bin/sh
echo no space left
sleep 1
exit 3
EOF
        mkdir -p /etc/nbox
        printf '[Boot]\nReady=file:/run/up\n' >/etc/nbox/web.conf
        refused nbox start web
        has "$REFUSAL" 'ended with status 3 before it was up'
        has "$REFUSAL" 'Its console ended: no space left'
        same "unit" "$(unit_of nbox@web ActiveState)" failed
        systemctl reset-failed nbox@web
        wait_until 5 is_gone web
        rm /etc/nbox/web.conf
        remove_tree web
}

# Whatever its init is: what that says of itself, where it can be asked, is nothing bad.
test_who_is_ready_is_healthy() {
        boot "$GUEST"
        status_is 0 timeout "$((60 * PATIENCE))" nbox wait --for=healthy "$GUEST"
        terminate "$GUEST"
}
