# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a machine takes by default, and that a hostile one takes no more: what holds on every host, controllers or not. The other limits, and
# what would starve the machine that this runs on, are in loads-vm.sh; tests/loads has all attacks at their full size.

. "$(dirname "${BASH_SOURCE[0]}")/loads-words.sh"

# What the section LIMITS of the page says at the head of its entries, "NAME=VALUE" and "/run: OPTIONS".
said_limits() {
        MANWIDTH=2000 man --nh --nj -P cat -l /usr/share/man/man1/nbox.1 | sed 's/−/-/g; s/‐/-/g' |
                awk '/^[^ ]/ { inside = $0 == "LIMITS"; next } inside' | sed -nE 's/^ {7}([^ ]+=[^ ]+|\/[^ ]+: [^ ]+)$/\1/p'
}

# shown OPTIONS: of a tmpfs, as the kernel shows those that were asked for: in pages of this machine.
shown() {
        local size inodes total
        size=$(sed -nE 's/.*size=([0-9]+)%.*/\1/p' <<<"$1")
        inodes=$(sed -nE 's/.*nr_inodes=([0-9]+)([kM]).*/\1 \2/p' <<<"$1")
        total=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
        case $inodes in
        *k) inodes=$((${inodes% k} * 1024)) ;;
        *M) inodes=$((${inodes% M} * 1024 * 1024)) ;;
        esac
        echo "size=$(((total * size / 100 + 3) / 4 * 4))k,nr_inodes=$inodes"
}

