# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Faults on purpose: a system call that fails, and a supervisor killed at a named step. Whatever happens, either nbox
# undoes what it did and says why, or the next nbox does; afterwards the host is as before.

# What a run does, in about this order, as system calls that mark the steps: NAME CALL.
STEPS='
claim       flock
record      renameat
cgroup      mkdir
child       clone3
links       sendto
rules       setsockopt
tree        open_tree
ids         mount_setattr
filesystems fsmount
mounts      move_mount
handshake   sendmsg
init        execve
names       sethostname
undo        unlinkat
unlock      unlink
'

# What the run is given.
RUN=(-p 8070:80)

# How often the process that makes a call most makes it in an undisturbed run: occurrences CALL. (strace counts for
# each process by itself.)
occurrences() {
        strace -f -qq -o "$SCRATCH/trace" -e "trace=$1" nbox run "${RUN[@]}" "$GUEST" true >/dev/null 2>&1 ||
                { echo 0; return; } # a run that fails undisturbed has no steps: steps_are_real says so
        awk -v call=" $1(" 'index($0, call) { if (++n[$1] > most) most = n[$1] } END { print most + 0 }' "$SCRATCH/trace"
}

# spread N: at most five numbers from 1 to N, the first and the last among them.
spread() {
        [ "$1" -le 5 ] && seq "$1" && return
        printf '%d\n' 1 "$(($1 / 4))" "$(($1 / 2))" "$(($1 * 3 / 4))" "$1" | sort -nu | grep -vx 0
}

# with_fault CALL N FAULT: runs a machine during which call number N meets the fault.
with_fault() {
        local rc=0
        timeout -k 5 "$((20 * PATIENCE))" strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:$3:when=$2" \
                nbox run "${RUN[@]}" "$GUEST" true >"$SCRATCH/out" 2>&1 </dev/null || rc=$?
        [ "$rc" != 124 ] || fail "hangs when $1 number $2 meets $3"
        echo "$rc"
}

# clean_after WHAT: nothing of the machine is left once gc has run.
clean_after() {
        timeout "$((20 * PATIENCE))" nbox gc
        host_compare "$SCRATCH.before" || fail "after $1"
}

test_killed_at_each_step() {
        local step call n
        while read -r step call; do
                for n in $(spread "$(occurrences "$call")"); do
                        with_fault "$call" "$n" signal=SIGKILL >/dev/null
                        clean_after "SIGKILL at $step ($call number $n)"
                done
        done < <(grep . <<<"$STEPS")
        nbox run "$GUEST" true
}

test_each_step_fails() {
        local step call n rc
        while read -r step call; do
                for n in $(spread "$(occurrences "$call")"); do
                        rc=$(with_fault "$call" "$n" error=ENOMEM)
                        # Done without that call, or said that it could not be done.
                        [ "$rc" = 0 ] || [ -s "$SCRATCH/out" ] || fail "status $rc without a word when $step fails ($call number $n)"
                        clean_after "ENOMEM at $step ($call number $n)"
                done
        done < <(grep . <<<"$STEPS")
}

test_steps_are_real() {
        local step call
        # A step whose call is never made tests nothing.
        while read -r step call; do
                [ "$(occurrences "$call")" -gt 0 ] || fail "no $call in a run: the step '$step' is gone"
        done < <(grep . <<<"$STEPS")
}

# An interface of the host's is on its way, or back already, or not gone yet.
test_given_away_and_killed() {
        local step call n
        ip netns add wan
        ip link add card0 type veth peer name wire netns wan
        ip link property add dev card0 altname rack-7
        ip link set card0 alias 'rack 7' mtu 1400 up
        mv "$SCRATCH.before" "$SCRATCH/first"
        host_snapshot "$SCRATCH.before"
        RUN=(--network=interface:card0)
        while read -r step call; do
                for n in $(spread "$(occurrences "$call")"); do
                        with_fault "$call" "$n" signal=SIGKILL >/dev/null
                        clean_after "SIGKILL at $step ($call number $n)"
                        has "$(ip -d link show card0)" 'mtu 1400.*|altname rack-7'
                done
        done < <(printf '%s\n' 'way sendto' 'file renameat' 'pin mount' 'pin-child clone' 'unpin umount2' 'unlock unlink' 'namespaces setns')
        has "$(ip link show card0)" 'altname rack-7'
        ip link delete card0
        ip netns delete wan
        mv "$SCRATCH/first" "$SCRATCH.before"
}
