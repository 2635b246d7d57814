# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='files of the host, given to the machine by the chown of a tree that has links to them'
OPTIONS_nbox=(--private-users-ownership=chown)
OPTIONS_nspawn=(--private-users=pick --private-users-ownership=chown)
RIVALS=nspawn

setup() {
        mkdir -p "$PREY/out"
        secret >"$PREY/out/file"
        ln -s "$PREY/out/file" "$TREE/escape/file"
        ln -s "../../../../../../../../..$PREY/out" "$TREE/escape/directory"
        rm -rf "${TREE:?}/srv"
        ln -s "$PREY/out" "$TREE/srv"
        stat -c '%n %u:%g %Z' "$PREY/out" "$PREY/out/file" >"$PREY/owners"
}

# Nothing is to be done but to be started.
attack() { busybox id; }

control() { chown -R -L 700000:700000 "$TREE/escape" && verdict; }

verdict() {
        if stat -c '%n %u:%g %Z' "$PREY/out" "$PREY/out/file" | cmp -s "$PREY/owners" -; then
                blocked "they are as before"
        else
                works "they belong to $(stat -c %u "$PREY/out/file")"
        fi
}
