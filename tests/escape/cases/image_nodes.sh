# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# An image's author makes nodes as root of another machine; nobody inside need make any.
WHAT='devices of the host by nodes that an image has: in its tree, in layers below, on ext4, squashfs and erofs, in a home partition'
RIVALS=
NAMES="$NAME-1 $NAME-2 $NAME-3 $NAME-4 $NAME-5 $NAME-6"
HOME_TYPE=933AC7E1-2EB4-4F13-B844-0E14E2AEF915

setup() {
        local at=$TREE/nodes
        mkdir -p "$at" "$TREE/home"
        mknod -m 666 "$at/mem" c 1 1
        mknod -m 666 "$at/kmsg" c 1 11
        mknod -m 666 "$at/loop-control" c 10 237
        mknod -m 666 "$at/fuse" c 10 229
        mknod -m 666 "$at/loop7" b 7 7
        mknod -m 666 "$at/null" c 1 3 # which /dev has: nodev is what holds
}

attack() {
        for node in /nodes/* /home/*; do
                [ -e "$node" ] && [ ! -d "$node" ] && (: <"$node") && echo "$node works"
        done
        ls /nodes /home
        echo has run
} 2>/dev/null

# What another partition of it is mounted as.
gpt_of() {
        local raw=$MACHINES/$NAME-6.raw part=$SCRATCH/part.img at
        truncate -s 80M "$raw"
        printf '%s\n' 'label: gpt' 'size=40M, type=linux' "size=32M, type=$HOME_TYPE" | sfdisk -q "$raw"
        disk_of "$part" "$TREE"
        at=$(sfdisk -J "$raw" | jq '.partitiontable.partitions[0].start')
        dd if="$part" of="$raw" bs=512 seek="$at" conv=notrunc,sparse status=none
        disk_of "$part" "$TREE/nodes"
        at=$(sfdisk -J "$raw" | jq '.partitiontable.partitions[1].start')
        dd if="$part" of="$raw" bs=512 seek="$at" conv=notrunc,sparse status=none
        rm "$part"
}

play() {
        local image found='' ran=0
        gpt_of
        disk_of "$MACHINES/$NAME-3.raw" "$TREE"
        mksquashfs "$TREE" "$MACHINES/$NAME-4.raw" -quiet -no-progress >/dev/null
        mkfs.erofs "$MACHINES/$NAME-5.raw" "$TREE" >/dev/null 2>&1
        for image in "$NAME" "-x $NAME" "$NAME-1" "--read-only $NAME-1" "-x $NAME-1" "--volatile=overlay $NAME-1" "$NAME-2" "$NAME-3" \
                "-x $NAME-3" "--read-only $NAME-4" "-x $NAME-5" "$NAME-6"; do
                case $image in
                "$NAME-1") nbox clone "$NAME" "$NAME-1" && nbox clone "$NAME-1" "$NAME-2" ;; # the latter on two layers
                esac
                # shellcheck disable=SC2086
                image_attacks $image >"$SCRATCH/seen" || true
                grep -q '^has run' "$SCRATCH/seen" || found="$found; $image does not run: $(tail -n 1 "$SCRATCH/seen")"
                grep -qx mem "$SCRATCH/seen" || found="$found; $image has no nodes"
                ! grep -q ' works$' "$SCRATCH/seen" || found="$found; by $image: $(grep ' works$' "$SCRATCH/seen" | paste -sd ' ')"
                ran=$((ran + 1))
        done
        [ "$ran" = 12 ] || fail "$ran have run"
        if [ -n "$found" ]; then works "${found#; }"; else blocked "none opens: nodev, in $ran ways to boot"; fi
} >"$SCRATCH/said" 2>&1

control() {
        mkdir "$SCRATCH/in"
        disk_of "$MACHINES/$NAME-3.raw" "$TREE"
        mount -o loop,ro "$MACHINES/$NAME-3.raw" "$SCRATCH/in"
        if (: <"$SCRATCH/in/nodes/null"); then works "a disk image as mount mounts it"; else blocked "by the control"; fi
        umount "$SCRATCH/in"
}

# shellcheck disable=SC2086
undo() { images_forget $NAMES; }
