# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Images of OCI's, made on the spot by the tools that everybody has, without a network. They are made once for all tests of a job, in a store of
# the tools' own beside it; what a tool makes of an image itself is unpacked or mounted from what it wrote, not from what it had.

. "$HOST_TOOLS/layers-words.sh"

IMAGES=$(readlink -m "$HOST_TOOLS/../../oci-images")
export CONTAINERS_STORAGE_CONF=$IMAGES/storage.conf
unset STORAGE_DRIVER

# tools_storage NAME: one that is empty.
tools_storage() {
        mkdir -p "$IMAGES"
        printf '[storage]\ndriver = "overlay"\nrunroot = "%s/%s.run"\ngraphroot = "%s/%s"\n' "$IMAGES" "$1" "$IMAGES" "$1" >"$IMAGES/storage.conf"
}

quiet() { "$@" >"$IMAGES/said" 2>&1 || fail "$*: $(tail -n 3 "$IMAGES/said")"; }

# What a tree has that could be lost on the way.
furnish_base() {
        cp -a "$MACHINES/.busybox/." "$1/"
        mkdir -p "$1/srv/keep" "$1/srv/goes/deep/er" "$1/srv/opaque/old" "$1/srv/changed" "$1/srv/becomes-file/x" "$1/srv/becomes-link" "$1/opt/real" "$1/data"
        echo one >"$1/srv/keep/one"
        echo goes >"$1/srv/goes/deep/er/file"
        echo old >"$1/srv/opaque/old/file"
        echo old >"$1/srv/opaque/other"
        echo was >"$1/srv/becomes-directory"
        ln -s ../opt/real "$1/srv/link-becomes-directory"
        echo real >"$1/opt/real/file"
        echo linked >"$1/srv/linked"
        echo removed >"$1/srv/removed"
        echo comes-back >"$1/srv/comes-back"
        echo private >"$1/srv/keep/private"
        chown 1000:1001 "$1/srv/keep" "$1/srv/keep/private"
        chmod 0750 "$1/srv/keep"
        chmod 4711 "$1/srv/keep/private"
        cp "$1/bin/busybox" "$1/srv/keep/capable"
        setcap cap_net_raw+ep "$1/srv/keep/capable"
        setfattr -n user.color -v blue "$1/srv/keep/one"
        ln "$1/srv/keep/one" "$1/srv/keep/two"
        mkfifo -m 0622 "$1/srv/keep/fifo"
        truncate -s 1M "$1/srv/keep/sparse"
        echo x >"$1/srv/keep/ümlaut"
        ln -s "$(printf 'a/%.0s' {1..90})end" "$1/srv/keep/$(printf 'n%.0s' {1..140})"
}

furnish_second() {
        echo changed >"$1/srv/keep/one"
        rm -r "$1/srv/goes/deep" "$1/srv/removed" "$1/srv/comes-back"
        rm -r "$1/srv/becomes-file" && echo file >"$1/srv/becomes-file"
        rm -r "$1/srv/becomes-link" && ln -s keep "$1/srv/becomes-link"
        rm "$1/srv/becomes-directory" && mkdir "$1/srv/becomes-directory" && echo in >"$1/srv/becomes-directory/in"
        rm "$1/srv/link-becomes-directory" && mkdir "$1/srv/link-becomes-directory" && echo new >"$1/srv/link-becomes-directory/new"
        ln "$1/srv/linked" "$1/srv/another-name"
        chmod 0711 "$1/srv/changed"
        chown 7:8 "$1/srv/changed"
        cp "$1/bin/busybox" "$1/srv/capable-too"
        setcap cap_sys_time+ep "$1/srv/capable-too"
        setfattr -n user.color -v green "$1/srv/keep/two"
}

furnish_third() {
        rm -r "$1/srv/opaque" && mkdir "$1/srv/opaque" && echo new >"$1/srv/opaque/new"
        echo back >"$1/srv/comes-back"
        rm "$1/srv/capable-too" "$1/srv/another-name"
        rm -r "$1/srv/goes"
}

