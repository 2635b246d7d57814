# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Trees whose own directories are symlinks that point out of them, at things of the host's. Resolved inside, they
# point at nothing or at something harmless; resolved from outside, nbox would write to the host. So each either boots
# or is refused, and the host's side of it is as it was, to the byte and the time stamp.

OUT=/srv/outside

outside_make() {
        mkdir -p "$OUT/pts" "$OUT/sbin"
        for file in console resolv.conf null passwd os-release init sbin/init; do
                echo "the host's $file" >"$OUT/$file"
                chmod 755 "$OUT/$file"
        done
        outside_state >"$SCRATCH/outside"
}

outside_state() {
        find "$OUT" -printf '%p %y %m %U:%G %s %T@ %C@ %l\n' | sort
        find "$OUT" -type f -exec sha256sum {} + | sort
        awk '{ print $5 }' /proc/self/mountinfo | grep "^$OUT" || true
}

# no_hang WHAT COMMAND...: any end is good but none at all.
no_hang() {
        local what=$1 rc=0
        shift
        timeout -k 5 "$((15 * PATIENCE))" "$@" </dev/null >/dev/null 2>&1 || rc=$?
        { [ "$rc" != 124 ] && [ "$rc" != 137 ]; } || echo "$what hangs" >>"$SCRATCH/wrong"
}

# points_out PATH TARGET: PATH of a fresh tree is a symlink to TARGET.
points_out() {
        local rc=0
        tree_with hostile
        rm -rf "$MACHINES/hostile$1"
        mkdir -p "$(dirname "$MACHINES/hostile$1")"
        ln -s "$2" "$MACHINES/hostile$1"
        timeout "$((30 * PATIENCE))" nbox boot -d hostile >"$SCRATCH/out" 2>&1 || rc=$?
        if [ "$rc" = 0 ]; then
                # It runs: then it must be of use, and inside.
                nbox exec hostile /bin/busybox true || echo "$1 -> $2: booted, but exec fails" >>"$SCRATCH/wrong"
                no_hang "$1 -> $2: shell" nbox shell hostile /bin/busybox true
                timeout "$((15 * PATIENCE))" nbox terminate hostile
                wait_until 5 is_gone hostile
        else
                { [ "$rc" -lt 124 ] || [ "$rc" = 125 ]; } && [ -s "$SCRATCH/out" ] ||
                        echo "$1 -> $2: status $rc, said: $(cat "$SCRATCH/out")" >>"$SCRATCH/wrong"
        fi
        no_hang "$1 -> $2: run" nbox run --network=none hostile /bin/busybox true
        outside_state | diff "$SCRATCH/outside" - >"$SCRATCH/diff" ||
                { echo "$1 -> $2: the host changed"; cat "$SCRATCH/diff"; } >>"$SCRATCH/wrong"
        remove_tree hostile
}

# all_ways_out PATH TARGET: absolute, relative, through another link, and by the magic links of /proc.
all_ways_out() {
        : >"$SCRATCH/wrong"
        outside_make
        points_out "$1" "$OUT$2"
        points_out "$1" "../../../../../../../../..$OUT$2"
        points_out "$1" "/proc/1/root$OUT$2"
        points_out "$1" "/proc/self/cwd/../../../..$OUT$2"
        points_out "$1" "${1##*/}" # a loop
        rm -rf "$OUT"
        [ ! -s "$SCRATCH/wrong" ] || fail "$(cat "$SCRATCH/wrong")"
}

test_dev_points_out() {
        all_ways_out /dev ''
}
test_dev_console_points_out() {
        all_ways_out /dev/console /console
}
test_dev_pts_points_out() {
        all_ways_out /dev/pts /pts
}
test_dev_null_points_out() {
        all_ways_out /dev/null /null
}
test_etc_points_out() {
        all_ways_out /etc ''
}
test_resolv_conf_points_out() {
        all_ways_out /etc/resolv.conf /resolv.conf
}
test_localtime_points_out() {
        all_ways_out /etc/localtime /null
}
test_passwd_points_out() {
        all_ways_out /etc/passwd /passwd
}
test_os_release_points_out() {
        all_ways_out /etc/os-release /os-release
}
test_proc_points_out() {
        all_ways_out /proc ''
}
test_sys_points_out() {
        all_ways_out /sys ''
}
test_run_points_out() {
        all_ways_out /run ''
}
test_tmp_points_out() {
        all_ways_out /tmp ''
}
test_sbin_points_out() {
        all_ways_out /sbin /sbin
}
test_init_points_out() {
        all_ways_out /sbin/init /init
}

