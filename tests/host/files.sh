# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Files into machines and out of them: all that a file is, whose it is then, where it ends up, and that nothing else is touched.

# in_machine NAME COMMAND...: by its own busybox.
in_machine() { nbox exec "$1" /bin/busybox "${@:2}"; }

# a_tree DIR: one of each kind of thing that is copied.
a_tree() {
        mkdir -p "$1/sub/deep" "$1/empty"
        echo one >"$1/one"
        echo two >"$1/sub/two"
        : >"$1/nothing"
        ln "$1/one" "$1/sub/deep/one-too"
        ln -s one "$1/link"
        ln -s /nowhere/at/all "$1/sub/dangling"
        mkfifo -m 620 "$1/fifo"
        python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1/sub/sock"
        printf 'x' | dd of="$1/sparse" bs=1 seek=8M conv=notrunc status=none
        truncate -s 9M "$1/sparse"
        echo strange >"$1/$(printf 'a\nb\033[31m\xff')"
        chown 1000:100 "$1/one" "$1/sub"
        chown -h 7:8 "$1/link" "$1/fifo"
        chmod 4711 "$1/sub/two"
        chmod 2750 "$1/sub"
        chmod 1777 "$1/empty"
        setfattr -n user.note -v hello "$1/one"
        setfattr -n user.dir -v there "$1/sub"
        setfacl -m u:77:r,g:78:rw "$1/nothing"
        setfacl -d -m u:79:rwx "$1/empty"
        setcap cap_net_raw+ep "$1/sub/deep/one-too"
        touch -d '2001-02-03 04:05:06.123456789' "$1/one" "$1/sub/deep"
        touch -h -d '1999-01-01 00:00:01.5' "$1/link" "$1/fifo"
        touch -d '1969-12-31 12:00' "$1/sub" "$1"
}

# same_tree DIRECTORY OTHER
same_tree() {
        [ "$("$HOST_TOOLS/tree-hash" "$1")" = "$("$HOST_TOOLS/tree-hash" "$2")" ] ||
                fail "not the same: $(diff <("$HOST_TOOLS/tree-hash" -l "$1") <("$HOST_TOOLS/tree-hash" -l "$2") | cat -v | head)"
}

nothing_hidden_in() { [ -z "$(find "$1" -name '.#*' 2>/dev/null)" ] || fail "left: $(find "$1" -name '.#*')"; }

# --- all that a file is ---------------------------------------------------------------------------------------------

test_a_tree_goes_in_and_comes_out() {
        tree_with web
        a_tree "$SCRATCH/t"
        for how in pick no; do
                boot web --private-users=$how
                nbox copy-to web "$SCRATCH/t" "/root/$how" 2>"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
                same "what is said" "$(cat "$SCRATCH/said")" ''
                # Ids are mapped, not chowned: on disk they are what the machine sees.
                same_tree "$MACHINES/web/root/$how" "$SCRATCH/t"
                same "an owner, as seen inside" "$(in_machine web stat -c %u:%g "/root/$how/one")" 1000:100
                nbox copy-from --privileges web "/root/$how" "$SCRATCH/out.$how"
                same_tree "$SCRATCH/out.$how" "$SCRATCH/t"
                [ "$(stat -c %b "$SCRATCH/out.$how/sparse")" -lt 1024 ] || fail "the holes are filled"
                terminate web
        done
        # A machine that does not run, by the same words.
        nbox copy-to web "$SCRATCH/t" /root/stopped
        same_tree "$MACHINES/web/root/stopped" "$SCRATCH/t"
        nbox copy-from --privileges web /root/stopped "$SCRATCH/out.stopped"
        same_tree "$SCRATCH/out.stopped" "$SCRATCH/t"
        nothing_hidden_in "$MACHINES/web"
        remove_tree web
}

# --- where it ends up -----------------------------------------------------------------------------------------------

