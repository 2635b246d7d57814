# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2022-0492: a cgroup v1 hierarchy of its own, whose release_agent the host runs'
NEEDS_USERS='whoever is the host'"'"'s root and may mount gets any hierarchy'

# Any hierarchy will do that the kernel gives; a named one is there for everybody.
attack() {
        mkdir -p /escape/v1
        for options in none,name=escape memory rdma pids misc; do
                busybox mount -t cgroup -o "$options" cgroup /escape/v1 || continue
                echo "mounted $options"
                # Given back as it was: the control does get it. Nothing runs by it, for notify_on_release is 0.
                was=$(cat /escape/v1/release_agent)
                echo "$was" >/escape/v1/release_agent && echo "release_agent written"
                busybox umount /escape/v1
        done
}

verdict() {
        if printed 'release_agent written'; then works "$(paste -sd, "$OUT")"; else blocked "$(grep -v ^mount: "$OUT" | sort -u | tail -n 1)"; fi
}
