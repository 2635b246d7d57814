# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# machinectl speaks systemd's signals to any init: what it asks for must come about in order all the same. For a host with systemd.

: "${INITS:=$GUEST}"

# ups NAME N, downs NAME N: that many boots, shutdowns.
ups() { [ "$(marks "$1" up)" = "$2" ]; }
downs() { [ "$(marks "$1" down)" = "$2" ]; }

# by_machinectl NAME: reboot, and power off by the other word; by the usual one matrix.sh does it.
by_machinectl() {
        forget_marks "$1"
        boot "$1"
        wait_until 30 ups "$1" 1
        machinectl reboot "$1"
        wait_until 30 ups "$1" 2
        downs "$1" 1 || fail "$1: reboot was no shutdown"
        wait_until 10 nbox exec "$1" /bin/true
        machinectl stop "$1"
        wait_until 30 is_gone "$1"
        downs "$1" 2 || fail "$1: stop was no shutdown"
        echo "$1: 2 boots, 2 shutdowns"
}

test_machinectl_asks_every_init() {
        local name pids='' pid failed=0
        for name in $INITS; do
                (
                        trap - EXIT
                        by_machinectl "$name" >"$SCRATCH/$name.result" 3>&1 2>&1
                ) &
                pids+=" $!"
        done
        for pid in $pids; do wait "$pid" || failed=1; done
        for name in $INITS; do cat "$SCRATCH/$name.result"; done
        [ "$failed" = 0 ] || fail "see above"
}

# call_as_nobody OPTION... : KillMachine of a user who may not.
call_as_nobody() {
        setpriv --reuid=65534 --regid=65534 --clear-groups busctl "$@" call org.freedesktop.machine1 /org/freedesktop/machine1 \
                org.freedesktop.machine1.Manager KillMachine ssi web leader 38
}

test_a_refused_request_does_nothing() {
        tree_with web
        boot web
        wait_until 10 ups web 1
        status_is 1 call_as_nobody 2>/dev/null
        call_as_nobody --expect-reply=no
        # An answer that he is given is not taken for that of what he is refused.
        setpriv --reuid=65534 --regid=65534 --clear-groups /job/killdrive web silent
        setpriv --reuid=65534 --regid=65534 --clear-groups /job/killdrive web answered
        sleep "$((2 * SLOW))"
        downs web 0 || fail "a refused request has shut it down"
        same state "$(nbox list --json | jq -r '.[] | select(.machine == "web").state')" running
        # Others' business is none of ours either.
        status_is 1 machinectl poweroff no-such-machine 2>/dev/null
        is_listed web
        machinectl kill --kill-whom=leader --signal=SIGRTMIN+3 web
        wait_until 10 is_gone web
        downs web 1
        remove_tree web
}
