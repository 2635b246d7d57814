#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# network.sh [ROUNDS]: how long /bin/true in a fresh container takes that has a network of its own: nbox's default, a zone, with an address and
# NAT, when it is the only machine of it (so that the bridge comes and goes with it) and when another machine is there; and bwrap, which sets up
# none, systemd-nspawn, whose link has no address until somebody gives it one, and podman's bridge with an address and NAT.
set -eu
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"
# shellcheck source=tests/bench/rivals.sh
. "$BENCH/rivals.sh"

on_plain() {
        local rival
        cp -a "$TREE" "$MACHINES/other"
        nbox boot -q -d --network=zone:other other
        start_words true
        turn network true "${WORDS[@]}"
        for rival in nbox nbox-other nbox-veth bwrap nspawn podman; do
                words_of "$rival" /bin/probe
                works network "$rival" "${WORDS[@]}" || continue
                words_of "$rival" /bin/true
                turn network "$rival" "${WORDS[@]}"
        done
        measure network "$(rounds 30)"
        nbox terminate -q -w other
}

words_of() {
        local rival=$1
        shift
        case $rival in
        nbox-other) WORDS=(nbox run --network=zone:other "$TREE" "$@") ;;
        *) network_words "$rival" "$@" ;;
        esac
}

bench "$@"
