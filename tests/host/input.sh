# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Bad input, and hosts that lack what is needed: each a clear error, and nothing left (which `inside` checks).

test_no_such_tree() {
        refused nbox boot nowhere
        has "$REFUSAL" nowhere
        refused nbox boot "$MACHINES/nowhere"
        has "$REFUSAL" "$MACHINES/nowhere"
        refused nbox boot /etc/passwd
        refused nbox run nowhere true
        refused nbox boot -D "$MACHINES/nowhere"
}

test_tree_without_init() {
        mkdir -p "$SCRATCH/empty"
        refused nbox boot -D "$SCRATCH/empty" --machine=empty
        has "$REFUSAL" init
        mkdir -p "$SCRATCH/half/sbin" "$SCRATCH/half/etc"
        : >"$SCRATCH/half/sbin/init" # there, but no program
        refused nbox boot -D "$SCRATCH/half" --machine=half
}

# It is init's, as with systemd-nspawn; but few inits complain of a word that they do not know.
test_options_behind_the_tree_are_told_of() {
        has "$(nbox boot --dry-run "$GUEST" --network-veth --unit=rescue.target 2>&1)" "'--network-veth' stands behind the tree"
        has_not "$(nbox boot --dry-run "$GUEST" --network-veth --unit=rescue.target 2>&1)" "'--unit"
        has_not "$(nbox run --dry-run "$GUEST" ls --help 2>&1)" 'stands behind'
}

test_names() {
        local name
        for name in a/b . .. ../x $'a\nb' $'a\e[31mb' "$(printf 'a%.0s' {1..65})" '' -x 'a b' $'caf\xc3\xa9' $'\xff'; do
                refused nbox boot --machine="$name" "$MACHINES/$GUEST"
                refused nbox exec -- "$name" true
                refused nbox poweroff -- "$name"
        done
        refused nbox boot --hostname=$'a\nb' "$GUEST"
        refused nbox boot --hostname="$(printf 'a%.0s' {1..65})" "$GUEST"
        # 64 bytes are allowed.
        same "status" "$(nbox run --network=none --machine="$(printf 'a%.0s' {1..64})" "$GUEST" echo yes)" yes
}

test_control_characters_in_every_value() {
        local option
        for option in --hostname --bind --bind-ro --tmpfs --setenv --user --chdir --slice --property --kill-signal \
                --resolv-conf --timezone --console --port --network-zone --private-users --uuid --directory; do
                refused nbox run "$option="$'x\n\e[1my' "$GUEST" true
        done
}

test_bad_values() {
        refused nbox boot --no-such-option "$GUEST"
        has "$REFUSAL" no-such-option
        refused nbox boot --kill-signal=SIGFOO "$GUEST"
        refused nbox boot --uuid=xyz "$GUEST"
        refused nbox boot --console=tube "$GUEST"
        has "$REFUSAL" interactive # says what is allowed
        refused nbox boot --port=tcp:80:99999 "$GUEST"
        refused nbox boot --port=0 "$GUEST"
        refused nbox boot --port=http:80 "$GUEST"
        refused nbox boot --private-users=99999999999 "$GUEST"
        refused nbox boot --network=none --port=80 "$GUEST"
        refused nbox no-such-verb
        has "$REFUSAL" no-such-verb
        refused nbox boot
        refused nbox run "$GUEST"
        refused nbox exec "$GUEST"
}

test_already_running() {
        boot "$GUEST"
        refused nbox boot "$GUEST"
        has "$REFUSAL" "$GUEST"
        # The same tree by another name, and the same name for another tree.
        refused nbox boot --machine=other "$MACHINES/$GUEST"
        refused nbox run --network=none --machine="$GUEST" "$MACHINES/.busybox" true
        nbox exec "$GUEST" true
        terminate "$GUEST"
}

