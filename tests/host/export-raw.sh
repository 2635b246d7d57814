# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# nbox export NAME FILE.raw: a disk image of any image, with a partition table that others understand, too; and what is left when it fails:
# nothing.

. "$HOST_TOOLS/layers-words.sh"

ROOT_TYPE=$(case $(uname -m) in
        x86_64) echo 4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709 ;;
        aarch64) echo B921B045-1DF0-41C3-AF44-4C6F280D3FAE ;;
        *) echo unknown ;;
        esac)

# in_partition FILE COMMAND...: with the first partition on a loop device, $DEVICE.
in_partition() {
        local file=$1 rc=0
        shift
        DEVICE=$(losetup -f --show --offset $((1 << 20)) --sizelimit "$(sfdisk -J "$file" | jq '.partitiontable.partitions[0].size * 512')" "$file")
        "$@" || rc=$?
        losetup -d "$DEVICE"
        return "$rc"
}

hash_of_device() {
        local rc=0
        mkdir -p "$SCRATCH/part"
        mount -o ro "$DEVICE" "$SCRATCH/part"
        "$HOST_TOOLS/tree-hash" "$SCRATCH/part" || rc=$?
        umount "$SCRATCH/part"
        return "$rc"
}

is_sound() {
        case $(blkid -p -s TYPE -o value "$DEVICE") in
        ext4) e2fsck -fn "$DEVICE" >/dev/null 2>&1 ;;
        xfs) xfs_repair -n "$DEVICE" >/dev/null 2>&1 ;;
        btrfs) btrfs check --readonly "$DEVICE" >/dev/null 2>&1 ;;
        *) false ;;
        esac
}

# same_tree NAME FILE: what is in the disk image's root is what is in the tree.
same_tree() { same "what is in ${2##*/}" "$(in_partition "$2" hash_of_device)" "$(hash_of "$1")"; }

# left FILE: nothing of it, under whatever name.
left() {
        same "left" "$(find "$(dirname "$1")" -maxdepth 1 -name "*$(basename "$1" .raw)*" -printf '%f\n')" "${2-}"
}

# With each file system: the table's type, label and attribute are the specification's, the file system is sound and holds all that the tree
# has, the file is sparse, and it boots.
test_a_tree_becomes_a_disk() {
        local fs raw=$SCRATCH/disk.raw
        rich_tree rich
        rm "$MACHINES/rich/srv/sparse"
        for fs in ext4 btrfs xfs; do
                nbox export --filesystem="$fs" rich "$raw"
                same "table" "$(sfdisk -J "$raw" | jq -r '.partitiontable | .label, (.partitions[0] | .type, .name, .attrs), (.partitions | length)')" \
                        "$(printf '%s\n' gpt "$ROOT_TYPE" rich GUID:59 1)"
                ! sfdisk -q --verify "$raw" 2>&1 | grep -i 'error\|mismatch\|corrupt' || fail "the table"
                in_partition "$raw" is_sound || fail "the $fs is damaged"
                same "file system" "$(nbox dissect --json "$raw" | jq -r '.partitions[0].fstype')" "$fs"
                has "$(systemd-dissect --no-pager "$raw")" "root .* rich +$fs"
                same_tree rich "$raw"
                [ $(($(stat -c %b "$raw") * 512 * 2)) -lt "$(stat -c %s "$raw")" ] || fail "the holes are filled"
                same "mode" "$(stat -c %a "$raw")" 600
                same "ran" "$(nbox run --network=none --machine=disk --image="$raw" cat /usr/lib/deep/er/3)" "file 3"
                timeout "$((30 * PATIENCE))" nbox boot -d --machine=disk --image="$raw"
                same "runs" "$(nbox exec disk cat /proc/1/comm)" init
                poweroff disk
                rm "$raw"
        done
        forget_image rich
}

# Compressed, and back by import; and through a pipe.
test_compressed_and_back() {
        local suffix
        rich_tree rich
        for suffix in '' .gz .zst; do
                nbox export --size=40M rich "$SCRATCH/rich.raw$suffix"
                nbox import "$SCRATCH/rich.raw$suffix" back
                same_tree rich "$MACHINES/back.raw"
                same "ran" "$(nbox run --network=none back cat /usr/lib/deep/er/3)" "file 3"
                rm "$MACHINES/back.raw" "$SCRATCH/rich.raw$suffix"
        done
        nbox export --format=raw --size=40M rich - | cat >"$SCRATCH/piped"
        same_tree rich "$SCRATCH/piped"
        nbox export-raw --format=gzip --size=40M rich "$SCRATCH/as-with-machinectl"
        bsdcat "$SCRATCH/as-with-machinectl" >"$SCRATCH/piped"
        in_partition "$SCRATCH/piped" is_sound || fail "it is damaged"
        rm "$SCRATCH/piped" "$SCRATCH/as-with-machinectl"
        forget_image rich
}

# Layers are one tree; what a machine that runs has is there as of one moment.
test_layers_and_a_machine_that_runs() {
        rich_tree under
        nbox clone under over
        nbox run --network=none over rm /usr/lib/whole/3
        nbox export over "$SCRATCH/over.raw"
        same_tree over "$SCRATCH/over.raw"
        boot over
        nbox exec over sh -c 'echo later >/srv/later; sync'
        rm "$SCRATCH/over.raw"
        nbox export over "$SCRATCH/over.raw"
        terminate over
        same "ran" "$(nbox run --network=none --machine=disk --image="$SCRATCH/over.raw" cat /srv/later)" later
        in_partition "$SCRATCH/over.raw" is_sound || fail "it is damaged"
        rm "$SCRATCH/over.raw"
        forget_image under over
}

