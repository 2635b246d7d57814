#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# reach.sh run     who reaches what, with each firewall backend in turn, on the host it is started on
# reach.sh table   the lines that it has printed, from standard input, as a table for each IP
# reach.sh count   how many lines it prints
#
# Machines of all kinds of zones run side by side, and each row of the table below is asked by tcp and by udp, over IPv4 and over IPv6. What
# is published must answer, to everybody, three connections in a row with two exchanges each: what a redirect, or a translation that only
# the first packet meets, breaks is the second. What is not must stay silent, and so must the machine: not only does no answer come, nothing
# of the question has been heard. Before a row of the second kind is believed, the one who asks has been answered by the very same server
# at its published port, by the same protocol (one in a closed zone by himself, at his own).
#
# Prints "ok ROW.PROTOCOL.BACKEND (S s)" or "not ok …" with the reason. ONLY is a glob of these names; BRIDGED says whether packets
# within a bridge pass the packet filters, too (br_netfilter: 1 or 0).
set -u
HERE=$(dirname "$(readlink -f "$0")")
. "$HERE/../lib.sh"
. "$HERE/world.sh"
: "${SLOW:=1}" "${ONLY:=*}" "${BRIDGED:=1}" "${CELL_LIMIT:=120}" "${AT_ONCE:=12}"
export SLOW

BACKENDS='iptables nft'
PROTOCOLS='tcp udp tcp6 udp6'
PORT=80       # that all machines serve and publish
QUIET_PORT=81 # that `pub` serves and does not publish

# MACHINE ZONE PUBLISHED: the zones are made with the options below.
GUESTS='
web     default  8080
peer    default  8081
far     away     8082
cell    cells    8083
inmate  cells    8084
solo    cells2   8085
shut    closed   8086
pub     routed   8087
'
# away comes into being by use
ZONES='
cells   --isolated
cells2  --isolated
closed  --closed
routed  --range6=2001:db8:77::/64 --routed
'

# ROW WHO WHOM WHERE ANSWER [6]. WHOM is the machine that serves, WHERE how it is addressed: by its published port at the host's address on
# its link outside (lan), at 127.0.0.1 and [::1] (loopback) or at the address that the host has in the asking machine's zone (gateway); or by
# its own address inside (inner), its link-local one (link), or by its own at a port that it serves and nobody has published (quiet). `world`
# is a server outside, which must see the host's address, or that of a machine with a routed one. A row with a 6 is of IPv6 alone: IPv4 has
# no such thing. Special ways to ask are `names`: the service of WHO's zone for WHOM, and `faked`, `posing`: from a source address that is
# nobody's, or that of a machine in another zone; what arrives there is counted in the world outside.
ROWS='
outside                        outside web    lan      yes
host-lan-address               host    web    lan      yes
host-loopback                  host    web    loopback yes
itself                         web     web    lan      yes
other-machine                  peer    web    lan      yes
other-machine-by-gateway       peer    web    gateway  yes
other-zone                     far     web    lan      yes
other-zone-by-gateway          far     web    gateway  yes
isolated                       cell    web    lan      yes
isolated-itself                cell    cell   lan      yes
isolated-from-outside          outside cell   lan      yes
isolated-from-loopback         host    cell   loopback yes
isolated-from-default          peer    cell   lan      yes
isolated-from-other-isolated   solo    cell   lan      yes
isolated-from-its-neighbour    inmate  cell   lan      yes
closed-itself                  shut    shut   lan      yes
closed-from-outside            outside shut   lan      yes
closed-from-loopback           host    shut   loopback yes
closed-from-other-zone         far     shut   lan      yes
closed-to-other-zone           shut    web    lan      never
outward                        web     world  inner    yes
outward-from-isolated          cell    world  inner    yes
outward-from-closed            shut    world  inner    never
names                          web     peer   names    yes
names-from-isolated            cell    cell   names    yes
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
faked-source                   web     world  faked    never
faked-source-from-isolated     cell    world  faked    never
posing-as-other-zone           web     far    posing   never
link-local-from-host           host    web    link     yes    6
link-local-within-zone         peer    web    link     yes    6
link-local-within-isolated     inmate  cell   link     never  6
routed-from-outside            outside pub    lan      yes    6
routed-from-loopback           host    pub    loopback yes    6
routed-itself                  pub     pub    lan      yes    6
routed-own-address             outside pub    inner    yes    6
routed-own-address-from-host   host    pub    inner    yes    6
routed-own-address-from-zone   web     pub    inner    yes    6
routed-from-closed             shut    pub    inner    never  6
routed-unpublished             outside pub    quiet    never  6
routed-unpublished-from-host   host    pub    quiet    yes    6
routed-unpublished-from-zone   web     pub    quiet    never  6
routed-to-other-zone           pub     web    lan      yes    6
routed-inner-of-other-zone     pub     web    inner    never  6
routed-outward                 pub     world  inner    yes    6
faked-source-from-routed       pub     world  faked    never  6
posing-as-routed               web     pub    posing   never  6
routed-posing-as-other-zone    pub     web    posing   never  6
'

