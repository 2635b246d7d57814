# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Whose ids a machine has: ranges that are kept and nobody else's, trees that are mapped or chowned, binds, and trees that
# users of the host could reach.

KEPT=/var/lib/nbox/machines

base_of() { nbox exec "$1" cat /proc/self/uid_map | awk '{ print $2 }'; }
kept_of() { awk '$1 == "uids" { print $2 }' "$KEPT/$1"; }
owner_of() { stat -c %u:%g "$1"; }

ids_forget() { for name in "$@"; do rm -f "$KEPT/$name"; done; }

test_ids_are_kept() {
        local first
        boot "$GUEST"
        first=$(base_of "$GUEST")
        same "what is kept" "$(kept_of "$GUEST")" "$first"
        [ -e "/run/systemd/nspawn-uid/$first" ] || fail "systemd-nspawn is not told of the range"
        terminate "$GUEST"
        [ ! -e "/run/systemd/nspawn-uid/$first" ] || fail "its lock stays"
        # Somebody else has it for a while: so it has another, and keeps that.
        echo "someone:$first:65536" >>/etc/subuid
        boot "$GUEST"
        [ "$(base_of "$GUEST")" != "$first" ] || fail "it has the ids of a user of /etc/subuid"
        same "what is kept" "$(kept_of "$GUEST")" "$(base_of "$GUEST")"
        terminate "$GUEST"
        sed -i '/^someone:/d' /etc/subuid
        # A passing command has the machine's own, or while it runs others.
        nbox run --network=none "$GUEST" cat /proc/self/uid_map | grep -q " $(kept_of "$GUEST") "
        boot "$GUEST" --nesting
        has "$(nbox exec "$GUEST" cat /proc/self/uid_map)" ' 4194304$'
        terminate "$GUEST"
        ids_forget "$GUEST"
}

# Names whose hash is the same range, so that they all want it: all start at once.
test_ids_of_starts_at_once() {
        local name pids='' bases
        for name in a b c d e f; do
                tree_with "same-$name"
                printf '# by hand\nuids 524288 65536\n' >"$SCRATCH/kept"
                [ -d "$KEPT" ] || { mkdir -p "$KEPT" && chmod 711 "$KEPT"; }
                cp "$SCRATCH/kept" "$KEPT/same-$name"
        done
        for name in a b c d e f; do
                nbox boot -d --network=none "same-$name" 2>"$SCRATCH/err-$name" &
                pids="$pids $!"
        done
        # shellcheck disable=SC2086
        wait $pids
        bases=$(for name in a b c d e f; do base_of "same-$name"; done | sort -u | wc -l)
        same "how many ranges they have" "$bases" 6
        for name in a b c d e f; do
                terminate "same-$name"
                remove_tree "same-$name"
                ids_forget "same-$name"
        done
}

# systemd-nspawn -U has left such trees; a copy of one has the ids of the first.
test_trees_of_another_range() {
        local theirs=$((700 * 65536))
        tree_with shifted
        chown -R "$theirs:$theirs" "$MACHINES/shifted"
        cp -aT "$MACHINES/shifted" "$MACHINES/copied"
        boot shifted
        same "the range" "$(base_of shifted)" "$theirs"
        boot copied
        [ "$(base_of copied)" != "$theirs" ] || fail "the copy has the ids of the other"
        same "the owner inside" "$(nbox exec copied stat -c %u:%g /bin/busybox)" 0:0
        nbox exec copied touch /made
        same "the owner on disk" "$(owner_of "$MACHINES/copied/made")" "$theirs:$theirs"
        terminate shifted
        terminate copied
        # Without a user namespace it is mapped as well.
        same "the owner inside" "$(nbox run --network=none --private-users=no copied stat -c %u:%g /bin/busybox)" 0:0
        remove_tree shifted
        remove_tree copied
        ids_forget shifted copied
}

