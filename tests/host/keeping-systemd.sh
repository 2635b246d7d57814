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
        remove_store
}

# --- while it runs ---------------------------------------------------------------------------------------------------

works() { same "what $1 runs" "$(timeout "$((10 * PATIENCE))" nbox exec "$1" /bin/busybox echo works)" works; }
is_frozen() { grep -q 'frozen 1' "/sys/fs/cgroup$(unit_of "machine-$1.scope" ControlGroup)/cgroup.events"; }

# A machine in a scope of systemd's is held still and goes on, and systemd has seen nothing of it.
test_a_machine_of_a_unit_is_copied_as_it_runs() {
        local what
        tree_with okapi
        nbox start okapi
        is_active nbox@okapi.service
        for what in 'clone okapi lemur' 'commit okapi third' 'snapshot okapi first' 'clone okapi fourth'; do
                # shellcheck disable=SC2086
                nbox $what >/dev/null 2>"$SCRATCH/said"
                works okapi
                ! is_frozen okapi || fail "it is frozen after nbox $what"
        done
        is_active nbox@okapi.service
        is_active machine-okapi.scope
        aside nbox clean --all >/dev/null 2>"$SCRATCH/said" # it is in use: that is no failure
        works okapi
        nbox clone okapi fourth
        nbox start fourth
        works fourth
        nbox poweroff --wait fourth
        nbox poweroff --wait okapi
        nbox rollback okapi first
        nbox start okapi
        works okapi
        nbox poweroff --wait okapi
        nbox remove okapi fourth
        nbox gc
        same "layers" "$(layers)" 0
        remove_store
}

test_a_frozen_machine_ends_with_its_unit() {
        local strace
        tree_with okapi
        nbox start okapi
        strace -f -qq -o /dev/null -e trace=fchown -e inject=fchown:delay_enter=300000 nbox clone okapi lemur >"$SCRATCH/said" 2>&1 &
        strace=$!
        wait_until 10 is_frozen okapi
        kill -KILL "$(unit_of nbox@okapi.service MainPID)"
        if wait "$strace"; then fail "the clone went through"; fi
        wait_until 10 is_dead machine-okapi.scope
        wait_until 10 is_dead nbox@okapi.service
        wait_until 5 is_gone okapi
        nbox gc
        [ ! -e "$MACHINES/lemur" ] || fail "there is a clone"
        systemctl reset-failed nbox@okapi
        nbox start okapi
        works okapi
        nbox poweroff --wait okapi
        nbox remove okapi
        remove_store
}
