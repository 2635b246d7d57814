# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The scenarios of the fault matrix (matrix.sh): what is done while a call fails or a process is killed, and what must be so afterwards.

. "$HOST_TOOLS/layers-words.sh"

# NAME | HOW | PREPARE | DONE | COMMAND
#
# HOW: words. `pty`: the command has a terminal. `keys`: on which ^]^]^] is typed. `live`: COMMAND is done to the machine m, which the same
# supervised shell boots first; only what happens during COMMAND has points. `machine`, `image`, `container`: of these shares of
# the matrix, which are run every time; the last with systemd.
# PREPARE makes the host so that COMMAND has something to do; what it makes, tidy() takes away.
# DONE is asked where the command said that all went well.
# shellcheck disable=SC2034
SCENARIOS='
run            | machine container     | nothing       | said         | nbox run --network=none m /bin/busybox echo did
run-network    | machine container     | nothing       | said         | nbox run -p 8070:80 m /bin/busybox echo did
run-overlay    |                       | nothing       | said         | nbox run --network=none --volatile=overlay m /bin/busybox echo did
run-disk       | machine               | a_disk        | said         | nbox run --network=none --image=/var/lib/machines/d.raw /bin/busybox echo did
run-template   |                       | an_image      | said         | nbox run --network=none --template=a b /bin/busybox echo did
boot           | machine container     | nothing       | runs         | nbox boot -d -p 8070:80 m
boot-terminal  | machine pty           | nothing       | said         | nbox boot --network=none off
boot-reboots   | machine pty           | forget_lives  | rebooted     | nbox boot again
boot-kept-zone |                       | a_zone        | runs         | nbox boot -d --network=zone:z m
exec           | machine live          | nothing       | said         | nbox exec m /bin/busybox echo did
login          | machine live pty keys | nothing       | nothing      | nbox login m
console        | live pty keys         | nothing       | nothing      | nbox console m
copy-to        | live                  | nothing       | copied_to    | nbox copy-to m /etc/services /srv/services
copy-from      | live                  | nothing       | copied_from  | nbox copy-from m /etc/passwd /root/passwd
poweroff       | machine live          | nothing       | has_ended    | nbox poweroff --wait m
terminate      | live                  | nothing       | has_ended    | nbox terminate m
reboot         | live                  | nothing       | runs         | nbox reboot --wait m
kill           | live                  | nothing       | nothing      | nbox kill --kill-whom=leader --signal=USR1 m
port-add       | machine live          | nothing       | has_port     | nbox port add m 8071:81
port-remove    | live                  | nothing       | has_no_port  | nbox port remove m 8070
nic-add        | live                  | a_zone        | has_nic      | nbox nic add m zone:z
bind           | live                  | nothing       | is_bound     | nbox bind --mkdir m /etc/default /srv/bound
device-add     | live                  | nothing       | has_device   | nbox device add m /dev/fuse
freeze         | live                  | nothing       | is_frozen    | nbox freeze m
snapshot-live  | live                  | an_image      | nothing      | nbox snapshot m one
list           | live                  | nothing       | lists        | nbox list
status         | live                  | nothing       | nothing      | nbox status m
sweep          | machine               | a_dead_one    | is_swept     | nbox gc
zone-create    |                       | nothing       | has_zone     | nbox zone create z
zone-move      | machine               | a_zone        | has_zone     | nbox zone move z
zone-remove    |                       | a_zone        | has_no_zone  | nbox zone remove z
mount          |                       | an_image      | is_mounted   | nbox mount a /mnt
umount         |                       | a_mounted     | is_unmounted | nbox umount a
set            |                       | an_image      | is_set       | nbox set a memory=64M
edit           |                       | an_image      | nothing      | nbox edit --stdin a
clone          | image                 | an_image      | b_is_whole   | nbox clone a b
copy           |                       | an_image      | b_is_whole   | nbox clone --copy a b
snapshot       |                       | an_image      | is_kept      | nbox snapshot a one
rollback       |                       | a_changed     | is_back      | nbox rollback a one
rename         | image                 | with_snapshot | is_renamed   | nbox rename a b
remove         | image                 | with_snapshot | is_removed   | nbox remove --settings=remove a
commit         | live                  | an_image      | b_is_there   | nbox commit m b
import         | image                 | an_archive    | b_is_whole   | nbox import /root/a.tar b
import-disk    |                       | a_disk_file   | is_imported  | nbox import /root/d.raw b
export         |                       | an_image      | is_exported  | nbox export a /root/b.tar
export-raw     |                       | an_image      | is_raw       | nbox export a /root/b.raw
send           |                       | an_image      | nothing      | nbox send a
receive        |                       | a_stream      | b_is_whole   | nbox receive b
create         |                       | nothing       | b_is_there   | nbox create b --os busybox
passwd         | live                  | nothing       | nothing      | nbox passwd m alice
read-only      |                       | an_image      | nothing      | nbox read-only a
'

