# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a machine wrote on its console, afterwards: `nbox logs` of machines that run, have ended, could not start, reboot, and flood.

LOGS=/var/log/nbox

# speaker NAME: a tree whose init runs the script on standard input, says so at the end, and powers off when it is told to.
speaker() {
        { echo '#!/bin/busybox sh'; cat; } | tree_with_init "$1"
}
speaker_remove() {
        remove_tree "$1"
        rm -rf "${LOGS:?}/$1"
}
console_has() { nbox logs -o cat "$1" | grep -Eq -- "$2"; }

test_logs_after_the_end() {
        speaker speaks <<'END'
echo one
printf 'two\r\n\r\nfour\n'
printf 'no end'
exit 3
END
        refused nbox logs speaks
        has "$REFUSAL" "no log of a machine 'speaks'"
        status_is 3 timeout "$((20 * PATIENCE))" nbox boot --console=passive speaks
        same "what it wrote" "$(nbox logs -o cat speaks)" "$(printf 'one\ntwo\n\nfour\nno end')"
        same "the last two" "$(nbox logs -n 2 -o cat speaks)" "$(printf 'four\nno end')"
        has "$(nbox logs speaks)" '^[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} speaks console: one$'
        has "$(nbox logs speaks)" '^-- speaks exited with status 3, .* --$'
        same "its end" "$(nbox logs --json speaks | jq -r 'select(.kind == "end") | "\(.end) \(.code) \(.boot)"')" 'exit 3 1'
        same "its text" "$(nbox logs --json speaks | jq -r 'select(.text == "four") | "\(.machine) \(.source) \(.kind)"')" 'speaks console line'

        # Boots are told apart, the last ones are kept, and what is root's alone is.
        for _ in 2 3 4 5 6 7 8 9 10; do status_is 3 timeout "$((20 * PATIENCE))" nbox boot --console=passive speaks; done
        same "boots" "$(nbox logs --json speaks | jq -r 'select(.kind == "begin") | .boot' | tr '\n' ' ')" '3 4 5 6 7 8 9 10 '
        same "the one before" "$(nbox logs --boot=-1 --json speaks | jq -r .boot | sort -u)" 9
        same "the same" "$(nbox logs -b -1 --json speaks | jq -r .boot | sort -u)" 9
        same "the last" "$(nbox logs -b --json speaks | jq -r .boot | sort -u)" 10
        refused nbox logs -b -12 speaks
        same "until before" "$(nbox logs --until=-1h speaks)" ''
        same "since then" "$(nbox logs --since=-1h -n 1 -o cat speaks)" 'no end'
        refused nbox logs --since=soon speaks
        refused nbox logs --unit=cron speaks
        has "$REFUSAL" "no journal of a machine 'speaks'"
        same "mode" "$(stat -c '%a %U' "$LOGS" "$LOGS/speaks" "$LOGS"/speaks/10-0.log | tr '\n' ' ')" '700 root 700 root 600 root '

        # It goes with its machine.
        nbox rename speaks talks
        console_has talks '^four$'
        refused nbox logs speaks
        nbox remove talks
        [ ! -e "$LOGS/talks" ] || fail "the log of a removed machine is left"
}

test_logs_of_failed_starts() {
        tree_with mute
        rm "$MACHINES/mute/sbin/init"
        ln -s /nowhere "$MACHINES/mute/sbin/init"
        printf '#!/nowhere\n' >"$MACHINES/mute/nowhere"
        chmod 755 "$MACHINES/mute/nowhere"
        refused nbox boot -d mute
        has "$(nbox logs mute)" '^-- mute could not be started: .*(nowhere|init)'
        same "its end" "$(nbox logs --json mute | jq -r 'select(.kind == "end") | .end')" failed
        speaker_remove mute
}

