# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2025-52565, 2026-41579, 2026-47766: /dev, /dev/console, /dev/pts, /dev/ptmx of the tree are links to the host, files, pipes'
MAY_REFUSE=yes

state() {
        find "$PREY/out" -printf '%p %y %m %U:%G %s %T@ %l\n' | sort
        { cat /proc/[0-9]*/mountinfo 2>/dev/null || true; } | awk -v prey="$PREY/out" 'index($5, prey) == 1 { print "mount", $5 }' | sort -u
}

setup() {
        rm -rf "$PREY/out"
        mkdir -p "$PREY/out/pts"
        echo console >"$PREY/out/console"
        echo ptmx >"$PREY/out/ptmx"
        state >"$PREY/before"
}

# form DEV CONSOLE PTS PTMX: a tree's /dev.
play() {
        local form wrong='' runs=0
        for form in dev-link dev-relative dev-file dev-pipe inner; do
                rm -rf "${TREE:?}/dev"
                setup
                case $form in
                dev-link) ln -s "$PREY/out" "$TREE/dev" ;;
                dev-relative) ln -s "../../../../../../..$PREY/out" "$TREE/dev" ;;
                dev-file) echo >"$TREE/dev" ;;
                dev-pipe) mkfifo "$TREE/dev" ;;
                inner)
                        mkdir "$TREE/dev"
                        ln -s "$PREY/out/console" "$TREE/dev/console"
                        ln -s "$PREY/out/pts" "$TREE/dev/pts"
                        ln -s "$PREY/out/ptmx" "$TREE/dev/ptmx"
                        ;;
                esac
                if machine_start; then
                        runs=$((runs + 1))
                        state | cmp -s "$PREY/before" - || wrong="$wrong $form"
                        machine_stop
                fi
                state | cmp -s "$PREY/before" - || wrong="$wrong $form"
        done
        wrong=$(xargs -n 1 <<<"$wrong" | uniq | xargs)
        if [ -n "$wrong" ]; then works "the host's side changed: $wrong"; else blocked "the host's side is as it was, $runs of 5 such trees run"; fi
}

# By path: a tmpfs for /dev, a file for the console.
control() {
        rm -rf "${TREE:?}/dev"
        ln -s "$PREY/out" "$TREE/dev"
        unshare --mount sh -c "mount --bind /dev/zero '$TREE/dev/console' && grep -q ' $PREY/out/console ' /proc/self/mountinfo" &&
                works "mounted over the host's" || blocked "by the control"
}
