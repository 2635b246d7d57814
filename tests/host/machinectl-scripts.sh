# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Scripts as people have written them for machinectl, of the kind that stands in guides for administrators and in CI: each runs twice, once with
# machinectl and systemd-nspawn, and once with nbox that is called as machinectl by a link. What a script prints, its exit status and what is there
# afterwards must be the same, word for word; what differs in any two runs (times, pids) is left out by the scripts themselves.

machine=web # its tree is $GUEST, or one that is small for what starts no machine
tree=$GUEST
ORIGINAL=$(command -v machinectl)

# A machine that both treat alike: the original binds and copies with owners only without a user namespace.
world_of_scripts() {
        mkdir -p "$SCRATCH/bin" /etc/systemd/nspawn
        ln -s "$(command -v nbox)" "$SCRATCH/bin/machinectl"
        printf '[Exec]\nPrivateUsers=no\n[Network]\nPrivate=yes\nVirtualEthernet=no\n' >"/etc/systemd/nspawn/$machine.nspawn"
}

end_of_scripts() {
        rm -rf /etc/systemd/nspawn
        remove_store
}

fresh_tree() {
        local left
        for left in "$MACHINES"/*; do
                case ${left##*/} in "$GUEST") ;; *) nbox remove --settings=keep "$(basename "$left" .raw)" || rm -rf --one-file-system "$left" ;; esac
        done >/dev/null 2>&1
        cp -aT --reflink=auto "$MACHINES/$tree" "$MACHINES/$machine"
}

nobody_runs() { [ -z "$("$ORIGINAL" list --no-legend)" ] && ! pgrep -x systemd-nspawn >/dev/null; }

# by SIDE SCRIPT: in a directory of its own; all that it prints on stdout, its status, and what is left.
by() {
        local side=$1 script=$2 status=0
        fresh_tree
        mkdir "$SCRATCH/$side.$script"
        (
                trap - ERR EXIT
                set +eE
                [ "$side" = original ] || PATH=$SCRATCH/bin:$PATH
                cd "$SCRATCH/$side.$script" || exit 1
                "$script" 2>"../$side.$script.said" </dev/null
        ) | cat >"$SCRATCH/$side.$script.out" || status=${PIPESTATUS[0]} # the original writes to a file from its beginning, each time
        echo "status $status" >>"$SCRATCH/$side.$script.out"
        "$ORIGINAL" list --no-legend | awk '{ print $1 }' | while read -r left; do "$ORIGINAL" terminate "$left"; done
        wait_until 20 nobody_runs
        systemctl reset-failed 2>/dev/null || true # of what was terminated
}

# same_by_both SCRIPT
same_by_both() {
        world_of_scripts
        by original "$1"
        by nbox "$1"
        fresh_tree
        rm -rf --one-file-system "${MACHINES:?}/$machine"
        [ -s "$SCRATCH/original.$1.out" ] || fail "$1 prints nothing"
        diff -u "$SCRATCH/original.$1.out" "$SCRATCH/nbox.$1.out" >"$SCRATCH/difference" ||
                fail "$1: $(cat "$SCRATCH/difference"; echo; tail -n 20 "$SCRATCH/original.$1.said"; echo ---; tail -n 20 "$SCRATCH/nbox.$1.said")"
        cat "$SCRATCH/nbox.$1.out"
        end_of_scripts
}

# --- what the scripts have in common: the waits that people write ------------------------------------------------------------------

await_state() { # NAME STATE
        local tries=0
        while [ "$(machinectl show -p State --value "$1")" != "$2" ]; do
                tries=$((tries + 1))
                [ "$tries" -lt "$((100 * PATIENCE))" ] || return 1
                sleep 0.2
        done
}

await_system() { # NAME: its init answers
        local tries=0
        until machinectl -q shell "$1" /bin/true >/dev/null 2>&1 && machinectl -q shell "$1" /bin/systemctl is-system-running --wait 2>/dev/null |
                grep -qE 'running|degraded'; do
                tries=$((tries + 1))
                [ "$tries" -lt "$((50 * PATIENCE))" ] || return 1
                sleep 0.2
        done
}

await_end() { # NAME
        local tries=0
        while machinectl list --no-legend | awk '{ print $1 }' | grep -qx "$1"; do
                tries=$((tries + 1))
                [ "$tries" -lt "$((100 * PATIENCE))" ] || return 1
                sleep 0.2
        done
}

# --- the scripts --------------------------------------------------------------------------------------------------------------------