test_logs_with_escapes() {
        speaker rude <<'END'
printf 'a\033[31mb\033]0;title\007c\033[2Jd\000e\010f\n'
printf 'raw \233 C1 \302\233 \377 end\n'
exec /bin/busybox sleep 1000
END
        boot rude
        wait_until 10 console_has rude 'C1'
        same "without escapes" "$(nbox logs -n 2 -o cat rude | head -n 1)" abcdef
        for form in short short-iso short-unix verbose cat json json-pretty; do
                ! nbox logs -o "$form" rude | LC_ALL=C grep -q $'[\001-\010\013-\037\177\233]' || fail "control bytes in $form"
        done
        nbox logs --json rude | jq -e . >/dev/null
        terminate rude
        has "$(nbox logs rude)" '^-- rude was killed by request, '
        speaker_remove rude
}

# A flood neither fills the disk nor hides what the machine said first and last.
test_logs_of_a_flood() {
        local size
        speaker flood <<'END'
echo first words
/bin/busybox timeout 5 /bin/busybox yes 'the same again and again, without an end'
echo last words
/bin/busybox sleep 1
exit 0
END
        boot flood
        wait_until 20 is_gone flood
        size=$(du -sb "$LOGS/flood" | cut -f 1)
        [ "$size" -le "$((3 * 512 * 1024 + 8192))" ] || fail "the log has $size bytes"
        [ "$size" -ge "$((512 * 1024))" ] || fail "the log has only $size bytes"
        nbox logs -o cat flood >"$SCRATCH/flood"
        same "the first" "$(sed -n 1p "$SCRATCH/flood")" 'first words'
        same "the last" "$(tail -n 1 "$SCRATCH/flood")" 'last words'
        nbox logs flood >"$SCRATCH/flood"
        has "$(grep -v 'the same again' "$SCRATCH/flood")" 'console: … [0-9]+ bytes not kept'
        [ "$(nbox logs --json flood | jq -s 'map(.lost_bytes // 0) | add')" -gt 1000000 ] || fail "the flood was none"
        speaker_remove flood
}

# One may look on while it boots, reboots and ends.
test_logs_follow() {
        local follower
        speaker again <<'END'
[ -e /seen ] || { echo first boot; >/seen; /bin/busybox sleep 1; /bin/busybox reboot -f; }
echo second boot
printf 'prompt: '
while [ ! -e /stop ]; do /bin/busybox sleep 0.1; done
exit 0
END
        speaker other <<'END'
echo I am another
exit 5
END
        boot again
        status_is 5 timeout "$((20 * PATIENCE))" nbox boot --console=passive other
        timeout "$((60 * PATIENCE))" nbox logs -f -n all again other >"$SCRATCH/followed" 2>&1 &
        follower=$!
        wait_until 20 grep -q 'again console: second boot' "$SCRATCH/followed"
        wait_until 10 grep -q 'again console: prompt: $' "$SCRATCH/followed"
        kill -0 "$follower" || fail "it does not follow any more: $(cat "$SCRATCH/followed")"
        touch "$MACHINES/again/stop"
        status_is 0 wait "$follower"
        has "$(cat "$SCRATCH/followed")" '^-- again rebooted, '
        has "$(tail -n 1 "$SCRATCH/followed")" '^-- again exited with status 0, '
        has "$(cat "$SCRATCH/followed")" 'other console: I am another$'

        # Of one that has ended it says so and ends; one whose supervisor is killed has ended, too.
        has "$(timeout "$((20 * PATIENCE))" nbox logs -f again 2>&1)" 'again exited with status 0'
        rm "$MACHINES/again/stop"
        boot again
        timeout "$((60 * PATIENCE))" nbox logs -f again >"$SCRATCH/followed" 2>&1 &
        follower=$!
        wait_until 10 grep -q 'prompt' "$SCRATCH/followed"
        kill -9 "$(property again Supervisor)"
        status_is 0 wait "$follower"
        has "$(cat "$SCRATCH/followed")" 'again does not run'
        wait_until 10 nbox gc

        # ^C ends the looking on, and nothing else.
        boot again
        timeout -s INT "$PATIENCE" nbox logs -f again >/dev/null 2>&1 || true
        is_listed again
        terminate again
        speaker_remove again
        speaker_remove other
}

