#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# matrix.sh run INIT...     each of these guests through each cell, several guests at once, on the host it is started on, which is
#                           the container host (bhost-run); at its end all of them run, for the host to be switched off
# matrix.sh host DIR INIT...   after that: what became of them; DIR is the host's /var/lib/machines
# matrix.sh table INIT...   the lines that these two have printed, from standard input, as a table
# matrix.sh count INIT...   how many lines they print
#
# A cell is one thing that a user does with a machine, and what a clean end leaves behind: the guests write "up" as they boot and
# "down" in the course of their own shutdown, so that one that was killed is told from one that was asked. Prints "ok INIT.CELL
# (S s)" or "not ok INIT.CELL (S s)" with the reason. ONLY is a glob of these names.
#
# The guests are trees as their packages make them (tests/trees/); nothing in them is there for nbox.
set -u
HERE=$(dirname "$(readlink -f "$0")")
. "$HERE/../lib.sh"
. "$HERE/world.sh"
: "${SLOW:=1}" "${ONLY:=*}" "${CELL_LIMIT:=180}" "${AT_ONCE:=4}"
export SLOW

# In this order, as the machine goes from one to the next: a unit that is started and stopped, then one boot for all that is done with
# a running machine, then the ways to end it. Each can also stand alone: it brings the machine about that it needs.
CELLS='ready unit boot login shell exec console network logs own-reboot reboot own-poweroff poweroff own-halt halt terminate machinectl'

# --- what is different from one init to another ----------------------------------------------------------------------

# kind INIT: what `nbox list` must call it.
kind() {
        case $1 in
        debian) echo systemd ;;
        alpine | busybox | openrc-busybox) echo busybox ;;
        openrc | sysvinit) echo sysvinit ;;
        script) echo other ;;
        *) echo "$1" ;;
        esac
}

# own INIT ACTION: the command that an administrator inside would type.
own() {
        case $1.$2 in
        openrc-init.poweroff) echo openrc-shutdown -p now ;;
        openrc-init.halt) echo openrc-shutdown -H now ;;
        openrc-init.reboot) echo openrc-shutdown -r now ;;
        *) echo "$2" ;;
        esac
}

# boot_says INIT: what it writes to the console while it boots. Not the very first of sysvinit's, "INIT: version": it resets its console a
# moment later (tcflush(3)), and what nobody has read by then is gone, on every terminal.
boot_says() {
        case $1 in
        debian) echo 'Welcome to ' ;;
        alpine) echo "can't run '/sbin/openrc'" ;;
        busybox) echo 'rcS: up' ;;
        openrc*) echo 'OpenRC .*is starting up' ;;
        sysvinit) echo 'Using makefile-style concurrent boot' ;;
        runit) echo 'runit: enter stage' ;;
        finit) echo 'Mounting filesystems' ;;
        script) echo 'init: up' ;;
        esac
}

# --- bringing a machine about -----------------------------------------------------------------------------------------

# For the cells' own time: what only prepares is not counted.
clock_start() { date +%s%N >"$SCRATCH/began"; }
clock_stop() { elapsed "$(cat "$SCRATCH/began")" >"$SCRATCH/took"; }

# listed FIELD: of `nbox list`.
listed() { nbox list --json | jq -r --arg m "$M" --arg f "$1" '.[] | select(.machine == $m) | .[$f]'; }

is_up() { is_listed "$M" && nbox exec "$M" /bin/busybox true; }

# Each has a port of the host's, from 8001 on.
port() { echo $((8000 + $(sed -n "/^$M\$/=" /job/inits))); }

# Its own boot, from nothing.
boot_anew() {
        ! is_listed "$M" || terminate "$M"
        forget_marks "$M"
        boot "$M" -p "$(port):80"
}

# A machine that has finished booting; any that is there will do.
need_up() {
        is_listed "$M" || boot_anew
        wait_until 30 marked "$M" up 1
}

# man_says ACTION: what the page has in its table of inits for this one.
man_says() {
        sed 's/\\-/-/g' /usr/share/man/man1/nbox.1 | awk -F'|' -v init="$(listed init)" -v action="$1" '
                $1 == "init" { for (i = 3; i <= NF; i++) { gsub(" ", "", $i); if ($i == action) column = i } }
                $2 == init { print $column }'
}

