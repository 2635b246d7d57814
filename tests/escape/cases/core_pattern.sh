# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='programs that the host runs for the kernel: core_pattern, modprobe, hotplug, poweroff_cmd, binfmt_misc'
NEEDS_USERS='whoever is the host'"'"'s root and may mount has a /proc of his own'

# What is written is harmless, for the control does write it.
PATTERNS='core_pattern modprobe hotplug poweroff_cmd'

patterns() { for name in $PATTERNS; do [ ! -e "/proc/sys/kernel/$name" ] || echo "$name $(cat "/proc/sys/kernel/$name")"; done; }

setup() {
        patterns >"$PREY/patterns"
        ! grep -q core.escape "$PREY/patterns" || fail "an earlier run has left core.escape in /proc/sys/kernel"
}

attack() {
        mkdir /escape/proc /escape/binfmt
        # The one that was mounted before, and one of its own.
        for mounted in /proc /escape/proc; do
                [ "$mounted" = /proc ] || /bin/busybox mount -t proc proc "$mounted" || continue
                /bin/busybox mount -o remount,rw,bind "$mounted/sys"
                /bin/busybox umount "$mounted/sys"
                for name in core_pattern modprobe hotplug poweroff_cmd; do
                        echo core.escape >"$mounted/sys/kernel/$name"
                done
        done
        /bin/busybox mount -t binfmt_misc binfmt_misc /escape/binfmt && echo ':escape:M::escapeescape::/bin/true:C' >/escape/binfmt/register
}

verdict() {
        if ! patterns | cmp -s "$PREY/patterns" -; then
                works "written: $(patterns | diff "$PREY/patterns" - | sed -n 's/^> \([^ ]*\).*/\1/p' | paste -sd ' ')"
        else
                blocked "they are as before"
        fi
}

undo() { while read -r name value; do echo "$value" >"/proc/sys/kernel/$name"; done <"$PREY/patterns"; }
