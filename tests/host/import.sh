# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Images from archives, disk images and directories: what is kept, what is left out, what is refused, and that nothing half is ever there.

. "$HOST_TOOLS/layers-words.sh"

# packed_tree NAME: a rich tree as $SCRATCH/NAME.tar; its hash is in $HASH. Without the device, which is not imported. Nobody has names for the
# numbers in its ACLs, so that tar writes these.
packed_tree() {
        rich_tree "$1"
        rm "$MACHINES/$1/srv/null"
        touch -d '2001-02-03 04:05:06.789' "$MACHINES/$1/srv"
        HASH=$("$HOST_TOOLS/tree-hash" "$MACHINES/$1")
        tar --format=pax --acls --xattrs --xattrs-include='*' --sparse -C "$MACHINES/$1" -cf "$SCRATCH/$1.tar" .
        remove_tree "$1"
}

# tar_of_files NAME PATH...: of $SCRATCH/files, as they are named.
tar_of_files() { tar -C "$SCRATCH/files" -P --no-recursion -cf "$SCRATCH/$1.tar" "${@:2}"; }

hash_at() { "$HOST_TOOLS/tree-hash" "$MACHINES/$1"; }

# nothing_begun: no image that is not whole is left.
nothing_begun() { [ -z "$(find "$MACHINES" -maxdepth 1 -name '.#nbox-*')" ] || fail "left: $(ls -A "$MACHINES")"; }

# --- trees ---------------------------------------------------------------------------------------------------------------

test_a_tar_has_all_that_it_had() {
        packed_tree rich
        same "path" "$(nbox import "$SCRATCH/rich.tar" 2>"$SCRATCH/said")" "$MACHINES/rich"
        has "$(cat "$SCRATCH/said")" "Made $MACHINES/rich of .*nbox boot rich"
        has_not "$(cat "$SCRATCH/said")" "Left out"
        same "tree" "$(hash_at rich)" "$HASH"
        [ "$(stat -c %b "$MACHINES/rich/srv/sparse")" -lt 1000 ] || fail "the holes are filled"
        boot rich
        same "runs" "$(nbox exec rich cat /usr/lib/deep/er/3)" "file 3"
        terminate rich
        remove_tree rich
}

# bsdtar's, which has another way to say all of that and cannot write each name; and one as tar had them before there was pax.
test_a_tar_of_another_make() {
        rich_tree rich
        rm "$MACHINES/rich/srv/null" "$MACHINES/rich/srv/"$'\377'
        HASH=$("$HOST_TOOLS/tree-hash" "$MACHINES/rich")
        LC_ALL=C.UTF-8 bsdtar --format=pax --acls --xattrs --read-sparse -C "$MACHINES/rich" -cf "$SCRATCH/bsd.tar" .
        tar -C "$MACHINES/rich" --sparse --format=gnu -cf "$SCRATCH/old.tar" usr
        remove_tree rich
        nbox import "$SCRATCH/bsd.tar"
        same "tree" "$(hash_at bsd)" "$HASH"
        nbox import "$SCRATCH/old.tar" 2>"$SCRATCH/said"
        same "a file" "$(cat "$MACHINES/old/usr/lib/whole/4")" 4
        has "$(cat "$SCRATCH/said")" "no init in it"
        remove_tree bsd
        remove_tree old
}

test_each_compression_from_a_file_and_a_pipe() {
        local way suffix
        packed_tree rich
        for way in gzip xz zstd bzip2; do
                suffix=$(sed 's/gzip/gz/; s/zstd/zst/; s/bzip2/bz2/' <<<"$way")
                "$way" -c "$SCRATCH/rich.tar" >"$SCRATCH/by$way.tar.$suffix"
                same "path" "$(nbox import "$SCRATCH/by$way.tar.$suffix")" "$MACHINES/by$way"
                same "tree by $way" "$(hash_at "by$way")" "$HASH"
                remove_tree "by$way"
        done
        nbox import - piped <"$SCRATCH/bygzip.tar.gz"
        same "tree from a file as stdin" "$(hash_at piped)" "$HASH"
        cat "$SCRATCH/byxz.tar.xz" | nbox import --force - piped
        same "tree by a pipe" "$(hash_at piped)" "$HASH"
        remove_tree piped
}

