# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# All of it by the host's root, on trees that are links, have links where files and mount points are looked for, and hold mounts.
WHAT='CVE-2015-1335, 2018-15664, 2023-0778 and kin: commit, --template, dissect --mount, rename and remove of images that lead out'
RIVALS=
HOME_TYPE=933AC7E1-2EB4-4F13-B844-0E14E2AEF915
UP=../../../../../../../../..

# The directories' times aside: a lock comes and goes beside a disk image.
outside() { find "$PREY/out" -type d -printf '%p %y %m\n' -o -printf '%p %y %m %s %T@ %l\n' | sort; }

setup() {
        local file
        mkdir -p "$PREY/out/dbus" "$PREY/in" "$PREY/out/srv" "$PREY/out/usr"
        cp -a "$TREE/bin" "$PREY/out/bin" # it would do for a tree
        for file in machine-id hostname passwd os-release dbus/machine-id srv/file; do secret >"$PREY/out/$file"; done
        outside >"$PREY/before"
}

try() { timeout -k 5 "$((20 * PATIENCE))" nbox "$@" >>"$SCRATCH/verbs" 2>&1 </dev/null || echo "$*: $?" >>"$SCRATCH/verbs"; }
wrong() { echo "$*" >>"$SCRATCH/wrong"; }
led_out() { ! grep -q " $PREY/out" /proc/self/mountinfo || wrong "mounted there by $1"; }

# links FORM
links() {
        rm -rf "${TREE:?}"/{etc,var,home,srv}
        case $1 in
        files)
                mkdir -p "$TREE/etc" "$TREE/var/lib/dbus" "$TREE/srv"
                for file in machine-id hostname passwd os-release; do ln -s "$PREY/out/$file" "$TREE/etc/$file"; done
                ln -s "$UP$PREY/out/dbus/machine-id" "$TREE/var/lib/dbus/machine-id"
                ;;
        directories)
                mkdir "$TREE/var"
                for file in etc var/lib home srv; do ln -s "$PREY/out" "$TREE/$file"; done
                ;;
        upwards)
                mkdir "$TREE/var"
                for file in etc var/lib home srv; do ln -s "$UP$PREY/out" "$TREE/$file"; done
                ;;
        esac
}

# A disk image of the tree, with a partition to be mounted on what a link leads to.
gpt_of() {
        local raw=$MACHINES/$NAME-9.raw at
        rm -f "$raw"
        truncate -s 66M "$raw"
        printf '%s\n' 'label: gpt' 'size=32M, type=linux' "size=32M, type=$HOME_TYPE" | sfdisk -q "$raw"
        disk_of "$SCRATCH/part" "$TREE"
        dd if="$SCRATCH/part" of="$raw" bs=1M seek=1 conv=notrunc,sparse status=none
        mkdir -p "$SCRATCH/home"
        disk_of "$SCRATCH/part" "$SCRATCH/home"
        dd if="$SCRATCH/part" of="$raw" bs=1M seek=33 conv=notrunc,sparse status=none
}

verbs() {
        local image
        gpt_of # while the tree is a plain one
        try clone "$NAME" "$NAME-1"
        try commit "$NAME" "$NAME-2"
        try commit "$NAME-1" "$NAME-3"
        for image in "$NAME" "$NAME-3"; do
                try run --network=none --template="$image" "$NAME-4" /bin/busybox true
                try remove "$NAME-4"
        done
        for image in "$NAME" "$NAME-1" "$NAME-9"; do
                try dissect --mount "$image" "$PREY/in"
                led_out "dissect --mount of $image with $1"
                try dissect --umount "$PREY/in"
        done
        try run --network=none "$NAME-9" /bin/busybox sh -c \
                'for file in /home/file /srv/file /etc/passwd; do echo changed >"$file"; done; echo ran with '"$1"
        led_out "$NAME-9 with $1"
        try clone "$NAME-9" "$NAME-8"
        try commit "$NAME-9" "$NAME-7"
        try rename "$NAME-1" "$NAME-5"
        try set-limit "$NAME-5" 1G
        try read-only "$NAME-5"
        try read-only "$NAME-5" no
        try snapshot "$NAME-5" one
        try image-status "$NAME-5"
        # Those that were made need be there, or it shows nothing.
        grep -q "^ran with $1" "$SCRATCH/verbs" || grep -q 'Cannot mount the partition for /home' "$SCRATCH/verbs" ||
                wrong "$NAME-9 was not tried with $1"
        [ -e "$MACHINES/$NAME-2" ] || wrong "no commit with $1"
        [ -e "$MACHINES/$NAME-5" ] || wrong "no rename with $1"
        [ -e "$MACHINES/$NAME-8.raw" ] || wrong "no clone of a disk image with $1"
        ! grep -rqsF "$(secret)" "$MACHINES/$NAME"-[1-8]/ "$MACHINES/.#nbox/layers" || wrong "copied with $1"
        ! grep -qsF "$(secret)" "$MACHINES/$NAME"-[1-8].raw || wrong "copied to a disk image with $1"
        try remove "$NAME-2" "$NAME-3" "$NAME-5" "$NAME-7" "$NAME-8" "$NAME-9"
}

