#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# import.sh [RUNS]: how long `nbox import` takes for a tar of 500 MiB, three Debians and a few large files, beside `bsdtar -xpf` into a directory of
# the same file system, plain, gzip and zstd; by turns, the archive in memory. nbox's image is on disk when it is done, bsdtar's files
# are not: so it is measured with `sync -f` behind it, too. Figures of one run. Not a test: nothing fails by being slow.
#
# In tests/host/plain-run's world, as start.sh is.
set -eu
HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/lib.sh
. "$HERE/../lib.sh"

MACHINES=/var/lib/machines
KINDS='tar tar.gz tar.zst'

# --- inside ---------------------------------------------------------------------------------------------------------

# timed KIND WHO COMMAND...
timed() {
        local began who="$1 $2"
        shift 2
        sync -f "$MACHINES"
        began=${EPOCHREALTIME/./}
        "$@" >/run/said 2>&1 || die "$*: $(cat /run/said)"
        echo "$who $((${EPOCHREALTIME/./} - began))"
}

by_nbox() { nbox import "$1" imported; }
by_bsdtar() { bsdtar -C "$MACHINES/.unpacked" -xpf "$1"; }
by_bsdtar_synced() { by_bsdtar "$1" && sync -f "$MACHINES"; }

# ext4 looks long for inodes while there are many that were deleted less than five seconds ago (recently_deleted() of its ialloc.c): unpacking
# would take ten times as long, whoever does it.
away() {
        rm -rf --one-file-system "$MACHINES/imported" "$MACHINES/.unpacked" && mkdir "$MACHINES/.unpacked"
        sync -f "$MACHINES"
        sleep 7
}

measure() {
        local i kind who archive
        for kind in $KINDS; do
                archive=/job/archive.$kind
                cat "$archive" >/dev/null
                for i in $(seq "$1"); do
                        for who in nbox bsdtar bsdtar_synced; do
                                away
                                timed "$kind" "$who" "by_$who" "$archive"
                        done
                done
        done
        away
}

if [ "${1-}" = --inside ]; then
        measure "$2" >/job/times
        exit
fi

# --- outside --------------------------------------------------------------------------------------------------------

# make_archives DIR: archive.tar and what it becomes.
make_archives() {
        local debian i
        debian=$(tree debian)
        : >"$1/none"
        tar -C "$1" -cf "$1/archive.tar" -T "$1/none"
        for i in 1 2 3; do
                head -c 40M /dev/urandom >"$1/large-$i"
                tar -C "$1" -rf "$1/archive.tar" "large-$i"
                tar -C "$debian" --numeric-owner --xattrs --xattrs-include='*' --transform "flags=rh;s,^\\.,$i," -rf "$1/archive.tar" .
        done
        gzip -1 <"$1/archive.tar" >"$1/archive.tar.gz"
        zstd -q "$1/archive.tar" -o "$1/archive.tar.zst"
        rm "$1/none" "$1"/large-?
}

runs=${1:-7}
need_packages build demo test
build_nbox >/dev/null || die "nbox does not build"
WORK=$(work_make)
trap 'rm -rf --one-file-system "$WORK"' EXIT
mkdir -p "$WORK/job/tests" "$WORK/machines"
cp -a "$TESTS/lib.sh" "$TESTS/bench" "$WORK/job/tests/"
make_archives "$WORK/job"
printf '%s runs; %s cores, kernel %s; %s entries, %s bytes\n\n' "$runs" "$(nproc)" "$(uname -r | cut -d- -f1)" \
        "$(tar -tf "$WORK/job/archive.tar" | wc -l)" "$(stat -c %s "$WORK/job/archive.tar")"
echo "exec bash /job/tests/bench/import.sh --inside $runs" >"$WORK/job/run.sh"
"$TESTS/host/plain-run" --stage --limit 1800 --machines "$WORK/machines" "$WORK/job" >&2

# median KIND WHO: milliseconds
median() { awk -v kind="$1" -v who="$2" '$1 == kind && $2 == who { print $3 }' "$WORK/job/times" | sort -n | awk '{ t[NR] = $1 } END { print int(t[int((NR + 1) / 2)] / 1000) }'; }
for kind in $KINDS; do
        nbox=$(median "$kind" nbox) bsdtar=$(median "$kind" bsdtar) synced=$(median "$kind" bsdtar_synced)
        printf '%-8s nbox import %5d ms, bsdtar -xpf %5d ms (ratio %s), and sync -f %5d ms (ratio %s)\n' "$kind" "$nbox" \
                "$bsdtar" "$(awk "BEGIN { printf \"%.2f\", $nbox / $bsdtar }")" "$synced" "$(awk "BEGIN { printf \"%.2f\", $nbox / $synced }")"
done