# tree_of_everything NAME: with what a chown could lose or reach.
tree_of_everything() {
        local tree=$MACHINES/$1
        tree_with "$1"
        cp /bin/true "$tree/bin/setuid"
        chmod 6755 "$tree/bin/setuid"
        ln "$tree/bin/setuid" "$tree/bin/linked"
        cp /bin/true "$tree/bin/capable"
        setcap cap_net_raw+ep "$tree/bin/capable"
        mkdir "$tree/shared"
        chown 33:44 "$tree/shared"
        chmod 2775 "$tree/shared"
        setfacl -m u:33:rwx,g:44:rx -d -m u:33:rwx "$tree/shared"
        ln -s /etc/passwd "$tree/shared/link"
        mkfifo -m 620 "$tree/shared/fifo"
}

# All of a tree that has to do with users, its ids less BASE.
ids_in() {
        find "$MACHINES/$1" -mindepth 1 -printf '%P %y %m %U %G\n' | awk -v b="$2" '{ $4 -= b; $5 -= b; print }' | sort
        getfacl -n -R -c -p -E "$MACHINES/$1/shared" | awk -F: -v b="$2" -v OFS=: 'NF > 2 && $(NF - 1) ~ /^[0-9]+$/ { $(NF - 1) -= b } { print }'
        getcap -r "$MACHINES/$1" | sed "s|$MACHINES/$1||"
        getcap -n -r "$MACHINES/$1" | sed -n 's/.*rootid=\([0-9]*\).*/\1/p' | awk -v b="$2" '{ print $1 - b }'
}

chowned_is() { # NAME BASE
        ids_in "$1" "$2" >"$SCRATCH/after"
        sed -i '/^0$/d' "$SCRATCH/after" # rootid, that of version 3
        diff "$SCRATCH/before" "$SCRATCH/after" || fail "the tree is not as before, $2 further on"
}

test_chown_and_back() {
        local base
        tree_of_everything chowned
        ids_in chowned 0 >"$SCRATCH/before"
        stat -c '%u:%g %Z' /etc/passwd >"$SCRATCH/passwd"
        nbox run --network=none --private-users-ownership=chown chowned stat -c %u:%g:%a /bin/setuid /shared | paste -sd ' ' >"$SCRATCH/inside"
        same "what is seen inside" "$(cat "$SCRATCH/inside")" '0:0:6755 33:44:2775'
        base=$(kept_of chowned)
        same "the tree's owner" "$(owner_of "$MACHINES/chowned")" "$base:$base"
        chowned_is chowned "$base"
        has "$(getcap -n "$MACHINES/chowned/bin/capable")" "rootid=$base"
        same "what its link leads to" "$(stat -c '%u:%g %Z' /etc/passwd)" "$(cat "$SCRATCH/passwd")"
        # It is the machine's now: nothing is left to do.
        nbox boot --dry-run --private-users-ownership=chown --json chowned | jq -e '.chown == false and .idmapped == false' >/dev/null
        refused nbox boot -d --read-only --private-users=no --private-users-ownership=chown chowned
        has "$REFUSAL" 'read-only'
        nbox run --network=none --private-users=no --private-users-ownership=chown chowned true
        same "the tree's owner" "$(owner_of "$MACHINES/chowned")" 0:0
        chowned_is chowned 0
        remove_tree chowned
        ids_forget chowned
}

# chown_killed CALL N: SIGKILL at the N-th such call.
chown_killed() {
        local rc=0
        strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
                nbox run --network=none --private-users-ownership=chown killed true >/dev/null 2>&1 || rc=$?
        same "how nbox ended at $1 number $2" "$rc" 137
}