test_what_the_page_says_is_what_a_machine_gets() {
        local leader group plan limit n=0 tasks=16384 most
        bomber web
        leader=$(leader_of web)
        group=$(cgroup2_root)$(sed -n 's/^0:://p' "/proc/$leader/cgroup")
        plan=$(nbox boot --dry-run --json web | jq -r '.properties[]')
        for most in "$(($(cat /proc/sys/kernel/pid_max) / 9))" "$(($(cat /proc/sys/kernel/threads-max) / 3))"; do
                [ "$most" -ge "$tasks" ] || tasks=$most
        done
        while read -r limit; do
                n=$((n + 1))
                case $limit in
                TasksMax=16384) has "$plan" "^TasksMax=$tasks$" ;;
                Memory*) has "$plan" "^$limit$" ;;
                oom_score_adj=*) same "its OOM score" "$(cat "/proc/$leader/oom_score_adj")" "${limit#*=}" ;;
                cgroup.*) same "${limit%=*}" "$(cat "$group/${limit%=*}")" "${limit#*=}" ;;
                /dev/pts:*) has "$(grep ' /dev/pts ' "/proc/$leader/mountinfo")" ",${limit#* }$" ;;
                /*) has "$(grep " ${limit%%:*} .* tmpfs " "/proc/$leader/mountinfo")" "$(shown "${limit#* }")" ;;
                *) fail "the page has a limit that nobody looks at: $limit" ;;
                esac
        done < <(said_limits)
        same "limits that the page has" "$n" 10
        same "properties without asking" "$(wc -l <<<"$plan")" 3
        # What the user says comes after it.
        same "the last word" "$(nbox boot --dry-run --json --property=MemoryMax=1G web | jq -r '.properties[-1]')" MemoryMax=1G
        terminate web
        remove_tree web
}

test_root_inside_lifts_none_of_them() {
        local at
        bomber web
        # It has the files of its group that are handed over, and these are not.
        fails nbox exec web /bin/busybox sh -c 'echo max >/sys/fs/cgroup/cgroup.max.descendants' 2>/dev/null
        fails nbox exec web /bin/busybox sh -c 'echo max >/sys/fs/cgroup/cgroup.max.depth' 2>/dev/null
        nbox exec web /bin/busybox sh -c 'echo 500 >/proc/self/oom_score_adj'
        for at in /tmp /run /dev/shm; do
                fails nbox exec web /bin/busybox sh -c "mount -o remount,size=90% $at || exit 1" 2>/dev/null
        done
        has "$(bomb web realtime 1 1)" 'made 0: (Permission denied|Operation not permitted)'
        has "$(bomb web kernel-log 1 1)" 'made 0:'
        has "$(bomb web keys 1 1)" 'made 0:'
        terminate web
        remove_tree web
}

# This host has numbers for 12,000 processes. Since Linux 6.14 each pid namespace has a limit of its own, and this is a namespace's.
few_pids() {
        PIDS=''
        [ "$(printf '%s\n' 6.14 "$(uname -r)" | sort -V | head -n 1)" = 6.14 ] || return 0
        PIDS=$(cat /proc/sys/kernel/pid_max)
        echo 12000 >/proc/sys/kernel/pid_max
}

# Where no controller counts them, the user namespace does, and neither a session nor a user of one's own is a way around.
test_processes_without_a_controller() {
        local feels most
        few_pids
        bomber web
        bomber other
        most=$(nbox boot --dry-run --json other | jq -r '.properties[] | select(startswith("TasksMax=")) | ltrimstr("TasksMax=")')
        bombing web sessions 100000 10 2
        wait_until 10 test -s "$SCRATCH/made"
        feels=$(feels other 1)
        bombed
        has "$(cat "$SCRATCH/made")" ': Resource temporarily unavailable'
        [ "$(made)" -gt "$((most - 100))" ] && [ "$(made)" -le "$most" ] || fail "$(made) processes where $most are allowed"
        responsive "processes" "$feels" 2000
        # Those are init's now, and it is all ended in a moment.
        terminate web
        terminate other
        remove_tree web
        remove_tree other
        # Without a limit the same takes the host's last number, with less than half as many processes.
        tree_with web
        cp /job/bombdrive "$MACHINES/web/bin/"
        boot web --private-users=no
        bombing web sessions 100000 20 1
        bombed
        [ "$(made)" -gt "$((most * 2))" ] || fail "no more than $(made) without a limit"
        terminate web
        remove_tree web
        [ -z "$PIDS" ] || echo "$PIDS" >/proc/sys/kernel/pid_max
}

# What the kernel counts by user is the machine's own: one that has used up all of it has not taken any from the others. Where there is no
# user namespace, it is the host's root who pays.
test_what_is_counted_by_user() {
        local most
        most=$(cat /proc/sys/fs/inotify/max_user_instances)
        bomber web
        bomber other
        bombing web inotify 100000 10 4
        wait_until 5 test -s "$SCRATCH/made"
        has "$(cat "$SCRATCH/made")" 'Too many open files'
        has "$(bomb other inotify 100000 5)" 'Too many open files'
        /job/bombdrive inotify "$((most / 2))" 5 >"$SCRATCH/host" || [ $? = 137 ]
        same "instances of the host" "$(cat "$SCRATCH/host")" "made $((most / 2)): limit of our own"
        bombed
        [ "$(made)" -ge "$((most - 10))" ] || fail "the machine itself could have only $(made)"
        terminate web
        terminate other
        # The control takes no more than half, for the machine that this runs on has the same counter.
        boot web --private-users=no
        bombing web inotify "$((most / 2))" 5 4
        wait_until 5 test -s "$SCRATCH/made"
        /job/bombdrive inotify "$((most * 2 / 3))" 5 >"$SCRATCH/host" || [ $? = 137 ]
        bombed
        has "$(cat "$SCRATCH/host")" 'Too many open files'
        terminate web
        remove_tree web
        remove_tree other
}

test_control_groups_without_end() {
        local group feels
        bomber web
        bomber other
        bombing web cgroups 100000 10 2
        feels=$(feels other 2)
        bombed
        has "$(cat "$SCRATCH/made")" '^made (409[0-6]): Resource temporarily unavailable'
        responsive "cgroups" "$feels" 2000
        has "$(bomb web cgroup-depth 1000 5)" '^made [0-9]*: Resource temporarily unavailable'
        # Without the limits it goes on.
        group=$(cgroup2_root)$(sed -n 's/^0:://p' "/proc/$(leader_of web)/cgroup")
        nbox exec web /bin/busybox sh -c 'rmdir /sys/fs/cgroup/bomb*'
        echo max >"$group/cgroup.max.descendants"
        echo max >"$group/cgroup.max.depth"
        has "$(bomb web cgroups 5000 10)" '^made 5000: limit of our own'
        timeout "$((10 * PATIENCE))" nbox terminate web
        wait_until 5 is_gone web
        terminate other
        remove_tree web
        remove_tree other
}

test_terminals_without_end() {
        bomber web
        has "$(bomb web ptys 1200 5)" '^made 10(0|1)[0-9]: No space left on device'
        terminate web
        remove_tree web
}

# What is said without end costs the supervisor next to nothing, whether somebody looks or not, and it goes on answering.
test_floods() {
        local attack supervisor cpu feels
        bomber web
        bomber other
        supervisor=$(property web Supervisor)
        for attack in console escapes notify notify-huge notify-fds; do
                bombing web "$attack" 1000000000 3
                cpu=$(cpu_of "$supervisor" 1)
                feels=$(feels other 1)
                nbox status web >/dev/null
                bombed
                [ -n "$(made)" ] || fail "$attack: has not run: $(cat "$SCRATCH/made")"
                [ "$cpu" -le 40 ] || fail "$attack takes $cpu % of a processor of the supervisor's"
                responsive "$attack" "$feels" 1500
        done
        terminate web
        terminate other
        remove_tree web
        remove_tree other
}

# A flood, and somebody who looks at it, on a terminal that is none too fast.
test_flood_with_a_console_attached() {
        local supervisor cpu looker
        bomber web
        supervisor=$(property web Supervisor)
        (trap - ERR && exec script -qec 'nbox console web' /dev/null < <(exec sleep 30) >"$SCRATCH/seen") &
        looker=$!
        wait_until 5 test -s "$SCRATCH/seen"
        bombing web console 1000000000 4
        cpu=$(cpu_of "$supervisor" 2)
        [ "$cpu" -le 40 ] || fail "takes $cpu % of a processor of the supervisor's"
        timeout "$((2 * PATIENCE))" nbox list >/dev/null
        bombed
        [ "$(stat -c %s "$SCRATCH/seen")" -gt 100000 ] || fail "it has not been seen: $(head -c 500 "$SCRATCH/seen")"
        terminate web # and with it the console
        wait_until 5 eval '! pgrep -x nbox'
        kill "$looker"
        remove_tree web
}

test_mounts_and_namespaces_without_end() {
        local attack feels
        bomber web
        bomber other
        for attack in 'mounts 20000' 'mount-namespaces 2000' 'user-namespaces 2000' 'network-namespaces 100'; do
                # shellcheck disable=SC2086
                bombing web $attack 4 1
                feels=$(feels other 1)
                bombed
                [ -n "$(made)" ] || fail "$attack: has not run: $(cat "$SCRATCH/made")"
                responsive "$attack" "$feels" 1500
        done
        terminate web
        terminate other
        remove_tree web
        remove_tree other
}
