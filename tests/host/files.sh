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
