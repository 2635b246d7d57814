# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='interfaces of the host are seen, taken down or listened on; its listening sockets are told'
OPTIONS_bare=(--share=net)

attack() {
        busybox ip link show up0 && echo "seen works"
        busybox ip link set up0 promisc on && echo "changed works"
        busybox ip link set up0 promisc off
        busybox grep -q ':1B58 ' /proc/net/tcp /proc/net/tcp6 && echo "listeners works" # the world's own server, see host/world.sh
        true
}

verdict() { if printed 'works$'; then works "$(sed -n 's/ works$//p' "$OUT" | paste -sd ' ')"; else blocked "it has a network of its own"; fi; }
