# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Machines whose tree is laid together: on layers, ephemeral, volatile, with overlays of the host's directories, from a template. Each is looked at from
# inside and from the host, on which nothing is to be left of it.

. "$HOST_TOOLS/layers-words.sh"

# nothing_left: no layer that nobody needs, no place where something was mounted, no lock.
nothing_left() {
        wait_until 10 store_is_clean
        ! grep -E ' /run/nbox/(stack|root) ' /proc/self/mountinfo || fail "a mount is left"
        [ -z "$(find "$MACHINES" -maxdepth 1 -name '.#*')" ] || fail "left: $(ls -A "$MACHINES")"
}

passing_name() { nbox list -q | grep -E "^$1-[0-9a-f]{16}\$"; }

# A guest of one's own, that a test may change.
fresh() {
        cp -a --reflink=auto "$MACHINES/$GUEST" "$MACHINES/$1"
}

gone() { forget_image "$@"; }

test_layers_boot() {
        fresh base
        nbox clone base upper
        boot base
        boot upper
        nbox exec base sh -c 'echo base >/etc/whose; rm -r /root; mv /etc/passwd /etc/moved; mkdir -p /srv/a && chown 7:8 /srv/a'
        nbox exec upper sh -c 'echo upper >/etc/whose; [ -d /root ] && [ -e /etc/passwd ]'
        nbox poweroff --wait base
        nbox poweroff --wait upper
        same "base" "$(nbox run --network=none base sh -c 'cat /etc/whose; ls -dn /srv/a | tr -s " " | cut -d" " -f3,4; ls -d /root /etc/passwd 2>&1 | wc -l')" "base
7 8
2"
        same "upper" "$(nbox run --network=none upper cat /etc/whose)" upper
        gone upper base
        nothing_left
}

test_ephemeral_is_thrown_away() {
        local before
        fresh thrown
        before=$(hash_of thrown)
        same "what it writes" "$(nbox run --network=none --ephemeral thrown sh -c 'echo x >/etc/new; rm -r /root; cat /etc/new')" x
        boot thrown -x
        boot thrown -x
        same "how many" "$(passing_name thrown | wc -l)" 2
        for name in $(passing_name thrown); do
                nbox exec "$name" sh -c 'echo "$0" >/etc/whose; rm -rf /root' "$name"
        done
        for name in $(passing_name thrown); do
                same "its own" "$(nbox exec "$name" cat /etc/whose)" "$name"
                nbox poweroff --wait "$name"
        done
        same "the tree" "$(hash_of thrown)" "$before"
        [ -z "$(find /var/lib/nbox/machines -name 'thrown-*')" ] || fail "ids are kept for a machine that never comes back"
        gone thrown
        nothing_left
}

# It keeps the image from being written to, and the other way round.
test_ephemeral_beside_a_writer() {
        fresh shared
        boot shared -x -M passing
        refused nbox boot -d shared
        has "$REFUSAL" "in use"
        nbox poweroff --wait passing
        boot shared
        refused nbox run --ephemeral --network=none shared true
        has "$REFUSAL" "in use"
        nbox poweroff --wait shared
        gone shared
        nothing_left
}

# Killed with all that it is: the next sweep removes its layer.
test_ephemeral_killed() {
        local name supervisor
        fresh killed
        boot killed -x
        name=$(passing_name killed)
        supervisor=$(sed -n 's/^Supervisor=//p' "/run/nbox/machines/$name/record")
        kill -9 "$supervisor"
        wait_until 10 no_such_process "$supervisor"
        nbox gc
        gone killed
        nothing_left
}

no_such_process() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

