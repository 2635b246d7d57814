# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# nbox as a package, from its installation to its purge, on a host that has machines to lose. /job has it in two versions,
# 1.0 and 1.1. One story, so one test.

quietly() { "$@" >"$SCRATCH/said" 2>&1 || fail "$*: $(cat "$SCRATCH/said")"; }
install_version() { quietly dpkg -i "/job/nbox_$1_$(dpkg --print-architecture).deb"; }

# Whatever bears the name, but for the job's own and what dpkg writes down.
files_of_nbox() { find / -xdev \( -path /job -o -path /proc -o -path /sys -o -path /var/lib/dpkg \) -prune -o -name '*nbox*' -print | sort; }

leader() { nbox show -p Leader --value "$GUEST"; }
supervisor() { systemctl show -p MainPID --value "nbox@$GUEST"; }

test_life_of_the_package() {
        local before leader supervisor
        before=$(files_of_nbox)
        # Without lists of packages to fetch from, what it depends on must be there; it is on this host.
        install_version 1.0
        same "mode of the records" "$(stat -c %a /run/nbox/machines)" 755
        same "mode of the trees" "$(stat -c %a /var/lib/machines)" 700
        same "state of the unit" "$(systemctl is-enabled "nbox@$GUEST" || true)" disabled
        systemctl --quiet is-active systemd-udevd
        udevadm test /sys/class/net/lo 2>&1 | grep -q 10-nbox.rules

        # A machine that runs, starts with the host, and has settings.
        printf '[Exec]\nHostname=kept\n' >"/etc/nbox/$GUEST.conf"
        forget_marks "$GUEST"
        nbox enable "$GUEST" 2>/dev/null
        nbox start "$GUEST"
        leader=$(leader) supervisor=$(supervisor)

        # An upgrade passes it by.
        install_version 1.1
        same "leader" "$(leader)" "$leader"
        same "supervisor" "$(supervisor)" "$supervisor"
        same "orderly ends" "$(marks "$GUEST" down)" 0
        same "its host name" "$(nbox exec "$GUEST" hostname)" kept
        same "mode of the records" "$(stat -c %a /run/nbox/machines)" 755
        # And the same version once more, as `apt install --reinstall` has it; with it the machine reboots.
        install_version 1.1
        same "leader" "$(leader)" "$leader"
        nbox reboot --wait "$GUEST"
        [ "$(leader)" != "$leader" ] || fail "not rebooted"

        # A removal is refused as long as it runs, and harms nothing.
        leader=$(leader)
        status_is 1 dpkg -r nbox >"$SCRATCH/said" 2>&1
        has "$(cat "$SCRATCH/said")" "machines are running: $GUEST"
        has "$(cat "$SCRATCH/said")" "nbox poweroff --wait $GUEST"
        same "leader" "$(leader)" "$leader"
        same "state of the package" "$(dpkg-query -W -f '${db:Status-Status}' nbox)" installed

        nbox poweroff --wait "$GUEST"
        quietly dpkg -r nbox
        [ ! -e /usr/bin/nbox ] || fail "the program is still there"
        status_is 1 systemctl cat "nbox@$GUEST" >/dev/null 2>&1
        [ -e "/etc/nbox/$GUEST.conf" ] || fail "a removal takes settings away"
        [ -e "$MACHINES/$GUEST/bin/busybox" ] || fail "a removal takes trees away"

        # Back again, and what was enabled is.
        install_version 1.1
        same "state of the unit" "$(systemctl is-enabled "nbox@$GUEST")" enabled

        quietly dpkg -P nbox
        same "what is left" "$(files_of_nbox)" "$before"
        [ -e "$MACHINES/$GUEST/bin/busybox" ] || fail "a purge takes trees away"
}
