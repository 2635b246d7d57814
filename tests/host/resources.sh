# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a machine may take of its host, as systemd is told: given at the start, set while it runs, kept, and taken back; nothing is left of it. What
# the kernel makes of it is for a virtual machine. For a host with systemd.

SLICE="machine-$GUEST.slice"
SCOPE="machine-$GUEST.scope"

of_slice() { unit_of "$SLICE" "$1"; }
of_scope() { unit_of "$SCOPE" "$1"; }

left_in_run() { find /run/systemd/transient /run/systemd/system.control -name "*machine*" 2>/dev/null; }

# nothing_is_left: the unit's own defaults, and no file.
nothing_is_left() {
        same "what is left in /run/systemd" "$(left_in_run)" ''
        wait_until 5 is_dead "$SLICE"
        same "what systemd has in mind" "$(of_slice MemoryMax) $(of_slice CPUWeight)" "infinity [not set]"
}

test_at_the_start_on_the_slice() {
        boot "$GUEST" --memory=400M --swap=0 --cpu=150% --cpu-weight=300 --cpus=0 --tasks=500 --io-weight=50 --io-read=/dev/null:10M 2>"$SCRATCH/err" &&
                fail "a limit for /dev/null was taken"
        has "$(cat "$SCRATCH/err")" '/dev/null is no block device here'
        boot "$GUEST" --memory=400M --swap=0 --cpu=150% --cpu-weight=300 --cpus=0 --tasks=500 --io-weight=50
        same memory "$(of_slice MemoryMax)" 419430400
        same swap "$(of_slice MemorySwapMax)" 0
        same cpu "$(of_slice CPUQuotaPerSecUSec)" 1.500000s
        same "weight of processors" "$(of_slice CPUWeight)" 300
        same processors "$(of_slice AllowedCPUs)" 0
        same tasks "$(of_slice TasksMax)" 500
        same "weight of disks" "$(of_slice IOWeight)" 50
        # What the scope has by default gives way.
        same "memory of the scope" "$(of_scope MemoryMax)" infinity
        same "swap of the scope" "$(of_scope MemorySwapMax)" infinity
        same "tasks of the scope" "$(of_scope TasksMax)" infinity
        systemctl daemon-reload
        same "memory after a reload" "$(of_slice MemoryMax)" 419430400
        terminate "$GUEST"
        nothing_is_left
}

test_nothing_asked_is_nothing_done() {
        boot "$GUEST"
        same "drop-ins" "$(of_slice DropInPaths)" ''
        [ "$(of_scope MemoryMax)" != infinity ] || fail "the scope has no default"
        [ ! -e "/run/nbox/machines/$GUEST/resources" ] || fail "something is noted"
        terminate "$GUEST"
        nothing_is_left
}

# Without its supervisor and without its service's help.
test_killed_to_the_last() {
        boot "$GUEST" --memory=400M
        same memory "$(of_slice MemoryMax)" 419430400
        kill -9 "$(nbox show -p Supervisor --value "$GUEST")" "$(nbox show -p Leader --value "$GUEST")"
        wait_until 10 is_gone "$GUEST"
        nbox gc
        nothing_is_left
}

is_gone() { ! nbox show "$1" >/dev/null 2>&1; }

# A slice that others are in is not limited for one machine's sake.
test_slice_of_the_users() {
        boot "$GUEST" --slice=machine-mine.slice --memory=400M --cpu-weight=200
        same memory "$(of_scope MemoryMax)" 419430400
        same weight "$(of_scope CPUWeight)" 200
        same "of the slice" "$(unit_of machine-mine.slice MemoryMax)" infinity
        terminate "$GUEST"
        systemctl stop machine-mine.slice
        same "what is left" "$(left_in_run)" ''
}

# What an administrator says of the slice counts, and stays.
test_slice_of_an_administrators() {
        systemctl set-property "$SLICE" MemoryMax=300M
        boot "$GUEST" --memory=400M --cpu-weight=300
        same memory "$(of_slice MemoryMax)" 314572800
        same weight "$(of_slice CPUWeight)" 300
        systemctl set-property "$SLICE" TasksMax=700
        terminate "$GUEST"
        same "what is left in /run" "$(left_in_run)" ''
        same "what was set for ever" "$(of_slice MemoryMax) $(of_slice TasksMax) $(of_slice CPUWeight)" '314572800 700 [not set]'
        systemctl revert "$SLICE"
        systemctl stop "$SLICE"
        nothing_is_left
}

