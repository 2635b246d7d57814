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