# Trees that are links to a directory of the host's, one with a mount in it, and hidden ones for `clean`.
itself() {
        ln -s "$PREY/out" "$MACHINES/$NAME-1"
        ln -s "$UP$PREY/out" "$MACHINES/.$NAME-1"
        ln -s "$PREY/out/machine-id" "$MACHINES/$NAME-9.raw"
        for verb in "read-only $NAME-1" "read-only $NAME-1 no" "set-limit $NAME-1 1G" "rename $NAME-1 $NAME-2" "rename $NAME-9 $NAME-7" \
                "image-status $NAME-2" "remove $NAME-2" "remove $NAME-7"; do
                # shellcheck disable=SC2086
                try $verb
        done
        mv "$MACHINES/.busybox" "$MACHINES/kept" # hidden, too
        try clean
        mv "$MACHINES/kept" "$MACHINES/.busybox"
        links files
        mkdir -p "$TREE/mnt"
        mount --bind "$PREY/out" "$TREE/mnt"
        for verb in "clone --copy $NAME $NAME-3" "clone $NAME $NAME-4" "snapshot $NAME one" "rename $NAME $NAME-5" \
                "rename $NAME-5 $NAME" "remove $NAME"; do
                # shellcheck disable=SC2086
                try $verb
        done
        ! grep -rqsF "$(secret)" "$MACHINES/$NAME"-[345]/ || wrong "a mount's files were copied"
        while umount -l "$TREE/mnt" 2>/dev/null || umount -l "$MACHINES/$NAME-5/mnt" 2>/dev/null; do :; done
        outside | cmp -s "$PREY/before" - || wrong "changed by way of the tree itself"
}

play() {
        local form
        for form in files directories upwards; do
                rm -rf --one-file-system "$TREE"
                tree_make
                links "$form"
                verbs "$form"
                undo
        done
        rm -rf --one-file-system "$TREE"
        tree_make
        itself
        if ! outside | cmp -s "$PREY/before" -; then wrong "changed: $(outside | comm -13 "$PREY/before" - | cut -d ' ' -f 1 | paste -sd ' ')"; fi
        if [ -s "$SCRATCH/wrong" ]; then
                works "$(paste -sd ';' "$SCRATCH/wrong")"
        else
                blocked "the host's files are as they were, in no copy, and nothing is mounted on them"
        fi
        rm -f "$SCRATCH/wrong"
}

# By path, as a script would.
control() {
        links upwards
        mount -t tmpfs tmpfs "$TREE/srv"
        led_out control
        umount "$TREE/srv"
        links files
        echo changed >"$TREE/etc/machine-id"
        outside | cmp -s "$PREY/before" - || wrong "the host's machine-id was written"
        if [ "$(wc -l <"$SCRATCH/wrong")" = 2 ]; then works "$(paste -sd ';' "$SCRATCH/wrong")"; else blocked "by the control"; fi
}

undo() {
        rm -f "$MACHINES/$NAME-1" "$MACHINES/$NAME-2" "$MACHINES/.$NAME-1" 2>/dev/null || true
        images_forget "$NAME-1" "$NAME-2" "$NAME-3" "$NAME-4" "$NAME-5" "$NAME-7" "$NAME-8" "$NAME-9"
}