test_already_running_under_systemd_nspawn() {
        local cgroup
        cgroup=$(cgroup2_root)$(sed -n 's/^0:://p' /proc/self/cgroup)/nspawn
        mkdir "$cgroup"
        (
                echo "$BASHPID" >"$cgroup/cgroup.procs"
                exec systemd-nspawn -q -D "$MACHINES/$GUEST" -M nspawn --register=no --keep-unit --console=pipe \
                        --resolv-conf=off --timezone=off /bin/sh -c 'echo up; exec sleep 60' </dev/null >"$SCRATCH/nspawn" 2>&1
        ) &
        wait_until 10 grep -q up "$SCRATCH/nspawn"
        refused nbox boot "$GUEST"
        refused nbox run --network=none "$GUEST" true
        kill "$!"
        wait "$!" || true
        # And the other way round.
        boot "$GUEST"
        status_is 1 systemd-nspawn -q -D "$MACHINES/$GUEST" -M nspawn --register=no --keep-unit --console=pipe true 2>/dev/null
        terminate "$GUEST"
        find "$cgroup" "/sys/fs/cgroup/systemd${cgroup#"$(cgroup2_root)"}" -depth -type d -exec rmdir {} + 2>/dev/null || true
        rm -f /run/systemd/nspawn/locks/*
}

test_busy_port() {
        socat TCP-LISTEN:8090,reuseaddr,fork 'SYSTEM:echo mine' &
        wait_until 5 grep -qi ':1F9A ' /proc/net/tcp
        refused nbox boot -d -p 8090:80 "$GUEST"
        has "$REFUSAL" 8090
        kill "$!"
        wait "$!" || true
        # Taken by another machine.
        tree_with one
        boot one -p 8090:80
        refused nbox boot -d -p 8090:80 "$GUEST"
        has "$REFUSAL" 8090
        terminate one
        remove_tree one
}

test_not_root() {
        local verb
        for verb in "boot $GUEST" "run $GUEST true" "exec $GUEST true" "shell $GUEST" "login $GUEST" "passwd $GUEST" \
                "create new --os busybox"; do
                # shellcheck disable=SC2086
                refused setpriv --reuid=65534 --regid=65534 --clear-groups nbox $verb
                has "$REFUSAL" '[Rr]oot|[Pp]rivilege|[Pp]ermi'
        done
}

test_dry_run_without_root() {
        local plan UUID=0123456789abcdef0123456789abcdef
        plan=$(setpriv --reuid=65534 --regid=65534 --clear-groups nbox boot --dry-run -p 8080:80 "$GUEST")
        has "$plan" "$GUEST"
        has "$plan" 8080
        setpriv --reuid=65534 --regid=65534 --clear-groups nbox boot --dry-run --json "$GUEST" | jq -e . >/dev/null
        # With nothing in it that is found only as root or while running: the same for both.
        plan=$(setpriv --reuid=65534 --regid=65534 --clear-groups nbox boot --dry-run --uuid="$UUID" "$GUEST")
        same plan "$(nbox boot --dry-run --uuid="$UUID" "$GUEST")" "$plan"
        refused setpriv --reuid=65534 --regid=65534 --clear-groups nbox boot --dry-run nowhere
}

test_bind_that_is_not_there() {
        refused nbox run --network=none --bind=/no/such/directory:/mnt "$GUEST" true
        has "$REFUSAL" /no/such/directory
        nbox run --network=none --bind=-/no/such/directory:/mnt "$GUEST" true
        refused nbox run --network=none --bind=relative:/mnt "$GUEST" true
        refused nbox run --network=none --bind=/etc:relative "$GUEST" true
        refused nbox run --network=none --bind=/etc:/mnt/../../x "$GUEST" true
}

test_full_run() {
        mkdir -p /run/nbox
        mount -t tmpfs -o size=64k tmpfs /run/nbox
        dd if=/dev/zero of=/run/nbox/fill bs=4k 2>/dev/null || true
        refused nbox boot -d "$GUEST"
        refused nbox run --network=none "$GUEST" true
        umount /run/nbox
}

test_full_tree() {
        local rc=0
        mkdir "$SCRATCH/small"
        truncate -s 8M "$SCRATCH/image"
        mkfs.ext4 -q "$SCRATCH/image"
        mount -o loop "$SCRATCH/image" "$SCRATCH/small"
        cp -a "$MACHINES/.busybox" "$SCRATCH/small/tree"
        dd if=/dev/zero of="$SCRATCH/small/fill" bs=4k 2>/dev/null || true
        # It needs nothing on the tree's disk that it cannot do without: either it runs, or says why not.
        nbox run --network=none --machine=small "$SCRATCH/small/tree" true 2>"$SCRATCH/err" || rc=$?
        [ "$rc" = 0 ] || { [ "$rc" = 125 ] && [ -s "$SCRATCH/err" ]; } || fail "status $rc: $(cat "$SCRATCH/err")"
        umount "$SCRATCH/small"
}

test_full_disk_for_create() {
        mkdir "$SCRATCH/small"
        mount -t tmpfs -o size=512k tmpfs "$SCRATCH/small"
        mount --bind "$SCRATCH/small" "$MACHINES"
        refused nbox create new --os busybox
        same "what is left" "$(ls -A "$SCRATCH/small")" ''
        umount "$MACHINES"
        umount "$SCRATCH/small"
}

test_interrupted_at_any_point() {
        local delay began
        for delay in 0.001 0.002 0.003 0.004 0.005 0.006 0.008 0.01 0.012 0.015 0.02 0.03 0.05 0.1 0.2 0.4; do
                began=$(date +%s%N)
                timeout -s INT -k 30 "$delay" nbox run "$GUEST" sleep 100 >/dev/null 2>&1 || true
                [ "$(($(date +%s%N) - began))" -lt 28000000000 ] || fail "SIGINT after $delay s did not end nbox run"
                timeout -s INT -k 60 "$delay" nbox boot -d "$GUEST" >/dev/null 2>&1 || true
                # A start that nobody waits for any more goes on, and may not be listed yet.
                wait_until 10 eval 'nbox terminate "$GUEST" 2>/dev/null; ! pgrep -x nbox'
                [ -z "$(find /run/nbox/machines -mindepth 1 2>/dev/null)" ] || fail "after $delay s left $(ls /run/nbox/machines)"
        done
}

test_killed_at_any_point() {
        local delay
        # SIGKILL cannot be answered: the next nbox that runs sweeps what it left.
        for delay in 0.002 0.005 0.01 0.02 0.05 0.2; do
                timeout -s KILL "$delay" nbox run "$GUEST" sleep 100 >/dev/null 2>&1 || true
                # timeout(1) kills itself too, and may be gone before nbox is.
                wait_until 5 eval '! pgrep -x nbox'
                nbox gc
        done
        nbox run "$GUEST" true
}

test_no_legacy_tables() {
        # A kernel that knows no legacy tables answers a question about one so; and it has none from before.
        local without=(unshare -n strace -f -qq -o /dev/null -e trace=getsockopt -e inject=getsockopt:error=ENOPROTOOPT)
        "${without[@]}" nbox run "$GUEST" true
        printf '[Host]\nFirewall=iptables\n' >/etc/nbox.conf
        refused "${without[@]}" nbox boot -d "$GUEST"
        has "$REFUSAL" 'Firewall=auto in /etc/nbox.conf'
        nbox run --network=none "$GUEST" true
        rm /etc/nbox.conf
}

test_closed_standard_files() {
        boot "$GUEST" <&- >&- 2>&-
        same "what init has open" "$(nbox exec "$GUEST" /bin/busybox ls /proc/1/fd | sort -n | head -n 3 | tr '\n' ' ')" '0 1 2 '
        same "output without an input" "$(nbox exec "$GUEST" /bin/busybox echo heard <&-)" heard
        nbox exec "$GUEST" /bin/busybox true <&- >&- 2>&-
        status_is 1 nbox list >&- 2>/dev/null
        terminate "$GUEST" <&- >&- 2>&-
        nbox run --network=none "$GUEST" /bin/busybox true <&- >&- 2>&-
}
