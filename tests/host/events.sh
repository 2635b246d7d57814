# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What `nbox events` says while things happen.

. "$(dirname "${BASH_SOURCE[0]}")/events-words.sh"

test_a_life() {
        listen --
        boot "$GUEST"
        nbox poweroff --wait "$GUEST"
        heard "machine $GUEST  stopped  status=0  reason=poweroff"
        hush
        same "its events" "$(words_about "$GUEST")" 'starting booting ready stopping stopped'
        has "$(cat "$SCRATCH/events")" 'stopping  action=poweroff$'
        has "$(cat "$SCRATCH/events")" '^[0-9-]{10} [0-9:]{8}\.[0-9]{3}  machine '
}

test_a_reboot_is_one_life_after_the_other() {
        listen -- "$GUEST"
        boot "$GUEST"
        nbox reboot --wait "$GUEST"
        heard 'starting  reboots=1'
        wait_until 10 is_state "$GUEST" running
        nbox poweroff --wait "$GUEST"
        heard ' stopped '
        hush
        same "its events" "$(words_about "$GUEST")" 'starting booting ready stopping rebooting starting booting ready stopping stopped'
}

test_how_it_ended() {
        listen --
        status_is 7 nbox run --network=none --machine=seven "$GUEST" /bin/busybox sh -c 'exit 7'
        heard 'machine seven  stopped  status=7  reason=exit'
        boot "$GUEST"
        terminate "$GUEST"
        heard "machine $GUEST  stopped  status=137  reason=killed"
        refused nbox boot -d --machine=broken --bind=/no/such:/mnt "$GUEST"
        heard 'machine broken  failed'
        refused nbox boot -d --machine=nowhere -D /no/such/tree
        heard 'machine nowhere  failed'
        # That another one is called so already is no event of its.
        boot "$GUEST"
        refused nbox boot -d "$GUEST"
        terminate "$GUEST"
        wait_until 5 eval "[ \"\$(grep -c 'machine $GUEST  stopped' $SCRATCH/events)\" = 2 ]"
        hush
        same "what failed" "$(grep -c "$GUEST  failed" "$SCRATCH/events" || true)" 0
}

test_a_supervisor_that_is_killed() {
        local supervisor
        boot "$GUEST"
        listen -- "$GUEST"
        supervisor=$(property "$GUEST" Supervisor)
        kill -9 "$supervisor"
        heard "machine $GUEST  stopped  reason=lost"
        nbox gc
        boot "$GUEST" # and the next one of the name is another
        terminate "$GUEST"
        heard 'reason=killed'
        hush
        same "its events" "$(words_about "$GUEST")" 'stopped starting booting ready stopped'
}

test_a_listener_that_sleeps_misses_nothing() {
        local i batch=()
        listen -- --filter=stopped
        kill -STOP "$LISTENER"
        for i in $(seq 200); do
                nbox run --quiet --network=none --read-only --machine="b$i" "$GUEST" /bin/busybox true &
                batch+=($!)
                [ $((i % 4)) = 0 ] || continue
                wait "${batch[@]}"
                batch=()
        done
        kill -CONT "$LISTENER"
        wait_until 20 eval "[ \"\$(grep -c 'machine b[0-9]*  stopped  status=0' $SCRATCH/events)\" -ge 200 ]"
        hush
        same "ends of different machines" "$(awk '{ print $4 }' "$SCRATCH/events" | sort -u | grep -c '^b')" 200
        same "all that was said" "$(wc -l <"$SCRATCH/events")" 200
}

test_a_log_that_is_put_aside() {
        local i
        listen -- --filter=stopped,overflow
        for i in 1 2 3; do
                yes "1700000000000000 zone-up padding" | head -c 600000 >>/run/nbox/events || [ $? = 141 ]
                nbox run --quiet --network=none --machine="r$i" "$GUEST" /bin/busybox true
                heard "machine r$i  stopped"
        done
        [ "$(stat -c %s /run/nbox/events)" -lt 600000 ] || fail "the log has $(stat -c %s /run/nbox/events) bytes"
        not_heard overflow
        # A reader that sleeps through two of them is told that it did.
        kill -STOP "$LISTENER"
        for i in 4 5 6; do
                yes "1700000000000000 zone-up padding" | head -c 600000 >>/run/nbox/events || [ $? = 141 ]
                nbox run --quiet --network=none --machine="r$i" "$GUEST" /bin/busybox true
        done
        kill -CONT "$LISTENER"
        heard ' overflow$'
        nbox run --quiet --network=none --machine=r7 "$GUEST" /bin/busybox true
        heard 'machine r7  stopped'
        hush
        same "each end once" "$(grep -c 'machine r7' "$SCRATCH/events")" 1
        rm -f /run/nbox/events*
}