test_a_copy_is_called_what_was_said() {
        tree_with web
        a_tree "$SCRATCH/t"
        cd "$SCRATCH" || fail "no scratch directory"
        echo old >old && echo new >new
        boot web
        nbox copy-to web old /root/f
        refused nbox copy-to web new /root/f
        has "$REFUSAL" '/root/f is there already'
        has "$REFUSAL" '--force'
        nbox copy-to --force web new /root/f
        same "what is there" "$(in_machine web cat /root/f)" new
        # A file goes into a directory, and of several all do.
        in_machine web mkdir /root/d /root/e
        nbox copy-to web old /root/d
        nbox copy-to web new old t /root/e
        same "a directory with a file" "$(in_machine web ls /root/d)" old
        same "a directory with three" "$(in_machine web ls /root/e | tr '\n' ' ')" 'new old t '
        refused nbox copy-to web new old /root/f
        # A directory is merged into one that is there, and keeps what is there.
        in_machine web sh -c 'echo mine >/root/d/one; chmod 700 /root/d'
        nbox copy-to web t /root/d 2>said
        has "$(cat said)" 'A file was there already, and stays'
        same "a file that was there" "$(in_machine web cat /root/d/one)" mine
        same "the mode of the directory" "$(in_machine web stat -c %a /root/d)" 700
        nbox copy-to --force web t /root/d
        same "a file that was replaced" "$(in_machine web cat /root/d/one)" one
        same "a name of it" "$(in_machine web stat -c %h /root/d/one)" 2
        # Links are copied and replaced, not followed; on the way they are.
        in_machine web ln -s d /root/to-d
        nbox copy-to web old /root/to-d/there
        same "a file behind a link" "$(in_machine web cat /root/d/there)" old
        nbox copy-to --force web new /root/to-d
        same "what was a link" "$(in_machine web cat /root/to-d)" new
        nbox copy-to web t/link /root/l
        same "a link" "$(in_machine web readlink /root/l)" one
        # Without a destination it is the same path on both sides.
        nbox copy-from web /root/to-d
        same "the file on the host" "$(cat /root/to-d)" new
        rm /root/to-d
        refused nbox copy-from web /root/none x
        refused nbox copy-to web none /root/x
        refused nbox copy-to web new /no/such/place
        refused nbox copy-to web new root/x
        has "$REFUSAL" 'absolute'
        refused nbox copy-from web root/f x
        refused nbox copy-to nobody new /root/x
        refused nbox copy-to web t /root/f
        refused nbox copy-to --force web t /root/f
        nbox copy-to web new /new-in-root
        same "in the root" "$(in_machine web cat /new-in-root)" new
        terminate web
        nothing_hidden_in "$MACHINES/web"
        remove_tree web
}

test_a_tar_goes_in_and_comes_out() {
        tree_with web
        a_tree "$SCRATCH/t"
        rm "$SCRATCH/t/sub/sock"
        boot web
        nbox copy-to web "$SCRATCH/t" /root/t
        in_machine web sh -c 'echo name >/root/hostname'
        nbox copy-from web /root/t /root/hostname - >"$SCRATCH/t.tar"
        has "$(tar -tf "$SCRATCH/t.tar" --quoting-style=escape)" '^t/sub/two$'
        has "$(tar -tf "$SCRATCH/t.tar" --quoting-style=escape)" '^hostname$'
        mkdir "$SCRATCH/out"
        tar -C "$SCRATCH/out" --xattrs --xattrs-include='*' --acls --numeric-owner -xpf "$SCRATCH/t.tar"
        same_tree "$SCRATCH/out/t" "$SCRATCH/t"
        # Into a directory that is there, and into one that is not; compressed or not.
        in_machine web mkdir /root/in
        nbox copy-to web - /root/in <"$SCRATCH/t.tar"
        same_tree "$MACHINES/web/root/in/t" "$SCRATCH/t"
        gzip <"$SCRATCH/t.tar" | nbox copy-to web - /root/new
        same_tree "$MACHINES/web/root/new/t" "$SCRATCH/t"
        nbox copy-to web - /root/in <"$SCRATCH/t.tar" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'were there already, and stay'
        in_machine web sh -c 'echo other >/root/in/t/one'
        nbox copy-to --force web - /root/in <"$SCRATCH/t.tar"
        same "a file that was replaced" "$(in_machine web cat /root/in/t/one)" one
        # What is cut off is an error, and leaves nothing that looks whole.
        status_is 1 nbox copy-to web - /root/cut < <(head -c 5000 "$SCRATCH/t.tar") 2>"$SCRATCH/said"
        [ ! -e "$MACHINES/web/root/cut" ] || fail "half a tree has its name"
        # What wants out is refused, and links lead nowhere but inside.
        echo evil >"$SCRATCH/evil"
        tar -C "$SCRATCH" -P --transform 's,^,../../../,' -cf "$SCRATCH/up.tar" evil
        status_is 1 nbox copy-to web - /root/up <"$SCRATCH/up.tar" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "'\.\.'"
        mkdir "$SCRATCH/l" && ln -s /tmp "$SCRATCH/l/x"
        tar -C "$SCRATCH/l" -cf "$SCRATCH/link.tar" x
        tar -C "$SCRATCH" --transform 's,^,x/,' -rf "$SCRATCH/link.tar" evil
        status_is 1 nbox copy-to web - /root/link <"$SCRATCH/link.tar" 2>"$SCRATCH/said"
        [ ! -e /tmp/evil ] && [ ! -e "$MACHINES/web/tmp/evil" ] || fail "a link was followed"
        status_is 1 nbox copy-to web - /root/none <"$SCRATCH/evil" 2>"$SCRATCH/said"
        terminate web
        nothing_hidden_in "$MACHINES/web"
        remove_tree web
}

