# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Limits of images, on file systems that keep quotas.

# on_file_system KIND OPTIONS COMMAND...: with a file system of that kind, in a file, as /var/lib/machines, where only the command sees it.
on_file_system() {
        local kind=$1 options=$2
        shift 2
        truncate -s 400M "$SCRATCH/disk"
        case $kind in
        plain-ext4) mkfs.ext4 -q "$SCRATCH/disk" ;;
        ext4) mkfs.ext4 -q -I 256 -O quota,project "$SCRATCH/disk" ;;
        btrfs) mkfs.btrfs -q "$SCRATCH/disk" ;;
        esac
        cp -a "$MACHINES/.busybox" "$SCRATCH/busybox"
        KIND=$kind OPTIONS=$options DISK=$SCRATCH/disk FROM=$SCRATCH/busybox unshare -m bash -c '
                set -eE -o pipefail
                mount --make-rprivate /
                mount -o loop,$OPTIONS "$DISK" /var/lib/machines
                chmod 0700 /var/lib/machines
                case $KIND in
                btrfs) btrfs -q subvolume create /var/lib/machines/okapi && cp -aT "$FROM" /var/lib/machines/okapi ;;
                *) cp -aT "$FROM" /var/lib/machines/okapi ;;
                esac
                "$@"' "$0" "$@"
        rm -r "$SCRATCH/disk" "$SCRATCH/busybox"
}

fill() { nbox run --network=none "$1" /bin/busybox dd if=/dev/zero of=/filled bs=1M count="$2" 2>&1; }

limits_hold() {
        local said
        [ "$(nbox image-status --json okapi | jq .limit_bytes)" = null ]
        nbox set-limit okapi 20M
        [ "$(nbox image-status --json okapi | jq .limit_bytes)" = 20971520 ]
        if said=$(fill okapi 60); then echo "60 MiB in 20: $said" && return 1; fi
        grep -Eq 'quota|space' <<<"$said"
        nbox rename okapi lemur
        [ "$(nbox image-status --json lemur | jq .limit_bytes)" = 20971520 ]
        rm -f /var/lib/machines/lemur/filled
        nbox set-limit lemur -
        [ "$(nbox image-status --json lemur | jq .limit_bytes)" = null ]
        fill lemur 60
        nbox remove lemur
        [ -z "$(find /var/lib/machines -mindepth 1 -maxdepth 1 ! -name lost+found)" ]
}

# What is sealed counts on, and the limit is that of what comes on top; a clone has none.
limits_hold_on_layers() {
        nbox set-limit okapi 30M
        nbox clone okapi lemur
        [ "$(nbox image-status --json okapi | jq .limit_bytes)" = 31457280 ]
        [ "$(nbox image-status --json lemur | jq .limit_bytes)" = null ]
        if fill okapi 60; then echo "60 MiB in 30" && return 1; fi
        fill lemur 60
        nbox remove okapi lemur
}
