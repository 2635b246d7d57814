# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# In which order machines start with the host: what `enable` is told, what systemd makes of it, and where it goes with the machine.

SYSTEM=/etc/systemd/system

order_of() { nbox enable list --json | jq -c --arg m "$1" '.[] | select(.machine == $m) | [.after, .before, .groups, .delay_usec]'; }
drop_in() { echo "$SYSTEM/nbox@$1.service.d/50-nbox-order.conf"; }
no_machine() { [ "$(nbox list --json)" = "[]" ]; }
trees() { local name; for name in "$@"; do tree_with "$name"; done; }
# forget NAME...: what a test has made.
forget() {
        nbox disable "$@"
        local name
        for name in "$@"; do remove_tree "$name"; done
        rm -rf /var/lib/nbox/ids
        [ -z "$(find "$SYSTEM" -name '50-nbox-order*')" ] || fail "left: $(find "$SYSTEM" -name '50-nbox-order*')"
}

test_order_is_kept() {
        trees web db cache
        nbox enable db --group=data --delay=90s
        nbox enable web --after=db,@data --before=cache
        same "web" "$(order_of web)" '[["db","@data"],["cache"],[],0]'
        same "db" "$(order_of db)" '[[],[],["data"],90000000]'
        has "$(systemctl show -P After nbox@web)" 'nbox@db.service'
        has "$(systemctl show -P After nbox@web)" 'nbox-group@data.target'
        has "$(systemctl show -P After nbox@cache)" 'nbox@web.service'
        has "$(systemctl show -P After nbox-group@data.target)" 'nbox@db.service'
        # Said again without options it stays, with one that one changes, with an empty one it goes.
        nbox enable web
        same "as it was" "$(order_of web)" '[["db","@data"],["cache"],[],0]'
        nbox enable --delay=1500ms web
        same "and a delay" "$(order_of web)" '[["db","@data"],["cache"],[],1500000]'
        nbox enable --delay=1us web
        same "and the shortest" "$(order_of web)" '[["db","@data"],["cache"],[],1000]'
        nbox enable --after= --delay= web
        same "without" "$(order_of web)" '[[],["cache"],[],0]'
        has_not "$(systemctl show -P After nbox@web)" 'nbox@db.service'
        nbox enable cache
        has "$(nbox enable list | head -n 1)" '^MACHINE +AFTER +BEFORE +DELAY +GROUPS$'
        same "in their order" "$(nbox enable list | awk 'NR > 1 { print $1 }' | tr '\n' ' ')" "db web cache "
        nbox disable db
        [ ! -e "$(drop_in db)" ] || fail "disable has left its order"
        forget web cache db
        same "none" "$(nbox enable list)" "No machine starts with the host."
}

test_what_cannot_be_is_refused() {
        trees a b c
        refused nbox enable a --after=a
        has "$REFUSAL" "'a' cannot start after itself"
        refused nbox enable a --after=nobody
        has "$REFUSAL" "nobody"
        refused nbox enable a --after=../x
        refused nbox enable a --group=a/b
        refused nbox enable a --before=@g
        has "$REFUSAL" "before a group"
        refused nbox enable a --delay=soon
        refused nbox enable a --delay=18446744073709s
        [ ! -e "$SYSTEM/machines.target.wants/nbox@a.service" ] || fail "it is enabled all the same"
        nbox enable b --after=a 2>/dev/null
        nbox enable c --after=b --group=g
        refused nbox enable a --after=@g
        has "$REFUSAL" "a after @g, @g has c, c after b, b after a"
        same "nothing changed" "$(order_of a)" ""
        refused nbox enable a b --before=b
        has "$REFUSAL" "after itself"
        same "of b neither" "$(order_of b)" '[["a"],[],[],0]'
        refused nbox start --group=nobody
        has "$REFUSAL" "No machine is in the group"
        nbox enable a
        forget a b c
}

# A name stands in other machines' order, too.
test_order_follows_the_name() {
        trees web db
        nbox enable db --group=data
        nbox enable web --after=db
        nbox rename db base
        same "the other's" "$(order_of web)" '[["base"],[],[],0]'
        same "its own" "$(order_of base)" '[[],[],["data"],0]'
        has "$(systemctl show -P After nbox@web)" 'nbox@base.service'
        has_not "$(systemctl show -P After nbox@web)" 'nbox@db.service'
        nbox clone base other
        same "a clone" "$(order_of other)" ""
        [ ! -e "$(drop_in other)" ] || fail "a clone has its order"
        nbox remove other
        has_not "$(nbox remove base 2>&1)" "$SYSTEM"
        [ ! -e "$SYSTEM/nbox@base.service.d" ] || fail "its order is left"
        same "of whom nothing is left" "$(order_of web)" '[[],[],[],0]'
        forget web
        remove_store
}

