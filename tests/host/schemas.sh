# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What each verb prints with --json, held against its schema: of machines, images and zones as they can be.

. "$(dirname "${BASH_SOURCE[0]}")/events-words.sh"

SCHEMAS=/usr/share/nbox/schemas

schema_of() { echo "$SCHEMAS/${1// /-}.json"; }

verbs_with_json() {
        local verb
        while read -r verb; do
                # shellcheck disable=SC2086
                ! nbox $verb --help | grep -q -- '^ *--json' || echo "$verb"
        done < <(nbox --help | sed -nE 's/^  ([a-z]+(-[a-z]+)*( [a-z]+)?)( .*)?$/\1/p' | sort)
}

# fits VERB ARGUMENTS...: what that prints is as its schema says. The status is the verb's own affair where it printed something.
fits() {
        local verb=$1 said
        shift
        # shellcheck disable=SC2086
        nbox $verb --json "$@" >"$SCRATCH/json" 2>"$SCRATCH/said" || [ -s "$SCRATCH/json" ] || fail "nbox $verb $*: $(cat "$SCRATCH/said")"
        said=$("$HOST_TOOLS/json-check" "$(schema_of "$verb")" "$SCRATCH/json" 2>&1) ||
                fail "nbox $verb --json $*: $said; it says $(head -c 800 "$SCRATCH/json")"
        FITTED="${FITTED-} $verb,"
}

fits_lines() { # VERB FILE
        local said
        said=$("$HOST_TOOLS/json-check" --lines "$(schema_of "$1")" "$2" 2>&1) || fail "nbox $1 --json: $said"
}

test_each_verb_has_one() {
        local verb said verbs page
        page=$(man -P cat nbox-json)
        verbs=$(verbs_with_json)
        [ "$(wc -l <<<"$verbs")" -ge 15 ] || fail "few verbs: $verbs"
        while read -r verb; do
                [ -e "$(schema_of "$verb")" ] || fail "nbox $verb has --json, and no schema: man/schemas/${verb// /-}.json"
                said=$("$HOST_TOOLS/json-check" --schema "$(schema_of "$verb")" 2>&1) || fail "the schema of $verb: $said"
                same "its title" "$(jq -r .title "$(schema_of "$verb")")" "nbox $verb --json"
                grep -Eq "^ +$verb( |\$)" <<<"$page" || fail "nbox-json(7) has no entry $verb"
        done <<<"$verbs"
        for schema in "$SCHEMAS"/*; do
                verb=$(basename "$schema" .json)
                grep -qxE -- "${verb//-/[- ]}" <<<"$verbs" || fail "no verb has the schema $verb"
        done
}

# A key that it does not have is one that a schema must not let pass: the check is one.
test_the_check_checks() {
        nbox info --json | jq -c '. + { surprise: 1 }' >"$SCRATCH/json"
        ! "$HOST_TOOLS/json-check" "$(schema_of info)" "$SCRATCH/json" 2>/dev/null || fail "a key too many passes"
        nbox info --json | jq -c 'del(.kernel)' >"$SCRATCH/json"
        ! "$HOST_TOOLS/json-check" "$(schema_of info)" "$SCRATCH/json" 2>/dev/null || fail "a key that is missing passes"
}

all_of_the_host() {
        local verb
        for verb in list images info doctor top 'network status' 'port list' 'zone list'; do
                fits "$verb"
        done
}

all_of_a_machine() { # NAME
        local verb
        for verb in show status limits 'nic list' 'port list' 'device list' 'bind list'; do
                fits "$verb" "$1"
        done
}

test_nothing_runs() {
        all_of_the_host
        fits status "$GUEST"
        fits image-status "$GUEST"
        fits image-status
        fits dissect "$GUEST"
        fits show
        fits show --plan "$GUEST"
        fits limits "$GUEST"
        fits 'mount list'
        fits mount --list
        fits 'enable list'
        mkdir -p /etc/nbox
        printf '[Exec]\nNonsense=1\nEnvironment=A=B\n[Network]\nPort=99999999\n' >"/etc/nbox/$GUEST.conf"
        fits verify "$GUEST"
        rm -rf /etc/nbox
        for verb in boot run; do
                fits $verb --dry-run --bind=/usr:/mnt --tmpfs=/x --overlay=/usr/share::/y -p 80:80 --setenv=A=b --device=/dev/fuse --network=zone:lab \
                        --set-credential=a:b --rlimit=NOFILE=10 "$GUEST" /bin/sh
        done
}

test_machines_in_their_states() {
        nbox events --json >"$SCRATCH/events" &
        listener=$!
        wait_until 5 is_listening "$listener"
        nbox zone create lab --isolated
        boot "$GUEST" -p 8081:80 -p 127.0.0.1:8082:82/udp --host-port=9000 --network=zone --network=zone:lab --network=veth \
                --device=/dev/fuse
        nbox port add "$GUEST" 8083:83
        nbox nic add "$GUEST" macvlan:up0
        nbox device add "$GUEST" /dev/loop-control
        nbox bind --mkdir --read-only "$GUEST" /usr/share /mnt
        tree_with booting
        tree_with kept
        boot booting --network=none --ready=file:/run/never --ready-wait=0
        nbox boot -d --ephemeral --machine=passing --network=host --private-users=no kept
        all_of_the_host
        for name in "$GUEST" booting passing; do all_of_a_machine "$name"; done
        fits show "$GUEST" booting passing
        fits status "$GUEST" booting
        fits 'zone show' default
        fits 'zone show' lab
        fits show --property=Name,State "$GUEST"
        nbox poweroff --wait "$GUEST"
        terminate booting
        terminate passing
        nbox remove booting kept
        fits status "$GUEST" passing
        nbox logs --json "$GUEST" >"$SCRATCH/lines"
        fits_lines logs "$SCRATCH/lines"
        nbox zone remove lab
        kill -INT "$listener"
        wait "$listener"
        fits_lines events "$SCRATCH/events"
        [ "$(jq -r .event "$SCRATCH/events" | sort -u | wc -l)" -ge 10 ] || fail "few events: $(jq -r .event "$SCRATCH/events" | sort -u)"
        remove_store
}

test_images_of_each_kind() {
        tree_with one
        nbox clone one two
        nbox snapshot two first
        echo more >"$MACHINES/two/etc/more" 2>/dev/null || nbox run --quiet --network=none two /bin/busybox touch /etc/more
        nbox snapshot two second
        fits images
        fits image-status one two
        fits 'snapshot list' one
        fits 'snapshot list' two
        nbox run --quiet --network=none two /bin/busybox sh -c 'rm /etc/passwd; chmod 700 /etc; echo new >/new'
        fits diff two first
        nbox export two "$MACHINES/disk.raw"
        fits images
        fits image-status disk
        fits dissect disk
        fits dissect two
        boot two
        fits status two
        fits list
        nbox poweroff --wait two
        nbox remove one two disk
        remove_store
}

# Who may see less is told less, in the same form.
test_a_user() {
        local verb
        boot "$GUEST"
        for verb in list images info doctor 'port list' 'zone list' "show $GUEST" "status $GUEST" "limits $GUEST" "nic list $GUEST" "device list $GUEST"; do
                # shellcheck disable=SC2086
                setpriv --reuid 12345 --regid 12345 --clear-groups nbox $verb --json >"$SCRATCH/json" || [ -s "$SCRATCH/json" ]
                said=$("$HOST_TOOLS/json-check" "$(schema_of "${verb% "$GUEST"}")" "$SCRATCH/json" 2>&1) || fail "nbox $verb: $said"
        done
        terminate "$GUEST"
}
