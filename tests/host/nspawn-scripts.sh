# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Scripts as they stand in people's build servers and guides, written for systemd-nspawn: each runs with the original and then with nbox called so,
# on two copies of one tree, and has the same result: exit status, standard output, and the files with their owners, modes and contents. The
# copies have the same name, for it is the machine's. What is said on stderr is each program's own. Not compared are the carriage returns that the
# original's terminal puts into a command's output, the empty /etc/localtime that it makes to mount on, and nbox's hidden store beside the trees.

LINKS=/run/compat-links

# Both have the name in the PATH before all others.
call_nbox_so() {
        mkdir -p "$LINKS"
        ln -sfn "$(command -v nbox)" "$LINKS/systemd-nspawn"
}

# files DIR: what a script has left.
files() {
        (cd "$1" && find . -xdev ! -path './tree/etc/localtime' ! -path './.#nbox*' ! -type s -printf '%P %y %m %U:%G %l\n' | sort &&
                find . -xdev -type f ! -path './tree/etc/localtime' ! -path './.#nbox*' \( -newer "$SCRATCH/begun" -o -path './tree/etc/*' \) -print0 | sort -z | xargs -0r sha256sum)
}

# by WHO: the script, which is in $SCRIPT, in a directory with a tree `tree` and an empty `out`.
by() {
        local work=$SCRATCH/work path=$PATH rc=0
        rm -rf --one-file-system "$work"
        mkdir -p "$work/out"
        cp -aT --reflink=auto "$MACHINES/$GUEST" "$work/tree"
        touch "$SCRATCH/begun"
        [ "$1" = nspawn ] || path=$LINKS:$PATH
        (cd "$work" && PATH=$path timeout "$((60 * PATIENCE))" bash -c "$SCRIPT" </dev/null >"$SCRATCH/$1.stdout" 2>"$SCRATCH/$1.stderr") || rc=$?
        { echo "status $rc"; tr -d '\r' <"$SCRATCH/$1.stdout"; } >"$SCRATCH/$1.said"
        files "$work" >"$SCRATCH/$1.files"
        rm -rf --one-file-system "$work"
}

# script STATUS: standard input is it. Its status is the same as the original's, and that is this one.
script() {
        SCRIPT=$(cat)
        call_nbox_so
        by nspawn
        by nbox
        diff "$SCRATCH/nspawn.said" "$SCRATCH/nbox.said" >&3 || fail "nbox (>) ends otherwise than systemd-nspawn (<): $(cat "$SCRATCH/nbox.stderr")"
        diff "$SCRATCH/nspawn.files" "$SCRATCH/nbox.files" >&3 || fail "nbox (>) leaves other files than systemd-nspawn (<)"
        has "$(head -n 1 "$SCRATCH/nbox.said")" "^status $1$"
        rm -rf "$LINKS"
}

test_script_commands_in_a_tree() {
        script 0 <<'EOF'
set -e
systemd-nspawn -q -D tree dpkg --version | head -n 1
systemd-nspawn -q -D tree /bin/sh -c 'echo deb >/etc/apt-list; mkdir -p /opt/app; chown daemon:daemon /opt/app; id -u; pwd'
systemd-nspawn -q -D tree --pipe dpkg -l | tail -n +6 | awk '{ print $2 }' | head -n 5
for package in base-files libc6; do
        systemd-nspawn --quiet --directory=tree dpkg-query -W -f '${Package} ${Status}\n' "$package"
done
EOF
}

test_script_builds_into_a_bound_directory() {
        script 0 <<'EOF'
set -eu
mkdir -p src
printf 'hello\n' >src/input
systemd-nspawn -q -D tree --private-users=no --bind="$PWD/src:/build/src" --bind-ro="$PWD/src:/build/ro" --pipe /bin/sh -eu <<'INSIDE'
tr a-z A-Z </build/src/input >/build/src/output
mkdir -p /build/src/pkg/usr/bin
cp /bin/true /build/src/pkg/usr/bin/
chown -R 0:0 /build/src/pkg
! touch /build/ro/no 2>/dev/null
cat /build/src/output
INSIDE
tar -C src -cf - output | systemd-nspawn -q -D tree --pipe tar -tf -
EOF
}

test_script_exit_statuses() {
        script 0 <<'EOF'
for command in true false 'exit 3' 'exit 125' 'exit 127' 'exit 255' 'kill -9 $$' 'kill -TERM $$'; do
        systemd-nspawn -q -D tree /bin/sh -c "$command" 2>/dev/null
        echo "$command: $?"
done
systemd-nspawn -q -D tree /not/there >/dev/null 2>&1
echo "not there: $?"
systemd-nspawn -q -D not-a-tree true 2>/dev/null
echo "no tree: $?"
systemd-nspawn -q -D tree --chdir=/not/there true 2>/dev/null
echo "no directory: $?"
ls -d tree/not 2>/dev/null
systemd-nspawn --version | awk 'NR == 1 { print $1, $2 }'
systemd-nspawn -q --version | awk 'NR == 1 { print $1, $2 }'
systemd-nspawn --no-such-option 2>/dev/null
echo "no option: $?"
EOF
}

