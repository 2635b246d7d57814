# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Images of OCI's and docker-archives, made by buildah, podman, skopeo and umoci, become images on layers: with the tree that these tools
# make of them, and layers that are shared. Then those that somebody has made up, which are refused by name.

. "$HOST_TOOLS/oci-words.sh"

nothing_left() {
        wait_until 10 store_is_clean
        [ -z "$(find "$MACHINES" -maxdepth 1 -name '.#*' ! -name '.#nbox')" ] || fail "left: $(ls -A "$MACHINES")"
        [ -z "$(find "$MACHINES" -maxdepth 1 -name '*.nspawn')" ] || fail "settings are left"
}

gone() {
        nbox remove "$@"
        nbox gc
        nothing_left
        same "layers that are left" "$(layers_of_store)" 0
        rm -rf "${MACHINES:?}/$STORE"
}

test_as_podman_mounts_it() {
        make_images
        nbox import "$IMAGES/layout" podmans
        same "layers" "$(layers_of "$MACHINES/podmans" | wc -l)" 4
        same_tree podmans "$(tool_mount "oci:$IMAGES/layout:three")"
        tool_unmount
        gone podmans
}

test_as_umoci_unpacks_it() {
        make_images
        nbox import "$IMAGES/layout" umocis
        umoci unpack --image "$IMAGES/layout:three" "$SCRATCH/bundle"
        same_tree umocis "$SCRATCH/bundle/rootfs"
        gone umocis
}

# The same image in each other form, by file and by stdin.
test_archives() {
        local archive
        make_images
        for archive in three.oci.tar three.docker.tar saved.tar; do
                nbox import "$IMAGES/$archive" one
                nbox import - two <"$IMAGES/$archive"
                same_tree one "$(tool_mount "$([ "$archive" = three.oci.tar ] && echo oci || echo docker)-archive:$IMAGES/$archive")"
                tool_unmount
                same "the layers of two" "$(layers_of "$MACHINES/two" | tail -n 3)" "$(layers_of "$MACHINES/one" | tail -n 3)"
                gone one two
        done
}

# Each gives the same tree; what stands on the same blobs, the same layers.
test_compressions() {
        make_images
        nbox import "$IMAGES/layout" gzip
        nbox import "$IMAGES/zstd" zstd
        nbox import "$IMAGES/plain" plain
        nbox import "$IMAGES/saved.tar" docker
        for image in zstd plain docker; do
                same "$image" "$(hash_of "$image" .)" "$(hash_of gzip .)"
        done
        same "layers" "$(layers_of_store)" $((3 * 3 + 4))
        gone gzip zstd plain docker
}

test_layers_are_shared() {
        local before
        make_images
        nbox import "$IMAGES/layout" first
        before=$(du -s "$MACHINES/.#nbox" | cut -f 1)
        nbox import "$IMAGES/several" --reference=other second
        nbox import "$IMAGES/layout" third
        same "layers" "$(layers_of_store)" 7
        same "what is beneath" "$(layers_of "$MACHINES/second" | tail -n 2)" "$(layers_of "$MACHINES/first" | tail -n 2)"
        [ $(($(du -s "$MACHINES/.#nbox" | cut -f 1) - before)) -lt 200 ] || fail "it takes $(du -s "$MACHINES/.#nbox" | cut -f 1) KiB, and was $before"
        nbox run --network=none second sh -c 'echo second >/srv/keep/one; cat /srv/other; rm -r /srv/linked'
        same "first" "$(nbox run --network=none first cat /srv/keep/one /srv/linked)" "changed
linked"
        nbox remove first
        nbox gc
        same "second" "$(nbox run --network=none second cat /srv/keep/one /srv/other)" "second
other"
        same "third" "$(nbox run --network=none third cat /srv/opaque/new)" new
        boot third
        nbox exec third ls /srv/opaque
        nbox poweroff --wait third
        gone second third
}

test_settings_of_the_config() {
        make_images
        nbox import "$IMAGES/layout" configured
        has "$(cat "$MACHINES/configured.nspawn")" 'echo ran'
        same "what it runs" "$(nbox run --network=none configured)" ran
        same "its variables" "$(nbox run --network=none configured sh -c 'echo $KIND; pwd; ls -d /data')" "test
/srv
/data"
        gone configured
}

