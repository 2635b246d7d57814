# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The words that tests are written in, and the world around the host that they run on: a network namespace `outside`,
# reached over one link, that knows the host's address and nothing of what is behind it. So a connection from a machine
# arrives there only if it was masqueraded, and one to a machine only through a published port.

HOST_TOOLS=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$HOST_TOOLS/snapshot.sh"

HOST_ADDRESS=198.51.100.1
OUTSIDE_ADDRESS=198.51.100.2
HOST_ADDRESS6=2001:db8:51::1
OUTSIDE_ADDRESS6=2001:db8:51::2
OUTSIDE_PORT=7000 # answers each connection with the address that it came from
MACHINES=/var/lib/machines

# SLOW is how many times longer things take on this host. What is waited for gets more than that: a limit only matters when something is
# broken, and the host shares its processors with others.
: "${SLOW:=1}"
PATIENCE=$((SLOW + 3))
POLL=0.05 # where each look takes the processors half a second, they are to have a rest between two
[ "$SLOW" = 1 ] || POLL=0.3

world_setup() {
        mkdir -p /run/netns
        ip netns add outside
        # With a MAC address that is said, or udev gives it another one sooner or later.
        ip link add up0 address 02:00:00:51:00:01 type veth peer name up0 address 02:00:00:51:00:02 netns outside
        ip address add "$HOST_ADDRESS/24" dev up0
        ip link set up0 up
        ip route add default via "$OUTSIDE_ADDRESS"
        ip -n outside address add "$OUTSIDE_ADDRESS/24" dev up0
        ip -n outside link set up0 up
        ip -n outside link set lo up
        # A kernel without IPv6 has a world without.
        if [ -e /proc/sys/net/ipv6 ]; then
                ip address add "$HOST_ADDRESS6/64" dev up0 nodad
                ip -n outside address add "$OUTSIDE_ADDRESS6/64" dev up0 nodad
                ip route add default via "$OUTSIDE_ADDRESS6"
        fi
        ip netns exec outside "$HOST_TOOLS/greeter" "$OUTSIDE_PORT" &
        WORLD_SERVER=$!
        # What is there from the first use of the tools on, and not any machine's doing.
        iptables-legacy-save >/dev/null 2>&1
        [ ! -d /run/systemd/system ] || machinectl list >/dev/null
}

world_end() {
        kill "$WORLD_SERVER"
        wait "$WORLD_SERVER" 2>/dev/null
        ip netns delete outside
}

# Says why, also from where the caller's stderr goes elsewhere (fd 3 is the test's own, see inside).
fail() {
        echo "failed: $*" >&3
        exit 1
}

# wait_until SECONDS COMMAND...: as many as a quiet host needs at most.
wait_until() {
        local end=$((SECONDS + $1 * PATIENCE))
        shift
        until "$@" >/dev/null 2>&1; do
                [ "$SECONDS" -lt "$end" ] || fail "not within the time limit: $*"
                sleep "$POLL"
        done
}

# What sweeps behind a verb may still be at work there.
remove_store() { wait_until 10 rm -rf "$MACHINES/.#nbox"; }

# status_is N COMMAND...: its output is the caller's.
status_is() {
        local want=$1 got=0
        shift
        "$@" || got=$?
        [ "$got" = "$want" ] || fail "exit status $got, not $want: $*"
}

# fails COMMAND...: what runs inside fails, and not for a reason of nbox's own.
fails() {
        local got=0
        "$@" || got=$?
        [ "$got" != 0 ] || fail "does not fail: $*"
        [ "$got" -lt 125 ] || fail "exit status $got: $*"
}

