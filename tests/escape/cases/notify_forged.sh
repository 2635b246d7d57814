# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# nbox's supervisor is itself a service that notifies systemd: of what the guest says, only the state may pass.
WHAT='notifications that are the host service manager'"'"'s business: MAINPID=, FDSTORE=, WATCHDOG=trigger, STOPPING=, ERRNO=, from PID 1 and as PID 1'
HOSTS=container

setup() { bring notify; }

attack() {
        for pid in 1 $$; do
                for text in MAINPID=1 FDSTORE=1 WATCHDOG=trigger WATCHDOG_USEC=1 STOPPING=1 ERRNO=5 EXTEND_TIMEOUT_USEC=1000000000 RELOADING=1 BUSERROR=x; do
                        for again in 1 2 3 4 5; do notify "$text" "$pid"; done
                done
        done
}

# Of the unit that the machine's supervisor is.
state() { systemctl show -p MainPID,NFileDescriptorStore,ActiveState,SubState,WatchdogUSec,StatusErrno "$1"; }

verdict() {
        local unit got
        unit=$(ps -o unit= -p "$(nbox show --value -p Supervisor "$NAME")" | xargs)
        sleep 0.5
        got=$(state "$unit")
        if grep -q "^MainPID=$(nbox show --value -p Supervisor "$NAME")$" <<<"$got" && grep -q '^NFileDescriptorStore=0$' <<<"$got" &&
                grep -q '^ActiveState=active$' <<<"$got" && grep -q '^StatusErrno=0$' <<<"$got"; then
                blocked "the unit $unit is as before"
        else
                works "$(xargs <<<"$got")"
        fi
}

# A service that lends its guest the notify socket that it has.
control() {
        mkdir -p "$TREE/run/host"
        touch "$TREE/run/host/notify"
        systemd-run -q --unit=escape-notify -p Type=notify -p NotifyAccess=all -p FileDescriptorStoreMax=10 -p PrivateMounts=yes sh -c "
                mount --bind \$NOTIFY_SOCKET $TREE/run/host/notify
                for text in READY=1 FDSTORE=1 ERRNO=5; do chroot $TREE /escape/notify \$text \$\$\$\$; done # systemd makes one of two
                exec sleep 30"
        wait_until 5 eval '[ "$(systemctl show -P StatusErrno escape-notify)" = 5 ]' && works "the unit's ERRNO is the guest's"
        systemctl stop escape-notify
}
