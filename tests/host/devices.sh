# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Devices of the host's that a machine is given, at its start and while it runs; those that it is not; what it sees of /proc and /sys.

CONTROL=/dev/loop-control # 10:237
DISK=/dev/loop7           # 7:7; nothing is attached to it, but it can be opened

disk_make() { [ -e "$DISK" ] || mknod -m 600 "$DISK" b 7 7; }

inside() { nbox exec "$GUEST" /bin/busybox sh -c "$1"; }

# opens PATH MODE: inside, by its root; MODE as a shell has it, < or <>
opens() { inside ": $2 $1" 2>/dev/null; }

# refuses PATH MODE: by the rule of the cgroup, and not since it is not there
refuses() { has "$(inside ": $2 $1" 2>&1 || true)" 'Operation not permitted'; }

allowed() { [ "$HOST" = plain ] || systemctl show -P DeviceAllow "machine-$GUEST.scope"; }

places_of() { nbox device list --json "$GUEST" | jq -r '[.[].device] | join(" ")'; }

test_at_the_start() {
        disk_make
        boot "$GUEST" --device="$CONTROL:/dev/sub/control" --device="$DISK::r" --device=-/dev/absent
        opens /dev/sub/control '<>'
        opens "$DISK" '<'
        refuses "$DISK" '>'
        same 'its owner and mode' "$(inside 'stat -c "%u %a" /dev/sub/control')" "0 $(stat -c %a "$CONTROL")"
        same 'devices' "$(places_of)" "/dev/sub/control $DISK"
        has "$(nbox device list "$GUEST")" "^$DISK +block +7:7 +r +$DISK +start"
        has "$(property "$GUEST" Device)" 'c 10:237 rw /dev/sub/control:/dev/loop-control'
        [ "$HOST" = plain ] || has "$(allowed)" '/dev/block/7:7 r$'
        terminate "$GUEST"
}

# A machine that is not given it has no way to it, though its tree has a node.
test_what_it_is_not_given() {
        local where
        disk_make
        tree_with other
        mknod "$MACHINES/other/node" c 10 237
        boot other --tmpfs=/empty
        for where in /node /tmp/n /run/n /dev/n /dev/shm/n /empty/n; do
                nbox exec other /bin/busybox mknod "$where" c 10 237 2>/dev/null || true
                fails nbox exec other /bin/busybox sh -c ": <$where" 2>/dev/null
        done
        terminate other
        remove_tree other
}

# Root inside is root of the host, and can make nodes: of no other device than it is given, wherever.
test_without_ids_of_its_own() {
        local where
        disk_make
        mkdir "$SCRATCH/bound"
        mknod "$SCRATCH/bound/node" c 10 237
        boot "$GUEST" --private-users=no --bind="$SCRATCH/bound:/bound" --device="$DISK:$DISK:rwm"
        opens "$DISK" '<>'
        for where in /tmp/n /run/n /dev/n /dev/shm/n /bound/n /mnt/n; do
                inside 'mkdir -p /mnt; mountpoint -q /mnt || mount -t tmpfs tmpfs /mnt'
                has "$(inside "mknod $where c 10 237" 2>&1 || true)" 'Operation not permitted'
        done
        refuses /bound/node '<'
        inside 'mknod /dev/again b 7 7 && : </dev/again'
        terminate "$GUEST"
}

test_a_bind_of_a_node() {
        mknod -m 666 "$SCRATCH/node" c 10 237
        boot "$GUEST" --bind="$CONTROL" --bind-ro="$SCRATCH/node:/srv/node"
        opens "$CONTROL" '<>'
        opens /srv/node '<'
        has "$(nbox device list "$GUEST")" "^/srv/node +char +10:237 +r "
        status_is 1 nbox device remove "$GUEST" /srv/node 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'by --bind='
        terminate "$GUEST"
}

test_a_settings_file() {
        mkdir -p /etc/nbox
        printf '[Files]\nDevice=%s\nDevice=-/dev/absent\n' "$CONTROL" >"/etc/nbox/$GUEST.conf"
        boot "$GUEST"
        opens "$CONTROL" '<>'
        terminate "$GUEST"
        rm -r /etc/nbox
}

test_while_it_runs() {
        disk_make
        boot "$GUEST" --device="$DISK"
        same 'added' "$(nbox device add "$GUEST" "$CONTROL:/dev/a/b/c")" /dev/a/b/c
        opens /dev/a/b/c '<>'
        has "$(nbox device list "$GUEST")" "^/dev/a/b/c +char +10:237 +rw +$CONTROL +added"
        [ "$HOST" = plain ] || has "$(allowed)" '/dev/char/10:237 rw$'
        # A second way to the same device, with less; the first one's rights stay.
        nbox device add "$GUEST" "$CONTROL:/dev/less:r"
        opens /dev/a/b/c '<>'
        nbox device remove "$GUEST" /dev/a
        opens /dev/less '<'
        refuses /dev/less '>'
        nbox device remove "$GUEST" /dev/less "$DISK"
        same 'devices' "$(places_of)" ''
        inside "! [ -e /dev/less ] && ! [ -e $DISK ]"
        [ "$HOST" = plain ] || has_not "$(allowed)" '10:237|7:7'
        # What every machine has it keeps.
        nbox device add "$GUEST" /dev/null
        nbox device remove "$GUEST" /dev/null
        inside '[ -c /dev/null ]'
        terminate "$GUEST"
}