# What a file is called says its name, and nothing else.
test_names() {
        local file
        mkdir "$SCRATCH/files"
        echo text >"$SCRATCH/files/file"
        tar_of_files a file
        for file in a.tgz 'my tree@2.img' 'a.oci.tar' $'new\nline.tar' $'\377raw.raw.xz'; do
                cp "$SCRATCH/a.tar" "$SCRATCH/$file"
                path=$(nbox import "$SCRATCH/$file")
                has "$path" "^$MACHINES/(a|mytree2|newline|raw)\$"
                same "what is in it" "$(cat "$path/file")" text
                remove_tree "${path##*/}"
        done
        refused nbox import - <"$SCRATCH/a.tar"
        has "$REFUSAL" "nbox import - NAME"
        cp "$SCRATCH/a.tar" "$SCRATCH/@@.tar"
        refused nbox import "$SCRATCH/@@.tar"
        has "$REFUSAL" "NAME behind it"
        refused nbox import "$SCRATCH/a.tar" ../x
        refused nbox import "$SCRATCH/a.tar" a b
        refused nbox import
        refused nbox import "$SCRATCH/none.tar"
        has "$REFUSAL" "No such file"
        refused nbox import http://localhost/none.tar
        has "$REFUSAL" "nbox pull"
        refused nbox import /dev/zero zero
        refused nbox import --max-size=lots "$SCRATCH/a.tar"
        nothing_begun
}

test_what_is_left_out_is_said() {
        local said
        mkdir "$SCRATCH/files"
        touch "$SCRATCH/files/"{label,high}
        mknod "$SCRATCH/files/null" c 1 3
        mknod "$SCRATCH/files/disk" b 8 0
        chown 70000 "$SCRATCH/files/high"
        setfattr -n trusted.overlay.opaque -v y "$SCRATCH/files/label"
        tar --xattrs --xattrs-include='*' -C "$SCRATCH/files" -cf "$SCRATCH/parts.tar" .
        said=$(nbox import "$SCRATCH/parts.tar" 2>&1 >/dev/null)
        has "$said" "Left out 2 device nodes"
        has "$said" "Left out 1 extended attribute "
        has "$said" "1 file has ids over 65535"
        same "what is there" "$(ls "$MACHINES/parts")" $'high\nlabel'
        same "attributes" "$(getfattr -m - "$MACHINES/parts/label")" ''
        same "owner" "$(stat -c %u "$MACHINES/parts/high")" 70000
        remove_tree parts
}

# Later entries stand, of whatever kind they are.
test_what_comes_twice() {
        mkdir -p "$SCRATCH/files/a/b"
        echo one >"$SCRATCH/files/a/b/file"
        echo two >"$SCRATCH/files/other"
        ln -s other "$SCRATCH/files/link"
        tar -C "$SCRATCH/files" -cf "$SCRATCH/twice.tar" a link other
        tar -C "$SCRATCH/files" --transform 's,^other$,a/b,' -rf "$SCRATCH/twice.tar" other
        tar -C "$SCRATCH/files" --transform 's,^other$,link,' -rf "$SCRATCH/twice.tar" other
        nbox import "$SCRATCH/twice.tar"
        same "a directory that became a file" "$(cat "$MACHINES/twice/a/b")" two
        [ ! -L "$MACHINES/twice/link" ] || fail "the link is still there"
        same "what the link led to" "$(cat "$MACHINES/twice/other")" two
        remove_tree twice
}

# --- refused -------------------------------------------------------------------------------------------------------------

test_an_archive_that_leads_out_is_refused() {
        mkdir -p "$SCRATCH/files/d"
        echo text >"$SCRATCH/files/file"
        ln -s "$SCRATCH" "$SCRATCH/files/out"
        for change in 's,^file$,../escaped,' 's,^file$,out/escaped,' 's,^file$,d/../../escaped,' 's,^file$,file/escaped,'; do
                tar_of_files bad d out file
                tar -C "$SCRATCH/files" -P --transform "$change" -rf "$SCRATCH/bad.tar" file
                refused nbox import "$SCRATCH/bad.tar"
                has "$REFUSAL" escaped
                [ ! -e "$SCRATCH/escaped" ] || fail "it is out"
                [ ! -e "$MACHINES/bad" ] || fail "the image is there"
                nothing_begun
        done
        # an absolute path is one in the tree, as tar has it
        tar -C "$SCRATCH/files" -P --transform 's,^file$,/in/it,' -cf "$SCRATCH/absolute.tar" file
        nbox import "$SCRATCH/absolute.tar"
        same "file" "$(cat "$MACHINES/absolute/in/it")" text
        remove_tree absolute
}

