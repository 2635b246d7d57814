# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Images as archives: what is in them, that others read them, and that nothing is left of those that were not written to their end.

. "$HOST_TOOLS/layers-words.sh"
. "$HOST_TOOLS/live-words.sh"

# In archives that tar has unpacked: a directory is read, then written.
out_tree() { rm -rf --one-file-system "$SCRATCH/out" && mkdir "$SCRATCH/out"; }

# gnu_tar ARCHIVE, bsd_tar ARCHIVE: all of it into $SCRATCH/out.
gnu_tar() { out_tree && tar -C "$SCRATCH/out" --xattrs --xattrs-include='*' --acls --numeric-owner -xpf "$1"; }
bsd_tar() { out_tree && LC_ALL=C.UTF-8 bsdtar -C "$SCRATCH/out" --xattrs --acls --numeric-owner -xpf "$1"; }

# same_tree DIRECTORY OTHER
same_tree() {
        [ "$("$HOST_TOOLS/tree-hash" "$1")" = "$("$HOST_TOOLS/tree-hash" "$2")" ] ||
                fail "not the same: $(diff <("$HOST_TOOLS/tree-hash" -l "$1") <("$HOST_TOOLS/tree-hash" -l "$2") | cat -v | head)"
}

# Names and times that do not fit where tar had them first.
long_tree() {
        local t=$MACHINES/$1 long
        small_tree "$1"
        long=$(printf 'ü%.0s' {1..100})
        mkdir -p "$t/srv/$long/$long"
        echo deep >"$t/srv/$long/$long/$long"
        ln -s "/srv/$long/$long/$long" "$t/srv/far"
        ln "$t/srv/$long/$long/$long" "$t/srv/near"
        truncate -s 10G "$t/srv/large"
        echo end | dd of="$t/srv/large" bs=1 seek=9G conv=notrunc status=none
        truncate -s 1M "$t/srv/nothing"
        echo strange >"$t/srv/strange"
        chown 4000000:3000000 "$t/srv/strange"
        touch -d '2242-03-17' "$t/srv/strange"
        touch -d '2001-02-03 04:05:06.789' "$t/srv"
}

nothing_in() { [ -z "$(ls -A "$1")" ] || fail "left: $(ls -A "$1")"; }

# --- what is in it -------------------------------------------------------------------------------------------------

test_an_archive_has_all_that_a_tree_has() {
        local tree=$MACHINES/whole
        long_tree whole
        rm "$tree/srv/large" # whose holes tree-hash would read
        nbox export whole "$SCRATCH/whole.tar" 2>"$SCRATCH/said"
        same "mode" "$(stat -c %a "$SCRATCH/whole.tar")" 600
        gnu_tar "$SCRATCH/whole.tar"
        same_tree "$SCRATCH/out" "$tree"
        [ "$(blocks_of "$SCRATCH/out/srv/sparse")" -le "$(blocks_of "$tree/srv/sparse")" ] || fail "the holes are filled"
        bsd_tar "$SCRATCH/whole.tar"
        touch -r "$tree" "$SCRATCH/out" # which bsdtar leaves as it is
        same_tree "$SCRATCH/out" "$tree"
        rm -rf "$SCRATCH/out" "$SCRATCH/whole.tar"
        forget_image whole
}

blocks_of() { stat -c %b "$1"; }

test_large_holes_take_no_time_and_no_room() {
        long_tree whole
        nbox export whole "$SCRATCH/whole.tar" 2>/dev/null
        [ "$(stat -c %s "$SCRATCH/whole.tar")" -lt $((16 << 20)) ] || fail "it has $(stat -c %s "$SCRATCH/whole.tar") bytes"
        has "$(tar -tvf "$SCRATCH/whole.tar" 2>/dev/null)" " $((10 << 30)) .* srv/large$"
        rm "$SCRATCH/whole.tar"
        forget_image whole
}

