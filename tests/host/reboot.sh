# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A machine's lives: what a reboot keeps, what is read anew, what happens in between, and that a hundred of them leave nothing.
# For a host with systemd.

mac_of() { nbox exec "$1" /bin/busybox cat /sys/class/net/host0/address; }
registered() { machinectl list --no-legend | awk -v name="$1" '$1 == name' | grep -c ''; }
is_unregistered() { [ "$(registered "$1")" = 0 ]; }

# What a reboot must not change: address, MAC, the range of user ids, slice; that machined has it once; and the machine's id,
# where the guest has written one down.
identity() {
        local id=none
        if nbox exec "$1" /bin/busybox test -s /etc/machine-id; then id=$(nbox exec "$1" /bin/busybox cat /etc/machine-id); fi
        echo "$(address_of "$1") $(mac_of "$1") $(property "$1" UIDBase) $(unit_of "machine-$1.scope" Slice) $(registered "$1") $id"
}

# reboot_web HOW...: by this command, and until it is up again.
reboot_web() {
        local ups
        ups=$(marks web up)
        "$@"
        wait_until 20 marked web up $((ups + 1))
        wait_until 10 is_state web running
}

# asks_itself COMMAND...: the reboot ends the command that asks for it, too.
asks_itself() {
        if nbox exec web sh -c "$* >/dev/null 2>&1; sleep 60"; then fail "not ended by its reboot: $*"; fi
}

each_way_reboots() {
        local before
        wait_until 20 marked web up 1
        before=$(identity web)
        reboot_web nbox reboot web
        same "after nbox reboot" "$(identity web)" "$before"
        reboot_web nbox reboot --wait web
        same "after nbox reboot --wait" "$(identity web)" "$before"
        reboot_web asks_itself reboot
        same "after its own reboot" "$(identity web)" "$before"
        reboot_web asks_itself reboot -f
        same "after reboot -f" "$(identity web)" "$before"
        if [ "$GUEST" = debian ]; then
                reboot_web machinectl reboot web
                same "after machinectl reboot" "$(identity web)" "$before"
        fi
}

guest_named_web() { cp -aT "$MACHINES/$GUEST" "$MACHINES/web" && forget_marks web; }

test_each_way_in_the_unit() {
        guest_named_web
        systemctl start nbox@web
        each_way_reboots
        is_active nbox@web
        systemctl stop nbox@web
        remove_tree web
}

test_each_way_of_boot_d() {
        guest_named_web
        boot web
        each_way_reboots
        is_active nbox-boot-web
        poweroff web
        remove_tree web
}

# in_foreground NAME: as from a terminal, by a supervisor that is no service; its pid in $FOREGROUND.
in_foreground() {
        nbox boot --console=passive "$1" >"$SCRATCH/foreground" 2>&1 </dev/null &
        FOREGROUND=$!
        wait_until 20 is_listed "$1"
}

test_each_way_in_the_foreground() {
        guest_named_web
        in_foreground web
        each_way_reboots
        same "its supervisor" "$(property web Supervisor)" "$FOREGROUND"
        poweroff web
        wait "$FOREGROUND"
        remove_tree web
}

# --- what is read anew ----------------------------------------------------------------------------------------------

test_settings_are_read_anew() {
        tree_with web
        mkdir -p /etc/nbox /srv/outside
        echo old >/srv/outside/file
        printf '[Network]\nPort=8080:80\n' >/etc/nbox/web.conf
        systemctl start nbox@web
        wait_until 20 marked web up 1
        same "ports" "$(property web Port)" tcp:8080:80
        printf '[Network]\nPort=8081:81\n[Files]\nBindReadOnly=/srv/outside:/mnt\n' >/etc/nbox/web.conf
        reboot_web nbox reboot --wait web
        same "ports" "$(property web Port)" tcp:8081:81
        same "a new bind" "$(nbox exec web /bin/busybox cat /mnt/file)" old
        iptables-legacy-save | grep -q 8081
        if iptables-legacy-save | grep -q 8080; then fail "the old port is still published"; fi
        systemctl stop nbox@web
        rm -r /etc/nbox /srv/outside
        remove_tree web
}