# layer FROM FURNISH TAG [OPTION...]: an image with one layer more.
layer() {
        local container mount from=$1 furnish=$2 tag=$3
        shift 3
        container=$(buildah from -q "$from")
        mount=$(buildah mount "$container")
        "$furnish" "$mount"
        [ $# = 0 ] || quiet buildah config "$@" "$container"
        quiet buildah umount "$container"
        quiet buildah commit -q "$container" "localhost/$tag"
        quiet buildah rm "$container"
}

furnish_other() { echo other >"$1/srv/other"; }

# Three layers, and another image that shares two of them.
make_images() {
        [ ! -e "$IMAGES/made" ] || return 0
        rm -rf "$IMAGES"
        tools_storage made-by
        layer scratch furnish_base base:1 --cmd '["/bin/sh","-c","echo ran"]' --env KIND=test --volume /data --workingdir /srv
        layer localhost/base:1 furnish_second two:1
        layer localhost/two:1 furnish_third three:1
        layer localhost/two:1 furnish_other other:1
        quiet buildah push localhost/three:1 "oci:$IMAGES/layout:three"
        quiet buildah push localhost/three:1 "oci-archive:$IMAGES/three.oci.tar:three"
        quiet buildah push localhost/three:1 "docker-archive:$IMAGES/three.docker.tar:localhost/three:1"
        quiet podman save -q -o "$IMAGES/saved.tar" localhost/three:1
        quiet buildah push localhost/three:1 "oci:$IMAGES/several:three"
        quiet buildah push localhost/other:1 "oci:$IMAGES/several:other"
        quiet skopeo copy --dest-compress-format zstd "oci:$IMAGES/layout:three" "oci:$IMAGES/zstd:three"
        quiet skopeo copy --dest-decompress "oci:$IMAGES/layout:three" "oci:$IMAGES/plain:three"
        quiet buildah rmi --all --force
        rm -rf "$IMAGES/made-by" "$IMAGES/made-by.run" /dev/shm/libpod_lock
        touch "$IMAGES/made"
}

# lines_in DIRECTORY: all that a tree is, but for what no layer says of its top directory. A file that has lost its other name to a whiteout is
# still said to have two by overlayfs.
lines_in() {
        "$HOST_TOOLS/tree-hash" -l "$1" | sed '/^\. d /d' | awk '
                /^one file / { if (name != $3) { if (n > 1) printf "%s", lines; lines = ""; n = 0 } name = $3; n++; lines = lines $0 "\n"; next }
                { if (n > 1) printf "%s", lines; n = 0; lines = ""; name = ""; print }'
}

# same_tree IMAGE DIRECTORY: an image of nbox's, as the kernel mounts its layers, and what a tool has made.
same_tree() {
        show_tree "$1" "$SCRATCH/view"
        lines_in "$SCRATCH/view" >"$SCRATCH/ours"
        lines_in "$2" >"$SCRATCH/theirs"
        umount "$SCRATCH/view"
        [ "$(wc -l <"$SCRATCH/theirs")" -gt 50 ] || fail "$2 has no tree"
        diff "$SCRATCH/theirs" "$SCRATCH/ours" >"$SCRATCH/diff" || fail "$1 is not what is in $2: $(head -n 20 "$SCRATCH/diff")"
}

# tool_mount TRANSPORT:PATH: where podman mounts it, from a store in which is nothing else; tool_unmount takes it away again.
tool_mount() {
        tools_storage mounted
        podman image mount "$(podman pull -q "$1")"
}

tool_unmount() {
        quiet podman image umount --all --force
        quiet podman rmi --all --force
        umount -q "$IMAGES/mounted/overlay" || [ ! -d "$IMAGES/mounted/overlay" ] || ! mountpoint -q "$IMAGES/mounted/overlay"
        rm -rf "$IMAGES/mounted" "$IMAGES/mounted.run" /dev/shm/libpod_lock
}

layers_of_store() { { [ ! -d "$MACHINES/$STORE" ] || find "$MACHINES/$STORE/layers" -mindepth 1 -maxdepth 1; } | wc -l; }
