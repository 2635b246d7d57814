# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='--nesting gives /dev/fuse: a file system that never answers, over all that the host looks at in the tree'
OPTIONS_nbox=(--nesting)
NEEDS_USERS='whoever is the host'"'"'s root may make a device of that number, and the kernel lets everybody wait'

setup() { bring deaf; }

attack() {
        [ -e /dev/fuse ] || /bin/busybox mknod /dev/fuse c 10 229
        for directory in /etc /usr /var /run/host; do deaf "$directory"; done
}

# What an admin does; each may fail, and none may hang.
meanwhile() {
        local leader
        leader=$(machine_leader)
        : >"$SCRATCH/hung"
        hangs_not cat "/proc/$leader/root/etc/passwd" "/proc/$leader/root/etc/os-release"
        [ "$RUNNER" != nbox ] || {
                hangs_not nbox list
                hangs_not nbox status "$NAME"
                hangs_not nbox show "$NAME"
                hangs_not nbox poweroff "$NAME" # which this init does not know
                hangs_not nbox status "$NAME"
        }
}

hangs_not() {
        local rc=0
        timeout -s KILL "$((4 * PATIENCE))" "$@" >/dev/null 2>&1 || rc=$?
        [ "$rc" != 137 ] || echo "$*" >>"$SCRATCH/hung"
}

verdict() {
        if ! printed '^deaf$'; then
                absent "$(head -n 1 "$OUT")"
        elif [ -s "$SCRATCH/hung" ]; then
                works "hangs: $(head -n 3 "$SCRATCH/hung" | paste -sd ';')"
        else
                blocked "nobody outside waits for it"
        fi
}
