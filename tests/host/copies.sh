# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Whole copies of images, what a running machine has now, and images made of that; on ext4, btrfs and xfs.

. "$HOST_TOOLS/layers-words.sh"
. "$HOST_TOOLS/live-words.sh"

# What a copy has of its own.
OWN='./etc/machine-id ./etc/hostname'

# hash_at DIRECTORY: of what a copy has in common with what it is of.
# shellcheck disable=SC2086
hash_at() { "$HOST_TOOLS/tree-hash" "$1" $OWN; }

blocks_of() { stat -c %b "$1"; }

# nothing_begun [DIRECTORY]: no copy that is not whole is left.
nothing_begun() { [ -z "$(find "${1-$MACHINES}" -maxdepth 1 -name '.#nbox-*')" ] || fail "left: $(ls -A "${1-$MACHINES}")"; }

# --- of what does not run ------------------------------------------------------------------------------------------

test_a_copy_has_all_that_a_tree_has() {
        small_tree whole
        same "path" "$(nbox clone --copy whole whole2 2>"$SCRATCH/said")" "$MACHINES/whole2"
        has "$(cat "$SCRATCH/said")" "Copying $MACHINES/whole: .*iB in [0-9]* files"
        same "copy" "$(hash_at "$MACHINES/whole2")" "$(hash_at "$MACHINES/whole")"
        [ "$(blocks_of "$MACHINES/whole2/srv/sparse")" -le "$(blocks_of "$MACHINES/whole/srv/sparse")" ] || fail "the holes are filled"
        [ "$(cat "$MACHINES/whole2/etc/machine-id")" != "$(cat "$MACHINES/whole/etc/machine-id")" ] || fail "both have the same id"
        rm -rf "${MACHINES:?}/whole"
        boot whole2
        same "runs" "$(nbox exec whole2 echo yes)" yes
        terminate whole2
        forget_image whole2
}

# Blocks are shared, of which neither sees what the other writes.
test_a_copy_on_btrfs_and_xfs_shares_blocks() {
        local kind tree=$SCRATCH/fs/tree
        small_tree whole
        for kind in btrfs xfs; do
                file_system "$kind" 512M
                cp -a "$MACHINES/whole" "$tree"
                head -c 4M /dev/urandom >"$tree/srv/large"
                nbox clone --copy "$tree" twin 2>/dev/null
                same "copy on $kind" "$(hash_at "$SCRATCH/fs/twin")" "$(hash_at "$tree")"
                sync -f "$SCRATCH/fs"
                has "$(filefrag -v "$SCRATCH/fs/twin/srv/large")" shared
                echo more >>"$SCRATCH/fs/twin/srv/large"
                same "size of the other" "$(stat -c %s "$tree/srv/large")" $((4 << 20))
                no_file_system
        done
        forget_image whole
}

test_a_copy_of_a_subvolume_is_one() {
        file_system btrfs 512M
        btrfs -q subvolume create "$SCRATCH/fs/tree"
        cp -a "$MACHINES/.busybox/." "$SCRATCH/fs/tree"
        btrfs -q subvolume create "$SCRATCH/fs/tree/inner"
        echo in >"$SCRATCH/fs/tree/inner/file"
        nbox clone --copy "$SCRATCH/fs/tree" twin 2>/dev/null
        same "inode" "$(stat -c %i "$SCRATCH/fs/twin")" 256
        same "inner" "$(cat "$SCRATCH/fs/twin/inner/file")" in
        no_file_system
}

test_a_copy_of_layers_is_one_tree() {
        small_tree under
        nbox clone under over 2>/dev/null
        nbox run --network=none over /bin/sh -c 'rm -r /usr/lib/deep /srv/pipe; mkdir /usr/lib/deep; echo x >/usr/lib/deep/x; mv /srv/shared /srv/moved; chmod 711 /etc'
        nbox clone --copy over flat 2>/dev/null
        [ ! -L "$MACHINES/flat" ] || fail "it stands on layers"
        # shellcheck disable=SC2086
        same "copy" "$(hash_at "$MACHINES/flat")" "$(hash_of over $OWN)"
        same "attributes of the layers' own" "$(getfattr -R -d -m '^trusted.overlay' "$MACHINES/flat" 2>/dev/null)" ""
        forget_image under over flat
}

test_a_disk_image_stays_sparse() {
        local disk=$MACHINES/plate.raw
        truncate -s 3G "$disk"
        mkfs.ext4 -q -d "$MACHINES/.busybox" "$disk"
        nbox clone plate plate2 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "Copying .*iB in 1 file"
        same "size" "$(stat -c %s "$MACHINES/plate2.raw")" "$(stat -c %s "$disk")"
        [ "$(blocks_of "$MACHINES/plate2.raw")" -le $(($(blocks_of "$disk") + 4096)) ] || fail "the holes are filled"
        e2fsck -fn "$MACHINES/plate2.raw" >/dev/null 2>&1 || fail "it is damaged"
        rm "$disk" "$MACHINES/plate2.raw"
}

