# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# nbox top, on terminals of tmux(1)'s: what is seen there is held against the screens in top/, in which ? is any one character, … is any
# text, and … alone on a line any number of lines.

SCREENS=$HOST_TOOLS/top

# ---- machines whose loads are known ----

# begin NAME COMMAND...: a machine of a tree of its own, as root's shell would start it.
begin() {
        local name=$1
        shift
        tree_with "$name"
        nbox run --network=none "$name" "$@" </dev/null >/dev/null 2>&1 &
        wait_until 10 is_state "$name" running
}

# One that works, one that sleeps, one that has memory.
begin_all() {
        begin busy /bin/busybox sh -c 'while :; do :; done'
        begin idle /bin/busybox sleep 10000
        begin large /bin/busybox awk 'BEGIN { s = sprintf("%64000000s", "x"); system("sleep 20000"); print s }'
        wait_until 10 pgrep -f 'sleep 20000$'
}

end_all() {
        local name
        for name in "$@"; do
                terminate "$name"
                remove_tree "$name"
        done
        wait
        remove_store
}

group_of() { echo "/sys/fs/cgroup/$([ ! -d /sys/fs/cgroup/unified ] || echo unified/)$(property "$1" ControlGroup)"; }

# ---- a terminal ----

tm() { TMUX_TMPDIR=$SCRATCH tmux -L top -f /dev/null "$@"; }

# open COLUMNS ROWS [NAME=VALUE...]: a shell on a terminal of that size.
open() {
        local size=(-x "$1" -y "$2")
        shift 2
        env LC_ALL=C.UTF-8 TERM=xterm SHELL=/bin/sh TMUX_TMPDIR="$SCRATCH" tmux -L top -f /dev/null new-session -d "${size[@]}" \
                env LC_ALL=C.UTF-8 PS1='$ ' ENV= "$@" sh
        wait_until 5 sees '$'
}

close() { tm kill-server; }
press() { tm send-keys "$@"; }
size() { tm resize-window -x "$1" -y "$2"; }
screen() { tm capture-pane -p; }
sees() { screen | grep -qF -- "$1"; }
sees_not() { ! sees "$1"; }
row_is() { screen | sed -n "$1p" | grep -q "^$2 "; } # N NAME: the machine in that line
styled() { tm capture-pane -p -e; }
is_chosen() { tm capture-pane -p -e -S "$1" -E "$1" | grep -q "\[7m$2"; } # LINE NAME: counted from 0
format() { tm display-message -p "$1"; }
is_ours() { [ "$(format '#{alternate_on} #{cursor_flag}')" = '1 0' ]; }
is_the_shells() { [ "$(format '#{alternate_on} #{cursor_flag}')" = '0 1' ]; }

