# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What users do with podman, with crun and with nbox (see podman-words.sh): the lives of containers, pods, and whole systems. On a host as
# podman-host makes it.

. "$HOST_TOOLS/podman-words.sh"

test_lives() {
        compare lives
}
lives() {
        p create --name c --label a=b "$BOX" sh -c 'trap "echo ending; exit 3" TERM; echo up; while :; do sleep 0.1; done'
        p inspect --format '{{.State.Status}} {{.State.Pid}} {{.State.ExitCode}}' c
        p start c
        p ps -a --format '{{.Names}} {{.Image}} {{.Command}} {{.State}} {{.Labels}}'
        p inspect --format '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}}' c
        runtime_is_ours c
        p start c
        p rm c
        p exec c echo within
        p pause c
        p pause c
        p exec c true
        p inspect --format '{{.State.Status}} {{.State.Paused}}' c
        p stop c
        p unpause c
        p unpause c
        p top c user group args | grep -v 'sleep 0.1'
        q top c
        p stats --no-stream --format '{{.Name}}' c
        p logs c
        p rename c other
        p kill -s HUP other
        p kill -s NONSENSE other
        p stop other
        await '{{.State.Status}}' other exited
        p inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Pid}}' other
        p logs other
        p logs --tail 1 other
        p wait other
        p kill other
        p exec other true
        p stop other
        p start other
        p restart other
        p exec other sh -c 'exit 9'
        p kill other
        p wait other
        p rm other
        p rm other
        p run -d --name s --stop-signal USR1 "$BOX" sh -c 'trap "exit 7" USR1; while :; do sleep 0.1; done'
        p stop -t 5 s
        p inspect --format '{{.State.ExitCode}}' s
        p rm s
        p run -d --name s "$BOX" sh -c 'trap "" TERM; while :; do sleep 0.1; done'
        p stop -t 1 s
        p inspect --format '{{.State.ExitCode}}' s
        p start s
        p rm s
        p rm -f -t 0 s
        p run --name once "$BOX" sh -c 'echo one; exit 5'
        p start -a once
        p logs once
        p rm once
        p run -d --name r --restart on-failure:2 "$BOX" sh -c 'echo again; exit 1'
        await '{{.RestartCount}} {{.State.Status}}' r '2 exited'
        p logs r
        p rm r
        p run -d --name tail "$BOX" sh -c 'sleep 1; echo late; exit 2'
        p attach tail
        p wait tail
        p rm tail
        p container checkpoint --leave-running nothing
        p run -d --name ck "$BOX" sleep 600
        q container checkpoint ck
        p rm -f -t 0 ck
        p create --name never "$BOX" nothing-of-the-kind
        p start never
        p inspect --format '{{.State.Status}} {{.State.ExitCode}}' never
        p rm never
        p init nothing
        p create --name i "$BOX" echo started
        p init i
        p inspect --format '{{.State.Status}}' i
        p start -a i
        p rm i
        p create --name j "$BOX" echo started
        p init j
        p rm -f j
}

test_health() {
        compare health
}
health() {
        p run -d --name h --health-cmd 'test -e /well' --health-interval disable --health-retries 2 "$BOX" sleep 600
        p healthcheck run h
        p exec h touch /well
        p healthcheck run h
        p inspect --format '{{.State.Health.Status}} {{.State.Health.FailingStreak}} {{len .State.Health.Log}}' h
        p exec h rm /well
        p healthcheck run h
        p healthcheck run h
        p inspect --format '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' h
        p rm -f -t 0 h
        p healthcheck run h
}

test_pods() {
        compare pods
}
pods() {
        p pod create --name pod --hostname of-the-pod
        p run -d --pod pod --name one "$BOX" sh -c 'trap "exit 0" TERM; hostname; echo one >/dev/shm/one; while :; do sleep 0.1; done'
        p run --rm --pod pod "$BOX" sh -c 'hostname; ls /dev/shm; test "$(readlink /proc/1/ns/net)" = "$(readlink /proc/self/ns/net)"; echo $?'
        p pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
        p pod inspect --format '{{.State}} {{.NumContainers}}' pod
        p pod pause pod
        p ps --format '{{.Names}} {{.State}}' --filter name=one
        p pod unpause pod
        p pod top pod args | sort
        p pod stop -t 0 pod
        p ps -a --format '{{.Names}} {{.State}}' --filter name=one
        p pod start pod
        p exec one hostname
        p pod kill pod
        p pod rm -f -t 0 pod
        p pod create --name shared --share pid,ipc,net,uts
        p run -d --pod shared --name sleeper "$BOX" sleep 601
        p run --rm --pod shared "$BOX" sh -c 'ps -o args | grep -c "^sleep 601"'
        p generate kube shared | grep -vE 'creationTimestamp|^# '
        p pod rm -f -t 0 shared
}