# What was done by hand is done over its reboots, and not in what is started after it.
test_over_a_reboot() {
        disk_make
        boot "$GUEST" --device="$DISK"
        nbox device add "$GUEST" "$CONTROL"
        nbox device remove "$GUEST" "$DISK"
        nbox reboot --wait "$GUEST"
        wait_until 10 is_state "$GUEST" running
        opens "$CONTROL" '<>'
        inside "! [ -e $DISK ]"
        same 'devices' "$(places_of)" "$CONTROL"
        terminate "$GUEST"
        boot "$GUEST"
        same 'devices' "$(places_of)" ''
        inside "! [ -e $CONTROL ]"
        terminate "$GUEST"
}

# Its root prepares the place where a node is to be put.
test_a_hostile_dev() {
        mkdir "$SCRATCH/prey"
        boot "$GUEST" --bind="$SCRATCH/prey:/prey"
        inside 'ln -s /prey /dev/link; ln -s /prey/node /dev/leaf; mkdir /dev/over; mount --bind /prey /dev/over; : >/dev/file'
        for place in /dev/link/node /dev/leaf /dev/over/node /dev/file; do
                status_is 1 nbox device add "$GUEST" "$CONTROL:$place" 2>"$SCRATCH/said"
                [ -s "$SCRATCH/said" ]
        done
        inside 'umount /dev/over; mount -t tmpfs tmpfs /dev'
        status_is 1 nbox device add "$GUEST" "$CONTROL" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'something of its own on /dev'
        same 'what the host got' "$(ls -A "$SCRATCH/prey")" ''
        same 'devices' "$(places_of)" ''
        [ "$HOST" = plain ] || has_not "$(allowed)" '10:237'
        terminate "$GUEST"
}

# refused_with PATTERN OPTION
refused_with() {
        refused nbox run --network=none "$2" "$GUEST" /bin/busybox true
        has "$REFUSAL" "$1"
}

test_refusals() {
        refused_with 'is no device node' --device=/etc/passwd:/dev/x
        refused_with 'no place below /dev' --device=/dev/null:/etc/x
        refused_with 'Cannot look at the device /dev/absent' --device=/dev/absent
        refused_with 'There is no device node in' --device="$SCRATCH:/dev/x"
        refused_with 'not of the letters' --device=/dev/null:/dev/x:rx
        refused_with 'something else at /dev/console' --device="$CONTROL:/dev/console"
        boot "$GUEST"
        refused nbox device add "$GUEST" /etc/passwd:/dev/x
        refused nbox device remove "$GUEST" /dev/null
        terminate "$GUEST"
}

test_proc_and_sys() {
        local file
        boot "$GUEST"
        for file in interrupts kallsyms keys key-users timer_list; do
                [ ! -e "/proc/$file" ] || same "/proc/$file" "$(inside "head -c 9 /proc/$file" 2>&1)" ''
        done
        same '/sys/fs' "$(inside 'ls /sys/fs')" cgroup
        same '/sys/firmware and /sys/module' "$(inside 'ls /sys/firmware /sys/module' | grep -v '^/sys\|^$' || true)" ''
        fails inside 'echo x >/sys/kernel/profiling' 2>/dev/null
        fails inside 'echo 1 >/proc/sys/vm/swappiness' 2>/dev/null
        inside 'echo 1234 >/proc/sys/kernel/msgmax && echo 1 >/proc/sys/net/ipv4/ip_forward'
        fails [ "$(cat /proc/sys/kernel/msgmax)" = 1234 ]
        # Service managers make a proc of their own (ProtectProc=).
        inside 'unshare -mpf sh -c "mount -t proc proc /proc && ls /proc/1/stat"'
        terminate "$GUEST"
        # Root inside has the host root's id: what guards it cannot be lifted.
        nbox run --network=none --private-users=identity "$GUEST" /bin/busybox sh -c '
                ! umount /proc/sys && ! umount -l /proc/sys && ! mount -o remount,rw,bind /proc/sys && ! echo 1 >/proc/sys/vm/swappiness &&
                ! mount -o remount,rw,bind /sys' 2>/dev/null
        # A container host has a /proc out of sight by which the kernel allows another one.
        [ "$HOST" != plain ] ||
                nbox run --network=none --private-users=identity "$GUEST" /bin/busybox sh -c '! mount -t proc proc /mnt' 2>/dev/null
}