# looks_like FILE: what is seen now; shows FILE: before long. The difference is shown else.
looks_like() {
        local line at=0 told=() seen=()
        while IFS= read -r line; do told+=("$(sed 's/[][*\\()+@!|]/\\&/g; s/…/*/g' <<<"$line")"); done <"$SCREENS/$1"
        while IFS= read -r line; do seen+=("$line"); done < <(screen | sed 's/ *$//')
        while [ ${#seen[@]} -gt 0 ] && [ -z "${seen[-1]}" ]; do unset 'seen[-1]'; done
        for line in "${told[@]}"; do
                if [ "$line" = '*' ]; then
                        at=$((${#seen[@]} - (${#told[@]} - at - 1)))
                        continue
                fi
                # shellcheck disable=SC2053 # a pattern
                [ "$at" -ge 0 ] && [ "$at" -lt ${#seen[@]} ] && [[ ${seen[at]} == $line ]] || return 1
                at=$((at + 1))
        done
        [ "$at" = ${#seen[@]} ]
}

shows() {
        local end=$((SECONDS + 10 * PATIENCE))
        until looks_like "$1"; do
                if [ "$SECONDS" -ge "$end" ]; then
                        screen | sed 's/ *$//' >"$SCRATCH/seen"
                        fail "$1: $(diff --label told --label seen -U 99 "$SCREENS/$1" "$SCRATCH/seen" | tail -n +3)"
                fi
                sleep 0.1
        done
}

# ---- tests ----

test_two_sizes_keys_and_the_shell_afterwards() {
        local before
        begin_all
        nbox freeze idle
        open 80 24
        press 'echo what was before; stty -g >/dev/shm/before' Enter
        wait_until 5 test -s /dev/shm/before
        before=$(screen)
        press 'nbox top' Enter
        wait_until 5 is_ours
        wait_until 10 row_is 6 busy
        shows 80x24
        press m
        wait_until 5 row_is 6 large
        shows 80x24-memory
        press r
        wait_until 5 row_is 8 large
        press r c
        wait_until 5 row_is 6 busy
        press N
        shows 80x24-name
        press c
        press '>'
        wait_until 5 sees 'by memory,'
        press '<' '<'
        wait_until 5 sees 'by state,'
        press c
        size 200 50
        shows 200x50
        size 40 5
        shows 40x5
        size 20 3
        shows 20x3
        size 1 1
        sleep 0.3
        size 80 24
        shows 80x24
        press h
        shows 80x24-help
        press q
        shows 80x24
        press /
        wait_until 5 sees 'Names with: _'
        press a r g
        shows 80x24-filter
        press Enter Escape
        shows 80x24
        press d 0 . 5 Enter
        wait_until 5 sees 'every 500ms'
        press +
        wait_until 5 sees 'every 1s'
        press Space
        wait_until 5 sees 'held still'
        press Space
        wait_until 5 sees 'every 1s'
        press Down Down Down Enter
        wait_until 10 sees 'q back'
        screen | sed -n 2p | grep -q '^● large ('
        sees 'Root: /var/lib/machines/large'
        press q
        shows 80x24-chosen
        press q
        wait_until 5 is_the_shells
        sees 'what was before'
        same "the shell's screen" "$(screen | sed '/^\$ nbox top$/,$d')" "$(sed '/^\$ *$/d' <<<"$before")"
        press 'stty -g >/dev/shm/after' Enter
        wait_until 5 test -s /dev/shm/after
        cmp /dev/shm/before /dev/shm/after
        rm /dev/shm/before /dev/shm/after
        close
        end_all busy idle large
}

# Whatever ends it, the terminal is as it was; and while it is stopped.
test_each_end_gives_the_terminal_back() {
        local signal pid
        open 80 24
        for signal in TERM INT HUP QUIT; do
                press 'nbox top' Enter
                wait_until 5 is_ours
                pid=$(pgrep -x nbox)
                kill -s "$signal" "$pid"
                wait_until 5 is_the_shells
                wait_until 5 test ! -d "/proc/$pid"
        done
        press 'nbox top' Enter
        wait_until 5 is_ours
        press C-z
        wait_until 5 is_the_shells
        pid=$(pgrep -x nbox)
        press 'echo in $((6 * 7)) between' Enter
        wait_until 5 sees 'in 42 between'
        size 100 30
        press 'fg' Enter
        wait_until 5 is_ours
        wait_until 5 sees 'Pressure'
        same "what it is now" "$(pgrep -x nbox)" "$pid"
        press C-c
        wait_until 5 is_the_shells
        press 'clear; nbox top &' Enter # not before it is in the foreground
        wait_until 5 eval '[ "$(ps -o stat= -C nbox | cut -c1)" = T ]'
        is_the_shells
        press 'fg' Enter
        wait_until 5 is_ours
        press q
        wait_until 5 is_the_shells
        press 'clear; echo typed' Enter
        wait_until 5 sees typed
        press 'nbox top -n 2 -d 0.2' Enter
        wait_until 5 is_ours
        wait_until 5 is_the_shells
        # The terminal itself goes.
        press 'nbox top' Enter
        wait_until 5 is_ours
        pid=$(pgrep -x nbox)
        close
        wait_until 5 test ! -d "/proc/$pid"
}

# Nobody reads what it writes: it ends all the same when it is told to, and has not grown meanwhile.
test_a_terminal_that_is_not_read() {
        cat >"$SCRATCH/unread" <<'EOF'
import fcntl, os, pty, signal, struct, sys, termios, time
pid, fd = pty.fork()
if pid == 0:
    os.environ['TERM'] = 'xterm'
    os.execvp('nbox', ['nbox', 'top', '-d', '0.1'])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 1000, 1000, 0, 0))
time.sleep(1)
for i in range(200):
    os.write(fd, b'hq\x0c')
    time.sleep(0.01)
os.kill(pid, signal.SIGTERM)
end = time.time() + 10
while time.time() < end:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        sys.exit(0 if status == 0 else 1)
    time.sleep(0.05)
os.kill(pid, signal.SIGKILL)
sys.exit(2)
EOF
        python3 "$SCRATCH/unread"
}

test_machines_come_and_go_and_are_frozen() {
        open 100 20
        press 'nbox top -d 0.3' Enter
        wait_until 5 sees 'Machines  0'
        begin first /bin/busybox sleep 10000
        wait_until 5 sees 'first '
        begin second /bin/busybox sleep 10000
        wait_until 5 sees '2: 2 running'
        echo 1 >"$(group_of first)/cgroup.freeze"
        wait_until 5 sees '1 frozen, 1 running'
        echo 0 >"$(group_of first)/cgroup.freeze"
        wait_until 5 sees '2: 2 running'
        press f
        wait_until 5 sees 'Choose a machine first'
        press N Down f
        wait_until 5 sees 'Freeze first,'
        press n
        wait_until 5 sees 'h help'
        press f
        wait_until 5 sees 'Freeze first,'
        press y
        wait_until 5 sees '1 frozen, 1 running'
        press f
        wait_until 5 sees '2: 2 running'
        # The chosen one goes: the next is chosen.
        terminate first
        wait_until 5 sees '1: 1 running'
        press Enter
        wait_until 5 sees '● second ('
        press q
        wait_until 5 sees 'h help'
        press q
        wait_until 5 is_the_shells
        # Another's terminal, and somebody who may not.
        press 'setpriv --reuid=65534 --regid=65534 --clear-groups nbox top' Enter
        wait_until 5 is_ours
        wait_until 5 sees '1: 1 running'
        press Down f y
        wait_until 5 sees 'root'
        terminate second
        wait_until 5 sees 'Machines  0'
        press q
        wait_until 5 is_the_shells
        close
        wait
        remove_tree first
        remove_tree second
        remove_store
}

test_plain_characters_and_no_colours() {
        local name=a-machine-whose-name-is-as-long-as-names-of-machines-can-be-1234
        begin "$name" /bin/busybox sleep 10000
        open 80 24 LC_ALL=C
        press 'nbox top' Enter
        wait_until 5 sees 'a-machine-whos~'
        ! screen | LC_ALL=C grep '[^ -~]' || fail "not ASCII"
        press q
        wait_until 5 is_the_shells
        press 'LC_ALL=C.UTF-8 nbox top' Enter
        wait_until 5 sees 'a-machine-whos…'
        echo 1 >"$(group_of "$name")/cgroup.freeze"
        wait_until 5 sees '1 frozen'
        styled | grep -q '\[36m' || fail "no colour: $(styled)"
        press q
        wait_until 5 is_the_shells
        press 'NO_COLOR=1 nbox top' Enter
        wait_until 5 is_ours
        wait_until 5 sees '1 frozen'
        press Down
        wait_until 5 is_chosen 5 a-machine
        ! styled | grep -E '\[([0-9]+;)*(3[0-8]|4[0-8]|9[0-7])(;[0-9]+)*m' || fail "coloured"
        press q
        wait_until 5 is_the_shells
        press 'clear; TERM=dumb nbox top; nbox top </dev/null' Enter
        wait_until 5 sees 'cannot be drawn on (TERM=dumb)'
        wait_until 5 sees 'is no terminal'
        close
        end_all "$name"
}

test_once() {
        local table heading
        begin_all
        table=$(nbox top --once -d 0.3)
        heading='NAME         STATE       CPU% MEMORY  LIMIT  MEM% READ/S WRITE/S   IN/S  OUT/S TASKS PRESSURE UPTIME OS'
        same "the heading" "$(head -n 1 <<<"$table")" "$heading"
        same "the busiest" "$(sed -n 2p <<<"$table" | cut -d' ' -f1)" busy
        same "how many" "$(wc -l <<<"$table")" 4
        has_not "$table" $'\e'
        has_not "$table" ' $'
        same "without asking" "$(nbox top | wc -l)" 4
        same "twice" "$(nbox top -n 2 -d 0.2 idle | grep -c ^idle)" 2
        same "by pattern" "$(nbox top --once -d 0.1 --sort=name 'i*' large | awk '{ print $1 }' | xargs)" 'NAME idle large'
        same "reversed" "$(nbox top --once -d 0.1 --sort=name -r | awk '{ print $1 }' | xargs)" 'NAME large idle busy'
        same "by memory" "$(nbox top --once -d 0.1 --sort=memory | sed -n 2p | cut -d' ' -f1)" large
        nbox top --json -d 1 | jq -e '.machines[0] | .machine == "busy" and .cpu_percent > 10 and .cpu_percent < 110 and .tasks == 1' >/dev/null
        nbox top --json -d 0.2 --sort=memory | jq -e '.machines[0] | .machine == "large" and .memory > 60000000 and .memory < 80000000' >/dev/null
        nbox top --json -d 0.2 | jq -e '.machines[] | select(.machine == "idle") | .cpu_percent < 1' >/dev/null
        same "lines" "$(nbox top --json --count=3 --interval=0.1 | jq -c '.host.cpus > 0' | xargs)" 'true true true'
        setpriv --reuid=65534 --regid=65534 --clear-groups nbox top --json -d 0.5 | jq -e '.machines[0].cpu_percent > 10' >/dev/null
        refused nbox top --once nosuch
        refused nbox top --once ../etc
        refused nbox top --sort=nonsense
        refused nbox top --interval=0
        refused nbox top --count=0
        same "orders" "$(nbox top --sort=help | xargs)" 'name state cpu memory memory-percent io network tasks pressure uptime'
        end_all busy idle large
}