# as_man_says ACTION WHAT: how init was asked, by the log of its supervisor (standard input).
as_man_says() {
        local got said=${1/poweroff/power off}
        got=$(sed -n "s/.*asking its init .* to $said by //p; s/.*its own .* has been run/its own/p" | head -n 1)
        [ -n "$got" ] || fail "the log does not say how it was asked"
        [[ $2 = *"$got"* ]] || fail "asked by $got; the manual page says $2"
}

# ends COMMAND...: the machine must shut down in its own order, and be gone; nobody has killed it.
ends() {
        local service since down log asked=''
        need_up
        [ "$1" != nbox ] || [ "$2" = exec ] || asked=$(man_says "$2")
        service=$(systemctl show -P BindsTo "machine-$(systemd-escape "$M").scope")
        since=$(date +%s.%N)
        down=$(marks "$M" down)
        clock_start
        timeout "$((20 * PATIENCE))" "$@" || [ "$1 $2" = "nbox exec" ] || fail "$* fails"
        wait_until 30 is_gone "$M"
        clock_stop
        same "shutdowns" "$(marks "$M" down)" $((down + 1))
        log=$(journalctl -q --no-pager -o cat --since "@$since" -u "$service")
        has_not "$log" 'killing it|killed'
        [ -z "$asked" ] || as_man_says "$2" "$asked" <<<"$log"
}

# comes_back COMMAND...: shuts down in its own order and boots again, and is to the network who it was.
comes_back() {
        local address up down service since asked=''
        need_up
        service=$(systemctl show -P BindsTo "machine-$(systemd-escape "$M").scope")
        since=$(date +%s.%N)
        [ "$1" != nbox ] || [ "$2" = exec ] || asked=$(man_says "$2")
        address=$(address_of "$M")
        [ -n "$address" ] || fail "no address"
        up=$(marks "$M" up)
        down=$(marks "$M" down)
        clock_start
        timeout "$((20 * PATIENCE))" "$@" || [ "$1 $2" = "nbox exec" ] || fail "$* fails"
        wait_until 30 marked "$M" up $((up + 1))
        wait_until 10 is_up
        clock_stop
        same "shutdowns" "$(marks "$M" down)" $((down + 1))
        same "boots" "$(marks "$M" up)" $((up + 1))
        same "address" "$(address_of "$M")" "$address"
        has "$(machinectl list --no-legend)" "^$M "
        [ -z "$asked" ] || as_man_says "$2" "$asked" < <(journalctl -q --no-pager -o cat --since "@$since" -u "$service")
}

# --- the cells --------------------------------------------------------------------------------------------------------

# A unit that has been started is up: here by a condition that holds at the end of the boot.
cell_ready() {
        ! is_listed "$M" || terminate "$M"
        forget_marks "$M"
        mkdir -p /etc/nbox
        printf '[Boot]\nReady=file:/var/marks\n' >"/etc/nbox/$M.conf"
        clock_start
        systemctl start "nbox@$M"
        clock_stop
        rm "/etc/nbox/$M.conf"
        marked "$M" up 1 || fail "has not booted"
        same "state" "$(listed state)" running
}

cell_unit() {
        is_listed "$M" || { forget_marks "$M" && systemctl start "nbox@$M"; }
        ends systemctl stop "nbox@$M"
        same "result of the unit" "$(systemctl show -P Result "nbox@$M")" success
}

cell_boot() {
        ! is_listed "$M" || terminate "$M"
        forget_marks "$M"
        clock_start
        boot "$M" -p "$(port):80"
        clock_stop
        same "state" "$(listed state)" running
        [ "$M" != debian ] || marked "$M" up 1 || fail "said to be up before it was"
        has "$(machinectl list --no-legend)" "^$M +container +nbox"
        wait_until 30 marked "$M" up 1
        same "init" "$(listed init)" "$(kind "$M")"
        wait_until 5 is_up
}

# A prompt, root, a command and its output, log-out; twice, since a terminal must come back after the first.
cell_login() {
        need_up
        clock_start
        log_in "$M" out
        log_in "$M" out
        clock_stop
        is_listed "$M" || fail "leaving a login ended the machine"
}

cell_shell() {
        local rc=0
        need_up
        clock_start
        shell_of_alice "$M" || rc=$?
        clock_stop
        same "status of the shell" "$rc" 7
}

cell_exec() {
        need_up
        clock_start
        status_is 42 nbox exec "$M" sh -c 'exit 42'
        clock_stop
        same "what came through the pipes" "$(echo in | nbox exec "$M" sh -c 'cat; echo err >&2' 2>"$SCRATCH/err") $(cat "$SCRATCH/err")" 'in err'
}

