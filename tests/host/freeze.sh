# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# nbox freeze and nbox thaw, and what every other verb does with a machine that is frozen.

. "$HOST_TOOLS/freeze-words.sh"

test_a_machine_stands_still_and_goes_on() {
        tree_with ice
        boot ice
        ticking ice
        listen -- ice
        nbox freeze ice
        is_frozen ice
        stands_still ice
        heard 'machine ice  frozen'
        has "$(nbox list)" '^ice .* frozen '
        same "list --json" "$(nbox list --json | jq -c '.[] | [.state, .frozen]')" '["running",true]'
        same "show" "$(property ice Frozen)" yes
        same "state" "$(property ice State)" running
        same "show --json" "$(nbox show --json ice | jq .Frozen)" true
        has "$(nbox status ice)" 'State: frozen: .*nbox thaw ice'
        timeout 5 nbox wait --for=frozen ice
        nbox freeze ice # once more does no harm
        status_is 124 nbox wait --for=thawed --timeout=1 ice 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "not thawed in time"
        nbox thaw ice
        is_thawed ice
        goes_on_ticking ice
        heard 'machine ice  thawed'
        timeout 5 nbox wait --for=thawed ice
        nbox thaw ice
        same "show" "$(property ice Frozen)" no
        has "$(nbox list)" '^ice .* running '
        hush
        terminate ice
        remove_tree ice
}

test_words_of_others_are_suggested() {
        local word
        for word in pause suspend; do
                refused nbox "$word" ice
                has "$REFUSAL" 'nbox freeze'
        done
        for word in unpause resume; do
                refused nbox "$word" ice
                has "$REFUSAL" 'nbox thaw'
        done
        refused nbox freeze
        refused nbox freeze nobody
        has "$REFUSAL" "nobody"
        refused nbox thaw nobody
}

test_several_at_once() {
        local name jobs=() job
        for name in ice1 ice2; do
                tree_with "$name"
                boot "$name" --network=none
        done
        nbox freeze ice1 ice2
        is_frozen ice1
        is_frozen ice2
        refused nbox freeze ice1 nobody ice2 # one that is not there does not keep the others
        nbox thaw ice2 ice1
        # many who freeze one
        for _ in 1 2 3 4 5 6; do
                nbox freeze ice1 &
                jobs+=($!)
        done
        for job in "${jobs[@]}"; do wait "$job"; done
        is_frozen ice1
        # who is killed in the middle of it: it is frozen or not, and can be thawed
        for _ in 1 2 3 4 5 6 7 8; do
                nbox thaw ice1
                nbox freeze ice1 &
                sleep "0.00$RANDOM"
                kill -9 $! 2>/dev/null || true
                wait $! 2>/dev/null || true
                nbox thaw ice1
                is_thawed ice1
        done
        terminate ice1
        terminate ice2
        remove_tree ice1
        remove_tree ice2
}

# What goes into it is refused at once; what is outside of it goes on.
test_verbs_of_a_frozen_machine() {
        local out
        tree_with ice
        boot ice
        ticking ice
        nbox freeze ice
        at_once nbox exec ice true
        status_is 125 nbox exec ice true 2>/dev/null
        at_once nbox shell ice
        at_once nbox shell ice /bin/true
        at_once nbox login ice
        at_once nbox passwd ice
        echo here >"$SCRATCH/file"
        timeout "$((10 * PATIENCE))" nbox copy-to ice "$SCRATCH/file" /var/
        same "what was copied to it" "$(cat "$MACHINES/ice/var/file")" here
        timeout "$((10 * PATIENCE))" nbox copy-from ice /var/file "$SCRATCH/back"
        same "what came back" "$(cat "$SCRATCH/back")" here
        timeout "$((10 * PATIENCE))" nbox bind --mkdir ice "$SCRATCH/file" /var/bound
        timeout "$((10 * PATIENCE))" nbox port add ice 8081:80
        timeout "$((10 * PATIENCE))" nbox nic add ice veth,name=more0
        timeout "$((10 * PATIENCE))" nbox device add ice /dev/null:/dev/nothing
        stands_still ice
        for out in 'bind list' 'port list' 'nic list' 'device list' status show logs; do
                # shellcheck disable=SC2086
                timeout "$((10 * PATIENCE))" nbox $out ice >"$SCRATCH/out"
        done
        timeout "$((10 * PATIENCE))" nbox list >/dev/null
        is_frozen ice
        out=$(timeout 2 nbox console ice </dev/null 2>&1) || true
        has "$out" "'ice' is frozen: .*nbox thaw ice"
        has "$(nbox kill -s USR1 --kill-whom=leader ice 2>&1)" "takes the signal when it is thawed"
        nbox thaw ice
        nbox exec ice test -e /var/bound -a -c /dev/nothing
        nbox exec ice /bin/busybox ip link show more0 >/dev/null
        timeout "$((10 * PATIENCE))" nbox freeze ice
        timeout "$((10 * PATIENCE))" nbox unbind ice /var/bound
        timeout "$((10 * PATIENCE))" nbox port remove ice 8081:80
        timeout "$((10 * PATIENCE))" nbox nic remove ice more0
        timeout "$((10 * PATIENCE))" nbox device remove ice /dev/nothing
        is_frozen ice
        terminate ice
        remove_tree ice
}

