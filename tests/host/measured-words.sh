# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The words for limits that are measured: what the kernel counted for a machine, over a time that the kernel measured, too.

. "$(dirname "${BASH_SOURCE[0]}")/loads-words.sh"

# slice_of NAME: the group that the machine's limits are on.
slice_of() { echo "/sys/fs/cgroup/machine.slice/machine-${1//-/\\x2d}.slice"; }
of_slice() { cat "$(slice_of "$1")/$2"; }
stat_of() { awk -v key="$3" '$1 == key { print $2 }' "$(slice_of "$1")/$2"; }

# within PERCENT WHAT GOT WANTED: it is said, whether it is or not.
within() {
        awk -v p="$1" -v got="$3" -v want="$4" 'BEGIN { d = (got - want) * 100 / want; exit !(d <= p && d >= -p) }' ||
                fail "$2 is $3, more than $1 % off $4"
        measured "$2: $3, wanted $4 (within $1 %)"
}

# measured TEXT: shown in the job's result.
measured() { echo "# $*" >>/job/measured; }

now_nsec() { date +%s%N; }

# cpu_share NAME SECONDS: per cent of one processor.
cpu_share() {
        local used began
        used=$(stat_of "$1" cpu.stat usage_usec) began=$(now_nsec)
        sleep "$2"
        awk -v used="$(($(stat_of "$1" cpu.stat usage_usec) - used))" -v nsec="$(($(now_nsec) - began))" \
                'BEGIN { printf "%.1f\n", used * 100000 / nsec }'
}

# busy NAME: uses up what it gets, on all processors, until unbusy.
busy() {
        (trap - ERR && exec nbox exec "$1" /bin/busybox sh -c '(while :; do :; done) & while :; do :; done') >/dev/null 2>&1 &
        BUSY+=" $!"
}
unbusy() {
        # shellcheck disable=SC2086
        kill -9 $BUSY 2>/dev/null || true
        BUSY=
}

# eats NAME MEGABYTES: allocates that much inside, touches it, and lets go of it; 137 where it was killed.
eats() { nbox exec "$1" /bin/busybox dd if=/dev/zero of=/dev/null bs="${2}M" count=1 2>/dev/null; }

# device_of PATH: the whole disk, "259:0", that a file is on.
device_of() { findmnt -rno MAJ:MIN -T "$1" | tr -d ' '; }
io_of() { awk -v dev="$2" -v key="$3=" '$1 == dev { for (i = 2; i <= NF; i++) if (index($i, key) == 1) print substr($i, length(key) + 1) }' "$(slice_of "$1")/io.stat"; }

has_moved() { [ "$(io_of "$1" "$2" "$3")" -gt "$4" ]; }

# io_rate NAME DEVICE rbytes|wbytes SECONDS COMMAND...: bytes a second that the kernel counts while the command runs inside again and again.
io_rate() {
        local name=$1 dev=$2 key=$3 seconds=$4 first before began shell
        shift 4
        (trap - ERR && exec nbox exec "$name" /bin/busybox sh -c 'while :; do "$@"; done' sh "$@") >/dev/null 2>&1 &
        shell=$!
        first=$(io_of "$name" "$dev" "$key")
        wait_until 10 has_moved "$name" "$dev" "$key" "$((${first:-0} + 500000))"
        before=$(io_of "$name" "$dev" "$key") began=$(now_nsec)
        sleep "$seconds"
        awk -v bytes="$(($(io_of "$name" "$dev" "$key") - before))" -v nsec="$(($(now_nsec) - began))" \
                'BEGIN { printf "%.0f\n", bytes * 1000000000 / nsec }'
        kill -9 "$shell"
        wait "$shell" 2>/dev/null || true
}

kills() { stat_of "$1" memory.events oom_kill; }

# unchanged NAME: without what `nbox set` kept of it.
unchanged() {
        rm "/etc/nbox/$1.conf.d/50-set.conf"
        rmdir "/etc/nbox/$1.conf.d"
}

# kept NAME: a tree with the program that bombs, and with limits that are kept: those of in_force().
kept() {
        tree_with "$1"
        cp /job/bombdrive "$MACHINES/$1/bin/"
        nbox set "$1" memory=60M swap=0 cpu=50% cpu-weight=300 tasks=60
}

is_another_life() { [ "$(leader_of "$1")" != "$2" ] && is_state "$1" running; }

# in_force NAME: what kept() gives, as the kernel has it and as it is felt.
in_force() {
        same "memory.max" "$(of_slice "$1" memory.max)" 62914560
        same "memory.swap.max" "$(of_slice "$1" memory.swap.max)" 0
        same "cpu.max" "$(of_slice "$1" cpu.max)" "50000 100000"
        same "cpu.weight" "$(of_slice "$1" cpu.weight)" 300
        same "pids.max" "$(of_slice "$1" pids.max)" 60
        status_is 137 eats "$1" 100
        has "$(bomb "$1" sleepers 1000 20)" '^made [1-5][0-9]: Resource temporarily unavailable'
}

