# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Clones: images that share the files of others.

STORE=$MACHINES/.#nbox

# layers: how many there are.
layers() { find "$STORE/layers" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }

# in_image NAME COMMAND...: in a machine of that image, with the image as it is.
in_image() {
        local name=$1
        shift
        nbox run --network=none "$name" "$@"
}

# tree_of NAME: a tree that has been a machine before.
tree_of() {
        tree_with "$1"
        mkdir -p "$MACHINES/$1/var/lib/dbus"
        echo "$1" >"$MACHINES/$1/etc/hostname"
        : >"$MACHINES/$1/etc/gone"
        echo 0123456789abcdef0123456789abcdef | tee "$MACHINES/$1/etc/machine-id" >"$MACHINES/$1/var/lib/dbus/machine-id"
}

# gone NAME...: removed, with all that they alone have stood on.
gone() {
        nbox remove --settings=remove "$@"
        nbox gc
        no_store
}

# Nothing is left in the store; then it goes, too, for the host is to be as before.
no_store() {
        same "layers that are left" "$(layers)" 0
        rm -r "${STORE:?}"
}

test_a_clone_begins_alike_and_goes_its_own_way() {
        local said id
        tree_of okapi
        same "path" "$(nbox clone okapi lemur 2>"$SCRATCH/said")" "$MACHINES/lemur"
        has "$(cat "$SCRATCH/said")" "nbox boot lemur"
        said=$(nbox images)
        has "$said" "okapi +layers +no .*busybox"
        has "$said" "lemur +layers +no .*busybox"

        in_image okapi sh -c 'echo from-okapi >/written; rm /etc/gone'
        in_image lemur sh -c 'echo from-lemur >/written; test -e /etc/gone'
        same "okapi's" "$(in_image okapi cat /written)" from-okapi
        same "lemur's" "$(in_image "$MACHINES/lemur" cat /written)" from-lemur
        same "okapi's host name" "$(in_image okapi cat /etc/hostname)" okapi
        same "lemur's host name" "$(in_image lemur cat /etc/hostname)" lemur
        same "okapi's id" "$(in_image okapi cat /etc/machine-id)" 0123456789abcdef0123456789abcdef
        id=$(in_image lemur cat /etc/machine-id)
        has "$id" '^[0-9a-f]{32}$'
        [ "$id" != 0123456789abcdef0123456789abcdef ] || fail "lemur has okapi's machine id"
        same "D-Bus's copy" "$(in_image lemur cat /var/lib/dbus/machine-id)" "$id"

        boot okapi
        boot lemur
        same "lemur's own" "$(nbox exec lemur cat /written)" from-lemur
        poweroff okapi
        poweroff lemur
        gone okapi lemur
}

# A clone of a clone, and what is removed in which order.
test_clones_outlive_one_another() {
        tree_of okapi
        nbox clone okapi first
        in_image first sh -c 'echo 1 >/first'
        nbox clone first second
        in_image second sh -c 'echo 2 >/second'
        nbox remove first
        nbox remove okapi
        nbox gc
        same "what is left" "$(in_image second cat /first /second /etc/hostname | paste -sd ' ')" "1 2 second"
        nbox clone second third
        nbox remove second
        same "third" "$(in_image third cat /first /second | paste -sd ' ')" "1 2"
        gone third
}

# 100 clones of a tree with a GiB in it cost less than 1 % of it, and its own stack grows by one.
test_a_hundred_clones() {
        local before after i
        tree_of okapi
        fallocate -l 1G "$MACHINES/okapi/large"
        before=$(du -s --block-size=1 "$MACHINES" | cut -f1)
        for i in $(seq 100); do
                nbox clone okapi "n$i" 2>"$SCRATCH/said" >&2 || fail "$(cat "$SCRATCH/said")"
        done
        after=$(du -s --block-size=1 "$MACHINES" | cut -f1)
        [ "$((after - before))" -lt $((1024 * 1024 * 1024 / 100)) ] || fail "100 clones take $((after - before)) bytes"
        same "layers" "$(layers)" 102
        same "images" "$(nbox images --json | jq '[.[] | select(.type == "layers")] | length')" 101
        same "the last" "$(in_image n100 sh -c 'cat /etc/hostname; stat -c %s /large' | paste -sd ' ')" "n100 1073741824"
        gone okapi $(seq -f n%g 100)
}

