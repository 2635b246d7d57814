# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What every script under tests/ shares: messages, packages of the test host, trees that are built once, the build of
# nbox itself, and the record of what a host looked like before a test. Sourced; sets nothing but functions and TESTS.

TESTS=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
SOURCE=$(dirname "$TESTS")
: "${NBOX_TEST_CACHE:=/var/cache/nbox-test}" # trees and images, safe to delete at any time
: "${NBOX_TEST_BUILD:=$SOURCE/build-test}"   # meson's build directory: what users get, with warnings as errors

say() { printf '%s\n' "$*" >&2; }
die() {
        say "${0##*/}: $*"
        exit 1
}

# --- packages -------------------------------------------------------------------------------------------------------

# need_packages SECTION...: installs what tests/packages lists and this host lacks; what dpkg says
# is shown only if it fails. Only root on a Debian can; others are told what to install.
need_packages() {
        local section wanted log missing=()
        for section in "$@"; do
                wanted=$(sed -n "s/^$section //p" "$TESTS/packages")
                for package in $wanted; do
                        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
                done
        done
        [ ${#missing[@]} -gt 0 ] || return 0
        [ "$(id -u)" = 0 ] || die "not root, so install these packages first: ${missing[*]}"
        say "installing ${missing[*]}"
        log=$(mktemp)
        # An index that cannot be had matters only if a package is then not found.
        apt-get -qq update >"$log" 2>&1 || say "apt-get update failed, ignoring"
        if DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "${missing[@]}" \
                >>"$log" 2>&1 </dev/null; then
                rm "$log"
        else
                tail -n 20 "$log" >&2
                die "installing failed, see $log"
        fi
}

# --- trees ----------------------------------------------------------------------------------------------------------

# A recipe that is another one with a suite of its own (see trees/bhost13); common.sh has said which is the usual one.
# shellcheck disable=SC2034
[ -z "${TREE_SUITE-}" ] || SUITE=$TREE_SUITE

# tree_key NAME: what a tree is made of: its recipe, the text all recipes share, and the trees and recipes it is made from.
tree_key() {
        local needed
        {
                cat "$TESTS/trees/common.sh" "$TESTS/trees/$1"
                for needed in $(sed -n 's/^# text: //p' "$TESTS/trees/$1"); do
                        cat "$TESTS/trees/$needed"
                done
                for needed in $(sed -n 's/^# needs: //p' "$TESTS/trees/$1"); do
                        tree_key "$needed"
                done
        } | sha256sum | cut -c1-12
}

# tree NAME: prints the path of a tree (or image) of that recipe, built if it is not there. Whoever boots it must
# copy it, or mount it as the lower layer of an overlay.
tree() {
        local name=$1 path began needed
        [ -x "$TESTS/trees/$name" ] || die "no recipe tests/trees/$name"
        path=$NBOX_TEST_CACHE/$name-$(tree_key "$name")
        mkdir -p "$NBOX_TEST_CACHE"
        if [ ! -e "$path" ]; then
                for needed in $(sed -n 's/^# needs: //p' "$TESTS/trees/$name"); do
                        tree "$needed" >/dev/null || return
                done
                (
                        flock 9
                        [ ! -e "$path" ] || exit 0 # built while we waited
                        say "building the tree $name"
                        began=$SECONDS
                        rm -rf "$path.tmp"
                        # Only a finished tree gets the name that others look for.
                        if ! "$TESTS/trees/$name" "$path.tmp" >"$NBOX_TEST_CACHE/$name.log" 2>&1 </dev/null; then
                                tail -n 30 "$NBOX_TEST_CACHE/$name.log" >&2
                                rm -rf "$path.tmp"
                                die "building the tree $name failed, see $NBOX_TEST_CACHE/$name.log"
                        fi
                        mv -T "$path.tmp" "$path"
                        say "built the tree $name in $((SECONDS - began)) s"
                        tree_forget_old "$name" "$path"
                ) 9>"$NBOX_TEST_CACHE/$name.lock" || return
        fi
        touch "$path.used"
        printf '%s\n' "$path"
}

# tree_forget_old NAME PATH: earlier versions of a recipe that nobody used for three days.
tree_forget_old() {
        local used
        for used in "$NBOX_TEST_CACHE/$1"-????????????.used; do
                if [ -e "$used" ] && [ "${used%.used}" != "$2" ] && [ -n "$(find "$used" -mmin +4320)" ]; then
                        rm -rf "${used%.used}" "$used"
                fi
        done
}

# tree_copy NAME DESTINATION: a tree of one's own, for booting.
tree_copy() {
        local from
        from=$(tree "$1") || return
        mkdir -p "$(dirname "$2")"
        cp -a --reflink=auto "$from" "$2"
}

# --- nbox -----------------------------------------------------------------------------------------------------------

# build_nbox: configures where needed, builds with warnings as errors, and installs into $NBOX_TEST_BUILD/stage.
build_nbox() {
        if [ ! -e "$NBOX_TEST_BUILD/build.ninja" ]; then
                meson setup -Dwerror=true "$NBOX_TEST_BUILD" "$SOURCE" || return
        fi
        ninja -C "$NBOX_TEST_BUILD" -j2 || return
        rm -rf "$NBOX_TEST_BUILD/stage"
        DESTDIR=$NBOX_TEST_BUILD/stage meson install -C "$NBOX_TEST_BUILD" --no-rebuild --quiet
}

# stage_into ROOT: lays the installed files over a tree. Not by overlay: /lib of a tree is a link to usr/lib, and
# a stage with a real /lib would hide it.
stage_into() {
        tar -C "$NBOX_TEST_BUILD/stage" -cf - . | tar -C "$1" --keep-directory-symlink --no-same-owner -xf -
}

# --- what test hosts leave when they are killed ----------------------------------------------------------------------

# Names below carry the pid of the script that made the thing, so that what a killed one left can be told from what
# a running one uses: the next script to come by removes it.

# work_make: a scratch directory on a real file system (idmapped mounts of overlays are refused, and trees are big).
work_make() {
        local left pid base=${NBOX_TEST_WORK:-/var/tmp}
        for left in "$base"/nbox-test.*; do
                pid=${left#"$base"/nbox-test.}
                [ ! -d "$left" ] || kill -0 "${pid%%.*}" 2>/dev/null || rm -rf --one-file-system "$left"
        done
        mktemp -d "$base/nbox-test.$$.XXXXXX"
}

# Where cgroup2 is mounted: the only hierarchy, or beside the v1 ones.
cgroup2_root() {
        if [ -e /sys/fs/cgroup/cgroup.procs ]; then
                echo /sys/fs/cgroup
        elif [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then
                echo /sys/fs/cgroup/unified
        else
                die "no cgroup2 mount on this host"
        fi
}

# cgroup_make [PID]: a cgroup of a test host's own; prints its path. Its name has the pid and the pid namespace that it is of:
# what a dead one of this namespace left is removed, what is of another is another's.
cgroup_make() {
        local root left namespace
        root=$(cgroup2_root) || return
        namespace=$(stat -Lc %i /proc/self/ns/pid)
        for left in "$root/nbox-test.$namespace".*; do
                [ ! -d "$left" ] || kill -0 "${left##*.}" 2>/dev/null || cgroup_remove "$left"
        done
        mkdir "$root/nbox-test.$namespace.${1-$$}" && echo "$root/nbox-test.$namespace.${1-$$}"
}

# cgroup_remove PATH: with everything below it, and what systemd-nspawn made for it in the v1 hierarchy; processes
# in it are killed first. What they had of the processors, in µs, becomes a line of $USED.
cgroup_remove() {
        local i name=${1##*/}
        [ -z "${USED-}" ] || sed -n 's/^usage_usec //p' "$1/cpu.stat" >>"$USED"
        for i in 1 2 3 4 5 6 7 8 9 10; do
                [ ! -d "$1" ] || echo 1 >"$1/cgroup.kill"
                find "$1" "/sys/fs/cgroup/systemd/$name" -depth -type d -exec rmdir {} + 2>/dev/null || true
                [ -d "$1" ] || return 0
                sleep "0.$i"
        done
        say "cannot remove the cgroup $1, ignoring"
}

# elapsed NANOSECONDS: seconds since, with one digit.
elapsed() {
        local now
        now=$(date +%s%N)
        printf '%d.%d' $(((now - $1) / 1000000000)) $(((now - $1) / 100000000 % 10))
}
