# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Credentials: how they come to the machine's root, that nobody else finds them, and what is no credential.

# A word that nothing else says, and that no process here has in its arguments or environment.
secret_word() { echo "hush-$RANDOM$RANDOM$RANDOM"; }

# Everything that users of the host can read of processes and units, and all that is written anywhere; the test's own files aside.
traces() {
        cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || true
        find /run /var/lib/nbox /var/log /var/tmp /tmp /etc "$MACHINES/$GUEST" -xdev -type f -size -4M \
                -not -path "$SCRATCH/*" -not -path '/run/credentials/*' -exec cat {} + 2>/dev/null || true
        if [ -d /run/systemd/system ]; then
                systemctl show --all '*'
                journalctl --no-pager -o cat
        fi
}

nowhere() {
        printf '%s' "$1" >"$SCRATCH/word"
        traces >"$SCRATCH/traces"
        [ "$(wc -c <"$SCRATCH/traces")" -gt 1000 ] || fail "nothing was looked at"
        ! grep -aqFf "$SCRATCH/word" "$SCRATCH/traces" || fail "seen: $(grep -aoFf "$SCRATCH/word" "$SCRATCH/traces" -m1)"
}

inside() { nbox exec "$GUEST" /bin/sh -c "$1"; }
credential() { inside "cat /run/host/credentials/$1"; }

test_credentials_are_files_of_roots() {
        local word
        word=$(secret_word)
        echo "$word" >"$SCRATCH/file"
        boot "$GUEST" --load-credential=db:"$SCRATCH/file" --set-credential='odd:a\x00b\nc\u20ac\101'
        same "db" "$(credential db)" "$word"
        same "odd" "$(credential odd | od -An -tx1 | tr -d ' \n')" 6100620a63e282ac41
        same "modes" "$(inside 'cd /run/host && stat -c "%a %u:%g %n" credentials credentials/db')" \
                "$(printf '500 0:0 credentials\n400 0:0 credentials/db')"
        has "$(inside "tr '\0' '\n' </proc/1/environ")" '^CREDENTIALS_DIRECTORY=/run/host/credentials$'
        has "$(inside 'grep /run/host/credentials /proc/mounts')" ' ramfs ro,nosuid,nodev,noexec'
        fails inside 'echo x >/run/host/credentials/db' 2>/dev/null
        fails inside 'mount -o remount,rw,bind /run/host/credentials' 2>/dev/null
        fails inside 'umount -l /run/host/credentials' 2>/dev/null
        same "to others inside" "$(nbox exec --user=65534 "$GUEST" /bin/sh -c 'cat /run/host/credentials/db 2>/dev/null || echo no')" no
        nowhere "$word"
        terminate "$GUEST"
        nowhere "$word"
}

test_a_value_of_the_command_line_is_not_seen() {
        local word
        word=$(secret_word)
        boot "$GUEST" --set-credential=a:"$word" --set-credential b:"x$word"
        same "a" "$(credential a)" "$word"
        same "b" "$(credential b)" "x$word"
        nowhere "$word"
        terminate "$GUEST"
        # A supervisor in the foreground has it on its own command line.
        nbox boot --console=passive --set-credential=a:"$word" "$GUEST" >"$SCRATCH/log" 2>&1 </dev/null &
        wait_until 20 is_state "$GUEST" running
        nowhere "$word"
        terminate "$GUEST"
        wait
        # As root of the host, nbox begins anew from a sealed copy.
        same "without a user namespace" "$(nbox run --network=none --private-users=no --set-credential=a:"$word" "$GUEST" cat /run/host/credentials/a)" "$word"
        same "the plan" "$(nbox boot --dry-run --json --set-credential=a:"$word" --load-credential=b:/etc/hostname "$GUEST" | jq -c .credentials)" \
                "[\"a, ${#word} bytes\",\"b from /etc/hostname\"]"
}

test_credentials_are_kept_over_reboots() {
        local word i
        word=$(secret_word)
        boot "$GUEST" --set-credential=a:"$word" --load-credential=b:<(echo "once")
        nbox boot --dry-run "$GUEST" >/dev/null
        for i in 1 2; do
                timeout "$((30 * PATIENCE))" nbox reboot --wait "$GUEST"
                same "a after reboot $i" "$(credential a)" "$word"
                same "b after reboot $i" "$(credential b)" once
        done
        nowhere "$word"
        terminate "$GUEST"
        nbox boot --console=passive --set-credential=a:"$word" --load-credential=b:<(echo "once") "$GUEST" >"$SCRATCH/log" 2>&1 </dev/null &
        wait_until 20 is_state "$GUEST" running
        timeout "$((30 * PATIENCE))" nbox reboot --wait "$GUEST"
        same "a in the foreground" "$(credential a)" "$word"
        same "b in the foreground" "$(credential b)" once
        nowhere "$word"
        terminate "$GUEST"
        wait
}

