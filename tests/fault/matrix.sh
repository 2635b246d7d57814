# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The fault matrix: one fault at one system call of one process of a command (tests/drive/faultdrive.c), for every call that it makes, one after the
# other. After each of them, nbox has said what is wrong or has done what it was told; it has not crashed, and does not hang; the next nbox sweeps
# what is left; and the host is as before. Sourced; the scenarios are a table (scenarios.sh).

. "$HOST_TOOLS/../fault/scenarios.sh"

# For a command; for what is waited for afterwards.
COMMAND_SECONDS=$((10 * PATIENCE)) AFTER_SECONDS=$((2 * PATIENCE))
BATCH=16 # points between two looks at all that there is
AGAIN=4  # after each so many, the same is done undisturbed
CGROUPS=$(cgroup2_root)
[ -d /run/systemd/system ] || CGROUPS+=$(sed -n 's/^0:://p' /proc/self/cgroup)

# field NAME N: of the table.
field() { awk -F '|' -v name="$1" -v n="$2" '{ at = $1; gsub(/ /, "", at) } at == name { gsub(/^ +| +$/, "", $n); print $n }' <<<"$SCENARIOS"; }

# scenarios WORD: that have it, or all.
scenarios() { awk -F '|' -v word="$1" 'NF > 4 && (word == "" || (" " $2 " ") ~ (" " word " ")) { gsub(/ /, "", $1); print $1 }' <<<"$SCENARIOS"; }

is_how() { case " $HOW " in *" $1 "*) ;; *) return 1 ;; esac }

# fingerprint FILE: all of the host: all that a test compares (snapshot.sh), what nbox keeps, and what it makes in the directory of images.
fingerprint() {
        GUEST=fault-matrix host_snapshot "$1.part" # no machine here has a name that a host beside could use as well
        {
                grep -v '^loop device of a file that is gone' "$1.part" # another host's, as may be
                find /var/lib/nbox /etc/nbox "$MACHINES/$STORE" -mindepth 1 2>/dev/null
                find "$MACHINES" /root -mindepth 1 -maxdepth 1
                ls -A /mnt
        } | sort -u >"$1"
        rm -f "$1.part"
}

# glance FILE: most of it, without starting a program: it is taken after each point.
glance() {
        local at text
        (
                shopt -s nullglob dotglob globstar
                printf '%s\n' /sys/class/net/* /var/lib/nbox/** /etc/nbox/** /run/nbox/machines/* "$MACHINES"/* "$MACHINES/$STORE"/** /root/* /mnt/* /tmp/* \
                        /run/netns/* /run/systemd/transient/*
                while read -r _ _ _ at text; do echo "mount $at ${text%% *}"; done </proc/self/mountinfo
                while read -r at text; do echo "route $at ${text%% *}"; done </proc/net/route
                for at in /proc/[0-9]*/comm; do
                        read -r text <"$at" && case $text in nbox* | dnsmasq) echo "process $text" ;; esac
                done
                if [ -d /run/systemd/system ]; then
                        printf '%s\n' "$CGROUPS"/machine.slice/*/ "$CGROUPS"/system.slice/nbox*/
                else
                        printf '%s\n' "$CGROUPS"/**/
                fi
        ) 2>/dev/null >"$1"
}

# as_before SECONDS [glance|fingerprint]: the kernel and systemd take some things away by and by.
as_before() {
        local end=$((SECONDS + $1)) how=${2-fingerprint}
        while :; do
                "$how" "$W/$how.now"
                cmp -s "$W/$how" "$W/$how.now" && return 0
                [ "$SECONDS" -lt "$end" ] || return 1
                sleep 0.05
        done
}

# This is how it was.
this_is_before() {
        fingerprint "$W/fingerprint"
        glance "$W/glance"
}