# Each finds the image as the one before has left it, whatever it makes of it.
test_several_at_once() {
        local i pids=()
        tree_of okapi
        for i in 1 2 3 4; do
                nbox clone okapi "at$i" >&2 2>"$SCRATCH/said$i" &
                pids+=($!)
                nbox snapshot okapi "s$i" >&2 2>"$SCRATCH/saids$i" &
                pids+=($!)
        done
        for i in 5 6; do
                nbox commit okapi "at$i" >&2 2>"$SCRATCH/said$i" &
                pids+=($!)
        done
        for i in 7 8; do
                nbox run --network=none --template=okapi "at$i" true >&2 2>"$SCRATCH/said$i" &
                pids+=($!)
        done
        for i in "${pids[@]}"; do
                wait "$i" || fail "$(cat "$SCRATCH"/said*)"
        done
        nbox gc
        same "layers" "$(layers)" 10
        same "snapshots" "$(nbox snapshot list -q okapi | sort | paste -sd ' ')" "s1 s2 s3 s4"
        has "$(nbox remove okapi 2>&1)" "'at1', 'at2' and 6 more stand on it"
        gone at1 at2 at3 at4 at5 at6 at7 at8
}

# Nothing can be made, and nothing is lost; and what one removes to have room again can be removed.
test_full_disk() {
        local args i=0
        cp -a "$MACHINES/.busybox" "$SCRATCH/busybox"
        mount -t tmpfs -o size=64m,nr_inodes=2000,mode=755 tmpfs "$MACHINES"
        cp -a "$SCRATCH/busybox" "$MACHINES/.busybox"
        tree_of okapi
        nbox clone okapi lemur
        nbox snapshot okapi before
        in_image okapi touch /new
        mkdir "$MACHINES/fill"
        while touch "$MACHINES/fill/$i" 2>/dev/null; do i=$((i + 1)); done
        for args in 'clone okapi other' 'clone --copy okapi other' 'snapshot okapi after' 'rollback okapi before' 'commit okapi other'; do
                # shellcheck disable=SC2086
                refused nbox $args
                has "$REFUSAL" "No space left on device"
        done
        i=$(layers)
        nbox remove --settings=remove lemur
        same "layers" "$(layers)" "$((i - 1))"
        rm -r "$MACHINES/fill"
        same "images" "$(ls "$MACHINES")" okapi
        in_image okapi test -e /new
        gone okapi
        umount "$MACHINES"
}

test_clone_refuses() {
        tree_of okapi
        tree_with lemur
        mkdir -p /run/machines/taken
        : >"$MACHINES/disk.raw"
        refused nbox clone okapi lemur
        has "$REFUSAL" "$MACHINES/lemur"
        refused nbox clone okapi taken
        has "$REFUSAL" /run/machines/taken
        refused nbox clone okapi disk
        has "$REFUSAL" disk.raw
        refused nbox clone okapi okapi
        refused nbox clone okapi a/b
        refused nbox clone okapi 'a b'
        refused nbox clone okapi $'a\nb'
        refused nbox clone okapi ..
        refused nbox clone okapi
        refused nbox clone nothing new
        refused nbox clone / new
        rmdir /run/machines/taken
        rm "$MACHINES/disk.raw"

        # Where others could exchange what is whose.
        mkdir -m 777 "$SCRATCH/open"
        cp -a "$MACHINES/lemur" "$SCRATCH/open/"
        refused nbox clone "$SCRATCH/open/lemur" new
        has "$REFUSAL" "others than root"
        # Where nothing can be stacked: what this host stands on is an overlay itself.
        mkdir -m 755 /var/stacked
        cp -a "$MACHINES/lemur" /var/stacked/
        refused nbox clone /var/stacked/lemur new
        has "$REFUSAL" "an overlay itself"
        has "$REFUSAL" "--copy"
        same "a whole copy" "$(nbox clone --copy /var/stacked/lemur new)" /var/stacked/new
        rm -rf --one-file-system /var/stacked
        # What is mounted in a tree cannot be of a layer.
        mount -t tmpfs tmpfs "$MACHINES/lemur/var"
        refused nbox clone lemur new
        has "$REFUSAL" "$MACHINES/lemur/var"
        umount "$MACHINES/lemur/var"
        no_store
        remove_tree okapi
        remove_tree lemur
}

# Nothing outside of the clone is written to, wherever its files lead.
test_an_identity_leads_nowhere() {
        local how
        for how in '' --copy; do
                tree_of okapi
                cp /etc/hostname "$SCRATCH/hosts"
                echo victim >"$MACHINES/victim"
                ln -sf ../../victim "$MACHINES/okapi/etc/hostname"
                ln -sf /etc/hostname "$MACHINES/okapi/etc/machine-id"
                rm "$MACHINES/okapi/var/lib/dbus/machine-id"
                mkfifo "$MACHINES/okapi/var/lib/dbus/machine-id"
                # shellcheck disable=SC2086
                timeout "$((10 * PATIENCE))" nbox clone $how okapi lemur
                same "beside it" "$(cat "$MACHINES/victim")" victim
                cmp /etc/hostname "$SCRATCH/hosts"
                # shellcheck disable=SC2086
                rm -r "$MACHINES/victim" && nbox remove lemur && nbox remove okapi && nbox gc
                mkdir "$SCRATCH/etc"
                cp /etc/machine-id "$SCRATCH/etc/" 2>/dev/null || echo none >"$SCRATCH/etc/machine-id"
                tree_of okapi
                rm -r "$MACHINES/okapi/var/lib/dbus"
                ln -s "$SCRATCH/etc" "$MACHINES/okapi/var/lib/dbus"
                # shellcheck disable=SC2086
                nbox clone $how okapi lemur
                [ ! -s /etc/machine-id ] || cmp /etc/machine-id "$SCRATCH/etc/machine-id"
                nbox remove lemur && nbox remove okapi && nbox gc
                rm -r "${SCRATCH:?}/etc"
        done
        no_store
}

