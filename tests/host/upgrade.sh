# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Machines that outlive the nbox that started them. /job/old and /job/new are the installed files of an earlier commit (see
# trees/nbox-old) and of what is tested; a package's upgrade puts the one over the other and has systemd read its units anew.

leader_of() { property "$1" Leader; }

# install_nbox old|new
install_nbox() {
        tar -C "/job/$1" -cf - . | tar -C / --keep-directory-symlink --no-same-owner -xf -
        systemctl daemon-reload
        cmp -s "/job/$1/usr/bin/nbox" /usr/bin/nbox || fail "$1 is not installed"
}

# started_by old|new NAME: which program the supervisor of a machine runs.
started_by() {
        cmp -s "/proc/$(property "$2" Supervisor)/exe" "/job/$1/usr/bin/nbox" || fail "$2 is not supervised by the $1 nbox"
}

# Three machines of the old nbox: as a unit, in the background, on a terminal.
three_machines() {
        local name
        for name in unit back term; do tree_with "$name"; done
        nbox start unit
        boot back
        nbox boot --console=passive term >"$SCRATCH/term" 2>&1 </dev/null &
        TERMINAL=$!
        for name in unit back term; do
                wait_until 20 marked "$name" up 1
                wait_until 10 is_state "$name" running
        done
}

three_end() {
        local name
        for name in unit back term; do remove_tree "$name"; done
}

test_a_newer_nbox_with_older_machines() {
        local name leader
        install_nbox old
        three_machines
        leader="$(leader_of unit) $(leader_of back) $(leader_of term)"
        install_nbox new
        same "leaders" "$(leader_of unit) $(leader_of back) $(leader_of term)" "$leader"
        nbox gc
        for name in unit back term; do
                started_by old "$name"
                is_listed "$name"
                has "$(nbox list)" "^$name .* busybox +running"
                has "$(nbox status "$name")" "State: running"
                same "status in JSON" "$(nbox status --json "$name" | jq -r .State)" running
                has "$(nbox show "$name")" "^Leader=[1-9]"
                same "exec" "$(echo in | nbox exec "$name" cat)" in
                same "shell" "$(nbox shell "$name" sh -c 'echo inside' </dev/null)" inside
                log_in "$name"
                timeout "$((20 * PATIENCE))" nbox console "$name" </dev/null >"$SCRATCH/console"
                has "$(cat "$SCRATCH/console")" "login:"
        done
        # They have IPv4 alone, and so has their zone.
        has "$(nbox zone show default)" '^back +[0-9.]+ +- +running'
        # What its next life needs of the host is there; a unit's is the new one's, and so is its supervisor.
        for name in unit back term; do
                timeout "$((30 * PATIENCE))" nbox reboot --wait "$name"
                wait_until 10 marked "$name" up 2
                same "shutdowns of $name" "$(marks "$name" down)" 1
        done
        started_by new unit
        started_by new back
        started_by old term
        has "$(ip -6 -o address show dev nbox0 scope global)" ' inet6 fd'
        for name in unit back; do has "$(nbox exec "$name" /bin/busybox ip -6 -o address show dev host0 scope global)" ' inet6 fd'; done
        nbox exec unit /bin/busybox ping6 -q -c 1 -W 2 back >/dev/null
        timeout "$((30 * PATIENCE))" nbox reboot --wait unit
        same "reboots that the new one counts" "$(property unit Reboots)" 1
        for name in unit back term; do poweroff "$name"; done
        wait "$TERMINAL"
        wait_until 10 is_dead nbox@unit
        # The last to end was supervised by the old one, which knows nothing of what the new one had for the others.
        nbox gc
        three_end
}

test_a_newer_nbox_stops_older_machines() {
        local name
        install_nbox old
        three_machines
        install_nbox new
        timeout "$((15 * PATIENCE))" nbox poweroff --wait term
        wait "$TERMINAL"
        timeout "$((15 * PATIENCE))" nbox stop unit
        timeout "$((15 * PATIENCE))" nbox terminate --wait back
        for name in unit back term; do is_gone "$name"; done
        same "shutdowns" "$(marks unit down) $(marks term down)" "1 1"
        three_end
}

test_a_newer_nbox_sweeps_an_older_one() {
        install_nbox old
        tree_with web
        nbox boot --console=passive web >"$SCRATCH/foreground" 2>&1 </dev/null &
        wait_until 20 marked web up 1
        install_nbox new
        kill -9 "$(property web Supervisor)"
        status_is 137 wait $!
        nbox gc
        is_gone web
        remove_tree web
}

test_an_older_nbox_with_newer_machines() {
        local name
        install_nbox new
        three_machines
        install_nbox old
        for name in unit back term; do
                is_listed "$name"
                has "$(nbox list)" "^$name .* busybox +running"
                same "exec" "$(nbox exec "$name" echo in)" in
        done
        timeout "$((30 * PATIENCE))" nbox reboot --wait unit
        started_by old unit
        for name in unit back term; do poweroff "$name"; done
        wait "$TERMINAL"
        wait_until 10 is_dead nbox@unit
        install_nbox new
        nbox gc
        three_end
}

# What a later version's record would be, as far as it can be known now.
test_a_record_of_a_later_version() {
        local record=/run/nbox/machines/web/record
        tree_with web
        boot web
        cp "$record" "$SCRATCH/record"
        { echo Version=99; sed -n '/^\(Name\|Id\|BootId\|Mode\|State\|Supervisor\|Leader\|LeaderStart\|StartedUSec\)=/p' "$SCRATCH/record"
          printf 'ControlGroup={"v2": 1}\nUIDBase=many\n'; } >"$record"
        has "$(nbox list)" "^web .* busybox +running"
        has "$(nbox status web)" "of a newer nbox"
        same "exec" "$(nbox exec web echo in)" in
        nbox gc
        is_listed web
        poweroff web
        remove_tree web
}
