# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='the host'"'"'s disk: a node for it is made and opened; memory and ports as well'

# Of the file system that the tree lies on.
setup() {
        bring nodes
        findmnt -no MAJ:MIN -T "$MACHINES" | tr ':' ' ' >"$TREE/escape/disk"
}

attack() {
        # shellcheck disable=SC2046
        nodes $(busybox cat /escape/disk)
}

verdict() {
        if printed ' works$'; then works "$(sed -n 's/ works$//p' "$OUT" | sort -u | paste -sd ' ')"; else blocked "$(cut -d: -f2- "$OUT" | sort -u | paste -sd,)"; fi
}
