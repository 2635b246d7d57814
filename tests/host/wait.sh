# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# `nbox wait`: until machines are as they are wanted.

. "$(dirname "${BASH_SOURCE[0]}")/events-words.sh"

# waiting ARGUMENTS...: an `nbox wait` in the background that waits by now; its pid in $WAITER.
waiting() {
        nbox wait "$@" 2>"$SCRATCH/said" &
        WAITER=$!
        wait_until 5 is_listening "$WAITER"
}

# waited STATUS: it has ended so.
waited() {
        local got=0
        wait "$WAITER" || got=$?
        [ "$got" = "$1" ] || fail "exit status of wait $got, not $1: $(cat "$SCRATCH/said")"
}

test_what_is_so_already() {
        status_is 0 nbox wait --for=stopped "$GUEST"
        boot "$GUEST"
        status_is 0 nbox wait "$GUEST"
        status_is 0 nbox wait --for=healthy "$GUEST"
        status_is 0 setpriv --reuid 12345 --regid 12345 --clear-groups nbox wait --for=ready "$GUEST"
        refused nbox wait --for=nothing "$GUEST"
        refused nbox wait
        refused nbox wait --timeout=soon "$GUEST"
        refused nbox wait ../x
        refused setpriv --reuid 12345 --regid 12345 --clear-groups nbox wait --for=healthy "$GUEST"
        terminate "$GUEST"
}

test_a_machine_that_is_yet_to_come() {
        waiting "$GUEST"
        boot "$GUEST"
        waited 0
        waiting --for=stopped "$GUEST"
        nbox poweroff "$GUEST"
        waited 0
        is_gone "$GUEST" || fail "$GUEST is still listed"
}

test_a_time_limit() {
        local began=$SECONDS
        status_is 124 nbox wait --timeout=1 "$GUEST" 2>"$SCRATCH/said"
        [ $((SECONDS - began)) -lt $((5 * PATIENCE)) ] || fail "it took $((SECONDS - began)) s"
        has "$(cat "$SCRATCH/said")" 'has not been started in time'
        boot "$GUEST" --ready=file:/run/never --ready-wait=0
        status_is 124 nbox wait --timeout=1 "$GUEST" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'is not ready in time: it waits for file /run/never'
        status_is 124 nbox wait --for=stopped --timeout=500ms "$GUEST" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'has not stopped in time'
        waiting "$GUEST"
        nbox exec "$GUEST" /bin/busybox touch /run/never
        waited 0
        terminate "$GUEST"
}

test_what_can_no_longer_come() {
        boot "$GUEST" --ready=file:/run/never --ready-wait=0
        waiting "$GUEST"
        nbox terminate "$GUEST"
        waited 1
        has "$(cat "$SCRATCH/said")" "'$GUEST' ended before it was ready: killed, status 137"
        waiting broken
        refused nbox boot -d --machine=broken --bind=/no/such:/mnt "$GUEST"
        waited 1
        has "$(cat "$SCRATCH/said")" "'broken' could not be started"
        # Whoever is killed says nothing.
        boot "$GUEST" --ready=file:/run/never --ready-wait=0
        waiting "$GUEST"
        kill -9 "$(property "$GUEST" Supervisor)"
        waited 1
        has "$(cat "$SCRATCH/said")" 'ended before it was ready: lost'
        status_is 0 nbox wait --for=stopped "$GUEST"
        nbox gc
}

test_a_reboot_is_no_end() {
        boot "$GUEST"
        waiting --for=stopped "$GUEST"
        nbox reboot --wait "$GUEST"
        kill -0 "$WAITER" || fail "a reboot ended the wait: $(cat "$SCRATCH/said")"
        nbox poweroff "$GUEST"
        waited 0
}

test_several() {
        waiting --for=ready a b
        nbox boot -d --read-only --machine=a "$GUEST"
        kill -0 "$WAITER" || fail "one was enough: $(cat "$SCRATCH/said")"
        waiting --any --for=stopped a
        status_is 0 nbox wait --any a b
        nbox boot -d --read-only --machine=b "$GUEST"
        nbox terminate a
        waited 0
        nbox terminate b
        wait
}

# Nothing is looked at by the clock: a wait that nothing happens to is not run at all.
test_it_sleeps() {
        local before after
        boot "$GUEST"
        waiting --for=stopped "$GUEST"
        before=$(sed -n 's/^voluntary_ctxt_switches:\s*//p' "/proc/$WAITER/status")
        sleep 2
        after=$(sed -n 's/^voluntary_ctxt_switches:\s*//p' "/proc/$WAITER/status")
        [ $((after - before)) -le 2 ] || fail "it woke $((after - before)) times in two seconds"
        terminate "$GUEST"
        waited 0
}
