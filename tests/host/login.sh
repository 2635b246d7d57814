# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Guests on which nobody can log in as they come: root is locked, as in most trees made for containers.

test_a_locked_root_is_said() {
        sed -i 's/^root:[^:]*:/root:*:/' "$MACHINES/$GUEST/etc/shadow"
        boot "$GUEST"
        GUEST=$GUEST timeout "$((45 * PATIENCE))" expect -f - <<'EOF'
set timeout 60
spawn -noecho nbox login $env(GUEST)
expect {
        -re {nbox passwd} {}
        timeout { puts "the way out is not named"; exit 1 }
        eof { puts "ended without naming the way out"; exit 1 }
}
send "\x1d\x1d\x1d"
expect eof
EOF
        # The ways out: a shell needs no password, and passwd gives one.
        same "user of the shell" "$(nbox shell "$GUEST" /usr/bin/id -u </dev/null | tr -d '\r')" 0
        printf 'open-42\nopen-42\n' | nbox passwd "$GUEST"
        GUEST=$GUEST timeout "$((45 * PATIENCE))" expect -f - <<'EOF'
set timeout 60
spawn -noecho nbox login $env(GUEST)
expect {
        -re {ogin: $} {}
        timeout { puts "no login prompt"; exit 1 }
}
send "root\r"
expect {
        -re {assword: *$} {}
        timeout { puts "no password asked for"; exit 1 }
}
send "open-42\r"
expect {
        -re {# (\x1b\[6n)?$} {}
        timeout { puts "no shell"; exit 1 }
}
send "\x1d\x1d\x1d"
expect eof
EOF
        terminate "$GUEST"
}

test_two_logins_at_once() {
        boot "$GUEST"
        GUEST=$GUEST timeout "$((60 * PATIENCE))" expect -f - <<'EOF'
set timeout 60
foreach n {1 2} {
        spawn -noecho nbox login $env(GUEST)
        set id($n) $spawn_id
        expect {
                -re {ogin: $} {}
                timeout { puts "no login prompt for login $n"; exit 1 }
        }
}
foreach n {1 2} {
        send -i $id($n) "\x1d\x1d\x1d"
        expect -i $id($n) eof
}
EOF
        terminate "$GUEST"
}