test_kube() {
        compare kube
}
kube() {
        cat >"$SCRATCH/pod.yaml" <<YAML
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: { app: web }
  annotations: { made: by-hand }
spec:
  hostname: of-kube
  restartPolicy: Never
  containers:
  - name: first
    image: localhost/$BOX:latest
    command: [/bin/sh, -c, 'echo \$WORD; touch /shared/made; exec /bin/sleep 600']
    env: [{ name: WORD, value: from kube }]
    workingDir: /var
    securityContext: { runAsUser: 1000, allowPrivilegeEscalation: false, capabilities: { drop: [ALL], add: [NET_BIND_SERVICE] } }
    volumeMounts: [{ name: shared, mountPath: /shared }]
  - name: second
    image: localhost/$BOX:latest
    command: [/bin/sleep, '600']
    securityContext: { readOnlyRootFilesystem: true }
    volumeMounts: [{ name: shared, mountPath: /shared, readOnly: true }]
  initContainers:
  - name: before
    image: localhost/$BOX:latest
    command: [/bin/sh, -c, 'chmod 777 /shared']
    volumeMounts: [{ name: shared, mountPath: /shared }]
  volumes:
  - name: shared
    hostPath: { path: $SCRATCH/shared, type: DirectoryOrCreate }
YAML
        q kube play --network none "$SCRATCH/pod.yaml"
        p pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
        p ps -a --format '{{.Names}} {{.State}}' --sort names
        p exec web-first /bin/sh -c "PATH=/bin; hostname; pwd; id -u; ls /shared; $STATUS"
        p exec web-second /bin/sh -c 'PATH=/bin; hostname; ls /shared; touch /shared/x /x'
        p logs web-first
        q kube down "$SCRATCH/pod.yaml"
        p pod ps --format '{{.Name}}'
        rm -rf "$SCRATCH/shared" "$SCRATCH/pod.yaml"
}

is_up() {
        local state
        state=$(podman exec os systemctl is-system-running 2>&1)
        [ "$state" = running ]
}

# A whole system in a container.
test_systems() {
        compare systems
}
systems() {
        p run -d --name os --systemd=always debian /sbin/init
        wait_until 30 is_up
        p exec os systemctl is-system-running
        p exec os systemctl --failed --plain --no-legend
        p exec os cat /proc/1/comm
        p exec os sh -c "$MOUNTS | sort"
        p exec os systemctl show -p Virtualization --value
        p exec os systemd-run --wait -q true
        p exec os systemd-cgls --no-pager -l /system.slice/systemd-journald.service | sed 's/[0-9]* \//\//'
        p exec os sh -c 'cat /var/marks; journalctl -b --no-pager -o cat -u mark.service | grep -c .'
        p pause os
        p unpause os
        p restart os
        wait_until 30 is_up
        p exec os cat /var/marks
        p stop os
        p inspect --format '{{.State.Status}} {{.State.ExitCode}}' os
        p rm os
}

# Such a system is a machine as nbox and machined know it, as long as it runs.
test_machines() {
        # shellcheck disable=SC2034 # podman's, of podman-words.sh
        local RUNTIME=nbox id
        podman run -d --name os --systemd=always --annotation io.nbox.machine=web debian /sbin/init >"$SCRATCH/id"
        wait_until 30 is_up
        id=$(cat "$SCRATCH/id")
        has "$(nbox list)" '^web '
        has "$(machinectl list --no-legend)" '^web '
        same "whose it is" "$(nbox show --json web | jq -r .Engine)" "$id"
        has "$(nbox status web)" "of an engine's container $id"
        same "what runs in it" "$(nbox exec web cat /proc/1/comm)" systemd
        podman stop os >/dev/null
        podman rm os >/dev/null
        same "what is left" "$(nbox list --json)$(machinectl list --no-legend)" '[]'
        podman run -d --name os --systemd=always debian /sbin/init >"$SCRATCH/id"
        has "$(nbox list)" "^$(cut -c 1-12 "$SCRATCH/id") "
        podman rm -f -t 0 os >/dev/null
        podman run -d --name os --systemd=always --annotation io.nbox.machine=no debian /sbin/init >/dev/null
        same "machines" "$(nbox list --json)" '[]'
        podman rm -f -t 0 os >/dev/null
        wait_until 5 store_is_free
}