test_credentials_of_the_settings() {
        local word
        word=$(secret_word)
        mkdir -p /etc/nbox
        echo "$word" >"$SCRATCH/file"
        printf '[Exec]\nLoadCredential=db:%s\nSetCredential=motd:two\\nlines\n' "$SCRATCH/file" >"/etc/nbox/$GUEST.conf"
        boot "$GUEST"
        same "db" "$(credential db)" "$word"
        same "motd" "$(credential motd | tr '\n' ' ')" "two lines"
        # What they name is read again for each life.
        echo "new $word" >"$SCRATCH/file"
        timeout "$((30 * PATIENCE))" nbox reboot --wait "$GUEST"
        same "db after a reboot" "$(credential db)" "new $word"
        terminate "$GUEST"
        nowhere "$word"
        # Beside an image it would be the image's maker who reads the host's files.
        mv "/etc/nbox/$GUEST.conf" "$MACHINES/$GUEST.nspawn"
        has "$(nbox run --network=none "$GUEST" ls /run/host 2>&1)" 'LoadCredential= has no effect'
        rm "$MACHINES/$GUEST.nspawn"
}

run_with() { nbox run --network=none "$@" "$GUEST" cat /run/host/credentials/a; }
refused_with() { refused nbox run --network=none "$@" "$GUEST" true; }

test_where_credentials_come_from() {
        local directory=$SCRATCH/given
        mkdir "$directory"
        echo handed-on >"$directory/mine"
        same "one of our own service's" "$(CREDENTIALS_DIRECTORY=$directory run_with --load-credential=a:mine)" handed-on
        refused_with --load-credential=a:mine
        has "$REFUSAL" 'was given none'
        mkfifo "$SCRATCH/fifo"
        echo piped >"$SCRATCH/fifo" &
        same "a FIFO's" "$(run_with --load-credential=a:"$SCRATCH/fifo")" piped
        socat -u OPEN:/etc/hostname UNIX-LISTEN:"$SCRATCH/socket" &
        wait_until 5 [ -S "$SCRATCH/socket" ]
        same "a socket's" "$(run_with --load-credential=a:"$SCRATCH/socket")" "$(cat /etc/hostname)"
        wait
        (cd "$directory" && same "a relative path's" "$(run_with --load-credential=a:./mine)" handed-on)
        same "an empty one" "$(run_with --set-credential=a:)" ''
        head -c 1048576 /dev/zero >"$SCRATCH/large"
        same "a large one" "$(run_with --load-credential=a:"$SCRATCH/large" | wc -c)" 1048576
}

test_what_is_no_credential() {
        local id long
        long=$(printf 'i%.0s' {1..256})
        for id in '' . .. a/b ../a $'a\nb' $'\e[31m' 'ä' "$long"; do
                refused_with --set-credential="$id:x"
                has "$REFUSAL" 'no credential.s ID'
                refused_with --load-credential="$id:/etc/hostname"
        done
        refused_with --set-credential=alone
        refused_with --load-credential=a
        refused_with --load-credential=a:
        refused_with --load-credential=a:..
        refused_with --load-credential=a:"$SCRATCH"
        has "$REFUSAL" 'is a directory'
        refused_with --load-credential=a:"$SCRATCH/none"
        refused_with --load-credential=a:/dev/zero
        has "$REFUSAL" 'larger than 1048576 bytes'
        head -c 1048577 /dev/zero >"$SCRATCH/large"
        refused_with --load-credential=a:"$SCRATCH/large"
        refused_with --set-credential=a:x --load-credential=a:/etc/hostname
        has "$REFUSAL" 'given twice'
        for id in '\' '\q' '\x4' '\xzz' '\18' '\ud800' '\U00110000'; do
                refused_with --set-credential="a:hush$id"
                has "$REFUSAL" 'begins no escape'
                has_not "$REFUSAL" hush
        done
        # Root inside could make it a link to what it wants to read.
        refused_with --load-credential=a:"$MACHINES/$GUEST/etc/passwd"
        has "$REFUSAL" "machine's own tree"
        ln -s "$MACHINES/$GUEST" "$SCRATCH/alias"
        refused_with --load-credential=a:"$SCRATCH/alias/etc/passwd"
        has "$REFUSAL" "machine's own tree"
        refused_with --load-credential-encrypted=a:/etc/hostname
        has "$REFUSAL" 'Cannot decrypt'
}

# runs_or_is_refused COMMAND...: either will do, but not that nbox or the machine fails on the way.
runs_or_is_refused() {
        local rc=0
        "$@" || rc=$?
        [ "$rc" = 0 ] || [ "$rc" = 125 ] || fail "exit status $rc: $*"
}

# The tree has made /run/host, and what is in it, links to things of the host's.
test_a_tree_that_replaces_run_host() {
        tree_with hostile
        mkdir -p "$SCRATCH/outside"
        mkdir -p "$MACHINES/hostile/run"
        ln -s "$SCRATCH/outside" "$MACHINES/hostile/run/host"
        runs_or_is_refused nbox run --network=none --set-credential=a:x hostile true
        rm -rf "$MACHINES/hostile/run"
        ln -s "$SCRATCH/outside" "$MACHINES/hostile/run"
        runs_or_is_refused nbox run --network=none --set-credential=a:x hostile true
        same "what came out of the tree" "$(ls -A "$SCRATCH/outside")" ''
        remove_tree hostile
}