# Ports that came and went by hand are on top of what the file says by then, in a process of nbox's that is another; and over with
# the service.
test_ports_by_hand_outlive_a_reboot() {
        tree_with web
        mkdir -p /etc/nbox
        printf '[Network]\nPort=8080:80\nPort=8081:80\n' >/etc/nbox/web.conf
        systemctl start nbox@web
        wait_until 20 marked web up 1
        nbox port add web 8082:80 8083:80
        nbox port remove web 8081
        same "ports" "$(property web Port)" 'tcp:8080:80 tcp:8082:80 tcp:8083:80'
        printf '[Network]\nPort=8081:80\nPort=8083:81\nPort=8084:80\n' >/etc/nbox/web.conf
        reboot_web nbox reboot --wait web
        same "ports in the next life" "$(property web Port)" 'tcp:8083:81 tcp:8084:80 tcp:8082:80'
        has "$(journalctl -q -u nbox@web --no-pager)" 'added by hand is not published any more'
        iptables-legacy-save | grep -q 8082
        if iptables-legacy-save | grep -q 8081; then fail "what was removed by hand is published"; fi
        systemctl stop nbox@web
        systemctl start nbox@web
        wait_until 20 is_state web running
        same "ports after a stop" "$(property web Port)" 'tcp:8081:80 tcp:8083:81 tcp:8084:80'
        systemctl stop nbox@web
        rm -r /etc/nbox
        remove_tree web
}

# A file that cannot be read ends the machine: it would else run as what nobody asked for. It is said where one looks.
test_broken_settings_end_it() {
        local said
        tree_with web
        systemctl start nbox@web
        wait_until 20 marked web up 1
        mkdir -p /etc/nbox
        printf '[Network]\nPort=eighty\n' >/etc/nbox/web.conf
        said=$(status_is 1 timeout "$((30 * PATIENCE))" nbox reboot --wait web 2>&1)
        has "$said" "has ended, and does not run again"
        same "result" "$(unit_of nbox@web Result)" exit-code
        has "$(journalctl -q -u nbox@web -n 20 --no-pager)" "web.conf.*eighty"
        is_gone web
        systemctl reset-failed nbox@web
        rm /etc/nbox/web.conf
        # The same from a terminal.
        in_foreground web
        wait_until 20 marked web up 2
        printf '[Network]\nPort=eighty\n' >/etc/nbox/web.conf
        status_is 1 timeout "$((30 * PATIENCE))" nbox reboot --wait web 2>/dev/null
        status_is 125 wait "$FOREGROUND"
        has "$(cat "$SCRATCH/foreground")" "web.conf.*eighty"
        rm -r /etc/nbox
        remove_tree web
}

# --- between two lives ----------------------------------------------------------------------------------------------

# It reboots as soon as it has started, until /stay is there.
looping_tree() {
        tree_with web
        printf '#!/bin/sh\n/sbin/mark up\n[ -e /stay ] || reboot -f\n' >"$MACHINES/web/etc/init.d/rcS"
}

is_slowed() { [ "$(property "$1" NextStartUSec)" -gt 0 ]; }
journal_says() { journalctl -q -u "nbox@$1" --no-pager | grep -Eq "$2"; }

test_a_reboot_loop_is_said_and_slowed() {
        local n
        looping_tree
        systemctl start --no-block nbox@web
        wait_until 30 is_slowed web
        wait_until 5 journal_says web "reboots in a loop: [5-9] times"
        has "$(nbox status web)" "in a loop: [5-9] times"
        [ "$(nbox list --json | jq '.[0].quick_reboots')" -ge 5 ]
        # In the next seconds it may start two or three times, not fifty.
        n=$(marks web up)
        sleep 4
        [ "$(marks web up)" -le $((n + 3)) ] || fail "$(($(marks web up) - n)) starts in 4 s"
        # Who wants to go in is told, and need not wait for ever; and what is mended is given its chance.
        : >"$MACHINES/web/stay"
        wait_until 30 is_state web running
        timeout "$((30 * PATIENCE))" nbox exec web true
        systemctl stop nbox@web
        # Another start counts anew.
        rm "$MACHINES/web/stay"
        forget_marks web
        systemctl start --no-block nbox@web
        wait_until 20 is_slowed web
        timeout "$((5 * PATIENCE))" nbox poweroff --wait web
        is_gone web
        wait_until 5 test ! -e /run/nbox/machines/web
        if is_active nbox@web; then fail "the service goes on"; fi
        systemctl reset-failed
        remove_tree web
}

