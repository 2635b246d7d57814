#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# clone.sh [RUNS]: how long it is from `nbox clone A B && nbox boot B` to the first line of B's init, of a tree with a GiB in it; and what 100
# clones take on disk. Figures of one run. Not a test: nothing fails by being slow.
#
# In tests/host/plain-run's world, as start.sh is.
set -eu
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"

# --- inside ---------------------------------------------------------------------------------------------------------

used() { du -s --block-size=1 "$MACHINES" | cut -f1; }

# Waits for the first line on the console; prints microseconds.
once() { # NUMBER
        local began line=
        began=${EPOCHREALTIME/./}
        read -r line < <(nbox clone model "n$1" >/dev/null 2>/run/said && exec nbox boot --network=none "n$1" 2>>/run/said </dev/null) || true
        case $line in
        first*) echo $((${EPOCHREALTIME/./} - began)) ;;
        *) die "n$1 did not start: $line $(cat /run/said)" ;;
        esac
}

measure() {
        local i before
        rm "$MACHINES/model/sbin/init"
        printf '#!/bin/busybox sh\necho first\nbusybox poweroff -f\n' >"$MACHINES/model/sbin/init"
        chmod 755 "$MACHINES/model/sbin/init"
        fallocate -l 1G "$MACHINES/model/large"
        before=$(used)
        for i in $(seq 100); do
                nbox clone model "c$i" >/dev/null 2>&1
        done
        echo "disk $(($(used) - before))"
        for i in $(seq "$1"); do
                once "$i"
        done
}

if [ "${1-}" = --inside ]; then
        measure "$2" >/job/times
        exit
fi

# --- outside --------------------------------------------------------------------------------------------------------

runs=${1:-20}
bench_begin
job=$(bench_job job bash /job/tests/bench/clone.sh --inside "$runs")
tree_copy busybox "$WORK/machines/model"
on_plain_host "$job" 900
printf '%s runs; %s\n\n' "$runs" "$(machine_words)"
grep -v '^disk' "$job/times" | sort -n | awk '
        { t[NR] = $1 }
        END { printf "clone and boot, to the first line of init: median %.1f ms, fastest %.1f, slowest %.1f\n", t[int((NR + 1) / 2)] / 1000, t[1] / 1000, t[NR] / 1000 }'
awk '/^disk/ { printf "100 clones of 1 GiB: %.2f MiB, %.3f %% each\n", $2 / 1048576, $2 / 1073741824 }' "$job/times"
