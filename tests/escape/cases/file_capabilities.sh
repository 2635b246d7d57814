# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='a program is given file capabilities inside, in a directory of the host'"'"'s that is bound in, for a user of the host'
OPTIONS_nbox=(--bind="$PREY/shared:/mnt/shared")
OPTIONS_nspawn=("${OPTIONS_nbox[@]}")
OPTIONS_lxc=("lxc.mount.entry = $PREY/shared mnt/shared none bind,create=dir 0 0")
OPTIONS_bare=("${OPTIONS_nbox[@]}")
NEEDS_USERS='without a user namespace root inside is root of all files that it is given'

setup() {
        mkdir -p "$PREY/shared"
        chmod 755 "$PREY"
        chmod 777 "$PREY/shared"
        bring filecaps
}

attack() {
        busybox cp /escape/filecaps /mnt/shared/filecaps && busybox chmod 755 /mnt/shared/filecaps && filecaps /mnt/shared/filecaps
}

verdict() {
        local said
        if [ ! -e "$PREY/shared/filecaps" ]; then
                blocked "not made: $(tail -n 1 "$OUT")"
                return
        fi
        said=$(as_nobody "$PREY/shared/filecaps" 2>&1) || true
        case $said in
        0) blocked "user 65534 has none by it" ;;
        *[!0-9a-f]*) blocked "$said" ;;
        *) works "user 65534 has $said by it" ;;
        esac
}
