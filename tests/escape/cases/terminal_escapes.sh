# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='control sequences for the terminal of who lists machines: by os-release, host name, names of processes and groups, STATUS='

setup() {
        bring notify
        printf 'ID=x\nPRETTY_NAME="a\033]0;escape\007\033[2Jb"\nNAME="a\033[31m"\n' >"$TREE/etc/os-release"
        printf 'a\033[31m\n' >"$TREE/etc/hostname"
        cp "$TREE/bin/busybox" "$TREE/escape/"$'x\033[31m'
}

attack() {
        busybox hostname "$(busybox printf 'a\033[31mb')"
        notify "$(busybox printf 'STATUS=\033]0;escape\007\033[2J')"
        busybox mkdir "/sys/fs/cgroup/$(busybox printf 'g\033[31m')"
        "/escape/$(busybox printf 'x\033[31m')" sleep 1000 &
}

meanwhile() {
        case $RUNNER in
        nbox*)
                nbox list
                nbox list --json
                nbox status "$NAME"
                nbox show "$NAME"
                nbox images
                ;;
        lxc*)
                lxc-ls -f
                lxc-info -n "$NAME"
                ;;
        *) absent "it has no list without machined" ;;
        esac >"$PREY/shown" 2>&1
}

verdict() {
        if LC_ALL=C grep -q $'[\033\007]' "$PREY/shown"; then
                works "$(LC_ALL=C grep -m 1 $'[\033\007]' "$PREY/shown" | cat -v | cut -c 1-100)"
        elif [ -s "$PREY/shown" ]; then
                blocked "none is printed"
        fi
}

control() {
        cat "$TREE/etc/os-release" >"$PREY/shown"
        verdict
}