# What COMMAND reads.
input_of() {
        case $1 in
        receive) echo /root/stream ;;
        edit) echo /root/settings ;;
        passwd) echo /root/password ;;
        *) echo /dev/null ;;
        esac
}

# --- what there is to do it to --------------------------------------------------------------------------------------------

# Once for all: m is there through it all, and is what it was after each.
scenarios_begin() {
        tree_with m
        mkdir -p "$MACHINES/m/srv"
        tree_with_init off <<<$'#!/bin/sh\necho did\nexit 0'
        tree_with_init again <<<$'#!/bin/sh\n[ -e /life ] || { echo first >/life; exec /bin/busybox reboot -f; }\necho second >/life\nexit 0'
        printf '[Exec]\nHostname=edited\n' >/root/settings
        printf 'secret-42\nsecret-42\n' >/root/password
        tree_with a

        tar -C "$MACHINES/a" --format=pax -cf /root/a.tar.kept .
        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=of-a\n' >/etc/nbox/a.conf
        nbox send a >/root/stream.kept 2>/dev/null
        rm -rf /etc/nbox "$MACHINES/a"
        truncate -s 24M /root/d.raw.kept
        mkfs.ext4 -q -d "$MACHINES/.busybox" /root/d.raw.kept
        SUM=$(sha256sum </root/d.raw.kept)
}

nothing() { :; }
an_image() {
        tree_with a
        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=of-a\n' >/etc/nbox/a.conf
}
with_snapshot() { an_image && nbox snapshot a one >/dev/null; }
a_changed() {
        with_snapshot
        echo broken >"$(readlink -f "$MACHINES/a")/broken"
}
a_disk() { cp /root/d.raw.kept "$MACHINES/d.raw"; }
a_disk_file() { cp /root/d.raw.kept /root/d.raw; }
an_archive() { cp /root/a.tar.kept /root/a.tar; }
a_stream() { cp /root/stream.kept /root/stream; }
a_zone() { nbox zone create z >/dev/null; }
forget_lives() { rm -f "$MACHINES/again/life"; }
a_mounted() { an_image && nbox mount a /mnt; }
a_dead_one() {
        boot m -p 8070:80
        # Both: the one that holds it, and whoever booted it has gone.
        pkill -9 -x nbox
        wait_until 5 no_nbox
}
no_nbox() { ! pgrep -x nbox; }