test_several_images() {
        make_images
        refused nbox import "$IMAGES/several" several
        has "$REFUSAL" 'several images'
        has "$REFUSAL" '--reference=: .*three'
        has "$REFUSAL" 'other'
        refused nbox import "$IMAGES/several" --reference=fourth several
        has "$REFUSAL" "no image 'fourth'"
        nbox import "$IMAGES/several" --reference=other several
        same "which" "$(nbox run --network=none several cat /srv/other)" other
        gone several
}

# What others than root can write to is copied before it is verified; what root has is not.
test_of_a_user() {
        make_images
        cp -a "$IMAGES/layout" "$SCRATCH/layout"
        chown -R 1000:1000 "$SCRATCH/layout"
        nbox import "$SCRATCH/layout" users
        nbox import "$IMAGES/layout" roots
        same "the tree" "$(hash_of users)" "$(hash_of roots)"
        gone users roots
}

test_in_place_of_another() {
        make_images
        nbox import --read-only "$IMAGES/layout" image
        refused nbox import "$IMAGES/several" --reference=other image
        has "$REFUSAL" --force
        refused nbox run --network=none image sh -c 'echo x >/srv/new'
        echo '# mine' >>"$MACHINES/image.nspawn"
        nbox import --force "$IMAGES/several" --reference=other image
        same "which" "$(nbox run --network=none image sh -c 'echo x >/srv/new; cat /srv/other')" other
        has "$(cat "$MACHINES/image.nspawn")" '# mine'
        nbox gc
        same "layers" "$(layers_of_store)" 4
        gone image
}

# Two at once each make what they need; whoever comes later shares it.
test_at_once() {
        make_images
        nbox import "$IMAGES/layout" one &
        nbox import "$IMAGES/layout" two
        wait $!
        nbox import "$IMAGES/layout" three
        for image in two three; do same "$image" "$(hash_of "$image" .)" "$(hash_of one .)"; done
        gone one two three
}

swept() { nbox gc && store_is_clean; }

# ended_by SIGNAL HUNDREDTHS HASH: an import that is ended so is there as a whole, or not at all.
ended_by() {
        local got=0
        timeout -s "$1" "0.$2" nbox import "$IMAGES/layout" ended >/dev/null 2>&1 </dev/null || got=$?
        case $got in 0 | 124 | 137) ;; *) fail "exit status $got" ;; esac
        # the process that reads archives may outlive the other one by a moment, in which it holds what that one held
        [ "$1" = INT ] || wait_until 5 swept
        if [ -e "$MACHINES/ended" ]; then
                same "the tree" "$(hash_of ended .)" "$3"
                [ -e "$MACHINES/ended.nspawn" ] || fail "it has no settings"
                nbox remove ended
                nbox gc
        fi
        nothing_left
        same "layers after $1 at 0.$2 s" "$(layers_of_store)" 0
}

test_ended_early() {
        local signal hundredths hash
        make_images
        nbox import "$IMAGES/layout" whole
        hash=$(hash_of whole .)
        gone whole
        for signal in INT KILL; do
                for hundredths in 02 05 08 12 20; do
                        ended_by "$signal" "$hundredths" "$hash"
                done
        done
        rm -rf "${MACHINES:?}/$STORE"
}

# What images on layers can do, these can.
test_as_other_images() {
        make_images
        nbox import "$IMAGES/layout" first
        nbox clone first second
        nbox snapshot first before
        nbox run --network=none first sh -c 'rm -r /srv/keep; echo new >/srv/new'
        has "$(nbox diff first before)" '/srv/new'
        nbox rollback first before
        same "what was removed" "$(nbox run --network=none first cat /srv/keep/one)" changed
        same "the clone" "$(nbox run --network=none second cat /srv/keep/one)" changed
        nbox clone --copy second whole
        same_tree whole "$(show_tree second "$SCRATCH/second" && echo "$SCRATCH/second")"
        umount "$SCRATCH/second"
        nbox snapshot remove first before
        gone first second whole
}

# Another maker of layers: no opaque directories, but a whiteout for each name.
test_made_by_umoci() {
        local image=$SCRATCH/umoci
        umoci init --layout "$image"
        umoci new --image "$image:made"
        umoci unpack --image "$image:made" "$SCRATCH/bundle" >/dev/null
        for step in furnish_base furnish_second furnish_third; do
                "$step" "$SCRATCH/bundle/rootfs"
                umoci repack --refresh-bundle --image "$image:made" "$SCRATCH/bundle"
        done
        umoci config --image "$image:made" --config.cmd /bin/true
        umoci unpack --image "$image:made" "$SCRATCH/again"
        nbox import "$image" made
        same "layers" "$(layers_of "$MACHINES/made" | wc -l)" 4
        same_tree made "$SCRATCH/again/rootfs"
        nbox run --network=none made
        gone made
}

