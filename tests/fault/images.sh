# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# SIGKILL while images change: at the system calls that change something, one after the other. Whatever the moment, each image is what it was or what it was
# to become, and boots; what is over, the next `nbox gc` takes away; and a machine that runs from the same store meanwhile notices nothing.

. "$HOST_TOOLS/layers-words.sh"

CALLS='mkdir mkdirat openat write fsync symlinkat linkat rename renameat renameat2 unlink unlinkat flock ioctl copy_file_range syncfs fchmod fchown fchownat
fchmodat fsetxattr setxattr utimensat mount umount2 move_mount open_tree unshare'
OF_A_CLONE=(./etc/machine-id ./etc/hostname ./var/lib/dbus/machine-id)

# A machine that stands on layers that others stand on, and runs through it all.
bystander_boots() {
        tree_with other
        nbox clone other by >/dev/null
        boot by
        BY=$(leader_of by)
}

bystander_is_undisturbed() {
        same "the bystander's init" "$(leader_of by)" "$BY"
        nbox exec by /bin/busybox sh -c 'echo written >/var/written && /bin/busybox test -x /bin/busybox'
        terminate by
        forget_image by other
}

# points COMMAND...: at most three of each call that an undisturbed run of it makes, the first and the last among them: lines CALL N. (strace counts for each
# process by itself.)
points() {
        # shellcheck disable=SC2086
        strace -f -qq -o "$SCRATCH/trace" -e "trace=$(tr -s ' \n' ',,' <<<$CALLS)" "$@" >/dev/null 2>&1
        awk '{ call = $2; sub(/\(.*/, "", call) } call ~ /^[a-z_0-9]+$/ && /\(/ { n[$1, call]++; if (n[$1, call] > most[call]) most[call] = n[$1, call] }
                END { for (c in most) { print c, 1; if (most[c] > 2) print c, int((most[c] + 1) / 2); if (most[c] > 1) print c, most[c] } }' "$SCRATCH/trace" |
                sort -u
}

is_subvolume() { [ "$(stat -c %i "$1")" = 256 ]; }

# A conf, so that more than the image has to change.
fresh_image() {
        forget_image a b
        rm -f /etc/nbox/a.conf /etc/nbox/b.conf
        if is_subvolume "$MACHINES/.busybox"; then btrfs -q subvolume snapshot "$MACHINES/.busybox" "$MACHINES/a" >/dev/null; else tree_with a; fi
        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=of-a\n' >/etc/nbox/a.conf
}

with_snapshot() {
        fresh_image
        nbox snapshot a one >/dev/null
}

# Broken before the snapshot is gone back to.
with_change() {
        local top
        with_snapshot
        top=$(readlink -f "$MACHINES/a")
        echo broken >"$top/broken"
        if is_subvolume "$top"; then rm -r "${top:?}/bin"; else mknod "$top/bin" c 0 0; fi
        touch -d 2002-02-03 "$top/broken" "$top"
}

# whole NAME HASH...: the image is one of these, and boots if it is not a broken one.
whole() {
        local hash
        hash=$(hash_of "$1")
        case " ${*:2} " in *" $hash "*) ;; *) fail "$1 is neither the one nor the other after SIGKILL at $POINT" ;; esac
        [ "$hash" != "$H" ] || timeout "$((20 * PATIENCE))" nbox run --network=none "$1" /bin/busybox true
}

nothing_is_left() {
        local left
        timeout "$((20 * PATIENCE))" nbox gc 2>/dev/null
        wait_until 5 store_is_clean
        left=$(find "$MACHINES" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -vxE "a|b|by|other|\.busybox|$GUEST|\.#nbox|\.#(a|b|by|other)\.lck" || true)
        [ -z "$left" ] || fail "left after SIGKILL at $POINT: $left"
        [ ! -e /var/lib/nbox/changes/begun ] || fail "a change is not ended after SIGKILL at $POINT"
        left=$(find "$MACHINES/$STORE/snapshots" -mindepth 1 -maxdepth 1 ! -name a ! -name b 2>/dev/null)
        [ -z "$left" ] || fail "snapshots of nobody after SIGKILL at $POINT: $left"
}