test_the_pause_ends_with_the_service() {
        looping_tree
        systemctl start --no-block nbox@web
        wait_until 20 is_slowed web
        timeout "$((5 * PATIENCE))" systemctl stop nbox@web
        is_gone web
        same "result" "$(unit_of nbox@web Result)" success
        # In the foreground, by the terminal's ^C.
        forget_marks web
        in_foreground web
        wait_until 20 is_slowed web
        has "$(cat "$SCRATCH/foreground")" "reboots in a loop: [5-9] times"
        kill -INT "$FOREGROUND"
        status_is 0 timeout "$((5 * PATIENCE))" tail --pid="$FOREGROUND" -f /dev/null
        status_is 0 wait "$FOREGROUND"
        is_gone web
        remove_tree web
}

# A life that lasts, and reboots that were asked for from outside, are no loop.
test_no_loop_where_reboots_are_asked_for() {
        tree_with web
        systemctl start nbox@web
        for _ in 1 2 3 4 5 6 7; do timeout "$((20 * PATIENCE))" nbox reboot --wait web; done
        same "quick reboots" "$(property web QuickReboots)" 0
        same "reboots" "$(property web Reboots)" 7
        has_not "$(nbox status web)" "in a loop"
        systemctl stop nbox@web
        remove_tree web
}

# Whatever moment it comes in: the machine is down afterwards.
test_poweroff_wins_over_a_reboot() {
        local pause
        tree_with web
        for pause in 0 0.02 0.05 0.1 0.2 0.5; do
                forget_marks web
                systemctl start nbox@web
                asks_itself reboot -f
                sleep "$pause"
                timeout "$((20 * PATIENCE))" nbox poweroff --wait web
                sleep 0.3
                is_gone web
                wait_until 5 is_state_of_unit nbox@web inactive failed
                systemctl reset-failed
                same "after a pause of $pause, boots" "$(($(marks web up) <= 2))" 1
        done
        remove_tree web
}

is_state_of_unit() { grep -qx "$2\|$3" <<<"$(unit_of "$1" ActiveState)"; }

test_verbs_wait_for_the_next_life() {
        local ups
        tree_with web
        systemctl start nbox@web
        for _ in 1 2 3 4 5; do
                ups=$(nbox show --value -p Reboots web)
                asks_itself reboot -f
                same "the life that answers" "$(nbox exec web sh -c 'echo inside')" inside
                same "reboots" "$(property web Reboots)" $((ups + 1))
                nbox status web >"$SCRATCH/status"
        done
        systemctl stop nbox@web
        remove_tree web
}

# All the while that it reboots, another start of that name is refused, and list shows it.
name_is_taken() {
        local seen
        while [ "$(property web Reboots)" -lt "$1" ]; do
                if seen=$(nbox boot --machine=web --console=pipe --network=none "$MACHINES/.busybox" 2>&1 </dev/null); then
                        fail "another web could be started"
                fi
                has "$seen" "already running|in use"
                nbox list -q | grep -qx web || fail "not listed: $(nbox list)"
        done
}

# reboots_often N: asked for from outside, so that they are no loop; and quick.
reboots_often() {
        for _ in $(seq "$1"); do
                reboots_by nbox reboot web
                reboots_by asks_itself reboot -f
        done
}

# One that is asked while it ends anyway does not count.
reboots_by() {
        local before
        before=$(property web Reboots)
        "$@"
        wait_until 20 is_in_next_life "$before"
}

is_in_next_life() { [ "$(property web Reboots)" -gt "$1" ] && is_state web running; }

test_the_name_is_never_free() {
        tree_with web
        systemctl start nbox@web
        reboots_often 5 &
        name_is_taken 4
        wait $!
        wait_until 20 is_state web running
        systemctl stop nbox@web
        # And in the foreground.
        in_foreground web
        wait_until 20 is_state web running
        reboots_often 5 &
        name_is_taken 4
        wait $!
        wait_until 20 is_state web running
        terminate web
        status_is 137 wait "$FOREGROUND"
        remove_tree web
}

# --- while it starts ------------------------------------------------------------------------------------------------

