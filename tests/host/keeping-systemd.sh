# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Images that machinectl and systemd know, too: both see what the other has renamed, removed and made read-only, and neither harms the other's.

SYSTEM=/etc/systemd/system

listed() { machinectl list-images --no-legend | awk '{ print $1 }'; }
is_image() { listed | grep -qx "$1"; }
layers() { find "$MACHINES/.#nbox/layers" -mindepth 1 -maxdepth 1 | wc -l; }
enabled() { systemctl is-enabled "nbox@$1" 2>/dev/null || true; }

test_rename_is_seen() {
        tree_with okapi
        nbox enable okapi
        boot okapi
        nbox poweroff --wait okapi
        nbox rename okapi lemur
        is_image lemur || fail "machinectl does not list it: $(listed)"
        ! is_image okapi || fail "machinectl lists it under its old name"
        same "the old name" "$(enabled okapi)" disabled
        same "the new name" "$(enabled lemur)" enabled
        nbox start lemur
        is_active nbox@lemur.service
        has "$(machinectl list --no-legend)" '^lemur '
        refused nbox remove lemur
        has "$REFUSAL" "by the machine 'lemur'"
        nbox poweroff --wait lemur
        nbox remove lemur
        same "the removed one" "$(enabled lemur)" disabled
        [ -z "$(find "$SYSTEM" -name '*lemur*')" ] || fail "a link is left"
        ! is_image lemur || fail "machinectl still lists it"
}

# Drop-ins and limits are the machine's, and follow it.
test_limits_of_the_slice_follow() {
        tree_with okapi
        mkdir -p /etc/systemd/system.control/machine-okapi.slice.d # as `systemctl set-property` does
        printf '[Slice]\nMemoryMax=64M\n' >/etc/systemd/system.control/machine-okapi.slice.d/50-MemoryMax.conf
        nbox rename okapi le-mur
        same "limit" "$(unit_of 'machine-le\x2dmur.slice' MemoryMax)" 67108864
        same "of the old name" "$(unit_of machine-okapi.slice MemoryMax)" infinity
        nbox remove --settings=remove le-mur
        same "after the removal" "$(unit_of 'machine-le\x2dmur.slice' MemoryMax)" infinity
}

# A machine of systemd-nspawn's is named, and what ends it.
test_machine_of_systemd_nspawn() {
        tree_with okapi
        systemd-run -q --unit=foreign systemd-nspawn -q -D "$MACHINES/okapi" -M foreign --console=pipe /bin/busybox sleep 60
        wait_until 10 machinectl status foreign
        refused nbox rename okapi lemur
        has "$REFUSAL" "by the machine 'foreign'"
        has "$REFUSAL" 'machinectl poweroff foreign'
        refused nbox remove okapi
        machinectl terminate foreign
        wait_until 10 is_dead foreign.service
        nbox remove okapi
        rm -rf /run/systemd/nspawn/locks
}

# aside COMMAND...: while the tests' own trees are where neither program takes them for images.
aside() {
        local rc=0
        mkdir "$MACHINES/.#aside"
        mv "$MACHINES/.busybox" "$MACHINES/$GUEST" "$MACHINES/.#aside/"
        "$@" || rc=$?
        mv "$MACHINES/.#aside/.busybox" "$MACHINES/.#aside/$GUEST" "$MACHINES/"
        rmdir "$MACHINES/.#aside"
        return "$rc"
}

# What machinectl does to images of ours.
test_machinectl_beside_ours() {
        local name
        tree_with okapi
        machinectl read-only okapi
        same "read-only" "$(nbox image-status --json okapi | jq .read_only)" true
        nbox read-only okapi no
        same "RO" "$(machinectl show-image -p ReadOnly --value okapi)" no
        nbox clone okapi lemur
        nbox clone okapi third
        machinectl rename lemur fourth
        same "what fourth runs" "$(nbox run --network=none fourth /bin/busybox echo works)" works
        machinectl remove third
        same "what fourth runs" "$(nbox run --network=none fourth /bin/busybox echo works)" works
        aside machinectl clean
        aside machinectl clean --all
        for name in okapi fourth; do
                [ ! -L "$MACHINES/$name" ] || same "what $name runs" "$(nbox run --network=none "$name" /bin/busybox echo works)" works
        done
        nbox gc
        aside nbox clean --all >/dev/null
        same "layers" "$(layers)" 0
        rm -r "$MACHINES/.#nbox"
}
