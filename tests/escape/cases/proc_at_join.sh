# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# What enters a machine sets a label, a score and more for itself, in files of /proc: not in those that are there inside.
WHAT='CVE-2025-52881, 2019-19921: root inside has put files of his own over /proc before somebody enters'
FILES='self/attr/exec self/attr/keycreate self/attr/apparmor/exec self/oom_score_adj self/loginuid self/sessionid self/setgroups'

fill() {
        local file
        for file in $FILES; do
                mkdir -p "$TREE/fake/${file%/*}"
                echo untouched >"$TREE/fake/$file"
        done
        ln -s self "$TREE/fake/thread-self"
}

changed() { (cd "$TREE/fake" && for file in $FILES; do grep -qx untouched "$file" || echo "$file"; done | paste -sd ' '); }

setup() { fill; }

attack() { /bin/busybox mount --bind /fake /proc; }

meanwhile() { machine_join /bin/busybox true >/dev/null 2>&1 </dev/null || true; }

verdict() {
        if [ -n "$(changed)" ]; then works "written by who entered: $(changed)"; else blocked "nothing of it is written"; fi
}

# Who writes by path, once inside.
control() {
        unshare -m sh -c 'mount --bind "$1" /proc && echo label >/proc/self/attr/exec' - "$TREE/fake"
        verdict
}
