# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What becomes of images: other names, none at all, not to be written to; and of all that stands on the host under their names.

. "$(dirname "${BASH_SOURCE[0]}")/limits-words.sh"

CHANGES=/var/lib/nbox/changes
SYSTEM=/etc/systemd/system

# kept NAME KEY: what stands in a machine's identity.
kept() { sed -n "s/^$2 //p" "/var/lib/nbox/machines/$1"; }
lease_of() { sed -nE "s/^machine $1 ([0-9.]+)\$/\\1/p" /var/lib/nbox/zones/default; }

# nothing_kept NAME: neither ids nor an address.
nothing_kept() {
        [ ! -e "/var/lib/nbox/machines/$1" ] || fail "the ids of $1 are kept"
        same "address of $1" "$(lease_of "$1")" ''
}

# An image that has lived, with settings, and what starts it with the host.
lived() {
        tree_with "$1"
        mkdir -p /etc/nbox "$SYSTEM/machines.target.wants" "$SYSTEM/nbox@$1.service.d"
        printf '[Network]\nPort=8080:80\n' >"/etc/nbox/$1.conf"
        printf '[Exec]\nHostname=came-with-it\n' >"$MACHINES/$1.nspawn"
        printf '[Service]\nNice=5\n' >"$SYSTEM/nbox@$1.service.d/nice.conf"
        ln -s /lib/systemd/system/nbox@.service "$SYSTEM/machines.target.wants/nbox@$1.service"
        boot "$1"
        terminate "$1"
}

