# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# src/systemd against a real systemd, with nothing of a machine but its scope: the supervisor is tests/drive/scopedrive,
# whose guest ignores what signals it can and needs half a second for its end. What a guest's own init does is
# systemd.sh's. For a host with systemd.

DRIVE=/job/scopedrive

is_gone_pid() { [ ! -d "/proc/$1" ]; }
leader_of() { machinectl show -p Leader --value "$1"; }
said() { grep -qx "$1" "$SCRATCH/said"; }

# drive ARGUMENTS: in the background, up when it returns; its pid is in $DRIVER.
drive() {
        : >"$SCRATCH/said" # not what the one before said
        "$DRIVE" hold "$@" >"$SCRATCH/said" 2>&1 &
        DRIVER=$!
        wait_until 10 said ready
}

# driven_to_end: the driver has undone everything without an error.
driven_to_end() {
        wait "$DRIVER" || fail "it ended with $?: $(cat "$SCRATCH/said")"
}

# service_with LINE...: a service drive@.service around the driver.
service_with() {
        printf '%s\n' '[Service]' Type=notify "ExecStart=$DRIVE hold --bind %i" Slice=machine.slice Delegate=yes KillMode=mixed \
                "$@" >/run/systemd/system/drive@.service
        systemctl daemon-reload
}

service_remove() {
        rm -f /run/systemd/system/drive@.service
        systemctl daemon-reload
        systemctl reset-failed
}

test_scope_in_a_slice_of_its_own() {
        local scope='machine-web\x2d1.scope' slice='machine-web\x2d1.slice'
        drive web-1
        has "$(machinectl list --no-legend)" '^web-1 +container +nbox'
        same slice "$(unit_of "$scope" Slice)" "$slice"
        same "slice of the slice" "$(unit_of "$slice" Slice)" machine.slice
        said "cgroup /machine.slice/machine-web\\\\x2d1.slice/machine-web\\\\x2d1.scope"
        same delegation "$(unit_of "$scope" Delegate)" yes
        same devices "$(unit_of "$scope" DevicePolicy)" closed
        same tasks "$(unit_of "$scope" TasksMax)" 16384
        # Five seconds are the supervisor's, ten are the margin.
        same time "$(unit_of "$scope" TimeoutStopUSec)" 15s
        [ -n "$(unit_of "$scope" Controller)" ] || fail "nobody is asked for an orderly end"
        kill "$DRIVER"
        driven_to_end
}

# emit_as USER PID SIGNAL-WORDS...: to that process's connection alone, which the bus lets everybody do.
emit_as() {
        local user=$1 name
        name=$(busctl list --no-legend | awk -v pid="$2" '$2 == pid { print $1; exit }')
        [ -n "$name" ] || fail "process $2 is not on the bus"
        setpriv --reuid="$user" --regid="$user" --clear-groups busctl emit --destination="$name" "${@:3}"
}

# What systemd asks, only systemd asks.
test_nobody_else_asks_for_its_end() {
        local scope=/org/freedesktop/systemd1/unit/machine_2dweb_2escope
        drive web
        for _ in 1 2 3; do emit_as 65534 "$DRIVER" "$scope" org.freedesktop.systemd1.Scope RequestStop; done
        sleep 1
        kill -0 "$DRIVER" || fail "a user ended it"
        has "$(machinectl list --no-legend)" '^web +container +nbox'
        machinectl terminate web
        driven_to_end
}

test_terminate_asks() {
        drive web
        machinectl terminate web
        driven_to_end
        said request-stop
}

test_stop_of_the_scope_asks_and_waits() {
        local began
        drive web
        began=$(date +%s%N)
        systemctl stop machine-web.scope
        [ $(($(date +%s%N) - began)) -gt 400000000 ] || fail "systemd did not wait for the guest"
        driven_to_end
        said request-stop
}

test_plain_scope() {
        drive --plain web
        has_not "$(machinectl list --no-legend)" web
        same slice "$(unit_of machine-web.scope Slice)" machine-web.slice
        systemctl stop machine-web.scope
        driven_to_end
        said request-stop
}

test_reboots_into_the_same_name() {
        local round
        drive --reboots=4 web
        for round in 1 2 3 4 5; do
                wait_until 5 eval '[ "$(grep -cx ready "$SCRATCH/said")" = '"$round"' ]'
                machinectl terminate web
        done
        driven_to_end
}

