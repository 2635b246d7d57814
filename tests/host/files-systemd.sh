# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# copy-to and copy-from beside machinectl's, on one and the same machine without a user namespace, so that both mean the same by an owner: the
# same words, the same statuses, the same files. Where they differ on purpose, it is said here how.


# both DIRECTION FROM TO…: by machinectl at TO.theirs, by nbox at TO.ours; the same status. --force goes before.
both() {
        local verb=$1 theirs=0 ours=0 options=()
        shift
        [ "$1" != --force ] || { options=(--force) && shift; }
        machinectl "${options[@]}" "$verb" web "$1" "${2//@/theirs}" 2>"$SCRATCH/theirs.said" || theirs=$?
        nbox "$verb" "${options[@]}" web "$1" "${2//@/ours}" 2>"$SCRATCH/ours.said" || ours=$?
        same "nbox's status of $verb ${options[*]} $1 $2 ($(cat "$SCRATCH/ours.said")) beside machinectl's ($(cat "$SCRATCH/theirs.said"))" "$ours" "$theirs"
}

# In machinectl 252 an ACL and a capability are left behind, a directory's time is when it was written to, and links, fifos and sockets are
# today's and root's; so those do not count.
plain_tree() {
        mkdir -p "$1/sub/deep" "$1/empty"
        echo one >"$1/one"
        echo two >"$1/sub/two"
        ln "$1/one" "$1/sub/deep/one-too"
        ln -s one "$1/link"
        mkfifo "$1/fifo"
        chown 1000:100 "$1/one" "$1/sub/two"
        chmod 4711 "$1/sub/two"
        setfattr -n user.note -v hello "$1/one"
        touch -d '2001-02-03 04:05:06.123456789' "$1/one"
}

seen() { (cd "$1" && find . -type f -printf '%p %m %U:%G %n %s %T@\n' -o -printf '%p %y %l\n' | sort && getfattr -R -d . 2>/dev/null); }

alike() { same "what nbox copied to $1, beside machinectl's" "$(seen "${1/@/ours}")" "$(seen "${1/@/theirs}")"; }

test_copies_are_machinectls() {
        local root=$MACHINES/web
        tree_with web
        plain_tree "$SCRATCH/t"
        cd "$SCRATCH" || fail "no scratch directory"
        echo new >new
        boot web --private-users=no
        mkdir "$root/srv"
        both copy-to "$SCRATCH/t" /srv/@
        alike "$root/srv/@"
        both copy-to "$SCRATCH/new" /srv/f.@
        both copy-to "$SCRATCH/new" /srv/f.@
        both copy-to --force "$SCRATCH/t/one" /srv/f.@
        cmp "$root/srv/f.ours" "$root/srv/f.theirs"
        # Merged: what is there stays, or not.
        echo mine | tee "$root/srv/ours/one" >"$root/srv/theirs/one"
        both copy-to "$SCRATCH/t" /srv/@
        same "a file that was there" "$(cat "$root/srv/ours/one" "$root/srv/theirs/one" | uniq)" mine
        both copy-to --force "$SCRATCH/t" /srv/@
        same "a file that was there" "$(cat "$root/srv/ours/one" "$root/srv/theirs/one" | uniq)" one
        both copy-to "$SCRATCH/none" /srv/n.@
        both copy-to "$SCRATCH/t" /no/such/@
        both copy-to "$SCRATCH/t" /srv/f.@
        both copy-to --force "$SCRATCH/t" /srv/f.@
        both copy-to "$SCRATCH/new" relative.@
        both copy-to "$SCRATCH/t/link" /srv/l.@
        same "a link" "$(readlink "$root/srv/l.ours" "$root/srv/l.theirs" | uniq)" one
        ln -s /etc "$root/srv/etc.ours"
        ln -s /etc "$root/srv/etc.theirs"
        both copy-to "$SCRATCH/new" /srv/etc.@/behind.@
        cmp "$root/etc/behind.ours" "$root/etc/behind.theirs"
        both copy-to --force "$SCRATCH/new" /srv/etc.@
        cmp "$root/srv/etc.ours" "$root/srv/etc.theirs"
        both copy-from /srv/theirs "$SCRATCH/out.@"
        # Rights that the machine gave do not come out, but for --privileges.
        same "modes" "$(stat -c %a out.ours/sub/two out.theirs/sub/two | paste -sd ' ')" '711 4711'
        rm -rf out.ours
        nbox copy-from --privileges web /srv/theirs "$SCRATCH/out.ours"
        alike "$SCRATCH/out.@"
        both copy-from /srv/one.@ "$SCRATCH/none.@"
        both copy-from /srv/f.ours "$SCRATCH/f.@"
        both copy-from /srv/f.ours "$SCRATCH/f.@"
        terminate web
        remove_tree web
}
