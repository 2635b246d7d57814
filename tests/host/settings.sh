# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Settings files, and what the tables of machines and images show.

run_hostname() { nbox run --network=none "$@" "$GUEST" hostname; }

test_settings_of_the_administrator() {
        mkdir -p /etc/nbox /etc/systemd/nspawn
        printf '[Exec]\nHostname=from-nbox\n' >"/etc/nbox/$GUEST.conf"
        printf '[Exec]\nHostname=from-nspawn\n' >"/etc/systemd/nspawn/$GUEST.nspawn"
        same "hostname" "$(run_hostname)" from-nbox
        same "hostname" "$(run_hostname --hostname=from-argv)" from-argv
        rm "/etc/nbox/$GUEST.conf"
        same "hostname" "$(run_hostname)" from-nspawn
        printf '[Exec]\nEnvironment=A=one B=two\nWorkingDirectory=/var\n[Files]\nTemporaryFileSystem=/mnt\n' \
                >"/etc/systemd/nspawn/$GUEST.nspawn"
        same "what it set" "$(nbox run --network=none "$GUEST" sh -c 'echo $A $B $PWD; stat -f -c %T /mnt' | tr '\n' ' ')" \
                "one two /var tmpfs "
        rm "/etc/systemd/nspawn/$GUEST.nspawn"
}

test_port_in_the_settings() {
        mkdir -p /etc/nbox
        printf '[Network]\nPort=tcp:8085:80\n' >"/etc/nbox/$GUEST.conf"
        boot "$GUEST"
        has "$(iptables-legacy-save -t nat)" 'dport 8085'
        # What its next start would be, by the words that it was started with.
        has "$(nbox show --plan "$GUEST")" "^# nbox boot .*$GUEST"
        has "$(nbox show --plan "$GUEST")" "^ports=tcp:8085:80 +/etc/nbox/$GUEST.conf:2$"
        has "$(nbox edit --stdin --drop-in=10-x "$GUEST" <<<$'[Exec]\nHostname=later' 2>&1)" 'counts from its next boot on'
        has "$(nbox show --plan --json "$GUEST" | jq -r .sources.hostname[])" "^/etc/nbox/$GUEST.conf.d/10-x.conf:2$"
        rm -r "/etc/nbox/$GUEST.conf.d"
        terminate "$GUEST"
        # An empty file changes nothing: the network stays private.
        : >"/etc/nbox/$GUEST.conf"
        boot "$GUEST"
        [ -n "$(address_of "$GUEST")" ] || fail "no address with an empty settings file"
        terminate "$GUEST"
        rm "/etc/nbox/$GUEST.conf"
}

test_settings_with_mistakes() {
        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=named\nNoSuchKey=1\n' >"/etc/nbox/$GUEST.conf"
        same "hostname" "$(run_hostname 2>"$SCRATCH/err")" named
        has "$(cat "$SCRATCH/err")" "/etc/nbox/$GUEST.conf:3:.*NoSuchKey"
        printf '[Exec]\n\nKillSignal=SIGFOO\n' >"/etc/nbox/$GUEST.conf"
        refused nbox boot -d "$GUEST"
        has "$REFUSAL" "/etc/nbox/$GUEST.conf:3"
        printf '[Files]\nReadOnly=perhaps\n' >"/etc/nbox/$GUEST.conf"
        refused nbox boot -d "$GUEST"
        has "$REFUSAL" 'yes|no|true'
        rm "/etc/nbox/$GUEST.conf"
}

test_settings_beside_the_image_widen_nothing() {
        echo secret >"$SCRATCH/secret"
        printf '[Exec]\nHostname=beside\nPrivateUsers=no\n[Files]\nBind=%s:/mnt/secret\n[Network]\nPrivate=no\n' "$SCRATCH/secret" \
                >"$MACHINES/$GUEST.nspawn"
        fails nbox run --network=none "$GUEST" cat /mnt/secret 2>/dev/null
        has_not "$(nbox run "$GUEST" cat /proc/self/uid_map)" '^ +0 +0 '
        has_not "$(nbox run "$GUEST" /bin/busybox ip link)" 'up0'
        same "hostname" "$(run_hostname)" beside
        rm "$MACHINES/$GUEST.nspawn"
}