# killed_at_each_step PREPARE CHECK COMMAND...: CHECK is asked before anything is cleared away.
killed_at_each_step() {
        local prepare=$1 check=$2 call n count=0
        shift 2
        fresh_image
        H=$(hash_of a)
        bystander_boots
        "$prepare"
        BROKEN=$(hash_of a)
        points "$@" >"$SCRATCH/points"
        while read -r call n; do
                "$prepare"
                POINT="$call number $n"
                timeout "$((20 * PATIENCE))" strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" "$@" >/dev/null 2>&1 </dev/null || true
                "$check"
                nothing_is_left
                "$check"
                count=$((count + 1))
        done <"$SCRATCH/points"
        [ "$count" -ge "${LEAST:-10}" ] || fail "only $count points in $*"
        echo "killed at $count points"
        forget_image a b
        rm -rf /etc/nbox
        bystander_is_undisturbed
        [ ! -d "$MACHINES/$STORE" ] || fail "the store is not empty: $(find "$MACHINES/$STORE")"
}

# --- what must be true after each -------------------------------------------------------------------------------------------

cloned_or_not() {
        whole a "$H"
        [ -L "$MACHINES/b" ] || [ -d "$MACHINES/b" ] || return 0
        same "the clone after SIGKILL at $POINT" "$(hash_of b "${OF_A_CLONE[@]}")" "$(hash_of a "${OF_A_CLONE[@]}")"
        [ "$(cat "$MACHINES/a/etc/machine-id" 2>/dev/null)" != "$(cat "$MACHINES/b/etc/machine-id" 2>/dev/null)" ] || [ ! -s "$MACHINES/b/etc/machine-id" ] ||
                fail "two machines with one id after SIGKILL at $POINT"
}

committed_or_not() {
        whole a "$H"
        timeout "$((20 * PATIENCE))" nbox exec by /bin/busybox true # it is not held still any more
        [ -e "$MACHINES/b/." ] || return 0
        same "the image after SIGKILL at $POINT" "$(hash_of b "${OF_A_CLONE[@]}")" "$(hash_of by "${OF_A_CLONE[@]}")"
        [ ! -s "$MACHINES/b/etc/machine-id" ] || fail "an image with an id after SIGKILL at $POINT"
}

kept_or_not() {
        whole a "$H"
        case $(nbox snapshot list -q a) in
        '') ;;
        one) same "what is different from the snapshot after SIGKILL at $POINT" "$(nbox diff a one)" '' ;;
        *) fail "strange snapshots after SIGKILL at $POINT" ;;
        esac
}

back_or_not() {
        whole a "$H" "$BROKEN"
        same "snapshots after SIGKILL at $POINT" "$(nbox snapshot list -q a)" one
}

here_or_there() {
        local here=a there=b
        nbox list >/dev/null # whoever comes next ends what was begun
        [ -e "$MACHINES/a/." ] || { here=b && there=a; }
        [ ! -e "$MACHINES/$there" ] || fail "an image by two names after SIGKILL at $POINT"
        whole "$here" "$H"
        same "snapshots after SIGKILL at $POINT" "$(nbox snapshot list -q "$here")" one
        [ -e "/etc/nbox/$here.conf" ] && [ ! -e "/etc/nbox/$there.conf" ] || fail "the settings are elsewhere after SIGKILL at $POINT"
}

there_or_gone() {
        nbox list >/dev/null
        if [ -e "$MACHINES/a/." ]; then
                whole a "$H"
                same "snapshots after SIGKILL at $POINT" "$(nbox snapshot list -q a)" one
                [ -e /etc/nbox/a.conf ] || fail "the settings are gone and the image is not after SIGKILL at $POINT"
        else
                [ ! -e /etc/nbox/a.conf ] || fail "the settings are there and the image is not after SIGKILL at $POINT"
                [ ! -e "$MACHINES/$STORE/snapshots/a" ] || fail "the snapshots are there and the image is not after SIGKILL at $POINT"
        fi
}

test_killed_while_cloning() {
        killed_at_each_step fresh_image cloned_or_not nbox clone a b
}

