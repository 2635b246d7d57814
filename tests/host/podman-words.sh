# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Scripts of podman commands, each played twice: with crun, which is what people have, and with nbox. What each command prints, its status,
# and what there is when all is over have to be the same. Which two are compared is RUNTIMES ("crun crun" shows whether a script is steady).

: "${RUNTIMES:=crun nbox}"
BOX=$GUEST

# Not under timeout, which knows no functions: see p().
podman() { command podman ${RUNTIME:+--runtime "$RUNTIME"} --log-level error "$@"; }

# normal: what differs between two runs of the same: ids, times, process numbers, sizes of what is counted, and the runtime's own name.
normal() {
        sed -E 's/[0-9a-f]{63,64}/ID/g; s/\b[0-9a-f]{12}\b/id/g
                s/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9.]+ ?(Z|[-+][0-9:]+)?( [A-Z]{3,4})?/TIME/g
                s/(About |Less than )?(a|an|[0-9]+) (second|minute)s?( ago)?/SOME TIME/g
                s,/l/[A-Z0-9]{26},/l/LINK,g; s,(/|\b)(nbox-oci|nbox|crun)(:|\b),\1RUNTIME\3,g; s/\r$//; s/\x1b\[6n//g'
}

# Of an error, who says it and what podman makes of it ("OCI runtime attempted ..."): the words between are the runtime's.
normal_error() { sed -E 's/^(Error:( preparing container .* for attach:)? RUNTIME:).*: (OCI .*)/\1 ... \3/' | normal | sed -E 's/^(Error:.* RUNTIME:).*: (OCI .*)/\1 ... \2/'; }

# p ARGUMENT...: a command of podman's. What it is to read is in $IN.
p() {
        local rc=0
        printf '%s\n' "\$ podman $*" | normal
        printf '%s' "${IN-}" | timeout "$((30 * PATIENCE))" podman --runtime "$RUNTIME" --log-level error "$@" >"$SCRATCH/p.out" 2>"$SCRATCH/p.err" || rc=$?
        normal <"$SCRATCH/p.out"
        normal <"$SCRATCH/p.err" | normal_error | sed 's/^/! /'
        echo "= $rc"
}

# q ARGUMENT...: one whose words are of no interest, only that it comes to the same end.
q() { p "$@" | grep -E '^(\$|=)'; }

# refuses ARGUMENT...: one that is refused by the runtime, in words of its own.
refuses() { p "$@" | sed -E '/^! Error:/d; s/^= 12[67]$/= refused/'; }

# Commands in a container that is thrown away: b OPTION... -- COMMAND...
b() {
        local options=()
        while [ "$1" != -- ]; do options+=("$1") && shift; done
        shift
        p run --rm "${options[@]}" "$BOX" "$@"
}

# What is asked inside.
# shellcheck disable=SC2034 # of the scripts
STATUS='grep -E "^(Cap|NoNew|Seccomp:|Groups)" /proc/self/status'
# Mounts as the container sees them, with what two runs of the same do not share left out; of those that no user asked for, only what and where
# they are and whether they can be written to: nbox keeps nosuid, nodev and noexec on what covers /proc and /sys, and crun does not.
# shellcheck disable=SC2034
MOUNTS='sed -E "s/^[0-9]+ [0-9]+ [0-9]+:[0-9]+ //; s/,?(lowerdir|upperdir|workdir)=[^ ,]*//g; s/(size|nr_inodes)=[0-9]+k?,?//g
        s/(shared|master|propagate_from):[0-9]+/\1/; s/ - ([^ ]+) [^ ]+ / - \1 /; s,^/(null|0) (/proc/[^ ]*) r[ow],/null \2 null,
        s;^([^ ]+ /(proc/|sys/|dev/(null|zero|full|tty|random|urandom))[^ ]*) (r.|null)[^ ]* - .*;\1 \4;" /proc/self/mountinfo'

