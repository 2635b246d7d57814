# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Escapes: what root inside, who owns the tree and its init, tries against the host. One case a file in cases/, real code each, run
# in a machine of nbox's, where it must not work, and under a control, where it must: an attack that works nowhere would show nothing.
#
# A case is a file of these, in this order:
#
#     WHAT='CVE-… : one line on what is tried'
#     CONTROL=bare            who is without the defence (runners.sh): bare is the default, chroot; a function control() for another way, in play()'s place
#     KERNEL='why'            instead of a control: the kernel itself blocks it everywhere, so that verdict() asserts a property
#     NEEDS_USERS='why'       works with --private-users=no, as it must; else nbox_users (that option) has to block it as well
#     MAY_REFUSE=yes          nbox may refuse such a tree with a word
#     HOSTS='plain container' which kinds of host it runs on; default plain
#     RIVALS='nspawn lxc'     who has something to be compared; default both
#     OPTIONS_nbox=(…)        options of a runner's start; OPTIONS_nspawn, and lines of lxc's configuration in OPTIONS_lxc
#
#     setup()                 on the host, before the start: prepares $TREE (a busybox tree) and what is to be attacked. bring PROGRAM…
#                             takes programs of attacks/ into the tree, at /escape
#     attack()                inside, as root, a child of the init, by busybox' sh with /escape in its PATH: bashisms do not work
#     meanwhile()             on the host, once attack() is over and the machine still runs: what an admin does (machine_join, …)
#     verdict()               on the host, while the machine runs: calls works, blocked or absent with the reason. What attack() printed is
#                             in $OUT; what the host was told to keep an eye on is compared, not guessed
#     play()                  instead of one start with all the above in it
#     undo()                  on the host: takes away what setup() and a control that worked left
#
# Names of attacks' files on the host stand in $PREY, a directory outside of all trees.

ESCAPE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
: "${ATTACKS:=/job/attacks}"
PREY=/srv/escape
NAME=escape
TREE=$MACHINES/$NAME
OUT=$TREE/escape/out
# shellcheck source=tests/escape/runners.sh
. "$ESCAPE/runners.sh"
shopt -s inherit_errexit # a case is played in a command substitution

# --- what cases say -------------------------------------------------------------------------------------------------

works() { echo "works: $*" >"$VERDICT"; }
blocked() { echo "blocked: $*" >"$VERDICT"; }
absent() { echo "absent: $*" >"$VERDICT"; } # nothing here to try it with

bring() {
        local program
        for program in "$@"; do cp "$ATTACKS/$program" "$TREE/escape/"; done
}

# image_attacks [OPTION…] IMAGE: attack() as one command as root of any image that was made of $TREE; what it prints.
image_attacks() {
        [ "$RUNNER" != nbox_users ] || set -- --private-users=no "$@"
        timeout -k 5 "$((20 * PATIENCE))" nbox run --network=none "$@" /bin/busybox sh /escape/attack </dev/null 2>&1 | tr -d '\r'
}

# disk_of FILE DIRECTORY: an ext4 with what is in there.
disk_of() { rm -f "$1" && truncate -s 32M "$1" && mkfs.ext4 -q -F -d "$2" "$1"; }

# images_forget NAME…: with all that stands on them.
images_forget() {
        nbox remove "$@" >/dev/null 2>&1 || true
        (cd "$MACHINES" && rm -rf --one-file-system "$@" "${@/%/.raw}" "${MACHINES:?}/.#nbox")
}

# A secret of the host's, for attacks that read. Prints it.
secret() {
        [ -e "$PREY/secret" ] || head -c 15 /dev/urandom | base64 >"$PREY/secret"
        chmod 600 "$PREY/secret"
        cat "$PREY/secret"
}

# as_nobody COMMAND…: as a user of the host without a right. By a shell, for setpriv itself keeps its capabilities until it executes.
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'exec "$@"' sh "$@"; }

printed() { grep -Eq -- "$1" "$OUT"; }

# What the program `attempt` printed: worked, or why not. works if any did, and names them.
verdict_of_attempts() {
        if grep -q ' works$' "$OUT"; then
                works "$(sed -n 's/ works$//p' "$OUT" | paste -sd ' ')"
        else
                blocked "$(awk -F': ' '{ names[$2] = names[$2] " " $1 } END { for (e in names) print e ":" names[e] }' "$OUT" | paste -sd ';')"
        fi
}

# --- a case ---------------------------------------------------------------------------------------------------------

# The files of a case, in a shell of its own.
# shellcheck disable=SC2034
case_load() {
        WHAT='' CONTROL=bare KERNEL='' NEEDS_USERS='' MAY_REFUSE='' HOSTS=plain RIVALS='nspawn lxc'
        OPTIONS_nbox=() OPTIONS_nspawn=() OPTIONS_lxc=()
        # shellcheck disable=SC2317
        setup() { :; }
        # shellcheck disable=SC2317
        attack() { :; }
        # shellcheck disable=SC2317
        meanwhile() { :; }
        # shellcheck disable=SC2317
        undo() { :; }
        # shellcheck disable=SC2317
        play() { one_start; }
        # shellcheck disable=SC1090
        . "$ESCAPE/cases/$1.sh"
}

# The init of a machine that attacks: what it prints and its status are there to be read on the host.
tree_make() {
        chmod 700 "$MACHINES" # as nbox makes it
        cp -aT "$MACHINES/.busybox" "$TREE"
        mkdir "$TREE/escape"
        rm -f "$TREE/sbin/init"
        cat >"$TREE/sbin/init" <<'INIT'
#!/bin/busybox sh
PATH=/escape:/bin:/sbin:/usr/bin:/usr/sbin
cd /
/bin/busybox sh /escape/attack >/escape/out 2>&1 </dev/null
echo "$?" >/escape/status
while :; do /bin/busybox sleep 1000; done
INIT
        chmod 755 "$TREE/sbin/init"
        declare -f attack >"$TREE/escape/attack"
        echo attack >>"$TREE/escape/attack"
}

one_start() {
        machine_start || return 0
        meanwhile
        verdict
        machine_stop
}

# outcome RUNNER: plays the case once; prints what came of it, one line.
outcome() {
        RUNNER=$1 VERDICT=$SCRATCH/verdict
        rm -f "$VERDICT"
        mkdir -p "$PREY"
        tree_make
        # However it ends: what works under a control is to work once.
        trap 'exit 1' TERM INT HUP
        trap 'undo; rm -rf --one-file-system "$TREE" "$PREY"' EXIT
        setup
        if [ "$RUNNER" = own ]; then
                control
        else
                play
                machine_stop
        fi
        cat "$VERDICT" 2>/dev/null || echo "no verdict"
}

# case_test NAME: nbox blocks it, and without the defence it works.
case_test() {
        local runner got
        case_load "$1"
        for runner in nbox nbox_users; do
                [ "$runner" = nbox ] || [ -z "$NEEDS_USERS" ] || continue
                got=$(outcome "$runner")
                case $got in
                blocked:\ refused:*) [ -n "$MAY_REFUSE" ] || fail "$runner does not start: $got" ;;
                blocked:*) ;;
                *) fail "with $runner it ${got:-has no verdict}" ;;
                esac
        done
        if [ -n "$KERNEL" ]; then
                got=blocked
        elif [ "$(type -t control)" = function ]; then
                got=$(outcome own)
        else
                got=$(outcome "$CONTROL")
        fi
        case $KERNEL/$got in
        /works:* | ?*/blocked*) ;;
        *) fail "the control shows nothing: $got; it printed: $(head -c 2000 "$SCRATCH/printed" 2>/dev/null)" ;;
        esac
}
