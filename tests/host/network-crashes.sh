# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A kill at each step in turn, and what it leaves.

# killed_at CALL N COMMAND…: succeeds when the command comes to its end before its Nth call of that name.
killed_at() {
        local call=$1 n=$2
        shift 2
        { strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" "$@"; } >/dev/null 2>&1
}

# Killed at each step in turn; then a sweep, as the next nbox does it.
test_killed_anywhere() {
        local call n
        local sendmsg= # libnftables' way of changing rules, as setsockopt is libiptc's
        [ "$BACKEND" = iptables ] || sendmsg=sendmsg
        for call in sendto $sendmsg setsockopt openat renameat mkdir flock write; do
                for n in $(seq 120); do
                        rm -f /var/lib/nbox/zones/*
                        if killed_at "$call" "$n" "$DRIVE" attach default web /run/netns/m1 keep tcp:8080:80; then
                                detach default web
                                break
                        fi
                        "$DRIVE" sweep
                        as_before || fail "killed at $call number $n"
                done
                [ "$n" -gt 1 ] && [ "$n" -lt 120 ] || fail "$call: $n steps"
        done
        for call in sendto $sendmsg setsockopt openat unlinkat; do
                for n in $(seq 120); do
                        attach default web m1 keep tcp:8080:80 >/dev/null
                        ! killed_at "$call" "$n" "$DRIVE" detach default web || break
                        "$DRIVE" sweep
                        as_before || fail "killed at $call number $n of the end"
                done
                [ "$n" -gt 1 ] && [ "$n" -lt 120 ] || fail "$call: $n steps of the end"
        done
}

# Ports by hand: what a crash leaves is mended by the next change, and gone with the machine.
test_change_killed_anywhere() {
        local call how n
        for how in publish unpublish; do
                for call in sendto $([ "$BACKEND" = iptables ] || echo sendmsg) setsockopt openat renameat; do
                        for n in $(seq 90); do
                                attach default web m1 keep tcp:8080:80 tcp:8081:80 >/dev/null
                                [ "$how" = publish ] || "$DRIVE" publish web 8082:80
                                if killed_at "$call" "$n" "$DRIVE" "$how" web 8082:80; then
                                        detach default web
                                        break
                                fi
                                "$DRIVE" publish web 8083:80
                                has "$(rules)" 8083
                                lacks "$(grep -c . /run/nbox/network/machines/web)" '^0$'
                                # What stands is what is written, in each family.
                                same "8082 after a kill at $call number $n of $how" "$(rules | grep -c 8082)" \
                                        $((2 * $(grep -c '^Port=tcp:8082' /run/nbox/network/machines/web || true)))
                                detach default web
                                as_before || fail "killed at $call number $n of $how"
                        done
                        [ "$n" -gt 1 ] && [ "$n" -lt 90 ] || fail "$call: $n steps of $how"
                done
        done
}
