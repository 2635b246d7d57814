# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Seen by who traces: every file that is made during a start, the host's side and what runs there.
WHAT='CVE-2015-1331: locks and scratch files in directories where users of the host can lay links beforehand'
OPEN='^[0-9]+ +(open|openat|creat|mkdir|mkdirat|mknod|mknodat|symlink|symlinkat)\(.*"/(tmp|var/tmp|dev/shm|run/lock|var/lock)/[^"]*"'

tracing() {
        local pid=$BASHPID
        strace -f -qq -o "$PREY/trace" -e trace=open,openat,creat,mkdir,mkdirat,mknod,mknodat,symlink,symlinkat -p "$pid" 2>/dev/null &
        TRACER=$!
        wait_until 5 grep -qs "^TracerPid:.*[1-9]" "/proc/$pid/status"
}

play() {
        tracing
        if machine_start; then machine_stop; fi
        kill "$TRACER"; wait "$TRACER" 2>/dev/null || true
        verdict
}

verdict() {
        local made
        made=$(grep -E "$OPEN" "$PREY/trace" | grep -E '^[0-9]+ +(creat|mk|symlink)|O_CREAT' | head -n 1 | cut -c 1-120) || true
        if [ -n "$made" ]; then
                works "made where users may: $made"
        elif [ "$(grep -c O_CREAT "$PREY/trace")" -lt 2 ]; then
                absent "the trace shows nothing"
        else
                blocked "$(grep -c O_CREAT "$PREY/trace") files are made, none where users may"
        fi
}

control() {
        tracing
        flock /tmp/escape.lock true
        sleep 0.2
        kill "$TRACER"; wait "$TRACER" 2>/dev/null || true
        rm -f /tmp/escape.lock

        verdict
}
