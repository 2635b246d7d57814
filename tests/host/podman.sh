# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What users do with podman, with crun and with nbox (see podman-words.sh): single containers. A script's commands run on a host as podman-host
# makes it.

. "$HOST_TOOLS/podman-words.sh"

test_programs() {
        compare programs
}
programs() {
        b -- echo hello
        p run --name whose "$BOX" true
        runtime_is_ours whose
        p rm whose
        b -- sh -c 'exit 42'
        b -- sh -c 'kill -9 $$'
        b -- nothing-of-the-kind
        b -- /etc/passwd
        b -- /etc
        b --entrypoint /bin/echo -- entered
        IN='through a pipe' b -i -- cat
        IN='not attached' b -- cat
        b -e A=b -e 'EMPTY=' -e 'TWO=a b' -- sh -c 'env | sort'
        b -w /var -- pwd
        b -w /var/new/one -- pwd
        b -u 1000:5 -- id
        b -u alice -- id
        b -u nobody-known -- id
        b --group-add 5 --group-add 77 -- id
        b --umask 0077 -- sh -c 'umask; touch /tmp/x; stat -c %a /tmp/x'
        b --hostname of-mine -- sh -c 'hostname; cat /etc/hostname'
        b --init -- ps -o pid,args
        b -- ps -o pid,args
        b --oom-score-adj 500 -- cat /proc/self/oom_score_adj
        b --ulimit nofile=64:128 --ulimit core=0 -- sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c'
        b -- sh -c 'cat /proc/self/limits'
        b --env-host -e TERM=dumb -- sh -c 'echo $TERM'
        b -- sh -c 'ls /proc/self/fd | wc -l; cat /proc/1/environ | tr "\0" "\n" | sort'
        b --preserve-fds 2 -- sh -c 'ls /proc/self/fd' 3</dev/null 4</dev/null
        b -- sh -c 'echo out; echo err >&2'
        b --annotation one=two -- true
        b --timeout 1 -- sleep 60
}

test_terminals() {
        compare terminals
}
terminals() {
        typed $'tty; stty size\nls -l /proc/self/fd/0 | grep -c /dev/pts/0\nexit 5' run -it --rm "$BOX" sh
        typed $'test -t 1 && echo a terminal; ls -l /dev/console | cut -c 1-10\nkill -9 $$' run -it --rm "$BOX" sh
        p run --rm -t "$BOX" sh -c 'test -t 1 && tty'
        p run -d --name t -it "$BOX" sh
        typed $'tty; id -un; echo $0\nexit 3' exec -it t sh
        typed $'id -u; pwd; echo $A\nexit' exec -it -u 1000 -w /var -e A=b t sh
        p exec -t t sh -c 'stty size; exit 4'
        p rm -f -t 0 t
}