test_a_name_that_is_taken() {
        drive web
        refused "$DRIVE" hold web
        has "$REFUSAL" "already has a machine named 'web'"
        refused "$DRIVE" hold --plain web
        has "$REFUSAL" "machine-web.scope is there already"
        kill "$DRIVER"
        driven_to_end
}

test_properties() {
        drive --property=MemoryMax=50M --property=AllowedCPUs=0-1 --property=CPUQuota=20% --property=IOWeight=7 \
                --property=TasksMax=99 --property='DeviceAllow=/dev/loop-control rw' --property='Description=a b' web
        same memory "$(unit_of machine-web.scope MemoryMax)" 52428800
        same cpus "$(unit_of machine-web.scope AllowedCPUs)" 0-1
        same quota "$(unit_of machine-web.scope CPUQuotaPerSecUSec)" 200ms
        same weight "$(unit_of machine-web.scope IOWeight)" 7
        same tasks "$(unit_of machine-web.scope TasksMax)" 99
        same description "$(unit_of machine-web.scope Description)" 'a b'
        has "$(unit_of machine-web.scope DeviceAllow)" '/dev/loop-control rw'
        has "$(unit_of machine-web.scope DeviceAllow)" '/dev/net/tun rwm'
        kill "$DRIVER"
        driven_to_end
        refused "$DRIVE" hold --property=Foo=1 web
        has "$REFUSAL" MemoryMax
        refused "$DRIVE" hold --property=MemoryMax=much web
        has "$REFUSAL" 512M
}

test_slice_with_settings_stays() {
        systemctl set-property --runtime machine-web.slice MemoryMax=100M
        drive web
        kill "$DRIVER"
        driven_to_end
        systemctl is-active -q machine-web.slice || fail "the slice is gone"
        systemctl revert machine-web.slice
        drive web
        kill "$DRIVER"
        driven_to_end
        ! systemctl is-active -q machine-web.slice || fail "the slice stays without settings"
}

test_slice_with_others_stays() {
        drive web
        systemd-run --quiet --unit=nbox-test-guest --slice=machine-web.slice sleep infinity
        kill "$DRIVER"
        driven_to_end
        systemctl is-active -q nbox-test-guest.service || fail "somebody else's service was stopped"
        systemctl stop nbox-test-guest.service machine-web.slice
}

# The guest has no parent-death signal here, as when its root has cleared it.
test_killed_service_ends_the_guest() {
        local round leader
        service_with 'ExecStopPost=-/bin/sh -c "echo 1 >/sys/fs/cgroup/machine.slice/machine-%i.slice/machine-%i.scope/cgroup.kill"'
        for round in 1 2 3 4 5; do
                "$DRIVE" start drive@web.service
                leader=$(leader_of web)
                same "bound to" "$(unit_of machine-web.scope BindsTo)" drive@web.service
                systemctl kill -s KILL --kill-who=main drive@web.service
                wait_until 2 is_gone_pid "$leader"
                wait_until 2 is_dead machine-web.scope
                systemctl reset-failed
        done
        systemctl stop machine-web.slice
        service_remove
}

test_killed_supervisor_without_a_service() {
        local leader
        drive web
        leader=$(leader_of web)
        kill -KILL "$DRIVER"
        wait "$DRIVER" || true
        [ -d "/proc/$leader" ] || fail "the driver's guest has died by itself"
        # Nobody is left to be asked: no waiting for a signal that the guest ignores.
        timeout 20 systemctl stop machine-web.scope
        is_gone_pid "$leader"
        systemctl stop machine-web.slice
}

test_service_stops_in_order() {
        service_with "StandardOutput=append:$(readlink -f "$SCRATCH")/said"
        "$DRIVE" start drive@web.service
        "$DRIVE" stop drive@web.service
        said 'signal TERM'
        said guest-gone
        same result "$(unit_of drive@web.service Result)" success
        service_remove
}

test_without_machined() {
        systemctl stop systemd-machined.service
        systemctl mask --quiet --runtime systemd-machined.service
        drive web
        has "$(cat "$SCRATCH/said")" 'unregistered systemd-machined is not available: .*masked'
        same slice "$(unit_of machine-web.scope Slice)" machine-web.slice
        kill "$DRIVER"
        driven_to_end
        systemctl unmask --quiet --runtime systemd-machined.service
        machinectl list >/dev/null
}