# --- the cells --------------------------------------------------------------------------------------------------------

published() { awk -v m="$1" '$1 == m { print $3 }' <<<"$GUESTS"; } # MACHINE: its port on the host
zone_of() { awk -v m="$1" '$1 == m { print $2 }' <<<"$GUESTS"; }
leader_of() { cat "$STATE/$1.leader"; }

is_backend() { [ ! -e "$STATE/not-the-backend" ] || fail "$(cat "$STATE/not-the-backend")"; }

# known WHO WHAT: address, gateway, link or service, with a 6 behind it where IPv6 is asked for ($IP).
known() {
        [ -s "$STATE/$1.$2$IP" ] || fail "$1 has no $2 of IPv${IP:-4}"
        cat "$STATE/$1.$2$IP"
}

lan_address() { [ -z "$IP" ] && echo "$HOST_ADDRESS" || echo "$HOST_ADDRESS6"; }

# asked_at WHO WHOM WHERE: address and port.
asked_at() {
        case $3 in
        lan) echo "$(lan_address)" "$(published "$2")" ;;
        loopback) [ -z "$IP" ] && echo 127.0.0.1 "$(published "$2")" || echo ::1 "$(published "$2")" ;;
        gateway) echo "$(known "$1" gateway)" "$(published "$2")" ;;
        inner) echo "$(known "$2" address)" "$PORT" ;;
        quiet) echo "$(known "$2" address)" "$QUIET_PORT" ;;
        link) echo "$(known "$2" link)%$([ "$1" = host ] && cat "$STATE/$2.bridge" || echo host0)" "$PORT" ;;
        esac
}

# comes_from WHO: as whom the world must have seen the one who asked last.
comes_from() {
        local want
        want=$(lan_address)
        [ "$1" != pub ] || [ -z "$IP" ] || want=$(known pub address)
        grep -qF "$want $WORD" "$STATE/heard" || fail "the world has not seen $want, but: $(grep -F "$WORD" "$STATE/heard" | head -n 1)"
}

# arrives PORT: whether the world has seen anything for it.
arrives() { at outside nft list set inet seen ports | grep -Eq "[ {]$1[ ,}]"; }

# pretends WHO PROTOCOL SOURCE: what WHO sends to the world from SOURCE does not arrive there, what it sends by the same way from its own
# address afterwards does. To two ports of this cell's own, where nobody answers, and from which nobody asks (32768 and above).
pretends() {
        local world port=$((20000 + 2 * (BASHPID % 6000)))
        world=$(known world address)
        ask "$1" "$2" "$world" $((port + 1)) pretended 1 "$3" >/dev/null
        ask "$1" "$2" "$world" "$port" own >/dev/null
        wait_until 3 arrives "$port"
        sleep 0.3 # another processor may be behind with the first
        ! arrives $((port + 1)) || fail "what $1 sends as $3 arrives in the world"
}

# names WHO PROTOCOL WHOM: the zone's service knows it, and is asked over the same IP that the answer is of.
names() {
        local service address type=A
        [ -z "$IP" ] || type=AAAA
        service=$(known "$1" service)
        address=$(known "$3" address)
        same "what the service at $service answers to $1 for $3" \
                "$(at "$1" "$HERE/resolver" "$2" "$service" "$3.$(zone_of "$3")" "$type" "$((3 * SLOW))")" "$address"
}

# silent WHO PROTOCOL WHOM ADDRESS PORT: never answered, though WHO is where it is published. Who is in a closed zone asks himself.
silent() {
        local control=$3
        case $1,$3 in shut,* | *,world) control=$1 ;; esac
        reaches "$1" "$2" "$(lan_address)" "$(published "$control")" "$control"
        # The outside has a route to it, as a host of the same network may set one: by it the bridge's own address answers.
        [ "$1" != outside ] || reaches "$1" "$2" "$(known "$3" gateway)" "$(published "$3")" "$3"
        reaches_not "$1" "$2" "$4" "$5"
}

# connection WHO PROTOCOL WHOM WHERE ANSWER
connection() {
        local address port
        read -r address port < <(asked_at "$1" "$3" "$4")
        [ -n "$port" ] || fail "no way to ask"
        if [ "$5" = never ]; then
                silent "$1" "$2" "$3" "$address" "$port"
        else
                reaches "$1" "$2" "$address" "$port" "$3"
                [ "$3" != world ] || comes_from "$1"
        fi
}

# cell ROW PROTOCOL
cell() {
        local who whom where answer name source
        is_backend
        IP=${2//[a-z]/}
        read -r _ who whom where answer _ < <(grep -E "^$1 " <<<"$ROWS")
        for name in "$who" "$whom"; do
                case $name in host | outside | world) continue ;; esac
                [ -e "$STATE/$name.address" ] || fail "$name is not up: $(cat "$STATE/$name.boot" 2>/dev/null)"
        done
        case $where in
        names) names "$who" "$2" "$whom" ;;
        faked) pretends "$who" "$2" "$([ -n "$IP" ] && echo 2001:db8:bad::99 || echo 192.0.2.99)" ;;
        posing) source=$(known "$whom" address) && pretends "$who" "$2" "$source" ;;
        *) connection "$who" "$2" "$whom" "$where" "$answer" ;;
        esac
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