# What is said of a machine that runs, of one that has ended, and of one that was never started.
test_status_of_all_states() {
        local said
        speaker states <<'END'
echo I am up
/bin/busybox sh -c '/bin/busybox sleep 1000; :' &
trap 'exit 7' TERM
while :; do /bin/busybox sleep 1; done
END
        status_is 3 nbox status states >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" '^○ states$'
        has "$(cat "$SCRATCH/said")" 'State: off'
        has_not "$(cat "$SCRATCH/said")" 'Ended'
        refused nbox status never-heard-of

        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=states\n' >/etc/nbox/states.conf
        boot states
        wait_until 10 console_has states 'I am up'
        said=$(nbox status states)
        has "$said" 'states console: I am up'
        has "$said" 'Settings: /etc/nbox/states.conf'
        has "$said" 'Image: directory'
        has "$said" '^ {12}└─[0-9]+ .*init'
        has "$said" '^ {14}(├|└)─[0-9]+ .*sleep 1000; :'
        has "$said" '^ {14}(│ |  )└─[0-9]+ /bin/busybox sleep 1000$'
        same "no lines" "$(nbox status -n 0 states | grep -c console)" 0
        same "the form" "$(nbox status -n 1 -o cat states | tail -n 1)" 'I am up'
        same "as JSON" "$(nbox status --json states | jq -r '.Lines[-1].text, .Image.type, (.Leader as $l | .Processes[] | select(.Parent == $l and (.Command | test("1000"))) | "child")')" \
                "$(printf 'I am up\ndirectory\nchild')"

        terminate states
        status_is 3 nbox status states >"$SCRATCH/said"
        said=$(cat "$SCRATCH/said")
        has "$said" 'Since: .* ago'
        has "$said" 'Ended: it was killed by request'
        has "$said" 'Settings: /etc/nbox/states.conf'
        has "$said" 'states console: I am up'
        status_is 3 nbox status --json states >"$SCRATCH/said"
        same "as JSON" "$(jq -r '.State, .End, .Boot, .Lines[-2].text' "$SCRATCH/said")" "$(printf 'off\nkilled\n1\nI am up')"
        rm /etc/nbox/states.conf
        speaker_remove states
}

# Whatever a guest calls its processes, and however many there are.
test_status_of_strange_processes() {
        speaker strange <<'END'
/bin/busybox sh -c 'i=0; while [ $i -lt 300 ]; do /bin/busybox sleep 1000 & i=$((i + 1)); done; wait' &
down='[ "$1" = 0 ] && exec /bin/busybox sleep 999; /bin/busybox sh -c "$2" "$(printf "a\033[31m\302\233b\n")" $(($1 - 1)) "$2"; :'
/bin/busybox sh -c "$down" deep 60 "$down" &
echo done
while :; do /bin/busybox sleep 1; done
END
        boot strange
        wait_until 20 eval 'nbox status --json strange | jq -e "[.Processes[].Command] | any(test(\"sleep 999\"))"'
        wait_until 20 eval '[ "$(nbox status --json strange | jq "[.Processes[]] | length")" -gt 350 ]'
        nbox status strange >"$SCRATCH/said"
        ! LC_ALL=C grep -q $'[\001-\010\013-\037\177]\|\302\233' "$SCRATCH/said" || fail "control bytes of a guest"
        has "$(cat "$SCRATCH/said")" '… [0-9]+ more$'
        [ "$(wc -l <"$SCRATCH/said")" -lt 260 ] || fail "status is long: $(wc -l <"$SCRATCH/said") lines"
        terminate strange
        speaker_remove strange
}