# typed LINES ARGUMENT...: podman on a terminal of 30 rows and 100 columns, where each line is typed when the shell has its prompt.
typed() {
        local lines=$1
        shift
        printf '%s\n' "\$ typed to podman $*"
        LINES_TYPED=$lines timeout "$((60 * PATIENCE))" expect -f - -- "$RUNTIME" "$@" <<'EXPECT' | normal
log_user 0
set timeout 60
set stty_init "rows 30 columns 100"
set words [lrange $argv 1 end]
spawn -noecho podman --runtime [lindex $words 0] --log-level error {*}[lrange $words 1 end]
foreach line [split $env(LINES_TYPED) "\n"] {
        expect {
                -re {^(.*)[#$] (\x1b\[6n)?$} { puts "[string map {\r {}} $expect_out(1,string)]# $line" }
                timeout { puts "no prompt"; exit 1 }
                eof { puts "ended: $expect_out(buffer)"; exit 1 }
        }
        send -- "$line\r"
        # Its echo, or the next prompt would be looked for in the line itself.
        expect -re {^[^\n]*\n} {}
}
expect { eof {} timeout { puts "does not end" } }
puts [string map {\r {}} $expect_out(buffer)]
puts "= [lindex [wait] 3]"
EXPECT
}

# runtime_is_ours NAME: that a container runs by whom it is thought to.
runtime_is_ours() { echo "* by the runtime that was asked for: $([ "$(podman inspect --format '{{.OCIRuntime}}' "$1")" = "$RUNTIME" ] && echo yes)"; }

# await WHAT TEMPLATE NAME WANTED: of `podman inspect`.
await() {
        wait_until 10 eval "[ \"\$(podman inspect --format '$1' $2)\" = '$3' ]"
        echo "* $2 has $1 $3"
}

# What is left when a script is over: containers, processes, cgroups, mounts and the runtimes' own files.
left() {
        local state
        echo "containers: $(podman ps -aq | wc -l), pods: $(podman pod ps -q | wc -l), volumes: $(podman volume ls -q | wc -l)"
        echo "mounts: $(grep -c " $POD/.*/merged " /proc/self/mountinfo)"
        echo "processes: $(ps -e -o stat=,comm=,pidns= | awk -v own="$(stat -Lc %i /proc/self/ns/pid)" '$1 !~ /^Z/ && ($3 ~ /^[0-9]/ && $3 != own || $2 ~ /^(conmon|crun|nbox)/) { print $2 }' | sort | paste -sd ' ')"
        for state in /run/crun /run/nbox/oci; do
                [ ! -d "$state" ] || find "$state" -mindepth 1 -maxdepth 1 -printf "state: %f\n" | normal
        done
}

# Not compared, since crun leaves some: how many there are may be no more with the second.
groups_left() { find /sys/fs/cgroup -type d -path '*libpod*' ! -name libpod_parent | wc -l; }

clear_engine() {
        podman pod rm -fa -t 0
        podman rm -fa -t 0
        podman volume prune -f
} >/dev/null 2>&1

# play SCRIPT RUNTIME FILE
play() (
        trap - ERR
        set +eE
        RUNTIME=$2
        "$1"
        echo "-- is left:"
        left
) >"$3" 2>&1

# compare SCRIPT: a function of podman commands, with the one and with the other.
compare() {
        local runtime n=0 before groups=()
        for runtime in $RUNTIMES; do
                n=$((n + 1))
                before=$(groups_left)
                play "$1" "$runtime" "$SCRATCH/said.$n" || fail "with $runtime: $(tail -n 20 "$SCRATCH/said.$n")"
                clear_engine
                groups[n]=$(($(groups_left) - before))
        done
        [ -z "${SHOW-}" ] || cat "$SCRATCH/said.1" >>/job/said
        # What a script does that works with neither says nothing.
        grep -q '^= 0$' "$SCRATCH/said.1" || fail "nothing of it works: $(cat "$SCRATCH/said.1")"
        diff -U4 --label "${RUNTIMES% *}" --label "${RUNTIMES#* }" "$SCRATCH/said.1" "$SCRATCH/said.2" || fail "the two differ"
        [ "${groups[2]}" -le "${groups[1]}" ] || fail "${groups[2]} cgroups are left, not ${groups[1]}"
}

# What podman does behind the end of a container is over.
store_is_free() {
        command podman ps -aq
        ! pgrep -x 'conmon|podman' && ! grep -q " $POD/store/overlay " /proc/self/mountinfo
}
