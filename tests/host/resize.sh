# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# nbox image resize: file, partition and file system together; and whoever is killed meanwhile has an image that boots, with all that was in it.

# image_of FILE KIND SIZE: a disk image with a busybox in it, and a file that takes 4 MiB.
image_of() {
        local file=$1 kind=$2 size=$3
        tree_with .resize
        head -c 4M /dev/urandom >"$MACHINES/.resize/big"
        sha256sum <"$MACHINES/.resize/big" >"$SCRATCH/sum"
        rm -f "$file"
        truncate -s "$size" "$file"
        case $kind in
        ext4) mkfs.ext4 -q -F -d "$MACHINES/.resize" "$file" ;;
        btrfs) mkfs.btrfs -q --rootdir "$MACHINES/.resize" "$file" >/dev/null ;;
        xfs)
                mkfs.xfs -q "$file"
                fill_xfs "$file"
                ;;
        gpt)
                printf '%s\n' 'label: gpt' 'size=16M, type=933AC7E1-2EB4-4F13-B844-0E14E2AEF915, name=home' \
                        'type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=root, attrs=GUID:59' | sfdisk -q "$file"
                partition_of "$file" 1 home
                partition_of "$file" 2 "$MACHINES/.resize"
                ;;
        mbr)
                printf '%s\n' 'label: dos' 'type=83' | sfdisk -q "$file"
                partition_of "$file" 1 "$MACHINES/.resize"
                ;;
        esac
        remove_tree .resize
}

# mkfs.xfs takes no tree, and what it makes is mounted as everything is.
fill_xfs() {
        mkdir -p "$SCRATCH/xfs"
        mount -o loop "$1" "$SCRATCH/xfs"
        cp -a "$MACHINES/.resize/." "$SCRATCH/xfs/"
        umount "$SCRATCH/xfs"
}

# partition_of FILE NUMBER TREE: an ext4 with that tree, or an empty one.
partition_of() {
        local start size tree=()
        read -r start size < <(sfdisk -J "$1" | jq -r ".partitiontable.partitions[$2 - 1] | \"\(.start) \(.size)\"")
        [ ! -d "$3" ] || tree=(-d "$3")
        rm -f "$SCRATCH/part"
        mkfs.ext4 -q -F "${tree[@]}" "$SCRATCH/part" "$((size / 2))k" 2>/dev/null
        dd if="$SCRATCH/part" of="$1" bs=512 seek="$start" conv=notrunc,sparse status=none
        rm "$SCRATCH/part"
}

# boots FILE: and what was in it is there.
boots() {
        same "what is in ${1##*/}" "$(nbox run --network=none --read-only --image="$1" /bin/busybox sha256sum /big | cut -d' ' -f1)" \
                "$(cut -d' ' -f1 "$SCRATCH/sum")"
}

# whole FILE: its table is without a fault, too.
whole() {
        boots "$1"
        ! sfdisk -q --verify "$1" 2>&1 | grep -i 'error\|mismatch\|corrupt' || fail "the table of $1"
}

# room FILE: KiB of its root's file system.
room() { nbox run --network=none --read-only --image="$1" /bin/busybox df -Pk / | awk 'NR == 2 { print $2 }'; }

# size_is FILE BYTES; room_is FILE LEAST MOST
size_is() { same "size of ${1##*/}" "$(stat -c %s "$1")" "$2"; }
room_is() {
        local got
        got=$(room "$1")
        [ "$got" -ge "$2" ] && [ "$got" -le "$3" ] || fail "$1 has room for $got KiB"
}

M=$((1 << 20))

test_grows() {
        local kind image
        for kind in ext4 btrfs gpt mbr; do
                image=$MACHINES/grow-$kind.raw
                image_of "$image" "$kind" 128M
                has "$(nbox image resize "grow-$kind" 256M)" "256 MiB, was 128 MiB"
                size_is "$image" $((256 * M))
                whole "$image"
                room_is "$image" 200000 262144
                nbox image resize "$image" +64M >/dev/null
                size_is "$image" $((320 * M))
                room_is "$image" 250000 327680
                whole "$image"
                rm "$image"
        done
}

