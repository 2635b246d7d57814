# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# `nbox doctor` on a host without systemd: each test breaks it in one way, sees that named, runs the command that is printed, and sees it
# gone. What a user gets to read is in the first.

. "$(dirname "${BASH_SOURCE[0]}")/doctor-words.sh"

test_doctor_reads_well() {
        local text name
        text=$(nbox doctor --all || [ $? = 1 ])
        has "$text" '^Advice:$'
        has "$text" '^  systemd does not run this host  \[systemd\]$'
        has "$text" '^      Machines run, but not as services'
        has "$text" '^  nothing is wrong: user namespaces  \[user-namespaces\]$'
        # Every check is in the page, by its name.
        for name in $({ nbox doctor --json "$GUEST" || [ $? = 1 ]; } | jq -r '.checks[].check'); do
                grep -qF "$name" <(zcat -f /usr/share/man/man1/nbox.1* | sed 's/\\-/-/g') || fail "nbox(1) does not have the check $name"
        done
        [ "$({ nbox doctor --json || [ $? = 1 ]; } | jq '.checks | length')" -ge 30 ] || fail "few checks"
        # What is wrong here was wrong before: nothing that stops machines, for they run here.
        same "what stops machines" "$({ nbox doctor --json || [ $? = 1 ]; } | jq -c '[.findings[] | select(.severity == "stops")]')" '[]'
        nbox doctor >/dev/null
}

test_doctor_without_root() {
        local text
        text=$(setpriv --reuid 65534 --regid 65534 --clear-groups nbox doctor)
        has "$text" 'checks need root: sudo nbox doctor'
}

test_doctor_looks_and_changes_nothing() {
        # The test's own comparison of the host is what tells.
        nbox doctor >/dev/null
        nbox doctor "$GUEST" >/dev/null
        [ ! -e /run/nbox/network ] || fail "a directory of the network's is left"
}

test_doctor_sysctl_files() {
        printf '# by hand\nnet.ipv4.ip_forward = 0\n' >/etc/sysctl.d/50-closed.conf
        cured takes sysctl-files '50-closed.conf switches net.ipv4.ip_forward off'
        same "what is left of it" "$(cat /etc/sysctl.d/50-closed.conf)" "$(printf '# by hand\n#net.ipv4.ip_forward = 0')"
        rm -f /etc/sysctl.d/50-closed.conf /etc/sysctl.d/99-zz-*
}

# The limit is a user namespace's own: of one that has all ids, as a host's root has.
test_doctor_user_namespaces() {
        local holder
        unshare --user sleep 600 &
        holder=$!
        wait_until 10 eval '[ "$(readlink /proc/self/ns/user)" != "$(readlink "/proc/$holder/ns/user")" ]'
        for map in uid_map gid_map; do echo '0 0 4294967295' >"/proc/$holder/$map"; done
        cat >"$SCRATCH/inside" <<'EOT'
set -e
. /job/tests/host/world.sh
. /job/tests/host/doctor-words.sh
exec 3>&2
ails_no user-namespaces .
echo 0 >/proc/sys/user/max_user_namespaces
cured stops user-namespaces 'gives no user namespace'
[ "$(cat /proc/sys/user/max_user_namespaces)" -gt 0 ]
EOT
        export SCRATCH
        nsenter -t "$holder" -U unshare --net --mount bash "$SCRATCH/inside" >&3 2>&1
        kill "$holder"
        rm /etc/sysctl.d/99-zz-user.max_user_namespaces.conf
}

test_doctor_images_mount() {
        tree_with mounted
        mount --bind "$MACHINES" "$MACHINES"
        mount -o remount,bind,nosuid,noexec "$MACHINES"
        cured takes images-mount 'mounted nosuid'
        cured stops images-mount 'mounted noexec'
        mount -o remount,bind,ro "$MACHINES"
        cured stops images-mount 'read-only'
        : >"$MACHINES/mounted/written"
        umount "$MACHINES"
        remove_tree mounted
}

test_doctor_reachable_trees() {
        tree_with open
        chmod 755 "$MACHINES"
        cured takes reachable "reach the files of machines in $MACHINES\$"
        same "its mode" "$(stat -c %a "$MACHINES")" 700
        # By its path, wherever it is.
        mkdir -p "/srv/it's here"
        mv "$MACHINES/open" "/srv/it's here/open"
        cured takes files 'can reach /srv' "/srv/it's here/open"
        same "its mode" "$(stat -c %a "/srv/it's here")" 700
        rm -rf "/srv/it's here"
}