# Start, wait until it runs, ask what it is.
start_and_wait() {
        machinectl start "$machine" || return
        await_state "$machine" running || return
        machinectl list --no-legend | awk '{ print $1, $2, $4, $5 }'
        machinectl show -p Name -p Class -p RootDirectory -p State "$machine"
        machinectl show --property=Name --value "$machine"
        [ "$(machinectl status "$machine" | awk '$1 == "Leader:" { print $2 }')" = "$(machinectl show -p Leader --value "$machine")" ] && echo 'one leader'
        machinectl status -n 0 "$machine" | awk '$1 ~ /^(Root|OS):$/'
        machinectl show -a "$machine" | sed 's/=.*//' | sort
        machinectl list -o json | jq -c '.[] | keys, (.addresses | split("\n") | length > 1), .machine, .class, .os, .version'
        machinectl poweroff "$machine" && await_end "$machine" && machinectl list
}

# Commands inside, as provisioning scripts run them.
commands_inside() {
        machinectl start "$machine" && await_system "$machine" || return
        machinectl -q shell "$machine" /bin/cat /etc/os-release | tr -d '\r' | grep '^ID='
        machinectl shell "$machine" /bin/sh -c 'echo one; echo two >&2' | od -c
        machinectl shell --uid=nobody "$machine" /usr/bin/id -un | tail -n 1 # who has no home: that is said before
        machinectl shell nobody@"$machine" /usr/bin/id -u | tail -n 1
        machinectl shell -E COLOR=blue --setenv=SIZE=4 "$machine" /bin/sh -c 'echo $COLOR $SIZE; echo $USER $HOME'
        machinectl shell "$machine" /bin/false >nothing # but, from the original, an empty line
        echo "false: $?"
        machinectl shell "$machine" /bin/sh -c 'echo with -p --all options' --all -p x
        machinectl shell "$machine" true
        echo "no path: $?"
        machinectl shell no-such-machine /bin/true
        echo "no machine: $?"
        machinectl -q shell "$machine" /bin/sh -c 'hostname; readlink /proc/1/exe'
}

# On the host itself.
commands_on_the_host() {
        machinectl shell .host /bin/echo here
        machinectl -q shell root@ /usr/bin/id -un
        machinectl shell --uid=nobody -E WORD=plain .host /bin/sh -c 'echo $WORD; id -un'
        machinectl show .host -p Name -p Class -p Leader -p RootDirectory -p State
        machinectl list -a --no-legend | awk '{ print $1, $2, $3 }'
        machinectl image-status .host | awk '$1 ~ /^(Type|Path|OS|RO):$/'
        machinectl show-image .host -p Name -p Path -p Type -p ReadOnly
}

# A golden image: taken in, kept unwritten, cloned, renamed, removed.
golden_image() {
        tar -C "$MACHINES/$machine" -cf golden.tar . || return
        machinectl import-tar --read-only golden.tar golden; echo "import: $?"
        machinectl import-tar golden.tar golden; echo "again: $?"
        machinectl clone golden node1 && machinectl clone --read-only golden node2; echo "clone: $?"
        machinectl list-images --no-legend | awk '{ print $1, $2, $3 }'
        machinectl show-image golden -p Name -p Path -p Type -p ReadOnly
        machinectl show-image -p ReadOnly --value node1 node2
        machinectl rename node1 node3; echo "rename: $?"
        machinectl rename node3 golden; echo "rename to one that is there: $?"
        machinectl read-only golden false && machinectl show-image golden --property=ReadOnly
        machinectl read-only node2 no; machinectl remove node2 node3; echo "remove: $?"
        machinectl remove node3; echo "remove again: $?"
        machinectl image-status golden | sed -n '1p; s/^[[:space:]]*\(Type\|Path\|RO\): /\1 /p'
        machinectl list-images | sed '1s/ \+/ /gp; d'
        machinectl list-images | tail -n 1
        machinectl list-images -o json | jq -c '.[] | [.name, .type, .ro], keys'
        ls "$MACHINES"
}

# A clone is what its image is.
clone_and_start() {
        echo 'made for all' >"$MACHINES/$machine/etc/motd"
        cp "/etc/systemd/nspawn/$machine.nspawn" /etc/systemd/nspawn/copy.nspawn
        machinectl clone "$machine" copy && machinectl start copy && await_state copy running || return
        machinectl list --no-legend | awk '{ print $1 }'
        await_system copy && machinectl -q shell copy /bin/cat /etc/motd
        machinectl remove copy; echo "remove of one that runs: $?"
        machinectl terminate copy && await_end copy
        machinectl remove copy; echo "remove: $?"
        machinectl list-images --no-legend | awk '{ print $1 }'
}

# The backup of every night, each kind of file, and back.
backup() {
        local kind
        for kind in tar tar.gz; do
                machinectl -q export-tar "$machine" "backup.$kind" || return
                tar -tf "backup.$kind" | sed 's|^\./||; s|/$||' | grep -v '^\.*$' | sort | sha256sum
                file_kind "backup.$kind"
        done
        machinectl export-tar --format=gzip "$machine" >stream 2>/dev/null && file_kind stream
        echo old >backup.tar && machinectl -q export-tar "$machine" backup.tar && tar -xOf backup.tar ./etc/hostname
        machinectl -q import-tar backup.tar.gz restored && diff -r --no-dereference "$MACHINES/$machine/etc" "$MACHINES/restored/etc"
        echo "restored: $?"
        machinectl export-tar no-such-image x.tar; echo "no image: $?"
        machinectl list-transfers
}
file_kind() { od -An -tx1 -N2 "$1"; }