# --- what is not copied ---------------------------------------------------------------------------------------------

test_rights_do_not_come_out_and_devices_not_at_all() {
        tree_with web
        boot web --private-users=no
        mkdir "$SCRATCH/t"
        mknod "$SCRATCH/t/null" c 1 3
        cp /bin/true "$SCRATCH/t/su"
        chown 0:50 "$SCRATCH/t/su"
        chmod 6755 "$SCRATCH/t/su"
        cp /bin/true "$SCRATCH/t/cap"
        setcap cap_net_raw+ep "$SCRATCH/t/cap"
        nbox copy-to web "$SCRATCH/t" /root/t 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'A device was left out'
        same "a mode that went in" "$(in_machine web stat -c %a /root/t/su)" 6755
        refused nbox copy-to web "$SCRATCH/t/null" /root/null
        has "$REFUSAL" 'is a device'
        nbox copy-from web /root/t "$SCRATCH/out" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" '2 files have lost set-user-ID'
        same "a mode that came out" "$(stat -c %a "$SCRATCH/out/su")" 755
        same "capabilities that came out" "$(getcap "$SCRATCH/out/cap")" ''
        nbox copy-from --privileges web /root/t "$SCRATCH/out2"
        same "a mode that was asked for" "$(stat -c %a "$SCRATCH/out2/su")" 6755
        has "$(getcap "$SCRATCH/out2/cap")" cap_net_raw
        # The kernel's own, file by file and as part of a tree.
        nbox copy-from web /proc/version "$SCRATCH/version"
        has "$(cat "$SCRATCH/version")" '^Linux version'
        nbox copy-from web /sys/kernel/mm "$SCRATCH/mm" 2>"$SCRATCH/said"
        timeout "$((20 * PATIENCE))" nbox copy-from web /dev "$SCRATCH/dev" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'devices were left out'
        terminate web
        remove_tree web
}

test_an_owner_that_the_machine_does_not_have() {
        tree_with web
        boot web
        echo x >"$SCRATCH/far"
        chown 4000000:5 "$SCRATCH/far"
        nbox copy-to web "$SCRATCH/far" /root/far 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'is none that the machine has: root in the copy'
        same "its owner" "$(in_machine web stat -c %u:%g /root/far)" 0:5
        # What has the ids that the machine has on the host, is its own.
        chown "$(($(property web UidBase) + 1000)):$(property web UidBase)" "$SCRATCH/far"
        nbox copy-to web "$SCRATCH/far" /root/own
        same "the owner of what was the machine's" "$(in_machine web stat -c %u:%g /root/own)" 1000:0
        terminate web
        remove_tree web
}

