#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# reach.sh run     who reaches what, with each firewall backend in turn, on the host it is started on
# reach.sh table   the lines that it has printed, from standard input, as a table
# reach.sh count   how many lines it prints
#
# Machines of all kinds of zones run side by side, and each row of the table below is asked by tcp and by udp. What is published must
# answer, to everybody, three connections in a row with two exchanges each: what a redirect, or a translation that only the first
# packet meets, breaks is the second. What is not must stay silent, and so must the machine: not only does no answer come, nothing of
# the question has been heard. Before a row of the second kind is believed, the one who asks has been answered by the very same server
# at its published port (one in a closed zone by himself, at his own).
#
# Prints "ok ROW.PROTOCOL.BACKEND (S s)" or "not ok …" with the reason. ONLY is a glob of these names; BRIDGED says whether packets
# within a bridge pass the packet filters, too (br_netfilter: 1 or 0).
set -u
HERE=$(dirname "$(readlink -f "$0")")
. "$HERE/../lib.sh"
. "$HERE/world.sh"
: "${SLOW:=1}" "${ONLY:=*}" "${BRIDGED:=1}" "${CELL_LIMIT:=30}" "${AT_ONCE:=3}"
export SLOW

BACKENDS='iptables nft'
PROTOCOLS='tcp udp'
PORT=80 # that all machines serve

# MACHINE ZONE PUBLISHED: the zones are made with the options below.
GUESTS='
web     default  8080
peer    default  8081
far     away     8082
cell    cells    8083
inmate  cells    8084
solo    cells2   8085
shut    closed   8086
'
# away comes into being by use
ZONES='
cells   --isolated
cells2  --isolated
closed  --closed
'

# ROW WHO WHOM WHERE ANSWER. WHOM is the machine that serves, WHERE how it is addressed: by its published port at the host's address on
# its link outside (lan), at 127.0.0.1 (loopback) or at the address that the host has in the asking machine's zone (gateway), or by its
# own address inside (inner). `world` is a server outside.
ROWS='
outside                        outside web    lan      yes
host-lan-address               host    web    lan      yes
host-127.0.0.1                 host    web    loopback yes
itself                         web     web    lan      yes
other-machine                  peer    web    lan      yes
other-machine-by-gateway       peer    web    gateway  yes
other-zone                     far     web    lan      yes
other-zone-by-gateway          far     web    gateway  yes
isolated                       cell    web    lan      yes
isolated-itself                cell    cell   lan      yes
isolated-from-outside          outside cell   lan      yes
isolated-from-127.0.0.1        host    cell   loopback yes
isolated-from-default          peer    cell   lan      yes
isolated-from-other-isolated   solo    cell   lan      yes
isolated-from-its-neighbour    inmate  cell   lan      yes
closed-itself                  shut    shut   lan      yes
closed-from-outside            outside shut   lan      yes
closed-from-127.0.0.1          host    shut   loopback yes
closed-from-other-zone         far     shut   lan      yes
closed-to-other-zone           shut    web    lan      never
outward                        web     world  inner    yes
outward-from-isolated          cell    world  inner    yes
outward-from-closed            shut    world  inner    never
inner-from-host                host    web    inner    yes
inner-within-zone              peer    web    inner    yes
inner-from-outside             outside web    inner    never
inner-from-other-zone          far     web    inner    never
inner-from-isolated            cell    web    inner    never
inner-from-closed              shut    web    inner    never
inner-isolated-from-outside    outside cell   inner    never
inner-isolated-from-default    peer    cell   inner    never
inner-isolated-from-isolated   solo    cell   inner    never
inner-isolated-from-neighbour  inmate  cell   inner    never
inner-closed-from-outside      outside shut   inner    never
inner-closed-from-other-zone   far     shut   inner    never
'

# --- the cells --------------------------------------------------------------------------------------------------------

# published MACHINE: its port on the host.
published() { awk -v m="$1" '$1 == m { print $3 }' <<<"$GUESTS"; }
zone_of() { awk -v m="$1" '$1 == m { print $2 }' <<<"$GUESTS"; }

is_backend() { [ ! -e "$STATE/not-the-backend" ] || fail "$(cat "$STATE/not-the-backend")"; }

