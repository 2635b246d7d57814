# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The last hour of a machine's figures: samples by its supervisor, and the graph that status makes of them.

. "$(dirname "${BASH_SOURCE[0]}")/figures-words.sh"

# A first sample comes soon after the start.
samples() { figure "$1" 'history | length'; }
has_samples() { [ "$(samples "$1")" -ge "$2" ]; }

test_history() {
        local file=/run/nbox/machines/$GUEST/usage percent
        boot "$GUEST"
        same "at the start" "$(samples "$GUEST")" 0
        [ ! -e "$file" ] || fail "the start pays for it"
        wait_until 30 has_samples "$GUEST" 1
        same "for all to read" "$(stat -c %a "$file")" 644
        same "its first sample" "$(figures "$GUEST" | jq -c '.history[0] | [.cpu_usec > 0, .memory_bytes > 0, .tasks > 0, .age_usec < 60000000]')" '[true,true,true,true]'
        # What is used from here on is of the time since that sample.
        status_is 143 inside "$GUEST" 'busybox timeout 3 busybox sh -c "while :; do :; done"'
        percent=$(figures "$GUEST" | jq '.cpu_percent * .cpu_percent_usec / 100000000 * 1000 | floor')
        around "milliseconds of CPU since then" "$percent" "$(figures "$GUEST" | jq '(.cpu_usec - .history[-1].cpu_usec) / 1000 | floor')" 10 100
        has "$(nbox status "$GUEST")" '^ +CPU: .*, [0-9]+\.[0-9]% of one in the last [0-9]+ s'
        # It outlives a reboot, and not the machine.
        forget_marks "$GUEST"
        nbox reboot "$GUEST"
        wait_until 20 marked "$GUEST" up 1
        wait_until 10 nbox exec "$GUEST" true
        same "after a reboot" "$(samples "$GUEST")" 1
        same "no rate over two lives" "$(figure "$GUEST" cpu_percent)" null
        poweroff "$GUEST"
        boot "$GUEST"
        same "of a new machine" "$(samples "$GUEST")" 0
        terminate "$GUEST"
}

# number BYTES VALUE: little-endian, as this host's processor has it.
number() {
        local i n=$2
        for ((i = 0; i < $1; i++)); do
                printf '%b' "\\x$(printf %02x $((n & 255)))"
                n=$((n >> 8))
        done
}

# history_of MEBIBYTES...: a file of samples, a minute apart, the last of them half a minute ago.
history_of() {
        local now start i=0 mib
        read -r now _ </proc/uptime
        now=$((${now%.*} * 1000000))
        start=$(property "$GUEST" LeaderStart)
        printf nboxuse1
        number 4 40
        number 4 64
        number 8 $#
        for mib in "$@"; do
                number 8 $((now - ($# - i) * 60000000 + 30000000))
                number 8 "$start"
                number 8 $((i * 1000))
                number 8 $((mib * MIB))
                number 8 5
                i=$((i + 1))
        done
        head -c $(((64 - $#) * 40)) /dev/zero
}

bars() { nbox status "$GUEST" | grep ' in [0-9]* min$'; }

# In block characters or in ASCII, by the locale; within 80 columns, and in colours only where they are wanted.
test_graph() {
        local file=/run/nbox/machines/$GUEST/usage line
        boot "$GUEST"
        history_of 80 50 20 60 >"$file"
        line=$(LC_ALL=C.UTF-8 bars)
        has "$line" '^ {12}█▅▃▆  20\.0 MiB to 80\.0 MiB in 4 min$'
        [ "$(LC_ALL=C.UTF-8 wc -m <<<"$line")" -le 81 ] || fail "wider than 80 columns: $line"
        line=$(LC_ALL=C bars)
        has "$line" '^ {12}#=:\+  20\.0 MiB to 80\.0 MiB in 4 min$'
        ! LC_ALL=C grep -q '[^ -~]' <<<"$line" || fail "not ASCII: $line"
        rm "$file"
        terminate "$GUEST"
}

# What is no history is none.
test_damaged_history() {
        local file=/run/nbox/machines/$GUEST/usage way
        boot "$GUEST"
        for way in 'true' 'head -c 100 /dev/urandom' 'head -c 2584 /dev/urandom' 'printf nboxuse1; head -c 2576 /dev/zero' 'history_of 1; echo' 'history_of 1 | head -c 2583'; do
                eval "$way" >"$file"
                same "$way" "$(samples "$GUEST")" 0
        done
        rm "$file" && mkfifo "$file"
        same "a pipe" "$(timeout 10 nbox status --json "$GUEST" | jq '.Usage.history | length')" 0
        rm "$file" && ln -s /etc/passwd "$file"
        same "a link" "$(samples "$GUEST")" 0
        rm "$file"
        terminate "$GUEST"
}
