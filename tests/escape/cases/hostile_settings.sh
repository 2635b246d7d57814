# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2026-40226: settings that come with a tree, beside it and in it, ask for privileges'

settings() {
        printf '%s\n' '[Exec]' 'PrivateUsers=no' 'Capability=all' 'SystemCallFilter=@module @raw-io @keyring' '[Files]' "Bind=$PREY:/mnt" '[Network]' 'Private=no'
}

setup() {
        local file
        secret >/dev/null
        chmod 755 "$PREY"
        mkdir -p "$TREE/mnt"
        for file in "$MACHINES/$NAME.nspawn" "$MACHINES/$NAME.conf" "$TREE/$NAME.nspawn" "$TREE/$NAME.conf" "$TREE/.nspawn" "$TREE/etc/nbox/$NAME.conf" \
                "$TREE/etc/systemd/nspawn/$NAME.nspawn" "$TREE/run/systemd/nspawn/$NAME.nspawn" "$TREE/config"; do
                mkdir -p "${file%/*}"
                settings >"$file"
        done
        echo "lxc.cap.drop =" >"$TREE/config"
}

attack() {
        busybox cat /mnt/secret
        busybox grep CapEff /proc/self/status
        busybox sed 's/^/map/' /proc/self/uid_map
}

verdict() {
        if grep -qF "$(secret)" "$OUT"; then
                works "a directory of the host was bound in"
        elif grep -qE '^map +0 +0 +4294967295' "$OUT" && [ $((0x$(awk '$1 == "CapEff:" { print $2 }' "$OUT") & 0x10000)) != 0 ]; then
                works "it has CAP_SYS_MODULE"
        else
                blocked "neither bound nor privileged"
        fi
}

# The same file where the administrator's stand.
control() {
        RUNNER=nbox
        mkdir -p /etc/nbox
        settings | grep -v SystemCallFilter >"/etc/nbox/$NAME.conf"
        play
        rm -rf /etc/nbox
}

undo() { rm -f "$MACHINES/$NAME.nspawn" "$MACHINES/$NAME.conf"; }