# Somebody has edited one of the files: that is said, with what mends it, and keeps nobody else's from following.
test_order_that_cannot_be_read() {
        trees aa web db
        nbox enable --group=data aa
        nbox enable db
        nbox enable web --after=db
        echo 'After=../x' >>"$(drop_in aa)"
        refused nbox enable list
        has "$REFUSAL" "50-nbox-order.conf: '../x' is no name"
        has "$REFUSAL" 'nbox disable aa'
        has "$(nbox rename db base 2>&1)" "'../x' is no name, ignoring"
        nbox disable aa
        same "the other's" "$(order_of web)" '[["base"],[],[],0]'
        forget aa web base
}

# --now, and groups that are started and stopped.
test_groups() {
        trees f1 f2 d1
        nbox enable d1 --group=all
        nbox enable --group=front,all --after=d1 f1 f2
        nbox start --group=all
        for name in d1 f1 f2; do is_active "nbox@$name"; done
        [ "$(property d1 ReadyUSec)" -le "$(property f1 StartedUSec)" ] || fail "f1 was started before d1 was up"
        nbox poweroff --wait --group=front
        is_gone f1 && is_gone f2
        is_active nbox@d1
        refused nbox stop --group=front
        has "$REFUSAL" "is running"
        nbox start f1
        nbox stop --group=@all
        is_gone d1 && is_gone f1
        nbox enable --now f2
        is_active nbox@f2
        nbox disable --now f2
        is_gone f2
        forget f1 f2 d1
}

# Some at once; each failure is said by its name, and keeps nobody else from starting.
test_many_by_hand() {
        local i names=''
        for i in 1 2 3 4 5 6; do trees "n$i" && names+=" n$i"; done
        chmod 000 "$MACHINES/n3/sbin/init" && rm "$MACHINES/n3/sbin/init"
        # shellcheck disable=SC2086
        status_is 1 nbox start $names nosuch 2>"$SCRATCH/err"
        same "started" "$(nbox list --json | jq -r '[.[].machine] | sort | join(" ")')" "n1 n2 n4 n5 n6"
        has "$(cat "$SCRATCH/err")" 'n3'
        has "$(cat "$SCRATCH/err")" 'nosuch'
        # shellcheck disable=SC2086
        status_is 1 nbox stop $names 2>"$SCRATCH/err"
        same "stopped" "$(nbox list --json)" "[]"
        has "$(cat "$SCRATCH/err")" 'n3'
        systemctl reset-failed
        for i in $names; do remove_tree "$i"; done
}

# With the host, that is with machines.target: one after the other, a delay in front, and each stop is obeyed while it waits.
test_turns() {
        local name verb
        trees one two late
        printf '[Host]\nParallelStarts=1\n' >/etc/nbox.conf
        nbox enable one two
        nbox enable late --delay=1h
        systemctl start --no-block machines.target
        wait_until 20 is_active nbox@one
        wait_until 20 is_active nbox@two
        wait_until 20 property late WaitingFor
        same "shown" "$(nbox list | awk '$1 == "late" { print $4 }')" "waiting"
        has "$(nbox status late)" 'State.*waiting for its delay of 3600s'
        has "$(unit_of nbox@late StatusText)" 'waits for its delay of 3600s'
        same "its record" "$(property late WaitingFor)" "its delay of 3600s"
        same "the target" "$(unit_of machines.target ActiveState)" inactive
        # Who wants to go in is told so at once.
        for verb in 'exec late true' 'freeze late' 'thaw late' 'login late'; do
                # shellcheck disable=SC2086
                refused timeout 10 nbox $verb
                has "$REFUSAL" 'has not started yet: it waits for its delay of 3600s'
        done
        nbox poweroff late
        wait_until 10 is_active machines.target
        same "no failure" "$(unit_of nbox@late Result)" success
        # By hand it waits for nobody.
        nbox start late
        is_active nbox@late
        systemctl stop machines.target
        wait_until 20 no_machine
        # What holds the queue and is killed lets go of it.
        nbox enable late --delay=
        systemctl start --no-block machines.target
        wait_until 20 is_active machines.target
        [ ! -e /run/nbox/starting ] || fail "left: $(ls /run/nbox/starting)"
        nbox stop one two late
        rm /etc/nbox.conf
        systemctl stop machines.target
        forget one two late
}

test_doctor_names_who_does_not_start() {
        trees web db
        nbox enable db
        nbox enable --after=db web
        has_not "$(nbox doctor || true)" 'is to start after'
        nbox disable db
        has "$(nbox doctor || true)" 'web is to start after db, which does not start with the host'
        forget web db
}
