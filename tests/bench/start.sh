#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# start.sh [ROUNDS]: how long /bin/true in a fresh container takes that has no way to a network, by nbox, unregistered and with its defaults
# otherwise, and by its rivals; and a plain posix_spawn, which is what the measuring costs. On the container host, where systemd is told of
# machines: registered ones.
set -eu
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"
# shellcheck source=tests/bench/rivals.sh
. "$BENCH/rivals.sh"

# rivals TABLE RIVAL...
rivals() {
        local rival table=$1
        shift
        start_words true
        turn "$table" true "${WORDS[@]}"
        for rival in "$@"; do
                start_words "$rival" /bin/probe
                works "$table" "$rival" "${WORDS[@]}" || continue
                start_words "$rival" /bin/true
                turn "$table" "$rival" "${WORDS[@]}"
        done
}

on_plain() {
        rivals start nbox bwrap lxc crun crun-unfiltered runc nspawn podman
        measure start "$(rounds 60)"
}

on_container() {
        rivals start-registered nbox nbox-unregistered nspawn-registered nspawn
        measure start-registered "$(rounds 25)"
}

bench "$@"
