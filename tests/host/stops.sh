# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A stop soon after the boot is as clean as one an hour later: each init is stopped at the very moment at which it runs, and 10, 100 and
# 1000 ms later, ROUNDS times each (once unless said otherwise; stops.md has what 20 gave). Never a hang, and never a kill where the init
# could have been asked: a life that marked its boot has marked its shutdown too, nbox's exit status is 0, and its log speaks of no time-out.
# A life that was ended before the guest's own scripts ran has no marks.

: "${ROUNDS:=1}" "${INITS:=$GUEST}"

# life_of NAME MILLISECONDS: one boot and one stop; prints how long the stop took, in ms.
life_of() {
        local name=$1 pid began i rc=0 dir=$SCRATCH/$1
        forget_marks "$name"
        nbox boot --console=read-only --stop-timeout=60s "$name" >"$dir.out" 2>"$dir.err" </dev/null &
        pid=$!
        for i in $(seq 3000); do
                ! grep -qsE '^State=(running|booting)' "/run/nbox/machines/$name/record" || break
                [ -d "/proc/$pid" ] || { echo "$name: did not boot: $(cat "$dir.err")" && return 1; }
                sleep 0.002
        done
        [ "$2" = 0 ] || sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
        began=$(date +%s%N)
        nbox poweroff "$name" 2>>"$dir.err" || rc=$?
        [ "$rc" = 0 ] || { echo "$name, $2 ms: poweroff has failed: $(cat "$dir.err")"; kill -9 "$pid"; wait "$pid"; return 1; }
        wait "$pid" || rc=$?
        i=$((($(date +%s%N) - began) / 1000000))
        if [ "$rc" != 0 ] || grep -qE 'killing it|heeds no other' "$dir.err"; then
                echo "$name, $2 ms: status $rc after $i ms: $(cat "$dir.err")"
                return 1
        fi
        if [ "$(marks "$name" up)" != "$(marks "$name" down)" ] && [ "$(marks "$name" up)" != 0 ]; then
                echo "$name, $2 ms: marks $(tr '\n' ' ' <"$MACHINES/$name/var/marks"): $(cat "$dir.err")"
                tail -n 20 "$dir.out"
                return 1
        fi
        echo "$i $(marks "$name" up)"
}

# stops_of NAME MILLISECONDS: ROUNDS of them; prints one line of what they took.
stops_of() {
        local i
        for i in $(seq "$ROUNDS"); do
                life_of "$1" "$2" >>"$SCRATCH/$1.lives" || { cat "$SCRATCH/$1.lives" && return 1; }
        done
        sort -n "$SCRATCH/$1.lives" | awk -v name="$1" -v after="$2" '{ t[NR] = $1; up += $2 }
                END { printf "%-15s after %4d ms: %d stops, least %d ms, median %d ms, most %d ms; %d of them had come up\n",
                        name, after, NR, t[1], t[int((NR + 1) / 2)], t[NR], up }'
}

# stops MILLISECONDS: all inits side by side.
stops() {
        local name pids='' pid failed=0
        for name in $INITS; do
                (
                        trap - EXIT ERR
                        set +eE
                        stops_of "$name" "$1" >"$SCRATCH/$name.result" 2>&1
                ) &
                pids+=" $!"
        done
        for pid in $pids; do wait "$pid" || failed=1; done
        for name in $INITS; do cat "$SCRATCH/$name.result"; done | tee -a /job/stops.log
        [ "$failed" = 0 ] || fail "see above"
}

test_stop_at_once() {
        stops 0
}

test_stop_after_10_ms() {
        stops 10
}

test_stop_after_100_ms() {
        stops 100
}

test_stop_after_1000_ms() {
        stops 1000
}
