#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# exec.sh [ROUNDS]: how long /bin/true takes in a machine that runs already: `nbox exec`, `nsenter -a` into the same machine, and what rivals have for
# it, each into one of its own. machinectl needs systemd on the host and inside: on the container host, into a Debian.
set -eu
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"
# shellcheck source=tests/bench/rivals.sh
. "$BENCH/rivals.sh"

# into RIVAL COMMAND...
into() {
        local rival=$1
        shift
        case $rival in
        nbox) WORDS=(nbox exec "$NAME" "$@") ;;
        nsenter) WORDS=(nsenter -t "$LEADER" -a "$@") ;;
        crun | runc) WORDS=("$rival" exec "${RUNTIME_ID/bench/$rival}" "$@") ;;
        lxc) WORDS=(lxc-attach -P "$LXC" -n bench -- "$@") ;;
        podman) WORDS=(podman exec bench-exec "$@") ;;
        machinectl) WORDS=(machinectl -q shell "$NAME" "$@") ;;
        machinectl-nspawn) WORDS=(machinectl -q shell other "$@") ;;
        systemd-run) WORDS=(systemd-run -q -M other --pipe --wait "$@") ;;
        esac
}

# machine RIVAL: one that runs, to be got into. What is said is of no use but when it fails.
machine() {
        case $1 in
        nbox | nsenter | machinectl | machinectl-nspawn | systemd-run) ;;
        crun | runc)
                oci_bundle "$1" /bin/busybox sleep 1000
                "$1" run --bundle "$BUNDLE" -d "${RUNTIME_ID/bench/$1}"
                ;;
        lxc) lxc-start -P "$LXC" -n bench -d ;;
        podman)
                start_words podman /bin/busybox sleep 1000
                "${WORDS[@]:0:2}" -d --name bench-exec "${WORDS[@]:2}"
                ;;
        esac </dev/null >/run/bench/started 2>&1
}

# rivals TABLE RIVAL...
rivals() {
        local rival table=$1
        shift
        turn "$table" true /bin/true
        for rival in "$@"; do
                if ! machine "$rival"; then
                        record cannot "$table" "$rival" "$(one_line </run/bench/started)"
                        continue
                fi
                into "$rival" /bin/probe
                works "$table" "$rival" "${WORDS[@]}" || continue
                into "$rival" /bin/true
                turn "$table" "$rival" "${WORDS[@]}"
        done
}

end() {
        nbox terminate -q -w busybox
        lxc-stop -P "$LXC" -n bench -k
        crun delete -f "${RUNTIME_ID/bench/crun}"
        runc delete -f "${RUNTIME_ID/bench/runc}"
        podman rm -f -t 0 bench-exec
} >/run/bench/ended 2>&1

on_plain() {
        nbox boot -q -d --network=none "$TREE"
        NAME=busybox LEADER=$(nbox show --value -p Leader busybox)
        rivals exec nbox nsenter crun runc lxc podman
        measure exec "$(rounds 60)"
        end || say "exec: $(one_line </run/bench/ended)"
}

# Two Debians with all that systemd has for it, nbox's and systemd-nspawn's.
on_container() {
        local debian=$MACHINES/debian
        cp "$BENCH/probe" "$debian/bin/probe"
        cp -a "$debian" "$MACHINES/other"
        nbox boot -q -d --network=none debian
        NAME=debian LEADER=$(nbox show --value -p Leader debian)
        systemd-run -q --unit=other systemd-nspawn -q -M other -D "$MACHINES/other" --private-network --private-users=pick \
                --private-users-ownership=map --console=pipe -b
        wait_for 60 machinectl -q shell debian /bin/true >/dev/null 2>&1 </dev/null || true
        wait_for 60 machinectl -q shell other /bin/true >/dev/null 2>&1 </dev/null || true
        rivals exec-registered nbox nsenter machinectl machinectl-nspawn systemd-run
        measure exec-registered "$(rounds 25)"
        nbox terminate -q -w debian
        systemctl stop other
        rm -rf --one-file-system "$MACHINES/other"
}

bench "$@"