kept() { cat "/etc/nbox/$GUEST.conf.d/50-set.conf" 2>/dev/null | grep -v '^#' | grep . ; }
limit() { nbox limits --json "$GUEST" | jq -r ".[] | select(.resource == \"$1\") | .$2"; }

test_set_on_a_machine_that_does_not_run() {
        local before
        nbox set "$GUEST" memory=400M CPUWeight=300
        nbox set "$GUEST" io-read=10M tasks=500
        same "what is kept" "$(kept)" "[Resources]
MemoryMax=400M
CPUWeight=300
TasksMax=500
IOReadBandwidthMax=
IOReadBandwidthMax=10M"
        before=$(kept)
        for wrong in memory=1 memory=x cpu=150 cpus=3-1 cpu-weight=0 tasks=0 io-read=/dev/null:1M oom-policy=maybe memroy=1G memory; do
                refused nbox set "$GUEST" swap=1G "$wrong"
        done
        has "$REFUSAL" 'WORD=VALUE'
        refused nbox set "$GUEST" memroy=1G
        has "$REFUSAL" 'Did you mean memory'
        same "what is kept after mistakes" "$(kept)" "$before"
        refused nbox set --runtime "$GUEST" memory=1G
        refused nbox set nobody memory=1G
        same "its limit to be" "$(limit memory set) $(limit memory from)" "400M /etc/nbox/$GUEST.conf.d/50-set.conf:4"
        same "by default" "$(limit swap set) $(limit swap from)" '25% default'
        boot "$GUEST"
        same "memory and weight" "$(of_slice MemoryMax) $(of_slice CPUWeight) $(of_slice TasksMax)" '419430400 300 500'
        has "$(of_slice IOReadBandwidthMax)" ' 10000000$'
        terminate "$GUEST"
        nbox set "$GUEST" memory= cpu-weight= io-read= tasks=
        [ ! -e "/etc/nbox/$GUEST.conf.d" ] || fail "something is kept: $(ls "/etc/nbox/$GUEST.conf.d")"
        nothing_is_left
}

test_set_live() {
        boot "$GUEST" --swap=300M
        nbox set "$GUEST" memory=90% cpu=50% cpus=0 2>/dev/null
        [ "$(of_slice MemoryMax)" != infinity ] || fail "the slice has no limit"
        same "memory of the scope" "$(of_scope MemoryMax)" infinity
        same cpu "$(of_slice CPUQuotaPerSecUSec) $(of_slice AllowedCPUs)" '500ms 0'
        same "who says so" "$(limit memory from) $(limit swap from)" "/etc/nbox/$GUEST.conf.d/50-set.conf:4 command line"
        nbox set "$GUEST" swap=200M memory=800M 2>/dev/null
        nbox set --runtime "$GUEST" tasks=300 memory=700M 2>/dev/null
        same "what is kept" "$(kept | tail -n +2 | tr '\n' ' ')" 'MemoryMax=800M MemorySwapMax=200M CPUQuota=50% AllowedCPUs=0 '
        same now "$(of_slice MemoryMax) $(of_slice MemorySwapMax) $(of_slice TasksMax)" '734003200 209715200 300'
        same "who says so" "$(limit memory from)" 'nbox set --runtime'
        # Another life, by the same command line.
        nbox reboot "$GUEST"
        wait_until 20 is_reborn
        same "after a reboot" "$(of_slice MemoryMax) $(of_slice MemorySwapMax) $(of_slice TasksMax) $(of_slice AllowedCPUs)" '734003200 209715200 300 0'
        same "memory of the scope" "$(of_scope MemoryMax)" infinity
        # Back to what is below each.
        nbox set --runtime "$GUEST" memory= tasks= 2>/dev/null
        same "without --runtime's" "$(of_slice MemoryMax) $(of_slice TasksMax)" '838860800 infinity'
        same "tasks of the scope" "$(of_scope TasksMax)" "$(limit tasks set)"
        nbox set "$GUEST" memory= swap= cpu= cpus= 2>/dev/null
        same "the command line's" "$(of_slice MemorySwapMax) $(of_slice MemoryMax)" '314572800 infinity'
        [ "$(of_scope MemoryMax)" != infinity ] || fail "the default of the scope is not back"
        same "no drop-in but that of swap" "$(find /run/systemd/system.control -name '*.conf' -printf '%f ')" '50-MemorySwapMax.conf '
        terminate "$GUEST"
        nothing_is_left
        [ ! -e "/etc/nbox/$GUEST.conf.d" ] || fail "something is kept"
}

