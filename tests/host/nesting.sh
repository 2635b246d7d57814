# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Containers in a machine with --nesting: podman's, Docker's and nbox' own. The tree (trees/nesting) has them, and in /srv/image
# what a container is made of; nbox and a tree `inner` are put into it by the job.

# inside SCRIPT: by the machine's shell, as root. as_alice SCRIPT: in her session.
inside() { timeout "$((60 * PATIENCE))" nbox exec "$GUEST" bash -ec "$1" 2>&1 </dev/null; }
as_alice() { inside "su -l alice -c $(printf '%q' "export XDG_RUNTIME_DIR=/run/user/1000; set -e; $1")"; }

up() {
        boot "$GUEST" "$@"
        inside 'systemctl is-system-running --wait' >"$SCRATCH/state" || fail "$(cat "$SCRATCH/state"; inside 'systemctl --failed')"
}

# Seen from the host: what a container serves, by the address of the machine around it.
served() { printf 'GET /hello HTTP/1.0\r\n\r\n' | timeout "$((3 * PATIENCE))" socat -t 2 - "TCP:$(address_of "$GUEST"):$1" | grep -x 'hello .*'; }
serves() { wait_until 10 served "$1" && same "what port $1 serves" "$(served "$1")" 'hello from a container'; }

test_podman_of_root() {
        up --nesting
        has "$(inside 'tar -C /srv/image -c . | podman import -q - box')" '[0-9a-f]{12}'
        same "what a container prints" "$(inside 'podman run --rm box /bin/busybox cat /hello')" 'hello from a container'
        inside 'podman run -d -p 8080:80 --name web box /bin/busybox httpd -f -p 80 -h /' >"$SCRATCH/out" || fail "$(cat "$SCRATCH/out")"
        serves 8080
        same "PID 1 of the container" "$(inside 'podman exec web /bin/busybox cat /proc/1/comm')" busybox
        same "the driver" "$(inside 'podman info --format "{{.Store.GraphDriverName}}"')" overlay
        inside 'podman rm -f -t 0 web' >/dev/null
        poweroff "$GUEST"
}

test_podman_of_a_user() {
        up --nesting
        wait_until 10 inside 'test -S /run/user/1000/bus'
        has "$(as_alice 'tar -C /srv/image -c . | podman import -q - box')" '[0-9a-f]{12}'
        same "what a container prints" "$(as_alice 'podman run --rm box /bin/busybox cat /hello')" 'hello from a container'
        # A proc of its own, and her subordinate ids.
        same "ids" "$(as_alice 'podman run --rm box /bin/busybox cat /proc/self/uid_map' | awk '{ printf "%s:%s:%s ", $1, $2, $3 }')" '0:1000:1 1:100000:65536 '
        as_alice 'podman run -d -p 8081:80 --name web box /bin/busybox httpd -f -p 80 -h /' >"$SCRATCH/out" || fail "$(cat "$SCRATCH/out")"
        serves 8081
        as_alice 'podman rm -f -t 0 web' >/dev/null
        poweroff "$GUEST"
}

test_docker() {
        up --nesting
        inside 'systemctl start docker' || fail "$(inside 'journalctl -b -u docker -u containerd --no-pager' | tail -n 20)"
        has "$(inside 'tar -C /srv/image -c . | docker import - box')" 'sha256:'
        same "what a container prints" "$(inside 'docker run --rm box /bin/busybox cat /hello')" 'hello from a container'
        inside 'docker run -d -p 8082:80 --name web box /bin/busybox httpd -f -p 80 -h /' >"$SCRATCH/out" || fail "$(cat "$SCRATCH/out")"
        serves 8082
        # The container gets out through both, and is the host's as far as the world sees.
        has "$(inside "docker exec web /bin/busybox nc -w 20 $OUTSIDE_ADDRESS $OUTSIDE_PORT </dev/null")" "$HOST_ADDRESS"
        inside 'docker rm -f web; systemctl stop docker docker.socket containerd' >/dev/null
        poweroff "$GUEST"
}

