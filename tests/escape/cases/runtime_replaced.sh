# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='while it runs, a machine covers its /etc, /run, /proc and /dev with pipes and links: who asks about it from the host waits or is led out'
RIVALS=lxc

setup() { secret >/dev/null; }

attack() {
        for directory in /etc /run /dev /home /usr/lib; do busybox mount -t tmpfs tmpfs "$directory"; done
        for file in /etc/os-release /etc/passwd /etc/group /etc/hostname /etc/machine-id /usr/lib/os-release /run/utmp /dev/console /dev/tty1 /dev/ptmx; do
                busybox mkfifo "$file"
        done
        busybox ln -s /proc/1/root/srv/escape /run/host
        busybox ln -s /srv/escape /dev/pts
        busybox mount -t tmpfs tmpfs /proc
        busybox ln -s /srv/escape /proc/1
        busybox ln -s /srv/escape /proc/self
}

meanwhile() {
        local rc verb
        case $RUNNER in
        nbox*)
                for verb in "status $NAME" list images "show $NAME" "exec $NAME /bin/busybox true" "shell $NAME /bin/busybox true" "login $NAME" "poweroff $NAME"; do
                        rc=0
                        # shellcheck disable=SC2086
                        timeout -k 1 "$((8 * PATIENCE))" nbox $verb >>"$PREY/said" 2>&1 </dev/null || rc=$?
                        [ "$rc" -lt 124 ] || [ "$rc" -gt 127 ] && [ "$rc" != 137 ] || [ "$rc" = 125 ] || echo "${verb%% *}: $rc" >>"$PREY/slow"
                done
                ;;
        lxc*) timeout 30 lxc-attach -n "$NAME" -- /bin/busybox true >"$PREY/said" 2>&1 || [ $? != 124 ] || echo attach >>"$PREY/slow" ;;
        esac
}

verdict() {
        if [ -e "$PREY/slow" ]; then
                works "it makes wait: $(paste -sd ' ' "$PREY/slow")"
        elif grep -qF "$(secret)" "$PREY/said"; then
                works "a file of the host's was shown"
        else
                blocked "all answer"
        fi
}

control() {
        mkfifo "$PREY/fifo"
        timeout 1 cat "$PREY/fifo" || echo "cat: $?" >"$PREY/slow"
        verdict
}
