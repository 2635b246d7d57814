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
