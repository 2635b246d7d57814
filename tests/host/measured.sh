# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# That limits hold, as measured, where the kernel has all controllers: by what the kernel counts for the machine's slice, and by a clock. A
# machine's start takes seconds here, so one is used for all that can be changed while it runs.

. "$(dirname "${BASH_SOURCE[0]}")/measured-words.sh"

memory_changed_live() {
        local kills
        same "memory.max" "$(of_slice web memory.max)" 62914560
        eats web 40
        same "kills" "$(kills web)" 0
        status_is 137 eats web 100
        within 10 "the most that a bomb in 60M had" "$(of_slice web memory.peak)" 62914560
        # Up: what was too much is not any more.
        nbox set web memory=150M
        same "memory.max" "$(of_slice web memory.max)" 157286400
        eats web 100
        status_is 137 eats web 250
        within 10 "the most that a bomb in 150M had" "$(of_slice web memory.peak)" 157286400
        # Down. Not below what it has just now: then the kernel may kill whoever comes after the first, too, while that one's memory is on its
        # way back (mm/oom_kill.c), and the next one may be init.
        nbox set web memory=50M
        same "memory.max" "$(of_slice web memory.max)" 52428800
        eats web 30
        kills=$(kills web)
        status_is 137 eats web 100
        [ "$(kills web)" -gt "$kills" ] || fail "nothing was killed"
}

swap_changed_live() {
        local file=$SCRATCH/swap
        dd if=/dev/zero of="$file" bs=1M count=96 status=none
        chmod 600 "$file"
        mkswap -q "$file"
        swapon "$file"
        nbox set web memory=30M
        status_is 137 eats web 42
        same "swapped with swap=0" "$(of_slice web memory.swap.current)" 0
        nbox set web swap=30M
        eats web 42
        status_is 137 eats web 100
        [ "$(of_slice web memory.swap.current)" -le 31457280 ] || fail "$(of_slice web memory.swap.current) in swap"
        nbox set web memory=60M swap=0
        swapoff "$file"
}

test_memory() {
        tree_with web
        tree_with other
        boot web --memory=60M --swap=0
        boot other
        memory_changed_live
        swap_changed_live
        # Nobody else noticed.
        same "kills of the other machine" "$(kills other)" 0
        eats other 100
        terminate web
        unchanged web
        terminate other
        remove_tree web
        remove_tree other
}

weights() {
        local used other
        nbox set web cpu=infinity cpus=0 cpu-weight=100
        nbox set other cpus=0 cpu-weight=300
        same "processors inside" "$(nbox exec web /bin/busybox nproc)" 1
        busy other
        sleep 1
        used=$(stat_of web cpu.stat usage_usec) other=$(stat_of other cpu.stat usage_usec)
        sleep 8
        used=$(($(stat_of web cpu.stat usage_usec) - used)) other=$(($(stat_of other cpu.stat usage_usec) - other))
        within 10 "shares of 300 and 100" "$(awk -v a="$other" -v b="$used" 'BEGIN { printf "%.2f\n", a / b }')" 3
}

test_processors() {
        tree_with web
        tree_with other
        boot web --cpu=50%
        boot other
        busy web
        sleep 1
        within 10 "CPU of one with cpu=50%" "$(cpu_share web 6)" 50
        nbox set web cpu=25%
        sleep 0.5
        within 10 "CPU of one with cpu=25%" "$(cpu_share web 6)" 25
        weights
        unbusy
        nbox set web cpus=
        same "processors inside" "$(nbox exec web /bin/busybox nproc)" "$(nproc)"
        terminate web
        unchanged web
        terminate other
        unchanged other
        remove_tree web
        remove_tree other
}

reads() { io_rate web "$1" rbytes 4 /bin/busybox dd if=/data of=/dev/null bs=256k iflag=direct; }
writes() { io_rate web "$1" wbytes 4 /bin/busybox dd if=/dev/zero of=/data bs=256k count=32 conv=notrunc oflag=direct; }

# Of the device that the tree is on, which is not named.
test_what_is_read_and_written() {
        local disk
        tree_with web
        dd if=/dev/urandom of="$MACHINES/web/data" bs=1M count=16 status=none
        disk=$(device_of "$MACHINES/web")
        boot web --io-read=4M --io-write=2M
        has "$(of_slice web io.max)" "^$disk rbps=4000000 wbps=2000000 "
        within 20 "read with io-read=4M" "$(reads "$disk")" 4000000
        within 20 "written with io-write=2M" "$(writes "$disk")" 2000000
        nbox set web io-read=8M io-write=infinity
        has "$(of_slice web io.max)" "^$disk rbps=8000000 wbps=max "
        within 20 "read with io-read=8M" "$(reads "$disk")" 8000000
        terminate web
        unchanged web
        remove_tree web
}

test_all_are_there_after_a_reboot() {
        local before
        kept web
        boot web
        in_force web
        before=$(leader_of web)
        nbox reboot web
        wait_until 20 is_another_life web "$before"
        in_force web
        before=$(leader_of web)
        nbox exec web /bin/busybox reboot
        wait_until 20 is_another_life web "$before"
        in_force web
        terminate web
        rm -r /etc/nbox
        remove_tree web
}