# same WHAT GOT WANTED
same() {
        [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"
}

# has TEXT PATTERN: an extended regular expression, somewhere in it.
has() {
        grep -Eq -- "$2" <<<"$1" || fail "no '$2' in: $1"
}

has_not() {
        ! grep -Eq -- "$2" <<<"$1" || fail "'$2' in: $1"
}

# refused COMMAND...: ends with an error of its own: a status that says so, and one clear line or two on stderr, fit
# for a terminal. What it said is left in $REFUSAL.
refused() {
        local got=0
        REFUSAL=$(timeout "$((20 * PATIENCE))" "$@" 2>&1 >/dev/null </dev/null) || got=$?
        [ "$got" != 0 ] || fail "not refused: $*"
        [ "$got" -lt 124 ] || [ "$got" = 125 ] || fail "status $got, not a refusal: $* ($REFUSAL)"
        [ -n "$REFUSAL" ] || fail "refused without a word: $*"
        [ "$(wc -l <<<"$REFUSAL")" -le 4 ] || fail "more than four lines: $REFUSAL"
        ! LC_ALL=C grep -q '[[:cntrl:]]' <<<"$REFUSAL" || fail "control characters in: $(cat -v <<<"$REFUSAL")"
}

# boot NAME [OPTIONS]: detached.
boot() {
        local name=$1
        shift
        timeout "$((30 * PATIENCE))" nbox boot -d "$@" "$name"
}

is_listed() { nbox list | awk -v name="$1" '$1 == name { found = 1 } END { exit !found }'; }
is_gone() { ! is_listed "$1"; }

# Of systemd's units.
# property NAME KEY: a value of its record. is_state NAME STATE.
property() { nbox show --value -p "$2" "$1"; }
is_state() { [ "$(property "$1" State)" = "$2" ]; }

# unit_of UNIT PROPERTY: what systemd says.
unit_of() { systemctl show -P "$2" "$1"; }
is_active() { systemctl is-active -q "$1"; }
is_dead() { ! is_active "$1"; }

# poweroff NAME: orderly, long before its time is up and it is killed.
poweroff() {
        timeout "$((10 * PATIENCE))" nbox poweroff "$1"
        wait_until 10 is_gone "$1"
}

terminate() {
        timeout "$((10 * PATIENCE))" nbox terminate "$1"
        wait_until 5 is_gone "$1"
}

# How often a machine has booted or been shut down: marks NAME up|down.
marks() { cat "$MACHINES/$1/var/marks" 2>/dev/null | grep -cx "$2" || true; }
marked() { [ "$(marks "$1" "$2")" -ge "$3" ]; }
forget_marks() { rm -f "$MACHINES/$1/var/marks"; }

# An address as the machine itself sees it.
address_of() {
        nbox exec "$1" /bin/busybox ip -4 -o addr show dev host0 | sed -n 's/.*inet \([0-9.]*\).*/\1/p'
}
address6_of() {
        nbox exec "$1" /bin/busybox ip -6 -o addr show dev host0 | sed -n 's/.*inet6 \([0-9a-f:]*\).*scope global.*/\1/p'
}

# tree_with NAME: a small tree of its own under /var/lib/machines, removed with remove_tree.
tree_with() { cp -aT "$MACHINES/.busybox" "$MACHINES/$1"; }

# tree_with_init NAME: the same, its init the script on standard input.
tree_with_init() {
        tree_with "$1"
        rm "$MACHINES/$1/sbin/init"
        cat >"$MACHINES/$1/sbin/init"
        chmod 755 "$MACHINES/$1/sbin/init"
}
remove_tree() { rm -rf --one-file-system "${MACHINES:?}/$1"; }

# --- who reaches what: servers and those who ask are the host's programs in the machines' networks, for a busybox has none for udp --------

# at WHO COMMAND...: in the network of a machine, of the host, or of a namespace with that name, as the world outside is.
at() {
        local who=$1
        shift
        case $who in
        host) "$@" ;;
        *) if [ -e "/run/netns/$who" ]; then ip netns exec "$who" "$@"; else nsenter -t "$(leader_of "$who")" -n "$@"; fi ;;
        esac
}

leader_of() { property "$1" Leader; }

gateway_of() { at "$1" ip -4 route show default | awk '{ print $3; exit }'; }
gateway6_of() { at "$1" ip -6 route show default | awk '{ print $3; exit }'; }

# serve WHO PORT [ADDRESS]: whatever is asked there is answered with WHO before it. All that is asked stands in $SCRATCH/heard.
serve() {
        (trap - ERR && at "$1" "$HOST_TOOLS/answerer" "$2" "$1" "$SCRATCH/heard" ${3+"$3"}) &
        wait_until 5 at "$1" sh -c "ss -Hlnt 'sport = $2' | grep -q ."
}

# unserve: all that serve, for they would hold the machines' networks.
unserve() { pkill -x answerer || [ $? = 1 ]; } # 1: nobody does