# inner_lives: the machine `inner` inside is listed, does what it is told, has its network, and ends in order.
inner_lives() {
        has "$(inside 'nbox list')" '^inner .* running'
        same "root inside" "$(inside 'nbox exec inner id -u')" 0
        same "its init" "$(inside 'nbox exec inner cat /proc/1/comm')" init
        # Three user namespaces deep, its root is nobody further out.
        has "$(inside 'nbox exec inner cat /proc/self/uid_map')" '^ *0 +[1-9][0-9]* +65536$'
        same "what it writes to a device" "$(inside 'nbox exec inner sh -c "echo x >/dev/null && head -c 3 /dev/zero | wc -c"')" 3
        has "$(inside "nbox exec inner nc -w 20 $OUTSIDE_ADDRESS $OUTSIDE_PORT </dev/null")" "$HOST_ADDRESS"
        has_not "$(inside 'nbox status inner')" Wrong:
        inside 'nbox poweroff inner'
        wait_until 10 eval '! inside "nbox list" | grep -q ^inner'
}

test_nbox_in_nbox() {
        up --nesting
        # What a machine has of its host cannot be mapped again: that is said, with what can be done.
        REFUSAL=$(inside 'nbox boot -d inner') && fail "booted: $REFUSAL"
        has "$REFUSAL" '--private-users-ownership=chown'
        inside 'nbox boot -d --private-users-ownership=chown inner' >"$SCRATCH/out" || fail "$(cat "$SCRATCH/out")"
        # Before a verb, -M is whose nbox it is: all that the same words do inside.
        same "what is listed" "$(nbox -M "$GUEST" list)" "$(inside 'nbox list')"
        same "its status" "$(nbox -M "$GUEST" exec inner sh -c 'echo "$1"; exit 7' - "it's \$(id)" || echo "status $?")" "$(printf "it's \$(id)\nstatus 7")"
        same "what is piped" "$(echo through both | nbox -M "root@$GUEST" exec inner cat)" 'through both'
        nbox -M "$GUEST" export inner "$SCRATCH/inner.tar"
        has "$(tar -tf "$SCRATCH/inner.tar")" '^(\./)?sbin/init$'
        status_is 1 nbox -M "$GUEST" status nothing 2>/dev/null
        same "who alice is" "$(nbox -M "alice@$GUEST" list)" "$(inside 'nbox list')"
        status_is 125 nbox -M "alice@$GUEST" exec inner true 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" 'alice is not root'
        inner_lives
        wait_until 5 inside 'test -z "$(ls /run/nbox/machines)"'
        refused nbox -M nothing list
        refused nbox -M "$GUEST" list --nonsense
        poweroff "$GUEST"
}

test_nbox_in_nbox_from_memory() {
        up --nesting
        inside 'mkdir /mnt/m && mount -t tmpfs tmpfs /mnt/m && cp -aT /var/lib/machines/.pristine /mnt/m/inner'
        inside 'nbox boot -d -D /mnt/m/inner' >"$SCRATCH/out" || fail "$(cat "$SCRATCH/out")"
        same "owner of /etc inside" "$(inside 'nbox exec inner stat -c %u /etc')" 0
        same "owner of /etc on its tmpfs" "$(inside 'stat -c %u /mnt/m/inner/etc')" 0
        inner_lives
        same "status of a run" "$(inside 'nbox run --network=none -D /mnt/m/inner sh -c "exit 42"' || echo $?)" 42
        # As many ids as are left: enough for a user's containers in there.
        has "$(inside 'nbox run --network=none --nesting -D /mnt/m/inner sh -c "cat /proc/self/uid_map; unshare -Urmpf mount -t proc none /proc && echo a proc"' |
                tr -s ' ' | paste -sd ' ')" ' 0 [0-9]+ 2097152 .*a proc'
        same "and with the machine's own root" "$(inside 'nbox run --private-users=identity -D /mnt/m/inner echo it runs' | tail -n 1)" 'it runs'
        poweroff "$GUEST"
}