# The same tree is the same bytes, however it is compressed, and wherever it goes to.
test_every_compression() {
        local suffix
        small_tree whole
        nbox export whole "$SCRATCH/whole.tar" 2>/dev/null
        nbox export whole 2>/dev/null | cmp - "$SCRATCH/whole.tar"
        nbox export whole - 2>/dev/null | cat | cmp - "$SCRATCH/whole.tar"
        nbox export-tar whole - --format=gzip 2>/dev/null | gzip -dc | cmp - "$SCRATCH/whole.tar"
        for suffix in .tar.gz .tar.xz .tar.zst .tar.bz2 .tgz; do
                nbox export whole "$SCRATCH/whole$suffix" 2>/dev/null
                bsdcat "$SCRATCH/whole$suffix" | cmp - "$SCRATCH/whole.tar"
                [ "$(stat -c %s "$SCRATCH/whole$suffix")" -lt "$(stat -c %s "$SCRATCH/whole.tar")" ] || fail "$suffix is not smaller"
        done
        nbox export --format=tar.zst whole 2>/dev/null | cmp - "$SCRATCH/whole.tar.zst"
        rm "$SCRATCH"/whole.*
        forget_image whole
}

# Into a machine, and out again: nothing is lost, and nothing comes to it.
test_there_and_back() {
        local suffix
        long_tree whole
        rm "$MACHINES/whole/srv/null" "$MACHINES/whole/srv/large" # a machine's tree has no devices
        touch -d '2001-02-03 04:05:06.789' "$MACHINES/whole/srv"
        for suffix in .tar .tar.zst; do
                nbox export whole "$SCRATCH/one$suffix" 2>/dev/null
                nbox import "$SCRATCH/one$suffix" again >/dev/null 2>"$SCRATCH/said"
                same_tree "$MACHINES/again" "$MACHINES/whole"
                nbox export again "$SCRATCH/two$suffix" 2>/dev/null
                cmp "$SCRATCH/one$suffix" "$SCRATCH/two$suffix"
                nbox export again 2>/dev/null | nbox import - third >/dev/null 2>&1
                same_tree "$MACHINES/third" "$MACHINES/whole"
                rm "$SCRATCH/one$suffix" "$SCRATCH/two$suffix"
                forget_image again third
        done
        nbox export whole 2>/dev/null | nbox import - again >/dev/null 2>&1
        boot again
        same "runs" "$(nbox exec again echo yes)" yes
        terminate again
        forget_image whole again
}

