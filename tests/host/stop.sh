# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# How an end comes about: by which way of the init's, what is said meanwhile, and what is done where nothing helps.

# tree_of_script NAME: a tree whose init is the script on standard input, without a program that could end it.
tree_of_script() {
        tree_with_init "$1"
        rm "$MACHINES/$1/sbin/"{poweroff,halt,reboot}
}

# begin NAME [OPTION...]: in the background, its words in $SCRATCH/err.
begin() {
        local name=$1
        shift
        forget_marks "$name"
        nbox boot --console=read-only "$@" "$name" >"$SCRATCH/out" 2>"$SCRATCH/err" </dev/null &
        BOOT=$!
        wait_until 10 marked "$name" up 1
}

# ended STATUS: of what begin began.
ended() {
        local rc=0
        wait "$BOOT" || rc=$?
        same "exit status" "$rc" "$1"
}

ups_and_downs() { same marks "$(tr '\n' ' ' <"$MACHINES/$1/var/marks")" "$2"; }

WITH_TRAP='#!/bin/sh
trap "/sbin/mark down; exec busybox poweroff -f" TERM
/sbin/mark up
while :; do sleep 0.1; done'

WITHOUT_TRAP='#!/bin/sh
/sbin/mark up
while :; do sleep 0.1; done'

test_unknown_init_by_its_program() {
        tree_of_script web <<<"$WITH_TRAP"
        printf '#!/bin/sh\nexec kill -TERM 1\n' >"$MACHINES/web/sbin/poweroff"
        chmod 755 "$MACHINES/web/sbin/poweroff"
        begin web
        has "$(nbox list)" '^web +container +other '
        nbox poweroff --wait web
        ended 0
        has "$(cat "$SCRATCH/err")" 'its own poweroff has been run'
        ups_and_downs web 'up down '
        remove_tree web
}

test_unknown_init_without_a_program() {
        tree_of_script web <<<"$WITH_TRAP"
        begin web
        nbox poweroff --wait web
        ended 0
        has "$(cat "$SCRATCH/err")" 'no program of its own for this; sending SIGTERM'
        ups_and_downs web 'up down '
        remove_tree web
}

test_unknown_init_whose_program_brings_nothing_about() {
        tree_of_script web <<<"$WITH_TRAP"
        ln -s /bin/true "$MACHINES/web/sbin/poweroff"
        begin web --stop-timeout=6s
        nbox poweroff --wait web
        ended 0
        has "$(cat "$SCRATCH/err")" 'still runs after its own program; sending SIGTERM'
        ups_and_downs web 'up down '
        remove_tree web
}

test_kill_signal_of_the_settings() {
        tree_of_script web <<<"${WITH_TRAP/TERM/USR1}"
        begin web --kill-signal=SIGUSR1
        nbox poweroff --wait web
        ended 0
        has "$(cat "$SCRATCH/err")" 'to power off by SIGUSR1'
        ups_and_downs web 'up down '
        remove_tree web
}

test_what_heeds_nothing_is_killed_in_time() {
        local began
        tree_of_script web <<<"$WITHOUT_TRAP"
        begin web --stop-timeout=2s
        began=$SECONDS
        nbox poweroff --wait web
        ended 124
        [ $((SECONDS - began)) -le $((5 * PATIENCE)) ] || fail "took $((SECONDS - began)) s"
        has "$(cat "$SCRATCH/err")" 'heeds no other signal'
        has "$(cat "$SCRATCH/err")" 'has not ended within 2 s: killing it'
        remove_tree web
}

test_a_program_that_does_not_end_holds_up_nobody() {
        tree_of_script web <<<"$WITHOUT_TRAP"
        printf '#!/bin/sh\ntrap "" TERM HUP INT\nwhile :; do sleep 1; done\n' >"$MACHINES/web/sbin/poweroff"
        chmod 755 "$MACHINES/web/sbin/poweroff"
        begin web --stop-timeout=4s
        nbox poweroff web
        wait_until 3 nbox exec web sh -c "ps | grep -q [p]oweroff"
        # The supervisor answers all the while.
        has "$(timeout "$SLOW" nbox poweroff web 2>&1)" 'is stopping already'
        same state "$(nbox list --json | jq -r '.[0].state')" stopping
        ended 124
        wait_until 5 is_gone web
        remove_tree web
}

test_a_second_request_disturbs_nothing() {
        tree_of_script web <<<"${WITH_TRAP/\/sbin\/mark down/sleep 2; \/sbin\/mark down}"
        begin web
        nbox poweroff web
        has "$(nbox poweroff web 2>&1)" "is stopping already; .nbox terminate web"
        refused nbox reboot web
        has "$REFUSAL" 'has been asked to power off'
        ended 0
        ups_and_downs web 'up down '
        # But an end at once is one.
        begin web
        nbox poweroff web
        nbox terminate web
        ended 137
        ups_and_downs web 'up '
        remove_tree web
}

test_init_of_the_settings() {
        tree_with web
        same "init by looking" "$(nbox boot --dry-run --json web | jq -r .init)" busybox
        same "init by the option" "$(nbox boot --dry-run --json --init=runit web | jq -r .init)" runit
        mkdir -p /etc/nbox
        printf '[Boot]\nInit=other\n' >/etc/nbox/web.conf
        same "init by the file" "$(nbox boot --dry-run --json web | jq -r .init)" other
        begin web
        has "$(nbox list)" '^web +container +other '
        nbox poweroff --wait web
        ended 0
        has "$(cat "$SCRATCH/err")" 'its own poweroff has been run'
        rm /etc/nbox/web.conf
        # A path is what is executed.
        printf '%s\n' "$WITH_TRAP" >"$MACHINES/web/sbin/mine"
        chmod 755 "$MACHINES/web/sbin/mine"
        begin web --init=/sbin/mine
        has "$(nbox exec web cat /proc/1/cmdline | tr '\0' ' ')" '/sbin/mine'
        nbox terminate web
        ended 137
        refused nbox boot --init=/sbin/nowhere web
        has "$REFUSAL" '/sbin/nowhere cannot be booted: in the tree it is missing'
        refused nbox boot --init=upstart web
        remove_tree web
}

# shown COMMAND...: what it writes to a terminal.
shown() {
        TERM=xterm timeout "$((30 * PATIENCE))" script -qec "stty columns 120; $*" /dev/null </dev/null
}

test_waiting_is_shown_on_a_terminal() {
        local text
        tree_of_script web <<<"${WITH_TRAP/\/sbin\/mark down/sleep 2.5; \/sbin\/mark down}"
        begin web
        text=$(shown nbox poweroff --wait web)
        ended 0
        has "$text" 'Waiting for web to power off, 1 s of 90 s; .C stops waiting, .nbox terminate web. ends it now'
        has "$text" $'\x1b\\[2m'
        # Without colour where it is not wanted, and not a word in a pipe.
        begin web
        text=$(NO_COLOR=1 shown nbox poweroff --wait web)
        ended 0
        has "$text" 'Waiting for web to power off, 1 s'
        has_not "$text" $'\x1b\\[2m'
        begin web
        same "words in a pipe" "$(nbox poweroff --wait web 2>&1)" ''
        ended 0
        remove_tree web
}
