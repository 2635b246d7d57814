# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='a device that it may read is written to, by nodes of its own, by the tree'"'"'s, by a bind, by what it had open'
RIVALS=''
OPTIONS_nbox=(--device=/dev/loop7:/dev/given:r --bind="$PREY/shared:/prey")
OPTIONS_bare=("${OPTIONS_nbox[@]}")

setup() {
        mkdir -p "$PREY/shared"
        [ -e /dev/loop7 ] || mknod /dev/loop7 b 7 7
        mknod "$PREY/shared/node" b 7 7
        mknod "$TREE/node" b 7 7
        chmod 666 "$PREY/shared/node" "$TREE/node"
}

attack() {
        busybox chmod 666 /dev/given
        for place in /tmp/n /dev/n /run/n /n; do busybox mknod "$place" b 7 7; done
        for node in /dev/given /tmp/n /dev/n /run/n /n /node /prey/node /proc/self/root/node; do
                [ -b "$node" ] && (: >>"$node") && echo "$node works"
        done
        true
} 2>/dev/null

verdict() {
        if printed ' works$'; then works "$(sed -n 's/ works$//p' "$OUT" | paste -sd ' ')"; else blocked 'by none of them'; fi
}
