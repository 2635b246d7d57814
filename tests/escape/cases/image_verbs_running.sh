# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2018-15664, 2019-10152: root inside swaps /etc for a link out while the running machine is cloned, snapshot and committed'
RIVALS=

outside() { find "$PREY/out" -printf '%p %y %m %s %T@ %l\n' | sort; }

setup() {
        local file
        bring exchange
        mkdir -p "$PREY/out/dbus" "$TREE/etc" "$TREE/var/lib/dbus"
        for file in machine-id hostname passwd os-release dbus/machine-id; do secret >"$PREY/out/$file"; done
        ln -s "$PREY/out" "$TREE/etc.link"
        ln -s "../../../../../../../../..$PREY/out/dbus" "$TREE/var/lib/dbus.link"
        for file in machine-id hostname passwd os-release; do
                echo "the machine's" >"$TREE/etc/$file"
                ln -s "$PREY/out/$file" "$TREE/etc/$file.link"
        done
        echo "the machine's" >"$TREE/var/lib/dbus/machine-id"
        outside >"$PREY/before"
}

attack() {
        exchange / etc >/dev/null 2>&1 &
        exchange /var/lib dbus >/dev/null 2>&1 &
        exchange /etc hostname machine-id >/dev/null 2>&1 &
        echo swapping
}

wrong() { echo "$*" >>"$SCRATCH/wrong"; }

meanwhile() {
        local round verb done=0
        rm -f "$SCRATCH/wrong"
        for round in 1 2 3; do
                for verb in "clone $NAME $NAME-1" "commit $NAME $NAME-2" "snapshot $NAME s$round" "clone --copy $NAME $NAME-3" \
                        "diff $NAME s$round"; do
                        # shellcheck disable=SC2086
                        if timeout -k 5 "$((20 * PATIENCE))" nbox $verb >>"$SCRATCH/verbs" 2>&1 </dev/null; then done=$((done + 1)); fi
                done
                ! grep -rqsF "$(secret)" "$MACHINES/$NAME"-[1-3]/ "$MACHINES/.#nbox/layers" || wrong "copied"
                for verb in 1 2 3; do nbox remove "$NAME-$verb" >/dev/null 2>&1 || true; done
        done
        [ "$done" -ge 6 ] || wrong "only $done of 15 were done: $(tail -n 2 "$SCRATCH/verbs" | paste -sd ' ')"
        ! grep -qF "$(secret)" "$SCRATCH/verbs" || wrong "shown"
        printed swapping || wrong "nothing was swapped"
}

verdict() {
        outside | cmp -s "$PREY/before" - || wrong "changed: $(outside | comm -13 "$PREY/before" - | cut -d ' ' -f 1 | paste -sd ' ')"
        if [ -s "$SCRATCH/wrong" ]; then works "$(paste -sd ';' "$SCRATCH/wrong")"; else blocked "the host's files are as they were, and in no copy"; fi
}

# By path, with the same swaps.
control() {
        local swapper end=$((SECONDS + 20 * PATIENCE))
        "$ATTACKS/exchange" "$TREE" etc &
        swapper=$!
        while [ "$SECONDS" -lt "$end" ] && outside | cmp -s "$PREY/before" -; do
                [ -L "$TREE/etc" ] || echo new >"$TREE/etc/passwd"
        done
        kill "$swapper"
        wait "$swapper" || true
        if outside | cmp -s "$PREY/before" -; then blocked "by the control"; else works "written to where the link leads"; fi
}

undo() { images_forget "$NAME-1" "$NAME-2" "$NAME-3"; }