test_ways_to_end() {
        local began=$SECONDS
        boot "$GUEST"
        status_is 0 nbox events --for-seconds=1 >"$SCRATCH/nothing"
        [ $((SECONDS - began)) -lt $((10 * PATIENCE)) ] || fail "it took $((SECONDS - began)) s"
        same "what was said" "$(cat "$SCRATCH/nothing")" ''
        listen -- --count=2 --filter=stopping,stopped
        nbox poweroff --wait "$GUEST"
        wait "$LISTENER" || fail "exit status $?"
        same "its events" "$(words_about "$GUEST")" 'stopping stopped'
        refused nbox events --filter=nonsense
        has "$REFUSAL" 'There are starting, booting'
        refused nbox events --count=0
        refused nbox events --for-seconds=long
        refused nbox events ../etc
}

# Also when nothing comes any more that it could fail to write.
test_a_reader_that_goes() {
        local pid
        mkfifo "$SCRATCH/pipe"
        nbox events >"$SCRATCH/pipe" 2>"$SCRATCH/said" &
        pid=$!
        exec 4<"$SCRATCH/pipe"
        wait_until 5 is_listening "$pid"
        exec 4<&-
        wait "$pid" || fail "exit status $?"
        same "what was said" "$(cat "$SCRATCH/said")" ''
}

test_standing_still() {
        local group
        boot "$GUEST"
        group=/sys/fs/cgroup$(property "$GUEST" ControlGroup)
        [ -e "$group/cgroup.freeze" ] || group=/sys/fs/cgroup/unified$(property "$GUEST" ControlGroup)
        listen --
        echo 1 >"$group/cgroup.freeze"
        heard "machine $GUEST  frozen"
        echo 0 >"$group/cgroup.freeze"
        heard "machine $GUEST  thawed"
        terminate "$GUEST"
        heard stopped
        hush
}

test_images_that_come_and_go() {
        tree_with one
        listen --
        nbox clone one two
        heard 'image two  image-added'
        nbox snapshot two before
        heard 'image two  snapshot-added  snapshot=before'
        nbox rename two three
        heard 'image two  image-renamed  new_name=three'
        nbox rollback three before
        nbox snapshot remove three before
        heard 'image three  snapshot-removed  snapshot=before'
        nbox remove three
        heard 'image three  image-removed'
        mkdir "$MACHINES/.hidden"
        mv "$MACHINES/.hidden" "$MACHINES/four" # as another tool makes them
        heard 'image four  image-added'
        rmdir "$MACHINES/four"
        heard 'image four  image-removed'
        hush
        same "of the two" "$(words_about two)" 'image-added snapshot-added image-renamed'
        same "of the three" "$(words_about three)" 'snapshot-removed image-removed'
        same "overflows" "$(grep -c overflow "$SCRATCH/events" || true)" 0
        rm -rf "${MACHINES:?}/one"
        remove_store
}

test_what_is_changed_while_it_runs() {
        listen --
        boot "$GUEST" -p 8081:80
        heard 'zone default  zone-up|zone .*  zone-up'
        nbox port add "$GUEST" 8082:82
        heard "machine $GUEST  port-added  port=tcp:8082:82"
        nbox port remove "$GUEST" 8081
        heard "machine $GUEST  port-removed  port=tcp:8081:80"
        nbox nic add "$GUEST" zone:lab
        heard "machine $GUEST  nic-added  nic=.*  kind=zone"
        nbox nic remove "$GUEST" "$(nbox nic list "$GUEST" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[-1]["name"])')"
        heard "machine $GUEST  nic-removed"
        nbox device add "$GUEST" /dev/fuse
        heard "machine $GUEST  device-added  device=/dev/fuse"
        nbox device remove "$GUEST" /dev/fuse
        heard "machine $GUEST  device-removed  device=/dev/fuse"
        refused nbox port add "$GUEST" 8082:83 # what fails is none
        terminate "$GUEST"
        heard 'zone-down'
        hush
        same "ports that were added" "$(grep -c port-added "$SCRATCH/events")" 1
}

test_a_user() {
        local mode
        mode=$(stat -c %a "$MACHINES")
        chmod 0700 "$MACHINES"
        listen setpriv --reuid 12345 --regid 12345 --clear-groups -- --json
        boot "$GUEST"
        nbox poweroff --wait "$GUEST"
        heard '"event":"stopped","machine":"'"$GUEST"'","status":0,"reason":"poweroff"'
        tree_with secret
        nbox snapshot secret hidden
        nbox remove secret
        boot "$GUEST"
        kill -9 "$(property "$GUEST" Supervisor)"
        heard '"reason":"lost"'
        hush
        nbox gc
        not_heard 'secret|hidden'
        python3 -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' "$SCRATCH/events"
        remove_store
        chmod "$mode" "$MACHINES"
}
