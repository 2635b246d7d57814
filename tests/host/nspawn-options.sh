# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Options that are systemd-nspawn's: what each does.

run_in() { nbox run -q --network=none "$@"; }

# A tree that has its root in it twice, as OSTree's have.
test_pivot_root() {
        mkdir -p "$MACHINES/deployed/deploy"
        cp -aT "$MACHINES/.busybox" "$MACHINES/deployed/deploy/one"
        echo one >"$MACHINES/deployed/deploy/one/which"
        echo whole >"$MACHINES/deployed/which"
        same "the root" "$(run_in --pivot-root=/deploy/one deployed /bin/sh -c 'cat /which; ls / | grep -c deploy; echo made >/made')" $'one\n0'
        same "what it made" "$(cat "$MACHINES/deployed/deploy/one/made")" made
        same "the old root" "$(run_in --pivot-root=/deploy/one:/sysroot deployed /bin/sh -c 'cat /which /sysroot/which; ls /sysroot/deploy')" $'one\nwhole\none'
        mkdir -p /etc/systemd/nspawn
        printf '[Exec]\nPivotRoot=/deploy/one\n' >/etc/systemd/nspawn/deployed.nspawn
        boot deployed --network=none
        same "the root of a machine" "$(nbox exec deployed /bin/busybox cat /which)" one
        terminate deployed
        rm /etc/systemd/nspawn/deployed.nspawn
        refused nbox run --pivot-root=/not/there deployed /bin/true
        has "$REFUSAL" 'names a directory of the tree'
        # Out of the tree leads nothing.
        ln -s ../../../../etc "$MACHINES/deployed/out"
        refused nbox run --pivot-root=/out deployed /bin/true
        remove_tree deployed
}
