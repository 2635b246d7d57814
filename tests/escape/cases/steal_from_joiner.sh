# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Whoever joins is, for a moment, a process of the machine with what it brought from the host: its descriptors, its directory, its memory.
WHAT='CVE-2016-8649, 2016-9962: what joins is traced, and its descriptors, directory and memory are taken'

setup() {
        bring spy
        secret >/dev/null
}

attack() { spy >/escape/spied 2>&1 & }

play() {
        exec 7</
        one_start
        exec 7<&-
}

meanwhile() {
        local i
        for i in $(seq 30); do machine_join /bin/busybox true >/dev/null 2>&1 </dev/null || true; done
        machine_join /bin/busybox touch /escape/enough </dev/null
        machine_waits_for "$TREE/escape/spied-all" || true
}

verdict() {
        if grep -qF "$(secret)" "$TREE/escape/spied"; then
                works "a file of the host's was read through $(grep -B 1 -F "$(secret)" "$TREE/escape/spied" | head -n 1)"
        elif grep -q '^traced a joiner' "$TREE/escape/spied"; then
                works "$(grep -m 1 '^traced' "$TREE/escape/spied")"
        else
                blocked "$(tail -n 1 "$TREE/escape/spied")"
        fi
}
