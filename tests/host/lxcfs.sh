# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The machine's own figures in its /proc, by lxcfs: where it runs, where it does not, and where it is stuck. What they are of limits is seen in
# the virtual machine, where there are controllers.

PLACE=/var/lib/lxcfs

lxcfs_begin() {
        mkdir -p "$PLACE"
        lxcfs -f "$PLACE" >"$SCRATCH/lxcfs" 2>&1 &
        LXCFS=$!
        wait_until 5 test -e "$PLACE/proc/meminfo"
}

lxcfs_end() {
        kill -CONT "$LXCFS" 2>/dev/null || true
        kill -KILL "$LXCFS" 2>/dev/null || true
        wait "$LXCFS" 2>/dev/null || true
        umount -l "$PLACE" 2>/dev/null || true
}

uptime_in() { nbox exec "$1" /bin/busybox cat /proc/uptime | cut -d. -f1; }
files_in() { nbox exec "$1" /bin/busybox grep -c fuse.lxcfs /proc/self/mountinfo || true; }

test_figures_are_the_machines() {
        tree_with own
        boot own --network=none
        same "files of lxcfs without it" "$(files_in own)" 0
        terminate own
        refused nbox boot -d --network=none --lxcfs=yes own
        has "$REFUSAL" 'lxcfs is not mounted'
        lxcfs_begin
        boot own --network=none
        [ "$(files_in own)" -ge 7 ] || fail "lxcfs is not there: $(nbox exec own cat /proc/self/mountinfo)"
        [ "$(uptime_in own)" -lt "$(($(cut -d. -f1 /proc/uptime) / 2))" ] || fail "its uptime is the host's: $(uptime_in own)"
        nbox exec own /bin/busybox grep -q '^MemTotal:  *[1-9]' /proc/meminfo
        nbox exec own /bin/busybox sh -c '! echo x >/proc/uptime' 2>/dev/null
        # what hides stays
        same "what is hidden" "$(nbox exec own /bin/busybox stat -c %t:%T /proc/interrupts)" 1:3
        nbox exec own /bin/busybox sh -c 'mkdir -p /tmp/p && unshare -m mount -t proc proc /tmp/p' # as service managers do
        terminate own
        boot own --network=none --lxcfs=no
        same "files of lxcfs that are not wanted" "$(files_in own)" 0
        terminate own
        boot own --network=none --lxcfs=yes --private-users=identity
        [ "$(files_in own)" -ge 7 ] || fail "not with the host's ids"
        terminate own
        [ "$(nbox run --network=none own /bin/busybox grep -c fuse.lxcfs /proc/self/mountinfo)" -ge 7 ] || fail "not with run"
        lxcfs_end
        remove_tree own
}

# A FUSE that does not answer holds nobody up.
test_lxcfs_is_stuck() {
        local began how
        tree_with own
        for how in STOP KILL; do
                lxcfs_begin
                kill -"$how" "$LXCFS"
                sleep 0.2
                began=$SECONDS
                nbox run --network=none own /bin/busybox true 2>"$SCRATCH/said"
                has "$(cat "$SCRATCH/said")" 'does not answer'
                boot own --network=none
                [ $((SECONDS - began)) -le $((8 * PATIENCE)) ] || fail "the start took $((SECONDS - began)) s"
                same "files of lxcfs" "$(files_in own)" 0
                terminate own
                refused nbox boot -d --network=none --lxcfs=yes own
                has "$REFUSAL" 'does not answer'
                lxcfs_end
        done
        # one that gets stuck under a machine does not keep it from its end
        lxcfs_begin
        boot own --network=none
        kill -STOP "$LXCFS"
        (nbox exec own /bin/busybox cat /proc/meminfo >/dev/null 2>&1 || true) &
        sleep 0.3
        nbox list >/dev/null
        poweroff own
        wait $!
        lxcfs_end
        remove_tree own
}
