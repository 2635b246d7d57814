# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Images whose trees are mounted on the host to look into them, with no machine meanwhile.

# A place that only root gets to, as $MACHINES is.
mount_place() {
        mkdir -m 700 "$SCRATCH/closed"
        mkdir "$SCRATCH/closed/at"
        AT=$(readlink -f "$SCRATCH/closed/at")
}

listed() { nbox mount list --json | jq -r '[.[] | "\(.image) \(.directory) \(.read_only)"] | join("; ")'; }
is_free() { [ "$(listed)" = '' ]; }
flags_of() { findmnt -no OPTIONS "$1"; }

# disk_of NAME: a bare file system with a small tree.
disk_of() {
        truncate -s 48M "$MACHINES/$1.raw"
        mkfs.ext4 -q -F -d "$MACHINES/.busybox" "$MACHINES/$1.raw"
}

# taken NAME COMMAND...: refused, with the mount point and how to end it.
taken() {
        local name=$1
        shift
        refused "$@"
        has "$REFUSAL" "image .*$name.* is mounted on $AT"
        has "$REFUSAL" "nbox umount $AT"
}

# An image of each kind that is written to is nobody else's meanwhile, and everybody's afterwards, however it was unmounted.
mounted_and_claimed() {
        local name=$1
        nbox mount "$name" "$AT"
        same 'list' "$(listed)" "$name $AT false"
        has "$(nbox mount --list)" "^$name +$AT +rw "
        has "$(flags_of "$AT")" 'nosuid,nodev'
        echo "by hand" >"$AT/etc/by-hand"
        taken "$name" nbox boot -d "$name"
        taken "$name" nbox remove "$name"
        taken "$name" nbox rename "$name" other
        taken "$name" nbox mount --read-only "$name" "$AT"
        nbox umount "$name"
        same 'unmounted' "$(ls "$AT")" ''
        same 'list' "$(listed)" ''
        nbox mount --read-only "$name" "$AT"
        same 'what was written' "$(cat "$AT/etc/by-hand")" 'by hand'
        status_is 1 touch "$AT/etc/x" 2>/dev/null
        taken "$name" nbox boot -d "$name"
        umount -R "$AT" # by whom nbox does not hear
        wait_until 10 is_free
        boot "$name"
        same 'inside' "$(nbox exec "$name" /bin/busybox cat /etc/by-hand)" 'by hand'
        refused nbox mount "$name" "$AT"
        has "$REFUSAL" "in use by the machine '$name'.*"
        has "$REFUSAL" "nbox copy-from $name"
        terminate "$name"
}

test_a_directory() {
        mount_place
        tree_with web
        mounted_and_claimed web
        remove_tree web
}

test_a_disk_image() {
        mount_place
        disk_of disk
        mounted_and_claimed disk
        wait_until 10 nbox remove disk
}

test_an_image_on_layers() {
        mount_place
        tree_with web
        nbox snapshot web good
        echo there >"$SCRATCH/file"
        mounted_and_claimed web
        nbox mount web "$AT"
        taken web nbox snapshot web again
        taken web nbox rollback web good
        umount "$AT"
        has "$(nbox diff web good)" '/etc/by-hand'
        nbox remove web
        remove_store
}

# As they are on disk, whatever a machine makes of them.
test_owners() {
        mount_place
        tree_with web
        chown 5:6 "$MACHINES/web/etc"
        nbox mount web "$AT"
        same 'owner' "$(stat -c %u:%g "$AT/etc")" 5:6
        refused nbox umount "$MACHINES/.busybox"
        refused nbox umount "$SCRATCH"
        nbox umount "$AT/"
        refused nbox umount "$AT"
        refused nbox umount web
        remove_tree web
}

is_at() { [ "$(readlink "/proc/$1/cwd")" = "$2" ]; }

test_read_only_in_two_places() {
        mount_place
        mkdir "$SCRATCH/closed/two"
        tree_with web
        nbox mount -r web "$AT"
        nbox mount -r web "$SCRATCH/closed/two"
        same 'list' "$(nbox mount list --json | jq length)" 2
        nbox export web "$SCRATCH/web.tar"
        (cd "$AT" && exec sleep 100) &
        wait_until 10 is_at $! "$AT"
        refused nbox umount web
        has "$REFUSAL" 'fuser'
        kill $!
        wait $! || true
        nbox umount web
        is_free
        remove_tree web
}

# Not where users get at what they could not reach.
test_who_could_not_reach_it() {
        mount_place
        chmod 700 "$MACHINES"
        tree_with web
        mkdir /srv/open
        refused nbox mount web /srv/open
        has "$REFUSAL" 'Users of this host can reach /srv/open'
        nbox mount --open web /srv/open
        nbox umount /srv/open
        rmdir /srv/open
        chmod 755 "$MACHINES"
        remove_tree web
}

test_no_mount() {
        mount_place
        tree_with web
        refused nbox mount web "$SCRATCH/absent"
        has "$REFUSAL" 'mkdir'
        refused nbox mount absent "$AT"
        refused nbox mount web
        refused nbox mount --list web
        refused unshare -m nbox mount web "$AT"
        has "$REFUSAL" 'another mount namespace'
        same 'list' "$(nbox mount list)" 'No images are mounted.'
        remove_tree web
}