test_chown_that_is_killed() {
        local base rc
        tree_of_everything killed
        mkdir "$MACHINES/killed/many"
        (cd "$MACHINES/killed/many" && seq 300 | xargs touch)
        ids_in killed 0 >"$SCRATCH/before"
        chown_killed fchownat 2
        chown_killed setxattr 1
        chown_killed setxattr 2
        chown_killed removexattr 1
        chown_killed fchownat 15
        [ "$(stat -c %u "$MACHINES/killed")" -ge $((0xFFFE0000)) ] || fail "the tree does not tell that it is not finished"
        nbox gc
        # Mapped, half of its files would be nobody's.
        refused nbox boot -d killed
        has "$REFUSAL" '--private-users-ownership=chown'
        nbox run --network=none --private-users-ownership=chown killed true
        base=$(kept_of killed)
        chowned_is killed "$base"
        # What is interrupted goes on, or back, and nowhere else; an end later than that is a beginning.
        nbox run --network=none --private-users=no --private-users-ownership=chown killed true
        chowned_is killed 0
        chown_killed fchownat 150
        refused nbox run --network=none --private-users=1310720 --private-users-ownership=chown killed true
        has "$REFUSAL" "--private-users=$base:65536 --private-users-ownership=chown"
        rc=0
        strace -f -qq -o /dev/null -e trace=fchownat -e inject=fchownat:signal=KILL:when=99 \
                nbox run --network=none --private-users=no --private-users-ownership=chown killed true >/dev/null 2>&1 || rc=$?
        same "how nbox ended on the way back" "$rc" 137
        nbox run --network=none --private-users=no --private-users-ownership=chown killed true
        same "the tree's owner" "$(owner_of "$MACHINES/killed")" 0:0
        chowned_is killed 0
        same "what is left to note" "$(getfattr -R -d -m trusted.nbox "$MACHINES/killed" 2>/dev/null)" ''
        has_not "$(cat "$KEPT/killed")" chown
        remove_tree killed
        ids_forget killed
}

# ramfs and overlay map no ids; what is mounted in a tree is not gone into.
test_file_systems_that_cannot_map() {
        local name
        mkdir -p "$MACHINES/ram" "$MACHINES/stacked" "$SCRATCH/upper" "$SCRATCH/work"
        mount -t ramfs ramfs "$MACHINES/ram"
        mount -t overlay -o "lowerdir=$MACHINES/.busybox,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work" overlay "$MACHINES/stacked"
        cp -a "$MACHINES/.busybox/." "$MACHINES/ram/"
        for name in ram stacked; do
                refused nbox boot -d --network=none "$name"
                has "$REFUSAL" 'cannot map user ids'
                has "$REFUSAL" '--private-users-ownership=chown'
                has "$REFUSAL" '--private-users=no'
                refused nbox boot -d --network=none --private-users-ownership=map "$name"
                same "the owner" "$(owner_of "$MACHINES/$name")" 0:0
                boot "$name" --private-users-ownership=chown
                same "the owner inside" "$(nbox exec "$name" stat -c %u:%g /bin/busybox)" 0:0
                terminate "$name"
                boot "$name" # it is the machine's now
                terminate "$name"
                mount -o remount,ro "$MACHINES/$name"
                refused nbox run --network=none --private-users=no --private-users-ownership=chown "$name" true
                has "$REFUSAL" 'cannot be written to'
                umount "$MACHINES/$name"
                rmdir "$MACHINES/$name"
                ids_forget "$name"
        done
}

test_ids_of_binds() {
        local base
        mkdir "$SCRATCH/share"
        echo one >"$SCRATCH/share/alices"
        chown 1000:1001 "$SCRATCH/share" "$SCRATCH/share/alices"
        echo two >"$SCRATCH/share/roots"
        tree_with bound
        mkdir "$MACHINES/bound/place"
        chown 7:8 "$MACHINES/bound/place"
        seen() { nbox run --network=none --bind="$SCRATCH/share:/place$1" bound stat -c %u:%g /place/alices /place/roots | paste -sd ' '; }
        same "without a word" "$(seen '')" '65534:65534 65534:65534'
        same "noidmap" "$(seen :noidmap)" '65534:65534 65534:65534'
        same "idmap" "$(seen :idmap)" '1000:1001 0:0'
        same "rootidmap" "$(seen :rootidmap)" '0:0 65534:65534'
        same "owneridmap" "$(seen :owneridmap)" '7:8 65534:65534'
        nbox run --network=none --bind="$SCRATCH/share:/place:rootidmap" bound touch /place/made
        same "what root made by rootidmap" "$(owner_of "$SCRATCH/share/made")" 1000:1001
        boot bound --bind="$SCRATCH/share:/place"
        base=$(base_of bound)
        chmod 777 "$SCRATCH/share"
        nbox exec bound touch /place/mine
        same "what root made by noidmap" "$(owner_of "$SCRATCH/share/mine")" "$base:$base"
        terminate bound
        refused nbox boot -q -d --network=none --bind=/proc/sys:/place:idmap bound
        has "$REFUSAL" 'cannot map user ids'
        remove_tree bound
        ids_forget bound
}