# choose SCENARIO: sets HOW, DONE, PREPARE, INPUT and the array COMMAND.
choose() {
        local text
        HOW=$(field "$1" 2) PREPARE=$(field "$1" 3) DONE=$(field "$1" 4) text=$(field "$1" 5) INPUT=$(input_of "$1")
        [ -n "$text" ] || die "no scenario $1"
        DRIVE=(/job/faultdrive --limit "$COMMAND_SECONDS" --report "$W/report")
        if is_how pty; then DRIVE+=(--pty); fi
        if is_how keys; then DRIVE+=(--keys $'\035\035\035'); fi
        if is_how live; then
                COMMAND=(sh -c "nbox boot -d -p 8070:80 m >/dev/null 2>$W/boot </dev/null || exit 99; $text; exit \$?")
        else
                # shellcheck disable=SC2206
                COMMAND=($text)
        fi
}

# drive [FAULT...]: the command, traced; its status.
drive() {
        local rc=0
        "${DRIVE[@]}" "$@" "${COMMAND[@]}" >"$W/out" 2>"$W/err" <"$INPUT" || rc=$?
        return "$rc"
}

# undisturbed: the same without a fault, at the speed of every day.
undisturbed() {
        local rc=0
        if is_how pty; then drive || rc=$?; else timeout "$COMMAND_SECONDS" "${COMMAND[@]}" >"$W/out" 2>"$W/err" <"$INPUT" || rc=$?; fi
        [ "$rc" = 0 ] || { echo "status $rc" >>"$W/err" && return 1; }
        "$DONE"
}

# points: of an undisturbed run: lines PROCESS CALL N kill|fail ERRNO PLACE.
points() {
        local rc=0
        "$PREPARE"
        drive || rc=$?
        [ "$rc" = 0 ] && "$DONE" || { say "does not work undisturbed: $rc $(tail -n 3 "$W/out" "$W/err")" && return 1; }
        tidy >/dev/null
        awk -v live="$(is_how live && echo 1)" '
                # of a live one, what is between the first call of the second command and the last
                { line[++n] = $0; if ($1 ~ /^1\.2($|\.)/) { if (!from) from = n; to = n } }
                END { for (i = live ? from : 1; i <= (live ? to : n); i++) {
                        split(line[i], w, " ")
                        if (w[5] == "kill") print w[1], w[2], w[3], "kill", "-", w[6]
                        if (w[4] != "-") print w[1], w[2], w[3], "fail", w[4], w[6] } }' "$W/report"
}

# places FILE: of its points, of those that one process makes at one place of the program, as in a loop, the first and the last.
places() {
        awk '{ key = $1 " " $2 " " $4 " " $6; if (!(key in first)) first[key] = NR; last[key] = NR; line[NR] = $0; of[NR] = key }
                END { for (i = 1; i <= NR; i++) if (first[of[i]] == i || last[of[i]] == i) print line[i] }' "$1"
}

# --- one point ------------------------------------------------------------------------------------------------------------

show_left() {
        fingerprint "$W/fingerprint.now"
        diff "$W/fingerprint" "$W/fingerprint.now"
        diff "$W/glance" "$W/glance.now"
}

# Where in nbox the fault was, if it has symbols: the functions, innermost first.
show_place() {
        # shellcheck disable=SC2046
        addr2line -fse "$(command -v nbox)" $(sed -n 's/^met//p' "$W/report") 2>/dev/null | sed -n 'h;n;/^?/!{G;s/\n/ /;s/^/    at /;p}'
}

# bad OUTCOME TEXT: what it says stands in the log; the line of the result is printed by the caller.
bad() {
        OUTCOME=$1
        {
                echo "== $SCENARIO $POINT: $1: $2"
                show_place
                head -c 1500 "$W/err"
                if [ "$1" = "left over" ]; then show_left; fi
                tail -n 3 "$W/out" | head -c 600
                if is_how live; then cat "$W/boot"; fi
        } >>"$LOG" 2>&1
}

