# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Credentials from the host's systemd to the services of a guest's.

# A service inside that is given its own copy of one, and says what it has read.
guest_with_service() {
        cp -aT "$MACHINES/$GUEST" "$MACHINES/vault"
        cat >"$MACHINES/vault/etc/systemd/system/reader.service" <<'END'
[Service]
Type=oneshot
LoadCredential=db
ExecStart=/bin/sh -c 'cat "$${CREDENTIALS_DIRECTORY}/db" >/run/read'
RemainAfterExit=yes
[Install]
WantedBy=multi-user.target
END
        mkdir -p "$MACHINES/vault/etc/systemd/system/multi-user.target.wants"
        ln -s ../reader.service "$MACHINES/vault/etc/systemd/system/multi-user.target.wants/"
}

reader_has() { [ "$(nbox exec vault cat /run/read)" = "$1" ]; }

test_a_unit_hands_its_credentials_on() {
        local at
        guest_with_service
        at=$(realpath "$SCRATCH") # systemd takes no ".."
        mkdir -p /etc/nbox /etc/systemd/system/nbox@vault.service.d
        echo 'of the unit' >"$SCRATCH/plain"
        echo 'of the unit, encrypted' | systemd-creds --name=enc encrypt - "$SCRATCH/encrypted"
        printf '[Service]\nLoadCredential=db:%s\nLoadCredentialEncrypted=enc:%s\n' "$at/plain" "$at/encrypted" \
                >/etc/systemd/system/nbox@vault.service.d/credentials.conf
        printf '[Exec]\nLoadCredential=db:db\nLoadCredential=enc:enc\n' >/etc/nbox/vault.conf
        systemctl daemon-reload
        systemctl start nbox@vault || { journalctl -u nbox@vault --no-pager >&2; false; }
        wait_until 20 reader_has 'of the unit'
        same "the encrypted one" "$(nbox exec vault cat /run/host/credentials/enc)" 'of the unit, encrypted'
        timeout "$((60 * PATIENCE))" nbox reboot --wait vault
        wait_until 20 reader_has 'of the unit'
        systemctl stop nbox@vault
        rm -r /etc/systemd/system/nbox@vault.service.d /etc/nbox/vault.conf
        systemctl daemon-reload
        remove_tree vault
}

test_encrypted_ones_are_decrypted_by_the_host() {
        local text
        text=$(echo hush | systemd-creds --name=a encrypt - -)
        same "set" "$(nbox run --network=none --set-credential-encrypted=a:"$(tr -d '\n' <<<"$text")" "$GUEST" cat /run/host/credentials/a)" hush
        echo "$text" >"$SCRATCH/encrypted"
        same "loaded" "$(nbox run --network=none --load-credential-encrypted=a:"$SCRATCH/encrypted" "$GUEST" cat /run/host/credentials/a)" hush
        # Under another name it is none: who could rename it could else pass one secret for another.
        refused nbox run --network=none --load-credential-encrypted=b:"$SCRATCH/encrypted" "$GUEST" true
        has "$REFUSAL" "Cannot decrypt the credential 'b'"
        refused nbox run --network=none --set-credential-encrypted=a:bm9uZQ== "$GUEST" true
        refused /usr/bin/env -i PATH=/nonexistent "$(command -v nbox)" run --network=none --load-credential-encrypted=a:"$SCRATCH/encrypted" "$GUEST" true
        has "$REFUSAL" 'has no systemd-creds'
}
