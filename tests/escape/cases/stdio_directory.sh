# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# A script that joins has a directory where its input should be: what is handed on as it is, is a way out.
WHAT='CVE-2024-21626: a directory of the host as standard input, output or error of who joins'

setup() { secret >/dev/null; }

meanwhile() {
        local look='for fd in 0 1 2; do busybox cat /proc/self/fd/$fd/srv/escape/secret; cd /proc/self/fd/$fd && busybox cat ../srv/escape/secret; done'
        machine_join /bin/busybox sh -c "$look >/escape/seen 2>/dev/null" <"$PREY" >/dev/null 2>&1 || true
        machine_join /bin/busybox sh -c "$look >>/escape/seen 2>/dev/null" </ >/dev/null 2>&1 || true
}

verdict() {
        if grep -qsF "$(secret)" "$TREE/escape/seen"; then
                works "a file of the host's was read through it"
        else
                blocked "$([ -e "$TREE/escape/seen" ] && echo "it leads nowhere" || echo "it is not handed on")"
        fi
}
