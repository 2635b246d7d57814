# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# The tree says where a credential is put, unless its way is opened beneath the root: by links it would be a file of the host's that is written.
WHAT='2026-33945 and kin: /run and /run/host of the tree are links to the host, where credentials are then put'
MAY_REFUSE=yes
RIVALS=nspawn
OPTIONS_nbox=(--set-credential=passwd:escaped)
OPTIONS_nspawn=(--set-credential=passwd:escaped)

setup() {
        mkdir -p "$PREY/host/credentials"
        echo mine >"$PREY/host/credentials/passwd"
        rm -rf "$TREE/run"
        ln -s "$PREY" "$TREE/run"
}

verdict() {
        if [ "$(cat "$PREY/host/credentials/passwd")" = mine ] && [ "$(find "$PREY" | wc -l)" = 4 ]; then
                blocked "what the link points to is as it was"
        else
                works "$(cd "$PREY" && find . | paste -sd ' '): $(cat "$PREY/host/credentials/passwd")"
        fi
}

# Who writes it by its path on the host.
control() {
        echo escaped >"$TREE/run/host/credentials/passwd"
        verdict
}