# machined is stopped, as by a debugger: nothing answers a registration.
machined_hangs() { systemctl start systemd-machined && systemctl kill -s STOP systemd-machined; }
machined_goes_on() { systemctl kill -s CONT systemd-machined && machinectl list >/dev/null; }

start_that_hangs() {
        nbox boot --console=passive web >"$SCRATCH/foreground" 2>&1 </dev/null &
        FOREGROUND=$!
        wait_until 10 is_state web starting
        sleep 0.5
}

test_a_start_that_hangs_can_be_left() {
        tree_with web
        machined_hangs
        start_that_hangs
        kill -INT "$FOREGROUND"
        status_is 0 timeout "$((3 * PATIENCE))" tail --pid="$FOREGROUND" -f /dev/null
        status_is 0 wait "$FOREGROUND"
        start_that_hangs
        timeout "$((3 * PATIENCE))" nbox poweroff --wait web
        status_is 0 wait "$FOREGROUND"
        start_that_hangs
        timeout "$((3 * PATIENCE))" nbox terminate --wait web
        status_is 137 wait "$FOREGROUND"
        # As a service.
        systemctl start --no-block nbox@web
        wait_until 10 is_state web starting
        timeout "$((5 * PATIENCE))" systemctl stop nbox@web
        systemctl reset-failed
        machined_goes_on
        is_gone web
        same "machined's list" "$(registered web)" 0
        # Nothing stands in the way of another start.
        boot web
        poweroff web
        remove_tree web
}

test_an_end_while_machined_hangs() {
        tree_with web
        boot web
        machined_hangs
        timeout "$((25 * SLOW))" nbox poweroff --wait web
        is_gone web
        wait_until 5 is_dead machine-web.scope
        machined_goes_on
        wait_until 5 is_unregistered web
        remove_tree web
}

# At any moment of a start, by the unit's own stop; and a start after it comes up, though machined keeps the name of a scope that it
# could not start.
test_a_start_that_is_stopped_at_once() {
        local pause
        tree_with web
        for pause in 0.001 0.003 0.005 0.01 0.01 0.02 0.03 0.05 0.07 0.09 0.12 0.15 0.2; do
                systemctl start --no-block nbox@web
                sleep "$pause"
                timeout "$((10 * PATIENCE))" systemctl stop nbox@web
                same "result after $pause s" "$(unit_of nbox@web Result)" success
                is_gone web
        done
        forget_marks web
        timeout "$((25 * PATIENCE))" systemctl start nbox@web
        wait_until 10 marked web up 1
        same "machined's list" "$(registered web)" 1
        systemctl stop nbox@web
        wait_until 5 is_gone web
        wait_until 5 scope_is_forgotten web
        remove_tree web
}

scope_is_forgotten() { ! systemctl list-units --all --no-legend "machine-$1.scope" | grep -q .; }

# --- a hundred of them ----------------------------------------------------------------------------------------------

# counts NAME: everything that a reboot could leave a little of; the same in each life. Of files and processes how many there are,
# of the supervisor and machined how many descriptors they hold.
counts() {
        local pid
        for pid in 1 "$(pidof systemd-machined)" "$(property "$1" Supervisor)"; do
                echo "descriptors of $(cat "/proc/$pid/comm"): $(find "/proc/$pid/fd" -mindepth 1 | wc -l)"
        done
        echo "units: $(systemctl list-units --all --no-legend --plain | grep -vc '^job.service\|^dev-\|^sys-\|user@\|user-\|session-')"
        echo "mounts: $(grep -c '' /proc/self/mountinfo), of the supervisor: $(grep -c '' "/proc/$(property "$1" Supervisor)/mountinfo")"
        echo "links: $(ip -o link | grep -c ''), namespaces of them: $(ip netns list | grep -c '')"
        echo "rules: $(iptables-legacy-save | grep -c '^-A')"
        echo "control groups: $(find "$(cgroup2_root)" -type d -path '*machine*' | grep -c ''), all: $(find "$(cgroup2_root)" -type d | grep -c '')"
        echo "files of nbox: $(find /run/nbox /var/lib/nbox | grep -c '')"
        echo "machines of machined: $(registered "$1")"
}

# Anonymous memory, in kB.
memory_of() { awk '/^RssAnon:/ { print $2 }' "/proc/$1/status"; }

