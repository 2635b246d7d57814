# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Keeping what an image is, breaking it, and having it back: by a hash of all that the tree is.

. "$HOST_TOOLS/layers-words.sh"

# inside NAME COMMAND: as root in the machine.
inside() { timeout "$((20 * PATIENCE))" nbox run --network=none "$1" /bin/sh -c "$2"; }

boots_and_stops() {
        boot "$1"
        same "what runs" "$(nbox exec "$1" /bin/busybox sh -c '. /etc/os-release; echo $ID')" busybox
        terminate "$1"
}

# snapshots_of NAME: a line for each: its name, what it stands on, whether the image stands on it.
snapshots_of() { nbox snapshot list --json "$1" | jq -r '.[] | [.name, .on // "-", if .current then "current" else "" end] | join(" ")'; }

test_a_broken_tree_comes_back_whole() {
        local before broken
        rich_tree snap
        before=$(hash_of snap)
        lines_of snap >"$SCRATCH/before"
        same "what a snapshot says" "$(nbox snapshot snap first)" first
        [ -L "$MACHINES/snap" ] || fail "a tree with a snapshot does not stand on layers"
        same "the tree after the snapshot" "$(hash_of snap)" "$before"
        # all that a mistaken command can do
        inside snap 'rm -rf /usr/lib/deep /usr/lib/whole/*; mv /srv/shared /srv/moved; chmod 777 /etc /; chown 5:5 /usr/lib/program
                rm /usr/lib/hard-link; echo longer >>/usr/lib/capable; echo 1 >/etc/machine-id; rm -rf /srv/null /srv/pipe; : >/srv/sparse; mkdir /usr/lib/deep
                touch /usr/lib/deep/new /srv /'
        broken=$(hash_of snap)
        [ "$broken" != "$before" ] || fail "it is not broken"
        nbox rollback snap 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "'snap' is what it was in the snapshot 'first'; .* discarded"
        lines_of snap >"$SCRATCH/after"
        diff "$SCRATCH/before" "$SCRATCH/after"
        same "the tree after going back" "$(hash_of snap)" "$before"
        boots_and_stops snap
        wait_until 5 store_is_clean
        forget_image snap
}

# Whiteouts, opaque and renamed directories are part of a state, too: of the upper of several layers.
test_states_on_top_of_states() {
        local first second third
        rich_tree stack
        first=$(hash_of stack)
        nbox snapshot stack one
        inside stack 'rm -rf /usr/lib/deep; mkdir -p /usr/lib/deep/other; echo x >/usr/lib/deep/other/x; mv /usr/lib/whole /usr/lib/renamed; rm /srv/pipe; chmod 700 /srv/shared
                mv /srv/shared/of-alice /srv/shared/of-bob; chown 7:7 /usr/lib/capable'
        second=$(hash_of stack)
        nbox snapshot stack two
        same "the tree after the second snapshot" "$(hash_of stack)" "$second"
        inside stack 'rm -rf /usr/lib/renamed /usr/lib/deep; mkdir /usr/lib/whole; echo again >/usr/lib/whole/1; rm -rf /etc/init.d'
        third=$(hash_of stack)
        nbox snapshot stack three
        inside stack 'rm -rf /usr/lib'
        for state in "two $second" "one $first" "three $third" "two $second"; do
                nbox rollback stack "${state% *}" 2>/dev/null
                same "the state ${state% *}" "$(hash_of stack)" "${state#* }"
        done
        wait_until 5 store_is_clean
        boots_and_stops stack
        forget_image stack
}

# Going back and on again makes a branch.
test_snapshots_are_a_tree() {
        tree_with web
        nbox snapshot web one
        inside web 'echo 1 >/var/one'
        nbox snapshot web two
        nbox rollback web one 2>/dev/null
        inside web 'echo 2 >/var/two'
        nbox snapshot web branch
        same "who stands on whom" "$(snapshots_of web)" "$(printf '%s\n' 'one - ' 'two one ' 'branch one current')"
        has "$(nbox snapshot list web)" '^branch +[0-9-]+ [0-9:]+ +[0-9.]+ KiB +one +yes$'
        # nothing was written: the same layer by two names
        nbox snapshot web again
        same "who stands on whom" "$(snapshots_of web | tail -n 1)" 'again branch current'
        same "layers" "$(ls "$MACHINES/$STORE/layers" | wc -l)" 4
        # its name goes, others stand on it
        nbox snapshot remove web one again branch
        same "who stands on whom" "$(snapshots_of web)" 'two - '
        wait_until 5 store_is_clean
        same "what is inside" "$(inside web 'cat /var/two; cat /var/one 2>/dev/null || echo none')" "$(printf '2\nnone')"
        nbox rollback web two 2>/dev/null
        same "what is inside" "$(inside web 'cat /var/one')" 1
        nbox snapshot remove web two
        same "snapshots" "$(nbox snapshot list web)" 'No snapshots.'
        wait_until 5 store_is_clean
        forget_image web
}

