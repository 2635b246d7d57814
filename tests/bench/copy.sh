#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# copy.sh [RUNS] [DIRECTORY...]
#
# What copy-to and copy-from take beside cp -a, on each file system: a file of 1 GiB, and a tree of 20,000 small files. Medians of RUNS (5),
# after one that is not counted, the two by turns; nothing is synced, by either. A line for each:
#
#     WHERE WHAT  cp SECONDS  copy-to SECONDS RATIO  copy-from SECONDS RATIO
#
# As root, on a host that is thrown away (tests/host/plain-run), with a busybox tree; DIRECTORY: where to measure, each with room for 5 GiB.
# Not said: a tmpfs, and an ext4 on a loop device in /var/tmp.
set -eu -o pipefail
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"
RUNS=${1-5}
shift || true
MACHINE=bench-copy
WORK=$(mktemp -d /var/tmp/bench-copy.XXXXXX)
LIMIT=1.5

clean_up() {
        nbox terminate "$MACHINE" 2>/dev/null || [ $? = 1 ]
        cd /
        umount -q "$WORK"/*/ 2>/dev/null || [ $? -gt 0 ]
        rm -rf --one-file-system "$WORK" "/var/lib/machines/$MACHINE"
}
trap clean_up EXIT

seconds() { # COMMAND...
        local from=$EPOCHREALTIME
        "$@"
        awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", b - a }'
}

places() {
        mkdir "$WORK/tmpfs" "$WORK/ext4"
        mount -t tmpfs -o size=5G tmpfs "$WORK/tmpfs"
        truncate -s 6G "$WORK/image"
        mkfs.ext4 -q "$WORK/image"
        mount -o loop "$WORK/image" "$WORK/ext4"
}

sources() { # DIRECTORY
        head -c 1G /dev/urandom >"$1/large"
        mkdir "$1/small"
        python3 - "$1/small" <<'END'
import os, sys
for d in range(200):
        os.mkdir(f"{sys.argv[1]}/{d}")
        for f in range(100):
                with open(f"{sys.argv[1]}/{d}/{f}", "wb") as out:
                        out.write(os.urandom(200 + 37 * f))
END
}

# The machine sees the same directory, so that both copies are made on one file system.
measure() { # DIRECTORY WHAT
        local i runs=("$WORK/runs.cp" "$WORK/runs.to" "$WORK/runs.from")
        rm -f "${runs[@]}"
        for ((i = 0; i <= RUNS; i++)); do
                cd "$1"
                seconds cp -a "$2" "copy" >"$WORK/one.cp"
                rm -rf copy
                seconds nbox copy-to "$MACHINE" "$2" /mnt/copy >"$WORK/one.to"
                rm -rf copy
                seconds nbox copy-from "$MACHINE" "/mnt/$2" "$1/copy" >"$WORK/one.from"
                rm -rf copy
                [ "$i" = 0 ] || for w in cp to from; do cat "$WORK/one.$w" >>"$WORK/runs.$w"; done
        done
        for w in "${runs[@]}"; do median <"$w"; done | tr '\n' ' ' |
                awk -v where="$1" -v what="$2" -v limit="$LIMIT" '{ printf "%s %s  cp %.3f  copy-to %.3f %.2f  copy-from %.3f %.2f%s\n", where, what, $1, $2, $2 / $1,
                        $3, $3 / $1, ($2 / $1 > limit ? "  SLOWER THAN IT MAY BE" : "") }'
}

cp -a /var/lib/machines/.busybox "/var/lib/machines/$MACHINE"
[ $# -gt 0 ] || { places && set -- "$WORK/tmpfs" "$WORK/ext4"; }
for place; do
        sources "$place"
        nbox boot -d --private-users=pick --bind="$place:/mnt:idmap" "$MACHINE" 2>/dev/null ||
                nbox boot -d --private-users=no --bind="$place:/mnt" "$MACHINE"
        measure "$place" large
        measure "$place" small
        nbox terminate "$MACHINE"
        while nbox list | grep -q "$MACHINE"; do sleep 0.1; done
done
