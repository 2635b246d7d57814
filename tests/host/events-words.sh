# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Words of the tests that listen: `nbox events` and `nbox wait`.

# is_listening PID: it waits for what comes (epoll_wait(2), epoll_pwait(2)), and so misses nothing any more.
is_listening() { grep -qE '^(232|281|22) ' "/proc/$1/syscall"; }

# listen [AS…] -- [OPTIONS]: an `nbox events` whose output is in $SCRATCH/events, and its pid in $LISTENER.
listen() {
        local as=()
        while [ "$1" != -- ]; do
                as+=("$1")
                shift
        done
        shift
        "${as[@]}" nbox events "$@" >"$SCRATCH/events" 2>&1 &
        LISTENER=$!
        wait_until 5 is_listening "$LISTENER"
}

# heard PATTERN: in a line of what was heard.
heard() { wait_until 10 grep -Eq -- "$1" "$SCRATCH/events" || fail "no '$1' in: $(cat "$SCRATCH/events")"; }
not_heard() { ! grep -E -- "$1" "$SCRATCH/events" || fail "heard: $1"; }

# words SUBJECT: the events about it, in their order, on a line.
words_about() { awk -v subject="$1" '$4 == subject { printf "%s%s", n++ ? " " : "", $5 } END { print "" }' "$SCRATCH/events"; }

# hush: it is no longer listened, and who listened ended well.
hush() {
        local got=0
        kill -INT "$LISTENER" 2>/dev/null || fail "the listener has ended: $(cat "$SCRATCH/events")"
        wait "$LISTENER" || got=$?
        same "exit status of events after ^C" "$got" 0
}
