# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# The bus believes what the kernel says of the peer's user: uid 0 of the host may do anything there.
WHAT='the host'"'"'s system bus is bound in, and root inside speaks on it as the host'"'"'s root'
HOSTS=container
NEEDS_USERS='without a user namespace root inside is the host'"'"'s to whoever asks the kernel'
OPTIONS_nbox=(--bind=/run/dbus:/mnt/dbus)
OPTIONS_bare=("${OPTIONS_nbox[@]}")

setup() { bring busroot; }

attack() { busroot /mnt/dbus/system_bus_socket; }

verdict() {
        if printed '^OK '; then works "it is let in as user 0"; else blocked "$(tail -n 1 "$OUT")"; fi
}