test_grows_xfs() {
        local image=$MACHINES/grow-xfs.raw
        image_of "$image" xfs 300M
        nbox image resize grow-xfs 600M >/dev/null
        room_is "$image" 500000 614400
        whole "$image"
        refused nbox image resize grow-xfs 300M
        has "$REFUSAL" "can grow but not shrink"
        size_is "$image" $((600 * M))
        rm "$image"
}

# table_of FILE: all but where partitions are.
table_of() { { sfdisk -d "$1" 2>/dev/null || [ $? = 1 ]; } | sed -n 's/.*type=/type=/p; /label/p'; }

# Attributes, labels and identifiers of partitions are kept, also where the table is made anew.
test_shrinks() {
        local kind image before
        for kind in ext4 btrfs gpt mbr; do
                image=$MACHINES/shrink-$kind.raw
                image_of "$image" "$kind" 512M
                before=$(table_of "$image")
                nbox image resize "shrink-$kind" 300M >/dev/null
                size_is "$image" $((300 * M))
                whole "$image"
                room_is "$image" 200000 307200
                same "what the table says" "$(table_of "$image")" "$before"
                rm "$image"
        done
        same "left" "$(find "$MACHINES" -name "*shrink*")" ""
}

test_too_small() {
        local image=$MACHINES/small.raw sum
        image_of "$image" gpt 64M
        sum=$(sha256sum <"$image")
        refused nbox image resize small 18M
        refused nbox image resize small 22M
        has "$REFUSAL" "resize2fs ends with status"
        same "the image" "$(sha256sum <"$image")" "$sum"
        same "left" "$(find "$MACHINES" -name '.#*small*')" ""
        rm "$image"
}

test_refuses() {
        local image=$MACHINES/still.raw
        refused nbox image resize "$GUEST" 1G
        has "$REFUSAL" "is not a disk image"
        refused nbox image resize nothing-there 1G
        mksquashfs "$MACHINES/.busybox" "$image" -quiet -no-progress >/dev/null
        refused nbox image resize still 1G
        has "$REFUSAL" "made for reading"
        image_of "$image" ext4 64M
        refused nbox image resize still 0
        refused nbox image resize still large
        refused nbox image resize still +
        refused nbox image resize still 9000000T
        refused nbox image resize still
        boot still
        refused nbox image resize still +64M
        has "$REFUSAL" "in use"
        size_is "$image" $((64 * M))
        terminate still
        chmod a-w "$image"
        refused nbox image resize still +64M
        has "$REFUSAL" "read-only"
        rm -f "$image"
}

# SIGKILL before each call of nbox's own that changes something: what is there boots, and the same command brings it to its end.
# killed_at_each KIND FROM TO [CALLS]
killed_at_each() {
        local kind=$1 from=$2 to=$3 call n=0 killed=0
        IMAGE=$MACHINES/killed.raw
        image_of "$SCRATCH/good" "$kind" "$from"
        for call in ${4-ftruncate write renameat mkdirat unlinkat}; do
                n=1
                while killed_at "$call" "$n" "$to"; do
                        killed=$((killed + 1)) n=$((n + 1))
                        [ "$n" -lt 50 ] || fail "killed at $n of $call, and never done"
                done
        done
        [ "$killed" -gt 4 ] || fail "it was killed $killed times only"
        rm -f "$IMAGE" /run/systemd/nspawn/locks/inode-* # which nobody holds, of those who were killed
}

# killed_at CALL N SIZE: fails when there is no N-th call: then it was done.
killed_at() {
        local got=0
        cp --sparse=always "$SCRATCH/good" "$IMAGE"
        timeout 60 strace -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" nbox image resize killed "$3" >"$SCRATCH/said" 2>&1 || got=$?
        boots "$IMAGE"
        [ "$got" != 0 ] || return 1
        nbox image resize killed "$3" >/dev/null
        size_is "$IMAGE" "$(numfmt --from=iec "$3")"
        whole "$IMAGE"
        same "left after $1 $2" "$(find "$MACHINES" -name '.#*killed*')" ""
}

test_killed_growing() {
        killed_at_each gpt 64M 128M
}
test_killed_growing_btrfs() {
        killed_at_each btrfs 128M 256M "ftruncate ioctl"
}
test_killed_shrinking() {
        killed_at_each gpt 128M 64M
}