# What the command did with it.
verdict() {
        local rc=$1 how=$2 report
        report=$'\n'$(<"$W/report")
        case $report in
        *$'\ncrashed'*) bad crashed "${report##*$'\n'crashed}" && return ;;
        *$'\nhung'*) bad hung "${report//$'\n'/ }" && return ;;
        esac
        if [ "$rc" = 124 ]; then
                bad hung "the command"
        elif [[ $report != *$'\nmet'* ]]; then
                OUTCOME=missed
        elif [ "$rc" = 0 ]; then
                # Who was killed after the work was done may have been anybody.
                if "$DONE" >/dev/null 2>&1 || [ "$how" = kill ]; then OUTCOME=succeeded; else bad untrue "status 0, and it is not done"; fi
        elif [ "$how" = kill ] && { [ "$rc" = 137 ] || [ "$rc" = 99 ]; }; then
                OUTCOME=killed
        elif [ -s "$W/err" ] || { is_how pty && [ -s "$W/out" ]; } || { is_how live && [ "$rc" = 99 ] && [ -s "$W/boot" ]; }; then
                OUTCOME=refused
        else
                bad silent "status $rc without a word"
        fi
}

# The next command, whatever it is: it sweeps, and a machine that is listed works. (One whose supervisor was killed just now is there for a moment yet.)
m_works() {
        local listed
        for _ in 1 2 3; do
                listed=$(timeout 20 nbox list 2>"$W/err") || { bad next "nbox list fails" && return; }
                case $'\n'$listed in
                *$'\nm '*' frozen '*) return ;;
                *$'\nm '*) timeout 20 nbox exec m /bin/busybox true >"$W/out" 2>"$W/err" && return ;;
                *) return ;;
                esac
                sleep 0.3
        done
        bad broken "m is listed and does not work"
}

# begin_anew: after what should not be.
begin_anew() {
        pkill -9 -x nbox
        pkill -9 -x faultdrive
        sleep 0.3
        umount -q /mnt
        pkill -9 -x dnsmasq
        timeout 20 nbox gc 2>/dev/null
        tidy >/dev/null 2>&1
        [ -d /run/systemd/system ] || find "$(cgroup2_root)$(sed -n 's/^0:://p' /proc/self/cgroup)" -mindepth 1 -depth -type d -exec rmdir {} +
        rm -rf --one-file-system "${MACHINES:?}/$STORE" "$MACHINES"/.#* /var/lib/nbox/changes/*
        as_before 3 && as_before 3 glance || this_is_before
} >/dev/null 2>&1

# again: the same afterwards works.
again() {
        tidy >"$W/tidied" 2>&1 || { bad "left over" "$(cat "$W/tidied")" && return; }
        "$PREPARE" 2>"$W/err" || { bad next "cannot be prepared again" && return; }
        undisturbed || bad next "the same does not work afterwards"
}

good() { case $OUTCOME in missed | succeeded | killed | refused) ;; *) return 1 ;; esac }

