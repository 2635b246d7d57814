# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Starts and ends with network, over and over: nothing grows, neither in who stays meanwhile (PID 1, systemd-machined, the bus, a zone's service, the
# supervisor of a machine that runs on) nor in the kernel nor on disk. What is there once the first few have come and gone is what may be there.

: "${STARTS:=40}" "${WARM:=8}" "${BATCH:=4}"

# starts N: BATCH at a time, for it is how many that counts; every fourth time they shut down, else they are ended.
starts() {
        local i name pid pids how names
        names=$(seq -f 's%g' "$BATCH")
        for ((i = 0; i < $1; i += BATCH)); do
                pids=()
                for name in $names; do
                        boot "$name" -q &
                        pids+=($!)
                done
                for pid in "${pids[@]}"; do wait "$pid" || fail "a start: $?"; done
                for name in $names; do nbox exec "$name" /bin/busybox true; done
                how=terminate
                [ $((i / BATCH % 4)) != 3 ] || how=poweroff
                # shellcheck disable=SC2086
                timeout "$((30 * PATIENCE))" nbox $how -qw $names
        done
}

# process NAME PID: its descriptors, threads, and the memory that is its own.
process() {
        echo "$1.descriptors $(find "/proc/$2/fd" -mindepth 1 | wc -l)"
        echo "$1.threads $(find "/proc/$2/task" -mindepth 1 -maxdepth 1 | wc -l)"
        awk -v name="$1" '/^(Private_Dirty|Swap):/ { kB += $2 } END { print name ".kB", kB }' "/proc/$2/smaps_rollup"
}

processes() {
        process supervisor "$(property stays Supervisor)"
        process dnsmasq "$(pgrep -x dnsmasq)"
        [ -d /run/systemd/system ] || return 0
        process systemd 1
        process machined "$(unit_of systemd-machined MainPID)"
        process dbus-daemon "$(unit_of dbus MainPID)"
}

# What a machine is made of has one of each of these; others on this kernel have some, too.
namespaces() { awk '/^(net_namespace|pid_namespace|user_namespace|mqueue_inode_cache) / { print "kernel." $1, $2 }' /proc/slabinfo; }

# The test's own /job is not the host's.
host() {
        local path
        host_snapshot "$SCRATCH/host.all"
        grep -v '/usage$' "$SCRATCH/host.all" >"$SCRATCH/host" # what one did in its last hour is kept from its first full minute on
        for path in link mount process unit; do echo "host.$path $(grep -c "$path" "$SCRATCH/host")"; done
        echo "host.all $(wc -l <"$SCRATCH/host")"
        for path in /run/nbox /var/lib/nbox /etc/nbox /run/systemd /tmp /var/tmp; do
                echo "host.files.$path $(find "$path" ! -name usage 2>/dev/null | wc -l)"
        done
        [ ! -d /run/systemd/system ] || echo "host.units $(systemctl list-units --all --plain --no-legend | wc -l)"
}

figures() {
        processes
        namespaces
        host
        awk '/^(Slab|SUnreclaim|Percpu):/ { print "host-memory." $1 "kB", $2 }' /proc/meminfo
}

# grown: what is more than it was, by more than it may be: memory is got in pieces and given back when the allocator likes, and on this
# kernel others come and go. What the whole host has is only said.
grown() {
        figures >"$SCRATCH/last"
        awk -v starts="$STARTS" '
                NR == FNR { first[$1] = $2; next }
                /kB / { may = 500 + starts / 4 }
                /^(host\.|.*\.threads)/ { may = 0 }
                /\.descriptors/ { may = 2 }
                /^kernel/ { may = 100 + starts / 2 }
                !/^host-memory/ && $2 - first[$1] > may { print $1 ": " first[$1] ", then " $2 }' "$SCRATCH/first" "$SCRATCH/last"
}

nothing_grown() { [ -z "$(grown)" ]; }

report() {
        echo "$STARTS starts on a $HOST host, ${1} s."
        echo
        echo '| figure | before | after |'
        echo '|---|--:|--:|'
        awk 'NR == FNR { first[$1] = $2; next } { print "| " $1 " | " first[$1] " | " $2 " |" }' "$SCRATCH/first" "$SCRATCH/last"
        echo
}

test_soak() {
        local i began
        for i in stays $(seq -f 's%g' "$BATCH"); do tree_with "$i"; done
        boot stays
        starts "$WARM"
        sleep 1
        figures >"$SCRATCH/first"
        cp "$SCRATCH/host" "$SCRATCH/host.first"
        began=$SECONDS
        starts "$STARTS"
        began=$((SECONDS - began))
        (wait_until 10 nothing_grown 3>/dev/null) || fail "grown: $(grown; diff "$SCRATCH/host.first" "$SCRATCH/host")"
        report "$began" >>"$HOST_TOOLS/../../races.log"
        terminate stays
        for i in stays $(seq -f 's%g' "$BATCH"); do remove_tree "$i"; done
}
