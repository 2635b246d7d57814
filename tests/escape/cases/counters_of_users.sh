# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# The kernel has numbers for each user of the host, and what is used in a user namespace is charged to that one's owner, too. Of all these
# (inotify instances, namespaces, pending signals, …) this one can be read without using it up: each timer holds a signal.
WHAT='what the kernel counts by user, charged to the host'"'"'s root until that gets none'
NEEDS_USERS='there root inside is the host'"'"'s root, whose number it is'

pending() { sed -n 's/^SigQ:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status; }

setup() {
        bring bombdrive
        pending >"$PREY/before"
}

attack() {
        bombdrive timers 5000 10 8 >/escape/made &
        for i in 1 2 3 4 5 6 7 8 9 10; do
                [ -s /escape/made ] || sleep 0.2
        done
        cat /escape/made
}

verdict() {
        local more
        more=$(($(pending) - $(cat "$PREY/before")))
        if ! printed '^made 5000:'; then
                absent "inside: $(cat "$OUT")"
        elif [ "$more" -ge 4000 ]; then
                works "$more more are charged to the host's root"
        else
                blocked "of 5000 timers none is charged to the host's root"
        fi
}