test_killed_while_keeping() {
        killed_at_each_step fresh_image kept_or_not nbox snapshot a one
}

test_killed_while_going_back() {
        killed_at_each_step with_change back_or_not nbox rollback a one
}

test_killed_while_renaming() {
        killed_at_each_step with_snapshot here_or_there nbox rename a b
}

test_killed_while_removing() {
        killed_at_each_step with_snapshot there_or_gone nbox remove --settings=remove a
}

# Settings are the old ones or the new ones, never half of them, and can be edited again at once.
test_killed_while_editing_settings() {
        local call n count=0 left
        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=old\n' >"$SCRATCH/old"
        printf '[Exec]\nHostname=new\n' >"$SCRATCH/new"
        cp "$SCRATCH/old" /etc/nbox/c.conf
        points sh -c "exec nbox edit --stdin c <$SCRATCH/new" >"$SCRATCH/points"
        same "what an undisturbed one leaves" "$(cat /etc/nbox/c.conf)" "$(cat "$SCRATCH/new")"
        while read -r call n <&3; do
                cp "$SCRATCH/old" /etc/nbox/c.conf
                POINT="$call number $n"
                timeout "$((20 * PATIENCE))" strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" \
                        sh -c "exec nbox edit --stdin c <$SCRATCH/new" >/dev/null 2>&1 </dev/null || true
                cmp -s /etc/nbox/c.conf "$SCRATCH/old" || cmp -s /etc/nbox/c.conf "$SCRATCH/new" ||
                        fail "neither the old settings nor the new ones after SIGKILL at $POINT: $(cat /etc/nbox/c.conf)"
                nbox edit --stdin c <<<$'[Exec]\nHostname=again' 2>/dev/null
                left=$(find /etc/nbox -mindepth 1 ! -name c.conf)
                [ -z "$left" ] || fail "left after SIGKILL at $POINT and another edit: $left"
                count=$((count + 1))
        done 3<"$SCRATCH/points"
        [ "$count" -ge 8 ] || fail "only $count points"
        echo "killed at $count points"
        rm -rf /etc/nbox
}

# --- the other ways to an image, at fewer points ----------------------------------------------------------------------------

test_killed_while_copying() {
        local LEAST=7 CALLS='mkdirat copy_file_range fsync syncfs renameat2'
        killed_at_each_step fresh_image cloned_or_not nbox clone --copy a b
}

# Of a machine that runs, and stands still for that.
test_killed_while_committing() {
        local LEAST=7 CALLS='mkdirat symlinkat renameat unshare fsync fchown'
        killed_at_each_step fresh_image committed_or_not nbox commit by b
}

test_killed_while_booting_of_a_template() {
        local LEAST=7 CALLS='mkdirat symlinkat renameat2 unshare'
        killed_at_each_step fresh_image cloned_or_not nbox run --network=none --template=a b /bin/busybox true
}

# --- subvolumes -------------------------------------------------------------------------------------------------------------

# on_btrfs COMMAND...: with a file system of its own for images, where a is a subvolume.
on_btrfs() {
        local tree=$SCRATCH/busybox
        cp -aT "$MACHINES/.busybox" "$tree"
        truncate -s 400M "$SCRATCH/btrfs"
        mkfs.btrfs -q "$SCRATCH/btrfs"
        mount -o loop "$SCRATCH/btrfs" "$MACHINES"
        chmod 0700 "$MACHINES"
        btrfs -q subvolume create "$MACHINES/.busybox"
        cp -aT "$tree" "$MACHINES/.busybox"
        "$@"
        wait_until 5 umount "$MACHINES"
        rm -r "$SCRATCH/btrfs" "$tree"
}

test_killed_while_keeping_a_subvolume() {
        local LEAST=7 CALLS='mkdirat openat ioctl symlinkat renameat2 fsync'
        on_btrfs killed_at_each_step fresh_image kept_or_not nbox snapshot a one
}

test_killed_while_going_back_to_a_subvolume() {
        local LEAST=7 CALLS='mkdirat ioctl renameat2 renameat fsync'
        on_btrfs killed_at_each_step with_change back_or_not nbox rollback a one
}