# Files in and out, a directory of the host's inside.
files_and_binds() {
        machinectl start "$machine" && await_system "$machine" || return
        echo 'key=value' >app.conf
        mkdir -p site shared && echo page >site/index && echo seen >shared/file
        machinectl copy-to "$machine" app.conf /etc/app.conf && machinectl -q shell "$machine" /bin/cat /etc/app.conf
        echo 'key=other' >app.conf
        machinectl copy-to "$machine" app.conf /etc/app.conf >/dev/null; echo "there already: $?"
        machinectl copy-to --force "$machine" app.conf /etc/app.conf; echo "forced: $?"
        machinectl copy-to "$machine" site /srv/site && machinectl -q shell "$machine" /bin/cat /srv/site/index /etc/app.conf
        machinectl copy-from "$machine" /srv/site back && cat back/index
        machinectl copy-from "$machine" /no/such/file x >/dev/null; echo "no file: $?"
        machinectl bind --mkdir "$machine" "$PWD/shared" /mnt/shared && machinectl -q shell "$machine" /bin/cat /mnt/shared/file
        machinectl bind --read-only --mkdir "$machine" "$PWD/shared" /mnt/kept
        machinectl -q shell "$machine" /bin/sh -c 'echo x >/mnt/shared/new; echo x >/mnt/kept/refused; ls /mnt/kept' | sed 's/.*: //'
        ls shared
}

# A host that is to go down: all of them, in order.
all_off() {
        local name
        cp "/etc/systemd/nspawn/$machine.nspawn" /etc/systemd/nspawn/other.nspawn
        machinectl clone "$machine" other && machinectl start "$machine" other || return
        for name in $(machinectl list --no-legend | awk '{ print $1 }'); do await_system "$name" && echo "$name is up"; done
        machinectl list --no-legend | awk '{ print $1 }' | xargs machinectl poweroff
        for name in "$machine" other; do await_end "$name" && echo "$name is down"; done
        machinectl poweroff "$machine"; echo "one that is off: $?"
        machinectl list
}

# Signals, the end without a shutdown, and a reboot, which is another leader.
signals() {
        local before tries=0
        machinectl start "$machine" && await_system "$machine" || return
        machinectl kill --kill-whom=leader --signal=SIGCONT "$machine"; echo "kill: $?"
        machinectl kill --signal=NONSENSE "$machine"; echo "no signal: $?"
        machinectl kill --kill-whom=nobody "$machine"; echo "nobody: $?"
        machinectl kill --signal=list "$machine" | sha256sum
        machinectl kill -s help "$machine" | sha256sum
        before=$(machinectl show -p Leader --value "$machine")
        machinectl reboot "$machine"; echo "reboot: $?"
        while [ "$(machinectl show -p Leader --value "$machine" 2>/dev/null || echo "$before")" = "$before" ] && [ "$tries" -lt "$((100 * PATIENCE))" ]; do
                tries=$((tries + 1))
                sleep 0.2
        done
        # To its end: who terminates a machine in the middle of it hears from the original sometimes this and sometimes that.
        await_system "$machine" && await_state "$machine" running && echo 'another leader'
        machinectl terminate "$machine"; echo "terminate: $?"
        await_end "$machine" && echo gone
}

# With the host, and no longer.
with_the_host() {
        machinectl enable "$machine"; echo "enable: $?"
        find /etc/systemd/system -name "*@$machine.service" | sed 's/\(systemd-nspawn\|nbox\)@/a-unit@/'
        machinectl disable "$machine"; echo "disable: $?"
        find /etc/systemd/system -name "*@$machine.service" | wc -l
        machinectl enable no-such-image; echo "no image: $?"
        machinectl start no-such-image; echo "no image: $?"
}

# What a script asks by the exit status alone.
by_status() {
        local words
        while read -r words; do
                # shellcheck disable=SC2086
                machinectl $words >/dev/null
                echo "$words: $?"
        done <<'WORDS'
list
--no-legend list
list --no-leg
list extra
lis
show
show nobody
show -p
status
status nobody
start
login nobody
shell nobody
poweroff
poweroff nobody
terminate nobody
reboot nobody
kill nobody
image-status
image-status nobody
show-image nobody
show-image -p Path web
clone web
clone nobody new
rename nobody new
read-only web maybe
remove nobody
remove .host
set-limit
set-limit web much
set-limit 10G
list-images -a
list --max-addresses=many
--max-addresses 2 list
list-transfers
cancel-transfer
cancel-transfer 77
cancel-transfer x
import-tar no-file.tar x
pull-tar ftp://127.0.0.1/x.tar
--verify=some pull-tar http://127.0.0.1:9/x.tar
--verify=no pull-tar http://127.0.0.1:9/x.tar
copy-to web
copy-to nobody /etc/hostname
bind nobody /srv
--nonsense
--output=nonsense list
--lines=nonsense list
-Z
--help
--version
help
WORDS
}

