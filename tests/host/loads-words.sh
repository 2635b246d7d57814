# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The words for hostile loads: a machine that makes something without end (tests/drive/bombdrive.c), and what the host and another
# machine feel of it meanwhile.

# bomber NAME [OPTIONS]: a machine that has the program.
bomber() {
        tree_with "$1"
        mkdir -p "$MACHINES/$1/mnt"
        cp /job/bombdrive "$MACHINES/$1/bin/"
        boot "$@"
}

# bomb NAME ATTACK COUNT SECONDS [HOLD]: what it says, "made N: WHY". All that was made ends with it, its process group by SIGKILL.
bomb() {
        local name=$1
        shift
        timeout -k 5 "$((60 * PATIENCE))" nbox exec "$name" /bin/bombdrive "$@" 2>&1 || true
}

# bombing NAME ATTACK COUNT SECONDS [HOLD]: in the background, and there is some of it already. What it says is in $SCRATCH/made.
bombing() {
        : >"$SCRATCH/made"
        (trap - ERR && bomb "$@" >"$SCRATCH/made") &
        BOMB=$!
        sleep 0.5
}
bombed() { wait "$BOMB" 2>/dev/null || true; }
made() { sed -n 's/^made \([0-9]*\):.*/\1/p' "${1-$SCRATCH/made}"; }

# milliseconds COMMAND...: how long it takes, or "fails".
milliseconds() {
        local began
        began=$(date +%s%N)
        timeout "$((20 * PATIENCE))" "$@" >/dev/null 2>&1 </dev/null || { echo fails && return; }
        echo $((($(date +%s%N) - began) / 1000000))
}

# feels OTHER SECONDS: the longest that each of these took while that time went by: a list, a command in the other machine, a program and a
# small file of the host's, and where systemd runs, a question to it: "list 12 exec 20 program 2 file 4 systemctl 9", in milliseconds.
feels() {
        local end=$((SECONDS + $2)) word n
        local -A worst=() what=([list]='nbox list' [exec]="nbox exec $1 /bin/busybox true" [program]=/bin/true
                [file]="dd if=/dev/zero of=$SCRATCH/small bs=4k count=4 conv=fsync")
        [ ! -d /run/systemd/system ] || what[systemctl]='systemctl show -p ActiveState dbus.service'
        until [ "$SECONDS" -ge "$end" ]; do
                for word in "${!what[@]}"; do
                        # shellcheck disable=SC2086
                        n=$(milliseconds ${what[$word]})
                        [ "$n" != fails ] || worst[$word]=fails
                        [ "${worst[$word]-0}" = fails ] || [ "$n" -le "${worst[$word]-0}" ] || worst[$word]=$n
                done
        done
        for word in list exec program file systemctl; do [ -z "${worst[$word]-}" ] || printf '%s %s ' "$word" "${worst[$word]}"; done
}

# responsive WHAT TEXT MILLISECONDS: nothing of what feels() has said took longer.
responsive() {
        local words word
        read -ra words <<<"$2"
        [ "${#words[@]}" -ge 8 ] || fail "$1: nothing was felt: $2"
        for word in "${words[@]}"; do
                case $word in
                fails) fail "$1: the host or another machine has stopped working: $2" ;;
                [0-9]*) [ "$word" -le "$(($3 * PATIENCE))" ] || fail "$1: more than $(($3 * PATIENCE)) ms: $2" ;;
                esac
        done
}

# cpu_of PID SECONDS: how much of one processor it takes, in per cent.
cpu_of() {
        local before after
        before=$(awk '{ print $14 + $15 }' "/proc/$1/stat")
        sleep "$2"
        after=$(awk '{ print $14 + $15 }' "/proc/$1/stat")
        echo $(((after - before) * 100 / ($2 * $(getconf CLK_TCK))))
}
