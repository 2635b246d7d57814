# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Imports on a host with systemd: machinectl sees what nbox has imported, and what machinectl imports of the same file is the same.

. "$HOST_TOOLS/layers-words.sh"

hash_at() { "$HOST_TOOLS/tree-hash" "$MACHINES/$1"; }
is_image() { machinectl list-images --no-legend | awk '{ print $1 }' | grep -qx "$1"; }

# packed_tree NAME: as $SCRATCH/NAME.tar.gz. machinectl's tar takes no ACLs, and makes the device.
packed_tree() {
        rich_tree "$1"
        rm "$MACHINES/$1/srv/null"
        setfacl -R -b "$MACHINES/$1"
        tar --format=pax --xattrs --xattrs-include='*' --sparse -C "$MACHINES/$1" -czf "$SCRATCH/$1.tar.gz" .
        remove_tree "$1"
}

test_machinectl_sees_it_and_starts_it() {
        packed_tree okapi
        nbox import-tar "$SCRATCH/okapi.tar.gz" okapi
        is_image okapi || fail "machinectl does not list it"
        has "$(machinectl image-status okapi)" 'Type: (directory|subvolume)'
        nbox start okapi
        is_active nbox@okapi.service
        refused nbox import --force "$SCRATCH/okapi.tar.gz"
        has "$REFUSAL" "machine 'okapi'"
        nbox poweroff --wait okapi
        nbox import --force --read-only "$SCRATCH/okapi.tar.gz"
        has "$(machinectl image-status okapi)" 'RO: read-only'
        machinectl read-only okapi no
        machinectl remove okapi
        ! is_image okapi || fail "machinectl still lists it"
}

test_the_same_tree_as_machinectls() {
        packed_tree okapi
        timeout "$((60 * PATIENCE))" machinectl import-tar "$SCRATCH/okapi.tar.gz" theirs
        nbox import-tar "$SCRATCH/okapi.tar.gz" ours
        diff <("$HOST_TOOLS/tree-hash" -l "$MACHINES/theirs") <("$HOST_TOOLS/tree-hash" -l "$MACHINES/ours") >&2
        timeout "$((60 * PATIENCE))" machinectl import-fs "$MACHINES/ours" theirs2
        nbox import-fs "$MACHINES/ours" ours2
        same "directory" "$(hash_at ours2)" "$(hash_at ours)"
        machinectl remove theirs theirs2 ours ours2
}

# Out of here, and in by machinectl: the same, and from there the same bytes again.
test_machinectl_imports_what_was_exported() {
        rich_tree okapi
        rm "$MACHINES/okapi/srv/null"
        setfacl -R -b "$MACHINES/okapi"
        nbox export okapi "$SCRATCH/okapi.tar.gz"
        timeout "$((60 * PATIENCE))" machinectl import-tar "$SCRATCH/okapi.tar.gz" theirs
        diff <("$HOST_TOOLS/tree-hash" -l "$MACHINES/okapi") <("$HOST_TOOLS/tree-hash" -l "$MACHINES/theirs") >&2
        nbox export-tar theirs --format=gzip | cmp - "$SCRATCH/okapi.tar.gz"
        machinectl remove okapi theirs
}