# On layers; and as it was.
test_of_layers_and_of_snapshots() {
        small_tree web
        nbox export web "$SCRATCH/before.tar" 2>/dev/null
        nbox snapshot web first >/dev/null 2>&1
        same "same" "$(nbox export web 2>/dev/null | sha256sum)" "$(sha256sum <"$SCRATCH/before.tar")"
        boot web
        nbox exec web /bin/sh -c 'echo new >/srv/new; sync'
        terminate web
        nbox snapshot web second >/dev/null 2>&1
        boot web
        nbox exec web /bin/sh -c 'rm -r /srv/new /usr/lib/deep; mv /usr/lib/whole /usr/lib/moved; echo newer >/srv/newer; sync'
        terminate web
        nbox export web "$SCRATCH/now.tar" 2>/dev/null
        has_not "$(tar -tf "$SCRATCH/now.tar" 2>/dev/null)" 'srv/new$|usr/lib/deep|usr/lib/whole|\.wh\.'
        has "$(tar -tf "$SCRATCH/now.tar" 2>/dev/null)" '^usr/lib/moved/1$'
        gnu_tar "$SCRATCH/now.tar"
        same "tree" "$("$HOST_TOOLS/tree-hash" "$SCRATCH/out")" "$(hash_of web)"
        nbox export --snapshot=first web 2>/dev/null | cmp - "$SCRATCH/before.tar"
        has "$(nbox export --snapshot=second web 2>/dev/null | tar -tf - 2>/dev/null)" '^srv/new$'
        refused nbox export --snapshot=none web "$SCRATCH/none.tar"
        [ ! -e "$SCRATCH/none.tar" ] || fail "it is there"
        rm -rf "$SCRATCH"/*.tar "$SCRATCH/out"
        forget_image web
}

# What is on disk as other users' is the machine's own in an archive.
test_ids_are_those_of_the_machine() {
        small_tree chowned
        rm "$MACHINES/chowned/srv/null" # a device cannot be had by a machine's root
        nbox export chowned "$SCRATCH/before.tar" 2>/dev/null
        nbox run --network=none --private-users-ownership=chown chowned true
        [ "$(stat -c %u "$MACHINES/chowned")" -ge 65536 ] || fail "it is not chowned"
        gnu_tar "$SCRATCH/before.tar"
        nbox export chowned "$SCRATCH/after.tar" 2>/dev/null
        same "owners" "$(tar --numeric-owner -tvf "$SCRATCH/after.tar" | awk '{ print $2 }' | sort -u | paste -sd ' ')" '0/0 1000/1000'
        mv "$SCRATCH/out" "$SCRATCH/before"
        gnu_tar "$SCRATCH/after.tar"
        same "ACL" "$(getfacl -cn "$SCRATCH/out/srv/shared/of-alice")" "$(getfacl -cn "$SCRATCH/before/srv/shared/of-alice")"
        same "default ACL" "$(getfacl -cn "$SCRATCH/out/srv/shared")" "$(getfacl -cn "$SCRATCH/before/srv/shared")"
        same "capability" "$(getfattr -n security.capability -e hex --only-values "$SCRATCH/out/usr/lib/capable" | xxd -p)" \
                "$(getfattr -n security.capability -e hex --only-values "$SCRATCH/before/usr/lib/capable" | xxd -p)"
        same "mode" "$(stat -c %a "$SCRATCH/out/usr/lib/program")" 4755
        rm -rf "$SCRATCH"/{before,out} "$SCRATCH"/*.tar
        forget_image chowned
}

test_of_a_disk_image() {
        small_tree plain
        truncate -s 64M "$MACHINES/disk.raw"
        mkfs.ext4 -q -d "$MACHINES/plain" "$MACHINES/disk.raw"
        nbox export disk "$SCRATCH/disk.tar" 2>/dev/null
        has "$(tar -tf "$SCRATCH/disk.tar" 2>/dev/null)" '^srv/shared/of-alice$'
        boot disk
        refused nbox export disk "$SCRATCH/busy.tar"
        has "$REFUSAL" "poweroff disk"
        terminate disk
        [ ! -e "$SCRATCH/busy.tar" ] || fail "it is there"
        rm "$SCRATCH/disk.tar" "$MACHINES/disk.raw"
        forget_image plain
}

# --- of what runs --------------------------------------------------------------------------------------------------

test_a_machine_is_exported_as_it_runs() {
        local kind time
        tree_with busy
        for kind in plain layers; do
                boot busy
                counting busy
                for time in first second; do
                        nbox export busy "$SCRATCH/busy.tar" --force 2>"$SCRATCH/said"
                        has "$time: $(cat "$SCRATCH/said")" "Copying what the machine 'busy' has written, while it stands still: .*iB"
                        goes_on busy
                        gnu_tar "$SCRATCH/busy.tar"
                        of_one_moment "$SCRATCH/out"
                done
                # nobody reads: the machine runs, and it is ended by ^C
                mkfifo "$SCRATCH/pipe"
                tail -f /dev/null --pid="$$" 3<"$SCRATCH/pipe" &
                nbox export busy "$SCRATCH/pipe" --format=tar 2>"$SCRATCH/said" &
                wait_until 10 grep -q Copying "$SCRATCH/said"
                wait_until 10 nbox exec busy true # it is copied in a moment, whoever reads
                goes_on busy
                kill -INT "%nbox"
                if wait "%nbox"; then fail "it went through"; fi
                kill "%tail"
                has "$(cat "$SCRATCH/said")" interrupted
                rm "$SCRATCH/pipe"
                terminate busy
                wait_until 5 store_is_clean
                if [ "$kind" = plain ]; then nbox snapshot busy >/dev/null 2>&1; fi
        done
        rm -rf "$SCRATCH/out" "$SCRATCH/busy.tar"
        forget_image busy
}

# What changes under our hands makes no archive that cannot be read.
test_files_that_change_meanwhile() {
        local file=$MACHINES/changing/file size
        mkdir "$MACHINES/changing"
        for size in 0 8388608; do
                head -c 4M /dev/urandom >"$file"
                SLOW_CALL=pread64 slowly nbox export changing "$SCRATCH/changing.tar"
                wait_until 10 is_open "$SLOWLY" /file
                truncate -s "$size" "$file"
                wait "$STRACE"
                has "$(tar -tvf "$SCRATCH/changing.tar")" " 4194304 .* file$"
                if [ "$size" = 0 ]; then has "$(cat "$SCRATCH/slowly")" "1 files of .* got shorter"; fi
                rm "$SCRATCH/changing.tar"
        done
        forget_image changing
}

is_open() { find "/proc/$1/fd" -lname "*$2" | grep -q .; }

# --- where it goes to ----------------------------------------------------------------------------------------------

test_what_is_there_stays() {
        tree_with web
        echo mine >"$SCRATCH/there.tar"
        refused nbox export web "$SCRATCH/there.tar"
        has "$REFUSAL" "--force"
        same "file" "$(cat "$SCRATCH/there.tar")" mine
        nbox export --force web "$SCRATCH/there.tar" 2>/dev/null
        tar -tf "$SCRATCH/there.tar" >/dev/null
        mkdir "$SCRATCH/there"
        refused nbox export --force --format=tar web "$SCRATCH/there"
        refused nbox export web "$SCRATCH/there/unknown"
        refused nbox export web "$SCRATCH/nowhere/web.tar"
        refused nbox export web --format=zip
        refused nbox export none "$SCRATCH/there/none.tar"
        refused nbox export web /dev/full --format=tar
        nothing_in "$SCRATCH/there"
        script -qec 'nbox export web -' "$SCRATCH/terminal" </dev/null >/dev/null && fail "a terminal was written to"
        has "$(cat "$SCRATCH/terminal")" "nothing for a terminal"
        rm -r "$SCRATCH/there" "$SCRATCH/there.tar" "$SCRATCH/terminal"
        forget_image web
}

test_of_what_ends_early_nothing_is_left() {
        local signal suffix
        mkdir "$MACHINES/web"
        head -c 3M /dev/urandom >"$MACHINES/web/file"
        mkdir "$SCRATCH/small"
        mount -t tmpfs -o size=1M tmpfs "$SCRATCH/small"
        for suffix in .tar .tar.xz .tar.zst; do
                refused nbox export web "$SCRATCH/small/web$suffix"
                has "$REFUSAL" "No space left"
                nothing_in "$SCRATCH/small"
        done
        umount "$SCRATCH/small"
        for signal in INT TERM HUP KILL; do
                SLOW_CALL=pread64 slowly nbox export web "$SCRATCH/small/web.tar.gz"
                wait_until 10 is_open "$SLOWLY" /file
                kill -"$signal" "$SLOWLY"
                cut_short
                [ "$signal" = KILL ] || has "$(cat "$SCRATCH/slowly")" interrupted
                nothing_in "$SCRATCH/small"
        done
        rmdir "$SCRATCH/small"
        # who reads goes away
        if nbox export web - 2>"$SCRATCH/said" | head -c 1000 >/dev/null; then fail "it went through"; fi
        has "$(cat "$SCRATCH/said")" "stopped reading"
        forget_image web
}

# No line of progress where nobody waits for one.
test_it_is_quiet() {
        tree_with web
        same "said" "$(nbox export web 2>&1 >/dev/null)" ""
        TERM=xterm script -qec "nbox export web $SCRATCH/web.tar" "$SCRATCH/terminal" </dev/null >/dev/null
        has "$(cat "$SCRATCH/terminal")" "Exporting $MACHINES/web: .*iB in [0-9]* files"
        rm "$SCRATCH/terminal" "$SCRATCH/web.tar"
        forget_image web
}
