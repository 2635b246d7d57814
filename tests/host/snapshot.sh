# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# "The host as before": everything of a host that a machine may change, written down so that two such records can be
# compared. Only what is left over is to show, so counters, indices and times are dropped, and what is allowed to
# stay (the empty directories of /run/nbox, an empty table) is not written.

snapshot_network() {
        ip -o link | sed 's/^[0-9]*: //; s/@if[0-9]*//; s/ link-netnsid [0-9]*//; s/ qlen.*//'
        ip -o address | sed 's/^[0-9]*: //; s/valid_lft.*//; s/ tentative//; /^lo /s/ noprefixroute//'
        ip route
        ip -6 route
        ip netns list | sed 's/ (id: [0-9]*)//'
        # What stands in the tables, not which tables exist: reading one makes it.
        { iptables-legacy-save; ip6tables-legacy-save; } 2>/dev/null | grep -E '^-A|^:[^ ]+ (-|DROP|REJECT)' || true
        nft list ruleset 2>/dev/null
}

snapshot_mounts() {
        # id and parent differ for each mount and are not compared; what is mounted where is.
        awk '{ for (i = 7; $i != "-"; i++) ; print "mount", $4, $5, $(i + 1), $(i + 2) }' /proc/self/mountinfo
}

# Processes of nbox and of machines (all else is in our own pid namespace). A zombie is gone, and so is a
# process whose namespace can no longer be read.
snapshot_processes() {
        ps -e -o stat=,pidns=,comm= | awk -v own="$(stat -Lc %i /proc/self/ns/pid)" \
                '$1 !~ /^Z/ && $2 ~ /^[0-9]/ && ($2 != own || $3 ~ "^nbox" || $3 == "dnsmasq") { print "process", $3, ($2 == own ? "" : "inside") }'
}

snapshot_cgroups() {
        local own
        if [ -d /run/systemd/system ]; then
                find "$(cgroup2_root)" -type d \( -name '*nbox*' -o -name 'machine-*' \)
        else
                own=$(sed -n 's/^0:://p' /proc/self/cgroup)
                find "$(cgroup2_root)$own" -type d
                find /sys/fs/cgroup/*/ -maxdepth 2 -type d -name "*$GUEST*" ! -path '*/nbox-test.*'
        fi
}

snapshot_units() {
        [ -d /run/systemd/system ] || return 0
        systemctl list-units --all --plain --no-legend 'machine*' 'nbox*' | awk '$1 != "machine.slice" { print "unit", $1, $3, $4 }'
        busctl call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager ListMachines
        find /run/systemd/system /run/systemd/transient /etc/systemd/system -name '*nbox*' -o -name 'machine-*'
}

# Loop devices are the kernel's, so other test hosts' are seen as well, with the same paths: ours are those of files that are here. Of a file
# that is gone nobody can tell; see host_compare().
snapshot_loops() {
        local name inode offset backing
        losetup -n -O NAME,BACK-INO,OFFSET,BACK-FILE | while read -r name inode offset backing; do
                case $backing in
                *'(deleted)') echo "loop device of a file that is gone: $name $inode $offset $backing" ;;
                *) [ -z "$(find /var/lib/machines -xdev -inum "$inode" -print -quit)" ] || echo "loop device $name $inode $offset $backing" ;;
                esac
        done
}

snapshot_files() {
        if [ -d /run/nbox ]; then
                find /run/nbox -mindepth 1 ! -path /run/nbox/machines ! -path '/run/nbox/*lock*' ! -path '/run/nbox/events*' ! -path /run/nbox/transfers ! -type d
                find /run/nbox/machines -mindepth 1 2>/dev/null
        fi
        find /tmp /var/tmp /dev/shm -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' # of the host's own services
        find /var/lib/machines -maxdepth 1 | sort
        find /run/systemd/nspawn -type f 2>/dev/null
        snapshot_loops
}

# host_snapshot FILE
host_snapshot() {
        {
                snapshot_network
                snapshot_mounts
                snapshot_processes
                snapshot_cgroups
                snapshot_units
                snapshot_files
        } 2>/dev/null | sort >"$1" || true
}

# host_compare FILE: fails and shows the difference when the host is not as it was when FILE was written. What the
# kernel and systemd take away by themselves after a machine's end gets some time.
host_compare() {
        local end=$((SECONDS + 5 * PATIENCE))
        while :; do
                host_snapshot "$1.now"
                # Of the files that were gone before, those whose device has ended since were not ours.
                awk 'NR == FNR { now[$0]; next } $0 in now || !/^loop device of a file that is gone/' "$1.now" "$1" >"$1.before"
                if cmp -s "$1.before" "$1.now"; then
                        rm -f "$1.now" "$1.before"
                        return 0
                fi
                [ "$SECONDS" -lt "$end" ] || break
                sleep 0.1
        done
        echo "the host is not as before (< before, > now):"
        diff "$1.before" "$1.now"
        return 1
}
