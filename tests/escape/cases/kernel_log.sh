# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='the kernel'"'"'s messages: read by syslog(2), /dev/kmsg and /proc/kmsg, and written into'

# Another line each time: the log is the host's, and keeps them.
setup() {
        bring attempt
        echo "escape: forged by $RUNNER $RANDOM$RANDOM" | tee "$PREY/line" >"$TREE/escape/line"
}

attack() {
        attempt syslog
        # A node of its own, and whatever is there.
        busybox mknod /escape/kmsg c 1 11 2>/dev/null
        for file in /dev/kmsg /proc/kmsg /escape/kmsg; do
                [ -e "$file" ] || continue
                (busybox cat /escape/line >"$file") 2>/dev/null && echo "written to $file"
                (busybox dd if="$file" bs=8192 count=1 iflag=nonblock 2>/dev/null || busybox timeout 1 busybox head -c 64 "$file") 2>/dev/null |
                        busybox grep -q . && echo "read from $file works"
        done
        true
}

verdict() {
        if dmesg 2>/dev/null | tail -n 50 | grep -qFf "$PREY/line"; then
                works "a line of the machine's is in the host's log"
        elif printed works; then
                works "$(grep works "$OUT" | paste -sd ,)"
        else
                blocked "$(head -n 1 "$OUT")"
        fi
}