test_every_verb_has_help() {
        local verb
        nbox --help >"$SCRATCH/help"
        for verb in boot run login shell exec console passwd start stop enable disable list status show images kill \
                terminate poweroff reboot info create; do
                grep -Eq "^ +$verb\b" "$SCRATCH/help" || fail "--help does not name $verb"
        done
        has "$(nbox --version)" '[0-9]'
        nbox info >/dev/null
        nbox info --json | jq -e . >/dev/null
        has "$(nbox images)" "$GUEST"
        nbox images --json | jq -e . >/dev/null
        nbox list --json | jq -e . >/dev/null
        refused nbox boot --help=x
        has "$(nbox boot --help)" --network
}

test_create_busybox() {
        local began
        began=$(date +%s%N)
        nbox create fresh --os busybox
        [ "$(($(date +%s%N) - began))" -lt $((1000000000 * PATIENCE)) ] || fail "took $(elapsed "$began") s"
        boot fresh
        has "$(nbox exec fresh cat /etc/os-release)" busybox
        log_in fresh
        poweroff fresh
        refused nbox create fresh --os busybox # does not write over what is there
        refused nbox create other --os no-such-os
        refused nbox create ../escape --os busybox
        remove_tree fresh
}

test_kill() {
        boot "$GUEST"
        nbox exec "$GUEST" sh -c 'sleep 987 & echo $!' >/dev/null
        nbox kill --signal=KILL "$GUEST"
        wait_until 5 is_gone "$GUEST"
}

test_drop_ins() {
        mkdir -p "/etc/nbox/$GUEST.conf.d" "/run/nbox/$GUEST.conf.d" "/usr/lib/nbox/$GUEST.conf.d"
        printf '[Exec]\nHostname=main\nEnvironment=A=main\n' >"/etc/nbox/$GUEST.conf"
        printf '[Exec]\nHostname=%%n-package\nEnvironment=B=package\n' >"/usr/lib/nbox/$GUEST.conf.d/10-package.conf"
        printf '[Exec]\nEnvironment=C=50%%\n' >"/run/nbox/$GUEST.conf.d/20-run.conf"
        same "all of them" "$(nbox run --network=none "$GUEST" sh -c 'hostname; echo $A $B $C' | tr '\n' ' ')" "$GUEST-package main package 50% "
        has "$(nbox cat "$GUEST")" "^# /run/nbox/$GUEST.conf.d/20-run.conf"
        ln -s /dev/null "/etc/nbox/$GUEST.conf.d/10-package.conf"
        same "without the masked one" "$(run_hostname)" main
        # Each value with its file and line.
        has "$(nbox show --plan "$GUEST")" "^Environment=C=50% +/run/nbox/$GUEST.conf.d/20-run.conf:2$"
        has "$(nbox show --plan "$GUEST")" "^hostname=main +/etc/nbox/$GUEST.conf:2$"
        has "$(nbox show --plan "$GUEST")" '^user_namespace=yes +default$'
        same "trust of each" "$(nbox show --plan --json "$GUEST" | jq -r '.files[].trust' | sort -u)" trusted
        rm -r "/etc/nbox/$GUEST.conf" "/etc/nbox/$GUEST.conf.d" "/run/nbox/$GUEST.conf.d" "/usr/lib/nbox/$GUEST.conf.d"
        rmdir --ignore-fail-on-non-empty /usr/lib/nbox
}

test_drop_ins_go_where_the_machine_goes() {
        cp -a "$MACHINES/$GUEST" "$MACHINES/moving"
        mkdir -p /etc/nbox/moving.conf.d
        printf '[Exec]\nHostname=added\n' >/etc/nbox/moving.conf.d/10-a.conf
        nbox rename moving moved
        [ -f /etc/nbox/moved.conf.d/10-a.conf ] && [ ! -e /etc/nbox/moving.conf.d ] || fail "the drop-ins did not go along: $(ls /etc/nbox)"
        same "hostname" "$(nbox run --network=none moved hostname)" added
        nbox remove --settings=remove moved
        [ ! -e /etc/nbox/moved.conf.d ] || fail "drop-ins are left of a machine that was removed"
}

