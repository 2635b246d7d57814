# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Disk images: of each file system, by itself and in partitions, they boot, are written to and read again; what cannot be booted is refused by
# a reason; and no loop device is left. Loop devices are all hosts' on this kernel, so only those of a test's own file count.

ROOT_TYPE=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709 # of x86-64
HOME_TYPE=933AC7E1-2EB4-4F13-B844-0E14E2AEF915
SRV_TYPE=3B8F8425-20E0-4F3B-907F-1A25A76F98E8
[ "$(uname -m)" != aarch64 ] || ROOT_TYPE=B921B045-1DF0-41C3-AF44-4C6F280D3FAE

# loops_of FILE: devices that have it.
loops_of() {
        losetup --list --noheadings --raw --output NAME,BACK-INO | awk -v ino="$(stat -Lc %i "$1")" '$2 == ino { print $1 }'
}
has_loops() { [ -n "$(loops_of "$1")" ]; }
has_no_loops() { [ -z "$(loops_of "$1")" ]; }

# image_of NAME FS: $MACHINES/NAME.raw, a bare file system with a small busybox tree.
image_of() {
        local raw=$MACHINES/$1.raw tree=$MACHINES/.busybox
        case $2 in
        ext*) truncate -s 48M "$raw" && "mkfs.$2" -q -F -d "$tree" "$raw" ;;
        btrfs) truncate -s 128M "$raw" && mkfs.btrfs -q --rootdir "$tree" "$raw" ;;
        xfs)
                truncate -s 320M "$raw"
                mkfs.xfs -q "$raw"
                mkdir -p "$SCRATCH/in"
                nbox dissect --mount "$raw" "$SCRATCH/in"
                cp -aT "$tree" "$SCRATCH/in"
                nbox dissect --umount "$SCRATCH/in"
                ;;
        squashfs) mksquashfs "$tree" "$raw" -quiet -no-progress >/dev/null ;;
        erofs) mkfs.erofs "$raw" "$tree" >/dev/null 2>&1 ;;
        esac
}

# put FILE OFFSET IMAGE: bytes of one into the other.
put() { dd if="$3" of="$1" bs=64K oflag=seek_bytes seek="$2" conv=notrunc,sparse status=none; }

# start_of FILE NUMBER: in bytes.
start_of() { sfdisk -J "$1" | jq ".partitiontable.partitions[$2 - 1].start * 512"; }

# partition FILE NUMBER SIZE DIRECTORY [LABEL]: an ext4 with what is in the directory.
partition() {
        local file=$SCRATCH/partition.img
        rm -f "$file"
        truncate -s "$3" "$file"
        mkfs.ext4 -q -F -L "${5-}" -d "$4" "$file"
        put "$1" "$(start_of "$1" "$2")" "$file"
        rm "$file"
}

# gpt_of NAME: a root, a home and a srv.
gpt_of() {
        local raw=$MACHINES/$1.raw
        truncate -s 96M "$raw"
        printf '%s\n' 'label: gpt' 'type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, size=1M' "type=$ROOT_TYPE, size=48M, name=root" \
                "type=$HOME_TYPE, size=16M, name=homes" "type=$SRV_TYPE, size=16M, attrs=GUID:60" \
                'type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F, size=1M' | sfdisk -q "$raw"
        mkdir -p "$SCRATCH/home/somebody" "$SCRATCH/srv"
        echo served >"$SCRATCH/srv/file"
        partition "$raw" 2 48M "$MACHINES/.busybox"
        partition "$raw" 3 16M "$SCRATCH/home" homes
        partition "$raw" 4 16M "$SCRATCH/srv"
}

# in_image NAME COMMAND...: in the directory that its tree is mounted on, to be read.
in_image() {
        local name=$1 rc=0
        shift
        mkdir -p "$SCRATCH/in"
        nbox dissect --mount --read-only "$MACHINES/$name.raw" "$SCRATCH/in"
        (cd "$SCRATCH/in" && "$@") || rc=$?
        nbox dissect --umount "$SCRATCH/in"
        return "$rc"
}

