# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Limits where systemd does not run: what the kernel has no controller for is refused by name, or left out.

test_without_controllers_limits_are_refused_or_left_out() {
        local words said
        for words in --memory=1G/memory --cpu=50%/cpu --tasks=100/pids --oom-policy=kill/memory; do
                refused nbox boot -d "${words%/*}" "$GUEST"
                has "$REFUSAL" "^nbox: ${words%/*} needs systemd, or the kernel's ${words#*/} controller"
        done
        is_gone "$GUEST"
        mkdir -p /etc/nbox
        printf '[Resources]\nMemoryMax=1G\nTasksMax=100\n' >"/etc/nbox/$GUEST.conf"
        said=$(boot "$GUEST" 2>&1 </dev/null)
        has "$said" "MemoryMax=1G \(/etc/nbox/$GUEST.conf:2\) needs systemd, or the kernel's memory controller"
        has "$said" "TasksMax=100 \(/etc/nbox/$GUEST.conf:3\) .* runs without it"
        # Live: nothing is kept of what cannot be had; what is kept can be taken out.
        refused nbox set "$GUEST" memory=2G
        has "$REFUSAL" '^nbox: memory=2G: the group .* has no memory.max'
        [ ! -e "/etc/nbox/$GUEST.conf.d" ] || fail "it is kept"
        same "no default, either" "$(nbox limits --json "$GUEST" | jq -c '.[] | select(.resource == "swap") | [.set, .from]')" '[null,null]'
        nbox set "$GUEST" memory= cpus= cpu-weight= io-read= oom-policy=
        terminate "$GUEST"
        nbox set "$GUEST" memory=2G
        [ -e "/etc/nbox/$GUEST.conf.d/50-set.conf" ] || fail "it is not kept"
        boot "$GUEST" >/dev/null 2>&1 </dev/null
        nbox set "$GUEST" memory=
        [ ! -e "/etc/nbox/$GUEST.conf.d" ] || fail "it is kept still"
        terminate "$GUEST"
        rm -r /etc/nbox
}
