# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every guest must do on every host.

test_boot_list_exec() {
        boot "$GUEST"
        is_listed "$GUEST" || fail "not listed: $(nbox list)"
        has "$(nbox list)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' "$MACHINES/$GUEST/etc/os-release" | tr '()' '..')"
        nbox list --json | jq -e --arg m "$GUEST" '[.. | strings] | index($m) != null' >/dev/null
        nbox show --json "$GUEST" | jq -e . >/dev/null
        same "init among the processes" "$(nbox status --json "$GUEST" | jq '.Leader as $l | any(.Processes[]; .PID == $l)')" true
        has "$(nbox status "$GUEST")" "$GUEST"
        has "$(nbox exec "$GUEST" cat /etc/os-release)" "^ID=$GUEST"
        # Its init is PID 1 in namespaces of its own, and root there is nobody here.
        same "comm of PID 1" "$(nbox exec "$GUEST" cat /proc/1/comm)" "$([ "$GUEST" = debian ] && echo systemd || echo init)"
        leader=$(nbox show -p leader "$GUEST" | grep -Eo '[0-9]+' | tail -n 1)
        for ns in pid mnt net ipc uts cgroup user; do
                [ "$(readlink "/proc/$leader/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ] || fail "shares its $ns namespace"
        done
        [ "$(stat -c %u "/proc/$leader")" != 0 ] || fail "root inside is root outside"
        # The tree is idmapped, not chowned.
        same "owner of /etc on disk" "$(stat -c %u "$MACHINES/$GUEST/etc")" 0
        same "owner of /etc inside" "$(nbox exec "$GUEST" stat -c %u /etc)" 0
        terminate "$GUEST"
}

test_exit_status() {
        boot "$GUEST"
        status_is 42 nbox exec "$GUEST" sh -c 'exit 42'
        status_is 42 nbox shell "$GUEST" /bin/sh -c 'exit 42'
        status_is 143 nbox exec "$GUEST" sh -c 'kill -TERM $$'
        status_is 127 nbox exec "$GUEST" /no/such/command 2>/dev/null
        status_is 126 nbox exec "$GUEST" /etc/passwd 2>/dev/null
        status_is 125 nbox exec no-such-machine true 2>/dev/null
        terminate "$GUEST"
        status_is 42 nbox run --network=none "$GUEST" sh -c 'exit 42'
        status_is 42 nbox run --network=none --as-pid2 "$GUEST" sh -c 'exit 42'
        status_is 143 nbox run --network=none --as-pid2 "$GUEST" sh -c 'kill -TERM $$'
        status_is 127 nbox run --network=none "$GUEST" /no/such/command 2>/dev/null
        status_is 126 nbox run --network=none "$GUEST" /etc/passwd 2>/dev/null
        status_is 125 nbox run --network=none no-such-tree true 2>/dev/null
}

# pipes COMMAND...: a way to run sh -c SCRIPT in the machine.
pipes() {
        local out
        out=$(echo in | "$@" sh -c 'cat; echo err >&2' 2>"$SCRATCH/err")
        same stdout "$out" in
        same stderr "$(cat "$SCRATCH/err")" err
        head -c 1000000 /dev/urandom >"$SCRATCH/data"
        "$@" sh -c 'cat' <"$SCRATCH/data" >"$SCRATCH/copy"
        cmp "$SCRATCH/data" "$SCRATCH/copy"
        # Opening one's own stderr again needs the pipe to belong to the one who opens it.
        same "what came by /dev/stderr" "$("$@" sh -c 'echo x >/dev/stderr' 2>&1 >/dev/null | cat)" x
        same "what came by /dev/stdout" "$("$@" sh -c 'echo x >/dev/stdout' | cat)" x
        # No terminal where the caller gave none.
        status_is 1 "$@" sh -c 'test -t 1' >"$SCRATCH/out"
}

test_pipes_of_run() {
        pipes nbox run --network=none "$GUEST"
        # A reader that goes away ends the writer, not with an error of nbox's.
        { timeout "$((20 * PATIENCE))" nbox run --network=none "$GUEST" sh -c 'while echo y; do :; done' 2>"$SCRATCH/err"
                echo "$?" >"$SCRATCH/rc"; } | head -n 1 >/dev/null
        has_not "$(cat "$SCRATCH/rc")" '^12[45]$'
        has_not "$(cat "$SCRATCH/err")" '^nbox:'
}

test_pipes_of_exec() {
        boot "$GUEST"
        pipes nbox exec "$GUEST"
        terminate "$GUEST"
}

test_run_as_user() {
        same "uid" "$(nbox run --network=none --user=alice "$GUEST" id -u)" 1000
        same "uid" "$(nbox run --network=none --uid=alice "$GUEST" id -u)" 1000
        same "directory" "$(nbox run --network=none --chdir=/var/log "$GUEST" pwd)" /var/log
        same "variable" "$(nbox run --network=none --setenv=COLOUR='light blue' "$GUEST" sh -c 'echo $COLOUR')" "light blue"
        same "hostname" "$(nbox run --network=none --hostname=elsewhere "$GUEST" hostname)" elsewhere
        same "PID" "$(nbox run --network=none "$GUEST" sh -c 'echo $$')" 1
        has "$(nbox run --network=none --as-pid2 "$GUEST" sh -c 'echo pid $$')" 'pid [^1]'
        refused nbox run --network=none --user=no-such-user "$GUEST" true
}

