# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the benches share. A question is a script QUESTION.sh with a function for each kind of host that it is asked on: on_plain() in
# tests/host/plain-run's world, on_container() on the container host. `run` makes the hosts; by itself, a script asks `run` for its question.
# What is found out goes to /job/results, a line each, parted by tabs, from which `report` makes the tables:
#
#     time TABLE RIVAL NANOSECONDS MICROSECONDS    one turn: by the clock, and of processors
#     figure TABLE RIVAL KEY VALUE
#     on TABLE RIVAL KEY=VALUE...                  what `probe` saw where this rival runs commands
#     cannot TABLE RIVAL WORDS                     does not work here, and what it said

BENCH=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=tests/lib.sh
. "$BENCH/../lib.sh"

# --- outside: the hosts of benches ------------------------------------------------------------------------------------------

# bench_begin: builds what is measured (not with $BENCH_BUILT), and makes $WORK, where jobs and trees are to be.
bench_begin() {
        need_packages build demo test rivals
        [ -n "${BENCH_BUILT-}" ] || build_nbox >/dev/null || die "nbox does not build"
        WORK=$(work_make)
        trap 'rm -rf --one-file-system "$WORK"' EXIT
        trap 'exit 130' INT TERM HUP
}

# bench_job NAME COMMAND...: a job that runs COMMAND; prints its directory.
bench_job() {
        local job=$WORK/$1
        shift
        mkdir -p "$job/tests"
        cp -a "$TESTS/lib.sh" "$TESTS/bench" "$job/tests/"
        cp "$NBOX_TEST_BUILD/tests/drive/turnsdrive" "$job/"
        printf '%s\n' "exec $*" >"$job/run.sh"
        echo "$job"
}

# on_plain_host JOB LIMIT, on_container_host JOB LIMIT: with the trees of $WORK/machines.
on_plain_host() { "$TESTS/host/plain-run" --stage --limit "$2" --machines "$WORK/machines" "$1" >&2; }
on_container_host() { "$TESTS/host/bhost-run" --stage --limit "$2" --machines "$WORK/machines" "$(tree bhost)" "$1" >&2; }

# This machine, for the line above a table.
machine_words() { printf '%s cores, kernel %s' "$(nproc)" "$(uname -r | cut -d- -f1)"; }

# median [DIVISOR]: of the numbers on standard input.
median() { sort -n | awk -v by="${1-1}" '{ v[NR] = $1 } END { print (NR ? v[int((NR + 1) / 2)] / by : "") }'; }

# --- inside -----------------------------------------------------------------------------------------------------------------

MACHINES=/var/lib/machines
# shellcheck disable=SC2034 # the questions'
TREE=$MACHINES/busybox
# shellcheck disable=SC2034
SHIFTED=$MACHINES/shifted # the same tree, its owners where a user namespace at 100000 has them
RESULTS=/job/results

# By --quick, everything is small, and nothing that is found out means anything.
rounds() { echo "${ROUNDS:-$1}"; }
size() { if [ -n "${QUICK-}" ]; then echo 5; else echo "$1"; fi; }

record() { (IFS=$'\t' && printf '%s\n' "$*" >>"$RESULTS"); }

# one_line: of what a rival said, the end of it.
one_line() { tr -s '[:cntrl:][:space:]' ' ' | tail -c 300; }

# turn TABLE RIVAL COMMAND...: gets its turns when measure is called.
turn() {
        local table=$1
        shift
        (IFS=$'\t' && printf '%s\n' "$*" >>"/run/bench/turns.$table")
}

# measure TABLE ROUNDS [WARMUPS]: gives them. In order: measure_in_order TABLE.
measure() { drive "$1" "$2" "${3:-$((ROUNDS ? 0 : 2))}" 60; }
measure_in_order() { drive "$1" -o 1 0 60; }
drive() {
        local table=$1
        shift
        [ -e "/run/bench/turns.$table" ] || return 0
        /job/turnsdrive "$@" <"/run/bench/turns.$table" | awk -F'\t' -v OFS='\t' -v table="$table" '
                $2 == "!" { print "cannot", table, $1, $3; next }
                { print "time", table, $1, $2, $3 }' >>"$RESULTS"
        rm "/run/bench/turns.$table"
}

# works TABLE RIVAL COMMAND...: COMMAND runs `probe` inside; what that sees is recorded, and with it what the host knows of the process. Who
# fails is recorded as such, and has no turns.
works() {
        local table=$1 rival=$2 seen=/run/bench/seen pid rc=0 leader='' known=''
        shift 2
        : >"$seen"
        timeout -k 5 60 "$@" </dev/null >"$seen" 2>/run/bench/said &
        pid=$!
        while kill -0 "$pid" 2>/dev/null && ! grep -q '^end' "$seen"; do sleep 0.02; done
        # The probe stays for a moment, to be looked at.
        leader=$(sed -n 's/^token=//p' "$seen" | tr -d '\r')
        [ -z "$leader" ] || known=$(host_knows "$leader")
        wait "$pid" || rc=$?
        if [ "$rc" != 0 ] || [ -z "$leader" ]; then
                record cannot "$table" "$rival" "$(cat /run/bench/said "$seen" | one_line) (status $rc)"
                return 1
        fi
        record on "$table" "$rival" "$(tr -d '\r' <"$seen" | grep '=' | paste -sd $'\t')" "$known"
}

# host_knows TOKEN: of the process that has the token in its arguments: whether its cgroup is another one than ours, and is registered.
host_knows() {
        local pid cgroup='' registered=no
        wait_for 1 pgrep -f "sleep $1" >/dev/null || true
        pid=$(pgrep -f "sleep $1" | head -n 1) || true
        [ -z "$pid" ] || cgroup=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
        if [ -d /run/systemd/system ]; then
                case $cgroup in *machine*) [ -z "$(machinectl list --no-legend 2>/dev/null)" ] || registered=yes ;; esac
        fi
        printf 'cgroup=%s\town_cgroup=%s\tregistered=%s' "$cgroup" "$(sed -n 's/^0:://p' /proc/self/cgroup)" "$registered"
}

# wait_for SECONDS COMMAND...
wait_for() {
        local end=$((SECONDS + $1))
        shift
        until "$@"; do
                [ "$SECONDS" -lt "$end" ] || return 1
                sleep 0.05
        done
}

# own_trees MODEL PREFIX FROM TO: trees that share the files of MODEL. remove_trees PREFIX.
own_trees() {
        local i
        for ((i = $3; i <= $4; i++)); do echo "$MACHINES/$2$i"; done | xargs -P 2 -I{} cp -al "$1" {}
}
remove_trees() { find "$MACHINES" -maxdepth 1 -name "$1[0-9]*" -print0 | xargs -0 -P 2 -n 50 rm -rf --one-file-system; }

# bench "$@": the last line of a question.
bench() {
        local question
        question=$(basename "$0" .sh)
        case ${1-} in
        --inside) "on_$HOST" ;;
        '') exec "$BENCH/run" "$question" ;;
        *) exec "$BENCH/run" "$question" --rounds "$1" ;;
        esac
}