# forgotten NAME: nothing on this host bears the name.
forgotten() {
        nothing_kept "$1"
        same "what bears the name $1" "$(find "$MACHINES" /etc/nbox "$SYSTEM" /run/nbox "$CHANGES" -maxdepth 2 -name "*$1*" ! -path "$MACHINES/*/*")" ''
}

test_rename_takes_all_along() {
        local ids address
        lived okapi
        ids=$(kept okapi uids) address=$(lease_of okapi)
        [ -n "$ids" ] && [ -n "$address" ] || fail "nothing is kept for okapi"
        nbox rename okapi lemur
        forgotten okapi
        same "ids" "$(kept lemur uids)" "$ids"
        same "address" "$(lease_of lemur)" "$address"
        [ -L "$SYSTEM/machines.target.wants/nbox@lemur.service" ] || fail "lemur does not start with the host"
        has "$(cat "$SYSTEM/nbox@lemur.service.d/nice.conf")" Nice=5
        has "$(cat "$MACHINES/lemur.nspawn")" came-with-it
        boot lemur
        same "its address" "$(address_of lemur)" "$address"
        same "ports" "$(property lemur Port)" tcp:8080:80
        terminate lemur
        nbox remove --settings=remove lemur
        forgotten lemur
        same "what is left of the change" "$(ls -A "$CHANGES")" ''
}

test_rename_refuses() {
        tree_with okapi
        tree_with lemur
        refused nbox rename okapi lemur
        has "$REFUSAL" "already"
        refused nbox rename nothing new
        refused nbox rename okapi ../up
        refused nbox rename okapi .hidden
        refused nbox rename okapi 'a b'
        refused nbox rename okapi $'a\nb'
        refused nbox rename "$MACHINES/okapi" new
        refused nbox rename okapi okapi
        refused nbox rename okapi

        # Settings for both names.
        mkdir -p /etc/nbox /etc/systemd/nspawn
        : >/etc/nbox/okapi.conf
        : >/etc/systemd/nspawn/new.nspawn
        refused nbox rename okapi new
        has "$REFUSAL" /etc/systemd/nspawn/new.nspawn
        rm /etc/nbox/okapi.conf
        nbox rename okapi new 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "was there before"
        rm /etc/systemd/nspawn/new.nspawn
        remove_tree new
        remove_tree lemur
}

# Who is in the way is named, and what ends it; afterwards it goes.
test_in_use() {
        local verb
        tree_with okapi
        boot -M other "$MACHINES/okapi" 2>/dev/null || boot okapi -M other
        for verb in 'rename okapi lemur' 'remove okapi' 'read-only okapi'; do
                # shellcheck disable=SC2086
                refused nbox $verb
                has "$REFUSAL" "in use by the machine 'other'"
                has "$REFUSAL" 'nbox poweroff --wait other'
        done
        terminate other
        # A machine of that name, on another tree.
        boot "$GUEST" -M okapi
        refused nbox rename okapi lemur
        has "$REFUSAL" "machine 'okapi' is running"
        terminate okapi
        boot "$GUEST" -M lemur
        refused nbox rename okapi lemur
        terminate lemur
        nbox rename okapi lemur
        nbox remove lemur
        # "other" was a machine on that tree, and is none of it.
        [ -n "$(kept other uids)" ] || fail "the ids of another machine are gone"
        rm /var/lib/nbox/machines/other
}

test_read_only() {
        tree_with okapi
        nbox read-only okapi
        has "$(lsattr -d "$MACHINES/okapi")" '^[-a-z]*i'
        same "what is shown" "$(nbox images --json | jq -c '.[] | select(.name == "okapi").read_only')" true
        nbox rename okapi lemur
        has "$(lsattr -d "$MACHINES/lemur")" '^[-a-z]*i'
        nbox read-only lemur no
        has_not "$(lsattr -d "$MACHINES/lemur")" '^[-a-z]*i'
        refused nbox read-only lemur perhaps
        nbox read-only lemur true
        nbox remove lemur
        [ ! -e "$MACHINES/lemur" ] || fail "lemur is still there"
}

test_remove_says_what_it_keeps() {
        local said
        lived okapi
        said=$(nbox remove okapi 2>&1 </dev/null)
        has "$said" "Kept /etc/nbox/okapi.conf"
        [ -e /etc/nbox/okapi.conf ] || fail "the administrator's file is gone"
        [ -e "$SYSTEM/nbox@okapi.service.d/nice.conf" ] || fail "the administrator's drop-in is gone"
        [ ! -e "$MACHINES/okapi.nspawn" ] || fail "the file beside the image is left"
        [ ! -L "$SYSTEM/machines.target.wants/nbox@okapi.service" ] || fail "the next boot of the host would fail"
        nothing_kept okapi
        rm -r /etc/nbox/okapi.conf "$SYSTEM/nbox@okapi.service.d"
        refused nbox remove okapi
}

# On a terminal it asks: no is no, yes is yes.
test_remove_asks() {
        local answer
        for answer in n y; do
                lived okapi
                ANSWER=$answer timeout "$((20 * PATIENCE))" expect -c '
                        spawn -noecho nbox remove okapi
                        expect -re {Remove them, too\?} { send "$env(ANSWER)\r" } timeout { exit 1 }
                        expect eof'
                [ ! -e "$MACHINES/okapi" ] || fail "okapi is still there"
                case $answer in
                n) [ -e /etc/nbox/okapi.conf ] || fail "no was taken for yes" ;;
                y) forgotten okapi ;;
                esac
        done
}

# A link of the administrator's to a tree elsewhere: the link goes, the tree stays.
test_remove_of_a_link() {
        cp -aT "$MACHINES/.busybox" "$SCRATCH/elsewhere"
        ln -s "$SCRATCH/elsewhere" "$MACHINES/far"
        nbox rename far away
        same "link" "$(readlink "$MACHINES/away")" "$SCRATCH/elsewhere"
        has "$(nbox remove away 2>&1)" "was a link.*$SCRATCH/elsewhere"
        [ -x "$SCRATCH/elsewhere/sbin/init" ] || fail "the tree is gone"
        ln -s "$SCRATCH/nowhere" "$MACHINES/dangling"
        nbox remove dangling
        [ ! -L "$MACHINES/dangling" ] || fail "the dangling link is left"
}

# What is mounted in it is found before anything is lost; files that cannot be changed go all the same.
test_remove_of_a_stubborn_tree() {
        tree_with okapi
        mkdir -p "$MACHINES/okapi/mnt/other side" "$SCRATCH/mounted"
        : >"$SCRATCH/mounted/precious"
        mount --bind "$SCRATCH/mounted" "$MACHINES/okapi/mnt/other side"
        refused nbox remove okapi
        has "$REFUSAL" "mounted on $MACHINES/okapi/mnt/other side"
        refused nbox rename okapi lemur
        umount "$MACHINES/okapi/mnt/other side"
        [ -x "$MACHINES/okapi/sbin/init" ] || fail "something of the tree is gone"
        mkdir "$MACHINES/okapi/deep"
        : >"$MACHINES/okapi/deep/fixed"
        chattr +i "$MACHINES/okapi/deep/fixed" "$MACHINES/okapi/deep"
        nbox remove okapi
        [ ! -e "$MACHINES/okapi" ] || fail "okapi is still there"
        same "what is left" "$(find "$MACHINES" -maxdepth 1 -name '.#*')" ''
        [ -e "$SCRATCH/mounted/precious" ] || fail "what was mounted is gone"
}

# Several at once; one that cannot be does not keep the others, and the status tells.
test_remove_of_several() {
        tree_with one
        tree_with two
        status_is 1 nbox remove one nothing two 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "'nothing'"
        [ ! -e "$MACHINES/one" ] && [ ! -e "$MACHINES/two" ] || fail "one of the two is left"
}

# What does not lie where one may write, and names that are none.
test_hostile_names() {
        local name
        mkdir -p /usr/lib/machines/vendor/etc
        mount --bind /usr/lib/machines /usr/lib/machines
        mount -o remount,bind,ro /usr/lib/machines
        refused nbox remove vendor
        has "$REFUSAL" "read-only"
        refused nbox rename vendor mine
        umount /usr/lib/machines
        rm -r /usr/lib/machines
        for name in '' . .. / ../etc .#nbox '.#nbox-x.tmp' $'a\x1bb' "$(printf 'x%.0s' {1..300})" '$(reboot)'; do
                refused nbox remove "$name"
        done
        # Odd ones can be removed, and be renamed to a name that a machine can have.
        tree_with 'odd $name'
        tree_with -- 2>/dev/null || cp -aT "$MACHINES/.busybox" "$MACHINES/--"
        nbox remove -- --
        nbox rename 'odd $name' even
        nbox remove even
}

# Killed at each step of it: old or new as a whole, and the next command has cleared up.
test_killed_at_each_step() {
        local call n
        lived okapi
        for call in renameat2 unlink unlinkat rename; do
                for n in 1 2 3 4 5; do
                        strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$n nbox rename okapi lemur 2>/dev/null || true
                        nbox list >/dev/null
                        if [ -d "$MACHINES/okapi" ]; then
                                [ -e /etc/nbox/okapi.conf ] || fail "$call $n: the settings are not where the image is"
                                same "what bears the other name after $call $n" "$(bearing lemur)" ''
                        else
                                [ -e /etc/nbox/lemur.conf ] || fail "$call $n: the settings are not where the image is"
                                same "what bears the other name after $call $n" "$(bearing okapi)" ''
                                nbox rename lemur okapi
                        fi
                        nbox gc
                        same "what is left after $call $n" "$(ls -A "$CHANGES")$(lock_files)" ''
                done
        done
        for call in renameat2 unlink unlinkat rename; do
                for n in 1 2 3 20; do
                        strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$n nbox remove --settings=remove okapi 2>/dev/null || true
                        nbox list >/dev/null
                        nbox gc
                        if [ -e "$MACHINES/okapi" ]; then
                                [ -x "$MACHINES/okapi/sbin/init" ] && [ -e /etc/nbox/okapi.conf ] && [ -n "$(kept okapi uids)" ] ||
                                        fail "$call $n: half of it is gone"
                        else
                                forgotten okapi
                                wait_until 10 nothing_left # where systemd runs, its gc may be at it as well
                                lived okapi
                        fi
                done
        done
        nbox remove --settings=remove okapi
}

nothing_left() { [ -z "$(find "$MACHINES" "$CHANGES" -maxdepth 1 -name '*nbox*')" ]; }

# bearing NAME: what on this host bears the name.
# A lock's file that nobody holds says nothing of the image, and stays until the next gc.
bearing() { find "$MACHINES" /etc/nbox "$SYSTEM" /var/lib/nbox/machines -maxdepth 2 -name "*$1*" ! -path "$MACHINES/*/*" ! -name '.#*.lck'; }
lock_files() { find "$MACHINES" -maxdepth 1 -name '.#*.lck'; }

# --- on layers ----------------------------------------------------------------------------------------------------------

# Nothing of the layers is left, but for their empty place.
no_layers() {
        same "layers" "$(layers)" 0
        remove_store
}
layers() { find "$MACHINES/.#nbox/layers" -mindepth 1 -maxdepth 1 | wc -l; }
# status NAME FILTER
status() { nbox image-status --json "$1" | jq -c "$2"; }

# What others stand on can be renamed and removed, and they boot as before.
test_images_on_layers() {
        lived okapi
        nbox clone okapi lemur
        nbox clone lemur third
        same "who shares" "$(status okapi .shares_with)" '["lemur","third"]'
        has "$(nbox images)" 'okapi +layers'
        nbox images --tree >"$SCRATCH/tree"
        has "$(cat "$SCRATCH/tree")" '[├└]─okapi +layers'
        nbox rename okapi zebra
        forgotten okapi
        has "$(status zebra .type)" layers
        has "$(nbox remove --settings=remove zebra 2>&1)" "'lemur' and 'third' stand on it"
        forgotten zebra
        same "what lemur runs" "$(nbox run --network=none lemur /bin/busybox echo works)" works
        nbox rename third fourth
        same "what fourth runs" "$(nbox run --network=none fourth /bin/busybox echo works)" works
        nbox remove lemur fourth
        no_layers
}

test_read_only_on_layers() {
        tree_with okapi
        nbox clone okapi lemur
        nbox read-only okapi
        same "read-only" "$(status okapi .read_only)" true
        nbox rename okapi zebra
        same "read-only" "$(status zebra .read_only)" true
        nbox remove zebra lemur
        no_layers
}

test_snapshots_follow() {
        tree_with okapi
        nbox snapshot okapi before
        : >"$MACHINES/okapi/written"
        nbox snapshot okapi behind
        same "snapshots" "$(status okapi .snapshots)" '["before","behind"]'
        has "$(nbox images --tree)" 'okapi@before'
        nbox rename okapi lemur
        same "snapshots" "$(status lemur .snapshots)" '["before","behind"]'
        has "$(nbox remove lemur 2>&1)" "2 snapshots of 'lemur' went"
        no_layers
}

# --- all there is to know ------------------------------------------------------------------------------------------------

test_image_status() {
        lived okapi
        same "settings" "$(status okapi '.settings[0]')" '"/etc/nbox/okapi.conf"'
        same "enabled" "$(status okapi .enabled)" true
        same "its first id" "$(status okapi .ids.first)" "$(kept okapi uids | cut -d' ' -f1)"
        same "address" "$(status okapi '.addresses[0]')" "\"default:$(lease_of okapi)\""
        same "type" "$(status okapi .type)" '"directory"'
        same "own and whole" "$(status okapi '.own_bytes == .whole_bytes and .own_bytes > 100000')" true
        same "machine" "$(status okapi .machine)" null
        boot okapi
        same "machine" "$(status okapi .machine)" '"okapi"'
        has "$(nbox image-status okapi)" "In use: by the machine 'okapi'"
        terminate okapi
        has "$(nbox image-status okapi)" 'OS: '
        same "of two" "$(nbox image-status --json okapi "$GUEST" | jq -r '.[].name' | xargs)" "okapi $GUEST"
        refused nbox image-status nothing
        same "list-images" "$(nbox list-images -q)" "$(nbox images -q)"
        nbox remove --settings=remove okapi
}

# Hidden ones, as an interrupted download leaves them; nothing of nbox's own, and not what nobody asked for.
test_clean() {
        tree_with okapi
        nbox clone okapi lemur
        cp -aT "$MACHINES/.busybox" "$MACHINES/.hidden"
        : >"$MACHINES/.download.raw"
        : >"$MACHINES/.notes"
        mv "$MACHINES/.busybox" "$SCRATCH/busybox" # the tests' own
        nbox clean >"$SCRATCH/said"
        mv "$SCRATCH/busybox" "$MACHINES/.busybox"
        has "$(cat "$SCRATCH/said")" "^Removed image '.hidden'\$"
        has "$(cat "$SCRATCH/said")" '^Removed 2 images in total'
        [ ! -e "$MACHINES/.hidden" ] && [ ! -e "$MACHINES/.download.raw" ] && [ -e "$MACHINES/.notes" ] || fail "not those"
        same "what lemur runs" "$(nbox run --network=none lemur /bin/busybox echo works)" works
        rm "$MACHINES/.notes"
        nbox remove okapi lemur
        no_layers
}

# --- limits -------------------------------------------------------------------------------------------------------------

test_limit_on_btrfs() {
        export -f limits_hold fill
        on_file_system btrfs noatime bash -ec limits_hold
}

test_limit_refuses() {
        tree_with okapi
        refused nbox set-limit okapi much
        refused nbox set-limit okapi 0
        refused nbox set-limit 20G
        has "$REFUSAL" "file system of its own"
        refused nbox set-limit nothing 20G
        # shellcheck disable=SC2016
        on_file_system plain-ext4 noatime bash -ec '
                ! nbox set-limit okapi 20M 2>/var/lib/machines/said
                grep -q prjquota /var/lib/machines/said'
        nbox remove okapi
}

# --- disk images --------------------------------------------------------------------------------------------------------

test_disk_images() {
        truncate -s 8M "$MACHINES/okapi.raw"
        mkfs.ext4 -q "$MACHINES/okapi.raw"
        echo 00 >"$MACHINES/okapi.roothash"
        same "type" "$(status okapi .type)" '"raw"'
        same "as the machine sees it" "$(status okapi .whole_bytes)" 8388608
        nbox read-only okapi
        same "mode" "$(stat -c %a "$MACHINES/okapi.raw")" 444
        nbox rename okapi lemur
        [ ! -e "$MACHINES/okapi.raw" ] && [ ! -e "$MACHINES/okapi.roothash" ] || fail "it has kept its name"
        [ -e "$MACHINES/lemur.roothash" ] || fail "what verifies it has not followed"
        same "read-only" "$(status lemur .read_only)" true
        refused nbox set-limit lemur 20M
        has "$REFUSAL" 'image resize'
        tree_with okapi
        refused nbox rename okapi lemur
        nbox remove okapi lemur
        same "what is left" "$(find "$MACHINES" -maxdepth 1 -name '*lemur*')" ''
}