test_privileges() {
        compare privileges
}
privileges() {
        b -- sh -c "$STATUS"
        b --cap-add SYS_TIME --cap-add NET_ADMIN -- sh -c "$STATUS"
        b --cap-drop all -- sh -c "$STATUS"
        b --cap-drop all --cap-add chown -u 1000 -- sh -c "$STATUS"
        b --cap-add nonsense -- true
        b -u 1000 -- sh -c "$STATUS"
        b --privileged -- sh -c "$STATUS; ls /dev | wc -l | grep -c ..; cat /sys/kernel/mm/transparent_hugepage/enabled >/dev/null"
        b --security-opt no-new-privileges -- sh -c "$STATUS"
        b --security-opt seccomp=unconfined -- sh -c "$STATUS"
        echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":28},
                {"names":["sethostname"],"action":"SCMP_ACT_KILL"},{"names":["no_such_call"],"action":"SCMP_ACT_ERRNO"},
                {"names":["personality"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":8,"op":"SCMP_CMP_EQ"}]}]}' >"$SCRATCH/filter.json"
        b --security-opt seccomp="$SCRATCH/filter.json" -- sh -c 'mkdir /x; hostname x; echo $?; grep Seccomp: /proc/self/status'
        b --security-opt mask=/etc/passwd -- cat /etc/passwd
        b --security-opt unmask=ALL -- sh -c 'wc -c </proc/keys | grep -c .; grep -c /proc/ /proc/self/mounts'
        b -- sh -c 'cat /proc/keys | wc -c; ls /proc/acpi /sys/firmware | wc -l; echo 1 >/proc/sys/kernel/panic; echo b >/proc/sysrq-trigger; mount -t tmpfs x /tmp; echo $?'
        b --security-opt label=disable -- true
        b --security-opt nonsense=1 -- true
        b --read-only -- sh -c 'touch /x; touch /etc/x; touch /tmp/x && touch /run/x && echo written'
        b --read-only --read-only-tmpfs=false -- sh -c 'touch /tmp/x'
        b -- sh -c 'touch /proc/sys/kernel/x /sys/x; mknod /dev/x b 7 0; dd if=/dev/x of=/dev/null count=1; echo $?'
        b --cap-add SYS_ADMIN -- sh -c 'mount -t tmpfs x /tmp && grep -c " /tmp " /proc/self/mounts'
}


test_mounts() {
        compare mounts
}
mounts() {
        mkdir -p "$SCRATCH/dir/below"
        echo from outside >"$SCRATCH/dir/file"
        # podman's own binds come in no order.
        b -- sh -c "$MOUNTS | sort"
        b -v "$SCRATCH/dir:/d" -- sh -c "cat /d/file; echo in >/d/new; $MOUNTS | grep ' /d '"
        b -v "$SCRATCH/dir:/d:ro" -- sh -c "touch /d/x; $MOUNTS | grep ' /d '"
        b -v "$SCRATCH/dir:/d:rslave,nosuid,nodev,noexec" -- sh -c "$MOUNTS | grep ' /d '"
        b -v "$SCRATCH/dir:/d:rshared" -- sh -c "$MOUNTS | grep ' /d '"
        b -v "$SCRATCH/dir/file:/etc/motd:ro" -- sh -c 'cat /etc/motd; echo x >/etc/motd'
        b -v "$SCRATCH/nowhere:/d" -- true
        b -v "$SCRATCH/dir:/deep/er/place" -- ls /deep/er/place
        b --mount "type=bind,src=$SCRATCH/dir,dst=/d,ro=true,bind-nonrecursive" -- sh -c "$MOUNTS | grep ' /d '"
        b --tmpfs /t:size=1m,mode=0700 -- sh -c "stat -c %a /t; $MOUNTS | grep ' /t '; dd if=/dev/zero of=/t/x bs=2M count=1 2>&1 | grep -o 'No space'"
        b --tmpfs /etc -- ls /etc
        b --mount type=tmpfs,dst=/t,tmpfs-size=2m,notmpcopyup -- sh -c "$MOUNTS | grep ' /t '"
        b --mount type=devpts,dst=/p -- sh -c "ls /p; $MOUNTS | grep ' /p '"
        b --shm-size 3m -- sh -c "df /dev/shm | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2"
        p volume create v
        b -v v:/etc -- sh -c 'echo >>/etc/kept; ls /etc'
        b -v v:/w:ro -- ls /w
        p volume rm v
        mkdir -p "$SCRATCH/links"
        p run --name l -v "$SCRATCH/dir:/var/run/d" "$BOX" ls /var/run/d
        p rm l
        mount -t tmpfs tmpfs "$SCRATCH/dir/below" && touch "$SCRATCH/dir/below/there"
        b -v "$SCRATCH/dir:/d" -- sh -c "ls /d/below; $MOUNTS | grep ' /d/below '"
        b -v "$SCRATCH/dir:/d:ro" -- sh -c 'touch /d/below/x; ls /d/below'
        umount "$SCRATCH/dir/below"
        b --rootfs "$MACHINES/$BOX" -- true
        p run --rm --rootfs "$MACHINES/.busybox" /bin/echo 'a tree of its own'
        rm -rf "$SCRATCH/dir" "$SCRATCH/links"
}

test_devices() {
        compare devices
}
devices() {
        b -- sh -c 'cd /dev; stat -c "%A %u %g %t:%T %n" *'
        b --device /dev/loop-control -- ls -l /dev/loop-control
        b --device /dev/zero:/dev/nought:r -- sh -c 'head -c 3 /dev/nought | wc -c; echo x >/dev/nought; ls -l /dev/nought | cut -c 1-10'
        b --device /dev/nothing-of-the-kind -- true
        b --device-cgroup-rule 'c 10:237 rw' --cap-add MKNOD -- sh -c 'mknod /dev/l c 10 237 && : </dev/l && echo opened'
        b --cap-add MKNOD -- sh -c 'mknod /dev/l c 10 237 && : </dev/l && echo opened'
        b -- sh -c 'echo x >/dev/null && echo x >/dev/full; head -c 5 /dev/urandom | wc -c; for l in fd stdin stdout stderr core ptmx; do readlink /dev/$l; done'
        b --privileged -- sh -c 'test -c /dev/loop-control && echo there'
}

NAMESPACES='for n in ipc mnt net pid uts user cgroup; do test "$(readlink /proc/self/ns/$n)" = "$(eval echo \$$n)" && echo "$n is the host" || echo "$n is its own"; done'
test_namespaces() {
        compare namespaces
}
namespaces() {
        local n own=()
        for n in ipc mnt net pid uts user cgroup; do own+=(-e "$n=$(readlink "/proc/self/ns/$n")"); done
        b "${own[@]}" -- sh -c "$NAMESPACES"
        b "${own[@]}" --ipc host --pid host --uts host --network host --cgroupns host -- sh -c "$NAMESPACES"
        b "${own[@]}" --uidmap 0:100000:65536 -- sh -c "$NAMESPACES; cat /proc/self/uid_map /proc/self/gid_map; stat -c '%u %g' / /etc/passwd /proc /sys /dev/null"
        b --uidmap 0:100000:1000 --gidmap 0:200000:2000 -u 7:8 -- sh -c 'id; cat /proc/self/uid_map /proc/self/gid_map'
        b --userns host -- cat /proc/self/uid_map
        # Nodes of its own, where crun binds the host's.
        b --uidmap 0:100000:65536 -- sh -c "$MOUNTS | grep -vE ' /dev/(null|zero|full|tty|u?random) ' | sort"
        b --uidmap 0:100000:65536 --device /dev/loop-control --tmpfs /t -- sh -c 'ls -ln /dev/loop-control | tr -s " " | cut -d " " -f 3-6; stat -c %u /t; touch /t/x && stat -c %u /t/x'
        b --ipc none -- ls /dev/shm
        b --sysctl kernel.msgmax=4096 --sysctl kernel.shm_rmid_forced=1 -- cat /proc/sys/kernel/msgmax /proc/sys/kernel/shm_rmid_forced
        b --sysctl net.ipv4.ip_forward=1 -- cat /proc/sys/net/ipv4/ip_forward
        b --sysctl kernel.panic=1 -- true
        b --network none -- ls /sys/class/net
        b --network host -- ls /sys/class/net
        ip netns add podman-test
        b --network ns:/run/netns/podman-test -- sh -c 'readlink /proc/self/ns/net | grep -c net'
        ip netns delete podman-test
        b --network ns:/run/netns/nothing -- true
        p run -d --name first --hostname of-first "$BOX" sleep 600
        b --ipc container:first --pid container:first --uts container:first --network container:first -- sh -c 'hostname; ps -o args | head -n 2 | tail -n 1'
        b --cgroupns private -- cat /proc/self/cgroup
        p rm -f -t 0 first
}

# On this host no limit can be had: what needs one is refused.
test_limits() {
        compare limits
}
limits() {
        b -- true
        refuses run --rm --pids-limit 20 "$BOX" true
        refuses run --rm --memory 64m "$BOX" true
        refuses run --rm --cpus 0.5 "$BOX" true
        refuses run --rm --cpu-shares 512 "$BOX" true
        refuses run --rm --cpuset-cpus 0 "$BOX" true
        refuses run --rm --blkio-weight 100 "$BOX" true
        refuses run --rm --memory-swappiness 50 "$BOX" true
        refuses run --rm --cgroup-conf pids.max=10 "$BOX" true
        b --cgroups disabled -- cat /proc/self/cgroup
        b --cgroup-parent /of-mine -- true
}

test_within() {
        compare within
}
within() {
        p run -d --name c "$BOX" sh -c 'echo $$ >/pid; sleep 600'
        p exec c sh -c 'echo out; echo err >&2; exit 7'
        p exec c nothing-of-the-kind
        p exec c /etc/passwd
        IN='through a pipe' p exec -i c cat
        p exec -e A=b -w /var -u 1000:5 c sh -c 'echo $A; pwd; id'
        p exec -w /nowhere c pwd
        p exec -u nobody-known c id
        p exec c sh -c "$STATUS"
        p exec --privileged c sh -c "$STATUS"
        p exec -u 1000 c sh -c "$STATUS"
        p exec c sh -c 'cat /proc/self/cgroup; test "$(readlink /proc/1/ns/pid)" = "$(readlink /proc/self/ns/pid)"; echo $?; ps -o args'
        p exec c sh -c 'kill -9 $$'
        p exec c sh -c 'ls /proc/self/fd | wc -l; ulimit -n; cat /proc/self/oom_score_adj'
        q exec -d c sh -c 'touch /done; sleep 300'
        wait_until 5 podman exec c test -e /done
        p exec c ps -o args
        p exec --preserve-fds 1 c sh -c 'ls /proc/self/fd' 3</dev/null
        echo 'a file' >"$SCRATCH/file"
        p cp "$SCRATCH/file" c:/var/file
        p exec c cat /var/file
        p cp c:/var/file "$SCRATCH/back"
        cat "$SCRATCH/back"
        p cp c:/nowhere "$SCRATCH/back"
        p cp "$SCRATCH/file" c:/new/place
        p exec c sh -c 'echo changed >/etc/motd; rm /etc/group'
        p diff c
        p export -o "$SCRATCH/c.tar" c
        tar -tf "$SCRATCH/c.tar" | grep -cE '^etc/(motd|group)$'
        q commit c kept
        p run --rm kept cat /etc/motd
        q rmi kept
        p port c
        p mount c
        p container exists c
        p inspect --format '{{.EffectiveCaps}} {{.HostConfig.NetworkMode}} {{.Config.Cmd}}' c
        p rm -f -t 0 c
        rm -f "$SCRATCH"/{file,back,c.tar}
}

# A network of podman's own, between containers.
test_networks() {
        compare networks
        nft flush ruleset # the plugins leave theirs
}
networks() {
        q network create --subnet 10.99.7.0/24 test-net
        p run -d --name server --network test-net --ip 10.99.7.7 "$BOX" sh -c 'echo served >/tmp/index.html; httpd -f -p 80 -h /tmp'
        p run --rm --network test-net "$BOX" sh -c 'wget -q -O - http://10.99.7.7/; ls /sys/class/net'
        p inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.Gateway}}{{end}}' server
        p rm -f -t 0 server
        q network rm test-net
}

