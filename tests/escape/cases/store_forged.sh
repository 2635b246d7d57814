# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2021-30465 and kin: an image within a tree that says it stands on layers, which are directories of the host'
RIVALS=
ID=0123456789abcdef0123456789abcdef
BASE=fedcba9876543210fedcba9876543210
D=$TREE/srv

setup() {
        secret >/dev/null
        mkdir -p "$D/.#nbox/layers/$ID/work" "$D/.#nbox/layers/$BASE" "$D/.#nbox/snapshots/inner"
        ln -s ".#nbox/layers/$ID/tree" "$D/inner"
}

# info LAYER PARENT
info() { printf 'parent %s\nmade 1\nfrom inner\n' "$2" >"$D/.#nbox/layers/$1/info"; }

# forge FORM
forge() {
        local layers=$D/.#nbox/layers
        rm -rf "$layers/$ID/tree" "$layers/$BASE/tree" "$layers/$ID/info" "$layers/$BASE/info" "$D/.#nbox/snapshots/inner/old"
        mkdir "$layers/$ID/tree"
        case $1 in
        base)
                ln -s "$PREY" "$layers/$BASE/tree"
                info "$ID" "$BASE"
                ;;
        parent) info "$ID" "../../../../../../../../..$PREY" ;;
        cycle)
                cp -aT "$MACHINES/.busybox" "$layers/$BASE/tree"
                info "$ID" "$BASE"
                info "$BASE" "$ID"
                ;;
        redirect)
                cp -aT "$MACHINES/.busybox" "$layers/$BASE/tree"
                printf 'made 1\nfrom inner\n' >"$layers/$BASE/info"
                info "$ID" "$BASE"
                mkdir "$layers/$ID/tree/led"
                setfattr -n trusted.overlay.redirect -v "/../../../../../../../../..$PREY" "$layers/$ID/tree/led"
                truncate -s 20 "$layers/$ID/tree/secret"
                setfattr -n trusted.overlay.metacopy "$layers/$ID/tree/secret"
                setfattr -n trusted.overlay.redirect -v "$PREY/secret" "$layers/$ID/tree/secret"
                ;;
        esac
        ln -s "../../layers/../../../../../../../../../../..$PREY" "$D/.#nbox/snapshots/inner/old"
}

play() {
        local form verb argument
        for form in base parent cycle redirect; do
                forge "$form"
                for verb in "run --network=none -D $D/inner /bin/busybox sh -c" "run -x --network=none -D $D/inner /bin/busybox sh -c" \
                        "clone $D/inner new" "snapshot $D/inner one" "diff $D/inner old" "rollback $D/inner old"; do
                        argument=()
                        [ "${verb%sh -c}" = "$verb" ] || argument=("echo $form has run; /bin/busybox cat /secret /led/secret")
                        # shellcheck disable=SC2086
                        timeout -k 5 "$((20 * PATIENCE))" nbox $verb "${argument[@]}" >>"$SCRATCH/verbs" 2>&1 </dev/null ||
                                [ $? != 124 ] || echo "$form: $verb hangs" >>"$SCRATCH/wrong"
                done
                ! grep -qF "$(secret)" "$SCRATCH/verbs" || echo "$form: it was shown" >>"$SCRATCH/wrong"
        done
        ! grep -rqsF "$(secret)" "$TREE" || echo "it was copied" >>"$SCRATCH/wrong"
        if [ -s "$SCRATCH/wrong" ]; then
                works "$(paste -sd ';' "$SCRATCH/wrong")"
        elif ! grep -q '^redirect has run' "$SCRATCH/verbs"; then
                absent "a machine on layers does not run: $(tail -n 1 "$SCRATCH/verbs")"
        else
                blocked "nothing of the host's was read: $(grep -c '^nbox: ' "$SCRATCH/verbs") words of refusal"
        fi
}

# By path.
control() {
        rm -rf "$D/.#nbox/layers/$ID/tree"
        ln -s "$PREY" "$D/.#nbox/layers/$ID/tree"
        mkdir "$SCRATCH/below" "$SCRATCH/merged"
        mount -t overlay -o "lowerdir=$(readlink -f "$D/inner"):$SCRATCH/below" overlay "$SCRATCH/merged"
        if cmp -s "$SCRATCH/merged/secret" "$PREY/secret"; then works "the host's directory is a layer"; else blocked "by the control"; fi
        umount "$SCRATCH/merged"
}