test_words_of_private_users() {
        has "$(nbox run --network=none --private-users=identity "$GUEST" cat /proc/self/uid_map)" '^ +0 +0 +65536'
        # A number is an id, as systemd-nspawn has it; in a file, 0 is no.
        has "$(nbox run --network=none --private-users=0 "$GUEST" cat /proc/self/uid_map)" '^ +0 +0 +65536'
        has "$(nbox run --network=none --private-users=1310720:131072 "$GUEST" cat /proc/self/uid_map)" '^ +0 +1310720 +131072'
        has "$(nbox run --network=none --private-users=yes "$GUEST" cat /proc/self/uid_map)" ' 65536$'
        same "off" "$(nbox run --network=none --private-users-ownership=off "$GUEST" stat -c %u /bin/busybox)" 65534
        boot "$GUEST" --private-users=1310720
        same "what is kept" "$(kept_of "$GUEST")" 1310720
        # What is asked for by number is given, with a word, and is not the second's to keep.
        tree_with other
        nbox run --network=none --private-users=1310720 other true 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" '1310720 to 1376255 .* in use by another machine'
        boot other --private-users=1310720
        [ ! -e "$KEPT/other" ] || fail "two machines keep the same ids"
        terminate "$GUEST"
        terminate other
        remove_tree other
        ids_forget "$GUEST"
}

# What is said of a tree that users can reach; one word of its path each time.
test_reachable_trees() {
        local tree=/srv/outside/closed/web
        warned() { timeout -k 5 "$((20 * PATIENCE))" nbox boot --network=none -D "$tree" -M reached "$@" </dev/null 2>&1 | grep -a 'can reach' || true; }
        mkdir -m 755 /srv/outside
        mkdir -m 755 /srv/outside/closed
        cp -aT "$MACHINES/.busybox" "$tree"
        printf '#!/bin/sh\n/bin/busybox poweroff -f\n' >"$tree/sbin/quick"
        chmod 755 "$tree/sbin/quick"
        set -- --init=/sbin/quick
        has "$(warned "$@")" "can reach $tree,.*chmod 0700 /srv/outside/closed"
        same "with its own ids on disk" "$(warned "$@" --private-users-ownership=off)" ''
        has "$(warned "$@" --private-users=no)" "can reach $tree"
        chmod 700 /srv/outside/closed
        same "closed" "$(warned "$@")" ''
        setfacl -m u:1000:x /srv/outside/closed
        has "$(warned "$@")" "can reach $tree"
        setfacl -b /srv/outside/closed
        chgrp 1000 /srv/outside/closed
        chmod 710 /srv/outside/closed
        has "$(warned "$@")" "can reach $tree"
        chmod 700 /srv/outside/closed
        # The same files, mounted where the way is open.
        mkdir -m 755 /srv/outside/open
        mount --bind "$tree" /srv/outside/open
        has "$(warned "$@")" "can reach /srv/outside/open,"
        mount -o remount,bind,nosuid /srv/outside/open
        same "mounted nosuid" "$(warned "$@")" ''
        umount /srv/outside/open
        rm -rf /srv/outside
        ids_forget reached
}
