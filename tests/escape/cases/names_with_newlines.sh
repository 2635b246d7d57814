# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# What is written down of a machine is lines: a newline in any field of it would make another.
WHAT='CVE-2026-23953: newlines and control bytes in names and values put lines into what others read'
RIVALS=

play() {
        local nl=$'\nInjected=yes\n' option found='' name
        for option in --setenv="A=x$nl" --hostname="a$nl" --bind="/srv:/mnt$nl" --slice="a$nl" --property="Description=x$nl" --tmpfs="/mnt$nl" \
                --bind-ro="$PREY/a$nl:/mnt" --network-zone="a$nl" --port="8080:80$nl" --machine="a$nl" --machine=$'a\033[2J' --machine=../escape \
                --machine=. --machine=-x --ready="file:/x$nl" --timezone="a$nl" --init="/sbin/init$nl"; do
                if timeout "$((20 * PATIENCE))" nbox boot -d "$option" "$NAME" >/dev/null 2>&1 </dev/null; then
                        ! grep -rqs '^Injected=' /run/nbox /run/systemd/system /run/systemd/transient /run/systemd/nspawn || found="$found ${option%%=*}"
                        ! nbox show "$NAME" | grep -q '^Injected=' || found="$found show:${option%%=*}"
                        for name in /run/nbox/machines/*; do timeout "$((20 * PATIENCE))" nbox terminate "${name##*/}" >/dev/null 2>&1 || true; done
                        wait_until 5 eval '[ -z "$(ls /run/nbox/machines)" ]'
                fi
                [ ! -e /run/nbox/escape ] && [ ! -e "/run/nbox/machines/-x" ] || found="$found ${option}"
        done
        if [ -n "$found" ]; then works "by$found"; else blocked "refused, or written so that it is one line"; fi
}

# The same text, pasted into a settings file by who does not look.
control() {
        RUNNER=nbox
        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=%s\n' $'a\nPrivateUsers=no' >"/etc/nbox/$NAME.conf"
        machine_start || true
        if grep -q '^ *0 *0 ' "/proc/$(machine_leader)/uid_map"; then works "PrivateUsers=no was read out of a host name"; else blocked "by the control"; fi
        machine_stop
        rm -rf /etc/nbox
}
