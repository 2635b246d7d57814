# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='keys of the host: which there are, and how many each of its users has'

attack() {
        busybox grep -q . /proc/keys && echo 'keys works'
        busybox grep -q '^ *0:' /proc/key-users && echo 'key-users works'
        true
} 2>/dev/null

verdict() {
        if printed ' works$'; then works "$(sed -n 's/ works$//p' "$OUT" | paste -sd ' ')"; else blocked 'none are to be seen'; fi
}