# It began on a tree, which became a layer beneath it, and then nobody's.
test_ephemeral_keeps_what_it_stands_on() {
        tree_with base
        boot base --ephemeral --machine=eph
        nbox clone base twin >/dev/null 2>&1
        refused nbox remove base
        nbox remove twin
        rm "${MACHINES:?}/base" # as somebody does who knows nothing of locks
        nbox gc
        same "what it runs" "$(nbox exec eph /bin/busybox echo still here)" "still here"
        same "/etc" "$(nbox exec eph cat /etc/os-release)" "$(cat "$MACHINES/.busybox/etc/os-release")"
        terminate eph
        nbox gc
        wait_until 5 store_is_clean
        forget_image base
}

test_ephemeral_by_settings() {
        fresh set
        mkdir -p /etc/nbox
        printf '[Exec]\nEphemeral=yes\nHostname=by-settings\n' >/etc/nbox/set.conf
        boot set
        same "host name" "$(nbox exec "$(passing_name set)" hostname)" by-settings
        nbox poweroff --wait "$(passing_name set)"
        rm /etc/nbox/set.conf
        gone set
        nothing_left
}

test_volatile() {
        local before mode
        fresh volatile
        before=$(hash_of volatile)
        for mode in yes state overlay; do
                boot volatile --volatile="$mode"
                nbox exec volatile sh -c 'echo x >/var/new'
                case $mode in
                yes) nbox exec volatile sh -c 'echo x >/etc/new; ! echo x >/usr/new' 2>/dev/null ;;
                state) nbox exec volatile sh -c '! echo x >/etc/new' 2>/dev/null ;;
                overlay) nbox exec volatile sh -c 'echo x >/etc/new; echo x >/usr/new' ;;
                esac
                nbox poweroff --wait volatile
                same "the tree after $mode" "$(hash_of volatile)" "$before"
        done
        refused nbox run --volatile=perhaps volatile true
        gone volatile
        nothing_left
}

test_overlay() {
        mkdir -p "$SCRATCH/low" "$SCRATCH/middle" "$SCRATCH/top"
        chmod 0777 "$SCRATCH/top"
        echo low >"$SCRATCH/low/a"
        echo middle >"$SCRATCH/middle/a"
        echo low >"$SCRATCH/low/b"
        same "read-only" "$(nbox run --network=none --overlay-ro="$SCRATCH/low:$SCRATCH/middle:/mnt" "$GUEST" sh -c 'cat /mnt/a /mnt/b; ! touch /mnt/c 2>/dev/null')" "middle
low"
        same "what is written" "$(nbox run --network=none --private-users=no --overlay="$SCRATCH/low:$SCRATCH/middle:$SCRATCH/top:/mnt" "$GUEST" \
                sh -c 'echo new >/mnt/a; rm /mnt/b; ls /mnt; cat /mnt/a')" "a
new"
        same "on the host" "$(cat "$SCRATCH/top/a" "$SCRATCH/low/b" "$SCRATCH/middle/a")" "new
low
middle"
        same "beside it" "$(ls -A "$SCRATCH")" "low
middle
top"
        same "temporary" "$(nbox run --network=none --read-only --overlay=+/etc::/etc "$GUEST" sh -c 'echo x >/etc/new; cat /etc/new; ls -ln /etc/passwd | tr -s " " | cut -d" " -f3')" "x
0"
        [ ! -e "$MACHINES/$GUEST/etc/new" ] || fail "it is in the tree"
        refused nbox run --network=none --overlay="$SCRATCH/low:$SCRATCH/none:/mnt" "$GUEST" true
        has "$REFUSAL" "$SCRATCH/none"
        refused nbox run --network=none --overlay="$SCRATCH/low" "$GUEST" true
        has "$REFUSAL" LOWER
}

test_template() {
        fresh model
        same "made of it" "$(nbox run --quiet --network=none --template=model made sh -c 'echo made >/etc/whose; cat /etc/whose')" made
        same "kept" "$(nbox run --network=none --template=model made cat /etc/whose)" made
        refused nbox run --network=none model cat /etc/whose
        refused nbox run --ephemeral --template=model other true
        has "$REFUSAL" "--ephemeral"
        refused nbox run --template=nothing other true
        gone made model
        nothing_left
}
