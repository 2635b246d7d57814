# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2015-1331: the directory for layers and its lock are made beforehand, as links, by a user who may write beside an image'
RIVALS=
D=$MACHINES/shared # on a file system that layers can be on

setup() {
        mkdir -p "$D" "$PREY/target/layers"
        chmod 777 "$D"
        chmod 755 "$PREY" "$MACHINES"
        cp -aT "$MACHINES/.busybox" "$D/web"
        as_nobody mkdir "$D/.#nbox"
        as_nobody mkdir "$D/.#nbox/snapshots"
        as_nobody ln -s "$PREY/target/lock" "$D/.#nbox/lock"
        as_nobody ln -s "$PREY/target/layers" "$D/.#nbox/layers"
}

verdict() {
        local made
        made=$(find "$PREY/target" -mindepth 1 ! -path "$PREY/target/layers" | paste -sd ' ')
        if [ -n "$made" ]; then works "made where the links lead: $made"; else blocked "$(grep -v '^$' "$SCRATCH/verbs" | head -n 1 | cut -c 1-160)"; fi
}

play() {
        local verb
        # The whole of it may be a link, too.
        for round in 1 2; do
                for verb in "clone $D/web new" "snapshot $D/web one" "run --ephemeral --network=none -D $D/web /bin/busybox true" gc; do
                        # shellcheck disable=SC2086
                        timeout -k 5 "$((20 * PATIENCE))" nbox $verb >>"$SCRATCH/verbs" 2>&1 </dev/null || true
                done
                as_nobody mv "$D/.#nbox" "$D/old"
                as_nobody ln -s "$PREY/target" "$D/.#nbox"
        done
        verdict
}

# As root makes a lock by path.
control() {
        : >"$D/.#nbox/lock"
        echo made >"$SCRATCH/verbs"
        verdict
}

undo() {
        rm -rf --one-file-system "$D"
        chmod 700 "$MACHINES"
}
