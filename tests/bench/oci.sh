#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# oci.sh [ROUNDS]: how long the runtimes of engines take for a container's whole life, create, start and delete of /bin/true, a command each as
# engines give them. All have the same bundle: crun's default one with a user namespace, with the profile for system calls that Debian has for
# podman, and without.
set -eu
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"
# shellcheck source=tests/bench/rivals.sh
. "$BENCH/rivals.sh"

runtime_of() { if [ "$1" = nbox ]; then echo nbox-oci; else echo "$1"; fi; }

# rivals TABLE BUNDLE RIVAL...: BUNDLE is crun or crun-unfiltered. The end is forced, since /bin/true may or may not be over by then.
rivals() {
        local table=$1 bundle=$2 rival runtime id
        shift 2
        turn "$table" true /bin/true
        for rival in "$@"; do
                runtime=$(runtime_of "$rival") id=${RUNTIME_ID/bench/$rival}
                oci_bundle "$bundle" /bin/probe
                works "$table" "$rival" "$runtime" run --bundle "$BUNDLE" "$id" || continue
                oci_bundle "$bundle" /bin/true
                turn "$table" "$rival" "$runtime" create --bundle "$BUNDLE" "$id"
                turn "$table" "$rival" "$runtime" start "$id"
                turn "$table" "$rival" "$runtime" delete --force "$id"
        done
}

on_plain() {
        rivals oci crun nbox crun runc
        measure oci "$(rounds 60)"
        rivals oci-unfiltered crun-unfiltered nbox crun runc
        measure oci-unfiltered "$(rounds 60)"
}

bench "$@"
