# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# SIGKILL, and calls that fail, while images come in and go out: at system calls that change something, spread over the whole of a run and thick at
# its end, in whichever of its processes comes there first. Whatever the moment, what was to be made is there whole or not at all; what is over, the
# next `nbox gc` takes away; and then the same command works.

. "$HOST_TOOLS/layers-words.sh"

CALLS='mkdir mkdirat mknodat openat write pwrite64 writev ftruncate fallocate copy_file_range sendfile splice fsync fdatasync syncfs symlinkat linkat rename renameat
renameat2 unlink unlinkat flock ioctl fchmod fchown fchownat fchmodat fsetxattr setxattr utimensat mount umount2 move_mount open_tree unshare clone clone3 fork vfork
pipe2 socketpair kill'

# --- points -----------------------------------------------------------------------------------------------------------------

# points N COMMAND...: lines CALL N of an undisturbed run, in the order of time: half of them spread over all of it, half over the calls that it makes
# but few times, which are the steps. (strace counts for each process by itself.)
points() {
        local n=$1
        shift
        # shellcheck disable=SC2086
        timeout "$((60 * PATIENCE))" strace -f -qq -o "$SCRATCH/trace" -e "trace=$(tr -s ' \n' ',,' <<<$CALLS)" "$@" >"$SCRATCH/out" 2>&1 </dev/null ||
                fail "does not work when it is traced: $* ($(tail -n 3 "$SCRATCH/out"))"
        awk -v n="$n" '{ call = $2; sub(/\(.*/, "", call) }
                call ~ /^[a-z_0-9]+$/ && /\(/ { line = call " " ++count[$1, call]; total[call]++; if (!seen[line]++) { all[++m] = line; kind[m] = call } }
                END { half = int(n / 2)
                        for (i = 0; i < half; i++) picked[all[int(m * (i + 0.5) / half) + 1]]
                        for (i = 1; i <= m; i++) if (total[kind[i]] <= 4) rare[++k] = all[i]
                        for (i = 0; i < n - half && k; i++) picked[rare[int(k * (i + 0.5) / (n - half)) + 1]]
                        for (i = 1; i <= m; i++) if (all[i] in picked) print all[i] }' "$SCRATCH/trace"
}

KNOWN="a|\.busybox|$GUEST|\.#nbox|\.#a\.lck"

left_in_machines() { find "$MACHINES" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -vxE "$KNOWN${1:+|$1}" || true; }

no_processes() { ! pgrep -x nbox; }

# nothing_is_left [ENTRY]: but that one.
nothing_is_left() {
        local left
        wait_until 5 no_processes
        left=$(left_in_machines "${1-}")
        [ -z "$left" ] || fail "left after $POINT: $left"
        store_is_clean >"$SCRATCH/store" || fail "left in the store after $POINT: $(cat "$SCRATCH/store")"
        [ ! -e /var/lib/nbox/changes/begun ] || fail "a change is not ended after $POINT"
        left=$(find "$SCRATCH/to" /etc/nbox -mindepth 1 -maxdepth 1 2>/dev/null | grep -vxF -e "${TARGET-}" -e "${TARGET:+/etc/nbox/$TARGET.conf}" || true)
        [ -z "$left" ] || fail "left after $POINT: $left"
}

# forget NAME|FILE: as if it had never been made.
forget() {
        case $1 in
        /*) rm -rf "$1" ;;
        *) rm -rf --one-file-system "${MACHINES:?}/$1" "${MACHINES:?}/$1.raw" "${MACHINES:?}/$1.nspawn" "/etc/nbox/$1.conf" && nbox gc ;;
        esac
}

# is_there NAME|FILE
is_there() {
        case $1 in
        /*) [ -e "$1" ] ;;
        *) [ -e "$MACHINES/$1/." ] || [ -e "$MACHINES/$1.raw" ] ;;
        esac
}

# entries_of NAME|FILE: its own in the directory of images.
entries_of() {
        case $1 in
        /*) ;;
        *) echo "$1|$1\.raw|$1\.nspawn" ;;
        esac
}

# killed N TARGET WHOLE COMMAND...: at N points. WHOLE says that TARGET is all that it should be.
killed() {
        local n=$1 target=$2 whole=$3 call i count=0
        shift 3
        mkdir -p "$SCRATCH/to"
        points "$n" "$@" >"$SCRATCH/points"
        POINT="an undisturbed run"
        "$whole" "$target"
        forget "$target"
        while read -r call i; do
                POINT="SIGKILL at $call number $i in $*"
                timeout "$((30 * PATIENCE))" strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$i" "$@" >/dev/null 2>&1 </dev/null || true
                if is_there "$target"; then "$whole" "$target"; fi
                timeout "$((20 * PATIENCE))" nbox gc 2>/dev/null
                # a directory of anybody's is not gc's: there the same command clears away
                if [ "${target#/}" = "$target" ]; then TARGET=$target nothing_is_left "$(entries_of "$target")"; fi
                if is_there "$target"; then "$whole" "$target"; fi
                forget "$target"
                timeout "$((30 * PATIENCE))" "$@" >"$SCRATCH/out" 2>&1 </dev/null || fail "does not work after $POINT: $(tail -n 3 "$SCRATCH/out")"
                "$whole" "$target"
                forget "$target"
                nothing_is_left
                count=$((count + 1))
        done <"$SCRATCH/points"
        [ "$count" -ge "$((n * 2 / 3))" ] || fail "only $count points in $*"
        echo "killed at $count points"
}

# failing N TARGET WHOLE COMMAND...: at N points a call fails, each time of another cause.
failing() {
        local n=$1 target=$2 whole=$3 call i rc count=0 causes=(ENOSPC EIO EINTR ENOMEM)
        shift 3
        mkdir -p "$SCRATCH/to"
        points "$n" "$@" >"$SCRATCH/points"
        forget "$target"
        while read -r call i; do
                POINT="${causes[count % 4]} of $call number $i in $*"
                rc=0
                timeout "$((30 * PATIENCE))" strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:error=${causes[count % 4]}:when=$i" "$@" \
                        >/dev/null 2>"$SCRATCH/out" </dev/null || rc=$?
                [ "$rc" != 124 ] || fail "hangs at $POINT"
                # its path could not be printed, but it is made
                if [ "$rc" = 0 ] || grep -q 'Cannot write the output' "$SCRATCH/out"; then
                        "$whole" "$target"
                else
                        [ -s "$SCRATCH/out" ] || fail "ends with $rc and says nothing at $POINT"
                        if is_there "$target"; then fail "it failed, and is there: $POINT: $(cat "$SCRATCH/out")"; fi
                fi
                # where what clears away failed, the next one does it
                case $call in unlink* | flock | ioctl | openat) timeout "$((20 * PATIENCE))" nbox gc 2>/dev/null ;; esac
                TARGET=$target nothing_is_left "$(entries_of "$target")"
                forget "$target"
                count=$((count + 1))
        done <"$SCRATCH/points"
        [ "$count" -ge "$((n * 2 / 3))" ] || fail "only $count points in $*"
        echo "failed at $count points"
}

# --- what comes in ----------------------------------------------------------------------------------------------------------

# What all of them are made of; once a test.
archives() {
        mkdir -p "$SCRATCH/from" "$SCRATCH/to"
        rich_tree a
        rm "$MACHINES/a/srv/null"
        truncate -s 1M "$MACHINES/a/srv/sparse"
        touch -d 2001-02-03 "$MACHINES/a/srv"
        H=$(hash_of a)
        tar -C "$MACHINES/a" --format=pax --xattrs --xattrs-include='*' --acls -cf "$SCRATCH/from/a.tar" .
}

disk() {
        mkdir -p "$SCRATCH/from"
        truncate -s 24M "$SCRATCH/from/disk.raw"
        mkfs.ext4 -q -d "$MACHINES/.busybox" "$SCRATCH/from/disk.raw"
        SUM=$(sha256sum <"$SCRATCH/from/disk.raw")
        gzip -1 "$SCRATCH/from/disk.raw"
}

# What `nbox send` writes, and a command that receives it.
stream() {
        mkdir -p /etc/nbox
        printf '[Exec]\nHostname=moved\n' >/etc/nbox/a.conf
        nbox send a >"$SCRATCH/from/stream" 2>/dev/null
        rm /etc/nbox/a.conf
        printf '#!/bin/sh\nexec nbox receive new <%s\n' "$SCRATCH/from/stream" >"$SCRATCH/receive"
        chmod 755 "$SCRATCH/receive"
}

# blob LAYOUT FILE: into the layout, under its digest, as a descriptor's "digest" and "size".
blob() {
        local digest
        digest=$(sha256sum <"$2" | cut -d ' ' -f 1)
        cp "$2" "$1/blobs/sha256/$digest"
        printf '"digest":"sha256:%s","size":%s' "$digest" "$(stat -c %s "$2")"
}

# An image of two layers, the second of which hides something of the first.
layout() {
        local oci=$SCRATCH/from/oci types=application/vnd.oci.image one two config manifest diff
        mkdir -p "$oci/blobs/sha256" "$SCRATCH/two/etc"
        echo two >"$SCRATCH/two/etc/two"
        : >"$SCRATCH/two/etc/.wh.hostname"
        tar -C "$MACHINES/.busybox" -cf "$SCRATCH/one.tar" .
        tar -C "$SCRATCH/two" -cf "$SCRATCH/two.tar" .
        diff=$(for tar in one two; do sha256sum <"$SCRATCH/$tar.tar" | sed 's/^\([0-9a-f]*\).*/"sha256:\1"/'; done | paste -sd ,)
        gzip -k1 "$SCRATCH/one.tar" "$SCRATCH/two.tar"
        one=$(blob "$oci" "$SCRATCH/one.tar.gz") two=$(blob "$oci" "$SCRATCH/two.tar.gz")
        printf '{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' "$diff" >"$SCRATCH/config"
        config=$(blob "$oci" "$SCRATCH/config")
        printf '{"schemaVersion":2,"config":{"mediaType":"%s.config.v1+json",%s},"layers":[{"mediaType":"%s.layer.v1.tar+gzip",%s},{"mediaType":"%s.layer.v1.tar+gzip",%s}]}' \
                "$types" "$config" "$types" "$one" "$types" "$two" >"$SCRATCH/manifest"
        manifest=$(blob "$oci" "$SCRATCH/manifest")
        printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s.manifest.v1+json",%s}]}' "$types" "$manifest" >"$oci/index.json"
        echo '{"imageLayoutVersion":"1.0.0"}' >"$oci/oci-layout"
}

tree_is_whole() { same "the tree after $POINT" "$(hash_of "$1")" "$H"; }
disk_is_whole() { same "the disk image after $POINT" "$(sha256sum <"$MACHINES/$1.raw")" "$SUM"; }
layers_are_whole() {
        show_tree "$1" "$SCRATCH/look"
        same "the upper layer after $POINT" "$(cat "$SCRATCH/look/etc/two")" two
        [ ! -e "$SCRATCH/look/etc/hostname" ] || fail "what a whiteout hides is there after $POINT"
        cmp -s "$SCRATCH/look/bin/busybox" "$MACHINES/.busybox/bin/busybox" || fail "the lower layer is not whole after $POINT"
        umount "$SCRATCH/look"
        [ -s "$MACHINES/$1.nspawn" ] || fail "no settings after $POINT"
}
created_is_whole() {
        timeout "$((20 * PATIENCE))" nbox run --network=none "$1" /bin/busybox true
        [ -e "$MACHINES/$1/sbin/init" ] || fail "no init after $POINT"
}
received_is_whole() {
        tree_is_whole "$1"
        [ -s "/etc/nbox/$1.conf" ] || fail "it is there without its settings after $POINT"
}

test_killed_while_importing_a_tar() {
        archives
        killed 8 new tree_is_whole nbox import "$SCRATCH/from/a.tar" new
        forget_image a
}

test_killed_while_importing_a_disk_image() {
        disk
        killed 5 new disk_is_whole nbox import "$SCRATCH/from/disk.raw.gz" new
}

test_killed_while_importing_layers() {
        layout
        killed 8 new layers_are_whole nbox import "$SCRATCH/from/oci" new
        forget_image new
}

test_killed_while_creating() {
        killed 5 new created_is_whole nbox create new --os busybox
}

# Settings come and go with the image.
test_killed_while_receiving() {
        archives
        stream
        killed 8 new received_is_whole "$SCRATCH/receive"
        rm -rf /etc/nbox
        forget_image a
}

# served COMMAND...: while $SCRATCH/from is to be had by HTTP at $URL.
served() {
        python3 -u -m http.server -d "$SCRATCH/from" -b 127.0.0.1 0 >"$SCRATCH/port" 2>/dev/null &
        wait_until 10 grep -q 'port [0-9]' "$SCRATCH/port"
        URL=http://127.0.0.1:$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$SCRATCH/port")
        "$@"
        kill %1
        wait %1 2>/dev/null || true
}

# An image that is pulled gets an id of its own.
pulled_is_whole() { same "the tree after $POINT" "$(hash_of "$1" ./etc/machine-id)" "$H"; }
pull_is_killed() { killed 8 new pulled_is_whole nbox pull --verify=no "$URL/a.tar" new; }

test_killed_while_pulling() {
        archives
        H=$(hash_of a ./etc/machine-id)
        served pull_is_killed
        forget_image a
}

# --- what goes out ----------------------------------------------------------------------------------------------------------

same_tar() { same "the archive after $POINT" "$(gzip -dc "$1" | sha256sum)" "$SUM"; }
raw_is_whole() { nbox dissect "$1" >/dev/null && status_is 0 nbox run --network=none --read-only --image="$1" /bin/busybox true; }
layout_is_whole() { [ -s "$1/index.json" ] && skopeo inspect "oci:$1" >/dev/null; }

test_killed_while_exporting() {
        local KNOWN="$KNOWN|exported"
        archives
        SUM=$(nbox export a - 2>/dev/null | sha256sum) # the same tree is the same bytes
        killed 6 "$SCRATCH/to/a.tar.gz" same_tar nbox export a "$SCRATCH/to/a.tar.gz"
        killed 5 "$SCRATCH/to/a.raw" raw_is_whole nbox export a "$SCRATCH/to/a.raw"
        killed 5 "$SCRATCH/to/a.oci" layout_is_whole nbox export a "$SCRATCH/to/a.oci"
        forget_image a
}

# --- calls that fail --------------------------------------------------------------------------------------------------------

test_calls_fail_while_importing() {
        archives
        failing 16 new tree_is_whole nbox import "$SCRATCH/from/a.tar" new
        forget_image a
}

test_calls_fail_while_importing_layers() {
        layout
        failing 8 new layers_are_whole nbox import "$SCRATCH/from/oci" new
        forget_image new
}

pull_fails() { failing 8 new pulled_is_whole nbox pull --verify=no "$URL/a.tar" new; }

test_calls_fail_while_pulling() {
        archives
        H=$(hash_of a ./etc/machine-id)
        served pull_fails
        forget_image a
}

test_calls_fail_while_creating() {
        failing 6 new created_is_whole nbox create new --os busybox
}

# --- interrupted ------------------------------------------------------------------------------------------------------------

# interrupted N TARGET WHOLE COMMAND...: by ^C, at N points. What is not whole is gone when it ends, not only when somebody sweeps.
interrupted() {
        local n=$1 target=$2 whole=$3 call i rc count=0
        shift 3
        mkdir -p "$SCRATCH/to"
        points "$n" "$@" >"$SCRATCH/points"
        forget "$target"
        while read -r call i; do
                POINT="SIGINT at $call number $i in $*"
                rc=0
                timeout "$((30 * PATIENCE))" env --default-signal=INT strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=INT:when=$i" "$@" \
                        >/dev/null 2>"$SCRATCH/out" </dev/null || rc=$?
                [ "$rc" != 124 ] || fail "hangs at $POINT"
                # it may have come too late
                if is_there "$target"; then "$whole" "$target"; fi
                [ "$rc" != 0 ] || is_there "$target" || fail "ends well with nothing at $POINT"
                TARGET=$target nothing_is_left "$(entries_of "$target")"
                forget "$target"
                count=$((count + 1))
        done <"$SCRATCH/points"
        [ "$count" -ge "$((n * 2 / 3))" ] || fail "only $count points in $*"
}

interrupt_pull() { interrupted 6 new pulled_is_whole nbox pull --verify=no "$URL/a.tar" new; }

test_interrupted() {
        archives
        H=$(hash_of a)
        interrupted 5 new tree_is_whole nbox import "$SCRATCH/from/a.tar" new
        interrupted 4 new created_is_whole nbox create new --os busybox
        stream
        interrupted 5 new received_is_whole "$SCRATCH/receive"
        SUM=$(nbox export a - 2>/dev/null | sha256sum)
        interrupted 4 "$SCRATCH/to/a.tar.gz" same_tar nbox export a "$SCRATCH/to/a.tar.gz"
        interrupted 4 "$SCRATCH/to/a.raw" raw_is_whole nbox export a "$SCRATCH/to/a.raw"
        interrupted 4 "$SCRATCH/to/a.oci" layout_is_whole nbox export a "$SCRATCH/to/a.oci"
        H=$(hash_of a ./etc/machine-id)
        served interrupt_pull
        disk
        interrupted 4 new disk_is_whole nbox import "$SCRATCH/from/disk.raw.gz" new
        layout
        interrupted 5 new layers_are_whole nbox import "$SCRATCH/from/oci" new
        rm -rf /etc/nbox
        forget_image a
}

# --- full disks -------------------------------------------------------------------------------------------------------------

# What there is on it; of a store, the layers alone.
on_full_disk() { (cd "$FULL" && find . -mindepth 1 ! -path './.busybox*' ! -path './.#nbox' ! -path './.#nbox/lock' ! -path './.#nbox/layers' ! -path './.#nbox/snapshots' ! -path './.#nbox/trash' | sort); }

# does_not_fit COMMAND...: on a file system that has no room for it; what is there is what was.
does_not_fit() {
        local before
        before=$(on_full_disk)
        refused "$@"
        has "$REFUSAL" '[Nn]o (room|space)|free|left on device|full|larger than'
        same "what is there after $*" "$(on_full_disk)" "$before"
        wait_until 5 no_processes
}

pull_does_not_fit() { does_not_fit nbox pull --verify=no "$URL/a.tar" new; }

test_full_disks() {
        local KNOWN="$KNOWN|lost\+found" FULL=$SCRATCH/full
        archives
        stream
        disk
        layout
        truncate -s 8M "$SCRATCH/full.img"
        mkfs.ext4 -q -m 0 "$SCRATCH/full.img"
        mkdir "$FULL"
        mount -o loop "$SCRATCH/full.img" "$FULL"
        head -c "$(($(df --output=avail -B1 "$FULL" | tail -n 1) - 700000))" /dev/zero >"$FULL/filler"
        for format in tar raw oci; do does_not_fit nbox export a "$FULL/a.$format"; done
        mount --bind "$FULL" "$MACHINES"
        does_not_fit nbox import "$SCRATCH/from/a.tar" new
        does_not_fit nbox import "$SCRATCH/from/disk.raw.gz" new
        does_not_fit nbox import "$SCRATCH/from/oci" new
        does_not_fit nbox import "$SCRATCH/from" new
        does_not_fit nbox create new --os busybox
        does_not_fit "$SCRATCH/receive"
        [ ! -e /etc/nbox/new.conf ] || fail "settings without an image"
        served pull_does_not_fit
        umount "$MACHINES"
        umount "$FULL"
        rm -rf /etc/nbox
        forget_image a
}
