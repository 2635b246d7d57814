#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# memory.sh: what a machine keeps busy on its host besides its guest: anonymous memory and PSS of the processes that whoever runs it leaves on the
# host, of one machine and of each of 100, and how often they wake up while the machine is idle. Guests boot busybox's init, and have
# no getty: where it gets no terminal, it comes and goes.
set -eu
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$(readlink -f "$0")")/bench.sh"
# shellcheck source=tests/bench/rivals.sh
. "$BENCH/rivals.sh"

# up RIVAL I: starts a machine from the tree $MACHINES/gI. It is up some time later.
up() {
        local tree=$MACHINES/g$2 bundle
        case $1 in
        nbox) nbox boot -q -d --network=none "$tree" ;;
        nspawn)
                setsid systemd-nspawn -q -D "$tree" -M "g$2" --private-users=pick --private-users-ownership=map --console=passive --resolv-conf=off \
                        --timezone=off --register=no --keep-unit --private-network -b >/dev/null 2>>/run/bench/said &
                ;;
        crun)
                bundle=$OCI/g$2
                mkdir -p "$bundle"
                sed "s,\"$SHIFTED\",\"$MACHINES/s$2\",; s/\"terminal\": false/\"terminal\": true/" "$BUNDLE/config.json" >"$bundle/config.json"
                conmon --api-version 1 -t -c "${RUNTIME_ID/bench/$2}" -u "${RUNTIME_ID/bench/$2}" -n "g$2" -r "$(command -v crun)" -b "$bundle" -p "$bundle/pid" \
                        -l "k8s-file:$bundle/log" --exit-dir "$bundle" --socket-dir-path "$bundle"
                wait_for 5 crun state "${RUNTIME_ID/bench/$2}"
                crun start "${RUNTIME_ID/bench/$2}"
                ;;
        lxc) lxc_machine "g$2" "$tree" && lxc-start -P "$LXC" -n "g$2" -d ;;
        esac >>/run/bench/said 2>&1 </dev/null
}

# Those of this pid namespace have one pid, those of guests' another one inside. The first of these is a guest's init.
on_host() { grep -hs '^NSpid:' /proc/[0-9]*/status | awk 'NF == 2 { print $2 }' | sort -n; }
inits() { grep -hs '^NSpid:' /proc/[0-9]*/status | awk 'NF > 2 && $NF == 1 { print $2 }'; }
guests_are() { [ "$(inits | wc -l)" = "$1" ]; }
# And have come to rest: until then, whoever runs them is at work, too.
quiet_are() { [ "$(pgrep -cf '^/bin/busybox sleep 1234567')" -ge "$1" ]; }

# of_host FIELD PID...: the sum of that line of smaps_rollup, in kB.
of_host() {
        local field=$1 pid
        shift
        for pid; do cat "/proc/$pid/smaps_rollup" 2>/dev/null; done | awk -v f="$field:" '$1 == f { sum += $2 } END { print sum + 0 }'
}

# wakeups PID...: how often they were given a processor.
wakeups() {
        local pid
        for pid; do cat "/proc/$pid"/task/*/status; done | awk '/ctxt_switches/ { sum += $2 } END { print sum + 0 }'
}

# of RIVAL N WHEN: N machines more.
of() {
        local rival=$1 n=$2 when=$3 i pids before
        before=$(on_host)
        for ((i = 1; i <= n; i++)); do
                if ! up "$rival" "$i"; then
                        record cannot memory "$rival" "machine $i: $(one_line </run/bench/said)"
                        down "$rival" "$i"
                        return 1
                fi
        done
        if ! wait_for 60 guests_are "$n" || ! wait_for 30 quiet_are "$n"; then
                record cannot memory "$rival" "$(inits | wc -l) of $n guests came up: $(one_line </run/bench/said)"
                down "$rival" "$n"
                return 1
        fi
        sleep "$(pause 1)"
        mapfile -t pids < <(remaining "$before")
        record figure memory "$rival" "anonymous-$when" "$(awk "BEGIN { print $(of_host Anonymous "${pids[@]}") / $n }")"
        record figure memory "$rival" "pss-$when" "$(awk "BEGIN { print $(of_host Pss "${pids[@]}") / $n }")"
        if [ "$n" = 1 ]; then
                i=$(wakeups "${pids[@]}")
                sleep "$(pause 10)"
                record figure memory "$rival" wakeups "$(($(wakeups "${pids[@]}") - i))"
                record figure memory "$rival" processes "${#pids[@]}"
        fi
        down "$rival" "$n"
}

# remaining BEFORE: who has come to the host since, and stays; but for this script's own shells.
remaining() {
        local since pid
        since=$(comm -13 <(sort <<<"$1") <(on_host | sort))
        sleep 0.2
        for pid in $since; do [ ! -e "/proc/$pid/task" ] || [ "/proc/$pid/exe" -ef /proc/$$/exe ] || echo "$pid"; done
}

# pause SECONDS
pause() { if [ -n "${QUICK-}" ]; then echo 0.1; else echo "$1"; fi; }

# down RIVAL N: at once; what is left of the others' is the host's own, and goes with it.
down() {
        local i pid
        case $1 in
        nbox) nbox terminate -q -w $(seq -f g%g "$2") ;;
        crun) for ((i = 1; i <= $2; i++)); do crun delete -f "${RUNTIME_ID/bench/$i}"; done ;;
        lxc) for ((i = 1; i <= $2; i++)); do lxc-stop -P "$LXC" -n "g$i" -k; done ;;
        nspawn) for pid in $(inits); do kill -9 "$pid"; done ;;
        esac >>/run/bench/said 2>&1 || true
        wait_for 30 guests_are 0 || for pid in $(inits); do kill -9 "$pid" || true; done
        wait_for 10 no_more || true
}
no_more() {
        local who
        for who in systemd-nspawn conmon lxc-start nbox; do ! pgrep -x "$who" >/dev/null || return 1; done
}

on_plain() {
        local rival many inittab
        many=$(size 100)
        inittab=$(cat "$TREE/etc/inittab")
        printf '::sysinit:/etc/init.d/rcS\n::respawn:/bin/busybox sleep 1234567\n' | tee "$TREE/etc/inittab" >"$SHIFTED/etc/inittab"
        own_trees "$TREE" g 1 "$many"
        own_trees "$SHIFTED" s 1 "$many"
        oci_bundle crun /sbin/init
        record figure memory bench many "$many"
        record figure memory bench seconds "$(pause 10)"
        for rival in nbox nspawn crun lxc; do
                : >/run/bench/said
                of "$rival" 1 1 && of "$rival" "$many" 100 || continue
        done
        remove_trees g
        remove_trees s
        tee "$TREE/etc/inittab" <<<"$inittab" >"$SHIFTED/etc/inittab"
}

bench "$@"