test_bind_target_points_out() {
        local rc=0
        outside_make
        tree_with hostile
        mkdir "$SCRATCH/shared"
        ln -s "$OUT/pts" "$MACHINES/hostile/mnt"
        nbox run --network=none --bind="$SCRATCH/shared:/mnt/a/b" --tmpfs=/mnt/c hostile /bin/busybox true >"$SCRATCH/out" 2>&1 || rc=$?
        [ "$rc" = 0 ] || { [ "$rc" = 125 ] && [ -s "$SCRATCH/out" ]; } || fail "status $rc, said: $(cat "$SCRATCH/out")"
        outside_state | diff "$SCRATCH/outside" - || fail "the host changed"
        remove_tree hostile
        rm -rf "$OUT"
}

test_metadata_without_end() {
        tree_with hostile
        rm "$MACHINES/hostile/etc/os-release"
        head -c 50000000 /dev/zero | tr '\0' x >"$MACHINES/hostile/etc/os-release"
        nbox run --network=none hostile /bin/busybox true
        timeout "$((10 * PATIENCE))" nbox images >/dev/null
        # A fifo that nobody writes to must not make anyone wait.
        rm "$MACHINES/hostile/etc/os-release"
        mkfifo "$MACHINES/hostile/etc/os-release"
        timeout "$((10 * PATIENCE))" nbox run --network=none hostile /bin/busybox true
        timeout "$((10 * PATIENCE))" nbox images >/dev/null
        rm "$MACHINES/hostile/etc/os-release"
        printf 'PRETTY_NAME="a\033[31m\007b"\n' >"$MACHINES/hostile/etc/os-release"
        boot hostile
        ! nbox list | LC_ALL=C grep -q $'[\033\007]' || fail "list prints control characters of a guest"
        ! nbox status hostile | LC_ALL=C grep -q $'\007' || fail "status prints control characters of a guest"
        terminate hostile
        remove_tree hostile
}

test_no_program_of_the_tree_runs_outside() {
        local program
        tree_with hostile
        # Trojans by names that a manager may call; each says where it ran.
        for program in sh nsenter ps login getty su passwd agetty mount ip iptables busctl systemctl; do
                rm -f "$MACHINES/hostile/bin/$program" "$MACHINES/hostile/sbin/$program" "$MACHINES/hostile/usr/bin/$program"
                printf '#!/bin/busybox sh\n[ -d %s ] && echo "%s $*" >>%s/ran\nexec /bin/busybox %s "$@"\n' \
                        /job "$program" /job "$program" >"$MACHINES/hostile/bin/$program"
                chmod 755 "$MACHINES/hostile/bin/$program"
        done
        boot hostile
        nbox exec hostile true
        nbox shell hostile /bin/true </dev/null
        nbox status hostile >/dev/null
        terminate hostile
        [ ! -e /job/ran ] || fail "ran on the host: $(cat /job/ran)"
        remove_tree hostile
}

# What stands for nbox inside, as PID 1 or as the interpreter of a script, can do no more than the machine's own programs,
# and is not the host's file.
test_nbox_inside_is_confined() {
        local before users status
        tree_with hostile
        printf '#!/proc/self/exe\n' >"$MACHINES/hostile/again"
        chmod 755 "$MACHINES/hostile/again"
        before=$(stat -c '%a %U %s %Y %Z' "$(command -v nbox)")
        for users in pick no; do
                status=$(nbox run --network=none --private-users="$users" --as-pid2 hostile /bin/busybox grep -E '^(CapEff|Seccomp):' /proc/1/status)
                has "$status" 'CapEff:[[:space:]]*0000000000000020'
                has "$status" 'Seccomp:[[:space:]]*2'
                nbox run --network=none --private-users="$users" --as-pid2 hostile /bin/busybox chmod 4711 /proc/1/exe 2>/dev/null || true
                nbox run --network=none --private-users="$users" hostile /again >/dev/null 2>&1 || true
                same "nbox's own file" "$(stat -c '%a %U %s %Y %Z' "$(command -v nbox)")" "$before"
        done
        # The host's file is not so much as mapped by a process that root inside can trace.
        status=$(nbox run --network=none --private-users=no --as-pid2 hostile /bin/busybox readlink /proc/1/exe)
        has_not "$status" "$(command -v nbox)"
        remove_tree hostile
}

