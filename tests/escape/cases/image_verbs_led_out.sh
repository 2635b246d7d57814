# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# What a clone gets of its own (a machine id, a host name) is written into it, and what is copied or compared is read, all by the host's root.
WHAT='CVE-2015-1335, 2018-15664, 2019-10152, 2023-0778 and kin: clone, copy, snapshot, rollback and diff of a tree whose files are links out of it, while they change'
RIVALS=
FILES='machine-id hostname passwd os-release'

outside() { find "$PREY/out" -printf '%p %y %m %s %T@ %l\n' | sort; }

setup() {
        local file
        mkdir -p "$PREY/out/dbus"
        for file in $FILES dbus/machine-id; do secret >"$PREY/out/$file"; done
        outside >"$PREY/before"
}

# links FORM: all at once.
links() {
        local file
        case $1 in
        files)
                mkdir -p "$TREE/etc" "$TREE/var/lib/dbus"
                for file in $FILES; do ln -sfn "$PREY/out/$file" "$TREE/etc/$file"; done
                ln -sfn "../../../../../../../../..$PREY/out/dbus/machine-id" "$TREE/var/lib/dbus/machine-id"
                ;;
        directories)
                rm -rf "${TREE:?}/etc" "$TREE/var/lib"
                mkdir -p "$TREE/var"
                ln -s "$PREY/out" "$TREE/etc"
                ln -s "$PREY/out" "$TREE/var/lib"
                ;;
        swapped)
                rm -rf "${TREE:?}/etc"
                mkdir "$TREE/etc"
                for file in $FILES; do
                        echo "the machine's" >"$TREE/etc/$file"
                        ln -s "$PREY/out/$file" "$TREE/etc/$file.link"
                done
                ln -s "$PREY/out" "$TREE/etc.link"
                ;;
        esac
}

verbs() {
        local verb
        for verb in "clone --copy $NAME $NAME-1" "clone $NAME $NAME-2" "snapshot $NAME one" "diff $NAME one" "diff $NAME $NAME-1" "rollback $NAME one" \
                "snapshot $NAME two" "remove $NAME-2" "clone $NAME $NAME-2" "run --network=none $NAME-2 /bin/busybox true"; do
                # shellcheck disable=SC2086
                timeout -k 5 "$((20 * PATIENCE))" nbox $verb >>"$SCRATCH/verbs" 2>&1 </dev/null || echo "$verb: $?" >>"$SCRATCH/verbs"
        done
        # What they have made of it holds nothing of the host's.
        ! grep -rqF "$(secret)" "$MACHINES/$NAME" "$MACHINES/$NAME"-[12]/ "$MACHINES"/.#nbox/layers || echo "copied by ${1}" >>"$SCRATCH/wrong"
        nbox remove "$NAME-1" "$NAME-2" >/dev/null 2>&1 || true
}

play() {
        local form swapper=''
        for form in files directories swapped; do
                undo
                rm -rf --one-file-system "${TREE:?}"
                tree_make
                links "$form"
                if [ "$form" = swapped ]; then
                        "$ATTACKS/exchange" "$TREE" etc &
                        swapper=$!
                fi
                verbs "$form"
        done
        kill "$swapper" 2>/dev/null || true
        wait "$swapper" 2>/dev/null || true
        if [ -s "$SCRATCH/wrong" ]; then
                works "$(paste -sd ';' "$SCRATCH/wrong")"
        elif outside | cmp -s "$PREY/before" -; then
                blocked "the host's files are as they were, and in no copy"
        else
                works "changed: $(outside | comm -13 "$PREY/before" - | cut -d ' ' -f 1 | paste -sd ' ')"
        fi
}

# By path, as a script would.
control() {
        links files
        cp -aT "$TREE" "$TREE-1"
        od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$TREE-1/etc/machine-id"
        if outside | cmp -s "$PREY/before" -; then blocked "by the control"; else works "the host's machine-id was written"; fi
        rm -rf "$TREE-1"
}

undo() {
        nbox remove "$NAME-1" "$NAME-2" >/dev/null 2>&1 || true
        rm -rf --one-file-system "$MACHINES/$NAME-1" "$MACHINES/$NAME-2" "$TREE" "${MACHINES:?}/.#nbox"
}
