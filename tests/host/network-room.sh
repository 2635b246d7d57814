#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# network-room.sh BACKEND GLOB FILE...: the network room by itself, through netdrive, on the real kernel but without machines, with one
# of its backends, iptables or nft. Each test of the files has a world of its own, made of network namespaces in a namespace of its own:
# the "host" that it runs in, "out" behind the host's uplink, and m1, m2, m3 in place of machines. Prints "ok NAME (S s)" or "not ok
# NAME" with the output, then "ran N". Several at once: they wait for answers that do not come, and nothing of one is another's.
set -u
: "${AT_ONCE:=3}"
SELF=$(readlink -f "$0")
HERE=$(dirname "$SELF")
. "$HERE/../lib.sh"
. "$HERE/docker-rules.sh"
. "$HERE/network-words.sh"
DRIVE=$NBOX_TEST_BUILD/tests/host/netdrive
PATH=$NBOX_TEST_BUILD/src/cmd:$PATH

if [ "${1-}" = --one ]; then
        BACKEND=$3
        # shellcheck source=/dev/null
        . "$HERE/$4"
        set -eE -o pipefail
        trap 'echo "failed: line $LINENO: $BASH_COMMAND" >&2' ERR
        make_world
        snapshot >/run/before
        "test_$2"
        exit
fi

[ -x "$DRIVE" ] || die "$DRIVE is not built"
BACKEND=$1 WANTED=$2
shift 2

# one NAME FILE
one() {
        local began output
        began=$(date +%s%N)
        if output=$(timeout -k 5 240 unshare -nmpf --kill-child --mount-proc "$SELF" --one "$1" "$BACKEND" "$2" 2>&1 </dev/null); then
                echo "ok $1 ($(elapsed "$began") s)"
        else
                printf 'not ok %s (%s s)\n%s\n' "$1" "$(elapsed "$began")" "$(sed 's/^/    /' <<<"$output" | tail -n 40)"
        fi
}

ran=0
for file in "$@"; do
        for name in $(sed -n 's/^test_\([a-z0-9_]*\)() {$/\1/p' "$HERE/$file"); do
                # shellcheck disable=SC2254
                case $name in $WANTED) ;; *) continue ;; esac
                while [ "$(jobs -pr | wc -l)" -ge "$AT_ONCE" ]; do wait -n; done
                one "$name" "$file" &
                ran=$((ran + 1))
        done
done
wait
echo "ran $ran"
