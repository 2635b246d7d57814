# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# Labels, sysctls and scores are written to files of /proc: where that is the tree's, whoever writes is led elsewhere, or writes nothing.
WHAT='CVE-2025-52881, 2019-19921, 2023-27561: /proc and /sys of the tree are links or full of files of its own'
MAY_REFUSE=yes

setup() {
        mkdir -p "$PREY/out"
        echo untouched >"$PREY/out/file"
}

attack() {
        busybox stat -f -c %T /proc /sys
        busybox cat /proc/self/status | busybox head -n 1
}

play() {
        local form wrong='' runs=0
        for form in link full nested; do
                rm -rf "$TREE/proc" "$TREE/sys" "$OUT"
                case $form in
                link) ln -s "$PREY/out" "$TREE/proc" && ln -s /proc "$TREE/sys" ;;
                full)
                        mkdir -p "$TREE"/proc/{self/attr,sys/kernel,1,thread-self} "$TREE/sys/fs/cgroup"
                        for file in self/attr/exec self/oom_score_adj self/uid_map sys/kernel/hostname self/cgroup self/mountinfo; do
                                ln -s "$PREY/out/file" "$TREE/proc/$file"
                        done
                        ;;
                nested)
                        mkdir -p "$TREE/proc" "$TREE/sys/fs"
                        ln -s "$PREY/out" "$TREE/proc/self"
                        ln -s "$PREY/out" "$TREE/sys/fs/cgroup"
                        ;;
                esac
                if machine_start; then
                        runs=$((runs + 1))
                        [ "$(head -n 2 "$OUT" | xargs)" = 'proc sysfs' ] || wrong="$wrong $form:$(head -n 2 "$OUT" | xargs)"
                        machine_join /bin/busybox true >/dev/null 2>&1 </dev/null || true
                        machine_stop
                fi
                [ "$(cat "$PREY/out/file")" = untouched ] && [ "$(ls "$PREY/out")" = file ] || wrong="$wrong $form"
                ! grep -qs " $PREY/out" /proc/[0-9]*/mountinfo || wrong="$wrong $form"
        done
        if [ -n "$wrong" ]; then works "written or mounted elsewhere:$wrong"; else blocked "$runs of 3 such trees run, with the kernel's own /proc and /sys"; fi
}

# By path, as a tree that was not looked at has it.
control() {
        mkdir -p "$TREE/proc/self/attr"
        ln -s "$PREY/out/file" "$TREE/proc/self/attr/exec"
        echo label >"$TREE/proc/self/attr/exec"
        [ "$(cat "$PREY/out/file")" = untouched ] && blocked "by the control" || works "written to the host's file"
}
