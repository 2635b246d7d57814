# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Hostile archives (tests/archives/make), hundreds, each through `nbox import`: it is refused by name, or imported without harm, soon and within
# bounded memory; nothing of it is left afterwards, and nothing outside of it was written, changed or touched: the canary stands where they aim at, on
# the file system of the images, so that no hard link fails for another reason. What became of each stands in /job/verdicts.

ARCHIVES=/job/archives
CANARY=$MACHINES/.canary
MEMORY=$((1 << 20)) # KiB that a process may take
SOON=10             # seconds
SECRET='a secret of the outside'

# What is known of the canary: names, kinds, owners, modes, times (also when an inode was last changed, which nobody can set), links.
canary_look() { find "$CANARY" -printf '%p %y %m %U %G %s %T@ %C@ %n %l\n'; }

canary_make() {
        mkdir -p "$CANARY/sub"
        echo "$SECRET" >"$CANARY/file"
        echo "$SECRET" >"$CANARY/sub/file"
        tar -C "$CANARY" -cf "$CANARY/layer.tar" file
        setfattr -n user.canary -v yes "$CANARY/file"
}

# What is there beside images: everything to the layers of the store, and settings.
around() {
        local place places=()
        for place in "$MACHINES" /etc/nbox /run/nbox /var/lib/nbox; do
                [ ! -d "$place" ] || places+=("$place")
        done
        find "${places[@]}" -mindepth 1 -maxdepth 3 ! -path "$CANARY*" ! -path "$MACHINES/.busybox*" ! -path "$MACHINES/$GUEST*"
}

before() {
        CANARY_BEFORE=$(canary_look)
        AROUND_BEFORE=$(around)
}

# untouched FILE: all is as before it.
untouched() {
        local now
        now=$(canary_look)
        [ "$now" = "$CANARY_BEFORE" ] || fail "$1: the outside was touched: $(diff <(echo "$CANARY_BEFORE") <(echo "$now"))"
        now=$(around)
        [ "$now" = "$AROUND_BEFORE" ] || same "$1: what is there" "$(sort <<<"$now")" "$(sort <<<"$AROUND_BEFORE")"
}

# is_refusal STATUS FILE PATTERN
is_refusal() {
        local LC_ALL=C
        [ "$1" -lt 124 ] || [ "$1" = 125 ] || fail "status $1, not a refusal: $2 ($SAID)"
        [ -n "$SAID" ] || fail "refused without a word: $2"
        [[ $SAID != *$'\n'*$'\n'*$'\n'*$'\n'* ]] || fail "more than four lines: $2: $SAID"
        [[ ${SAID//$'\n'/} != *[[:cntrl:]]* ]] || fail "control characters: $2: $(cat -v <<<"$SAID")"
        [[ $SAID =~ $3 ]] || fail "$2: the error does not say '$3': $SAID"
}

# What was imported has nothing of the outside: no device, no attribute that speaks to the host, no line of the canary's; and its settings have
# no line that widens anything.
is_harmless() {
        local tree settings found
        for tree in "$MACHINES/hostile" "$MACHINES/.#nbox"; do
                [ -e "$tree" ] || continue
                # overlayfs's whiteouts are character devices 0:0 of our own making, in layers
                found=$(find "$tree" -xdev \( -type b -o -type c \) -exec stat -c '%n %t:%T' {} +)
                [ -z "$found" ] || [ "$tree" != "$MACHINES/hostile" ] || fail "$1: device nodes: $found"
                [ -z "$found" ] || ! grep -qv ' 0:0$' <<<"$found" || fail "$1: device nodes: $found"
                ! grep -rqF -D skip -- "$SECRET" "$tree" || fail "$1: the outside is in it"
        done
        if [ -d "$MACHINES/hostile" ]; then
                found=$(getfattr -Rh -m '^(trusted|security)\.' -- "$MACHINES/hostile" 2>/dev/null)
                [ -z "$found" ] || has_not "$found" '^(trusted\.|security\.[^c])'
        fi
        for settings in "$MACHINES/hostile.nspawn" /etc/nbox/hostile.*; do
                [ ! -e "$settings" ] || ! grep -E '^[[:space:]]*(PrivateUsers|Capability|Bind|BindReadOnly)[[:space:]]*=' "$settings" || fail "$1: its settings widen what it may"
        done
}

# one VERDICT FILE PATTERN OPTIONS
one() {
        local got=0 options=() began=${EPOCHREALTIME/./} first
        [ "$4" = - ] || options=("$4")
        SAID=$(
                ulimit -v "$MEMORY"
                timeout -s KILL "$((SOON * PATIENCE))" nbox import "${options[@]}" "$ARCHIVES/$2" hostile 2>&1 >/dev/null </dev/null
        ) || got=$?
        first=${SAID%%$'\n'*}
        printf '%s: status %s in %s ms: %s\n' "$2" "$got" $(((${EPOCHREALTIME/./} - began) / 1000)) "${first:0:240}" >>/job/verdicts
        case $1.$got in
        refused.0) fail "$2 is not refused" ;;
        taken.0 | either.0) is_harmless "$2" && nbox remove --settings=remove hostile ;;
        taken.*) fail "$2 is not taken: $SAID" ;;
        *) is_refusal "$got" "$2" "$3" ;;
        esac
        untouched "$2"
}