test_verify_says_file_and_line() {
        mkdir -p "/etc/nbox/$GUEST.conf.d"
        printf '[Exec]\nHostnam=x\nKillSignal=SIGFOO\n' >"/etc/nbox/$GUEST.conf"
        printf '[Files]\n\nBind=/nowhere/at/all:/mnt\n' >"/etc/nbox/$GUEST.conf.d/10-a.conf"
        fails nbox verify "$GUEST" >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "^/etc/nbox/$GUEST.conf:2: warning: unknown key Hostnam .*did you mean Hostname"
        has "$(cat "$SCRATCH/said")" "^/etc/nbox/$GUEST.conf:3: error: KillSignal="
        same "as JSON" "$(nbox verify --json "$GUEST" | jq -r '.[] | select(.severity == "error") | "\(.file):\(.line)"')" "/etc/nbox/$GUEST.conf:3"
        printf '[Exec]\nHostname=x\n' >"/etc/nbox/$GUEST.conf"
        nbox verify "$GUEST" >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "^/etc/nbox/$GUEST.conf.d/10-a.conf:3: warning: /nowhere/at/all"
        fails nbox verify --strict "$GUEST" >/dev/null
        refused nbox verify nobody-at-all
        has "$REFUSAL" 'neither settings nor an image'
        nbox verify "/etc/nbox/$GUEST.conf" >"$SCRATCH/said"
        same "what is said of a good file" "$(cat "$SCRATCH/said")" ''
        rm -r "/etc/nbox/$GUEST.conf" "/etc/nbox/$GUEST.conf.d"
}

test_edit() {
        printf '[Exec]\nHostname=edited\n' | nbox edit --stdin "$GUEST" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "counts from the next start of '$GUEST'"
        same "hostname" "$(run_hostname)" edited
        # What is wrong is not taken.
        fails nbox edit --stdin "$GUEST" <<<$'[Exec]\nKillSignal=SIGFOO' 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "/etc/nbox/$GUEST.conf:2: KillSignal="
        same "what is there" "$(cat "/etc/nbox/$GUEST.conf")" $'[Exec]\nHostname=edited'
        refused nbox edit "$GUEST" </dev/null
        has "$REFUSAL" '--stdin'
        nbox edit --stdin --drop-in=20-b "$GUEST" <<<$'[Exec]\nHostname=added'
        same "hostname" "$(run_hostname)" added
        # An editor, on a terminal; twice, since it did wrong at first.
        printf '#!/bin/sh\n[ -e %s/once ] && echo "[Exec]\nHostname=good" >"$1" && exit\ntouch %s/once; echo "[Exec]\nHostname=b/d" >"$1"\n' \
                "$SCRATCH" "$SCRATCH" >"$SCRATCH/editor"
        chmod +x "$SCRATCH/editor"
        printf 'y\n' | EDITOR=$SCRATCH/editor script -qec "nbox edit --drop-in=20-b $GUEST" /dev/null >"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'Edit it again'
        same "hostname" "$(run_hostname)" good
        printf '[Exec]\nHostname=early\n' | nbox edit --stdin nobody-yet 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "No image is called 'nobody-yet' yet"
        rm -r "/etc/nbox/$GUEST.conf" "/etc/nbox/$GUEST.conf.d" /etc/nbox/nobody-yet.conf
        same "what is left" "$(find /etc/nbox /run/nbox -name '.#*')" ''
}

test_two_editors_at_once() {
        mkfifo "$SCRATCH/fifo"
        nbox edit --stdin "$GUEST" <"$SCRATCH/fifo" 2>/dev/null &
        exec 9>"$SCRATCH/fifo"
        until [ -e "/run/nbox/edit/$GUEST" ]; do sleep 0.05; done
        refused nbox edit --stdin "$GUEST" <<<'[Exec]'
        has "$REFUSAL" 'Somebody else is editing'
        echo '# nothing' >&9
        exec 9>&-
        wait $!
        [ ! -e "/etc/nbox/$GUEST.conf" ] || fail "a file that says nothing was written"
}