# rows PROTOCOL: those that are asked by it.
rows() { awk -v six="${1//[a-z]/}" 'NF && ($6 == "" || $6 == six) { print $1 }' <<<"$ROWS"; }

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
        property "$name" Leader >"$STATE/$name.leader"
        serve "$name" "$PORT"
        [ "$name" != pub ] || serve "$name" "$QUIET_PORT"
        gateway_of "$name" >"$STATE/$name.gateway"
        gateway6_of "$name" >"$STATE/$name.gateway6"
        at "$name" ip -6 -o address show dev host0 scope link | sed -n 's/.*inet6 \([^/]*\).*/\1/p' >"$STATE/$name.link6"
        address6_of "$name" >"$STATE/$name.address6"
        nbox zone show --json "$zone" >"$STATE/$name.zone"
        jq -r .bridge "$STATE/$name.zone" >"$STATE/$name.bridge"
        jq -r '.service // empty' "$STATE/$name.zone" >"$STATE/$name.service"
        jq -r '.service6 // empty' "$STATE/$name.zone" >"$STATE/$name.service6"
        address_of "$name" >"$STATE/$name.address" # last, for who has one is up
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
        for protocol in $PROTOCOLS; do
                for row in $(rows "$protocol"); do
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
        world_joins
        # A cell counts only with the backend that it is said to be of.
        (filter_is "$backend") >"$STATE/not-the-backend" 2>&1 3>&1 && rm "$STATE/not-the-backend"
        line "backend.$backend" is_backend
        run_cells "$backend" &
        wait $!
        take_down
        line "host-as-before.$backend" host_compare /job/before
        rm -rf "$STATE"
}

# The world outside serves, counts what arrives for the ports that nobody serves, and has the routes that a neighbour of the host might set.
world_joins() {
        local range
        ip -n outside route add 10.0.0.0/8 via "$HOST_ADDRESS"
        for range in fd00::/8 2001:db8:77::/64; do ip -n outside route add "$range" via "$HOST_ADDRESS6"; done
        at outside "$HERE/answerer" "$PORT" world "$STATE/heard" &
        at outside nft -f - <<'EOF'
table inet seen {
        set ports { type inet_service; size 65535; flags dynamic; }
        chain in {
                type filter hook input priority -200;
                tcp dport 20000-31999 add @ports { tcp dport }
                udp dport 20000-31999 add @ports { udp dport }
        }
}
EOF
        echo "$OUTSIDE_ADDRESS" >"$STATE/world.address"
        echo "$OUTSIDE_ADDRESS6" >"$STATE/world.address6"
}

world_leaves() {
        local range
        ip -n outside route delete 10.0.0.0/8 via "$HOST_ADDRESS"
        for range in fd00::/8 2001:db8:77::/64; do ip -n outside route delete "$range" via "$HOST_ADDRESS6"; done
        at outside nft delete table inet seen
}

take_down() {
        local name
        unserve
        world_leaves
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

# One table for IPv4 and one for IPv6, without a cell that nothing is asked in.
table() {
        local lines
        lines=$(cat)
        table_of tcp udp <<<"$lines"
        echo
        table_of tcp6 udp6 <<<"$lines"
}

# table_of PROTOCOL...
table_of() {
        awk -v rows="$(rows "$1" | tr '\n' ' ')" -v silent=" $(awk '$5 == "never" { print $1 }' <<<"$ROWS" | tr '\n' ' ')" \
                -v protocols="$*" -v backends="$BACKENDS" '
                { match($0, /ok [^ ]+/); cell = substr($0, RSTART + 3, RLENGTH - 3); row = cell; sub(/\..*/, "", row) }
                /^ok / { of[cell] = index(silent, " " row " ") ? "silent" : "answers" }
                /^not ok / { of[cell] = "FAIL" }
                END {
                        n = split(rows, r, " "); m = split(protocols, p, " "); l = split(backends, b, " ")
                        printf "%-30s", "who reaches what"
                        for (j = 1; j <= l; j++) for (k = 1; k <= m; k++) printf " %13s", p[k] " " b[j]
                        print ""
                        for (i = 1; i <= n; i++) {
                                printf "%-30s", r[i]
                                for (j = 1; j <= l; j++) for (k = 1; k <= m; k++) {
                                        cell = r[i] "." p[k] "." b[j]
                                        printf " %13s", cell in of ? of[cell] : "-"
                                }
                                print ""
                        }
                }'
}

count() {
        local row protocol backend n=0
        for backend in $BACKENDS; do
                for row in "backend.$backend" "host-as-before.$backend"; do ! wanted "$row" || n=$((n + 1)); done
                for protocol in $PROTOCOLS; do
                        for row in $(rows "$protocol"); do ! wanted "$row.$protocol.$backend" || n=$((n + 1)); done
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