test_without_room_nothing_is_left() {
        small_tree large
        file_system ext4 64M
        cp -a "$MACHINES/large" "$SCRATCH/fs/tree"
        head -c 40M /dev/urandom >"$SCRATCH/fs/tree/srv/filler"
        refused nbox clone --copy "$SCRATCH/fs/tree" twin
        has "$REFUSAL" "no room for the copy: it takes .*MiB, and its file system had .*MiB free"
        same "left" "$(ls "$SCRATCH/fs")" "lost+found
tree"
        nothing_begun "$SCRATCH/fs"
        truncate -s 100M "$SCRATCH/fs/disk.raw"
        head -c 9M /dev/urandom | dd of="$SCRATCH/fs/disk.raw" conv=notrunc status=none
        refused nbox clone "$SCRATCH/fs/disk.raw" twin
        has "$REFUSAL" "no room"
        nothing_begun "$SCRATCH/fs"
        no_file_system
        forget_image large
}

has_begun() { [ -n "$(find "$1" -maxdepth 2 -name '.#nbox-*.tmp' -exec ls {} +)" ]; }

test_an_interrupted_copy_leaves_nothing() {
        tree_with long
        slowly nbox clone --copy long long2
        wait_until 10 has_begun "$MACHINES"
        kill -INT "$SLOWLY"
        cut_short
        has "$(cat "$SCRATCH/slowly")" interrupted
        [ ! -e "$MACHINES/long2" ] || fail "it is there"
        nothing_begun
        slowly nbox clone --copy long long2
        wait_until 10 has_begun "$MACHINES"
        kill -KILL "$SLOWLY"
        cut_short
        [ ! -e "$MACHINES/long2" ] || fail "it is there"
        nbox gc
        nothing_begun
        forget_image long
}

test_a_name_that_is_taken_is_refused() {
        tree_with here
        tree_with there
        refused nbox clone --copy here there
        has "$REFUSAL" "there"
        refused nbox clone --copy here ../x
        refused nbox commit here there
        nothing_begun
        forget_image here there
}

# --- of what runs --------------------------------------------------------------------------------------------------

is_frozen() { grep -q 'frozen 1' "$(cgroup2_root)$(property "$1" ControlGroup)/cgroup.events"; }

test_a_machine_is_cloned_as_it_runs() {
        local n
        tree_with busy
        boot busy
        counting busy
        nbox clone busy plain 2>"$SCRATCH/said" >/dev/null
        has "$(cat "$SCRATCH/said")" "Copying what the machine 'busy' has written, while it stands still: .*iB"
        goes_on busy
        terminate busy
        # now on layers, of which only its own is copied
        nbox clone busy base 2>/dev/null >/dev/null
        boot busy
        counting busy
        for n in 1 2 3; do
                nbox clone busy "moment$n" 2>"$SCRATCH/said" >/dev/null
                goes_on busy
        done
        boot moment3
        same "runs" "$(nbox exec moment3 echo yes)" yes
        terminate moment3
        terminate busy
        for n in plain moment1 moment2 moment3; do
                show_tree "$n" "$SCRATCH/look"
                of_one_moment "$SCRATCH/look"
                umount "$SCRATCH/look"
        done
        wait_until 5 store_is_clean
        forget_image busy plain base moment1 moment2 moment3
}

test_a_debian_is_cloned_as_it_runs() {
        [ "$GUEST" != busybox ] || return 0
        nbox clone --copy "$GUEST" deb 2>/dev/null >/dev/null
        nbox clone deb deb1 2>/dev/null >/dev/null
        boot deb
        counting deb
        nbox clone deb deb2 2>/dev/null >/dev/null
        goes_on deb
        boot deb2
        wait_until 30 is_state deb2 running
        [ "$(nbox exec deb2 cat /etc/machine-id)" != "$(nbox exec deb cat /etc/machine-id)" ] || fail "both have the same id"
        same "host name" "$(nbox exec deb2 hostname)" deb2
        same "failed units" "$(nbox exec deb2 systemctl --failed --plain --no-legend)" ""
        terminate deb2
        terminate deb
        show_tree deb2 "$SCRATCH/look"
        of_one_moment "$SCRATCH/look"
        umount "$SCRATCH/look"
        forget_image deb deb1 deb2
}

