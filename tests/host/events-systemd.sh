# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# `nbox events` and `nbox wait` beside systemd: services, machines of others', and what a guest's systemd says of itself.

. "$(dirname "${BASH_SOURCE[0]}")/events-words.sh"

test_a_machine_of_systemd_nspawn() {
        tree_with theirs
        listen -- theirs
        nbox wait theirs &
        systemd-run -q --unit=of-nspawn -p Delegate=yes -p KillMode=mixed -p SuccessExitStatus=133 \
                systemd-nspawn -q -D "$MACHINES/theirs" -M theirs --keep-unit --link-journal=no --console=read-only /bin/busybox sleep 1000
        heard 'machine theirs  ready'
        wait $!
        nbox wait --for=stopped theirs &
        machinectl terminate theirs
        heard 'machine theirs  stopped'
        wait $!
        hush
        wait_until 10 is_dead of-nspawn
        systemctl reset-failed of-nspawn 2>/dev/null || [ $? = 1 ]
        rm -rf "${MACHINES:?}/theirs"
        rm -f /run/systemd/nspawn/locks/inode-* "$MACHINES/.#theirs.lck" # it leaves them
}

was_ready_twice() { [ "$(words_about "$GUEST" | grep -o ready | wc -l)" = 2 ]; }

test_a_service() {
        listen -- "$GUEST"
        nbox wait --timeout=120 "$GUEST" &
        nbox start "$GUEST"
        wait $!
        nbox wait --for=stopped --timeout=120 "$GUEST" &
        nbox reboot --wait "$GUEST"
        wait_until 20 was_ready_twice
        kill -0 $! || fail "a reboot ended the wait"
        nbox stop "$GUEST"
        wait $!
        heard '  stopped  '
        # Its supervisor, killed: systemd ends the rest.
        nbox start "$GUEST"
        kill -9 "$(property "$GUEST" Supervisor)"
        heard 'stopped  reason=(lost|unknown)'
        wait_until 10 is_gone "$GUEST"
        hush
        same "its events" "$(words_about "$GUEST" | sed 's/ stopping//g')" \
                'starting booting ready rebooting starting booting ready stopped starting booting ready stopped'
        systemctl reset-failed "nbox@$GUEST" 2>/dev/null || [ $? = 1 ]
}

test_what_a_guests_systemd_says() {
        boot "$GUEST"
        # It begins to be well when all has been started.
        status_is 0 nbox wait --for=healthy --timeout=120 "$GUEST" 2>"$SCRATCH/said" || fail "$(cat "$SCRATCH/said")"
        same "its own word" "$(nbox exec "$GUEST" systemctl is-system-running)" running
        nbox exec "$GUEST" systemd-run --quiet --unit=broken --wait /bin/false || [ $? = 1 ]
        status_is 1 nbox wait --for=healthy --timeout=120 "$GUEST" 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "ready, but not healthy: its init says 'degraded'"
        nbox poweroff --wait "$GUEST"
}
