# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# What a manager writes into /etc of a tree (a resolver, a time zone, a host name, a machine id) goes where the tree's links lead, if it
# is written by path.
WHAT='CVE-2019-10152, 2018-15664 and kin: files written into the tree at a start follow links that change meanwhile'
MAY_REFUSE=yes
STARTS=6
FILES='resolv.conf localtime hostname machine-id hosts timezone'

outside() { find "$PREY/out" -printf '%p %y %s %T@ %l\n' | sort; }

setup() {
        local file
        mkdir -p "$PREY/out" "$TREE/etc"
        for file in $FILES; do
                echo "the host's" >"$PREY/out/$file"
                echo "the machine's" >"$TREE/etc/$file"
                ln -sfn "$PREY/out/$file" "$TREE/etc/$file.link"
        done
        outside >"$PREY/before"
}

play() {
        local i swapper
        # shellcheck disable=SC2086
        "$ATTACKS/exchange" "$TREE/etc" $FILES &
        swapper=$!
        for i in $(seq "$STARTS"); do ! machine_start || machine_stop; done
        kill "$swapper" || true # a file of its own may have been taken away from under it
        wait "$swapper" 2>/dev/null || true
        if outside | cmp -s "$PREY/before" -; then
                blocked "$STARTS starts, the host's files are as they were"
        else
                works "changed: $(outside | comm -13 "$PREY/before" - | cut -d ' ' -f 1 | paste -sd ' ')"
        fi
}

# Looked at, then written to, by path.
control() {
        local swapper end=$((SECONDS + 10))
        "$ATTACKS/exchange" "$TREE/etc" hosts &
        swapper=$!
        until [ "$(cat "$PREY/out/hosts")" = changed ] || [ "$SECONDS" -gt "$end" ]; do
                [ -L "$TREE/etc/hosts" ] || sh -c "echo changed >'$TREE/etc/hosts'"
        done
        kill "$swapper"
        wait "$swapper" 2>/dev/null || true
        [ "$(cat "$PREY/out/hosts")" = changed ] && works "the host's file was written" || blocked "by the control"
}
