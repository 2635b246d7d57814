# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Who joins as a user looks that user up in the tree, goes to its home and executes its shell: all of it as it is inside.
WHAT='the user, home, shell and working directory of who joins lead out of the tree, or change while he does'
RIVALS=

setup() {
        secret >/dev/null
        chmod 755 "$PREY"
        printf '#!/bin/sh\necho "ran outside" >%s/ran\n' "$PREY" >"$PREY/shell"
        chmod 755 "$PREY/shell"
        mkdir -p "$TREE/etc" "$TREE/home"
        printf 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/out:%s/shell\nbob:x:1001:1001::/../../../../srv/escape:/bin/sh\n' "$PREY" >"$TREE/etc/passwd"
        printf 'root:x:0:0::%s:/proc/1/root%s/shell\n' "$PREY" "$PREY" >"$TREE/etc/passwd.link"
        ln -sfn "$PREY" "$TREE/home/out"
        ln -sfn /etc/passwd "$TREE/etc/group.link"
        echo 'root:x:0:' >"$TREE/etc/group"
}

meanwhile() {
        local swapper i
        "$ATTACKS/exchange" "$TREE/etc" passwd group &
        swapper=$!
        for i in $(seq 6); do
                timeout 60 nbox shell "alice@$NAME" /bin/busybox cat secret || true
                timeout 60 nbox shell "bob@$NAME" /bin/busybox cat secret || true
                timeout 60 nbox exec --chdir="$PREY" "$NAME" /bin/busybox cat secret || true
                timeout 60 nbox exec --chdir=/home/out "$NAME" /bin/busybox cat secret || true
                timeout 60 nbox shell "$NAME" || true
        done >"$PREY/joined" 2>&1 </dev/null || true
        kill "$swapper"
        wait "$swapper" 2>/dev/null || true
}

verdict() {
        if grep -qF "$(secret)" "$PREY/joined"; then
                works "a file of the host's was read"
        elif [ -e "$PREY/ran" ]; then
                works "a shell of the host's was executed there"
        else
                blocked "$(sort "$PREY/joined" | uniq -c | sort -rn | head -n 1 | sed 's/^ *[0-9]* *//' | cut -c 1-100)"
        fi
}

# With the tree's home as the host resolves it.
control() {
        (cd "$TREE$(awk -F: '$1 == "alice" { print $6 }' "$TREE/etc/passwd")" && cat secret) >"$PREY/joined"
        verdict
}