# No service manager around the inner machine, and none around the one around it on the plain host.
test_nbox_in_a_program() {
        same "what the inner machine prints" "$(nbox run --nesting --as-pid2 --tmpfs=/mnt "$GUEST" sh -c '
                mount -t tmpfs tmpfs /mnt && cp -aT /var/lib/machines/.pristine /mnt/inner &&
                        nbox run --network=none -D /mnt/inner echo it runs' 2>/dev/null)" 'it runs'
}

# may_mount WHO: which of these may be mounted in namespaces that WHO makes.
may_mount() {
        inside "cd /; run() { if [ $1 = alice ]; then su alice -c \"\$1\"; else sh -c \"\$1\"; fi >/dev/null 2>&1 && printf '%s ' \"\$2\" || printf 'no-%s ' \"\$2\"; }
                run 'unshare $2 -mpf --mount-proc true' proc
                run 'unshare $2 -nm mount -t sysfs none /sys' sysfs
                run 'unshare $2 -m mount -t tmpfs none /mnt' tmpfs"
}

test_what_user_namespaces_may_mount() {
        up --nesting
        same "by root" "$(may_mount root '')" 'proc sysfs tmpfs '
        same "by root in a user namespace" "$(may_mount root -Ur)" 'proc sysfs tmpfs '
        same "by a user" "$(may_mount alice -Ur)" 'proc sysfs tmpfs '
        has "$(as_alice 'mkdir l u w m && touch l/x && unshare -Urm sh -c "fuse-overlayfs -o lowerdir=l,upperdir=u,workdir=w m && ls m"')" '^x$'
        poweroff "$GUEST"
}

test_without_nesting() {
        up
        same "ids" "$(inside 'cat /proc/self/uid_map' | awk '{ print $1, $3 }')" '0 65536'
        fails nbox exec "$GUEST" test -e /dev/fuse
        fails nbox exec "$GUEST" test -e /run/host/nesting
        same "by root" "$(may_mount root '')" 'proc sysfs tmpfs '
        # What a container host has mounted out of sight counts inside as well.
        [ "$HOST" != plain ] || same "by a user" "$(may_mount alice -Ur)" 'no-proc no-sysfs tmpfs '
        # What services are confined with.
        inside 'systemd-run --quiet --wait -p PrivateUsers=yes -p PrivateTmp=yes -p PrivateDevices=yes -p PrivateNetwork=yes -p ProtectProc=invisible \
                -p ProcSubset=pid -p ProtectSystem=strict -p ProtectHome=yes -p ProtectKernelTunables=yes -p ProtectControlGroups=yes \
                -p RestrictNamespaces=yes -p MemoryDenyWriteExecute=yes -p SystemCallFilter=@system-service true' || fail "a confined service"
        has "$(inside 'nbox run --network=none -D /var/lib/machines/.pristine -M fresh true')" '--nesting'
        poweroff "$GUEST"
}

# What stands by is for the kernel to find, and for nobody to use.
test_what_stands_by_is_out_of_reach() {
        local out
        up --nesting
        out=$(inside 'grep -c " /run/host/nesting/[a-z]* rw" /proc/self/mountinfo; cat /run/host/nesting/proc/version; ls /run/host/nesting; chmod 700 /run/host/nesting
                chown 0 /run/host/nesting; umount -l /run/host/nesting/proc; umount -l /run/host; mount --bind /run/host/nesting/proc /mnt
                mkdir -p /mnt/r && mount --rbind /run/host /mnt/r; ls /mnt/r/nesting/proc; cd /run/host/nesting; unshare -Urm ls /run/host/nesting' || true)
        same "how many there are" "$(head -n 1 <<<"$out")" 2
        same "what does not end in a refusal" "$(sed 1d <<<"$out" | grep -Ev 'ermission denied|not permitted|ead-only|not mounted|devices are not permitted')" ''
        poweroff "$GUEST"
        # Of the host root's id are the sysctls.
        refused nbox run --nesting --private-users=identity "$GUEST" true
        refused nbox run --nesting --private-users=0:131072 "$GUEST" true
}
