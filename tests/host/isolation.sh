# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the processes of a machine may do and how much, as PID 1 has it and as whoever comes in later does.

# status_field KEY: of a /proc/PID/status on standard input.
status_field() { awk -v key="$1:" '$1 == key { print $2 }'; }

# run_status OPTIONS...: of the command's own process.
run_status() { nbox run -q --network=none "$@" "$GUEST" /bin/busybox cat /proc/self/status; }

# has_capability SET NUMBER
has_capability() { [ $(((0x$1 >> $2) & 1)) = 1 ]; }

NET_RAW=13 SYS_TIME=25 MKNOD=27

test_capabilities_are_added_and_dropped() {
        local set
        set=$(run_status | status_field CapBnd)
        has_capability "$set" "$MKNOD" || fail "no CAP_MKNOD by default: $set"
        ! has_capability "$set" "$SYS_TIME" || fail "CAP_SYS_TIME by default: $set"
        set=$(run_status --capability=sys_time,CAP_SYSLOG --drop-capability=CAP_MKNOD | status_field CapBnd)
        has_capability "$set" "$SYS_TIME" || fail "CAP_SYS_TIME was not added: $set"
        ! has_capability "$set" "$MKNOD" || fail "CAP_MKNOD was not dropped: $set"
        same "all capabilities dropped" "$(run_status --drop-capability=all | status_field CapBnd)" 0000000000000000
}

test_inheritable_and_ambient_sets_are_empty() {
        local status
        # Though the caller's are not: a login manager may have filled them.
        status=$(setpriv --inh-caps=+net_raw,+chown --ambient-caps=+net_raw,+chown nbox run -q --network=none "$GUEST" /bin/busybox cat /proc/self/status)
        same "CapInh" "$(status_field CapInh <<<"$status")" 0000000000000000
        same "CapAmb" "$(status_field CapAmb <<<"$status")" 0000000000000000
        boot "$GUEST" --network=none
        status=$(setpriv --inh-caps=+net_raw,+chown --ambient-caps=+net_raw,+chown nbox exec "$GUEST" /bin/busybox cat /proc/self/status)
        same "CapInh of who joins" "$(status_field CapInh <<<"$status")" 0000000000000000
        same "CapAmb of who joins" "$(status_field CapAmb <<<"$status")" 0000000000000000
        terminate "$GUEST"
}

test_ambient_capabilities_reach_a_user() {
        local status
        status=$(run_status --user=1000 --ambient-capability=net_raw)
        same "uid" "$(status_field Uid <<<"$status")" 1000
        same "CapEff" "$(status_field CapEff <<<"$status")" "$(printf '%016x' $((1 << NET_RAW)))"
        same "CapEff without it" "$(run_status --user=1000 | status_field CapEff)" 0000000000000000
        refused nbox run --user=1000 --ambient-capability=CAP_SYS_TIME "$GUEST" /bin/busybox true
        has "$REFUSAL" 'Add --capability=CAP_SYS_TIME'
        refused nbox run --ambient-capability=all "$GUEST" /bin/busybox true
        refused nbox boot --ambient-capability=net_raw "$GUEST"
        has "$REFUSAL" 'only for .nbox run'
}

test_who_joins_has_what_init_has() {
        local status
        boot "$GUEST" --network=none --drop-capability=CAP_MKNOD --no-new-privileges=yes --rlimit=RLIMIT_NOFILE=300:400 \
                --cpu-affinity=0 --personality=x86
        status=$(nbox exec "$GUEST" /bin/busybox cat /proc/self/status)
        ! has_capability "$(status_field CapBnd <<<"$status")" "$MKNOD" || fail "CAP_MKNOD is back"
        same "NoNewPrivs" "$(status_field NoNewPrivs <<<"$status")" 1
        same "Cpus_allowed_list" "$(status_field Cpus_allowed_list <<<"$status")" 0
        same "open files" "$(nbox exec "$GUEST" /bin/busybox sh -c 'ulimit -Sn; ulimit -Hn' | tr '\n' ' ')" '300 400 '
        same "uname -m" "$(nbox exec "$GUEST" /bin/busybox uname -m)" i686
        terminate "$GUEST"
}

test_limits_are_not_the_callers() {
        local limits
        limits=$(ulimit -S -n 77 -c 1000 -l 64 -i 50 && nbox run -q --network=none "$GUEST" /bin/busybox cat /proc/self/limits)
        has "$limits" '^Max open files +1024 '
        has "$limits" '^Max core file size +0 '
        has "$limits" '^Max locked memory +8388608 '
        has "$limits" "^Max pending signals +$(prlimit --pid 1 --sigpending --noheadings -o SOFT | tr -d ' ') "
        has "$limits" '^Max stack size +8388608 '
        limits=$(nbox run -q --network=none --rlimit=NOFILE=10:20 --rlimit=RLIMIT_NOFILE=300:400 --rlimit=FSIZE=1G "$GUEST" /bin/busybox cat /proc/self/limits)
        has "$limits" '^Max open files +300 +400 '
        has "$limits" '^Max file size +1073741824 +1073741824 '
}

test_settings_files_say_the_same() {
        local out
        mkdir -p /etc/nbox
        cat >"/etc/nbox/$GUEST.conf" <<'EOT'
[Exec]
Capability=CAP_SYS_TIME CAP_SYSLOG
DropCapability=CAP_MKNOD
NoNewPrivileges=yes
LimitNOFILE=300:400
LimitCORE=1M
OOMScoreAdjust=300
EOT
        out=$(nbox run -q --network=none --rlimit=CORE=2M "$GUEST" /bin/busybox sh -c 'cat /proc/self/status /proc/self/limits /proc/self/oom_score_adj')
        has_capability "$(status_field CapBnd <<<"$out")" "$SYS_TIME" || fail "Capability= does nothing"
        ! has_capability "$(status_field CapBnd <<<"$out")" "$MKNOD" || fail "DropCapability= does nothing"
        has "$out" '^NoNewPrivs:.1'
        has "$out" '^Max open files +300 +400 '
        has "$out" '^Max core file size +2097152 +2097152 ' # the command line's word on this one, the file's on the other
        same "oom_score_adj" "$(tail -n 1 <<<"$out")" 300
        rm -r /etc/nbox
}

test_wrong_words_are_refused() {
        local wrong
        for wrong in --capability= --capability=CAP_SYS_TIEM --drop-capability=x --no-new-privileges=perhaps --rlimit=NOFILE \
                --rlimit=NOFIEL=3 --rlimit=NOFILE=3:2 --rlimit=NICE=+21 --oom-score-adjust=1001 --oom-score-adjust=x \
                --cpu-affinity= --cpu-affinity=1-x --personality=vax; do
                refused nbox run "$wrong" "$GUEST" /bin/busybox true
        done
        refused nbox run --capability=CAP_SYS_TIEM "$GUEST" /bin/busybox true
        has "$REFUSAL" 'Did you mean CAP_SYS_TIME'
        refused nbox run --network=none --cpu-affinity=1000 "$GUEST" /bin/busybox true
        has "$REFUSAL" 'none of the CPUs'
        has "$(nbox run --capability=help)" '^CAP_SYS_ADMIN$'
        has "$(nbox boot --rlimit=help)" '^RLIMIT_NOFILE$'
}
