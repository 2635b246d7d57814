# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2022-1227: programs of the tree by the names of what managers execute: nsenter, ps, mount, login, getent, ip'

setup() {
        local program directory
        # Where it runs is told by what it sees of the host.
        for program in nsenter ps mount umount login getent ip iptables nft sh su systemctl loginctl busctl newuidmap newgidmap modprobe; do
                for directory in bin sbin usr/bin usr/sbin; do
                        mkdir -p "$TREE/$directory"
                        rm -f "$TREE/$directory/$program"
                        printf '#!/bin/busybox sh\n[ ! -d %s ] || echo "%s $*" >>%s/ran\nexec /bin/busybox %s "$@"\n' "$PREY" "$program" "$PREY" \
                                "$program" >"$TREE/$directory/$program"
                        chmod 755 "$TREE/$directory/$program"
                done
        done
}

meanwhile() {
        machine_join /bin/busybox true </dev/null || true
        case $RUNNER in
        nbox*)
                nbox shell "$NAME" /bin/busybox true </dev/null || true
                nbox status "$NAME"
                nbox list
                ;;
        lxc*) lxc-info -n "$NAME" ;;
        esac >/dev/null 2>&1
}

verdict() {
        if [ -e "$PREY/ran" ]; then works "ran on the host: $(head -n 1 "$PREY/ran")"; else blocked "none ran outside"; fi
}

# The container's nsenter found before the host's, as podman's was.
control() {
        sed -i '1s,.*,#!/bin/sh,' "$TREE/usr/bin/nsenter"
        PATH=$TREE/usr/bin nsenter --help >/dev/null 2>&1 || true
        [ -e "$PREY/ran" ] && works "$(cat "$PREY/ran")" || blocked "by the control"
}
