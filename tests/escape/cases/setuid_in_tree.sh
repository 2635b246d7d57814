# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='a setuid program made inside is executed by a user of the host in the tree itself'

setup() { bring identity; }

attack() { busybox chmod 4755 /escape/identity; }

verdict() {
        local uid
        uid=$(as_nobody "$TREE/escape/identity" 2>&1) || true
        case $uid in
        0) works "user 65534 is root by it" ;;
        *) blocked "$(tail -n 1 <<<"$uid" | sed 's/.*: //')" ;;
        esac
}

# A tree in a directory that anybody may enter, as one lies who is unpacked by hand.
control() {
        chmod 755 "$MACHINES"
        chmod 4755 "$TREE/escape/identity"
        verdict
        chmod 700 "$MACHINES"
}