hundred_reboots() {
        local before n=100 first=10
        [ "$GUEST" = busybox ] || n=15 first=2
        wait_until 20 marked web up 1
        # The first lives make what stays: the zone's file, what is loaded on demand.
        for _ in $(seq "$first"); do timeout "$((30 * PATIENCE))" nbox reboot --wait web; done
        before=$(identity web)
        wait_until 10 is_active nbox-zone@default.service # it comes with each life, a little later
        counts web >"$SCRATCH/first"
        memory_of "$(property web Supervisor)" >"$SCRATCH/memory"
        for _ in $(seq "$n"); do timeout "$((30 * PATIENCE))" nbox reboot --wait web; done
        same "after $n reboots" "$(identity web)" "$before"
        same "reboots" "$(property web Reboots)" $((n + first))
        wait_until 10 counts_are_as_in "$SCRATCH/first"
        # Not a page a life: what is left of 100 lives is at most what malloc keeps.
        [ "$(memory_of "$(property web Supervisor)")" -le $(($(cat "$SCRATCH/memory") + 300)) ] ||
                fail "memory: $(cat "$SCRATCH/memory") kB, then $(memory_of "$(property web Supervisor)") kB"
}

counts_are_as_in() {
        counts web >"$SCRATCH/now"
        cmp -s "$1" "$SCRATCH/now" || { diff "$1" "$SCRATCH/now" >&3; false; }
}

# An init whose shutdown takes no time: busybox's own waits two seconds for whoever heeds no SIGTERM.
quick_guest() {
        guest_named_web
        if [ "$GUEST" = busybox ]; then
                rm "$MACHINES/web/sbin/init"
                cat >"$MACHINES/web/sbin/init" <<'SCRIPT'
#!/bin/sh
trap 'reboot -f' TERM
trap 'poweroff -f' USR2
mark up
while :; do sleep 1000 & wait; done
SCRIPT
                chmod 755 "$MACHINES/web/sbin/init"
                mkdir -p /etc/nbox
                printf '[Boot]\nInit=busybox\n' >/etc/nbox/web.conf
        fi
}

test_a_hundred_in_the_unit() {
        quick_guest
        systemctl start nbox@web
        hundred_reboots
        systemctl stop nbox@web
        rm -rf /etc/nbox
        remove_tree web
}

test_a_hundred_in_the_foreground() {
        quick_guest
        in_foreground web
        hundred_reboots
        poweroff web
        wait "$FOREGROUND"
        rm -rf /etc/nbox
        remove_tree web
}

# --- who looks at it ------------------------------------------------------------------------------------------------

test_the_console_goes_on_in_the_next_life() {
        tree_with web
        boot web
        wait_until 20 marked web up 1
        timeout "$((60 * PATIENCE))" expect -f - <<'SCRIPT'
set timeout 60
spawn -noecho nbox console web
expect {
        -re {ogin: $} {}
        timeout { puts "no login prompt"; exit 1 }
}
exec nbox reboot web
expect {
        "Machine web reboots." {}
        timeout { puts "not told of the reboot"; exit 1 }
        eof { puts "ended with the first life"; exit 1 }
}
expect {
        -re {ogin: $} {}
        timeout { puts "no login prompt in the next life"; exit 1 }
        eof { puts "ended between two lives"; exit 1 }
}
exec nbox poweroff web
expect {
        "Connection to machine web terminated." {}
        timeout { puts "does not end with the machine"; exit 1 }
}
expect eof
SCRIPT
        wait_until 10 is_gone web
        same "boots" "$(marks web up)" 2
        remove_tree web
}

# The connection to the bus that a supervisor began with has ended; what it has to tell systemd at each end it tells over another.
test_the_bus_is_started_anew() {
        local before
        guest_named_web
        systemctl start nbox@web
        wait_until 20 marked web up 1
        before=$(identity web)
        systemctl restart dbus
        wait_until 10 machinectl list
        reboot_web nbox reboot web
        same "after a reboot" "$(identity web)" "$before"
        systemctl restart dbus
        wait_until 10 machinectl list
        nbox poweroff --wait web
        wait_until 10 is_gone web
        wait_until 10 eval '[ "$(systemctl show -P ActiveState nbox@web)" = inactive ]'
        remove_tree web
}