# cell ROW PROTOCOL
cell() {
        local who whom where answer address port=$PORT control
        is_backend
        read -r _ who whom where answer < <(grep -E "^$1 " <<<"$ROWS")
        control=$whom
        for name in "$who" "$whom"; do
                case $name in host | outside | world) continue ;; esac
                [ -e "$STATE/$name.address" ] || fail "$name is not up: $(cat "$STATE/$name.boot" 2>/dev/null)"
        done
        case $where in
        lan) address=$HOST_ADDRESS port=$(published "$whom") ;;
        loopback) address=127.0.0.1 port=$(published "$whom") ;;
        gateway) address=$(cat "$STATE/$who.gateway") port=$(published "$whom") ;;
        inner) address=$(cat "$STATE/$whom.address") ;;
        esac
        [ "$who" != shut ] || control=shut
        if [ "$answer" = yes ]; then
                reaches "$who" "$2" "$address" "$port" "$whom"
                return
        fi
        reaches "$who" "$2" "$HOST_ADDRESS" "$(published "$control")" "$control"
        # The outside has a route to it, as a host of the same network may set one: by it the bridge's own address answers.
        [ "$who" != outside ] || reaches "$who" "$2" "$(cat "$STATE/$whom.gateway")" "$(published "$whom")" "$whom"
        reaches_not "$who" "$2" "$address" "$port"
}

# --- running them -----------------------------------------------------------------------------------------------------

said() {
        echo "failed: line ${BASH_LINENO[0]}: ${1%%$'\n'*}" >&3
}

# wanted ROW.PROTOCOL.BACKEND
wanted() {
        # shellcheck disable=SC2254
        case $1 in $ONLY) ;; *) return 1 ;; esac
}

guests() { awk 'NF { print $1 }' <<<"$GUESTS"; }
rows() { awk 'NF { print $1 }' <<<"$ROWS"; }

# In a process of its own, as a failing command ends it.
if [ "${1-}" = cell ]; then
        exec 3>&2
        set -eE -o pipefail
        trap 'said "$BASH_COMMAND"' ERR
        cell "$2" "$3"
        exit
fi

# run_cell ROW PROTOCOL BACKEND
run_cell() {
        local began out
        began=$(date +%s%N)
        if out=$(timeout -k 5 "$((CELL_LIMIT * SLOW))" "$0" cell "$1" "$2" 2>&1 </dev/null); then
                echo "ok $1.$2.$3 ($(elapsed "$began") s)"
        else
                printf 'not ok %s.%s.%s (%s s)\n%s\n' "$1" "$2" "$3" "$(elapsed "$began")" "$(head -c 2000 <<<"$out" | sed 's/^/    /')"
        fi
}

# bring_up MACHINE: booted, serving, and its addresses known; what went wrong is in its .boot.
bring_up() {
        local name=$1 zone port
        zone=$(zone_of "$name")
        port=$(published "$name")
        boot "$name" --network-zone="$zone" -p "tcp:$port:$PORT" -p "udp:$port:$PORT" >"$STATE/$name.boot" 2>&1 || return
        serve "$name" "$PORT"
        gateway_of "$name" >"$STATE/$name.gateway"
        address_of "$name" >"$STATE/$name.address"
}

# make_zones: a word that this nbox does not know is a machine's that cannot be brought up.
make_zones() {
        local zone options
        while read -r zone options; do
                # shellcheck disable=SC2086 # words
                [ -z "$zone" ] || nbox zone create "$zone" $options >"$STATE/$zone.missing" 2>&1 && rm -f "$STATE/$zone.missing"
        done <<<"$ZONES"
}

# line NAME COMMAND...: one that is no cell of the table.
line() {
        local name=$1 out
        shift
        wanted "$name" || return 0
        if out=$("$@" 2>&1); then
                echo "ok $name"
        else
                printf 'not ok %s\n%s\n' "$name" "$(sed 's/^/    /' <<<"$out")"
        fi
}