test_a_copy_stands_alone() {
        tree_of okapi
        nbox clone okapi lemur
        in_image lemur sh -c 'echo x >/written; rm /etc/gone'
        nbox clone --copy lemur alone
        [ ! -L "$MACHINES/alone" ] || fail "it is a link"
        gone okapi lemur
        same "what was written" "$(cat "$MACHINES/alone/written")" x
        [ ! -e "$MACHINES/alone/etc/gone" ] || fail "what was removed is there"
        same "host name" "$(in_image alone cat /etc/hostname)" alone
        remove_tree alone
}

# An image that is not to be written to can be cloned; and goes on so.
test_a_model() {
        tree_of okapi
        nbox read-only okapi
        nbox clone okapi lemur
        has "$(nbox images)" "okapi +layers +yes"
        has "$(nbox images)" "lemur +layers +no"
        in_image lemur sh -c 'echo x >/written'
        nbox read-only okapi no
        in_image okapi sh -c 'echo x >/written'
        gone okapi lemur
}

# Files that were given to a machine's ids are the clone's likewise.
test_a_tree_of_other_ids() {
        local owner
        tree_of okapi
        nbox run --network=none --private-users-ownership=chown okapi true
        owner=$(stat -c %u "$MACHINES/okapi/etc")
        [ "$owner" != 0 ] || fail "the tree is root's still"
        nbox clone okapi lemur
        same "owner" "$(stat -L -c %u:%g "$MACHINES/lemur")" "$owner:$owner"
        same "inside" "$(in_image lemur sh -c 'echo x >/written; stat -c %u /written /etc /etc/hostname' | paste -sd ' ')" "0 0 0"
        same "okapi" "$(in_image okapi stat -c %u /etc /)" "$(printf '0\n0')"
        gone okapi lemur
}

# The layers lie where the tree lies.
test_a_tree_elsewhere() {
        mkdir -m 755 "$MACHINES/.elsewhere"
        tree_of okapi
        mv "$MACHINES/okapi" "$MACHINES/.elsewhere/"
        ln -s .elsewhere/okapi "$MACHINES/okapi"
        same "path" "$(nbox clone okapi lemur)" "$MACHINES/.elsewhere/lemur"
        same "by its path" "$(in_image "$MACHINES/.elsewhere/lemur" cat /etc/hostname)" lemur
        same "by the link" "$(in_image okapi cat /etc/hostname)" okapi
        rm -r "$MACHINES/.elsewhere" "$MACHINES/okapi"
}

# On btrfs a clone is a snapshot of a subvolume, which may be written to meanwhile.
test_subvolumes() {
        local disk=$SCRATCH/btrfs.img
        truncate -s 256M "$disk"
        mkfs.btrfs -q "$disk"
        mkdir -m 755 "$MACHINES/.btrfs"
        mount -o loop "$disk" "$MACHINES/.btrfs"
        btrfs -q subvolume create "$MACHINES/.btrfs/okapi"
        tree_of model
        cp -a "$MACHINES/model/." "$MACHINES/.btrfs/okapi/"
        boot "$MACHINES/.btrfs/okapi" --machine=okapi
        nbox clone "$MACHINES/.btrfs/okapi" lemur
        poweroff okapi
        same "subvolumes" "$(btrfs subvolume list "$MACHINES/.btrfs" | wc -l)" 2
        same "host name" "$(in_image "$MACHINES/.btrfs/lemur" cat /etc/hostname)" lemur
        umount "$MACHINES/.btrfs"
        rmdir "$MACHINES/.btrfs"
        remove_tree model
}

# Whoever is killed on the way leaves an image that is whole, and nothing that gc does not clear.
test_cut_short() {
        local n
        for n in 1 2 3; do
                tree_of okapi
                ! strace -qq -f -o /dev/null -e trace=symlinkat -e inject=symlinkat:signal=KILL:when="$n" nbox clone okapi lemur >"$SCRATCH/said" 2>&1 || break
                same "okapi" "$(in_image okapi cat /etc/hostname)" okapi
                [ ! -e "$MACHINES/lemur" ] || same "lemur" "$(in_image lemur cat /etc/hostname)" lemur
                nbox gc
                nbox clone okapi zebra
                [ ! -e "$MACHINES/lemur" ] || nbox remove lemur
                gone okapi zebra
        done
        gone okapi lemur
        [ "$n" -gt 1 ] || fail "nothing was cut short"
}
