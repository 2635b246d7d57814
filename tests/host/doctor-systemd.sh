# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# `nbox doctor` on a host with systemd: units that are masked, overridden or limited, and who is missing.

. "$(dirname "${BASH_SOURCE[0]}")/doctor-words.sh"

test_doctor_masked_machined() {
        systemctl mask systemd-machined.service
        cured takes machined 'systemd-machined.service is masked'
        systemctl start systemd-machined.service
}

test_doctor_units() {
        systemctl mask 'nbox@.service'
        cured takes units 'nbox@.service is masked'
        cp "$(find /usr/lib/systemd/system /lib/systemd/system -name 'nbox-zone@.service' | head -n 1)" /etc/systemd/system/
        cured advice units-own 'nbox-zone@.service is there in place'
        mkdir -p '/etc/systemd/system/nbox@web.service.d'
        printf '[Service]\nTimeoutStartSec=90\nNice=5\n' >'/etc/systemd/system/nbox@web.service.d/slow.conf'
        cured takes time-outs 'slow.conf limits how long'
        same "what is left of it" "$(cat '/etc/systemd/system/nbox@web.service.d/slow.conf')" "$(printf '[Service]\nNice=5')"
        rm -r '/etc/systemd/system/nbox@web.service.d'
        systemctl daemon-reload
}

test_doctor_masked_rules() {
        local text
        # Only where udev runs do its rules matter.
        [ -e /run/udev/control ] || { mkdir -p /run/udev && : >/run/udev/control && text=made; }
        ln -s /dev/null /etc/udev/rules.d/10-nbox.rules
        ails takes rules 'rules.d/10-nbox.rules has been put in the place'
        has "$(jq -r .command <<<"$FINDING")" '^rm /etc/udev/rules.d/10-nbox.rules && udevadm control --reload$'
        rm /etc/udev/rules.d/10-nbox.rules
        ails_no rules .
        [ "${text-}" != made ] || rm -r /run/udev
}

test_doctor_bus() {
        same "what stops machines" "$({ nbox doctor --json || [ $? = 1 ]; } | jq -c '[.findings[] | select(.severity == "stops")]')" '[]'
        has_not "$(nbox doctor)" '\[systemd\]'
}
