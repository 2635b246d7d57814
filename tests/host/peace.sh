# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Several who change the host's packet filter at once: two machines that come and go without a pause, one that stays, and an
# administrator's script that adds and deletes rules of its own. Nobody's rule is lost: each deletion finds what was added, and a
# machine that is up has its port.

: "${ROUNDS:=400}" # of the script, which adds a rule and deletes one in each
TIMES=10             # that each machine comes and goes, at least
STANDING=20 # so many rules of the script's are there at a time

IP= # 6 for IPv6

# The server is the host's, in the machine's network: what counts is the way to it.
serves() {
        nsenter -t "$(property "$1" Leader)" -n socat "TCP$IP-LISTEN:80,fork,reuseaddr" "SYSTEM:echo $1" 2>/dev/null &
        echo $! >"$SCRATCH/$1.server"
        wait_until 5 answers "$1" "$2"
}
unserve() {
        kill "$(cat "$SCRATCH/$1.server")"
        wait "$(cat "$SCRATCH/$1.server")" 2>/dev/null || true
}
answers() {
        local host=$HOST_ADDRESS
        [ -z "$IP" ] || host=[$HOST_ADDRESS6]
        [ "$(socat -t 2 - "TCP$IP:$host:$2,connect-timeout=2" </dev/null 2>/dev/null)" = "$1" ]
}

# comes_and_goes MACHINE PORT: until the script is done, and so many times at least.
comes_and_goes() {
        local rounds=0
        until [ -e "$SCRATCH/done" ] && [ "$rounds" -ge "$TIMES" ]; do
                boot "$1" -p "$2:80" >"$SCRATCH/$1.said" 2>&1 || fail "$(cat "$SCRATCH/$1.said")"
                serves "$1" "$2"
                unserve "$1"
                terminate "$1"
                rounds=$((rounds + 1))
        done
}

# A table is read, changed and written as a whole: the longer it is, the longer is the time in which a change of another is overlooked.
BEFORE=2000
many_rules() {
        local table
        for table in nat filter mangle; do
                echo "*$table"
                echo ":BEFORE - [0:0]"
                seq -f "-A BEFORE -p udp --dport %g -j RETURN" "$BEFORE"
                echo COMMIT
        done
}

# A table and a chain that nbox changes too; one after the other.
table_of() { case $(($1 % 3)) in 0) echo nat POSTROUTING ;; 1) echo filter FORWARD ;; 2) echo mangle FORWARD ;; esac; }

# iptables_round -A|-D N
iptables_round() {
        local table chain source=192.0.2.$(($2 % 250))
        [ -z "$IP" ] || source=2001:db8:2::$(($2 % 250))
        read -r table chain < <(table_of "$2")
        "ip${IP}tables-legacy" -w -t "$table" "$1" "$chain" -s "$source" -p tcp --dport "$2" -j RETURN
}

# nft_round -A|-D N: into a chain on the same hooks, by the handle that it was given; and in a table that is made anew each time.
nft_round() {
        local kind handle
        case $(($2 % 4)) in
        0) kind='ip theirs-nat POSTROUTING' ;;
        1) kind='ip theirs-filter FORWARD' ;;
        2) kind='ip6 theirs-nat POSTROUTING' ;;
        3) kind='ip6 theirs-filter FORWARD' ;;
        esac
        case $1 in
        -A)
                # shellcheck disable=SC2086
                nft add rule $kind tcp dport "$2" return
                nft add table ip theirs-short
                nft delete table ip theirs-short
                ;;
        -D)
                # shellcheck disable=SC2086
                handle=$(nft -a list chain $kind | sed -n "s/.*tcp dport $2 return # handle //p")
                [ -n "$handle" ] || fail "rule $2 of the script's is lost"
                # shellcheck disable=SC2086
                nft delete rule $kind handle "$handle"
                ;;
        esac
}

# script WORD ROUNDS: the administrator's.
script() {
        local i
        for ((i = 1; i <= $2 + STANDING; i++)); do
                [ "$i" -gt "$2" ] || "$1_round" -A "$i"
                [ "$i" -le "$STANDING" ] || "$1_round" -D $((i - STANDING))
        done
}

# without_loss WORD ROUNDS
without_loss() {
        local pids=() pid name rc=0
        for name in stays goes1 goes2; do tree_with "$name"; done
        boot stays -p 8080:80
        filter_is "$([ "$1" = nft ] && echo nft || echo iptables)"
        serves stays 8080
        for name in 1 2; do
                comes_and_goes "goes$name" "$((8080 + name))" &
                pids+=($!)
        done
        script "$1" "$2" || rc=$?
        touch "$SCRATCH/done"
        for pid in "${pids[@]}"; do wait "$pid" || rc=$?; done
        [ "$rc" = 0 ] || fail "see above"
        answers stays 8080
        unserve stays
        terminate stays
        for name in stays goes1 goes2; do remove_tree "$name"; done
}

# loop_of_iptables: or ip6tables.
loop_of_iptables() {
        local table program=ip${IP}tables-legacy
        printf '[Host]\nFirewall=iptables\n' >/etc/nbox.conf
        many_rules | "$program-restore" -w --noflush
        without_loss iptables "$ROUNDS"
        same "rules that were there before" "$("$program-save" | grep -c -- '-A BEFORE')" "$((3 * BEFORE))"
        for table in nat filter mangle; do
                "$program" -w -t "$table" -F BEFORE
                "$program" -w -t "$table" -X BEFORE
        done
        rm /etc/nbox.conf
}

test_two_nbox_and_a_loop_of_iptables() {
        loop_of_iptables
}

test_two_nbox_and_a_loop_of_ip6tables() {
        IP=6
        loop_of_iptables
}

test_two_nbox_and_a_loop_of_nft() {
        local family
        printf '[Host]\nFirewall=nft\n' >/etc/nbox.conf
        for family in ip ip6; do
                nft add table $family theirs-nat
                nft add chain $family theirs-nat POSTROUTING '{ type nat hook postrouting priority 100; }'
                nft add table $family theirs-filter
                nft add chain $family theirs-filter FORWARD '{ type filter hook forward priority 0; }'
        done
        without_loss nft 150 # each takes five commits, and what is deleted waits for all processors
        for family in ip ip6; do
                nft delete table $family theirs-nat
                nft delete table $family theirs-filter
        done
        rm /etc/nbox.conf
}