# run_cells BACKEND: several at once, since they wait more than they work. In a shell of its own, whose only jobs these are.
run_cells() {
        local row protocol
        for row in $(rows); do
                for protocol in $PROTOCOLS; do
                        wanted "$row.$protocol.$1" || continue
                        while [ "$(jobs -pr | wc -l)" -ge "$AT_ONCE" ]; do wait -n; done
                        run_cell "$row" "$protocol" "$1" &
                done
        done
        wait
}

with_backend() {
        local backend=$1 name
        mkdir -p "$STATE"
        host_snapshot /job/before
        printf '[Host]\nFirewall=%s\n' "$backend" >/etc/nbox.conf
        make_zones
        for name in $(guests); do
                if [ -e "$STATE/$(zone_of "$name").missing" ]; then
                        cp "$STATE/$(zone_of "$name").missing" "$STATE/$name.boot"
                else
                        bring_up "$name"
                fi
        done
        ip -n outside route add 10.0.0.0/8 via "$HOST_ADDRESS"
        at outside "$HERE/answerer" "$PORT" world "$STATE/heard" &
        echo "$OUTSIDE_ADDRESS" >"$STATE/world.address"
        # A cell counts only with the backend that it is said to be of.
        (filter_is "$backend") >"$STATE/not-the-backend" 2>&1 3>&1 && rm "$STATE/not-the-backend"
        line "backend.$backend" is_backend
        run_cells "$backend" &
        wait $!
        take_down
        line "host-as-before.$backend" host_compare /job/before
        rm -rf "$STATE"
}

take_down() {
        local name
        ip -n outside route delete 10.0.0.0/8 via "$HOST_ADDRESS"
        unserve
        # shellcheck disable=SC2046
        nbox terminate $(nbox list --json | jq -r '.[].machine') >/dev/null
        wait_until 10 eval '[ "$(nbox list --json | jq length)" = 0 ]'
        for name in $(awk 'NF { print $1 }' <<<"$ZONES"); do
                [ -e "$STATE/$name.missing" ] || nbox zone remove "$name"
        done
        rm -f /etc/nbox.conf
}

run_all() {
        local backend name
        exec 3>&2
        export GUEST=reach STATE=/job/reach SCRATCH=/job/reach
        world_setup
        echo "$BRIDGED" >/proc/sys/net/bridge/bridge-nf-call-iptables
        for name in $(guests); do tree_with "$name"; done
        for backend in $BACKENDS; do
                with_backend "$backend"
        done
        for name in $(guests); do remove_tree "$name"; done
        world_end
}

table() {
        awk -v rows="$(rows | tr '\n' ' ')" -v silent=" $(awk '$5 == "never" { print $1 }' <<<"$ROWS" | tr '\n' ' ')" \
                -v protocols="$PROTOCOLS" -v backends="$BACKENDS" '
                { match($0, /ok [^ ]+/); cell = substr($0, RSTART + 3, RLENGTH - 3) }
                /^ok / { of[cell] = index(silent, " " substr(cell, 1, index(cell, ".tcp") + index(cell, ".udp") - 1) " ") ? "silent" : "answers" }
                /^not ok / { of[cell] = "FAIL" }
                END {
                        n = split(rows, r, " "); m = split(protocols, p, " "); l = split(backends, b, " ")
                        printf "%-29s", "who reaches what"
                        for (j = 1; j <= l; j++) for (k = 1; k <= m; k++) printf " %12s", p[k] " " b[j]
                        print ""
                        for (i = 1; i <= n; i++) {
                                printf "%-29s", r[i]
                                for (j = 1; j <= l; j++) for (k = 1; k <= m; k++) {
                                        cell = r[i] "." p[k] "." b[j]
                                        printf " %12s", cell in of ? of[cell] : "-"
                                }
                                print ""
                        }
                }'
}

count() {
        local row protocol backend n=0
        for backend in $BACKENDS; do
                for row in "backend.$backend" "host-as-before.$backend"; do ! wanted "$row" || n=$((n + 1)); done
                for row in $(rows); do
                        for protocol in $PROTOCOLS; do ! wanted "$row.$protocol.$backend" || n=$((n + 1)); done
                done
        done
        echo "$n"
}

action=$1
shift
case $action in
run) run_all ;;
table) table ;;
count) count ;;
esac
