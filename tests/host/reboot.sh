# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A machine's lives: what a reboot keeps, what is read anew, what happens in between, and that a hundred of them leave nothing.
# For a host with systemd.

unit_of() { systemctl show -P "$2" "$1"; }
is_active() { systemctl is-active -q "$1"; }
property() { nbox show --value -p "$2" "$1"; }
mac_of() { nbox exec "$1" /bin/busybox cat /sys/class/net/host0/address; }
registered() { machinectl list --no-legend | awk -v name="$1" '$1 == name' | grep -c ''; }
is_state() { [ "$(property "$1" State)" = "$2" ]; }

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