# All that a scenario makes when it goes well; what it leaves besides is found by the comparison.
tidy() {
        local listed name there=()
        listed=$(nbox list --quiet 2>/dev/null)
        for name in $listed; do
                if [ "$name" = m ] && is_frozen; then timeout 20 nbox thaw m; fi
                timeout 20 nbox terminate "$name"
                wait_until 5 is_gone "$name"
        done
        if [ -e /mnt/bin ]; then timeout 20 nbox umount /mnt; fi
        if [ -e /var/lib/nbox/zones/z ]; then timeout 20 nbox zone remove z; fi
        timeout 20 nbox gc || return
        m_as_before
        if [ -d "$MACHINES/$STORE" ]; then tidy_store || return; fi
        [ ! -d "$MACHINES/a" ] || chattr -i "$MACHINES/a" 2>/dev/null
        for name in "$MACHINES/a" "$MACHINES/b" "$MACHINES/b.raw" "$MACHINES/b.nspawn" "$MACHINES/d.raw" /root/a.tar /root/b.tar /root/b.raw \
                /root/d.raw /root/stream /root/passwd /etc/nbox/[ab].conf /etc/nbox/[ab].conf.d "$MACHINES/m/srv"/*; do
                if [ -e "$name" ] || [ -L "$name" ]; then there+=("$name"); fi
        done
        [ ${#there[@]} = 0 ] || rm -rf --one-file-system "${there[@]}"
        [ ! -d /etc/nbox ] || rmdir --ignore-fail-on-non-empty /etc/nbox
}

# What is in the store belongs to an image or a snapshot, after a sweep; then these go.
tidy_store() {
        local name
        store_is_clean >"$W/store" || { cat "$W/store" && return 1; }
        for name in a b m; do rm -rf "$MACHINES/$STORE/snapshots/$name"; done
        rm -rf --one-file-system "$MACHINES/a" "$MACHINES/b"
        timeout 20 nbox gc || return
        if [ -z "$(ls "$MACHINES/$STORE/layers" 2>/dev/null)" ]; then rm -rf "${MACHINES:?}/$STORE"; fi
}

# A snapshot has made layers of it.
m_as_before() {
        [ ! -L "$MACHINES/m" ] || { rm "$MACHINES/m" && tree_with m; }
}

# --- what must be so when the command says that it went well --------------------------------------------------------------

said() { grep -q did "$W/out" || grep -q "could be written" "$W/out" "$W/err"; }
runs() { is_listed m && timeout 20 nbox exec m /bin/busybox true; }
rebooted() { [ "$(cat "$MACHINES/again/life")" = second ]; }
has_ended() { ! is_listed m; }
copied_to() { cmp -s /etc/services "$MACHINES/m/srv/services"; }
copied_from() { cmp -s /root/passwd "$MACHINES/m/etc/passwd"; }
has_port() { nbox port list m | grep -q 8071; }
has_no_port() { ! nbox port list m | grep -q 8070; }
has_nic() { nbox nic list m | grep -q 'z'; }
is_bound() { timeout 20 nbox exec m /bin/busybox test -d /srv/bound && nbox bind list m | grep -q /srv/bound; }
has_device() { timeout 20 nbox exec m /bin/busybox test -c /dev/fuse; }
is_frozen() { nbox list | grep -q '^m .* frozen '; }
lists() { grep -q '^m ' "$W/out"; }
is_swept() { [ ! -e /run/nbox/machines/m ]; }
has_zone() { nbox zone list | grep -q '^z '; }
has_no_zone() { ! nbox zone list | grep -q '^z '; }
is_mounted() { [ -x /mnt/bin/busybox ]; }
is_unmounted() { [ ! -e /mnt/bin/busybox ]; }
is_set() { grep -qs -i 'memory' /etc/nbox/a.conf /etc/nbox/a.conf.d/*; }
is_kept() { [ "$(nbox snapshot list -q a)" = one ] && [ -z "$(nbox diff a one)" ]; }
is_back() { [ ! -e "$MACHINES/a/broken" ]; }
is_renamed() { [ ! -e "$MACHINES/a/." ] && b_is_whole && [ -e /etc/nbox/b.conf ] && [ ! -e /etc/nbox/a.conf ]; }
is_removed() { [ ! -e "$MACHINES/a/." ] && [ ! -e /etc/nbox/a.conf ] && [ ! -e "$MACHINES/$STORE/snapshots/a" ]; }
b_is_there() {
        show_tree b "$W/look"
        [ -x "$W/look/bin/busybox" ]
        set -- $?
        umount "$W/look"
        return "$1"
}
b_is_whole() {
        local without=(./etc/machine-id ./etc/hostname ./var/lib/dbus/machine-id)
        [ "$(hash_of b "${without[@]}")" = "$("$HOST_TOOLS/tree-hash" "$MACHINES/.busybox" "${without[@]}")" ]
}
is_imported() { [ "$(sha256sum <"$MACHINES/b.raw")" = "$SUM" ]; }
is_exported() { tar -tf /root/b.tar | grep -q bin/busybox; }
is_raw() { nbox dissect /root/b.raw >/dev/null; }
