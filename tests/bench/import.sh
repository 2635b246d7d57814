#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# import.sh [RUNS]: how long `nbox import` takes for a tar of 500 MiB, three Debians and a few large files, beside `bsdtar -xpf` into a directory of
# the same file system, plain, gzip and zstd; by turns, the archive in memory. nbox's image is on disk when it is done, bsdtar's files
# are not: so it is measured with `sync -f` behind it, too. Figures of one run. Not a test: nothing fails by being slow.
#
# In tests/host/plain-run's world, as start.sh is.
set -eu
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"

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
bench_begin
job=$(bench_job job bash /job/tests/bench/import.sh --inside "$runs")
mkdir "$WORK/machines"
make_archives "$job"
printf '%s runs; %s; %s entries, %s bytes\n\n' "$runs" "$(machine_words)" \
        "$(tar -tf "$job/archive.tar" | wc -l)" "$(stat -c %s "$job/archive.tar")"
on_plain_host "$job" 1800

milliseconds() { awk -v kind="$1" -v who="$2" '$1 == kind && $2 == who { print $3 }' "$job/times" | median 1000 | cut -d. -f1; } # KIND WHO
for kind in $KINDS; do
        nbox=$(milliseconds "$kind" nbox) bsdtar=$(milliseconds "$kind" bsdtar) synced=$(milliseconds "$kind" bsdtar_synced)
        printf '%-8s nbox import %5d ms, bsdtar -xpf %5d ms (ratio %s), and sync -f %5d ms (ratio %s)\n' "$kind" "$nbox" \
                "$bsdtar" "$(awk "BEGIN { printf \"%.2f\", $nbox / $bsdtar }")" "$synced" "$(awk "BEGIN { printf \"%.2f\", $nbox / $synced }")"
done