# --- made up --------------------------------------------------------------------------------------------------------

# One layer may say things in any order, and leave out the directories that it changes something in.
test_layers_of_ones_own() {
        "$HOST_TOOLS/oci-make" "$SCRATCH/made" layers
        nbox import "$SCRATCH/made" made
        show_tree made "$SCRATCH/view"
        (
                cd "$SCRATCH/view" || exit
                same "a whiteout before what comes in its place" "$(cat before)" new
                same "a whiteout after it" "$(cat after)" new
                same "an opaque directory, said last" "$(ls -A opaque)" "deep
new"
                same "what is deeper in it, with a whiteout" "$(ls -A opaque/deep)" new
                same "a directory that was whited out, and is there" "$(ls -A again)" new
                same "a directory that became a file, with whiteouts of what was in it" "$(cat gone)" "a file"
                [ ! -e nowhere ] || fail "a whiteout of nothing has made a directory"
                same "a directory that is not listed" "$(stat -c '%a %u %g' kept)" "750 3 4"
                same "what is in it" "$(cd kept && echo *)" "new old"
                same "a link to a file below" "$(stat -c %h link):$(cat link)" "2:target"
                same "a whiteout of nothing" "$(ls -A nothing)" ""
                same "a file in what was a link" "$(cat linked/file):$(ls real)" "in:was"
        )
        umount "$SCRATCH/view"
        gone made
}

# import_made KIND: under that name.
import_made() {
        "$HOST_TOOLS/oci-make" "$SCRATCH/$1" "$1"
        nbox import "$SCRATCH/$1" "$1"
}

test_for_other_machines() {
        import_made platforms
        show_tree platforms "$SCRATCH/view"
        has "$(cat "$SCRATCH/view/which")" '^2 '
        umount "$SCRATCH/view"
        "$HOST_TOOLS/oci-make" "$SCRATCH/strange" own-name
        has "$(nbox import "$SCRATCH/strange" strange 2>&1)" 'pdp11'
        gone platforms strange
}

test_many_layers() {
        import_made tall
        same "layers" "$(layers_of "$MACHINES/tall" | wc -l)" 128
        mkdir "$SCRATCH/view"
        nbox dissect --mount tall "$SCRATCH/view"
        same "the last" "$(cat "$SCRATCH/view/last")" 126
        same "files" "$(ls "$SCRATCH/view" | wc -l)" 128
        nbox dissect --umount "$SCRATCH/view"
        gone tall
}

test_empty_layers() {
        import_made empty
        show_tree empty "$SCRATCH/view"
        same "files" "$(cd "$SCRATCH/view" && echo *)" "file second"
        umount "$SCRATCH/view"
        gone empty
}

test_made_up() {
        local kind what
        while read -r kind what; do
                rm -rf "$SCRATCH/made"
                "$HOST_TOOLS/oci-make" "$SCRATCH/made" "$kind"
                refused nbox import "$SCRATCH/made" made
                has "$REFUSAL" "$what" || fail "$kind: $REFUSAL"
                [ ! -e "$MACHINES/made" ] || fail "$kind: it is there"
                nothing_left
                same "layers after $kind" "$(layers_of_store)" 0
        done <<'END'
wrong-layer has the digest
wrong-digest has the digest
wrong-size bytes, not
wrong-diff-id diff id
few-diff-ids its config is for
missing-blob No such file
path-in-digest no digest
upper-case-digest no digest
sha512 sha512
cyclic-index has the digest|deep
deep-index deep
many-manifests more than
link-for-a-blob leads somewhere else
fifo-for-a-blob not a regular file
two-faces not what it is named as
foreign only be had
unknown-type not known
artifact not an image
no-layers no layers
many-layers not stacked
other-architecture linux/
other-system linux/
deep-json JSON
huge-index too large
duplicate-member JSON
not-json JSON
cut-layer layer 1
layer-of-text layer 1
version-2 version
docker-climbs leads somewhere else
docker-absolute leads somewhere else
docker-no-config No such file
docker-link-out leads somewhere else
old-schema schema
END
        rm -rf "${MACHINES:?}/$STORE"
}
