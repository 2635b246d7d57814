#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ports.sh [RUNS [MACHINES]]: what publishing costs, with each firewall backend: a range of 1,000 ports, and one port on the last of ten
# machines and of MACHINES (200), at a start and while it runs. Medians of RUNS (21), in milliseconds. Network namespaces stand in for
# machines, in a namespace of their own, and the process that does it is part of the figure; `nothing` is what that costs by itself.
# Figures of one run; only the ratios travel to another machine. Not a test: nothing fails by being slow.
set -eu
SELF=$(readlink -f "$0")
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$SELF")/bench.sh"
DRIVE=$NBOX_TEST_BUILD/tests/host/netdrive

# --- inside ---------------------------------------------------------------------------------------------------------

make_world() { # BACKEND MACHINES
        local i
        mount --make-rprivate /
        mount -t tmpfs tmpfs /run
        mkdir -p /var/lib/nbox /run/netns /run/upper /run/work
        mount -t tmpfs tmpfs /var/lib/nbox
        mount -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
        printf '[Host]\nFirewall=%s\n' "$1" >/etc/nbox.conf
        ip link set lo up
        ip link add up0 type veth peer name up1
        ip address add 203.0.113.1/24 dev up0
        ip link set up0 up
        for i in $(seq "$2"); do ip netns add "m$i"; done
}

attach() { # I PORT…
        local i=$1
        shift
        "$DRIVE" attach default "machine$i" "/run/netns/m$i" keep "$@" >/dev/null
}
detach() { "$DRIVE" detach default "machine$1"; }

# times COMMAND… -- UNDO…: its median, undone each time.
times() {
        local command=() undo began i
        while [ "$1" != -- ]; do command+=("$1") && shift; done
        undo=("${@:2}")
        for i in $(seq -1 "$RUNS"); do # two that warm up
                began=${EPOCHREALTIME/./}
                "${command[@]}"
                [ "$i" -lt 1 ] || echo $((${EPOCHREALTIME/./} - began)) >&4
                "${undo[@]}"
        done 4>/run/times
        printf '%.1f' "$(median 1000 </run/times)"
}

row() { printf '%-44s %8s ms  %s\n' "$@"; }

# Ports of a machine that runs, taken back each time.
published() { # MACHINE PORT
        times "$DRIVE" publish "machine$1" "$2" -- "$DRIVE" unpublish "machine$1" "$2"
}

started() { times attach "$1" "$((8000 + $1)):80" -- detach "$1"; }

measure() { # MACHINES
        local machines=$1 i start live
        row nothing "$(times "$DRIVE" loopback /run/netns/m1 -- true)" ''
        attach 1
        row "1,000 ports as a range, published" "$(published 1 20000-20999:30000)" ''
        row "one port, published" "$(published 1 20000:80)" ''
        for i in $(seq 2 9); do attach "$i" "$((8000 + i)):80"; done
        start=$(started 10)
        row "the 10th machine, started with a port" "$start" ''
        attach 10
        live=$(published 10 8010:80)
        row "the same, published while it runs" "$live" ''
        for i in $(seq 11 $((machines - 1))); do attach "$i" "$((8000 + i)):80"; done
        compare "machine $machines, started with a port" "$(started "$machines")" "$start"
        attach "$machines"
        compare "the same, published while it runs" "$(published "$machines" "$((8000 + machines)):80")" "$live"
}

compare() { row "$1" "$2" "$(awk -v a="$2" -v b="$3" 'BEGIN { printf "%.2f times the 10th", a / b }')"; }

if [ "${1-}" = --inside ]; then
        RUNS=$2
        make_world "$3" "$4"
        measure "$4"
        exit
fi

[ -x "$DRIVE" ] || die "$DRIVE is not built"
for backend in iptables nft; do
        echo "$backend:"
        unshare -nmpf --kill-child --mount-proc "$SELF" --inside "${1:-21}" "$backend" "${2:-200}"
done