test_run_mounts() {
        mkdir "$SCRATCH/shared"
        echo here >"$SCRATCH/shared/file"
        same "bound file" "$(nbox run --network=none --bind="$SCRATCH/shared:/mnt" "$GUEST" cat /mnt/file)" here
        # Root inside is nobody outside, unless the bind is idmapped too.
        fails nbox run --network=none --bind="$SCRATCH/shared:/mnt" "$GUEST" sh -c 'echo there >/mnt/new' 2>/dev/null
        nbox run --network=none --bind="$SCRATCH/shared:/mnt:idmap" "$GUEST" sh -c 'echo there >/mnt/new'
        same "file made inside" "$(cat "$SCRATCH/shared/new")" there
        same "its owner" "$(stat -c %u "$SCRATCH/shared/new")" 0
        # rootidmap: root inside is the owner of the directory.
        chown -R 4711:4711 "$SCRATCH/shared"
        same "owner inside" "$(nbox run --network=none --bind="$SCRATCH/shared:/mnt:rootidmap" "$GUEST" stat -c %u /mnt/file)" 0
        nbox run --network=none --bind="$SCRATCH/shared:/mnt:rootidmap" "$GUEST" sh -c 'echo mine >/mnt/mine'
        same "owner outside" "$(stat -c %u "$SCRATCH/shared/mine")" 4711
        fails nbox run --network=none --bind="$SCRATCH/shared:/mnt:idmap" --user=alice "$GUEST" sh -c 'echo x >/mnt/mine' 2>/dev/null
        fails nbox run --network=none --bind-ro="$SCRATCH/shared:/mnt" "$GUEST" sh -c 'echo x >/mnt/new' 2>/dev/null
        fails nbox run --network=none --read-only "$GUEST" sh -c 'echo x >/etc/new' 2>/dev/null
        same "type of a tmpfs" "$(nbox run --network=none --tmpfs=/mnt "$GUEST" sh -c 'stat -f -c %T /mnt')" tmpfs
        [ ! -e "$MACHINES/$GUEST/mnt/file" ] || fail "the bind left its file in the tree"
}

test_login() {
        boot "$GUEST"
        log_in "$GUEST"
        is_listed "$GUEST" || fail "leaving a login ended the machine"
        terminate "$GUEST"
}

test_shell() {
        local rc=0
        boot "$GUEST"
        shell_of_alice "$GUEST" || rc=$?
        terminate "$GUEST"
        same "status of the shell" "$rc" 7
}

# Once more where it was lost: the kernel drops what a terminal holds when a getty begins there, which an init starts when it likes.
line_is_heard() {
        nbox exec "$GUEST" sh -c 'echo line-one >/dev/console'
        nbox logs "$GUEST" | grep line-one >/dev/null
}

test_console_of_a_detached_machine() {
        boot "$GUEST"
        wait_until 10 line_is_heard
        # What was written before anyone looked is replayed, to each of several at once.
        GUEST=$GUEST timeout "$((45 * PATIENCE))" expect -f - <<'EOF'
set timeout 60
spawn -noecho nbox console $env(GUEST)
set first $spawn_id
spawn -noecho nbox console $env(GUEST)
foreach id [list $first $spawn_id] {
        expect {
                -i $id -re {line-one} {}
                timeout { puts "not replayed"; exit 1 }
        }
        send -i $id "\x1d\x1d\x1d"
        expect {
                -i $id eof {}
                timeout { puts "^\]^\]^\] does not leave"; exit 1 }
        }
}
EOF
        is_listed "$GUEST" || fail "leaving the console ended the machine"
        terminate "$GUEST"
}

# console_keys KEYS DOWN: boot on a terminal, press ^]^] and KEYS when it is up, and see it end; DOWN is how many
# orderly shutdowns that should have been. Prints nbox's exit status.
console_keys() {
        forget_marks "$GUEST"
        KEYS=$1 timeout "$((60 * PATIENCE))" expect -f - <<'EOF'
set timeout 60
spawn -noecho nbox boot $env(GUEST)
expect {
        -re {\^\]} {}
        timeout { puts "the keys are not said"; exit 99 }
        eof { puts "did not boot"; exit 99 }
}
set tries 0
while {[catch {exec grep -qx up /var/lib/machines/$env(GUEST)/var/marks}]} {
        after 100
        if {[incr tries] > 300} { puts "does not come up"; exit 99 }
}
after 300
send "\x1d\x1d$env(KEYS)"
expect {
        eof {}
        timeout { puts "does not end"; exit 99 }
}
exit [lindex [wait] 3]
EOF
}

