# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The host has been booted anew, its machines have started with it, and were stopped again (many-prepare).

. "$HOST_TOOLS/many-words.sh"

BOOT=/job/boot

# field NAME KEY: StartedUSec is when its supervisor began, which is when systemd had it start; ReadyUSec when it was up.
field() { jq -r --arg m "$1" ".[] | select(.Name == \$m) | .$2" "$BOOT/show"; }
is_ready_now() { [ "$(nbox list --json | jq '[.[] | select(.ready)] | length')" -ge "$1" ]; }
no_job() { ! systemctl list-jobs --no-legend 2>/dev/null | grep -q 'nbox@'; }

# comes_after NAME OTHER: it began when the other was up.
comes_after() {
        [ "$(field "$1" StartedUSec)" -ge "$(field "$2" ReadyUSec)" ] || fail "$1 was started before $2 was up"
}

test_all_were_up() {
        [ -e "$BOOT/ended" ] || fail "the host's second boot did not come to its end"
        same "machines that were up" "$(jq '[.[] | select(.ready)] | length' "$BOOT/list")" "$MANY"
        same "failed units" "$(cat "$BOOT/failed")" ""
        has_not "$(cat "$BOOT/journal")" 'ordering cycle|timed out|deleted to break'
        same "left of the queue" "$(cat "$BOOT/queue")" ""
        # Each on the network, with an address of its own.
        same "addresses" "$(jq -r '[.[].address | select(. != null)] | unique | length' "$BOOT/list")" "$MANY"
        has "$(cat "$BOOT/ping")" ' 0% packet loss'
        same "known to machined" "$(cat "$BOOT/machined")" "$MANY"
}

test_order_was_kept() {
        local name other before=''
        for name in $(chain); do
                [ -z "$before" ] || comes_after "$name" "$before"
                before=$name
        done
        for name in $(front); do
                for other in $(data); do comes_after "$name" "$other"; done
        done
        [ "$(field "$(late)" ReadyUSec)" -ge $(($(field "$(late)" StartedUSec) + DELAY * 1000000)) ] || fail "the late one was not late"
}

# began_to_end NAME, had_ended NAME: when, in µs.
began_to_end() { awk -v name="$1" '$1 == name { print $2 }' "$BOOT/stops"; }
had_ended() { awk -v name="$1" '$1 == name { print $3 }' "$BOOT/stops"; }

# The other way round.
test_stop_was_the_reverse() {
        local name before=''
        for name in $(chain); do
                [ "$(began_to_end "$name")" -gt 0 ]
                [ -z "$before" ] || [ "$(had_ended "$name")" -le "$(began_to_end "$before")" ] || fail "$before was stopped before $name"
                before=$name
        done
        for name in $(data); do
                for before in $(front); do
                        [ "$(had_ended "$before")" -le "$(began_to_end "$name")" ] || fail "$name was stopped before $before"
                done
        done
}

# starts: "BEGIN READY NAME" of each machine that is up, in µs of the host's clock: from when its init was made, as the kernel has it (in hundredths of
# a second, which are rounded up), until it was up.
starts() {
        local name leader ready ticks uptime now
        uptime=$(</proc/uptime)
        now=${EPOCHREALTIME/[.,]/}
        now=$((now - $(awk '{ printf "%.0f", $1 * 1000000 }' <<<"$uptime") + 20000))
        while read -r name leader ready; do
                ticks=$(sed 's/.*) //' "/proc/$leader/stat" | awk '{ print $20 }')
                echo "$((now + ticks * 10000)) $ready $name"
        done < <(nbox list --json | jq -r '.[] | select(.ready) | .machine' | xargs nbox show --json | jq -r '.[] | "\(.Name) \(.Leader) \(.ReadyUSec)"')
}

# How many were starting at once, at most.
most_at_once() {
        awk '$1 < $2 { print $1, 1; print $2, -1 }' | sort -k1,1n -k2,2n | awk '{ n += $2; if (n > most) most = n } END { print most + 0 }'
}

# A look at the queue may come late where the processors are busy; when each began and was up is known afterwards.
test_never_too_many() {
        local most
        printf '[Host]\nParallelStarts=3\n' >/etc/nbox.conf
        systemctl start machines.target
        is_ready_now "$MANY"
        starts >"$SCRATCH/starts"
        sort -n "$SCRATCH/starts"
        same "machines whose start is known" "$(awk '$1 > 0 && $2 > 0' "$SCRATCH/starts" | wc -l)" "$MANY"
        most=$(most_at_once <"$SCRATCH/starts")
        [ "$most" -gt 1 ] && [ "$most" -le 3 ] || fail "$most machines were starting at once"
        rm /etc/nbox.conf
        systemctl stop machines.target
        wait_until 60 no_job
}

# Whoever holds the queue and is killed lets go of it.
test_killed_holders() {
        local first pid
        printf '[Host]\nParallelStarts=1\n' >/etc/nbox.conf
        systemctl start --no-block machines.target
        for _ in 1 2 3; do
                wait_until 20 test -e /run/nbox/starting
                first=$(find /run/nbox/starting -name '[0-9]*' -printf '%f\n' | sort | head -n 1)
                pid=$(unit_of "nbox@${first#*-}.service" MainPID)
                [ "${pid:-0}" = 0 ] || kill -9 "$pid" || true
                sleep 0.5
        done
        wait_until 60 no_job
        [ ! -e /run/nbox/starting ] || fail "left of the queue: $(ls /run/nbox/starting)"
        is_ready_now $((MANY - 3)) || fail "others were not started: $(nbox list)"
        rm /etc/nbox.conf
        systemctl stop machines.target
        wait_until 60 no_job
        systemctl reset-failed
        timeout 20 nbox gc
}
