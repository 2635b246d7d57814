# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Who joins takes the capability bounds that init has. In a user namespace of its own, init has all of them: these are not for who has
# not come there.
WHAT='init makes a user namespace of its own between two looks of who joins, so that he takes its full bounds for the machine'"'"'s'
RIVALS=

setup() {
        bring shed
        sed -i 's,^while .*,exec /escape/shed,' "$TREE/sbin/init"
}

# What joins is held where it has seen the namespaces; then init leaves.
meanwhile() {
        local joiner
        if [ "$RUNNER" = bare ]; then
                machine_join /bin/busybox grep CapEff /proc/self/status >"$PREY/joined"
                return
        fi
        strace -qq -o "$PREY/trace" -P ns/time -e inject=/readlink:delay_exit=500000 \
                nbox exec "$NAME" /bin/busybox grep CapEff /proc/self/status >"$PREY/joined" 2>&1 </dev/null &
        joiner=$!
        wait_until 5 grep -qs ns/time "$PREY/trace"
        touch "$TREE/escape/go"
        machine_waits_for "$TREE/escape/gone" || true
        wait "$joiner" || true
}

verdict() {
        local effective
        effective=$(awk '$1 == "CapEff:" { print $2 }' "$PREY/joined")
        if [ -z "$effective" ]; then
                blocked "$(tail -n 1 "$PREY/joined")"
        elif [ "$RUNNER" != bare ] && [ ! -e "$TREE/escape/gone" ]; then
                absent "init has not left"
        elif [ $((0x$effective & 0x10000)) = 0 ]; then
                blocked "what joins has $effective"
        else
                works "what joins has CAP_SYS_MODULE and all else"
        fi
}