test_console_key_powers_off() {
        status_is 0 console_keys p
        wait_until 5 is_gone "$GUEST"
        same "shutdowns" "$(marks "$GUEST" down)" 1
}

test_console_key_ends_at_once() {
        local rc=0
        console_keys $'\x1d' || rc=$?
        [ "$rc" != 99 ] || fail "see above"
        wait_until 5 is_gone "$GUEST"
        same "shutdowns" "$(marks "$GUEST" down)" 0
}

test_outgoing_through_nat() {
        boot "$GUEST"
        same "what the server saw" "$(nbox exec "$GUEST" /bin/busybox nc -w 20 "$OUTSIDE_ADDRESS" "$OUTSIDE_PORT" </dev/null)" \
                "from $HOST_ADDRESS"
        has "$(nbox exec "$GUEST" /bin/busybox ip link)" 'host0'
        # No resolver that is the host's own loopback.
        has_not "$(nbox exec "$GUEST" cat /etc/resolv.conf)" 'nameserver 127'
        # Each rule says whose it is.
        iptables-legacy-save | grep -E '^-A NBOX' >"$SCRATCH/rules"
        ! grep -v -- --comment "$SCRATCH/rules" || fail "rules without a comment"
        terminate "$GUEST"
}

test_published_port() {
        local reply
        boot "$GUEST" -p 8080:80
        nbox exec "$GUEST" /bin/busybox sh -c 'busybox setsid busybox nc -ll -p 80 -e echo served >/dev/null 2>&1 &'
        wait_until 10 nbox exec "$GUEST" /bin/busybox sh -c 'busybox netstat -ltn | grep -q ":80 "'
        for reply in "$(ip netns exec outside /bin/busybox nc -w 20 "$HOST_ADDRESS" 8080 </dev/null)" \
                "$(/bin/busybox nc -w 20 "$HOST_ADDRESS" 8080 </dev/null)" "$(/bin/busybox nc -w 5 127.0.0.1 8080 </dev/null)"; do
                same "what came back" "$reply" served
        done
        terminate "$GUEST"
}

test_reboot() {
        local before
        forget_marks "$GUEST"
        boot "$GUEST"
        wait_until 20 marked "$GUEST" up 1
        before=$(address_of "$GUEST")
        [ -n "$before" ] || fail "no address"
        timeout "$((20 * PATIENCE))" nbox reboot "$GUEST"
        wait_until 20 marked "$GUEST" up 2
        wait_until 10 nbox exec "$GUEST" true
        same "shutdowns" "$(marks "$GUEST" down)" 1
        same "address after the reboot" "$(address_of "$GUEST")" "$before"
        # And when the guest itself says so.
        nbox exec "$GUEST" sh -c 'reboot >/dev/null 2>&1 &' || true
        wait_until 30 marked "$GUEST" up 3
        wait_until 10 nbox exec "$GUEST" true
        same "address after its own reboot" "$(address_of "$GUEST")" "$before"
        terminate "$GUEST"
}

test_poweroff() {
        forget_marks "$GUEST"
        boot "$GUEST"
        wait_until 20 marked "$GUEST" up 1
        poweroff "$GUEST"
        same "shutdowns" "$(marks "$GUEST" down)" 1
        # From inside, too.
        boot "$GUEST"
        wait_until 20 marked "$GUEST" up 2
        nbox exec "$GUEST" sh -c 'poweroff >/dev/null 2>&1 &' || true
        wait_until 15 is_gone "$GUEST"
        same "shutdowns" "$(marks "$GUEST" down)" 2
}

test_poweroff_at_once() {
        # Before init can take its signal: it must neither be lost nor wait for the time-out.
        boot "$GUEST"
        poweroff "$GUEST"
}

test_passwd() {
        boot "$GUEST"
        printf 'secret-42\nsecret-42\n' | nbox passwd "$GUEST" alice
        has "$(grep ^alice: "$MACHINES/$GUEST/etc/shadow")" '^alice:\$[0-9a-z]+\$'
        terminate "$GUEST"
}

test_the_guest_sees() {
        boot "$GUEST"
        has "$(nbox exec "$GUEST" /bin/busybox sh -c 'tr "\0" "\n" </proc/1/environ')" '^container='
        has "$(nbox exec "$GUEST" /bin/busybox sh -c 'tr "\0" "\n" </proc/1/environ')" '^container_uuid='
        nbox exec "$GUEST" /bin/busybox sh -c 'test -r /run/host/container-manager && test -r /run/host/os-release'
        for node in null zero full random urandom tty; do
                nbox exec "$GUEST" test -c "/dev/$node"
        done
        fails nbox exec "$GUEST" /bin/busybox sh -c 'echo 1 >/proc/sys/kernel/panic' 2>/dev/null
        nbox exec "$GUEST" /bin/busybox sh -c 'echo data >/dev/null'
        # Nothing of the host's is in the way: no fd of nbox's beyond the first three in init's hands.
        terminate "$GUEST"
}
