# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Disk images that are broken (tests/damaged/make): whatever is asked of one ends soon, with an error that names it and within bounded memory,
# and leaves nothing. What is good boots, so that each is refused for its flaw alone.

DAMAGED=/job/damaged
MEMORY=$((1 << 20)) # KiB that a command may take
SOON=10             # seconds

# bounded COMMAND...: with these limits; its status, what it said in $SAID.
bounded() {
        local got=0
        SAID=$(
                ulimit -v "$MEMORY"
                timeout -s KILL "$((SOON * SLOW))" "$@" 2>&1 >/dev/null </dev/null
        ) || got=$?
        return "$got"
}

# turned_down IMAGE COMMAND...: refused as any bad input is, by name.
turned_down() {
        local got=0
        bounded "${@:2}" || got=$?
        [ "$got" != 0 ] || fail "not refused: ${*:2}"
        is_refusal "$got" "$@"
}

# no_worse IMAGE COMMAND...: it may do it, where it does not need what is broken.
no_worse() {
        local got=0
        bounded "${@:2}" || got=$?
        [ "$got" = 0 ] || is_refusal "$got" "$@"
}

is_refusal() {
        [ "$1" -lt 124 ] || [ "$1" = 125 ] || fail "status $1, not a refusal: ${*:3} ($SAID)"
        [ -n "$SAID" ] || fail "refused without a word: ${*:3}"
        [ "$(wc -l <<<"$SAID")" -le 8 ] || fail "more than eight lines: ${*:3}: $SAID"
        ! LC_ALL=C grep -q '[[:cntrl:]]' <<<"$SAID" || fail "control characters: ${*:3}: $(cat -v <<<"$SAID")"
        head -n 1 <<<"$SAID" | grep -qF "$2" || fail "${*:3} does not name $2 in its first line: $SAID"
}

# nothing_left IMAGE: no loop device (the kernel lets go of one when its last user has gone), mount, lock, or file.
nothing_left() {
        wait_until 3 no_loop_device "$1"
        ! grep -F "$1" /proc/self/mountinfo || fail "$1: a mount is left"
        same "$1: what is left beside it" "$(find "$MACHINES" /run/nbox/machines /run/systemd/nspawn/locks -mindepth 1 -name '*[#d]mg*' ! -name "$1.raw" 2>/dev/null)" ""
}

no_loop_device() { ! cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -qF "$1"; }

# broken NAME...: each can be looked at or not, and neither boots nor runs, by path or name.
broken() {
        local name image
        for name; do
                image=dmg-$name
                cp -a --sparse=always "$DAMAGED/$image.raw" "$MACHINES/"
                no_worse "$image" nbox dissect "$MACHINES/$image.raw"
                turned_down "$image" nbox run --network=none --image="$MACHINES/$image.raw" /bin/true
                turned_down "$image" nbox boot --network=none "$image"
                nothing_left "$image"
                no_worse "$image" nbox clone "$image" damage-copy
                rm -rf "$MACHINES/damage-copy" "$MACHINES/damage-copy.raw"
                no_worse "$image" nbox snapshot "$image" now
                no_worse "$image" nbox image resize "$image" +1M
                remove_store
                nothing_left "$image"
                rm -f "$MACHINES/$image.raw"
        done
}

# all FAMILY...: whose names begin so.
all() {
        local family
        for family; do
                set -- "$DAMAGED/dmg-$family"*.raw
                [ -e "$1" ] || [ -L "$1" ] || fail "there is none of $family"
                set -- "${@##*/dmg-}"
                broken "${@%.raw}"
        done
}

test_good_ones_boot() {
        local good
        for good in ext4 squashfs erofs btrfs gpt gpt-backup mbr; do
                same "$good" "$(nbox run --network=none --read-only --image="$DAMAGED/good-$good.raw" /bin/busybox echo yes)" yes
        done
}

test_no_images_at_all() {
        all empty one-byte zeros text fifo socket null endless link sparse
        turned_down dmg-no-device nbox dissect "$DAMAGED/dmg-no-device.raw"
        turned_down dmg-no-device nbox boot --network=none --image="$DAMAGED/dmg-no-device.raw"
}

test_gpt_headers() {
        all gpt-header gpt-table gpt-many gpt-entr gpt-no-usable gpt-usable gpt-protective gpt-cut
}

test_gpt_partitions() {
        all gpt-partition gpt-over gpt-no-root gpt-root gpt-another gpt-labels
}

test_mbr() {
        all mbr
}

test_ext4() {
        all ext4
        # These are without a fault, but hold no system: a directory that is in itself, nothing, and a label that a terminal would obey.
        local image
        for image in dmg-looped-ext4 dmg-void-ext4 dmg-labelled-ext4; do
                cp --sparse=always "$DAMAGED/$image.raw" "$MACHINES/"
                no_worse "$image" nbox dissect "$MACHINES/$image.raw"
                refused nbox boot --network=none "$image"
                has "$REFUSAL" "no init"
                no_worse "$image" nbox clone "$image" damage-copy
                remove_store
                rm -rf "$MACHINES/damage-copy.raw" "$MACHINES/$image.raw"
        done
        same "control characters" "$(nbox dissect "$DAMAGED/dmg-labelled-ext4.raw" | LC_ALL=C tr -d '\n' | LC_ALL=C tr -dc '[:cntrl:]' | wc -c)" 0
}

test_other_file_systems() {
        all btrfs xfs squashfs erofs fat swap
}

test_other_formats() {
        all qcow2 vmdk xz gzip tar iso luks
        turned_down dmg-qcow2 nbox dissect "$DAMAGED/dmg-qcow2.raw"
        has "$SAID" "qemu-img convert -f qcow2 -O raw $DAMAGED/dmg-qcow2.raw $DAMAGED/dmg-qcow2-converted.raw"
        cp "$DAMAGED/dmg-xz.raw" "$MACHINES/dmg.raw.xz"
        turned_down dmg nbox boot dmg
        has "$SAID" "nbox import $MACHINES/dmg.raw.xz"
        rm "$MACHINES/dmg.raw.xz"
}

# Those that could be one system as well as another: which, is asked.
test_candidates_are_listed() {
        turned_down dmg-mbr-candidates nbox run --network=none --image="$DAMAGED/dmg-mbr-candidates.raw" /bin/true
        has "$SAID" "1.*2|2.*1"
        turned_down dmg-gpt-labels nbox run --network=none --image="$DAMAGED/dmg-gpt-labels.raw" /bin/true
}

# All at once in the list of what boots by name.
test_in_the_list() {
        cp -a --sparse=always "$DAMAGED"/dmg-*.raw "$MACHINES/"
        bounded nbox images || fail "status $?: $SAID"
        bounded nbox images --json || fail "status $?: $SAID"
        same "control characters" "$(nbox images | LC_ALL=C tr -d '\n' | LC_ALL=C tr -dc '[:cntrl:]' | wc -c)" 0
        rm -f "$MACHINES"/dmg-*.raw
        nothing_left dmg
}