# Whole trees, while they are written to: with reflinks in moments, of a subvolume at once.
test_a_whole_copy_of_what_runs() {
        local kind
        for kind in btrfs xfs subvolume; do
                file_system "${kind/subvolume/btrfs}" 512M
                if [ "$kind" = subvolume ]; then btrfs -q subvolume create "$SCRATCH/fs/tree"; else mkdir "$SCRATCH/fs/tree"; fi
                cp -a "$MACHINES/.busybox/." "$SCRATCH/fs/tree"
                boot "$SCRATCH/fs/tree"
                counting tree
                nbox clone --copy "$SCRATCH/fs/tree" twin >/dev/null 2>"$SCRATCH/said"
                if [ "$kind" = subvolume ]; then has_not "$(cat "$SCRATCH/said")" still; else has "$(cat "$SCRATCH/said")" "stands still"; fi
                goes_on tree
                of_one_moment "$SCRATCH/fs/twin"
                nbox commit tree image >/dev/null 2>&1
                goes_on tree
                terminate tree
                rm -rf "$SCRATCH/fs/image"
                no_file_system
        done
}

# Whoever froze it and dies: it goes on at once.
test_a_machine_does_not_stay_frozen() {
        local signal
        tree_with still
        boot still
        counting still
        for signal in KILL INT; do
                slowly nbox clone still still2
                wait_until 10 is_frozen still
                refused nbox clone still still3
                has "$REFUSAL" "held still already"
                kill -"$signal" "$SLOWLY"
                cut_short
                goes_on still
                [ ! -e "$MACHINES/still2" ] || fail "there is a clone"
        done
        nbox gc
        # one that is asked to end goes on, and the copy is thrown away
        slowly nbox clone still still2
        wait_until 10 is_frozen still
        nbox poweroff still
        wait_until 10 is_gone still
        cut_short
        has "$(cat "$SCRATCH/slowly")" "went on, or ended, before all of it was read"
        nbox gc
        wait_until 5 store_is_clean
        forget_image still
}

# Its supervisor dies while it is frozen: it ends, and nothing of it stays.
test_a_frozen_machine_ends_with_its_supervisor() {
        local signal group
        tree_with still
        for signal in KILL INT; do
                boot still
                counting still
                group=$(cgroup2_root)$(property still ControlGroup)
                slowly nbox clone still still2
                wait_until 10 is_frozen still
                kill -KILL "$(property still Supervisor)"
                if [ "$signal" = KILL ]; then kill -KILL "$SLOWLY"; fi
                cut_short
                [ ! -e "$MACHINES/still2" ] || fail "there is a clone"
                nbox gc
                wait_until 10 test ! -d "$group"
                same "left" "$(pgrep -f /zzz/n || true)" ""
        done
        boot still
        terminate still
        wait_until 5 store_is_clean
        forget_image still
}

# --- commit --------------------------------------------------------------------------------------------------------

test_an_ephemeral_machine_becomes_an_image() {
        tree_with base
        echo 0123456789abcdef0123456789abcdef >"$MACHINES/base/etc/machine-id"
        boot base --ephemeral --machine=try
        nbox exec try /bin/sh -c 'echo built >/etc/built; rm -r /etc/init.d'
        nbox commit try made 2>"$SCRATCH/said" >"$SCRATCH/path"
        same "path" "$(cat "$SCRATCH/path")" "$MACHINES/made"
        nbox exec try echo goes on
        terminate try
        show_tree made "$SCRATCH/look"
        same "what was built" "$(cat "$SCRATCH/look/etc/built")" built
        same "machine id" "$(cat "$SCRATCH/look/etc/machine-id")" ""
        [ ! -e "$SCRATCH/look/etc/init.d" ] || fail "what was removed is there"
        umount "$SCRATCH/look"
        show_tree base "$SCRATCH/look"
        [ ! -e "$SCRATCH/look/etc/built" ] || fail "the image that it ran on has changed"
        umount "$SCRATCH/look"
        boot made
        same "runs" "$(nbox exec made cat /etc/built)" built
        terminate made
        wait_until 5 store_is_clean
        forget_image base made
}

test_any_machine_becomes_an_image() {
        local before
        small_tree kept
        before=$(hash_of kept ./etc/machine-id)
        # stopped
        nbox commit kept image1 >/dev/null 2>&1
        same "stopped" "$(hash_of image1 ./etc/machine-id)" "$before"
        # running
        boot kept
        nbox exec kept /bin/sh -c 'echo new >/etc/new'
        nbox commit kept image2 >/dev/null 2>&1
        terminate kept
        same "running" "$(hash_of image2 ./etc/machine-id)" "$(hash_of kept ./etc/machine-id)"
        boot kept --volatile=overlay
        refused nbox commit kept image3
        has "$REFUSAL" "memory"
        terminate kept
        forget_image kept image1 image2
}