# writes_and_reads NAME: in one life, and in the next.
writes_and_reads() {
        boot "$1"
        same "what is root of it" "$(nbox exec "$1" stat -c %u:%g /)" 0:0
        nbox exec "$1" sh -c 'echo written >/root/kept && chmod 640 /root/kept && chown 1000:100 /root/kept'
        has_loops "$MACHINES/$1.raw" || fail "no loop device has $1.raw"
        poweroff "$1"
        wait_until 5 has_no_loops "$MACHINES/$1.raw"
        same "what it reads" "$(nbox run --machine="$1" "$MACHINES/$1.raw" sh -c 'cat /root/kept; stat -c %a:%u:%g /root/kept')" "$(printf 'written\n640:1000:100')"
        wait_until 5 has_no_loops "$MACHINES/$1.raw"
}

test_disks_bare() {
        local fs
        for fs in ext4 ext2 btrfs xfs; do
                image_of "bare-$fs" "$fs"
                writes_and_reads "bare-$fs"
                same "owner on disk" "$(in_image "bare-$fs" stat -c %u:%g root/kept)" 1000:100
                rm "$MACHINES/bare-$fs.raw"
        done
}

test_disks_that_are_only_read() {
        local fs
        for fs in squashfs erofs; do
                image_of "fixed" "$fs"
                refused nbox boot -d fixed
                has "$REFUSAL" "can only be read"
                has "$REFUSAL" "--ephemeral"
                boot fixed --ephemeral --machine=passing
                nbox exec passing sh -c 'echo gone >/root/kept'
                same "what it has written" "$(nbox exec passing cat /root/kept)" gone
                poweroff passing
                fails nbox run --read-only --machine=fixed "$MACHINES/fixed.raw" sh -c 'test -e /root/kept || echo >/root/kept'
                wait_until 5 has_no_loops "$MACHINES/fixed.raw"
                rm "$MACHINES/fixed.raw"
        done
        remove_store
}

test_disks_mbr() {
        local raw=$MACHINES/old.raw
        truncate -s 64M "$raw"
        printf '%s\n' 'label: dos' 'type=82, size=4M' 'type=83' | sfdisk -q "$raw"
        partition "$raw" 2 56M "$MACHINES/.busybox"
        writes_and_reads old
        rm "$raw"
}

test_disks_gpt() {
        local raw=$MACHINES/parted.raw
        gpt_of parted
        writes_and_reads parted
        boot parted
        nbox exec parted sh -c 'echo mine >/home/somebody/file'
        same "the table's read-only" "$(nbox exec parted sh -c 'cat /srv/file; echo x 2>/dev/null >/srv/other || echo refused')" "$(printf 'served\nrefused')"
        poweroff parted
        # It is in the partition, not in the root beneath it.
        debugfs -R 'cat /somebody/file' "$raw?offset=$(start_of "$raw" 3)" 2>/dev/null | grep -qx mine
        [ "$(debugfs -R 'cat /home/somebody/file' "$raw?offset=$(start_of "$raw" 2)" 2>/dev/null)" != mine ] || fail "it is in the root"
        same "as the host sees it" "$(in_image parted cat home/somebody/file srv/file)" "$(printf 'mine\nserved')"
        rm "$raw"
}

# nspawn takes the only one, and so do we.
test_disks_two_candidates() {
        local raw=$MACHINES/two.raw
        truncate -s 40M "$raw"
        printf '%s\n' 'label: gpt' 'type=linux, size=16M, name=first' 'type=linux, size=16M, name=second' | sfdisk -q "$raw"
        mkdir "$SCRATCH/empty"
        partition "$raw" 1 16M "$SCRATCH/empty"
        refused nbox boot -d two
        has "$REFUSAL" "1 \(ext4, 'first', 16 MiB\), 2 \(no file system, 'second', 16 MiB\)"
        has "$REFUSAL" "sfdisk --part-type"
        refused nbox dissect "$raw"
        printf '%s\n' 'label: gpt' 'type=linux, size=38M' | sfdisk -q --wipe always "$raw"
        partition "$raw" 1 38M "$MACHINES/.busybox"
        same "of one alone" "$(nbox run "$raw" echo yes)" yes
        rm "$raw"
}