test_script_stops_where_one_fails() {
        script 7 <<'EOF'
set -e
systemd-nspawn -q -D tree touch /before
systemd-nspawn -q -D tree sh -c 'exit 7'
systemd-nspawn -q -D tree touch /after
EOF
}

test_script_passing_machines() {
        script 0 <<'EOF'
set -e
systemd-nspawn -q -x -D tree sh -c 'rm -rf /etc/apt; echo gone >/marker; ls /marker'
systemd-nspawn -q --ephemeral --directory=tree --machine=scratch hostname
systemd-nspawn -q -D tree --volatile=overlay sh -c 'echo >/marker && ls /marker'
systemd-nspawn -q -D tree --read-only --tmpfs=/var/tmp:mode=1777 sh -c 'touch /var/tmp/yes && ls /var/tmp; touch /etc/no 2>/dev/null || echo read-only'
ls tree | grep marker || echo 'nothing is kept'
EOF
}

test_script_users_environment_directory() {
        script 0 <<'EOF'
set -e
export OF_CALLER=caller
systemd-nspawn -q -D tree --setenv=A=1 -E B='two words' -E OF_CALLER sh -c 'echo "$A/$B/$OF_CALLER/$container"'
systemd-nspawn -q -D tree --user=daemon id -un
systemd-nspawn -q -D tree -u daemon --chdir=/usr/share sh -c 'pwd; echo "$HOME $USER"'
systemd-nspawn -q -D tree --chdir=/etc pwd
systemd-nspawn -q -D tree --as-pid2 sh -c '[ $$ != 1 ] && echo below'
systemd-nspawn -q -D tree -a --hostname=build.example hostname
systemd-nspawn -q -D tree -M builder hostname
systemd-nspawn -q -D tree --rlimit=NOFILE=300 sh -c 'ulimit -n'
systemd-nspawn -q -D tree --personality=x86 uname -m
EOF
}

test_script_shells() {
        script 4 <<'EOF'
cd tree
echo 'pwd; echo "$0"; exit 4' | systemd-nspawn -q --pipe
EOF
}

test_script_networks() {
        script 0 <<'EOF'
set -e
links() { systemd-nspawn -q --pipe -D tree "$@" sh -c 'for link in /sys/class/net/*; do echo "${link##*/}"; done | grep -vE "^(lo|up0)$"' || echo none; }
links --private-network
links --network-veth
links -n --network-veth-extra=frontside:inner
systemd-nspawn -q -P -D tree sh -c 'ls /sys/class/net' | grep -x up0
EOF
}

test_script_settings_files() {
        script 0 <<'EOF'
set -e
mkdir -p /etc/systemd/nspawn
printf '[Exec]\nBoot=no\nEnvironment=FROM=file\nHostname=named\nParameters=/bin/sh -c "hostname; echo $FROM"\n\n[Network]\nPrivate=yes\n' >/etc/systemd/nspawn/tree.nspawn
systemd-nspawn -q -D tree sh -c 'hostname; echo "$FROM"; ls /sys/class/net'
systemd-nspawn -q -D tree --settings=no sh -c 'hostname; echo "$FROM"'
systemd-nspawn -q -D tree --setenv=FROM=line --settings=override sh -c 'echo "$FROM"'
rm /etc/systemd/nspawn/tree.nspawn
EOF
}

test_script_boots_and_runs_things_inside() {
        script 0 <<'EOF'
set -e
mkdir -p tree/etc/systemd/system/multi-user.target.wants
cat >tree/etc/systemd/system/work.service <<'UNIT'
[Unit]
After=multi-user.target
SuccessAction=exit
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'hostname >/var/result; id -u >>/var/result; stat -c %%u /etc >>/var/result'
UNIT
ln -s ../work.service tree/etc/systemd/system/multi-user.target.wants/
systemd-nspawn -q -b -D tree -M worker --private-users=no --private-network --link-journal=no --console=read-only >/dev/null
cat tree/var/result
rm -rf tree/var/log tree/var/tmp tree/tmp tree/run tree/var/lib/systemd tree/var/cache tree/etc/machine-id tree/etc/resolv.conf tree/var/lib/dbus
EOF
}

# The original's own unit, with a drop-in that names another program: what an administrator writes who changes over.
test_script_the_service_of_nspawn() {
        local unit=systemd-nspawn@$GUEST.service
        call_nbox_so
        mkdir -p "/run/systemd/system/$unit.d"
        printf '[Service]\nExecStart=\nExecStart=%s/systemd-nspawn --quiet --keep-unit --boot --network-veth -U --settings=override --machine=%%i\n' "$LINKS" \
                >"/run/systemd/system/$unit.d/nbox.conf"
        systemctl daemon-reload
        systemctl start "$unit"
        same "its class" "$(machinectl show -p Class --value "$GUEST")" container
        is_active "$unit"
        same "who it is" "$(nbox exec "$GUEST" hostname)" "$GUEST"
        systemctl stop "$unit"
        is_dead "$unit"
        is_gone "$GUEST"
        rm -r "/run/systemd/system/$unit.d" "$LINKS"
        systemctl daemon-reload
        systemctl reset-failed "$unit" 2>/dev/null || [ $? = 1 ]
}
