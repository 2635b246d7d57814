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

# shares_memory MACHINE: whether who joins it has the memory of who asked for that until it executes.
shares_memory() {
        strace -f -qq -o "$SCRATCH/joined" -e trace=clone3,clone nbox exec "$1" /bin/busybox true
        has "$(cat "$SCRATCH/joined")" CLONE_PARENT
        grep -q CLONE_VM "$SCRATCH/joined"
}

# In a machine without a user namespace is root of the host, who may trace whom he likes: also where its init has made a user namespace itself.
test_memory_is_shared_with_users_of_the_machine_alone() {
        local init='while :; do /bin/busybox sleep 1000; done'
        boot "$GUEST" --network=none
        [ "$(uname -m)" != x86_64 ] || shares_memory "$GUEST" || fail "the defaults: a fork was made"
        terminate "$GUEST"
        tree_with_init users <<<"$(printf '#!/bin/busybox sh\nexec /bin/busybox unshare -U -r /bin/busybox sh -c "%s"' "$init")"
        boot users --network=none --private-users=no
        # shellcheck disable=SC2016
        wait_until 5 eval '[ "$(readlink /proc/self/ns/user)" != "$(readlink "/proc/$(nbox show --value -p Leader users)/ns/user")" ]'
        ! shares_memory users || fail "memory is shared where root of the host is"
        terminate users
        remove_tree users
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

# calls: of the machine $GUEST that runs: which of some fail.
calls() { nbox exec "$GUEST" /callsdrive | awk '$1 == "x86-64" && $3 ~ /^(mount|swapoff|keyctl|syslog)$/ && $4 != "passes" { printf " %s", $3 }'; }

test_system_calls_are_let_through_and_refused() {
        local what
        cp /job/callsdrive "$MACHINES/$GUEST/callsdrive"
        boot "$GUEST" --network=none
        same "what fails by default" "$(calls)" ' syslog swapoff keyctl'
        terminate "$GUEST"
        boot "$GUEST" --network=none --system-call-filter='keyctl @swap' --system-call-filter='~mount setns' --capability=CAP_SYSLOG
        same "what fails then" "$(calls)" ' mount'
        what=$(nbox show "$GUEST")
        has "$what" '^SystemCallFilter=keyctl @swap ~mount ~setns$'
        has "$what" '^Capabilities=0x'
        # The machine's next life, and who comes into that.
        nbox reboot "$GUEST"
        wait_until 10 nbox exec "$GUEST" /bin/busybox true
        same "what fails after a reboot" "$(calls)" ' mount'
        terminate "$GUEST"
        rm "$MACHINES/$GUEST/callsdrive"
}

# Every number that there is, on each ABI that the kernel has, asked inside: as PID 1's child, and as who comes in later.
test_each_system_call() {
        local where
        cp /job/callsdrive "$MACHINES/$GUEST/callsdrive"
        nbox run -q --network=none "$GUEST" /callsdrive >"$SCRATCH/run"
        nbox run -q --network=none --private-users=no "$GUEST" /callsdrive >"$SCRATCH/host-users"
        boot "$GUEST" --network=none
        nbox exec "$GUEST" /callsdrive >"$SCRATCH/exec"
        terminate "$GUEST"
        boot "$GUEST" --network=none --system-call-filter=~@mount
        nbox exec "$GUEST" /callsdrive >"$SCRATCH/narrowed"
        terminate "$GUEST"
        rm "$MACHINES/$GUEST/callsdrive"
        for where in run exec; do
                diff "$HERE/../system-calls" "$SCRATCH/$where" || fail "$where: other calls than tests/system-calls says"
        done
        same "what host users have more" "$(diff "$SCRATCH/run" "$SCRATCH/host-users" | grep '^[<>]')" \
                "$(printf '%s\n' '< x86-64 321 bpf EPERM' '> x86-64 321 bpf passes' '< i386 357 bpf EPERM' '> i386 357 bpf passes')"
        same "what a narrowed filter has" "$(diff "$SCRATCH/run" "$SCRATCH/narrowed" | sed -n 's/^> x86-64 [0-9]* //p' | sort | tr '\n' ' ')" \
                'chroot EPERM fsconfig EPERM fsmount EPERM fsopen EPERM fspick EPERM mount EPERM mount_setattr EPERM move_mount EPERM open_tree EPERM pivot_root EPERM umount2 EPERM '
}

test_a_filter_that_is_damaged_lets_nobody_in() {
        local filter=/run/nbox/machines/$GUEST/filter
        boot "$GUEST" --network=none --system-call-filter=~ptrace
        same "mode and owner" "$(stat -c '%a %u' "$filter")" '600 0'
        cp "$filter" "$SCRATCH/filter"
        chmod 666 "$filter"
        refused nbox exec "$GUEST" /bin/busybox true
        rm "$filter"
        : >"$filter"
        chmod 600 "$filter"
        refused nbox exec "$GUEST" /bin/busybox true
        echo longer >"$filter"
        refused nbox exec "$GUEST" /bin/busybox true
        has "$REFUSAL" 'is not a system call filter'
        ln -sf "$SCRATCH/filter" "$filter"
        refused nbox exec "$GUEST" /bin/busybox true
        terminate "$GUEST"
}

test_words_of_a_filter() {
        local wrong
        for wrong in '@kyring' 'swapno' '~' '' 'mount ~setns' '~~mount'; do
                refused nbox run --system-call-filter="$wrong" "$GUEST" /bin/busybox true
        done
        refused nbox run --system-call-filter=@kyring "$GUEST" /bin/busybox true
        has "$REFUSAL" 'Did you mean @keyring'
        same "the plan's words" "$(nbox run --dry-run --json --system-call-filter='@swap ptrace' --system-call-filter=~@clock "$GUEST" /bin/busybox true |
                jq -c .system_call_filter)" '["@swap","ptrace","~@clock"]'
        # The groups are those of the host's systemd 252, where that is what the host has.
        case $(systemd-analyze --version 2>/dev/null) in "systemd 252 "*) ;; *) fail "no systemd 252 to compare with" ;; esac
        while read -r wrong; do
                nbox run --dry-run --system-call-filter="$wrong" "$GUEST" /bin/busybox true >/dev/null
        done < <(systemd-analyze syscall-filter 2>/dev/null | sed '/^@known/,$d' | sed -n 's/^ *\([@a-z_][a-z0-9_-]*\)$/\1/p' |
                sort -u | shuf -n 40)
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