test_transient_service() {
        "$DRIVE" transient nbox-boot-web.service "$DRIVE" hold web
        has "$(machinectl list --no-legend)" '^web '
        same type "$(unit_of nbox-boot-web.service Type)" notify
        same slice "$(unit_of nbox-boot-web.service Slice)" machine.slice
        same "restarts after a reboot" "$("$DRIVE" restarts nbox-boot-web.service)" yes
        same "restarts after a reboot" "$("$DRIVE" restarts job.service)" no
        refused "$DRIVE" transient nbox-boot-web.service "$DRIVE" hold web
        has "$REFUSAL" 'is there already'
        "$DRIVE" stop nbox-boot-web.service
        has_not "$(systemctl list-units --all --no-legend 'nbox-boot-*')" nbox-boot
}

test_transient_service_says_why_not() {
        printf '#!/bin/sh\n[ "$1" = gc ] && { echo "<3>swept"; exit 1; }\necho "<6>nbox: a word"; echo "<3>nbox: no such tree" >&2; echo "<4>nbox: make one" >&2; exit 125\n' >"$SCRATCH/failing"
        chmod 755 "$SCRATCH/failing"
        refused "$DRIVE" transient nbox-boot-web.service "$SCRATCH/failing"
        has "$REFUSAL" 'nbox-boot-web.service did not start: no such tree'
        has "$REFUSAL" 'make one'
        refused "$DRIVE" transient nbox-boot-web.service /bin/false
        has "$REFUSAL" 'logged nothing'
        refused "$DRIVE" start nbox-test-nowhere.service
        has "$REFUSAL" 'not found'
}

test_restart_after_133() {
        printf '#!/bin/sh\n[ "$1" = gc ] && exit\n[ -e %s ] && exec %s hold web\ntouch %s\nexit 133\n' \
                "$SCRATCH/once" "$DRIVE" "$SCRATCH/once" >"$SCRATCH/rebooting"
        chmod 755 "$SCRATCH/rebooting"
        "$DRIVE" transient nbox-boot-web.service "$SCRATCH/rebooting"
        same restarts "$(unit_of nbox-boot-web.service NRestarts)" 1
        "$DRIVE" stop nbox-boot-web.service
}

test_many_at_once() {
        local i pids=()
        for i in $(seq 1 40); do
                "$DRIVE" hold "many-$i" >"$SCRATCH/many.$i" 2>&1 &
                pids+=($!)
        done
        for i in $(seq 1 40); do wait_until 60 grep -qx ready "$SCRATCH/many.$i"; done
        same machines "$(machinectl list --no-legend | grep -c '^many-')" 40
        kill "${pids[@]}"
        for i in "${pids[@]}"; do wait "$i" || fail "one ended with $?: $(cat "$SCRATCH"/many.*)"; done
}

test_own_unit() {
        same "of a shell in a service" "$("$DRIVE" own-unit)" none
        same "of a service" "$(systemd-run --quiet --wait --pipe --unit=nbox-test-own "$DRIVE" own-unit)" nbox-test-own.service
        same "of a scope" "$(systemd-run --quiet --scope --unit=nbox-test-own "$DRIVE" own-unit)" none
}

test_who_may() {
        local got=0
        setpriv --reuid=65534 --regid=65534 --clear-groups "$DRIVE" start drive@web.service 2>"$SCRATCH/said" || got=$?
        same status "$got" 1
        has "$(cat "$SCRATCH/said")" 'Run it as root'
}

test_verbs() {
        mkdir -p /run/systemd/system/nbox@.service.d
        printf '[Service]\nExecStart=\nExecStart=%s hold --bind %%i\n' "$DRIVE" >/run/systemd/system/nbox@.service.d/drive.conf
        systemctl daemon-reload
        nbox start web-1
        same slice "$(unit_of 'machine-web\x2d1.scope' Slice)" 'machine-web\x2d1.slice'
        same "slice of the supervisor" "$(unit_of nbox@web-1.service Slice)" machine.slice
        nbox stop web-1
        is_dead nbox@web-1.service
        is_dead 'machine-web\x2d1.scope'
        refused nbox stop web-1
        refused nbox start 'web/1'
        systemctl disable --quiet machines.target
        mkdir /var/lib/machines/web-1
        has "$(nbox enable web-1 2>&1)" machines.target
        same machines.target "$(systemctl is-enabled machines.target)" enabled
        same unit "$(systemctl is-enabled nbox@web-1)" enabled
        systemctl start machines.target
        systemctl is-active -q nbox@web-1.service || fail "not started with machines.target"
        systemctl stop machines.target
        nbox disable web-1
        same unit "$(systemctl is-enabled nbox@web-1 || true)" disabled
        rmdir /var/lib/machines/web-1
        rm -r /run/systemd/system/nbox@.service.d
        systemctl daemon-reload
}
