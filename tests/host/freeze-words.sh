# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Words of the tests that freeze machines.

. "$HOST_TOOLS/live-words.sh"
. "$HOST_TOOLS/events-words.sh"

# The group of a machine, where it runs; for as long as it does.
group_of() { echo "$(cgroup2_root)$(property "$1" ControlGroup)"; }
is_frozen() { grep -q 'frozen 1' "$(group_of "$1")/cgroup.events"; }
is_thawed() { ! is_frozen "$1"; }

# ticking NAME: it writes into a file of its, five times a second. ticks NAME: how often it has.
ticking() {
        nbox exec "$1" /bin/sh -c '(while :; do echo >>/ticks; sleep 0.2; done) >/dev/null 2>&1 </dev/null &'
        wait_until 5 test -s "$MACHINES/$1/ticks"
}
ticks() { wc -l <"$MACHINES/$1/ticks"; }
has_ticked() { [ "$(ticks "$1")" -gt "$2" ]; }
goes_on_ticking() { wait_until 5 has_ticked "$1" "$(ticks "$1")"; }
stands_still() {
        local before
        before=$(ticks "$1")
        sleep 0.6
        same "ticks of the frozen machine" "$(ticks "$1")" "$before"
}

# at_once COMMAND...: it is refused since the machine is frozen, and that does not take long.
at_once() {
        local began=$SECONDS
        refused "$@"
        has "$REFUSAL" 'is frozen'
        has "$REFUSAL" 'nbox thaw'
        [ $((SECONDS - began)) -le $((2 * PATIENCE)) ] || fail "$* took $((SECONDS - began)) s"
}

# ends_in SECONDS NAME COMMAND...: the machine is gone so soon.
ends_in() {
        local seconds=$1 name=$2
        shift 2
        timeout "$((seconds * PATIENCE))" "$@" || fail "status $? of: $*"
        wait_until "$seconds" is_gone "$name"
}
