# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Words about images on layers, for tests: what they are is seen without nbox, with the kernel's own overlayfs.

STORE=.#nbox

# layers_of LINK: the ids of all that an image or a snapshot stands on, the topmost first, from links and info files alone.
layers_of() {
        local id store=${2-$MACHINES/$STORE}
        id=$(readlink "$1" | grep -oE '[0-9a-f]{32}')
        while [ -n "$id" ]; do
                echo "$id"
                id=$(sed -n 's/^parent //p' "$store/layers/$id/info")
        done
}

# show_tree NAME DIRECTORY: mounts an image's tree there to look at, as whoever boots it would have it; umount does for all.
show_tree() {
        local id lower='' n=0
        mkdir -p "$2"
        if [ ! -L "$MACHINES/$1" ]; then
                mount --bind "$MACHINES/$1" "$2"
                return
        fi
        for id in $(layers_of "$MACHINES/$1"); do
                lower+=:$MACHINES/$STORE/layers/$id/tree
                n=$((n + 1))
        done
        if [ "$n" = 1 ]; then mount --bind "${lower#:}" "$2"; else mount -t overlay -o "ro,redirect_dir=on,lowerdir=${lower#:}" overlay "$2"; fi
}

# hash_of NAME [WITHOUT...]: of an image's tree (tree-hash).
hash_of() {
        local at=$SCRATCH/look rc=0
        show_tree "$1" "$at"
        "$HOST_TOOLS/tree-hash" "$at" "${@:2}" || rc=$?
        umount "$at"
        return "$rc"
}

# lines_of NAME: what the hash is made of, for diff(1) when it is not what it should be.
lines_of() {
        local at=$SCRATCH/look
        show_tree "$1" "$at"
        "$HOST_TOOLS/tree-hash" -l "$at"
        umount "$at"
}

# store_is_clean [DIRECTORY]: nothing is in a store that nobody refers to: each layer belongs to what some image or snapshot stands on.
store_is_clean() {
        local machines=${1-$MACHINES} link wanted='' have
        [ -d "$machines/$STORE" ] || return 0
        for link in "$machines"/* "$machines/$STORE/snapshots"/*/*; do
                if [ -L "$link" ]; then wanted+=$(layers_of "$link" "$machines/$STORE")$'\n'; fi
        done
        have=$(ls "$machines/$STORE/layers" | sort)
        wanted=$(sort -u <<<"$wanted" | sed '/^$/d')
        if [ "$have" != "$wanted" ]; then
                echo "layers that there are, and those that are wanted:"
                diff <(echo "$have") <(echo "$wanted")
                return 1
        fi
        [ -z "$(ls -A "$machines/$STORE/trash" 2>/dev/null)" ] || { echo "there is trash" && return 1; }
        have=$(find "$machines/$STORE" -mindepth 1 -maxdepth 1 ! -name lock ! -name layers ! -name snapshots ! -name trash)
        [ -z "$have" ] || { echo "in the store is $have" && return 1; }
}

# forget_image NAME...: image, its snapshots and its layers, by hand.
forget_image() {
        local name
        for name in "$@"; do
                rm -rf --one-file-system "${MACHINES:?}/$name" "$MACHINES/$STORE/snapshots/$name"
        done
        nbox gc
        # the last one takes the store along
        if [ -d "$MACHINES/$STORE" ] && [ -z "$(ls "$MACHINES/$STORE/layers")" ]; then rm -rf "${MACHINES:?}/$STORE"; fi
}

# rich_tree NAME: a small tree that boots, with one of all that a file can be.
rich_tree() {
        local t=$MACHINES/$1
        tree_with "$1"
        echo 0123456789abcdef0123456789abcdef >"$t/etc/machine-id"
        mkdir -p "$t/usr/lib/deep/er" "$t/usr/lib/whole" "$t/srv/shared"
        for n in 1 2 3 4 5; do echo "file $n" >"$t/usr/lib/deep/er/$n" && echo "$n" >"$t/usr/lib/whole/$n"; done
        echo program >"$t/usr/lib/program"
        chmod 4755 "$t/usr/lib/program"
        echo pings >"$t/usr/lib/capable"
        setcap cap_net_raw+ep "$t/usr/lib/capable"
        ln "$t/usr/lib/program" "$t/usr/lib/hard-link"
        ln -s ../nowhere "$t/usr/lib/dangling"
        echo of-alice >"$t/srv/shared/of-alice"
        chown 1000:1000 "$t/srv/shared/of-alice"
        setfacl -m u:1001:rw,g:1002:r "$t/srv/shared/of-alice"
        setfacl -d -m u:1001:rwx "$t/srv/shared"
        setfattr -n user.nbox -v kept "$t/srv/shared/of-alice"
        setfattr -n user.nbox -v kept "$t/srv/shared"
        mknod "$t/srv/null" c 1 3
        mkfifo "$t/srv/pipe"
        truncate -s 16M "$t/srv/sparse"
        echo data | dd of="$t/srv/sparse" bs=1 seek=9000000 conv=notrunc status=none
        touch "$t/srv/"$'new\nline' "$t/srv/"$'\033[31mred' "$t/srv/"$'\377'
        touch -d '2001-02-03 04:05:06.789' "$t/usr/lib/deep" "$t/usr/lib/program" "$t/srv" "$t/etc" "$t"
}