# --- what it is kept on ---------------------------------------------------------------------------------------------

test_whatever_the_machine_stands_on() {
        a_tree "$SCRATCH/t"
        tree_with web
        # On layers.
        nbox clone web layered
        nbox copy-to layered "$SCRATCH/t" /root/stopped
        boot layered
        nbox copy-to layered "$SCRATCH/t" /root/running
        for tree in stopped running; do
                nbox copy-from --privileges layered /root/$tree "$SCRATCH/layered.$tree"
                same_tree "$SCRATCH/layered.$tree" "$SCRATCH/t"
        done
        terminate layered
        nbox copy-from --privileges layered /root/running "$SCRATCH/layered.later"
        same_tree "$SCRATCH/layered.later" "$SCRATCH/t"
        # Nothing of it is kept.
        boot layered --ephemeral --machine=brief
        nbox copy-to brief "$SCRATCH/t" /root/passing
        nbox copy-from --privileges brief /root/passing "$SCRATCH/passing"
        same_tree "$SCRATCH/passing" "$SCRATCH/t"
        terminate brief
        status_is 1 nbox copy-from layered /root/passing "$SCRATCH/none" 2>"$SCRATCH/said"
        # Files that were given to the machine's own ids.
        tree_with owned
        boot owned --private-users=524288 --private-users-ownership=chown
        nbox copy-to owned "$SCRATCH/t" /root/running
        terminate owned
        nbox copy-to owned "$SCRATCH/t" /root/stopped
        same "an owner on disk" "$(stat -c %u:%g "$MACHINES/owned/root/stopped/one" "$MACHINES/owned/root/running/one" | uniq)" 525288:524388
        for tree in stopped running; do
                nbox copy-from --privileges owned /root/$tree "$SCRATCH/owned.$tree"
                same_tree "$SCRATCH/owned.$tree" "$SCRATCH/t"
        done
        # A disk image.
        nbox export web "$MACHINES/disk.raw"
        nbox copy-to disk "$SCRATCH/t" /root/stopped
        boot disk
        nbox copy-to disk "$SCRATCH/t" /root/running
        for tree in stopped running; do
                nbox copy-from --privileges disk /root/$tree "$SCRATCH/disk.$tree"
                same_tree "$SCRATCH/disk.$tree" "$SCRATCH/t"
        done
        terminate disk
        nbox remove layered web owned 2>"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
        rm -f "$MACHINES/disk.raw"
        remove_store
}

# --- what does not come to its end ----------------------------------------------------------------------------------

# stalled: a copy that waits for the rest of its tar; $COPY is its pid.
stalled() {
        mkdir "$SCRATCH/s"
        head -c 4M /dev/urandom >"$SCRATCH/s/large"
        mkfifo "$SCRATCH/pipe"
        nbox copy-to web - /root/stalled <"$SCRATCH/pipe" 2>"$SCRATCH/said" &
        COPY=$!
        exec 8>"$SCRATCH/pipe"
        tar -C "$SCRATCH" -cf "$SCRATCH/s.tar" s
        head -c 2M "$SCRATCH/s.tar" >&8
        wait_until 10 has_hidden
}
has_hidden() { [ -n "$(find "$MACHINES/web/root" -name '.#nbox-copy-*' -prune)" ]; }

test_interrupted_it_leaves_nothing() {
        tree_with web
        boot web
        stalled
        kill -INT "$COPY"
        status_is 1 wait "$COPY"
        has "$(cat "$SCRATCH/said")" 'interrupted'
        exec 8>&-
        same "what is left" "$(find "$MACHINES/web/root" -mindepth 1 ! -name '.ash*')" ''
        rm -rf "$SCRATCH/s" "$SCRATCH/s.tar" "$SCRATCH/pipe"
        stalled
        nbox terminate web
        status_is 1 wait "$COPY"
        has "$(cat "$SCRATCH/said")" "'web' has ended meanwhile"
        exec 8>&-
        wait_until 5 is_gone web
        nothing_hidden_in "$MACHINES/web"
        remove_tree web
}