test_what_is_no_image_is_refused() {
        packed_tree rich
        echo "just a text" >"$SCRATCH/text"
        refused nbox import "$SCRATCH/text"
        has "$REFUSAL" "$SCRATCH/text"
        : >"$SCRATCH/empty"
        refused nbox import "$SCRATCH/empty"
        tar -cf "$SCRATCH/nothing.tar" -T /dev/null
        refused nbox import "$SCRATCH/nothing.tar"
        xz "$SCRATCH/rich.tar" -kc >"$SCRATCH/whole.tar.xz"
        head -c 3000 "$SCRATCH/whole.tar.xz" >"$SCRATCH/cut.tar.xz"
        refused nbox import "$SCRATCH/cut.tar.xz"
        head -c 30000 "$SCRATCH/rich.tar" >"$SCRATCH/cut.tar"
        refused nbox import "$SCRATCH/cut.tar"
        printf 'QFI\xfb\0\0\0\3' >"$SCRATCH/a.qcow2"
        truncate -s 1M "$SCRATCH/a.qcow2"
        refused nbox import "$SCRATCH/a.qcow2"
        has "$REFUSAL" "qemu-img"
        refused nbox import-raw "$SCRATCH/rich.tar"
        refused nbox import-fs "$SCRATCH/rich.tar"
        refused nbox import-tar "$MACHINES/.busybox" x
        nothing_begun
        same "images" "$(nbox images -q)" busybox
}

test_bounds() {
        packed_tree rich
        refused nbox import --max-size=1000 "$SCRATCH/rich.tar"
        has "$REFUSAL" "max-size"
        mount -t tmpfs -o size=2m tmpfs "$MACHINES"
        head -c 4M /dev/urandom >"$SCRATCH/large"
        tar -C "$SCRATCH" -cf "$SCRATCH/large.tar" large
        refused nbox import "$SCRATCH/large.tar"
        has "$REFUSAL" "no room"
        nothing_begun
        umount "$MACHINES"
}

# --- disks and directories ---------------------------------------------------------------------------------------------

test_a_disk_image() {
        truncate -s 32M "$SCRATCH/disk.raw"
        mkfs.ext4 -q -d "$MACHINES/.busybox" "$SCRATCH/disk.raw"
        same "path" "$(nbox import "$SCRATCH/disk.raw")" "$MACHINES/disk.raw"
        cmp "$SCRATCH/disk.raw" "$MACHINES/disk.raw"
        same "mode" "$(stat -c %a "$MACHINES/disk.raw")" 600
        xz -0c "$SCRATCH/disk.raw" >"$SCRATCH/packed.raw.xz"
        nbox import "$SCRATCH/packed.raw.xz"
        cmp "$SCRATCH/disk.raw" "$MACHINES/packed.raw"
        cat "$SCRATCH/disk.raw" | nbox import-raw - piped
        cmp "$SCRATCH/disk.raw" "$MACHINES/piped.raw"
        for name in disk packed piped; do
                [ "$(stat -c %b "$MACHINES/$name.raw")" -lt 40000 ] || fail "$name has its zeros written: $(stat -c %b "$MACHINES/$name.raw")"
        done
        boot packed
        same "runs" "$(nbox exec packed echo yes)" yes
        terminate packed
        refused nbox import-tar "$SCRATCH/disk.raw" x
        rm "$MACHINES"/{disk,packed,piped}.raw
}

test_a_directory() {
        packed_tree rich
        mkdir "$SCRATCH/tree"
        tar -C "$SCRATCH/tree" --acls --xattrs --xattrs-include='*' -xpf "$SCRATCH/rich.tar"
        same "path" "$(nbox import "$SCRATCH/tree/")" "$MACHINES/tree"
        same "tree" "$(hash_at tree)" "$("$HOST_TOOLS/tree-hash" "$SCRATCH/tree")"
        nbox import-fs "$SCRATCH/tree" again
        remove_tree tree
        remove_tree again
        refused nbox import /
        refused nbox import "${MACHINES%/*}" all
        nothing_begun
}

# --- names that are taken ------------------------------------------------------------------------------------------------