# limited_inside NAME MEGABYTES: the guest makes a group of its own with that limit, as its init could.
limited_inside() {
        nbox exec "$1" /bin/busybox sh -c 'cd /sys/fs/cgroup && mkdir all small &&
                for p in $(cat cgroup.procs); do echo "$p" >all/cgroup.procs; done 2>/dev/null; echo +memory >cgroup.subtree_control &&
                echo '"$2"'M >small/memory.max'
}
lines_of() { journalctl -q -o cat -u "$1" | grep -c 'killed for want of memory' || true; }

test_who_is_killed_for_want_of_memory_is_told_of() {
        local unit before
        tree_with web
        boot web --memory=60M --swap=0
        unit=$(property web Unit)
        before=$(lines_of "$unit") # of an earlier machine of that name
        has_not "$(nbox status web)" 'Killed:'
        status_is 137 eats web 100
        wait_until 5 eval '[ "$(property web MemoryKills)" = 1 ]'
        has "$(nbox status web)" 'Killed: 1 process for want of memory \(limit 60.0 MiB\)'
        has "$(cat /run/nbox/events)" '^[0-9]+ memory-kill web	kills=1	cause=limit	limit=62914560$'
        has "$(journalctl -q -o cat -u "$unit")" 'Machine web: 1 process was killed for want of memory \(limit 60.0 MiB\)'
        # As often as it likes: all are counted, and few are told.
        nbox exec web /bin/busybox sh -c 'for i in $(busybox seq 12); do busybox dd if=/dev/zero of=/dev/null bs=90M count=1; done; true' >/dev/null 2>&1
        wait_until 5 eval '[ "$(property web MemoryKills)" = 13 ]'
        before=$(($(lines_of "$unit") - before))
        [ "$before" -le 7 ] || fail "$before lines"
        measured "lines in the journal for 13 kills: $before"
        # A limit that the guest has set is its own affair, and is told apart.
        limited_inside web 20
        status_is 137 nbox exec web /bin/busybox sh -c 'echo $$ >/sys/fs/cgroup/small/cgroup.procs
                exec busybox dd if=/dev/zero of=/dev/null bs=40M count=1 2>/dev/null'
        wait_until 5 eval '[ "$(property web MemoryKillCause)" = inside ]'
        has "$(nbox status web)" 'Killed: 14 processes for want of memory \(a limit that was set inside\)'
        terminate web
        remove_tree web
}

test_what_becomes_of_it() {
        tree_with web
        forget_marks web
        boot web --memory=60M --swap=0 --oom-policy=kill
        status_is 137 eats web 100
        wait_until 10 is_gone web
        has "$(nbox status web || true)" 'Ended: it was killed for want of memory \(limit 60.0 MiB\)'
        has "$(tail -n 5 /run/nbox/events)" 'stopped web	status=137	reason=memory$'
        same "shutdowns" "$(marks web down)" 0
        boot web --memory=60M --swap=0
        status_is 137 eats web 100
        nbox exec web /bin/busybox true
        terminate web
        forget_marks web
        boot web --memory=60M --swap=0 --oom-policy=stop
        status_is 137 eats web 100
        wait_until 10 is_gone web
        has "$(nbox status web || true)" 'Ended: it was powered off, for processes of it were killed for want of memory \(limit 60.0 MiB\)'
        has "$(tail -n 5 /run/nbox/events)" 'stopped web	status=137	reason=memory-stop$'
        same "shutdowns" "$(marks web down)" 1
        remove_tree web
}

# A host that systemd does not run, as far as nbox can see, in a group that hands controllers down.
test_without_systemd_limits_stand_on_its_own_group() {
        local above=/sys/fs/cgroup/plain group=/sys/fs/cgroup/plain/nbox-web disk
        mkdir -p "$above/shell"
        tree_with web
        disk=$(device_of "$MACHINES/web")
        unshare -m --propagation private bash -ec "
                mount -t tmpfs none /run/systemd
                echo \$\$ >$above/shell/cgroup.procs
                nbox boot -d --network=none --memory=60M --swap=0 --cpu=50% --cpu-weight=300 --cpus=0 --tasks=60 --io-read=4M --oom-policy=kill web"
        same "memory.max" "$(cat "$group/memory.max")" 62914560
        same "memory.swap.max" "$(cat "$group/memory.swap.max")" 0
        same "cpu.max" "$(cat "$group/cpu.max")" "50000 100000"
        same "cpu.weight" "$(cat "$group/cpu.weight")" 300
        same "cpuset.cpus" "$(cat "$group/cpuset.cpus")" 0
        same "pids.max" "$(cat "$group/pids.max")" 60
        has "$(cat "$group/io.max")" "^$disk rbps=4000000 wbps=max "
        same "memory.oom.group" "$(cat "$group/memory.oom.group")" 1
        fails nbox exec web /bin/busybox sh -c 'echo 0 >/sys/fs/cgroup/memory.oom.group' 2>/dev/null
        status_is 137 eats web 100
        wait_until 10 is_gone web
        has "$(nbox status web || true)" 'Ended: it was killed for want of memory \(limit 60.0 MiB\)'
        rmdir "$above/shell" "$above"
        remove_tree web
}
