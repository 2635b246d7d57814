# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# That a machine is there is no secret: who may list machines by machined is told of all of them. What it is to be joined by is.
WHAT='systemd 41643, 39102: a user of the host joins, or learns from the refusal to join whether a machine is there'
KERNEL='who may not trace the leader cannot enter its namespaces'
RIVALS=lxc

meanwhile() {
        local verb name command=()
        for verb in exec shell show status login poweroff terminate; do
                for name in "$NAME" absent; do
                        command=()
                        [ "$verb" != exec ] || command=(/bin/busybox id)
                        case $RUNNER/$verb in
                        nbox*) as_nobody timeout 5 nbox "$verb" "$name" "${command[@]}" 2>&1 </dev/null | sed "s/$name/NAME/g" ;;
                        lxc*/exec) as_nobody timeout 5 lxc-attach -n "$name" -- /bin/busybox id 2>&1 </dev/null | sed "s/$name/NAME/g" ;;
                        esac >"$PREY/$verb.$name" || true
                done
        done
        as_nobody nsenter -t "$(machine_leader)" -a /bin/busybox id >"$PREY/nsenter" 2>&1 || true
}

verdict() {
        local verb differs=''
        for verb in exec shell login; do
                cmp -s "$PREY/$verb.$NAME" "$PREY/$verb.absent" || differs="$differs $verb"
        done
        if grep -q uid= "$PREY/exec.$NAME" "$PREY/nsenter"; then
                works "user 65534 ran a command inside"
        elif [ -z "$(machine_leader)" ]; then
                works "user 65534 ended it"
        elif [ -n "$differs" ]; then
                works "a machine that is there is told from one that is not by$differs"
        else
                blocked "no verb does, and joining is refused with the same word for a machine that is not there"
        fi
}
