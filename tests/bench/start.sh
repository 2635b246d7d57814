#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# start.sh [RUNS]: how long /bin/true in a fresh container takes, in a table: nbox with its defaults and unregistered,
# crun with a user namespace, bwrap --unshare-all, systemd-nspawn; and a plain fork and exec, which is what the measuring
# costs. The programs take turns, run after run, so that whatever else the machine does meets all of them. Figures
# of one run; only the ratios travel to another machine. Not a test: nothing fails by being slow.
#
# Everything runs in a mount namespace in which cgroup2 alone is mounted, since crun needs it to be; it is in tests/host/
# plain-run's world otherwise.
set -eu
HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/lib.sh
. "$HERE/../lib.sh"

TREE=/var/lib/machines/busybox
RIVALS=(true nbox crun bwrap nspawn)

# --- inside ---------------------------------------------------------------------------------------------------------

crun_bundle() { # DIR: crun's own default configuration, with a user namespace and no terminal
        mkdir -p "$1"
        cd "$1"
        crun spec
        jq --arg root "${TREE}-crun" '
                .process.args = ["/bin/true"] | .process.terminal = false | .root.path = $root
                | del(.linux.resources, .process.rlimits)
                | .linux.namespaces |= map(select(.type != "user")) + [{type: "user"}]
                | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
                | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' config.json >new.json
        mv new.json config.json
        cd /
}

run_true() { /bin/true; }
run_nbox() { nbox run --network=none "$TREE" /bin/true; }
run_crun() { crun run --bundle /run/bench/crun "bench-$1"; }
run_bwrap() { bwrap --unshare-all --bind "${TREE}-crun" / --dev /dev --proc /proc /bin/true; }
run_nspawn() {
        systemd-nspawn -q -D "${TREE}-nspawn" -M bench --register=no --keep-unit --private-network --private-users=pick \
                --private-users-ownership=map --console=pipe --resolv-conf=off --timezone=off /bin/true
}

measure() {
        local runs=$1 rival began i
        export NBOX_TEST_BENCH=1 SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0
        umount -R -l /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        cp -a "$TREE" "${TREE}-crun" && chown -R 100000:100000 "${TREE}-crun"
        cp -a "$TREE" "${TREE}-nspawn"
        mkdir -p /run/bench /run/systemd
        crun_bundle /run/bench/crun
        for i in $(seq -2 "$runs"); do
                for rival in "${RIVALS[@]}"; do
                        began=${EPOCHREALTIME/./}
                        "run_$rival" "$i" </dev/null >/dev/null 2>/run/bench/err || {
                                say "$rival failed: $(cat /run/bench/err)"
                                return 1
                        }
                        # The first ones fill the page cache.
                        [ "$i" -lt 1 ] || echo "$rival $((${EPOCHREALTIME/./} - began))"
                done
        done
}

# --- outside --------------------------------------------------------------------------------------------------------

# table: reads "RIVAL MICROSECONDS" lines.
table() {
        sort -k1,1 -k2,2n | awk '
                { t[$1, ++n[$1]] = $2 }
                function median(r) { return n[r] % 2 ? t[r, (n[r] + 1) / 2] : (t[r, n[r] / 2] + t[r, n[r] / 2 + 1]) / 2 }
                END {
                        split("true nbox crun bwrap nspawn", order, " ")
                        name["true"] = "plain fork and exec"; name["nbox"] = "nbox run --network=none"
                        name["crun"] = "crun, user namespace"; name["bwrap"] = "bwrap --unshare-all"
                        name["nspawn"] = "systemd-nspawn"
                        print "| /bin/true by | median, ms | fastest, ms | slowest, ms | nbox / it |"
                        print "|---|---:|---:|---:|---:|"
                        for (i = 1; i <= 5; i++) {
                                r = order[i]
                                printf "| %s | %.2f | %.2f | %.2f | %.2f |\n", name[r], median(r) / 1000, t[r, 1] / 1000,
                                        t[r, n[r]] / 1000, median("nbox") / median(r)
                        }
                }'
}

if [ "${1-}" = --inside ]; then
        measure "$2" >/job/times
        exit
fi

runs=${1:-100}
need_packages build demo test
build_nbox >/dev/null || die "nbox does not build"
WORK=$(work_make)
trap 'rm -rf --one-file-system "$WORK"' EXIT
mkdir -p "$WORK/job/tests" "$WORK/machines"
cp -a "$TESTS/lib.sh" "$TESTS/bench" "$WORK/job/tests/"
tree_copy busybox "$WORK/machines/busybox"
echo "exec bash /job/tests/bench/start.sh --inside $runs" >"$WORK/job/run.sh"
"$TESTS/host/plain-run" --stage --limit 900 --machines "$WORK/machines" "$WORK/job" >&2
printf '%s runs of each, in turn; %s cores, kernel %s\n\n' "$runs" "$(nproc)" "$(uname -r | cut -d- -f1)"
table <"$WORK/job/times"
