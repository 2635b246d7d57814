# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bind, unbind, mount and umount, killed at each of their steps: what was to be is there as a whole and known, or it is not there; the same
# command then does what it does on any other day.

CALLS='flock clone3 open_tree mount_setattr sendmsg renameat move_mount umount2 unlinkat'

# killed_at CALL N COMMAND...: the process of it that makes that call for the N-th time is killed before it does; its status is not looked at.
killed_at() {
        local call=$1 n=$2 rc=0
        shift 2
        timeout -k 5 "$((30 * PATIENCE))" strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:error=EINTR:signal=SIGKILL:when=$n" \
                "$@" >"$SCRATCH/out" 2>&1 </dev/null || rc=$?
        [ "$rc" != 124 ] || fail "hangs when killed at $call number $n: $*"
}

inside() { nbox exec "$GUEST" /bin/busybox sh -c "$1"; }
states() { nbox bind list --json "$GUEST" | jq -r '[.[].state] | join(" ")'; }
listed() { nbox mount list --json | jq -r '[.[].directory] | join(" ")'; }

test_binds_killed_at_each_step() {
        local call n state
        mkdir -m 700 "$SCRATCH/share"
        echo one >"$SCRATCH/share/file"
        boot "$GUEST"
        inside 'mkdir /tmp/p'
        for call in $CALLS; do
                for n in 1 2; do
                        killed_at "$call" "$n" nbox bind "$GUEST" "$SCRATCH/share" /tmp/p
                        state=$(states)
                        case $state in
                        bound) same "file after $call $n" "$(inside 'cat /tmp/p/file')" one ;;
                        '') same "place after $call $n" "$(inside 'ls /tmp/p')" '' ;;
                        *) fail "state after $call $n: $state" ;;
                        esac
                        [ "$state" = bound ] || nbox bind "$GUEST" "$SCRATCH/share" /tmp/p
                        same "state when bound after $call $n" "$(states)" bound
                        killed_at "$call" "$n" nbox unbind "$GUEST" /tmp/p
                        state=$(states)
                        case $state in
                        bound) same "file after unbind, $call $n" "$(inside 'cat /tmp/p/file')" one && nbox unbind "$GUEST" /tmp/p ;;
                        '') ;;
                        *) fail "state after unbind, $call $n: $state" ;;
                        esac
                        same "place at the end of $call $n" "$(inside 'ls /tmp/p') $(states)" ' '
                done
        done
        terminate "$GUEST"
}

test_mounts_killed_at_each_step() {
        local call n at
        mkdir -m 700 "$SCRATCH/closed"
        mkdir "$SCRATCH/closed/at"
        at=$(readlink -f "$SCRATCH/closed/at")
        tree_with web
        for call in $CALLS; do
                for n in 1 2 3; do
                        killed_at "$call" "$n" nbox mount web "$at"
                        if findmnt -n "$at" >/dev/null; then
                                same "list after $call $n" "$(listed)" "$at"
                                refused nbox rename web other
                        else
                                same "list after $call $n" "$(listed)" ''
                                nbox mount web "$at"
                        fi
                        killed_at "$call" "$n" nbox umount web
                        if findmnt -n "$at" >/dev/null; then
                                same "list after umount, $call $n" "$(listed)" "$at"
                                nbox umount web
                        fi
                        same "list at the end of $call $n" "$(listed) $(ls "$at")" ' '
                done
        done
        timeout "$((20 * PATIENCE))" nbox gc
        remove_tree web
}