# A machine may put anything where its journal is looked for.
test_logs_of_a_hostile_journal() {
        local dir=$MACHINES/nasty/var/log/journal id=0fedcba9876543210fedcba987654321 began=$SECONDS
        speaker nasty <<'END'
echo on the console
exec /bin/busybox sleep 1000
END
        mkdir -p "$dir/$id" "$SCRATCH/secret"
        echo 'a secret of the host' >"$SCRATCH/secret/system.journal"
        # Links out of the tree, a FIFO, a directory, a device, a file without an end, and what begins as a journal does.
        ln -s "$SCRATCH/secret" "$dir/0000000000000000000000000000dead"
        ln -s "$SCRATCH/secret/system.journal" "$dir/$id/link.journal"
        ln "$SCRATCH/secret/system.journal" "$dir/$id/hard.journal" 2>/dev/null || cp "$SCRATCH/secret/system.journal" "$dir/$id/hard.journal"
        mkfifo "$dir/$id/fifo.journal"
        mkdir "$dir/$id/directory.journal"
        mknod "$dir/$id/null.journal" c 1 5
        truncate -s 8E "$dir/$id/sparse.journal" 2>/dev/null || truncate -s 15T "$dir/$id/sparse.journal"
        printf 'LPKSHHRH' >"$dir/$id/short.journal"
        { printf 'LPKSHHRH'; head -c 100000 /dev/zero; } >"$dir/$id/zeros.journal"
        { printf 'LPKSHHRH'; head -c 100000 /dev/urandom; } >"$dir/$id/noise.journal"
        truncate -s 8M "$dir/$id/noise.journal"
        for i in {1..400}; do cp "$dir/$id/zeros.journal" "$dir/$id/many-$i.journal"; done
        boot nasty
        wait_until 10 console_has nasty 'on the console'
        timeout "$((60 * PATIENCE))" nbox logs nasty >"$SCRATCH/said" 2>&1 || fail "status $?: $(cat "$SCRATCH/said")"
        has "$(cat "$SCRATCH/said")" 'nasty console: on the console'
        has_not "$(cat "$SCRATCH/said")" 'secret'
        terminate nasty
        timeout "$((60 * PATIENCE))" nbox logs --journal nasty >"$SCRATCH/said" 2>&1 || fail "status $?: $(cat "$SCRATCH/said")"
        has_not "$(cat "$SCRATCH/said")" 'secret'

        # The place itself leads elsewhere; it is looked for in the tree.
        rm -rf "$dir"
        ln -s "$SCRATCH/secret" "$dir"
        nbox logs nasty >"$SCRATCH/said" 2>&1
        rm "$dir"
        mkfifo "$dir"
        nbox logs nasty >"$SCRATCH/said" 2>&1
        rm "$dir"

        # One without a journal has its log elsewhere, and that is said.
        echo 'Nov 23 01:02:03 nasty syslogd: started' >"$MACHINES/nasty/var/log/messages"
        has "$(nbox logs nasty 2>&1)" 'nasty keeps a log of its own in /var/log/messages'
        [ "$((SECONDS - began))" -lt "$((120 * PATIENCE))" ]
        speaker_remove nasty
}

# Ephemeral machines come and go by names of their own: their logs are no more than a few.
test_logs_of_ephemeral_machines() {
        speaker brief <<'END'
exit 0
END
        mkdir -p "$LOGS"/brief-{00..39}000000000000ab "$LOGS/lasting"
        for _ in 1 2; do nbox boot -q --console=passive --ephemeral brief; done
        same "how many" "$(find "$LOGS" -mindepth 1 -maxdepth 1 -name 'brief-*' | wc -l)" 40
        [ -e "$LOGS/lasting" ] || fail "the log of a lasting machine is gone"
        remove_tree brief
        remove_store
        rm -rf "$LOGS"/brief-* "$LOGS/lasting"
}
