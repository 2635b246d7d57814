# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='out of the machine'"'"'s control group, and with it its limits: another mount of the hierarchy, groups above'

attack() {
        mkdir -p /escape/v2
        busybox mount -t cgroup2 cgroup2 /escape/v2
        for root in /sys/fs/cgroup /sys/fs/cgroup/unified /escape/v2; do
                for above in . .. ../.. ../../.. ../../../..; do
                        busybox sh -c "echo \$\$ >$root/$above/cgroup.procs && exec sleep 1000" &
                done
        done
        sleep 0.2
}

# The host's own group is what this runs in.
verdict() {
        local pid above out=''
        above=$(sed -n 's/^0:://p' /proc/self/cgroup)
        for pid in $(pgrep -f '^(busybox )?sleep 1000$'); do
                if grep -qxF -e "0::$above" -e '0::/' "/proc/$pid/cgroup"; then out="$out $pid"; fi
        done
        if [ -z "$out" ]; then blocked "all its processes are where they were put"; else works "in the host's group:$out"; fi
}