# Owners count from 0, whosever they are here.
test_ids_begin_at_0() {
        tree_with shifted
        touch "$MACHINES/shifted/of-alice" "$MACHINES/shifted/of-a-stranger"
        chown -R 655360:655360 "$MACHINES/shifted"
        chown 656360:656361 "$MACHINES/shifted/of-alice"
        chown 5:5 "$MACHINES/shifted/of-a-stranger"
        nbox export shifted "$SCRATCH/disk.raw"
        mkdir "$SCRATCH/in"
        nbox dissect --mount --read-only "$SCRATCH/disk.raw" "$SCRATCH/in"
        same "owners" "$(cd "$SCRATCH/in" && stat -c '%u %g' . etc/passwd of-alice of-a-stranger)" $'0 0\n0 0\n1000 1001\n5 5'
        nbox dissect --umount "$SCRATCH/in"
        rm "$SCRATCH/disk.raw"
        remove_tree shifted
}

# A disk image is copied as it is, with its holes.
test_a_disk_is_copied() {
        truncate -s 200M "$MACHINES/plate.raw"
        mkfs.ext4 -q -d "$MACHINES/.busybox" "$MACHINES/plate.raw"
        nbox export plate "$SCRATCH/copy.raw"
        cmp "$MACHINES/plate.raw" "$SCRATCH/copy.raw"
        [ "$(stat -c %b "$SCRATCH/copy.raw")" -le $(($(stat -c %b "$MACHINES/plate.raw") + 4096)) ] || fail "the holes are filled"
        refused nbox export --size=1G plate "$SCRATCH/other.raw"
        has "$REFUSAL" "is copied as it is"
        rm "$MACHINES/plate.raw" "$SCRATCH/copy.raw"
}

test_size_and_file_system_are_said() {
        local raw=$SCRATCH/sized.raw
        tree_with sized
        setfattr -n user.much -v "$(head -c 3000 /dev/zero | tr '\0' x)" "$MACHINES/sized/etc/passwd"
        nbox export --size=300M sized "$raw"
        same "size" "$(stat -c %s "$raw")" $((300 << 20))
        nbox image resize "$raw" 400M >/dev/null
        same "ran" "$(nbox run --network=none --machine=disk --image="$raw" echo yes)" yes
        rm "$raw"
        head -c 20M /dev/urandom >"$MACHINES/sized/filler"
        refused nbox export --size=16M sized "$raw"
        has "$REFUSAL" "does not fit into a disk image of 16.0 MiB"
        refused nbox export --size=1 sized "$raw"
        refused nbox export --filesystem=xfs --size=64M sized "$raw"
        has "$REFUSAL" "does not fit into a disk image of 64.0 MiB with xfs"
        refused nbox export --filesystem=vfat sized "$raw"
        has "$REFUSAL" "There are ext4, btrfs and xfs"
        refused nbox export --filesystem=ext4 sized "$SCRATCH/sized.tar"
        has "$REFUSAL" "--filesystem="
        left "$raw"
        remove_tree sized
}

# A full file system of the host's, from the first and in the middle; a tool that is not there.
test_what_fails_leaves_nothing() {
        tree_with large
        head -c 40M /dev/urandom >"$MACHINES/large/filler"
        mkdir "$SCRATCH/small"
        mount -t tmpfs -o size=20m tmpfs "$SCRATCH/small"
        refused nbox export large "$SCRATCH/small/large.raw"
        has "$REFUSAL" "There is no room for "
        left "$SCRATCH/small/large.raw"
        mount -o remount,size=43m "$SCRATCH/small"
        refused nbox export large "$SCRATCH/small/large.raw"
        has "$REFUSAL" "There is no room for "
        left "$SCRATCH/small/large.raw"
        umount "$SCRATCH/small"

        mv /usr/sbin/mkfs.ext4 /usr/sbin/mkfs.ext4.away
        refused nbox export large "$SCRATCH/large.raw"
        mv /usr/sbin/mkfs.ext4.away /usr/sbin/mkfs.ext4
        has "$REFUSAL" "package e2fsprogs"
        left "$SCRATCH/large.raw"
        remove_tree large
}

is_filled() { losetup -n -O BACK-FILE | grep -qF "/${SCRATCH##*/}/"; }
is_free() { ! is_filled; }

# Interrupted and killed while it is filled: no file, and no loop device.
test_cut_short() {
        local signal process
        tree_with long
        for signal in INT KILL; do
                strace -f -qq -o /dev/null -e trace=fchown -e inject=fchown:delay_enter=300000 nbox export long "$SCRATCH/long.raw" >"$SCRATCH/said" 2>&1 &
                wait_until 20 is_filled
                process=$(pgrep -P "$!" -x nbox)
                kill -"$signal" "$process"
                if wait "$!"; then fail "it went through"; fi
                wait_until 5 is_free
                [ ! -e "$SCRATCH/long.raw" ] || fail "it is there"
                [ "$signal" != INT ] || left "$SCRATCH/long.raw"
        done
        nbox export long "$SCRATCH/long.raw"
        left "$SCRATCH/long.raw" long.raw
        remove_tree long
}