# console_shows REGEX [COMMAND...]: on the console, now or from before; COMMAND runs while one watches.
console_shows() {
        local want=$1
        shift
        WANT=$want M=$M timeout "$((30 * PATIENCE))" expect -f - "$@" <<'EOT'
set timeout 60
match_max 200000
spawn -noecho nbox console $env(M)
if {[llength $argv]} {
        expect {
                -re {\^\]} {}
                timeout { puts "does not attach"; exit 1 }
        }
        exec {*}$argv
}
expect {
        -re $env(WANT) {}
        timeout { puts "the console does not show it"; exit 1 }
        eof { puts "the console ended"; exit 1 }
}
send "\x1d\x1d\x1d"
expect {
        eof {}
        timeout { puts "^\]^\]^\] does not leave"; exit 1 }
}
EOT
}

cell_console() {
        need_up
        clock_start
        console_shows 'live-42' nbox exec "$M" sh -c 'echo live-$((40+2)) >/dev/console'
        clock_stop
        is_listed "$M" || fail "leaving the console ended the machine"
}

cell_network() {
        local port
        need_up
        port=$(port)
        [ "$(nbox show -p Port "$M")" = "tcp:$port:80" ] || { boot_anew && need_up; }
        clock_start
        same "what the server saw" "$(nbox exec "$M" /bin/busybox nc -w 20 "$OUTSIDE_ADDRESS" "$OUTSIDE_PORT" </dev/null)" "from $HOST_ADDRESS"
        nbox exec "$M" /bin/busybox sh -c 'busybox setsid busybox nc -ll -p 80 -e echo served >/dev/null 2>&1 &'
        wait_until 10 nbox exec "$M" /bin/busybox sh -c 'busybox netstat -ltn | grep -q ":80 "'
        same "what came back" "$(ip netns exec outside /bin/busybox nc -w 20 "$HOST_ADDRESS" "$port" </dev/null)" served
        clock_stop
}

# What the boot wrote is there to be read, after it and by who was not there.
cell_logs() {
        need_up
        clock_start
        if [ "$M" = s6 ]; then
                has "$(nbox exec "$M" cat /run/uncaught-logs/current)" 's6: up' # its console stays silent by design
        else
                console_shows "$(boot_says "$M")"
        fi
        [ "$M" != debian ] || has "$(nbox exec "$M" journalctl -b -q --no-pager -o cat -u mark.service)" 'Finished'
        clock_stop
}

# shellcheck disable=SC2046 # words
cell_own_reboot() { comes_back nbox exec "$M" $(own "$M" reboot); }
cell_reboot() { comes_back nbox reboot "$M"; }
# shellcheck disable=SC2046
cell_own_poweroff() { ends nbox exec "$M" $(own "$M" poweroff); }
cell_poweroff() { ends nbox poweroff "$M"; }
# shellcheck disable=SC2046
cell_own_halt() { ends nbox exec "$M" $(own "$M" halt); }
cell_halt() { ends nbox halt "$M"; }
cell_terminate() { ends machinectl terminate "$M"; }
cell_machinectl() { ends machinectl poweroff "$M"; }

# --- running them -----------------------------------------------------------------------------------------------------

said() {
        echo "failed: line ${BASH_LINENO[0]}: ${1%%$'\n'*}" >&3
}

# wanted INIT.CELL
wanted() {
        # shellcheck disable=SC2254
        case $1 in $ONLY) ;; *) return 1 ;; esac
}

# In a process of its own, as a failing command ends it.
if [ "${1-}" = cell ]; then
        M=$2
        exec 3>&2
        set -eE -o pipefail
        trap 'said "$BASH_COMMAND"' ERR
        cd /
        "cell_${3//-/_}"
        exit
fi

run_cell() {
        local init=$1 name=$2 began rc=0 took
        began=$(date +%s%N)
        rm -f "$SCRATCH/took"
        timeout -k 5 "$((CELL_LIMIT * SLOW))" "$0" cell "$init" "$name" >"$SCRATCH/out" 2>&1 </dev/null || rc=$?
        took=$(cat "$SCRATCH/took" 2>/dev/null || elapsed "$began")
        if [ "$rc" = 0 ]; then
                echo "ok $init.$name ($took s)"
        else
                echo "not ok $init.$name ($(elapsed "$began") s)"
                [ "$rc" != 124 ] || echo "    took longer than $((CELL_LIMIT * SLOW)) s"
                head -c 3000 "$SCRATCH/out" | tr -d '\r' | cat -v | sed 's/^/    /'
                journalctl -q --no-pager -o cat -n 5 -u "nbox@$init" -u "nbox-boot-$init" | sed 's/^/    journal: /'
                # The next cell begins from nothing.
                timeout 60 nbox terminate "$init" 2>/dev/null
                timeout 60 systemctl stop "nbox@$init" "machine-$(systemd-escape "$init").scope" 2>/dev/null
                systemctl reset-failed
        fi
}