# point NUMBER PROCESS CALL N HOW ERRNO: prints SCENARIO POINT OUTCOME SWEPT SECONDS.
point() {
        local rc=0 swept=- began=$SECONDS at
        POINT="$2 $3 $4 $5 $6" OUTCOME=''
        "$PREPARE"
        drive --at "$2" "$3" "$4" "$5" || rc=$?
        verdict "$rc" "$5"
        if good; then
                for at in /run/nbox/machines/*; do [ ! -e "$at" ] || swept=swept; done
                m_works
        fi
        if good && [ $(($1 % AGAIN)) = 1 ]; then again; fi
        if good; then tidy >"$W/tidied" 2>&1 || bad "left over" "$(cat "$W/tidied")"; fi
        if good && ! as_before "$AFTER_SECONDS" glance; then bad "left over" "the host is not as before"; fi
        if good && [ -n "$FULL" ] && ! as_before "$AFTER_SECONDS"; then bad "left over" "the host is not as before"; fi
        good || begin_anew
        printf '%s\t%s\t%s\t%s\t%s\n' "$SCENARIO" "$POINT" "$OUTCOME" "$swept" "$((SECONDS - began))"
}

# batch END: of $POINTS, from number $AT on, before END. The whole fingerprint is taken after the last one; where it is not as before, after each of them.
batch() {
        local first=$AT
        : >"$W/batch"
        for FULL in '' yes; do
                for ((AT = first; AT < ${#POINTS[@]} && AT < first + BATCH && SECONDS < $1; AT++)); do
                        # shellcheck disable=SC2086
                        point "$AT" ${POINTS[AT]} >>"$W/batch"
                done
                if as_before "$AFTER_SECONDS"; then break; fi
                POINT="one of ${POINTS[*]:first:AT - first}"
                bad "left over" "the host is not as before"
                begin_anew
                if [ -z "$FULL" ]; then : >"$W/batch"; else printf '%s\t%s\tleft over\t-\n' "$SCENARIO" "$POINT" >>"$W/batch"; fi
        done
        cat "$W/batch" >>"$RESULTS"
}

# --- many -----------------------------------------------------------------------------------------------------------------

# matrix SCENARIO EVERY SEED [SECONDS]: every EVERY-th point, from the one that the seed says; EVERY may be /N: N points in all. With PLACES=yes, only of
# places(). Its lines go to $RESULTS; what is wrong, to $LOG.
matrix() {
        local every=$2 total end=$((SECONDS + ${4-100000}))
        SCENARIO=$1 AT=0
        choose "$1"
        tidy >/dev/null
        points >"$W/first" || return 1
        # Once more, as what is there from the first time on is nobody's to take away.
        points >"$W/points" || return 1
        sleep 0.2
        this_is_before
        total=$(wc -l <"$W/points")
        if [ -n "${PLACES-}" ]; then places "$W/points" >"$W/places" && mv "$W/places" "$W/points"; fi
        case $every in /*) every=$((($(wc -l <"$W/points") + ${every#/} - 1) / ${every#/})) ;; esac
        printf '%s\t%s\ttotal\t%s\t%s\n' "$1" "$every" "$total" "$(wc -l <"$W/points")" >>"$RESULTS"
        # From a file and not from a pipe: nothing in there reads it.
        mapfile -t POINTS < <(grep -E "${THESE-}" "$W/points" | awk -v every="$every" -v seed="$3" 'NR % every == seed % every')
        while [ "$AT" -lt ${#POINTS[@]} ]; do
                [ "$SECONDS" -lt "$end" ] || { printf '%s\t%s\tcut\t%s\n' "$1" "$AT" "${#POINTS[@]}" >>"$RESULTS" && break; }
                batch "$end"
        done
}

# table: of the results on standard input, in markdown.
table() {
        awk -F '\t' '
                $3 == "total" { if (!($1 in total)) order[++n] = $1; total[$1] = $4; places[$1] = $5; next }
                $3 == "cut" { next }
                { tried[$1]++; count[$1, $3]++; if ($4 == "swept") swept[$1]++; if ($2 ~ / kill /) killed[$1]++; else failed[$1]++ }
                END {
                        print "| scenario | points | at places | tried | killed there | failed there | refused cleanly | succeeded all the same | died of it | not met | had to be swept | left over | crashed | hung | untrue or silent | broken after |"
                        print "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
                        for (i = 1; i <= n; i++) { s = order[i]
                                row(s, total[s], places[s], tried[s], killed[s], failed[s], count[s, "refused"], count[s, "succeeded"], count[s, "killed"], count[s, "missed"], swept[s],
                                        count[s, "left over"], count[s, "crashed"], count[s, "hung"], count[s, "untrue"] + count[s, "silent"], count[s, "next"] + count[s, "broken"])
                        }
                        row("all", S[1], S[2], S[3], S[4], S[5], S[6], S[7], S[8], S[9], S[10], S[11], S[12], S[13], S[14], S[15])
                }
                function row(s, a, b, c, d, e, f, g, h, i, j, k, l, m, o, q,  v, x, y) {
                        v = "| " s; split(a + 0 " " b + 0 " " c + 0 " " d + 0 " " e + 0 " " f + 0 " " g + 0 " " h + 0 " " i + 0 " " j + 0 " " k + 0 " " l + 0 " " m + 0 " " o + 0 " " q + 0, x, " ")
                        for (y = 1; y <= 15; y++) { v = v " | " x[y]; if (s != "all") S[y] += x[y] }
                        print v " |"
                }'
}

# wrong: the results on standard input that are no good.
wrong() { awk -F '\t' '$3 !~ /^(total|cut|missed|succeeded|killed|refused)$/'; }