# family NAME: all of it; those that go wrong are all named.
family() {
        local verdict file pattern options failed=0
        canary_make
        # what the first import makes for all
        nbox import "$ARCHIVES/oci-good.tar" hostile >/dev/null 2>&1 && nbox remove --settings=remove hostile
        before
        while IFS=$'\t' read -r _ verdict file pattern options; do
                (one "$verdict" "$file" "$pattern" "$options") || {
                        failed=1
                        rm -rf --one-file-system "$MACHINES/hostile" "$MACHINES"/hostile.*
                        before
                }
        done < <(grep "^$1"$'\t' "$ARCHIVES/list")
        same "what the canary says" "$(cat "$CANARY/file" "$CANARY/sub/file")" "$SECRET"$'\n'"$SECRET"
        rm -rf "$CANARY"
        remove_store # in which there is nothing, as was seen
        [ "$failed" = 0 ]
}

test_names() {
        family names
}

test_links_out() {
        family links_out
}

test_swaps() {
        family swaps
}

test_hard_links() {
        family hard_links
}

test_nodes() {
        family nodes
}

test_attributes() {
        family attributes
}

test_sizes() {
        family sizes
}

test_headers() {
        family headers
}

test_bombs() {
        family bombs
}

test_cut() {
        family cut
}

test_no_archives() {
        family none
}

test_oci_descriptors() {
        family descriptors
}

test_oci_blobs() {
        family blobs
}

test_oci_documents() {
        family documents
}

test_oci_layers() {
        family layers
}

test_oci_configs() {
        family configs
}

test_docker_archives() {
        family docker_archives
}

# None of make's families is without a test here.
test_all_families() {
        same families "$(cut -f 1 "$ARCHIVES/list" | sort -u | while read -r name; do grep -q "^        family $name\$" /job/tests/host/archives.sh || echo "$name"; done)" ""
        [ "$(wc -l <"$ARCHIVES/list")" -ge 300 ]
}

# The aim is right: who believes such archives writes there.
test_control() {
        local file
        for file in dotdot-file absolute link-absolute-file-beneath swap-directory-by-link hard-link-absolute-then-written; do
                canary_make
                before
                mkdir "$MACHINES/.control"
                bsdtar -C "$MACHINES/.control" -xPf "$ARCHIVES/$file.tar" 2>/dev/null
                [ "$(canary_look)" != "$CANARY_BEFORE" ] || fail "$file does no harm to whoever believes it"
                rm -rf "$MACHINES/.control" "$CANARY"
        done
}