is_reborn() { [ "$(nbox show -p State --value "$GUEST" 2>/dev/null)" = running ] && [ "$(nbox show -p Reboots --value "$GUEST")" = 1 ]; }

# Whoever comes second waits for a moment, but not for an editor.
test_many_set_at_once() {
        local word pids=()
        for word in memory=300M swap=10M cpu=50% cpu-weight=7 tasks=99; do
                nbox set "$GUEST" "$word" &
                pids+=($!)
        done
        for word in "${pids[@]}"; do wait "$word"; done
        same "what is kept" "$(kept | tail -n +2 | tr '\n' ' ')" 'MemoryMax=300M MemorySwapMax=10M CPUQuota=50% CPUWeight=7 TasksMax=99 '
        printf '[Exec]\nHostname=mine\n' >>"/etc/nbox/$GUEST.conf.d/50-set.conf"
        refused nbox set "$GUEST" memory=400M
        has "$REFUSAL" 'Hostname= is none of what'
        has "$(kept)" 'Hostname=mine'
        rm -r "/etc/nbox/$GUEST.conf.d"
}

test_set_while_it_ends() {
        local pid
        for _ in 1 2 3; do
                boot "$GUEST"
                { while nbox set --runtime "$GUEST" memory="$((RANDOM % 100 + 300))M" cpu-weight=300; do :; done; } >/dev/null 2>"$SCRATCH/err" &
                pid=$!
                { while nbox set --runtime "$GUEST" tasks=300; do :; done; } >/dev/null 2>&1 &
                terminate "$GUEST"
                wait "$pid" $!
                has "$(cat "$SCRATCH/err")" 'does not run|has ended meanwhile'
                nothing_is_left
        done
        # The next of that name begins without.
        boot "$GUEST"
        same memory "$(of_slice MemoryMax)" infinity
        terminate "$GUEST"
}

test_settings_of_others() {
        mkdir -p "/etc/nbox/$GUEST.conf.d"
        printf '[Resources]\nMemoryMax=500M\n' >"/etc/nbox/$GUEST.conf"
        printf '[Resources]\nTasksMax=900\n' >"/etc/nbox/$GUEST.conf.d/90-mine.conf"
        nbox set "$GUEST" memory=600M tasks=400 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" '90-mine.conf:2 says TasksMax=900'
        boot "$GUEST"
        same "from all files" "$(of_slice MemoryMax) $(of_slice TasksMax)" '629145600 900'
        nbox set "$GUEST" memory= 2>/dev/null
        same "what the main file says" "$(of_slice MemoryMax) $(limit memory from)" "524288000 /etc/nbox/$GUEST.conf:2"
        systemctl set-property "$SLICE" CPUWeight=77
        nbox set "$GUEST" cpu-weight=300 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'CPUWeight.conf says what CPUWeight'
        same "the administrator's" "$(of_slice CPUWeight)" 77
        terminate "$GUEST"
        systemctl revert "$SLICE"
        rm -r "/etc/nbox/$GUEST.conf" "/etc/nbox/$GUEST.conf.d"
        nothing_is_left
}

test_rename_takes_it_along() {
        tree_with okapi
        nbox set okapi memory=300M
        nbox rename okapi lemur
        same "of the new name" "$(nbox limits --json lemur | jq -r '.[0].set')" 300M
        [ ! -e /etc/nbox/okapi.conf.d ] || fail "it stays with the old name"
        nbox remove --settings=remove lemur
}

test_words_are_completed() {
        has "$(nbox __complete set "$GUEST" mem)" 'memory='
        has "$(nbox __complete set "$GUEST" oom-policy=)" 'oom-policy=kill'
}