# As the manual page has it: settings for the engine, and nothing on podman's command line.
test_documented() {
        mkdir -p /etc/containers/containers.conf.d
        sed -E '/^(runtime|crun |nbox |\[engine.runtimes)/d' "$CONTAINERS_CONF" >/etc/containers/containers.conf
        MANWIDTH=200 man -P cat -l /usr/share/man/man1/nbox-oci.1 | sed 's/‐/-/g; s/−/-/g' | sed -n '/^ *\[engine\]$/,/^ *nbox = /p' >/etc/containers/containers.conf.d/nbox.conf
        [ "$(wc -l </etc/containers/containers.conf.d/nbox.conf)" = 6 ] || fail "the page has: $(cat /etc/containers/containers.conf.d/nbox.conf)"
        unset CONTAINERS_CONF
        command podman run -d --name documented "$BOX" sleep 600 >/dev/null
        same "the runtime" "$(command podman inspect --format '{{.OCIRuntime}}' documented)" nbox
        same "what it runs" "$(command podman exec documented cat /proc/1/comm)" sleep
        has "$(nbox-oci list -q)" '^[0-9a-f]{64}$'
        command podman rm -f -t 0 documented >/dev/null
        same "what is left" "$(nbox-oci list -q)" ''
        wait_until 5 store_is_free
        rm -r /etc/containers/containers.conf.d/nbox.conf
}
