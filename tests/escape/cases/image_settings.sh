# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2026-40226: settings that lie beside a disk image, an image on layers, a clone or a new name ask for privileges'
RIVALS=
NAMES="$NAME $NAME-1 $NAME-2 $NAME-3 $NAME-4 $NAME-5"

settings() {
        printf '%s\n' '[Exec]' 'PrivateUsers=no' 'Capability=all' '[Files]' "Bind=$PREY:/mnt" '[Network]' 'Private=no'
}

setup() {
        local name file
        secret >/dev/null
        chmod 755 "$PREY"
        mkdir -p "$TREE/mnt"
        for name in $NAMES; do
                for file in "$MACHINES/$name".{nspawn,conf,raw.nspawn,raw.conf}; do settings >"$file"; done
        done
        mkdir -p "$TREE/etc/nbox" "$TREE/etc/systemd/nspawn"
        settings | tee "$TREE/$NAME-1.nspawn" "$TREE/tree.nspawn" "$TREE/etc/nbox/$NAME-1.conf" >"$TREE/etc/systemd/nspawn/$NAME-1.nspawn"
}

attack() {
        /bin/busybox cat /mnt/secret
        /bin/busybox grep CapEff /proc/self/status
        /bin/busybox sed 's/^/map/' /proc/self/uid_map
        echo has run
}

# seen OPTION… IMAGE: what came of it, if anything did.
seen() {
        local bits
        image_attacks "$@" >"$SCRATCH/seen" || true
        bits=$(awk '$1 == "CapEff:" { print $2 }' "$SCRATCH/seen")
        if ! grep -q '^has run' "$SCRATCH/seen"; then
                echo "$* does not run: $(tail -n 1 "$SCRATCH/seen")"
        elif grep -qF "$(secret)" "$SCRATCH/seen"; then
                echo "bound by $*"
        elif [ $((0x$bits & 0x10000)) != 0 ]; then
                echo "CAP_SYS_MODULE by $*"
        elif [ "$RUNNER" = nbox ] && grep -qE '^map +0 +0 ' "$SCRATCH/seen"; then
                echo "no user namespace by $*"
        fi
}

play() {
        local image found
        mksquashfs "$TREE" "$MACHINES/$NAME-4.raw" -quiet -no-progress >/dev/null
        disk_of "$MACHINES/$NAME-3.raw" "$TREE"
        nbox clone "$NAME" "$NAME-1" >/dev/null
        nbox clone --copy "$NAME" "$NAME-2" >/dev/null
        found=$(
                # Of layers (from now on the tree as well), disk images, by path and what is passing.
                for image in "$NAME" "$NAME-1" "$NAME-2" "$NAME-3" "$MACHINES/$NAME-3.raw" "$MACHINES/$NAME-1" "-x $NAME-1" "-x $NAME-3" \
                        "-x $NAME-4" "-x --machine=$NAME-2 $NAME-1" "--template=$NAME-1 $NAME-5"; do
                        # shellcheck disable=SC2086
                        seen $image
                done
                nbox rename "$NAME-1" "$NAME-6" >&2
                nbox rename "$NAME-3" "$NAME-7" >&2
                nbox clone "$NAME-7" "$NAME-1" >&2 # a disk image's
                for image in "$NAME-6" "$NAME-7" "$NAME-1"; do seen "$image"; done
                grep -rlsF "Bind=$PREY" /etc/nbox /etc/systemd/nspawn /run/nbox /run/systemd/nspawn || true
        ) 2>"$SCRATCH/said"
        if [ -n "$found" ]; then works "$(paste -sd ';' <<<"$found")"; else blocked "neither bound nor privileged"; fi
}

# The same file where the administrator's stand.
control() {
        RUNNER=nbox
        disk_of "$MACHINES/$NAME-3.raw" "$TREE"
        mkdir -p /etc/nbox
        settings >"/etc/nbox/$NAME-3.conf"
        works "$(seen "$NAME-3" | grep '^bound')"
        rm -rf /etc/nbox
}

undo() {
        # shellcheck disable=SC2086
        images_forget $NAMES "$NAME-6" "$NAME-7"
        rm -f "$MACHINES/$NAME"*.{nspawn,conf}
}