# Of one that is frozen: to freeze it again changes nothing, and is refused while it is for a copy.
is_held_by_a_copy() {
        local said
        if said=$(nbox freeze "$1" 2>&1); then return 1; fi
        [[ $said == *"for a copy of it"* ]]
}

# What is copied of a frozen machine leaves it frozen; what is being copied can neither be frozen nor thawed.
test_copies_of_a_frozen_machine() {
        local job
        tree_with ice
        boot ice --network=none
        counting ice
        nbox freeze ice
        nbox clone ice plain >/dev/null 2>&1
        is_frozen ice
        nbox clone --copy ice whole >/dev/null 2>&1
        nbox export ice "$SCRATCH/ice.tar" >/dev/null 2>&1
        nbox snapshot ice first >/dev/null 2>&1
        is_frozen ice
        of_one_moment "$MACHINES/whole"
        slowly nbox clone --copy ice cut
        wait_until 10 is_held_by_a_copy ice
        refused nbox thaw ice
        has "$REFUSAL" 'for a copy of it'
        kill -9 "$SLOWLY"
        cut_short
        is_frozen ice
        nbox thaw ice
        goes_on ice
        slowly nbox clone --copy ice cut
        wait_until 10 is_frozen ice
        refused nbox freeze ice
        has "$REFUSAL" 'for a copy of it'
        # which passes, and so what is to be run in it waits
        timeout "$((20 * PATIENCE))" nbox exec ice /bin/busybox echo at-last >"$SCRATCH/said" 2>&1 &
        job=$!
        sleep 0.5
        kill -0 "$job" || fail "refused while it is held still: $(cat "$SCRATCH/said")"
        same "what is said meanwhile" "$(cat "$SCRATCH/said")" ''
        kill -9 "$SLOWLY"
        cut_short
        wait "$job" || fail "exec in the end: $(cat "$SCRATCH/said")"
        same "what is said in the end" "$(cat "$SCRATCH/said")" at-last
        wait_until 5 is_thawed ice
        goes_on ice
        nbox gc
        terminate ice
        wait_until 5 nbox remove --settings=remove plain whole ice
        wait_until 5 nbox gc
        remove_store
}

# Frozen by nbox, by the kernel's file, by whoever; it ends in order, and within the time that it has.
test_a_frozen_machine_ends() {
        local how
        tree_with ice
        for how in poweroff halt reboot terminate 'kill -s KILL'; do
                boot ice --network=none
                forget_marks ice
                nbox freeze ice
                case $how in
                reboot)
                        timeout "$((15 * PATIENCE))" nbox reboot --wait ice
                        same "frozen after a reboot" "$(property ice Frozen)" no
                        terminate ice
                        ;;
                *)
                        # shellcheck disable=SC2086
                        ends_in 15 ice nbox $how ice
                        ;;
                esac
                case $how in
                poweroff | halt | reboot) marked ice down 1 ;;
                esac
        done
        boot ice --network=none
        forget_marks ice
        echo 1 >"$(group_of ice)/cgroup.freeze"
        ends_in 15 ice nbox poweroff ice
        marked ice down 1
        # and one that is thawed
        boot ice --network=none
        echo 1 >"$(group_of ice)/cgroup.freeze"
        wait_until 5 is_frozen ice
        nbox thaw ice
        timeout 5 nbox exec ice true
        terminate ice
        remove_tree ice
}

