# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Disk images on a host with partitions that have nodes, and a device mapper (images: tests/damaged/disks): a GPT as a service, a device as it is,
# and roots that are verified.

loops_of() { cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -c "/$1\$" || true; }
no_loops_of() { [ "$(loops_of "$1")" = 0 ]; }

# verified_devices: names of those that nbox made.
verified_devices() { cat /sys/block/dm-*/dm/name 2>/dev/null | grep -c '^nbox-verity-' || true; }
no_verified_devices() { [ "$(verified_devices)" = 0 ]; }

test_gpt_as_a_service() {
        nbox start gpt
        is_active nbox@gpt
        same "home" "$(nbox exec gpt cat /home/word)" "at home"
        same "srv" "$(nbox exec gpt cat /srv/word)" served
        nbox exec gpt sh -c 'echo again >/home/word; echo kept >/root-word'
        nbox stop gpt
        wait_until 10 no_loops_of gpt.raw
        same "both files" "$(nbox run --network=none --image="$MACHINES/gpt.raw" /bin/busybox cat /home/word /root-word)" $'again\nkept'
        wait_until 10 no_loops_of gpt.raw
}

# The host's own loop device, whose partitions are /dev/loopNp1 and on: as a disk would be.
test_a_device_with_partitions() {
        local device
        device=$(losetup --find --show --partscan "$MACHINES/gpt.raw")
        udevadm settle
        [ -b "${device}p3" ] || fail "no nodes of partitions"
        same "srv" "$(nbox run --network=none --image="$device" /bin/busybox cat /srv/word)" served
        same "a partition by itself has no srv" "$(nbox run --network=none --image="${device}p3" /bin/busybox ls /srv)" ""
        losetup --detach "$device"
        wait_until 10 no_loops_of gpt.raw
}

# By the kernel, in place.
test_grows_where_it_is() {
        local before
        before=$(stat -c %i "$MACHINES/gpt.raw")
        nbox image resize gpt +32M
        same "inode" "$(stat -c %i "$MACHINES/gpt.raw")" "$before"
        [ "$(nbox run --network=none --image="$MACHINES/gpt.raw" /bin/busybox df -Pk / | awk 'NR == 2 { print $2 }')" -gt 40000 ] || fail "no larger"
}

test_verified_root() {
        local name
        cp "$MACHINES/bare.roothash" "$MACHINES/verity.roothash"
        for name in bare verity; do
                boot "$name" --read-only
                same "devices of $name" "$(verified_devices)" 1
                has "$(nbox exec "$name" grep ' / ' /proc/mounts)" erofs
                nbox poweroff "$name"
                wait_until 10 no_verified_devices
                wait_until 10 no_loops_of "$name.raw"
        done
        rm "$MACHINES/verity.roothash"
        boot verity --read-only --root-hash="$(cat "$MACHINES/bare.roothash")"
        same "devices" "$(verified_devices)" 1
        # Killed: the kernel lets go of all.
        kill -9 "$(property verity Supervisor)"
        wait_until 10 no_verified_devices
        nbox gc
        wait_until 10 no_loops_of verity.raw
}

# Nothing that its hash does not vouch for is read, and without what vouches it does not start.
test_verified_root_that_is_not() {
        local hash size
        hash=$(cat "$MACHINES/bare.roothash") size=$(stat -c %s "$MACHINES/bare.raw")
        refused nbox run --network=none --read-only --root-hash="${hash/[0-9]/f}0" bare true
        refused nbox run --network=none --read-only --root-hash="$(rev <<<"$hash")" bare true
        refused nbox run --network=none --read-only --root-hash="$hash" gpt true
        has "$REFUSAL" "nothing to verify it with"
        cp "$MACHINES/bare.raw" "$SCRATCH/good"
        # A block that no look at it without a machine sees: not the first, where its superblock is.
        dd if=/dev/urandom of="$MACHINES/bare.raw" bs=4096 seek=1 count=$((size / 4096 - 1)) conv=notrunc status=none
        refused nbox run --network=none --read-only bare /bin/busybox true
        has "$REFUSAL" "bare.raw"
        cp "$SCRATCH/good" "$MACHINES/bare.raw"
        nbox run --network=none --read-only bare /bin/busybox true
        wait_until 10 no_verified_devices
        wait_until 10 no_loops_of bare.raw
}

# What is exported is a disk image to others, too.
test_exported_for_nspawn() {
        tree_with out
        nbox export out "$SCRATCH/out.raw"
        same "said by systemd-nspawn" "$(systemd-nspawn -q --register=no -i "$SCRATCH/out.raw" --pipe /bin/busybox cat /etc/os-release | head -n 1)" \
                "$(head -n 1 "$MACHINES/out/etc/os-release")"
        rm "$SCRATCH/out.raw"
        remove_tree out
}
