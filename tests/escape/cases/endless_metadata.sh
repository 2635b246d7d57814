# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2026-41648: what is read from a tree is endless, or a pipe that nobody writes to'
MAY_REFUSE=yes

# spoil endless|pipe FILE...
spoil() {
        local form=$1 file
        shift
        for file in "$@"; do
                mkdir -p "$TREE/${file%/*}"
                rm -f "$TREE/$file"
                case $form in
                endless) truncate -s 1T "$TREE/$file" ;; # one line
                pipe) mkfifo "$TREE/$file" ;;
                esac
        done
}

# each COMMAND...: ends in time with little memory, or is named.
each() {
        local rc=0
        (ulimit -v 400000 && exec timeout -k 1 30 "$@") >/dev/null 2>&1 </dev/null || rc=$?
        [ "$rc" -lt 124 ] || [ "$rc" = 125 ] || echo "$*: $rc"
}

verbs() {
        case $RUNNER in
        nbox*)
                each nbox status "$NAME"
                each nbox list
                each nbox images
                each nbox show "$NAME"
                each nbox exec "$NAME" /bin/busybox true
                each nbox shell "alice@$NAME" /bin/busybox true
                ;;
        lxc*)
                each lxc-info -n "$NAME"
                each lxc-attach -n "$NAME" -- /bin/busybox true
                ;;
        *) machine_join /bin/busybox true >/dev/null </dev/null || echo join ;;
        esac
}

# begins FORM FILE...: with these it starts and all verbs answer, or it is refused with a word; else what is wrong is said.
begins() {
        local began=$SECONDS
        rm -rf "${TREE:?}"
        tree_make
        spoil "$@"
        if machine_start; then
                verbs
                machine_stop
        elif grep -q '^stuck' "$VERDICT" || [ $((SECONDS - began)) -gt 30 ]; then
                echo "no start with $*"
        fi
}

play() {
        local form wrong=''
        for form in endless pipe; do
                wrong="$wrong $(begins "$form" etc/os-release usr/lib/os-release etc/hostname etc/machine-id etc/resolv.conf)"
                wrong="$wrong $(begins "$form" etc/passwd etc/group etc/shadow)"
        done
        wrong=$(xargs <<<"$wrong")
        if [ -n "$wrong" ]; then works "hangs, or takes too much: $wrong"; else blocked "nobody waits, nothing is read without end"; fi
}

control() {
        spoil pipe etc/os-release
        timeout 1 cat "$TREE/etc/os-release" && blocked "by the control" || works "cat hangs"
}
