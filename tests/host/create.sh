# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Making a tree from Debian's packages, which needs the network. No machine is booted on it here.

test_create_debian() {
        nbox create made --os debian:bookworm
        has "$(cat "$MACHINES/made/etc/os-release")" 'VERSION_ID="12"'
        [ -x "$MACHINES/made/sbin/init" ] || fail "no init in it"
        same "status" "$(nbox run --network=none made sh -c 'echo $((40+2))')" 42
        has "$(nbox images)" made
        rm -rf --one-file-system "${MACHINES:?}/made"
}