test_a_name_by_the_clock() {
        local one two
        tree_with web
        one=$(nbox snapshot web)
        two=$(nbox snapshot web)
        has "$one" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{6}$'
        [ "$one" != "$two" ] || fail "two snapshots with one name"
        same "their order" "$(nbox snapshot list -q web)" "$(printf '%s\n%s' "$one" "$two")"
        forget_image web
}

test_what_is_refused() {
        local name
        tree_with web
        refused nbox rollback web
        has "$REFUSAL" "has no snapshots"
        for name in '' . .. .on a/b '-x' $'a\nb' 'a b' "$(printf '%065d' 0)"; do refused nbox snapshot web -- "$name"; done
        nbox snapshot web one
        refused nbox snapshot web one
        has "$REFUSAL" "has a snapshot 'one' already"
        refused nbox rollback web none
        has "$REFUSAL" "nbox snapshot list web"
        refused nbox snapshot remove web none
        refused nbox snapshot nobody
        boot web
        refused nbox rollback web one
        has "$REFUSAL" "nbox poweroff --wait web"
        terminate web
        forget_image web
}

# As it runs: what it has written so far is in it, and it goes on.
test_of_a_machine_that_runs() {
        local leader
        tree_with web
        boot web
        leader=$(leader_of web)
        nbox exec web /bin/busybox sh -c 'echo 1 >/var/state'
        nbox snapshot web running
        nbox exec web /bin/busybox sh -c 'echo 2 >/var/state'
        same "its init" "$(leader_of web)" "$leader"
        terminate web
        has "$(changes web running)" '^C /var/state$'
        nbox snapshot web later
        same "snapshots" "$(nbox snapshot list -q web)" "$(printf 'running\nlater')"
        nbox rollback web running 2>/dev/null
        same "what is inside" "$(inside web 'cat /var/state')" 1
        boots_and_stops web
        forget_image web
}

# The image stays a subvolume, and is kept also while it runs.
test_subvolumes() {
        local before d=$SCRATCH/btrfs
        mkdir "$d"
        truncate -s 256M "$SCRATCH/btrfs.img"
        mkfs.btrfs -q "$SCRATCH/btrfs.img"
        mount -o loop "$SCRATCH/btrfs.img" "$d"
        btrfs -q subvolume create "$d/web"
        rich_tree source
        cp -aT "$MACHINES/source" "$d/web"
        before=$("$HOST_TOOLS/tree-hash" "$d/web")
        same "what a snapshot says" "$(nbox snapshot "$d/web" one)" one
        same "the tree after the snapshot" "$("$HOST_TOOLS/tree-hash" "$d/web")" "$before"
        rm -rf "$d/web/usr" "$d/web/srv"
        chmod 700 "$d/web"
        has "$(nbox diff "$d/web")" '^D /usr$'
        nbox snapshot "$d/web" two >/dev/null
        nbox set-limit "$d/web" 90M 2>/dev/null
        nbox rollback "$d/web" one 2>/dev/null
        same "the tree after going back" "$("$HOST_TOOLS/tree-hash" "$d/web")" "$before"
        same "changes" "$(nbox diff "$d/web" one)" ''
        same "limit" "$(nbox image-status --json "$d/web" | jq .limit_bytes)" $((90 << 20))
        btrfs subvolume show "$d/web" >/dev/null
        same "who stands on whom" "$(snapshots_of "$d/web")" "$(printf '%s\n' 'one - current' 'two one ')"
        timeout "$((30 * PATIENCE))" nbox boot -d --machine=web "$d/web"
        nbox snapshot "$d/web" running >/dev/null
        refused nbox rollback "$d/web" one
        terminate web
        nbox snapshot remove "$d/web" one two running
        wait_until 5 no_layers "$d"
        umount "$d"
        forget_image source
}

no_layers() { [ -z "$(find "$1/$STORE/layers" "$1/$STORE/trash" -mindepth 1)" ]; }

test_disk_images() {
        local before
        mkfs.ext4 -q -d "$MACHINES/.busybox" "$MACHINES/disk.raw" 32M
        before=$(sha256sum <"$MACHINES/disk.raw")
        nbox snapshot disk one 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "The disk image 'disk' is copied: [0-9.]+ MiB"
        timeout "$((20 * PATIENCE))" nbox run --network=none disk /bin/busybox sh -c 'echo 1 >/var/state; rm /etc/inittab'
        has "$(changes disk)" '^D /etc/inittab$'
        [ "$(sha256sum <"$MACHINES/disk.raw")" != "$before" ] || fail "nothing was written"
        nbox rollback disk 2>/dev/null
        same "the file" "$(sha256sum <"$MACHINES/disk.raw")" "$before"
        same "who stands on whom" "$(snapshots_of disk)" 'one - current'
        boot disk
        refused nbox snapshot disk two
        has "$REFUSAL" 'nbox poweroff --wait disk'
        refused nbox rollback disk
        terminate disk
        nbox snapshot remove disk one
        rm "$MACHINES/disk.raw"
        forget_image disk disk.raw
}