run_init() {
        local name
        SCRATCH=$(mktemp -d /job/scratch.XXXXXX)
        export SCRATCH
        for name in $CELLS; do
                ! wanted "$1.$name" || run_cell "$1" "$name"
        done >"/job/matrix.$1"
        cat "/job/matrix.$1"
        is_gone "$1" || terminate "$1"
        rm -rf "$SCRATCH"
}

# All at once, as a host's own boot starts what is enabled.
start_all() {
        local init
        for init in "$@"; do
                forget_marks "$init"
                systemctl start --no-block "nbox@$init"
        done
        for init in "$@"; do
                for _ in $(seq $((600 * PATIENCE))); do
                        ! marked "$init" up 1 || continue 2
                        sleep 0.1
                done
        done
}

run_all() {
        local init hosts=()
        printf '%s\n' "$@" >/job/inits
        exec 3>&2
        export GUEST=$1 SCRATCH=/job # for the snapshot
        world_setup
        echo "nameserver $OUTSIDE_ADDRESS" >/etc/resolv.conf # that refuses at once: some log-ins ask it
        host_snapshot /job/before
        for init in "$@"; do
                while [ "$(jobs -pr | wc -l)" -gt "$AT_ONCE" ]; do wait -n; done # one is the world's server
                run_init "$init" &
        done
        for init in $(jobs -p); do [ "$init" = "$WORLD_SERVER" ] || wait "$init"; done
        if ! wanted host-as-before; then
                :
        elif host_compare /job/before >/job/compared; then
                echo "ok host-as-before"
        else
                echo "not ok host-as-before"
                sed 's/^/    /' /job/compared
        fi
        for init in "$@"; do ! wanted "$init.host" || hosts+=("$init"); done
        [ ${#hosts[@]} = 0 ] || start_all "${hosts[@]}"
}

# The host was told to switch itself off when run_all() had ended; each machine's last mark says when it was about to end.
after_host() {
        local init dir=$1 off got
        shift
        off=$(stat -c %.1Y "$dir/../job/rc")
        for init in "$@"; do
                wanted "$init.host" || continue
                got=$(tr '\n' ' ' 2>/dev/null <"$dir/$init/var/marks")
                if [ "$got" = "up down " ]; then
                        echo "ok $init.host ($(stat -c %.1Y "$dir/$init/var/marks" | awk -v off="$off" '{ printf "%.1f", ($1 > off ? $1 - off : 0) }') s)"
                else
                        echo "not ok $init.host"
                        echo "    marks: $got"
                fi
        done
}

table() {
        awk -v inits="$*" -v cells="$CELLS host" '
                { match($0, /[a-z0-9-]+\.[a-z-]+/); cell = substr($0, RSTART, RLENGTH) }
                /^ok / { time = $0; sub(/.*\(/, "", time); sub(/ s\).*/, "", time); of[cell] = time }
                /^not ok / { of[cell] = "FAIL" }
                END {
                        n = split(cells, c, " "); m = split(inits, i, " ")
                        printf "%-15s", "seconds"
                        for (k = 1; k <= n; k++) { w = length(c[k]) < 4 ? 4 : length(c[k]); printf " %*s", w, c[k] }
                        print ""
                        for (j = 1; j <= m; j++) {
                                printf "%-15s", i[j]
                                for (k = 1; k <= n; k++) {
                                        w = length(c[k]) < 4 ? 4 : length(c[k])
                                        printf " %*s", w, (i[j] "." c[k]) in of ? of[i[j] "." c[k]] : "-"
                                }
                                print ""
                        }
                }'
}

count() {
        local init name n=0
        ! wanted host-as-before || n=1
        for init in "$@"; do
                for name in $CELLS host; do ! wanted "$init.$name" || n=$((n + 1)); done
        done
        echo "$n"
}

action=$1
shift
case $action in
run) run_all "$@" ;;
host) after_host "$@" ;;
table) table "$@" ;;
count) count "$@" ;;
esac