test_disks_unknown() {
        local raw=$MACHINES/odd.raw
        head -c 300000 /dev/urandom >"$raw"
        refused nbox boot -d odd
        has "$REFUSAL" "neither a file system that is known"
        truncate -s 0 "$raw"
        refused nbox boot -d odd
        truncate -s 16M "$raw"
        mkswap -q "$raw" 2>/dev/null
        refused nbox boot -d odd
        has "$REFUSAL" "is swap, which no machine"
        mkfs.minix "$raw" >/dev/null
        refused nbox boot -d odd
        has "$REFUSAL" "is minix, which no machine"
        truncate -s 48M "$raw"
        mkfs.ext4 -q -F -O journal_dev "$raw"
        refused nbox boot -d odd
        # One that would have the kernel look for the rest among the host's disks.
        mkfs.ext4 -q -F "$raw"
        debugfs -w -R 'ssv journal_inum 0' "$raw" 2>/dev/null
        refused nbox boot -d odd
        has "$REFUSAL" "journal on another device"
        mkfs.ext4 -q -F "$raw"
        truncate -s 20M "$raw"
        refused nbox boot -d odd
        refused nbox boot -d "$MACHINES/none.raw"
        refused nbox boot -d /dev/null
        wait_until 5 has_no_loops "$raw"
        rm "$raw"
}

test_disks_dirty() {
        local raw=$MACHINES/dirty.raw
        image_of dirty ext4
        debugfs -w -R 'ssv state 0' "$raw" 2>/dev/null
        boot dirty 2>"$SCRATCH/said"
        nbox exec dirty true
        poweroff dirty
        wait_until 5 has_no_loops "$raw"
        same "its state" "$(dumpe2fs -h "$raw" 2>/dev/null | sed -n 's/^Filesystem state: *//p')" clean
        # What does not mend by itself is not mounted, and says what to do; nothing of it changes.
        dd if=/dev/urandom of="$raw" bs=1K seek=200 count=900 conv=notrunc status=none
        debugfs -w -R 'ssv state 2' "$raw" >/dev/null 2>&1
        refused nbox boot -d dirty
        has "$REFUSAL" "is damaged"
        wait_until 5 has_no_loops "$raw"
        rm "$raw"
}

# One that writes keeps all others out, whoever it is; those who read keep those out who would write.
test_disks_in_use() {
        local raw=$MACHINES/used.raw
        image_of used ext4
        boot used
        refused nbox boot -d --machine=second "$raw"
        has "$REFUSAL" "in use"
        refused nbox run --read-only --machine=second "$raw" true
        has "$REFUSAL" "in use"
        poweroff used
        wait_until 5 has_no_loops "$raw"
        mkdir "$SCRATCH/in"
        wait_until 10 nbox dissect --mount "$raw" "$SCRATCH/in" # its supervisor is a moment longer there
        refused nbox boot -d used
        has "$REFUSAL" "in use, by a machine or by who has mounted it: /dev/loop"
        nbox dissect --umount "$SCRATCH/in"
        wait_until 5 has_no_loops "$raw"
        rm "$raw"
}

# The supervisor is killed, with all that it has: nothing of the image is left.
test_disks_killed() {
        local raw=$MACHINES/killed.raw
        gpt_of killed
        boot killed
        nbox exec killed sh -c 'echo before >/root/kept; sync'
        kill -9 "$(property killed Supervisor)"
        wait_until 10 has_no_loops "$raw"
        wait_until 10 is_gone killed
        nbox gc
        writes_and_reads killed
        rm "$raw"
}

