# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Words about trees that are read while machines write to them, and about what is ended in the middle of that.

# file_system KIND SIZE: a new one at $SCRATCH/fs, in a file.
file_system() {
        truncate -s "$2" "$SCRATCH/fs.img"
        case $1 in
        ext4) mkfs.ext4 -q -m 0 "$SCRATCH/fs.img" ;;
        btrfs) mkfs.btrfs -q "$SCRATCH/fs.img" >/dev/null ;;
        xfs) mkfs.xfs -q -m reflink=1 "$SCRATCH/fs.img" ;;
        esac
        mkdir -p "$SCRATCH/fs"
        mount -o loop "$SCRATCH/fs.img" "$SCRATCH/fs"
}

no_file_system() {
        umount "$SCRATCH/fs"
        rm "$SCRATCH/fs.img"
}

# small_tree NAME: a rich one, whose sparse file is soon hashed.
small_tree() {
        rich_tree "$1"
        truncate -s 0 "$MACHINES/$1/srv/sparse"
        truncate -s 32M "$MACHINES/$1/srv/sparse"
        echo data | dd of="$MACHINES/$1/srv/sparse" bs=1 seek=20000000 conv=notrunc status=none
}

# slowly COMMAND: one whose copying takes for ever, for each $SLOW_CALL takes 0.3 s. $SLOWLY is its process.
SLOW_CALL=fchown
# shellcheck disable=SC2034
slowly() {
        strace -f -qq -o /dev/null -e "trace=$SLOW_CALL" -e "inject=$SLOW_CALL:delay_enter=300000" "$@" >"$SCRATCH/slowly" 2>&1 &
        STRACE=$!
        wait_until 10 child_of "$STRACE"
        SLOWLY=$(pgrep -P "$STRACE" -x nbox)
}

cut_short() { if wait "$STRACE"; then fail "it went through"; fi; }

child_of() { pgrep -P "$1" -x nbox; }

# The machine counts, in two files far from each other: at any moment the first is as high as the second, or one higher.
COUNTING='mkdir -p /aaa /zzz; i=0; while :; do i=$((i + 1)); echo $i >/aaa/t; mv /aaa/t /aaa/n; echo $i >/zzz/t; mv /zzz/t /zzz/n; done'

# counting NAME: it has begun, and has some files for a copy to spend its time with.
counting() {
        nbox exec "$1" /bin/sh -c 'mkdir -p /mmm; i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo $i >/mmm/$i; done'
        nbox exec "$1" /bin/sh -c "($COUNTING) >/dev/null 2>&1 </dev/null &"
        wait_until 5 nbox exec "$1" test -e /zzz/n
}

# of_one_moment DIRECTORY
of_one_moment() {
        local a z
        a=$(cat "$1/aaa/n")
        z=$(cat "$1/zzz/n")
        [ "$a" = "$z" ] || [ "$a" = $((z + 1)) ] || fail "$a here, $z there: not of one moment"
        same "files" "$(ls "$1/mmm" | wc -l)" 300
}

goes_on() {
        local before
        before=$(nbox exec "$1" cat /zzz/n)
        wait_until 5 has_counted "$1" "$before"
}

has_counted() { [ "$(timeout 5 nbox exec "$1" cat /zzz/n)" -gt "$2" ]; }