# ask WHO PROTOCOL ADDRESS PORT WORD [TIMES [SOURCE]]: two exchanges over one connection; prints what was answered. PROTOCOL is tcp or udp,
# or tcp6 and udp6: it is the address that counts. Who could not so much as ask has not found out that nobody answers.
ask() {
        at "$1" "$HOST_TOOLS/asker" "$2" "$3" "$4" "$5" "$((${ASK_SECONDS-3} * SLOW))" "${6-1}" ${7+"$7"} || echo "could not ask: $?"
}

# reaches WHO PROTOCOL ADDRESS PORT SERVER: three times in a row. What was asked begins with $WORD.
reaches() {
        local want
        WORD=$1.$BASHPID.$RANDOM
        printf -v want '%s\n' "$5 $WORD-1" "$5 $WORD-2"
        same "what $3 port $4 answers to $1 by $2, three times" "$(ask "$1" "$2" "$3" "$4" "$WORD" 3)" "$(printf '%s' "$want" "$want" "$want")"
}

# reaches_not WHO PROTOCOL ADDRESS PORT: no answer comes, and no server has heard a word.
reaches_not() {
        WORD=$1.$BASHPID.$RANDOM
        same "what $3 port $4 answers to $1 by $2" "$(ASK_SECONDS=2 ask "$1" "$2" "$3" "$4" "$WORD")" ''
        ! grep -sF "$WORD" "$SCRATCH/heard" || fail "$3 port $4 has heard $1 all the same, by $2"
}

# filter_is iptables|nft: what is used of the host's packet filters while a machine runs: our rules stand there, and none in the other.
filter_is() {
        local legacy nft
        legacy=$(iptables-legacy-save 2>/dev/null | grep -c 'nbox:') || true
        nft=$(nft list tables | grep -c '^table ip nbox$') || true
        case $1 in
        iptables) [ "$legacy" -gt 0 ] && [ "$nft" = 0 ] ;;
        nft) [ "$legacy" = 0 ] && [ "$nft" -gt 0 ] ;;
        esac || fail "not $1: $legacy rules in the legacy tables, $nft table of our own in nft"
        has "$(nbox info)" "$1"
}

# log_in NAME [out]: the guest's own login on one of its ttys, a shell behind it, and ^]^]^] leaves without ending the machine: that
# shell, or with `out` the prompt that comes again after a log-out.
log_in() {
        NAME=$1 OUT=${2-} timeout "$((45 * PATIENCE))" expect -f - <<'EOF'
set timeout 60
spawn -noecho nbox login $env(NAME)
expect {
        -re {ogin: $} {}
        timeout { puts "no login prompt"; exit 1 }
        eof { puts "ended before the login prompt"; exit 1 }
}
send "root\r"
expect {
        -re {# (\x1b\[6n)?$} {}
        timeout { puts "no shell"; exit 1 }
        eof { puts "ended before the shell"; exit 1 }
}
send "echo answer-\$((40+2)); tty\r"
expect {
        -re {answer-42\s+/dev/(tty|pts/|console)[^#]*# (\x1b\[6n)?$} {}
        timeout { puts "the shell does not answer"; exit 1 }
        eof { puts "the shell ended"; exit 1 }
}
if {$env(OUT) eq "out"} {
        send "exit\r"
        expect {
                -re {ogin: $} {}
                timeout { puts "no prompt after the log-out"; exit 1 }
                eof { exit 0 }
        }
}
send "\x1d\x1d\x1d"
expect {
        eof {}
        timeout { puts "^\]^\]^\] does not leave"; exit 1 }
}
EOF
}

# shell_of_alice NAME: a shell of hers on a terminal, which she leaves with status 7: that is the status here.
shell_of_alice() {
        NAME=$1 timeout "$((45 * PATIENCE))" expect -f - <<'EOF'
set timeout 60
spawn -noecho nbox shell alice@$env(NAME)
expect {
        -re {[$#] (\x1b\[6n)?$} {}
        timeout { puts "no shell"; exit 1 }
}
send "echo uid-\$(id -u) \$(test -t 0 && echo terminal)\r"
expect {
        -re {uid-1000 terminal} {}
        timeout { puts "not alice on a terminal"; exit 1 }
}
send "exit 7\r"
expect {
        eof {}
        timeout { puts "does not end"; exit 1 }
}
exit [lindex [wait] 3]
EOF
}