test_disks_dissected() {
        local raw=$MACHINES/shown.raw json out
        gpt_of shown
        out=$(nbox dissect shown)
        has "$out" "Table: gpt"
        has "$out" "2 +root +ext4 +48 MiB +2 MiB +no +root +[0-9a-f-]{36} +/"
        has "$out" "4 +srv +ext4 +16 MiB +66 MiB +yes +- +[0-9a-f-]{36} +/srv"
        has "$out" "5 +swap .* - swap is the host's"
        has "$out" "OS: "
        json=$(nbox dissect --json shown)
        same "offsets" "$(jq -c '[.partitions[] | [.offset, .size]]' <<<"$json")" \
                "$(sfdisk -J "$raw" | jq -c '[.partitiontable.partitions[] | [.start * 512, .size * 512]]')"
        same "UUIDs" "$(jq -r '.partitions[].uuid' <<<"$json")" "$(sfdisk -J "$raw" | jq -r '.partitiontable.partitions[].uuid | ascii_downcase')"
        same "where" "$(jq -r '[.partitions[] | .mount_point] | tojson' <<<"$json")" '[null,"/","/home","/srv",null]'
        same "type" "$(nbox images --json | jq -r '.[] | select(.name == "shown") | .type')" raw
        has "$(nbox images)" "^shown +raw +no "
        # Who may read the file may look.
        chmod 644 "$raw"
        chmod 711 "$MACHINES"
        same "as nobody" "$(setpriv --reuid=65534 --regid=65534 --clear-groups nbox dissect --json "$raw" | jq '.partitions | length')" 5
        refused setpriv --reuid=65534 --regid=65534 --clear-groups nbox dissect --mount "$raw" /mnt
        has_no_loops "$raw" || fail "a loop device is left"
        # A stranger's words do not speak to the terminal.
        image_of loud ext4
        e2label "$MACHINES/loud.raw" $'a\e[31mb'
        out=$(nbox dissect loud)
        has "$out" "a.\[31mb"
        ! LC_ALL=C grep -q $'\e' <<<"$out" || fail "an escape sequence comes through"
        rm "$MACHINES/loud.raw"
        # Directories as well.
        mkdir "$SCRATCH/in"
        nbox dissect --mount "$MACHINES/.busybox" "$SCRATCH/in"
        [ -x "$SCRATCH/in/bin/busybox" ] || fail "the tree is not there"
        has "$(findmnt -no OPTIONS "$SCRATCH/in")" 'nosuid,nodev'
        nbox dissect --umount "$SCRATCH/in"
        refused nbox dissect --umount "$SCRATCH/in"
        has "$REFUSAL" "Nothing is mounted"
        refused nbox dissect --umount /
        has "$REFUSAL" "What is mounted on / is no image"
        mkdir -p "$SCRATCH/own"
        mount -t tmpfs tmpfs "$SCRATCH/own"
        refused nbox dissect --umount "$SCRATCH/own"
        umount "$SCRATCH/own"
        refused nbox dissect /nowhere.raw
        has "$REFUSAL" "no directory or disk image '/nowhere.raw'"
        rm "$raw"
}

# Settings beside the image speak of it, as those beside a tree do; the admin's links are followed.
test_disks_by_link_and_settings() {
        mkdir -p "$SCRATCH/elsewhere"
        image_of linked ext4
        mv "$MACHINES/linked.raw" "$SCRATCH/elsewhere/far.raw"
        ln -s "$SCRATCH/elsewhere/far.raw" "$MACHINES/linked.raw"
        printf '[Exec]\nHostname=called\n' >"$MACHINES/linked.nspawn"
        same "name" "$(nbox run linked hostname)" linked
        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=called\n' >/etc/nbox/linked.conf
        same "name" "$(nbox run linked hostname)" called
        rm -rf "$MACHINES/linked.raw" "$MACHINES/linked.nspawn" /etc/nbox
}

test_disks_as_services() {
        [ "$HOST" != plain ] || return 0
        image_of served ext4
        nbox start served
        wait_until 20 nbox exec served true
        has "$(machinectl list --no-legend)" "^served "
        nbox exec served sh -c 'echo written >/root/kept'
        # Neither systemd-nspawn nor a second one of us gets at it meanwhile.
        fails timeout "$((20 * PATIENCE))" systemd-nspawn --register=no --keep-unit -q --image="$MACHINES/served.raw" /bin/true
        nbox reboot served
        wait_until 20 nbox exec served grep -q written /root/kept
        systemctl kill --signal=KILL nbox@served.service
        wait_until 20 is_gone served
        wait_until 20 has_no_loops "$MACHINES/served.raw"
        systemctl reset-failed
        nbox gc
        rm "$MACHINES/served.raw"
}
