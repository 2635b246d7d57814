# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='"shocker": open_by_handle_at() from the root of the file system that the tree lies on'
RIVALS='nspawn lxc'

# Of the file system: what lies beside the tree.
setup() {
        bring handle
        secret >"$MACHINES/.escape-secret"
        # Its path as seen from the root of that file system.
        findmnt -no FSROOT -T "$MACHINES" | sed 's,$,/.escape-secret,; s,//*, ,g' >"$TREE/escape/where"
}

attack() {
        # shellcheck disable=SC2046
        handle $(cat /escape/where)
}

verdict() {
        if grep -qF "$(secret)" "$OUT"; then works "a file beside the tree was read"; else blocked "$(cat "$OUT")"; fi
}

undo() { rm -f "$MACHINES/.escape-secret"; }
