# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Who runs the tree $TREE as the machine $NAME, so that the same attack meets each of them: nbox with its defaults, nbox_users
# (--private-users=no), nspawn and nspawn_users (-U) with their defaults, lxc and lxc_users (an id map) with Debian's configuration; and for
# controls `bare`, namespaces and a new root without any other defence, and `chroot`, which is what it says.

machine_start() {
        local options="OPTIONS_${RUNNER%%_users}[@]"
        rm -f "$TREE/escape/status"
        if ! "start_$RUNNER" "${!options}" >"$SCRATCH/said" 2>&1 </dev/null || ! machine_waits_for "$TREE/escape/status"; then
                if [ -n "$(machine_leader)" ]; then echo "stuck: the attack has not ended" >"$VERDICT"; else refusal; fi
                machine_stop
                return 1
        fi
        cp "$OUT" "$SCRATCH/printed"
        [ "$(cat "$TREE/escape/status")" != 127 ] || fail "the attack could not be run: $(cat "$OUT")"
}

refusal() {
        blocked "refused: $(grep -vE '^$|systemd is not running here' "$SCRATCH/said" | head -n 2 | tr -d '\r' | paste -sd ' ' | cut -c 1-200)"
}

# Some time; sooner where whoever runs it has ended.
machine_waits_for() {
        local end=$((SECONDS + 10 * PATIENCE))
        until [ -e "$1" ]; do
                [ "$SECONDS" -lt "$end" ] || return 1
                [ -z "${RUNNING-}" ] || kill -0 "$RUNNING" 2>/dev/null || return 1
                sleep 0.02
        done
}

# The init's pid as the host sees it: the first process of a pid namespace below ours.
# A process may end while they are looked through.
machine_leader() { { grep -hs '^NSpid:' /proc/[0-9]*/status || true; } | awk 'NF == 3 && $3 == 1 && !found++ { print $2 }'; }

machine_killed() {
        local leader
        leader=$(machine_leader)
        [ -n "$leader" ] || return 0
        kill -9 "$leader" || true
        return 1
}

# machine_join COMMAND...: as root, by the runner's own way in.
machine_join() {
        case $RUNNER in
        nbox*) timeout "$((20 * PATIENCE))" nbox exec "$NAME" "$@" ;;
        # systemd-nspawn has none for a guest without systemd and D-Bus.
        nspawn* | bare | chroot) timeout "$((20 * PATIENCE))" nsenter -t "$(machine_leader)" -a "$@" ;;
        lxc*) timeout "$((20 * PATIENCE))" lxc-attach -n "$NAME" -- "$@" ;;
        esac
}

machine_stop() {
        case $RUNNER in
        nbox*) is_gone "$NAME" || { timeout "$((20 * PATIENCE))" nbox terminate "$NAME" && wait_until 5 is_gone "$NAME"; } ;;
        lxc*)
                lxc-stop -k -n "$NAME" 2>/dev/null || true
                rm -rf "/var/lib/lxc/$NAME"
                ;;
        *)
                [ -z "${RUNNING-}" ] || kill -9 -- "$RUNNING" "-$RUNNING" 2>/dev/null || true
                wait "${RUNNING-}" 2>/dev/null || true
                # systemd-nspawn's init outlives it.
                wait_until 5 machine_killed
                ;;
        esac
        RUNNING=''
}

start_nbox() { boot "$NAME" "$@"; }
start_nbox_users() { boot "$NAME" --private-users=no "$@"; }

# As root would type it; the rest is what a host without systemd and a test without a terminal need.
start_nspawn() {
        SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn -q --register=no --keep-unit --console="${NSPAWN_CONSOLE:-pipe}" \
                -M "$NAME" -D "$TREE" "$@" -b &
        RUNNING=$!
}
start_nspawn_users() { start_nspawn -U "$@"; }

# Debian's common configuration, which every template includes; without lxc-net.service there is no bridge for its network.
lxc_configure() {
        mkdir -p "/var/lib/lxc/$NAME" /run/lxc
        printf '%s\n' "lxc.include = /usr/share/lxc/config/common.conf" "lxc.net.0.type = empty" "lxc.uts.name = $NAME" \
                "lxc.rootfs.path = dir:$TREE" "lxc.init.cmd = /sbin/init" "$@" >"/var/lib/lxc/$NAME/config"
}
lxc_start() { timeout "$((20 * PATIENCE))" lxc-start -n "$NAME" -d -l ERROR -o "$SCRATCH/lxc.log" || { cat "$SCRATCH/lxc.log"; return 1; }; }
start_lxc() { lxc_configure "$@" && lxc_start; }
start_lxc_users() {
        lxc_configure "lxc.include = /usr/share/lxc/config/userns.conf" "lxc.idmap = u 0 700000 65536" "lxc.idmap = g 0 700000 65536" \
                "lxc.rootfs.options = idmap=container" "$@" && lxc_start
}

# Namespaces, a root of its own with a /dev, /proc and /sys of its own, and nothing held back. OPTIONS_bare: --share=NAMESPACE (of net, pid,
# ipc, uts) is the host's, --propagate leaves mounts shared; others are of the script's.
start_bare() {
        local option namespaces=' mount pid uts ipc net ' flags=()
        for option in "$@"; do
                case $option in
                --share=*) namespaces=${namespaces/ ${option#*=} / } ;;
                --propagate)
                        mount --bind "$TREE" "$TREE"
                        mount --make-shared "$TREE"
                        flags+=(--propagation unchanged)
                        ;;
                esac
        done
        for option in $namespaces; do flags+=("--$option"); done
        [ "$namespaces" = "${namespaces/ pid / }" ] || flags+=(--fork --kill-child)
        setsid unshare "${flags[@]}" "$ESCAPE/bare" "$TREE" "$@" &
        RUNNING=$!
}
start_chroot() {
        mkdir -p "$TREE/dev"
        mknod -m 666 "$TREE/dev/null" c 1 3
        setsid unshare --pid --fork --kill-child chroot "$TREE" /sbin/init &
        RUNNING=$!
}
