# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2026-41648: clone, copy, snapshot and diff of a tree with pipes, devices and endless files where small ones are expected'
RIVALS=

# spoil FORM FILE...
spoil() {
        local form=$1 file
        shift
        for file in "$@"; do
                mkdir -p "$TREE/${file%/*}"
                rm -f "$TREE/$file"
                case $form in
                pipe) mkfifo "$TREE/$file" ;;
                endless) truncate -s 1T "$TREE/$file" ;;
                device) mknod "$TREE/$file" c 1 5 ;; # /dev/zero
                esac
        done
}

play() {
        local form verb rc wrong=''
        for form in pipe endless device; do
                undo
                tree_make
                spoil "$form" etc/machine-id etc/hostname etc/os-release usr/lib/os-release var/lib/dbus/machine-id
                for verb in "clone $NAME $NAME-1" "snapshot $NAME one" "diff $NAME one" "images" "rollback $NAME one"; do
                        rc=0
                        # shellcheck disable=SC2086
                        (ulimit -v 1000000 && exec timeout -k 1 "$((10 * PATIENCE))" nbox $verb) >>"$SCRATCH/verbs" 2>&1 </dev/null || rc=$?
                        [ "$rc" -lt 124 ] || [ "$rc" = 125 ] || wrong="$wrong; $verb with a $form: $rc"
                done
        done
        if [ -n "$wrong" ]; then works "hangs, or takes too much: ${wrong#; }"; else blocked "nobody waits, nothing is read without end"; fi
}

control() {
        spoil pipe etc/machine-id
        timeout 1 cat "$TREE/etc/machine-id" && blocked "by the control" || works "cat hangs"
}

undo() {
        nbox remove "$NAME-1" >/dev/null 2>&1 || true
        rm -rf --one-file-system "$MACHINES/$NAME-1" "${TREE:?}" "${MACHINES:?}/.#nbox"
}
