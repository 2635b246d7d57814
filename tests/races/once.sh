# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Fifty who start at once: one name, or one tree under fifty names. One wins; the others are told what is in their way, by its name.

: "${CROWD:=50}"

# crowd COMMAND...: so many at once, `@` in it is each one's number; their status and words in $SCRATCH/N.rc, N.out. All wait for one gate, so
# that it is a crowd.
crowd() {
        local i pids=()
        rm -f "$SCRATCH"/*.rc "$SCRATCH"/*.out
        exec 9>"$SCRATCH/gate"
        flock 9
        for i in $(seq "$CROWD"); do
                (
                        trap - ERR
                        set +e
                        exec 9>&-
                        flock -s -o "$SCRATCH/gate" timeout -k 5 "$((60 * PATIENCE))" "${@//@/$i}" >"$SCRATCH/$i.out" 2>&1 </dev/null
                        echo $? >"$SCRATCH/$i.rc"
                ) &
                pids+=($!)
        done
        sleep 0.5
        exec 9>&-
        wait "${pids[@]}"
}

# one_has_won STATUS PATTERN: the others ended with the status, in few words fit for a terminal, among them the pattern.
one_has_won() {
        local i rc winners=0
        WINNER=
        for i in $(seq "$CROWD"); do
                rc=$(cat "$SCRATCH/$i.rc")
                if [ "$rc" = 0 ]; then
                        winners=$((winners + 1))
                        WINNER=$i
                        continue
                fi
                same "status of number $i ($(cat "$SCRATCH/$i.out"))" "$rc" "$1"
                has "$(cat "$SCRATCH/$i.out")" "$2"
                [ "$(wc -l <"$SCRATCH/$i.out")" -le 4 ] || fail "more than four lines: $(cat "$SCRATCH/$i.out")"
                ! LC_ALL=C grep -q '[[:cntrl:]]' "$SCRATCH/$i.out" || fail "control characters in: $(cat -v "$SCRATCH/$i.out")"
        done
        [ "$winners" = 1 ] || fail "$winners winners; the others said: $(cat "$SCRATCH"/*.out | sed 's/^/  /' | sort | uniq -c | sort -rn | head -n 12)"
}

listed_once() {
        same 'how often it is listed' "$(nbox list --json | jq "[.[] | select(.machine == \"$1\")] | length")" 1
        same 'how many are listed' "$(nbox list --json | jq length)" 1
}

ends_without_a_trace() {
        poweroff "$1"
        wait_until 5 test ! -e "/run/nbox/machines/$1"
        host_compare "$SCRATCH/before-the-crowd"
}

test_one_name_by_fifty() {
        local options
        tree_with web
        host_snapshot "$SCRATCH/before-the-crowd"
        for options in '' --register=no --network=none; do
                # shellcheck disable=SC2086
                crowd nbox boot -d $options web
                one_has_won 125 "web"
                listed_once web
                nbox exec web /bin/busybox true
                ends_without_a_trace web
        done
        remove_tree web
}

test_one_tree_under_fifty_names() {
        tree_with web
        host_snapshot "$SCRATCH/before-the-crowd"
        crowd nbox boot -d --directory="$MACHINES/web" --machine=n@
        one_has_won 125 "$MACHINES/web|n[0-9]+"
        listed_once "n$WINNER"
        ends_without_a_trace "n$WINNER"
        remove_tree web
}

# A command in the foreground: the winner is who runs it; as each ends, another may run.
test_run_by_fifty() {
        tree_with web
        host_snapshot "$SCRATCH/before-the-crowd"
        crowd nbox run --network=none web /bin/busybox sleep "$((5 * SLOW))"
        one_has_won 125 "web"
        crowd nbox run --network=none --machine=n@ web /bin/busybox sleep "$((5 * SLOW))"
        one_has_won 125 "$MACHINES/web|n[0-9]+"
        host_compare "$SCRATCH/before-the-crowd"
        remove_tree web
}

# Each on a copy of its own that goes with it: nobody is in anybody's way.
test_fifty_passing_copies() {
        local i
        tree_with web
        host_snapshot "$SCRATCH/before-the-crowd"
        crowd nbox run --network=none --ephemeral web /bin/busybox true
        for i in $(seq "$CROWD"); do
                same "status of number $i ($(cat "$SCRATCH/$i.out"))" "$(cat "$SCRATCH/$i.rc")" 0
        done
        remove_store
        host_compare "$SCRATCH/before-the-crowd"
        remove_tree web
}

# delayed CALL COMMAND...: that call of it takes a second; in the background, its process in $DELAYED.
delayed() {
        strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:delay_enter=1000000" "${@:2}" >"$SCRATCH/delayed" 2>&1 &
        DELAYED=$!
}

# Whoever asks for a reboot of what only starts hears of it when that start fails, whether he waits or not.
test_reboot_of_a_start_that_fails() {
        local rc=0
        tree_with_init web <<<'#!/nothing'
        delayed pivot_root nbox boot web # in the foreground: elsewhere it is systemd that starts it
        wait_until 5 is_listed web
        refused nbox reboot web
        has "$REFUSAL" "does not run|has ended|not.* start"
        wait "$DELAYED" || rc=$?
        [ "$rc" -ge 125 ] || fail "the start says $rc: $(cat "$SCRATCH/delayed")"
        wait_until 5 is_gone web
        remove_tree web
}

# Somebody is quicker.
test_the_new_name_is_taken_meanwhile() {
        tree_with web
        delayed renameat2 nbox rename web site
        sleep 0.4
        tree_with site
        status_is 1 wait "$DELAYED"
        has "$(cat "$SCRATCH/delayed")" "There is an image 'site' already"
        has_not "$(cat "$SCRATCH/delayed")" 'File exists'
        [ -d "$MACHINES/web" ] || fail "it has no name any more"
        remove_tree web
        remove_tree site
}

# Whoever waits for a reboot of a machine that is only about to run its init waits for that, and not for ever.
test_reboot_while_it_starts() {
        local pause pid
        tree_with web
        host_snapshot "$SCRATCH/before-the-crowd"
        for pause in 0.00 0.02 0.04 0.06 0.08 0.10 0.15 0.20 0.30; do
                boot web &
                pid=$!
                sleep "$pause"
                timeout "$((20 * PATIENCE))" nbox reboot --wait web >"$SCRATCH/said" 2>&1 || [ $? = 1 ] || fail "after $pause s: $(cat "$SCRATCH/said")"
                wait "$pid" || fail "the start: $?"
                wait_until 10 is_state web running
                ends_without_a_trace web
        done
        remove_tree web
}