# --- what is different -----------------------------------------------------------------------------------------------------

# changes NAME [OTHER]: what nbox says, sorted.
changes() { nbox diff "$@" | sort; }

test_diff_of_layers() {
        rich_tree web
        nbox snapshot web one
        same "nothing yet" "$(changes web)" ''
        # Booting and reading changes nothing; written with what it had, nor a file.
        inside web 'cp /usr/lib/whole/1 /tmp/x; cat /tmp/x >/usr/lib/whole/1; rm /tmp/x; touch /usr/lib/capable; chmod 700 /srv; chmod 755 /srv'
        same "still nothing" "$(changes web)" ''
        inside web 'chmod 600 /usr/lib/program; echo more >>/usr/lib/capable; rm /srv/pipe; mkdir /srv/fresh; echo a >/srv/fresh/a; rm -rf /usr/lib/deep
                mkdir /usr/lib/deep; echo 6 >/usr/lib/deep/6; mv /usr/lib/whole /usr/lib/renamed; chown 4:4 /srv/shared; rm /usr/lib/dangling
                ln -s elsewhere /usr/lib/dangling; rm -r /usr/lib/hard-link; mkdir /usr/lib/hard-link'
        same "changes" "$(changes web)" "$(sort <<'LINES'
C /usr/lib/program
C /usr/lib/capable
D /srv/pipe
A /srv/fresh
A /srv/fresh/a
D /usr/lib/deep/er
A /usr/lib/deep/6
D /usr/lib/whole
A /usr/lib/renamed
A /usr/lib/renamed/1
A /usr/lib/renamed/2
A /usr/lib/renamed/3
A /usr/lib/renamed/4
A /usr/lib/renamed/5
C /srv/shared
C /usr/lib/dangling
C /usr/lib/hard-link
LINES
)"
        same "what of it" "$(nbox diff --json web one | jq -r '.[] | select(.change == "changed") | "\(.path) \(.what | join(","))"' | sort)" "$(printf '%s\n' \
                '/srv/shared owner' '/usr/lib/capable contents,attributes' '/usr/lib/dangling target' '/usr/lib/hard-link kind' '/usr/lib/program mode')"
        # From a snapshot further down, and back to the same.
        nbox snapshot web two
        same "since the second" "$(changes web)" ''
        inside web 'rm /usr/lib/renamed/3; echo 7 >/usr/lib/renamed/7'
        same "since the second" "$(changes web)" "$(printf '%s\n' 'A /usr/lib/renamed/7' 'D /usr/lib/renamed/3')"
        has_not "$(changes web one)" renamed/3
        has "$(changes web one)" '^A /usr/lib/renamed/7$'
        nbox rollback web one 2>/dev/null
        same "what the branch has, and the state does not" "$(changes web two | grep renamed)" 'D /usr/lib/renamed'
        forget_image web
}

test_diff_of_trees() {
        rich_tree one
        cp -a "$MACHINES/one" "$MACHINES/two"
        same "copies" "$(changes one two)" ''
        echo more >>"$MACHINES/one/usr/lib/deep/er/3"
        setfattr -x user.nbox "$MACHINES/one/srv/shared"
        setfacl -m u:1003:r "$MACHINES/one/srv/shared/of-alice"
        rm "$MACHINES/two/srv/null"
        mknod "$MACHINES/two/srv/null" c 1 5
        rm -r "$MACHINES/one/usr/lib/whole"
        # only said to be older than it is: read, and found to be the same
        touch "$MACHINES/one/srv/sparse"
        same "changes" "$(changes one two)" "$(printf '%s\n' 'C /srv/null' 'C /srv/shared' 'C /srv/shared/of-alice' 'C /usr/lib/deep/er/3' 'D /usr/lib/whole')"
        refused nbox diff one
        has "$REFUSAL" "nbox snapshot one"
        forget_image one two
}

test_diff_prints_hostile_names_safely() {
        tree_with web
        mkdir "$MACHINES/web/srv"
        nbox snapshot web one
        inside web 'cd /srv; touch "$(printf "a\nA etc")" "$(printf "b\033[31m")" "$(printf "c\377")" "d\\x41" "ä"'
        same "lines" "$(nbox diff web)" "$(printf '%s\n' 'A /srv/a\x0aA etc' 'A /srv/b\x1b[31m' 'A /srv/c\xff' 'A /srv/d\x5cx41' 'A /srv/ä')"
        nbox diff --json web | jq -e 'length == 5' >/dev/null
        forget_image web
}