test_script_start_and_wait() {
        same_by_both start_and_wait
}
test_script_commands_inside() {
        same_by_both commands_inside
}
test_script_commands_on_the_host() {
        tree=.busybox
        same_by_both commands_on_the_host
}
test_script_golden_image() {
        tree=.busybox
        same_by_both golden_image
}
test_script_clone_and_start() {
        same_by_both clone_and_start
}
test_script_backup() {
        tree=.busybox
        same_by_both backup
}
test_script_files_and_binds() {
        same_by_both files_and_binds
}
test_script_all_off() {
        same_by_both all_off
}
test_script_signals() {
        same_by_both signals
}
test_script_with_the_host() {
        tree=.busybox
        same_by_both with_the_host
}
test_script_by_status() {
        tree=.busybox
        same_by_both by_status
}

# --- what is only nbox's ---------------------------------------------------------------------------------------------------------------

without_age() { head -n 6 | sed 's/; .* ago$//'; }

# Machines of systemd-nspawn's, by the link.
test_machines_of_others() {
        local as_machinectl=$SCRATCH/bin/machinectl
        world_of_scripts
        fresh_tree
        "$ORIGINAL" start "$machine"
        PATH=$SCRATCH/bin:$PATH await_system "$machine"
        same 'who runs' "$("$as_machinectl" list --no-legend | awk '{ print $1, $2, $3, $4, $5 }')" "$machine container systemd-nspawn debian 12"
        same 'show' "$("$as_machinectl" show "$machine")" "$("$ORIGINAL" show "$machine")"
        same 'status' "$("$as_machinectl" status -n 0 "$machine" | without_age)" "$("$ORIGINAL" status -n 0 "$machine" | without_age)"
        same 'a command' "$("$as_machinectl" -q shell "$machine" /bin/echo heard | tr -d '\r')" heard
        echo brought >"$SCRATCH/file"
        "$as_machinectl" copy-to "$machine" "$SCRATCH/file" /srv/file
        "$as_machinectl" bind --mkdir "$machine" "$(readlink -f "$SCRATCH/bin")" /mnt/bin
        has "$("$as_machinectl" -q shell "$machine" /bin/sh -c 'cat /srv/file; ls /mnt/bin')" 'brought.*'
        "$as_machinectl" copy-from "$machine" /srv/file "$SCRATCH/back"
        same 'what came back' "$(cat "$SCRATCH/back")" brought
        "$as_machinectl" kill --kill-whom=leader --signal=SIGCONT "$machine"
        "$as_machinectl" poweroff "$machine"
        wait_until 20 nobody_runs
        rm -rf --one-file-system "${MACHINES:?}/$machine"
        end_of_scripts
}

# Whoever works on an image for long is listed, and ends when told to.
test_transfers_are_listed_and_cancelled() {
        local importer status=0
        mkfifo "$SCRATCH/pipe"
        exec 7<>"$SCRATCH/pipe"
        tar -C "$MACHINES/.busybox" -cf "$SCRATCH/small.tar" .
        head -c 100000 "$SCRATCH/small.tar" >&7 &
        nbox import-tar - slow <"$SCRATCH/pipe" 2>"$SCRATCH/said" &
        importer=$!
        wait_until 10 eval 'nbox list-transfers --no-legend | grep -q slow'
        same 'what goes on' "$(nbox list-transfers --no-legend)" '1 n/a import-tar slow standard input'
        nbox cancel-transfer 1
        wait "$importer" || status=$?
        [ "$status" != 0 ] || fail 'the import has succeeded'
        exec 7>&-
        same 'what is left' "$(nbox list-transfers; nbox images -q | grep slow)" 'No transfers.'
        status_is 1 nbox cancel-transfer 1 2>/dev/null
        # Of one that is killed nothing is listed either.
        exec 7<>"$SCRATCH/pipe"
        nbox import-tar - slow <"$SCRATCH/pipe" 2>/dev/null &
        importer=$!
        wait_until 10 eval 'nbox list-transfers --no-legend | grep -q slow'
        kill -9 "$importer"
        wait "$importer" 2>/dev/null || true
        exec 7>&-
        same 'after a kill' "$(nbox list-transfers)" 'No transfers.'
        nbox gc
        remove_store
        rm -rf "$MACHINES"/.#*
}