test_doctor_ids() {
        local base
        boot "$GUEST"
        base=$(awk '$1 == "uids" { print $2 }' "/var/lib/nbox/machines/$GUEST")
        echo "someone:$base:65536" >>/etc/subuid
        cured takes id-clashes "^$GUEST has the user ids from $base on"
        [ "$(nbox exec "$GUEST" cat /proc/self/uid_map | awk '{ print $2 }')" != "$base" ] || fail "it has the same ids"
        terminate "$GUEST"
        sed -i '/^someone:/d' /etc/subuid
        rm "/var/lib/nbox/machines/$GUEST"
        # All of them.
        echo "everyone:65536:4294836224" >>/etc/subuid
        ails stops ids 'No range of 65536 user ids is free'
        sed -i '/^everyone:/d' /etc/subuid
        ails_no ids .
}

test_doctor_who_drops() {
        boot "$GUEST"
        iptables-nft -P FORWARD DROP
        cured takes network "chain 'FORWARD' .*may drop"
        iptables-nft -P FORWARD ACCEPT
        sysctl -q net.ipv4.ip_forward=0
        cured takes network 'forwarding of IPv4 packets is off'
        terminate "$GUEST"
        nft flush ruleset
}

test_doctor_dead_machines() {
        local pids
        boot "$GUEST"
        pids="$(property "$GUEST" Supervisor) $(leader_of "$GUEST")"
        # shellcheck disable=SC2086
        kill -9 $pids
        # Not `nbox list`, which would clear it away.
        wait_until 10 sh -c "! kill -0 ${pids% *} && ! kill -0 ${pids#* }"
        cured advice leftovers "^$GUEST has ended"
}

test_doctor_host_config() {
        printf '[Host]\nFirewall=iptable\n' >/etc/nbox.conf
        ails stops nbox.conf 'Firewall='
        rm /etc/nbox.conf
        ails_no nbox.conf .
}

# A package that is missing, from an archive that is a directory: what is in it was this host's.
test_doctor_missing_package() {
        local repository=$SCRATCH/repository root=$SCRATCH/package
        mkdir -p "$repository" "$root/DEBIAN" "$root/usr/sbin"
        cp /usr/sbin/dnsmasq "$root/usr/sbin/dnsmasq"
        printf 'Package: dnsmasq-base\nVersion: 99\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: dnsmasq\n' >"$root/DEBIAN/control"
        dpkg-deb --root-owner-group --build "$root" "$repository/dnsmasq-base.deb" >/dev/null
        (cd "$repository" && dpkg-scanpackages . >Packages 2>/dev/null)
        rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*
        echo "deb [trusted=yes] file:$repository ./" >/etc/apt/sources.list
        chmod 755 "$SCRATCH"
        apt-get -qq update
        dpkg --force-depends --purge dnsmasq-base >/dev/null 2>&1
        rm -f /usr/sbin/dnsmasq
        cured takes dnsmasq 'dnsmasq is not installed'
        [ -x /usr/sbin/dnsmasq ]
}

test_doctor_of_a_machine() {
        mkdir -p /etc/nbox
        tree_with patient
        nbox doctor patient >/dev/null
        printf '[Files]\nBind=/srv/not there:/mnt\n[Network]\nBridge=nodoctor0\n' >/etc/nbox/patient.conf
        cured stops binds 'not there' patient
        cured stops links "bridge 'nodoctor0'" patient
        boot patient
        nbox doctor patient >/dev/null
        terminate patient
        ip link delete nodoctor0
        rmdir '/srv/not there'
        printf '[Exec]\nKillSignal=SIGNONE\n' >/etc/nbox/patient.conf
        ails stops settings 'patient.conf:2: ' patient
        same "the command" "$(jq -r .command <<<"$FINDING")" 'nbox edit patient'
        EDITOR='sed -i s/NONE/TERM/' script -qec "$(jq -r .command <<<"$FINDING")" /dev/null >"$SCRATCH/edited" </dev/null || fail "$(cat "$SCRATCH/edited")"
        ails_no settings . patient
        rm /etc/nbox/patient.conf
        rm "$MACHINES/patient/sbin/init"
        ails stops start 'no init' patient
        remove_tree patient
        ails stops image 'patient' patient
        # Several, and what is whose.
        same "whose it is" "$({ nbox doctor --json "$GUEST" patient || [ $? = 1 ]; } | jq -r '.findings[] | select(.check == "image") | .machine')" patient
}

# CentOS 7, as far as it tells who it is.
test_doctor_of_an_old_system() {
        tree_with old
        mkdir -p "$MACHINES/old/usr/lib/systemd" "$MACHINES/old/etc"
        cp "$MACHINES/old/bin/busybox" "$MACHINES/old/usr/lib/systemd/systemd"
        ln -sf ../usr/lib/systemd/systemd "$MACHINES/old/sbin/init"
        printf 'ID="centos"\nVERSION_ID="7"\nPRETTY_NAME="CentOS Linux 7 (Core)"\n' >"$MACHINES/old/etc/os-release"
        if [ -e /sys/fs/cgroup/cgroup.procs ]; then
                ails stops os 'CentOS Linux 7' old
        else
                ails_no os . old # the old hierarchies are there
        fi
        remove_tree old
}