# What would take the disk's time does not even reach the kernel: sync of a file that there is none of succeeds.
test_suppressed_sync() {
        local write='dd if=/dev/zero of=/root/file bs=1k count=4 conv=fsync 2>/dev/null && sync /root/file && rm /root/file && echo written'
        same "a file" "$(nbox run --network=none --suppress-sync=yes "$GUEST" /bin/busybox sh -c "$write")" written
        boot "$GUEST" --network=none --suppress-sync=yes
        same "who joins" "$(nbox exec "$GUEST" /bin/busybox sh -c "$write")" written
        terminate "$GUEST"
        refused nbox run --suppress-sync=perhaps "$GUEST" /bin/busybox true
}

test_inaccessible() {
        local tree=$MACHINES/hidden
        mkdir "$tree"
        cp -aT "$MACHINES/$GUEST" "$tree"
        mkdir -p "$tree/srv/secrets" "$tree/srv/more"
        echo text >"$tree/srv/secrets/file" && echo text >"$tree/srv/note"
        ln -s secrets "$tree/srv/link"
        mkfifo "$tree/srv/pipe"
        hidden_run() {
                nbox run --network=none "$@" --inaccessible=/srv/link --inaccessible=/srv/note --inaccessible=/srv/pipe hidden /bin/busybox sh -c '
                        for f in /srv/secrets /srv/note /srv/pipe; do stat -c "%F %a" $f; done
                        ls /srv/secrets 2>/dev/null; cat /srv/note 2>/dev/null; cat /srv/secrets/file 2>/dev/null; echo changed 2>/dev/null >/srv/note
                        umount /srv/secrets 2>/dev/null; umount /srv/note 2>/dev/null; mount -o remount,rw /srv/secrets 2>/dev/null; chmod 755 /srv/secrets 2>/dev/null
                        ls -d /srv/more; ls /srv/secrets; cat /srv/note; cat /srv/secrets/file' 2>"$SCRATCH/errors"
        }
        same "what is seen" "$(hidden_run || [ $? = 1 ])" $'directory 0\nregular empty file 0\nfifo 0\n/srv/more'
        has "$(cat "$SCRATCH/errors")" "can't open '/srv/secrets.*Permission denied"
        has "$(cat "$SCRATCH/errors")" "can't open '/srv/note'.*Permission denied"
        hidden_run --read-only >/dev/null || [ $? = 1 ]
        has "$(cat "$SCRATCH/errors")" "can't open '/srv/note'.*Permission denied"
        # Root of the host is not kept from it by rights, but sees nothing either.
        same "without a user namespace" "$(hidden_run --private-users=no --drop-capability=sys_admin || [ $? = 1 ])" \
                $'directory 0\nregular empty file 0\nfifo 0\n/srv/more'
        same "the tree" "$(cat "$tree/srv/note" "$tree/srv/secrets/file")" $'text\ntext'
        refused nbox run --network=none --inaccessible=/srv/nothing hidden /bin/busybox true
        has "$REFUSAL" 'It must be there'
        refused nbox run --network=none --inaccessible=srv hidden /bin/busybox true
        # By settings; what lies beside the tree may not.
        printf '[Files]\nInaccessible=/srv/note\n' >"$tree.nspawn"
        same "beside the tree" "$(nbox run --network=none hidden /bin/busybox cat /srv/note 2>/dev/null)" text
        fails nbox run --network=none --settings=trusted hidden /bin/busybox cat /srv/note 2>/dev/null
        rm "$tree.nspawn"
        rm -rf --one-file-system "$tree"
}
