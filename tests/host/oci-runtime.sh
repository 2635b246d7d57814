# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The runtime's own command line, as engines use it, with bundles that are written here: what crun does stands beside it where the specification
# says what it is to be. On a host as podman-host makes it.

. "$HOST_TOOLS/podman-words.sh"

BUNDLE=$POD/bundle
ROOT=$POD/root

# The configuration of a small container; a filter of jq's changes it. Its tree is the test host's busybox.
bundle() {
        mkdir -p "$BUNDLE"
        [ -e "$BUNDLE/rootfs" ] || cp -a "$MACHINES/.busybox" "$BUNDLE/rootfs"
        jq "${1:-.}" >"$BUNDLE/config.json" <<'JSON'
{ "ociVersion": "1.0.2", "root": { "path": "rootfs" }, "hostname": "small",
  "process": { "user": { "uid": 0, "gid": 0 }, "args": ["sh", "-c", "echo it runs"], "env": ["PATH=/usr/bin:/bin"], "cwd": "/" },
  "mounts": [ { "destination": "/proc", "type": "proc", "source": "proc" },
              { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
              { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
              { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] } ],
  "linux": { "namespaces": [ { "type": "pid" }, { "type": "mount" }, { "type": "ipc" }, { "type": "uts" }, { "type": "network" }, { "type": "cgroup" } ],
             "cgroupsPath": "/oci-test/one" } }
JSON
}

runtime() { "$(sed -n "s/^$RUNTIME = \[\"\(.*\)\"\]/\1/p" "$CONTAINERS_CONF")" --root "$ROOT/$RUNTIME" "$@"; }

# r ARGUMENT...: what it prints, and its status; of an error that there is one.
r() {
        local rc=0
        printf '%s\n' "\$ $*"
        (cd "$BUNDLE" && runtime "$@") >"$SCRATCH/r.out" 2>"$SCRATCH/r.err" </dev/null || rc=$?
        normal <"$SCRATCH/r.out"
        [ ! -s "$SCRATCH/r.err" ] || echo "! it says why"
        [ "$rc" = 0 ] && echo "= 0" || echo "= failed"
}

# c FILTER: a container of that configuration, from its beginning to its end; what it prints, and its status.
c() {
        local rc=0
        printf '%s\n' "\$ run $1"
        bundle "$1"
        (cd "$BUNDLE" && runtime run one) >"$SCRATCH/r.out" 2>"$SCRATCH/r.err" </dev/null || rc=$?
        normal <"$SCRATCH/r.out"
        echo "= $rc"
}
# inside COMMAND [FILTER]: the same with a command of the shell's.
inside() { c "${2:-.} | .process.args[2] = $(jq -Rs . <<<"$1")"; }

state() { runtime state one | jq -cS '{ociVersion: (.ociVersion | test("^1\\.")), id, status, running: (.pid > 0), bundle: (.bundle != null), annotations}'; }
has_state() { [ "$(runtime state one | jq -r .status)" = "$1" ]; }

clear_runtime() {
        runtime delete -f one
        runtime delete -f two
        rm -rf "$BUNDLE/rootfs/out" "$SCRATCH"/hook*
} >/dev/null 2>&1

# both SCRIPT: as compare(), with the runtimes themselves.
both() {
        local n=0
        rm -rf "$ROOT" "$BUNDLE"
        for RUNTIME in $RUNTIMES; do
                n=$((n + 1))
                mkdir -p "$ROOT/$RUNTIME"
                bundle
                (trap - ERR && set +eE && "$1" && clear_runtime && echo "left: $(ls "$ROOT/$RUNTIME")") >"$SCRATCH/said.$n" 2>&1 ||
                        fail "with $RUNTIME: $(tail -n 100 "$SCRATCH/said.$n")"
                clear_runtime || true
        done
        rm -rf "$ROOT" "$BUNDLE"
        [ -z "${SHOW-}" ] || cat "$SCRATCH/said.1" >>/job/said
        diff -U4 --label "${RUNTIMES% *}" --label "${RUNTIMES#* }" "$SCRATCH/said.1" "$SCRATCH/said.2" || fail "the two differ"
}

test_life() {
        both life
}
life() {
        bundle '.process.args = ["sleep", "600"] | .annotations = {"a.b": "c"}'
        r state one
        r start one
        r kill one
        r delete one
        r create --pid-file "$SCRATCH/pid" one
        state
        [ "$(cat "$SCRATCH/pid")" = "$(runtime state one | jq .pid)" ] && echo "its pid"
        [ "$(sed -n 's/^NSpid:.*\t//p' "/proc/$(cat "$SCRATCH/pid")/status")" = 1 ] && echo "is the first inside"
        r create one
        r start one
        state
        r start one
        r list -q
        r delete one
        r pause one
        state
        r resume one
        state
        r exec one sh -c 'echo within; hostname'
        r exec one nothing-of-the-kind
        r kill one 0
        r kill one KILL
        wait_until 5 has_state stopped
        state
        r kill one
        r exec one true
        r delete one
        r state one
        r delete one
        r delete -f one
        r create one
        r delete -f one
        r state one
        bundle '.process.args = ["sleep", "600"]'
        r create two
        r start two
        r delete -f two
        r create ..
        r create a/b
        r create ''
        r nothing-of-the-kind one
        r create --nothing one
        r create --bundle "$SCRATCH" one
        echo '{' >"$BUNDLE/config.json"
        r create one
        r list -q
}

test_programs_of_bundles() {
        both programs_of_bundles
}
programs_of_bundles() {
        inside 'echo out; exit 7'
        inside 'kill -9 $$'
        c '.process.args = ["nothing-of-the-kind"]' | head -n 1
        inside 'pwd; env | sort' '.process.cwd = "/var" | .process.env += ["A=b"]'
        inside 'id; umask' '.process.user = {"uid": 1000, "gid": 5, "additionalGids": [7, 8], "umask": 63}'
        inside 'hostname; cat /proc/sys/kernel/domainname' '.domainname = "of.mine"'
        inside 'touch /x; echo $?' '.root.readonly = true'
        inside 'ulimit -Sn; ulimit -Hn' '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 64, "hard": 128}]'
        inside 'cat /proc/self/oom_score_adj' '.process.oomScoreAdj = 300'
        inside "$STATUS" '.process.noNewPrivileges = true'
        inside "$STATUS" '.process.capabilities = {"bounding": ["CAP_CHOWN", "CAP_KILL"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"]}'
        inside "$STATUS" '.process.capabilities = {"bounding": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"], "inheritable": ["CAP_CHOWN"],
                "ambient": ["CAP_CHOWN"]} | .process.user.uid = 1000'
        inside "$STATUS" '.process.capabilities = {"bounding": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"]}'
        inside 'cat /proc/1/maps >/dev/null; cat /proc/keys | wc -c; echo x >/proc/sys/kernel/panic; echo $?' '.linux.maskedPaths = ["/proc/keys", "/proc/nothing", "/etc"] |
                .linux.readonlyPaths = ["/proc/sys", "/nothing"]'
        inside 'cat /proc/sys/kernel/msgmax' '.linux.sysctl = {"kernel.msgmax": "4096"}'
        inside 'ls -l /dev/mine | cut -c 1-10; stat -c "%u %g %t:%T" /dev/mine' '.linux.devices = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 5, "fileMode": 416, "uid": 7, "gid": 8}]'
        inside 'mkdir /x; echo $?' '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{"names": ["mkdir"],
                "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}'
        inside 'cat /proc/self/uid_map /proc/self/gid_map' '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 1000}] |
                .linux.gidMappings = [{"containerID": 0, "hostID": 200000, "size": 2000}] | .root.path = "/var/lib/machines/.busybox"' | tail -n 1
}

MINE='.mounts += [{"destination": "/tmp/m", "type": "bind", "source": "/etc", "options": ["rbind"'
test_mounts_of_bundles() {
        both mounts_of_bundles
}
mounts_of_bundles() {
        local o
        for o in ro nosuid nodev noexec noatime nodiratime relatime strictatime rro rnosuid rnodev rnoexec private rprivate slave rslave; do
                inside "$MOUNTS | grep ' /tmp/m '" "$MINE, \"$o\"]}]"
        done
        inside "$MOUNTS | grep ' /m '; stat -c %a /m; ls /m" '.mounts += [{"destination": "/m", "type": "tmpfs", "source": "x", "options": ["mode=0711", "size=1m", "nosuid"]}]'
        inside 'ls /etc' '.mounts += [{"destination": "/etc", "type": "tmpfs", "source": "x", "options": ["tmpcopyup"]}]'
        inside 'true' '.mounts += [{"destination": "/m", "type": "nothing", "source": "x"}]'
        inside 'true' '.mounts += [{"destination": "/m", "type": "bind", "source": "/nothing-of-the-kind", "options": ["bind"]}]'
        inside "$MOUNTS | head -n 1" '.linux.rootfsPropagation = "rshared"'
        inside "$MOUNTS | head -n 1" '.linux.rootfsPropagation = "rslave"'
}

# Hooks in their order, each with the container's state on its standard input.
test_hooks() {
        both hooks
}
hooks() {
        local kind all='{}'
        for kind in prestart createRuntime createContainer startContainer poststart poststop; do
                printf '#!/bin/sh\ncat >%s\nprintf "%s %%s %%s\\n" "$1" "$WORD" >>%s\nexit ${FAIL:-0}\n' "$SCRATCH/hook.$kind" "$kind" "$SCRATCH/hooks" >"$SCRATCH/hook-$kind"
                chmod 755 "$SCRATCH/hook-$kind"
                all=$(jq --arg k "$kind" --arg p "$SCRATCH/hook-$kind" '.[$k] = [{"path": $p, "args": ["it", "first"], "env": ["WORD=one", "PATH=/bin:/usr/bin"]}]' <<<"$all")
        done
        # startContainer's is run inside.
        all=$(jq '.startContainer[0].path = "/bin/sh" | .startContainer[0].args = ["sh", "-c", "cat >/started; echo startContainer >>/started"]' <<<"$all")
        bundle ".hooks = $all | .process.args = [\"sleep\", \"600\"]"
        r create one
        cat "$SCRATCH/hooks"
        r start one
        sleep 0.3
        cat "$SCRATCH/hooks"
        sed 's/.*startContainer/startContainer/' "$BUNDLE/rootfs/started" | tail -n 1
        r kill one KILL
        wait_until 5 has_state stopped
        r delete one
        cat "$SCRATCH/hooks"
        for kind in prestart createRuntime poststart poststop; do jq -c --arg k "$kind" '[$k, .id, (.status | sub("created"; "creating")), (.pid > 0), (.bundle != null)]' "$SCRATCH/hook.$kind"; done
        rm -f "$SCRATCH/hooks" "$BUNDLE/rootfs/started"
        for kind in prestart createRuntime createContainer startContainer poststart; do
                c ".hooks.$kind = [{\"path\": \"/bin/false\"}]" | sed 's/^= [1-9].*/= failed/'
                r state one
                r delete -f one
        done
}

# In a terminal of its own: the one that is sent to a socket.
test_terminal() {
        both terminal
}
terminal() {
        local socket=$SCRATCH/console
        bundle '.process.terminal = true | .process.consoleSize = {"height": 20, "width": 60} | .process.args = ["sh", "-c", "tty; stty size; test -t 2 && echo a terminal"]'
        python3 - "$socket" >"$SCRATCH/shown" <<'PYTHON' &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
c = s.accept()[0]
data, control, _, _ = c.recvmsg(4096, socket.CMSG_LEN(4))
fd = array.array("i", control[0][2])[0]
text = b""
while True:
    try:
        more = os.read(fd, 4096)
    except OSError:
        break
    if not more:
        break
    text += more
print(text.decode().replace("\r", ""), end="")
PYTHON
        wait_until 5 test -S "$socket"
        r create --console-socket "$socket" one
        r start one
        wait
        cat "$SCRATCH/shown"
        rm -f "$socket"
        wait_until 5 has_state stopped
        r delete one
        r create one # a terminal, and no socket for it
}

test_descriptors() {
        both descriptors
}
descriptors() {
        bundle '.process.args = ["sh", "-c", "ls /proc/self/fd | sort -n | head -n 5; cat <&3"]'
        (cd "$BUNDLE" && runtime run --preserve-fds 1 one 3<<<"handed on")
        (cd "$BUNDLE" && runtime run one 3<<<"not handed on" 2>&1 | grep -v '^sh:')
        bundle '.process.args = ["sleep", "600"]'
        r create one
        r start one
        echo '{"args": ["sh", "-c", "echo by a file; pwd; id -u; echo $A"], "cwd": "/var", "env": ["A=b", "PATH=/bin"], "user": {"uid": 1000, "gid": 5}}' >"$SCRATCH/process.json"
        r exec --process "$SCRATCH/process.json" one
        r exec -d --pid-file "$SCRATCH/pid" one sleep 601
        grep -c sleep "/proc/$(cat "$SCRATCH/pid")/comm"
        runtime ps -f json one | jq length
        r exec --cap CAP_SYS_TIME one sh -c "$STATUS"
        r kill -a one KILL
        wait_until 5 has_state stopped
        r delete one
}

# What crun 1.8 has not, or answers otherwise.
test_of_nbox_alone() {
        local features
        RUNTIME=nbox
        bundle '.process.args = ["sleep", "600"]'
        features=$(runtime features)
        same "ociVersionMax" "$(jq -r .ociVersionMax <<<"$features" | cut -c 1-3)" 1.2
        same "cgroups" "$(jq -c '[.linux.cgroup.v1, .linux.cgroup.v2, .linux.cgroup.systemd]' <<<"$features")" '[false,true,true]'
        same "hooks" "$(jq -c '.hooks | sort' <<<"$features")" '["createContainer","createRuntime","poststart","poststop","prestart","startContainer"]'
        jq -e '.mountOptions | index("rro") and index("idmap")' <<<"$features" >/dev/null
        (cd "$BUNDLE" && mv config.json kept && runtime spec && jq -e '.ociVersion | test("^1\\.2")' config.json >/dev/null && mv kept config.json)
        (cd "$BUNDLE" && runtime create one && runtime start one)
        same "who, where and with what" "$(runtime exec --user 1000:5 --cwd /var --env B=c one sh -c 'id; pwd; echo $B' | paste -sd ' ')" 'uid=1000(alice) gid=5(tty) /var c'
        status_is 1 runtime kill one NONSENSE 2>/dev/null
        status_is 1 runtime delete one 2>/dev/null
        runtime delete -f one
        local o
        for o in shared rshared unbindable; do
                bundle "$MINE, \"$o\"]}] | .process.args = [\"grep\", \" /tmp/m \", \"/proc/self/mountinfo\"]"
                has "$(cd "$BUNDLE" && runtime run one)" " /tmp/m rw,relatime ${o#r}"
        done
        # What the specification has and nbox does not do, by its name.
        bundle '.linux.intelRdt = {"closID": "x"}'
        status_is 1 eval '(cd "$BUNDLE" && runtime create one) 2>"$SCRATCH/err"'
        has "$(cat "$SCRATCH/err")" '"linux.intelRdt" of the configuration is not taken'
        bundle '.windows = {"layerFolders": ["x"]}'
        status_is 1 eval '(cd "$BUNDLE" && runtime --log "$SCRATCH/log" --log-format json create one) 2>/dev/null'
        has "$(jq -r '.level + " " + .msg' "$SCRATCH/log")" 'error .*"windows" of the configuration is not taken'
        # What no version of it has is said and no error.
        bundle '.nonsense = 1 | .process.args = ["true"]'
        (cd "$BUNDLE" && runtime run one) 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" '"nonsense", which is not in the specification'
        # Clocks of its own.
        bundle '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 1000000}} | .process.args = ["cat", "/proc/uptime"]'
        [ "$(cd "$BUNDLE" && runtime run one | cut -d . -f 1)" -gt 1000000 ] || fail "its clock is the host's"
        bundle '.process.scheduler = {"policy": "SCHED_BATCH", "nice": 5} | .process.args = ["sh", "-c", "cut -d \" \" -f 19,41 /proc/self/stat"]'
        same "nice and policy" "$(cd "$BUNDLE" && runtime run one)" '5 3'
        rm -rf "$ROOT" "$BUNDLE"
}