test_a_supervisor_of_a_frozen_machine_is_killed() {
        tree_with ice
        boot ice --network=none
        nbox freeze ice
        kill -9 "$(property ice Supervisor)"
        nbox gc
        wait_until 10 is_gone ice
        boot ice --network=none
        timeout 5 nbox exec ice true
        terminate ice
        remove_tree ice
}

# A process of its own that waits for what never comes: it is tried for a while, said, and undone. It can be ended.
test_a_machine_that_cannot_be_frozen() {
        local began stuck
        tree_with ice
        cp /job/stuckdrive "$MACHINES/ice/bin/"
        mkdir -p "$MACHINES/ice/stuck"
        boot ice --network=none --device=/dev/fuse
        ticking ice
        nbox exec ice /bin/stuckdrive /stuck >"$SCRATCH/stuck" 2>&1 &
        stuck=$!
        wait_until 5 grep -q stuck "$SCRATCH/stuck"
        began=$SECONDS
        refused nbox freeze ice
        has "$REFUSAL" 'waits for the kernel'
        [ $((SECONDS - began)) -le 18 ] || fail "it took $((SECONDS - began)) s"
        goes_on_ticking ice
        # who asks is killed: it is undone all the same
        nbox freeze ice &
        sleep 1
        kill -9 $!
        wait $! 2>/dev/null || true
        # and another one thaws it at once, and who still waits is told
        nbox freeze ice 2>"$SCRATCH/said" &
        sleep 1
        nbox thaw ice
        if wait $!; then fail "it was frozen"; fi
        has "$(cat "$SCRATCH/said")" 'thawed before all of it stood still'
        goes_on_ticking ice
        nbox freeze ice >/dev/null 2>&1 &
        sleep 1
        ends_in 15 ice nbox poweroff ice
        wait $! || true
        wait "$stuck" || true
        remove_tree ice
}

# A machine that boots may be frozen: no time-out runs against it, and who waits for its start goes on waiting.
test_while_it_boots() {
        local boot
        tree_with ice
        timeout 60 nbox boot -d --network=none --ready=file:/there --ready-wait=3 ice >"$SCRATCH/said" 2>&1 &
        boot=$!
        wait_until 5 is_state ice booting
        nbox freeze ice
        has "$(nbox status ice)" 'State: frozen while booting'
        sleep 4
        kill -0 "$boot" || fail "the start has not waited: $(cat "$SCRATCH/said")"
        same "waits" "$(property ice StartWaitsNoMore)" no
        nbox thaw ice
        sleep 1
        kill -0 "$boot" || fail "the start has not waited for what was left: $(cat "$SCRATCH/said")"
        nbox exec ice touch /there
        wait "$boot"
        is_state ice running
        terminate ice
        # and may be ended
        timeout 60 nbox boot -d --network=none --ready=file:/nowhere ice >"$SCRATCH/said" 2>&1 &
        boot=$!
        wait_until 5 is_state ice booting
        nbox freeze ice
        ends_in 15 ice nbox poweroff ice
        wait "$boot" || true
        remove_tree ice
}

# One that is ending is not frozen any more; who does it all the same cannot keep it from its end.
test_while_it_stops() {
        tree_with_init slow <<'END'
#!/bin/busybox sh
trap '' TERM INT USR1 USR2 PWR
/bin/busybox mount -t proc proc /proc
while :; do /bin/busybox sleep 1; done
END
        boot slow --network=none --kill-signal=SIGPWR --stop-timeout=6
        nbox poweroff slow
        refused nbox freeze slow
        has "$REFUSAL" 'has been asked to'
        echo 1 >"$(group_of slow)/cgroup.freeze"
        wait_until 10 is_gone slow
        remove_tree slow
}
