# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# The owner of a tree's top directory says which ids its files are in, and that can be any: it came with the tree.
WHAT='a tree that claims the user ids of another machine, to read what that one has left in a directory of both'
OPTIONS_nbox=(--bind="$PREY/shared:/mnt/shared")
RIVALS=''
NEEDS_USERS='without a user namespace root inside reads all files that it is given'

neighbour_base() { awk '{ print $2 }' "/proc/$(nbox show --value -p Leader neighbour)/uid_map"; }

setup() {
        mkdir -p "$PREY/shared"
        cp -aT "$MACHINES/.busybox" "$MACHINES/neighbour"
        boot neighbour --network=none
        secret >"$PREY/shared/neighbours"
        chown "$(neighbour_base)" "$PREY/shared/neighbours"
        chmod 600 "$PREY/shared/neighbours"
        chown -R "$(neighbour_base):$(neighbour_base)" "$TREE"
}

attack() { busybox cat /mnt/shared/neighbours; }

# By number an administrator may give two machines the same ids.
control() {
        OPTIONS_nbox+=(--private-users="$(neighbour_base)")
        RUNNER=nbox
        one_start
}

verdict() {
        if grep -qxF "$(secret)" "$OUT"; then
                works "read"
        else
                blocked "$(tail -n 1 "$OUT")"
        fi
}

undo() {
        nbox terminate neighbour
        wait_until 5 is_gone neighbour
        rm -rf --one-file-system "$MACHINES/neighbour" /var/lib/nbox/machines/neighbour
}
