#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# scale.sh: what becomes of a start when there are many machines. 1,000 of busybox's init in one zone, one after another, and their end; what one
# of them takes of the host's memory, all in; `list` of 200; 8 starts at once beside 8 in a row. On the container host: 200 that systemd is
# told of.
set -eu
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"
# shellcheck source=tests/bench/rivals.sh
. "$BENCH/rivals.sh"

# boots TABLE FROM TO OPTION...: one after another.
boots() {
        local table=$1 from=$2 to=$3 i
        shift 3
        for ((i = from; i <= to; i++)); do turn "$table" "m$i" nbox boot -q -d "$@" "m$i"; done
        measure_in_order "$table"
}

# What the host has taken, in kB: all that is neither free nor a copy of what is on disk, or could be thrown away at once.
taken() { awk '{ v[$1] = $2 } END { print v["MemTotal:"] - v["MemFree:"] - v["Buffers:"] - v["Cached:"] + v["Shmem:"] }' /proc/meminfo; }

# Until what comes and goes has gone.
settle() { sleep "$([ -n "${QUICK-}" ] && echo 0.2 || echo 3)"; }

processes_of_guests() { grep -hs '^NSpid:' /proc/[0-9]*/status | awk 'NF > 2' | wc -l; }

# process_costs N: what one of busybox's own costs that does nothing, in kB.
process_costs() {
        local before i pids=()
        settle
        before=$(taken)
        for ((i = 0; i < $1; i++)); do
                "$TREE/bin/busybox" sleep 1000 &
                pids+=($!)
        done
        settle
        awk "BEGIN { print ($(taken) - $before) / $1 }"
        kill "${pids[@]}"
        wait "${pids[@]}" 2>/dev/null || true
}

nobody_runs() { [ "$(processes_of_guests)" = 0 ]; }

seconds_since() { awk "BEGIN { print ($EPOCHREALTIME - $1) }"; }

stop_all() { # N
        local began=$EPOCHREALTIME
        # shellcheck disable=SC2046
        nbox terminate -q -w $(seq -f m%g "$1") </dev/null 2>/run/bench/said || record cannot scale stop "$(one_line </run/bench/said)"
        seconds_since "$began"
}

many() { # N LISTED
        local n=$1 listed=$2 before costs guest
        costs=$(process_costs "$n")
        settle
        before=$(taken)
        boots scale 1 "$listed" --network=zone:many
        turn list list nbox list
        turn list list-json nbox list --json
        turn list true /bin/true
        measure list "$(rounds 20)"
        boots scale "$((listed + 1))" "$n" --network=zone:many
        settle
        record figure scale nbox machines "$n"
        record figure scale nbox listed "$listed"
        guest=$(awk "BEGIN { print $(processes_of_guests) / $n * $costs }")
        record figure scale nbox memory "$(awk "BEGIN { print (($(taken) - $before) / $n - $guest) / 1024 }")"
        record figure scale nbox guest "$(awk "BEGIN { print $guest / 1024 }")"
        record figure scale nbox processes "$(awk "BEGIN { print $(processes_of_guests) / $n }")"
        record figure scale nbox stopped "$(stop_all "$n")"
        wait_for 60 nobody_runs || true
}

# together OPTION...: 8 of each.
together() {
        local i how table=together-$1
        shift
        for how in '&' ''; do
                for i in 1 2 3 4 5 6 7 8; do turn "$table" "${how}true" /bin/true; done
                for i in 1 2 3 4 5 6 7 8; do turn "$table" "${how}nbox" nbox run "$@" "$MACHINES/m$i" /bin/true; done
        done
        measure "$table" "$(rounds 15)"
}

on_plain() {
        local n
        n=$(size 1000)
        own_trees "$TREE" m 1 "$((n < 8 ? 8 : n))"
        many "$n" "$(size 200)"
        together none --network=none
        together zone --network=zone:together
        remove_trees m
}

on_container() {
        local n
        n=$(size 200)
        own_trees "$TREE" m 1 "$n"
        record figure scale-registered nbox machines "$n"
        boots scale-registered 1 "$n" --network=none
        # shellcheck disable=SC2046
        nbox terminate -q -w $(seq -f m%g "$n") 2>/run/bench/said || say "scale: $(one_line </run/bench/said)"
}

bench "$@"
