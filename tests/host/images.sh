# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Making trees of busybox, listing them, and the locks that keep a tree from being used twice, shared with systemd-nspawn.

test_create_busybox() {
        local began took
        began=$(date +%s%N)
        same "path" "$(nbox create made --os=busybox 2>"$SCRATCH/said")" "$MACHINES/made"
        took=$((($(date +%s%N) - began) / 1000000))
        [ "$took" -lt $((1000 * PATIENCE)) ] || fail "it took $took ms"
        has "$(cat "$SCRATCH/said")" "without a password"
        boot made
        same "os" "$(nbox exec made sh -c '. /etc/os-release; echo $ID')" busybox
        same "status" "$(nbox exec made sh -c 'exit 42' >&2 || echo $?)" 42
        nbox poweroff made
        wait_until 10 no_machine made
        refused nbox create made --os=busybox
        has "$REFUSAL" "is there already"
        rm -rf --one-file-system "${MACHINES:?}/made"
}

no_machine() { ! nbox list -q | grep -qx "$1"; }

test_create_elsewhere() {
        same "path" "$(nbox create other --os=busybox --directory="$SCRATCH/here")" "$(readlink -f "$SCRATCH")/here"
        same "output" "$(nbox run --network=none --machine=other "$SCRATCH/here" echo yes)" yes
        refused nbox create other --os=busybox --directory="$SCRATCH/none/here"
        has "$REFUSAL" "$SCRATCH/none"
}

test_create_refuses() {
        refused nbox create x
        has "$REFUSAL" "--os=busybox"
        refused nbox create x --os=plan9
        refused nbox create x --os=busybox:1.35
        refused nbox create x --os='debian:../x'
        refused nbox create x --os='debian:-x'
        refused nbox create x --os=debian --mirror='--help'
        refused nbox create ../x --os=busybox
        refused nbox create --os=busybox
        [ -z "$(find "$MACHINES" -name '.#nbox-*')" ] || fail "an unfinished tree is left"
}

# Killed at the last step, and on a full disk: no name, and the next one clears away.
test_create_cut_short() {
        strace -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:signal=KILL nbox create cut --os=busybox || true
        [ -d "$MACHINES/.#nbox-cut.tmp" ] || fail "nothing was begun"
        [ ! -e "$MACHINES/cut" ] || fail "it has its name already"
        nbox create next --os=busybox
        [ ! -e "$MACHINES/.#nbox-cut.tmp" ] || fail "the unfinished tree is still there"
        rm -rf --one-file-system "${MACHINES:?}/next"
        mkdir -p "$MACHINES/.#nbox-cut.tmp/etc"
        nbox gc
        [ ! -e "$MACHINES/.#nbox-cut.tmp" ] || fail "gc leaves the unfinished tree"

        mkdir "$SCRATCH/small"
        mount -t tmpfs -o size=1m tmpfs "$SCRATCH/small"
        refused nbox create full --os=busybox --directory="$SCRATCH/small/tree"
        has "$REFUSAL" "No space left"
        same "left" "$(ls -A "$SCRATCH/small")" ""
        umount "$SCRATCH/small"
}

# What somebody is still making is not cleared away.
test_create_beside_another() {
        mkdir "$MACHINES/.#nbox-slow.tmp"
        (
                flock 9
                : >"$SCRATCH/locked"
                exec sleep 60
        ) 9<"$MACHINES/.#nbox-slow.tmp" &
        wait_until 5 test -e "$SCRATCH/locked"
        nbox create next --os=busybox
        [ -d "$MACHINES/.#nbox-slow.tmp" ] || fail "another's tree is gone"
        refused nbox create slow --os=busybox
        has "$REFUSAL" "being made"
        kill "$!"
        wait "$!" || true
        nbox create slow --os=busybox
        rm -rf --one-file-system "${MACHINES:?}/slow" "${MACHINES:?}/next"
}

test_images_lists() {
        has "$(nbox images)" "$GUEST"
        same "names" "$(nbox images --json | jq -r '.[].name')" "$(nbox images -q)"
        mkdir -p "$MACHINES/evil/etc"
        printf 'PRETTY_NAME="\e[31m%s"\n' "$(head -c 100000 /dev/zero | tr '\0' x)" >"$MACHINES/evil/etc/os-release"
        same "escapes" "$(nbox images | tr -dc '\033' | wc -c)" 0
        rm "$MACHINES/evil/etc/os-release"
        mkfifo "$MACHINES/evil/etc/os-release"
        timeout "$((5 * PATIENCE))" nbox images >/dev/null
        rm -rf --one-file-system "${MACHINES:?}/evil"
}

# nspawn_in_background TREE OPTION...: a shell in it, until it is killed.
nspawn_in_background() {
        local tree=$1
        shift
        NSPAWN_CGROUP=$(cgroup2_root)$(sed -n 's/^0:://p' /proc/self/cgroup)/nspawn
        mkdir "$NSPAWN_CGROUP"
        (
                echo "$BASHPID" >"$NSPAWN_CGROUP/cgroup.procs"
                exec systemd-nspawn -q -D "$tree" -M nspawn --register=no --keep-unit --console=pipe --resolv-conf=off \
                        --timezone=off "$@" /bin/sh -c 'echo up; exec sleep 60' </dev/null >"$SCRATCH/nspawn" 2>&1
        ) &
        NSPAWN=$!
        wait_until 10 grep -q up "$SCRATCH/nspawn"
}

nspawn_end() {
        kill "$NSPAWN"
        wait "$NSPAWN" || true
        find "$NSPAWN_CGROUP" "/sys/fs/cgroup/systemd${NSPAWN_CGROUP#"$(cgroup2_root)"}" -depth -type d -exec rmdir {} + 2>/dev/null || true
        rm -f /run/systemd/nspawn/locks/*
}

nspawn_once() {
        systemd-nspawn -q -D "$1" -M nspawn --register=no --keep-unit --console=pipe --resolv-conf=off --timezone=off \
                "${@:2}" /bin/true </dev/null 2>/dev/null
}

# Reading together is allowed, whoever came first; writing beside it is not.
test_tree_shared_with_systemd_nspawn() {
        nspawn_in_background "$MACHINES/$GUEST" --read-only
        same "output" "$(nbox run --network=none --read-only "$GUEST" echo yes)" yes
        refused nbox run --network=none "$GUEST" true
        has "$REFUSAL" "in use"
        nspawn_end
        same "output" "$(nbox run --network=none "$GUEST" echo yes)" yes
        same "lock files" "$(ls -A /run/systemd/nspawn/locks; ls "$MACHINES"/.#*.lck 2>/dev/null)" ""
}

# The same tree by two paths: the lock by inode tells.
test_tree_mounted_twice() {
        mkdir "$SCRATCH/again"
        mount --bind "$MACHINES/$GUEST" "$SCRATCH/again"
        boot "$GUEST"
        refused nbox run --network=none --machine=again "$SCRATCH/again" true
        has "$REFUSAL" "in use"
        if nspawn_once "$SCRATCH/again"; then fail "systemd-nspawn took a tree in use"; fi
        terminate "$GUEST"
        umount "$SCRATCH/again"
}