# lift NAME: its limits on control groups.
lift() {
        local group
        group=$(cgroup2_root)$(sed -n 's/^0:://p' "/proc/$(leader_of "$1")/cgroup")
        echo max >"$group/cgroup.max.depth"
        echo max >"$group/cgroup.max.descendants"
}

# Control groups nested deeper than anything that is sane.
test_deep_control_groups() {
        tree_with hostile
        boot hostile
        lift hostile
        nbox exec hostile /bin/busybox sh -c 'cd /sys/fs/cgroup && for i in $(seq 300); do mkdir n && cd n || exit; done'
        nbox status hostile >/dev/null
        terminate hostile
        # And by the sweep, when the supervisor did not live to do it.
        boot hostile
        lift hostile
        nbox exec hostile /bin/busybox sh -c 'cd /sys/fs/cgroup && for i in $(seq 300); do mkdir n && cd n || exit; done'
        kill -9 "$(nbox show hostile --value -p Supervisor)"
        wait_until 5 nbox gc
        wait_until 5 is_gone hostile
        remove_tree hostile
}

# Root inside can freeze its groups, and with them whatever is to tell its init to end.
test_frozen_machine_ends() {
        local began
        tree_with hostile
        rm "$MACHINES/hostile/sbin/init"
        printf '#!/bin/busybox sh\ntrap "" TERM INT HUP USR1 USR2\nwhile :; do sleep 1; done\n' >"$MACHINES/hostile/sbin/init"
        chmod 755 "$MACHINES/hostile/sbin/init"
        boot hostile
        nbox exec hostile /bin/busybox sh -c 'cd /sys/fs/cgroup && mkdir f && echo 1 >f/cgroup.procs && echo 1 >f/cgroup.freeze'
        # What is to run inside waits until it is left: by ^C as well.
        status_is 124 timeout -s INT -k 5 1 nbox exec hostile /bin/busybox true
        nbox poweroff hostile # by a program inside, which does not come to run
        began=$SECONDS
        terminate hostile
        [ $((SECONDS - began)) -le $((10 * PATIENCE)) ] || fail "the end of a frozen machine took $((SECONDS - began)) s"
        remove_tree hostile
}

# A descriptor that comes with a notification is closed by whoever reads that, and this one's last close waits for ten minutes: once
# while the machine runs, and once at its end, where nobody has read it.
test_descriptors_that_linger() {
        local supervisor n
        tree_with hostile
        cp /job/lingerdrive "$MACHINES/hostile/bin/"
        boot hostile --ready=file:/run/up --ready-wait=0
        supervisor=$(nbox show hostile --value -p Supervisor)
        for n in 1 2 3; do
                nbox exec hostile /bin/lingerdrive >"$SCRATCH/$n" &
                wait_until 5 grep -q sent "$SCRATCH/$n"
        done
        timeout "$((5 * PATIENCE))" nbox login hostile </dev/null || [ $? != 124 ] || fail "the supervisor waits for its guest"
        nbox exec hostile /bin/busybox touch /run/up
        wait_until 5 eval '[ "$(nbox show hostile --value -p State)" = running ]'
        kill -STOP "$supervisor"
        nbox exec hostile /bin/lingerdrive >"$SCRATCH/4" &
        wait_until 5 grep -q sent "$SCRATCH/4"
        kill -KILL "$(nbox show hostile --value -p Leader)"
        kill -CONT "$supervisor"
        wait_until 5 is_gone hostile
        wait || true
        remove_tree hostile
}