test_force() {
        packed_tree rich
        refused nbox import "$SCRATCH/none.tar" rich
        nbox import "$SCRATCH/rich.tar"
        touch "$MACHINES/rich/marked"
        refused nbox import "$SCRATCH/rich.tar"
        has "$REFUSAL" "--force"
        [ -e "$MACHINES/rich/marked" ] || fail "it is another one"
        boot rich
        refused nbox import --force "$SCRATCH/rich.tar"
        has "$REFUSAL" "machine 'rich'"
        terminate rich
        # what fails leaves the old one
        head -c 30000 "$SCRATCH/rich.tar" >"$SCRATCH/cut.tar"
        refused nbox import --force "$SCRATCH/cut.tar" rich
        [ -e "$MACHINES/rich/marked" ] || fail "the old one is gone"
        mkdir -p /etc/nbox
        echo '[Exec]' >/etc/nbox/rich.conf
        nbox import --force "$SCRATCH/rich.tar"
        [ ! -e "$MACHINES/rich/marked" ] || fail "it is still the old one"
        same "tree" "$(hash_at rich)" "$HASH"
        [ -e /etc/nbox/rich.conf ] || fail "its settings are gone"
        rm /etc/nbox/rich.conf
        nothing_begun
        remove_tree rich
}

# In the place of one on layers, of one that is read-only, and of one of another kind.
test_force_whatever_was_there() {
        packed_tree rich
        truncate -s 8M "$SCRATCH/disk.raw"
        mkfs.ext4 -q "$SCRATCH/disk.raw"
        nbox import "$SCRATCH/rich.tar" one
        nbox clone one two
        nbox import --force "$SCRATCH/rich.tar" two
        same "in place of layers" "$(hash_at two)" "$HASH"
        store_is_clean
        nbox read-only one
        nbox import --force --read-only "$SCRATCH/rich.tar" one
        has "$(lsattr -d "$MACHINES/one")" '^[^ ]*i'
        nbox import --force "$SCRATCH/disk.raw" one
        same "images" "$(ls "$MACHINES")" $'busybox\none.raw\ntwo'
        nbox import --force "$SCRATCH/rich.tar" one
        same "images" "$(ls "$MACHINES")" $'busybox\none\ntwo'
        nothing_begun
        forget_image one two
}

test_read_only() {
        packed_tree rich
        truncate -s 8M "$SCRATCH/disk.raw"
        mkfs.ext4 -q "$SCRATCH/disk.raw"
        nbox import --read-only "$SCRATCH/rich.tar"
        nbox import --read-only "$SCRATCH/disk.raw"
        has "$(nbox images)" 'rich .*(yes|ro)'
        fails touch "$MACHINES/rich/x"
        same "mode" "$(stat -c %a "$MACHINES/disk.raw")" 400
        nbox remove rich disk
        nothing_begun
}

# Where the file system has subvolumes, each tree is one.
test_on_btrfs() {
        packed_tree rich
        truncate -s 256M "$SCRATCH/fs.img"
        mkfs.btrfs -q "$SCRATCH/fs.img" >/dev/null
        mount -o loop "$SCRATCH/fs.img" "$MACHINES"
        nbox import --read-only "$SCRATCH/rich.tar"
        has "$(nbox images)" 'rich +subvolume +yes'
        nbox import --force "$SCRATCH/rich.tar"
        has "$(nbox images)" 'rich +subvolume +no'
        same "tree" "$(hash_at rich)" "$HASH"
        same "subvolumes" "$(btrfs subvolume list "$MACHINES" | wc -l)" 1
        nbox remove rich
        same "left" "$(ls -A "$MACHINES")" ''
        umount "$MACHINES"
}

# --- cut short -------------------------------------------------------------------------------------------------------------

# In the middle of a stream that does not go on, and of one that does.
test_an_interrupted_import_leaves_nothing() {
        local signal pid
        packed_tree rich
        mkfifo "$SCRATCH/pipe"
        for signal in INT TERM HUP; do
                setsid -w nbox import - cut <"$SCRATCH/pipe" 2>"$SCRATCH/said" &
                exec 5>"$SCRATCH/pipe"
                head -c 30000 "$SCRATCH/rich.tar" >&5
                wait_until 10 test -e "$MACHINES/.#nbox-cut.tmp"
                pid=$(pgrep -x -f 'nbox import - cut' -o)
                kill -"$signal" "$pid"
                status_is 1 wait $!
                exec 5>&-
                has "$(cat "$SCRATCH/said")" "[Ii]nterrupted"
                [ ! -e "$MACHINES/cut" ] || fail "the image is there"
                nothing_begun
        done
}

# A process that is killed leaves what the next one, or gc, takes away.
test_a_killed_import() {
        packed_tree rich
        strace -f -qq -o /dev/null -e trace=syncfs -e inject=syncfs:signal=KILL nbox import "$SCRATCH/rich.tar" || true
        [ ! -e "$MACHINES/rich" ] || fail "it has its name already"
        [ -d "$MACHINES/.#nbox-rich.tmp" ] || fail "nothing was begun"
        nbox gc
        nothing_begun
        ! pgrep -f "nbox import" || fail "a process is left"
}
