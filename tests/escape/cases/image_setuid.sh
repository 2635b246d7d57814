# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# In layers and snapshots beneath a directory that anybody may enter, and in what dissect --mount shows; written to above the links.
WHAT='setuid files of an image, executed by a user of the host; hard links in a layer to files of the host'
RIVALS=
D=$MACHINES/shared # on a file system that layers can be on

setup() {
        bring identity
        mkdir -p "$D" "$PREY/in" "$D/out"
        chmod 755 "$PREY" "$MACHINES" "$D" "$PREY/in"
        chmod 4755 "$TREE/escape/identity"
        cp -aT "$TREE" "$D/web"
        chmod 755 "$D/web"
        echo "the host's" | tee "$D/out/machine-id" "$D/out/hostname" >"$D/out/file"
        mkdir -p "$D/web/etc"
        for file in machine-id hostname file; do ln -f "$D/out/$file" "$D/web/etc/$file"; done
}

# In a clone, above the layer that has the links.
attack() {
        for file in machine-id hostname file; do
                echo "the guest's" >>"/etc/$file"
                chmod 4777 "/etc/$file"
        done
        /escape/identity
        /bin/busybox cp /escape/identity /escape/second
        /bin/busybox chmod 4755 /escape/second
        echo has run
}

out() { find "$D/out" -type f -printf '%p %m %U %s\n' -exec cat {} +; }

# root_by FILE…: what makes root of nobody
root_by() {
        local file
        for file in "$@"; do
                [ "$(as_nobody "$file" 2>/dev/null)" != 0 ] || echo "$file"
        done
}

play() {
        local found before
        before=$(out)
        nbox clone "$D/web" one >/dev/null
        nbox clone --copy "$D/web" two >/dev/null
        nbox snapshot "$D/web" kept >/dev/null
        found=$(
                for image in one two; do image_attacks "$D/$image" | grep -q '^has run' || echo "$image does not run"; done
                [ "$(out)" = "$before" ] || echo "changed: $(diff <(echo "$before") <(out) | paste -sd ' ')"
                # shellcheck disable=SC2046
                root_by $(find "$D/.#nbox" -name identity -o -name second)
                # A plain tree is as safe as its directory is (setuid_in_tree); one on layers has the store's.
                root_by "$D/one/escape/second" "$D/web/escape/identity"
                disk_of "$D/disk.raw" "$TREE"
                for image in disk.raw one web; do
                        nbox dissect --mount "$D/$image" "$PREY/in"
                        [ -u "$PREY/in/escape/identity" ] || echo "$image: no such file"
                        root_by "$PREY/in/escape/identity"
                        nbox dissect --umount "$PREY/in"
                done
        ) 2>"$SCRATCH/said"
        if [ -n "$found" ]; then works "$(paste -sd ';' <<<"$found")"; else blocked "nobody is root by them, and what was linked to is as it was"; fi
}

control() {
        disk_of "$SCRATCH/disk" "$TREE"
        mount -o loop,ro "$SCRATCH/disk" "$PREY/in"
        if [ -n "$(root_by "$PREY/in/escape/identity")" ]; then works "in a disk image as mount mounts it"; else blocked "by the control"; fi
        umount "$PREY/in"
}

undo() {
        rm -rf --one-file-system "$D"
        chmod 700 "$MACHINES"
}
