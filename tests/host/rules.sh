# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What else runs on a host keeps off nbox's links and guests' disks: udev, systemd-networkd, NetworkManager, udisks.

udev_property() { udevadm info --query=property --property="$2" --value "$1"; }

# links: the bridge, and the host's ends of a machine's link and of the zone's service's.
links() { ip -o link | sed -n 's/^[0-9]*: \(nbox0\|nb-[^:@]*\)[:@].*/\1/p'; }

has_links() { [ "$(links | wc -l)" = "$1" ]; }

networkd_sees() { [ "$(networkctl --no-legend --no-pager list "$1" | awk '{ print $NF }')" = "$2" ]; }
manager_sees() { [ "$(nmcli -t -f DEVICE,STATE device | sed -n "s/^$1://p")" = "$2" ]; }

test_links_are_marked_by_udev() {
        local link
        boot "$GUEST"
        wait_until 10 has_links 3
        udevadm settle
        for link in $(links); do
                same "NM_UNMANAGED of $link" "$(udev_property "/sys/class/net/$link" NM_UNMANAGED)" 1
                same "ID_NET_MANAGED_BY of $link" "$(udev_property "/sys/class/net/$link" ID_NET_MANAGED_BY)" nbox
        done
        same "ID_NET_MANAGED_BY of the uplink" "$(udev_property /sys/class/net/up0 ID_NET_MANAGED_BY)" ''
        terminate "$GUEST"
}

# Even where the administrator lets networkd have every link there is.
test_networkd_leaves_links_alone() {
        local link address
        mkdir -p /run/systemd/network
        printf '[Match]\nName=!lo up0\n[Network]\nDHCP=yes\nAddress=192.0.2.77/24\n' >/run/systemd/network/50-all.network
        systemctl start systemd-networkd
        boot "$GUEST"
        address=$(ip -o address show nbox0)
        for link in $(links); do
                wait_until 10 networkd_sees "$link" unmanaged
        done
        same "addresses of the bridge" "$(ip -o -4 address show nbox0)" "$(grep ' inet ' <<<"$address")"
        nbox exec "$GUEST" /bin/busybox nc -w 20 198.51.100.2 7000 </dev/null | grep -q '^from 198.51.100.1'
        terminate "$GUEST"
        # It does take others.
        ip link add other0 type veth peer name other1
        wait_until 10 eval '! networkd_sees other0 unmanaged'
        ip link delete other0
        systemctl stop systemd-networkd.socket systemd-networkd
        rm /run/systemd/network/50-all.network
}

test_network_manager_leaves_links_alone() {
        local link
        systemctl start NetworkManager
        boot "$GUEST"
        for link in $(links); do
                wait_until 10 manager_sees "$link" unmanaged
        done
        terminate "$GUEST"
        systemctl stop NetworkManager NetworkManager-dispatcher systemd-hostnamed
        rm -rf /run/NetworkManager
}

# disk FILE LABEL: a file system such as a guest's image has.
disk() {
        truncate -s 4M "$1"
        mkfs.ext4 -q -L "$2" "$1"
}

# attached FILE: the loop device's name, once udev is done with it.
attached() {
        local device
        device=$(losetup -f --show "$1")
        udevadm settle
        echo "${device#/dev/}"
}

detached() {
        losetup -d "/dev/$1"
        udevadm settle
}

test_guests_disks_make_no_links() {
        local loop
        disk "$MACHINES/guest.raw" guest-label
        loop=$(attached "$MACHINES/guest.raw")
        same "UDISKS_IGNORE" "$(udev_property "/sys/class/block/$loop" UDISKS_IGNORE)" 1
        same "SYSTEMD_READY" "$(udev_property "/sys/class/block/$loop" SYSTEMD_READY)" 0
        same "what udev knows of the file system" "$(udev_property "/sys/class/block/$loop" ID_FS_TYPE)" ''
        [ ! -e /dev/disk/by-label/guest-label ] || fail "a link by the guest's label"
        detached "$loop"
        rm "$MACHINES/guest.raw"
}

# By the agreement for images that lie elsewhere.
test_disks_in_the_list_make_no_links() {
        local loop
        disk "$SCRATCH/elsewhere.raw" elsewhere
        loop=$(attached "$SCRATCH/elsewhere.raw")
        [ -e /dev/disk/by-label/elsewhere ] || fail "udev makes no links here at all"
        detached "$loop"
        mkdir -p /run/nbox/loop
        for loop in $(seq 0 31); do : >"/run/nbox/loop/loop$loop"; done
        loop=$(attached "$SCRATCH/elsewhere.raw")
        same "UDISKS_IGNORE" "$(udev_property "/sys/class/block/$loop" UDISKS_IGNORE)" 1
        [ ! -e /dev/disk/by-label/elsewhere ] || fail "a link by the guest's label"
        detached "$loop"
        rm -r /run/nbox/loop
}

test_udisks_hides_guests_disks() {
        local loop object
        disk "$MACHINES/guest.raw" guest-label
        loop=$(attached "$MACHINES/guest.raw")
        object=/org/freedesktop/UDisks2/block_devices/$loop
        busctl get-property org.freedesktop.UDisks2 "$object" org.freedesktop.UDisks2.Block HintIgnore >"$SCRATCH/hint"
        same "HintIgnore" "$(cat "$SCRATCH/hint")" 'b true'
        systemctl stop udisks2
        detached "$loop"
        rm "$MACHINES/guest.raw"
}
