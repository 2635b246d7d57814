# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Machines that move: image and settings through a pipe, of every kind of image, running or not; and what does not come whole, or is not what `nbox send`
# writes, which leaves nothing.

. "$HOST_TOOLS/layers-words.sh"

WANTS=/etc/systemd/system/machines.target.wants
TAIL=2048 # bytes of a stream that its digest is not of

# machine NAME: one with all that a file can be but a device node, which none keeps.
machine() {
        rich_tree "$1"
        truncate -s 1M "$MACHINES/$1/srv/sparse"
        rm "$MACHINES/$1/srv/null"
        touch -d 2001-02-03 "$MACHINES/$1/srv"
}

# settings_of NAME TEXT: for nbox.
settings_of() {
        mkdir -p /etc/nbox
        printf '%b' "$2" >"/etc/nbox/$1.conf"
}

# sent NAME [OPTIONS]: into $SCRATCH/stream; what is said, into $SCRATCH/said.
sent() { nbox send "$@" >"$SCRATCH/stream" 2>"$SCRATCH/said" || fail "not sent: $(cat "$SCRATCH/said")"; }

# received [OPTIONS]: from there. Its path is what is printed.
received() { nbox receive "$@" <"$SCRATCH/stream" 2>"$SCRATCH/said" || fail "not received: $(cat "$SCRATCH/said")"; }

says() { has "$(cat "$SCRATCH/said")" "$1"; }

what_is_there() { find "$MACHINES" /etc/nbox /etc/systemd/nspawn -mindepth 1 -maxdepth 1 2>/dev/null | sort || true; }

# not_received FILE [OPTIONS]: refused with one clear error, and nothing is left.
not_received() {
        local file=$1 got=0 before
        shift
        before=$(what_is_there)
        REFUSAL=$(timeout "$((20 * PATIENCE))" nbox receive "$@" <"$file" 2>&1 >/dev/null) || got=$?
        same "status ($REFUSAL)" "$got" 1
        [ -n "$REFUSAL" ] && [ "$(wc -l <<<"$REFUSAL")" -le 3 ] || fail "it says: $REFUSAL"
        ! LC_ALL=C grep -q '[[:cntrl:]]' <<<"$REFUSAL" || fail "control characters in: $(cat -v <<<"$REFUSAL")"
        same "what is there" "$(what_is_there)" "$before"
        [ ! -e /var/lib/nbox/changes/begun ] || fail "a change is left"
        ! pgrep -f '^nbox receive' || fail "a process is left"
}

forget() {
        local name
        for name in "$@"; do
                forget_image "$name"
                rm -rf "${MACHINES:?}/$name.raw" "$MACHINES/$name.nspawn" "/etc/nbox/$name.conf" "/etc/systemd/nspawn/$name.nspawn"
        done
}

# --- what moves -------------------------------------------------------------------------------------------------------------

test_a_machine_moves_with_its_settings() {
        machine web
        settings_of web '[Exec]\nHostname=of-the-settings\n[Files]\nBind=/srv/nowhere\nBind=-/srv/perhaps\n[Network]\nBridge=br-nowhere\n'
        chmod 0640 /etc/nbox/web.conf
        mkdir -p "$WANTS"
        ln -s /lib/systemd/system/nbox@.service "$WANTS/nbox@web.service" # as `nbox enable` does
        sent web
        says "Sent 'web'"
        same "first" "$(tar -tf "$SCRATCH/stream" | head -n 1)" nbox-machine
        same "second" "$(tar -tf "$SCRATCH/stream" | sed -n 2p)" settings/web.conf
        same "last" "$(tar -tf "$SCRATCH/stream" | tail -n 1)" nbox-end
        same "digest" "$(tar -xOf "$SCRATCH/stream" nbox-end | sed -n 's/^sha256 //p')" "$(head -c -$TAIL "$SCRATCH/stream" | sha256sum | cut -d ' ' -f 1)"
        same "path" "$(received web2)" "$MACHINES/web2"
        same "tree" "$(hash_of web2)" "$(hash_of web)"
        same "settings" "$(cat /etc/nbox/web2.conf)" "$(cat /etc/nbox/web.conf)"
        same "their mode" "$(stat -c %a:%u /etc/nbox/web2.conf)" 640:0
        says "/srv/nowhere"
        says "br-nowhere"
        has_not "$(cat "$SCRATCH/said")" perhaps
        says "nbox enable web2"
        [ ! -e "$WANTS/nbox@web2.service" ] || fail "it is enabled"
        rm "$WANTS/nbox@web.service"
        # without a name it is called what it was; tar has all of it as well
        mkdir "$SCRATCH/tar"
        tar -C "$SCRATCH/tar" --xattrs --xattrs-include='*' --acls -xpf "$SCRATCH/stream" tree
        same "by tar" "$("$HOST_TOOLS/tree-hash" "$SCRATCH/tar/tree")" "$(hash_of web)"
        rm -r "$SCRATCH/tar"
        forget web
        same "path" "$(received)" "$MACHINES/web"
        rm /etc/nbox/web.conf
        boot web
        same "runs" "$(nbox exec web echo yes)" yes
        poweroff web
        forget web web2
}

test_through_a_pipe() {
        machine web
        nbox send web 2>/dev/null | nbox receive web2 >/dev/null 2>&1
        nbox send --compress=zstd web 2>/dev/null | nbox receive web3 >/dev/null 2>&1
        same "tree" "$(hash_of web2)" "$(hash_of web)"
        same "compressed" "$(hash_of web3)" "$(hash_of web)"
        sent web
        nbox send --compress=zstd web 2>/dev/null >"$SCRATCH/small"
        [ "$(stat -c %s "$SCRATCH/small")" -lt "$(($(stat -c %s "$SCRATCH/stream") * 3 / 4))" ] || fail "it is not smaller"
        zstd -qdc "$SCRATCH/small" >"$SCRATCH/large"
        same "list" "$(tar -tf "$SCRATCH/large")" "$(tar -tf "$SCRATCH/stream")"
        forget web web2 web3
}

test_settings_stand_where_they_stood() {
        machine web
        mkdir -p /etc/systemd/nspawn
        echo '[Exec]' >/etc/systemd/nspawn/web.nspawn
        sent web
        received web2 >/dev/null
        [ -e /etc/systemd/nspawn/web2.nspawn ] || fail "not for systemd-nspawn"
        rm /etc/systemd/nspawn/web.nspawn
        echo '[Exec]' >"$MACHINES/web.nspawn"
        sent web
        received web3 >/dev/null
        [ -e "$MACHINES/web3.nspawn" ] || fail "not beside the image"
        # what counts here is not sent elsewhere
        settings_of web '[Exec]\nHostname=counts\n'
        sent web
        says "Not sent: $MACHINES/web.nspawn"
        settings_of web4 '[Exec]\nHostname=here\n'
        received web4 >/dev/null
        says '/etc/nbox/web4.conf is there already'
        has "$(cat /etc/nbox/web4.conf)" here
        received --settings=no web5 >/dev/null
        [ ! -e /etc/nbox/web5.conf ] || fail "settings, all the same"
        received --read-only web6 >/dev/null
        has "$(nbox images | grep '^web6 ')" 'yes|ro|read-only'
        nbox read-only web6 no
        # those that nobody understands are moved, and said
        settings_of web '[Exec]\nKillSignal=SIGNOTHING\n'
        sent web
        received web7 >/dev/null
        says 'web7.conf:2'
        forget web web2 web3 web4 web5 web6 web7
        rm -rf /etc/nbox /etc/systemd/nspawn
}

test_layers_become_one_tree() {
        machine under
        nbox clone under over 2>/dev/null
        nbox run --network=none over /bin/sh -c 'rm -r /usr/lib/deep; mkdir /usr/lib/deep; echo x >/usr/lib/deep/x; mv /srv/shared /srv/moved; chmod 711 /etc'
        sent over
        received flat >/dev/null
        [ ! -L "$MACHINES/flat" ] || fail "it stands on layers"
        same "tree" "$(hash_of flat)" "$(hash_of over)"
        forget under over flat
}

test_ids_begin_with_0() {
        local base
        machine web
        cp -a "$MACHINES/web" "$MACHINES/same"
        nbox run --network=none --private-users-ownership=chown web /bin/busybox true
        base=$(stat -c %u "$MACHINES/web")
        [ "$base" -ge 65536 ] || fail "its ids are not shifted"
        sent web
        received web2 >/dev/null
        same "owner" "$(stat -c %u "$MACHINES/web2")" 0
        same "of alice" "$(stat -c %u:%g "$MACHINES/web2/srv/shared/of-alice")" 1000:1000
        same "tree" "$(hash_of web2 ./dev ./proc ./sys ./run)" "$(hash_of same ./dev ./proc ./sys ./run)"
        forget web web2 same
}

test_a_subvolume_and_a_disk_image() {
        truncate -s 400M "$SCRATCH/btrfs.img"
        mkfs.btrfs -q "$SCRATCH/btrfs.img" >/dev/null
        mkdir "$SCRATCH/fs"
        mount -o loop "$SCRATCH/btrfs.img" "$SCRATCH/fs"
        btrfs -q subvolume create "$SCRATCH/fs/tree"
        cp -a "$MACHINES/.busybox/." "$SCRATCH/fs/tree"
        sent "$SCRATCH/fs/tree"
        received sub >/dev/null
        same "subvolume" "$("$HOST_TOOLS/tree-hash" "$MACHINES/sub")" "$("$HOST_TOOLS/tree-hash" "$SCRATCH/fs/tree")"
        umount "$SCRATCH/fs"
        rm "$SCRATCH/btrfs.img"
        truncate -s 256M "$MACHINES/plate.raw"
        mkfs.ext4 -q -d "$MACHINES/.busybox" "$MACHINES/plate.raw"
        sent plate
        [ "$(stat -c %s "$SCRATCH/stream")" -lt $((200 << 20)) ] || fail "the holes are sent"
        same "path" "$(received plate2)" "$MACHINES/plate2.raw"
        cmp "$MACHINES/plate.raw" "$MACHINES/plate2.raw"
        [ "$(stat -c %b "$MACHINES/plate2.raw")" -le $(($(stat -c %b "$MACHINES/plate.raw") + 4096)) ] || fail "the holes are filled"
        nbox send --compress=zstd plate 2>/dev/null | nbox receive plate3 2>/dev/null >&2
        cmp "$MACHINES/plate.raw" "$MACHINES/plate3.raw"
        forget sub plate plate2 plate3
}

# It goes on, and what is sent is of one moment: the file and its copy are written one after the other.
test_a_machine_that_runs() {
        machine web
        boot web
        nbox exec web /bin/busybox sh -c 'cd /srv; i=0; while :; do i=$((i+1)); echo $i >one; echo $i >two; done' &
        wait_until 10 test -s "$MACHINES/web/srv/two"
        sent web
        kill $!
        wait $! 2>/dev/null || true
        nbox exec web /bin/busybox true
        poweroff web
        received web2 >/dev/null
        local one two
        one=$(cat "$MACHINES/web2/srv/one") two=$(cat "$MACHINES/web2/srv/two")
        # one of them may just have been emptied
        [ -z "$one" ] || [ -z "$two" ] || [ "$one" = "$two" ] || [ "$one" = "$((two + 1))" ] || fail "of two moments: $one and $two"
        same "init" "$(cmp "$MACHINES/web/bin/busybox" "$MACHINES/web2/bin/busybox" && echo same)" same
        boot web2
        terminate web2
        forget web web2
}

# --- what does not ----------------------------------------------------------------------------------------------------------

test_words() {
        machine web
        has "$(script -qc "nbox send web" /dev/null </dev/null 2>&1)" "not written to a terminal"
        has "$(script -qc "nbox receive" /dev/null </dev/null 2>&1)" "from a terminal"
        refused nbox send nothing
        has "$REFUSAL" nothing
        refused nbox send
        refused nbox send web --compress=lzma
        has "$REFUSAL" zstd
        sent web
        not_received "$SCRATCH/stream"
        has "$REFUSAL" "web"
        has "$REFUSAL" "force"
        not_received "$SCRATCH/stream" ../web
        not_received "$SCRATCH/stream" --settings=perhaps web2
        settings_of web '[Exec]\nHostname=stays\n'
        echo more >"$MACHINES/web/more"
        received --force >/dev/null
        [ ! -e "$MACHINES/web/more" ] || fail "it is the old one"
        has "$(cat /etc/nbox/web.conf)" stays
        boot web
        not_received "$SCRATCH/stream" --force
        has "$REFUSAL" "in use"
        terminate web
        forget web
        rm -rf /etc/nbox
}

# cut at N bytes, for twenty N: the last ones take off a byte, a block, the last member.
test_a_stream_that_is_cut_off() {
        local size n small
        machine web
        settings_of web '[Exec]\nHostname=never\n'
        sent web
        nbox send --compress=zstd web 2>/dev/null >"$SCRATCH/small"
        forget web
        size=$(stat -c %s "$SCRATCH/stream") small=$(stat -c %s "$SCRATCH/small")
        for n in 0 1 511 512 1024 2048 5000 $((size / 9)) $((size / 5)) $((size / 3)) $((size / 2)) $((size * 3 / 4)) $((size - 100000)) \
                $((size - 10000)) $((size - 2560)) $((size - 2048)) $((size - 1536)) $((size - 1024)) $((size - 512)) $((size - 1)); do
                head -c "$n" "$SCRATCH/stream" >"$SCRATCH/cut"
                not_received "$SCRATCH/cut"
        done
        for n in 3 4 1000 $((small / 2)) $((small - 2058)) $((small - 2048)) $((small - 1)); do
                head -c "$n" "$SCRATCH/small" >"$SCRATCH/cut"
                not_received "$SCRATCH/cut"
        done
        # nothing of it stays when the sender ends meanwhile, or the receiver
        { head -c $((size / 2)) "$SCRATCH/stream" && sleep 600; } >"$SCRATCH/half" &
        rm -f "$SCRATCH/half"
        kill $!
        wait $! 2>/dev/null || true
}

# flip FILE AT: one bit of that byte.
flip() {
        local byte
        byte=$(dd if="$1" bs=1 skip="$2" count=1 status=none | od -An -tu1 | tr -d ' ')
        printf "\\x$(printf %x $((byte ^ 4)))" | dd of="$1" bs=1 seek="$2" count=1 conv=notrunc status=none
}

test_a_stream_that_is_damaged() {
        local size n
        machine web
        settings_of web '[Exec]\nHostname=never\n'
        for file in stream small; do
                if [ "$file" = stream ]; then sent web; else nbox send --compress=zstd web 2>/dev/null >"$SCRATCH/small"; fi
                size=$(stat -c %s "$SCRATCH/$file")
                mv "$MACHINES/web" "$SCRATCH/web"
                mv /etc/nbox/web.conf "$SCRATCH/web.conf"
                for n in 0 3 130 600 1100 $((size / 7)) $((size / 5)) $((size / 3)) $((size / 2)) $((size * 2 / 3)) $((size * 4 / 5)) $((size - 3000)) $((size - 2050)) \
                        $((size - 2000)) $((size - 1500)) $((size - 1030)) $((size - 1)); do
                        flip "$SCRATCH/$file" "$n"
                        not_received "$SCRATCH/$file"
                        flip "$SCRATCH/$file" "$n"
                done
                nbox receive <"$SCRATCH/$file" >/dev/null 2>&1 || fail "it has not been put right"
                forget web
                mv "$SCRATCH/web" "$MACHINES/web"
                mv "$SCRATCH/web.conf" /etc/nbox/web.conf
        done
        # nor may anything follow it
        echo more >>"$SCRATCH/stream"
        not_received "$SCRATCH/stream" web2
        cat "$SCRATCH/small" "$SCRATCH/small" >"$SCRATCH/two"
        not_received "$SCRATCH/two" web2
        forget web
        rm -rf /etc/nbox
}

test_what_nbox_never_sent() {
        tar -C "$MACHINES/.busybox" -cf "$SCRATCH/tar" .
        not_received "$SCRATCH/tar"
        has "$REFUSAL" "nbox import"
        echo text >"$SCRATCH/text"
        not_received "$SCRATCH/text"
        head -c 1M /dev/zero >"$SCRATCH/zeros"
        not_received "$SCRATCH/zeros"
        head -c 1M /dev/urandom >"$SCRATCH/noise"
        not_received "$SCRATCH/noise" x
        not_received /dev/null
}

# --- hostile streams, with a digest that is right ---------------------------------------------------------------------------

# begin_stream: a template's last member is kept, for end_stream.
begin_stream() {
        [ -e "$SCRATCH/tail" ] || { nbox send "$MACHINES/.busybox" 2>/dev/null | tail -c $TAIL >"$SCRATCH/tail"; }
        rm -rf "$SCRATCH/in" "$SCRATCH/body"
        mkdir -p "$SCRATCH/in/tree/etc" "$SCRATCH/in/settings"
        echo harmless >"$SCRATCH/in/tree/etc/file"
        : >"$SCRATCH/body"
}

# head_is [KEY VALUE]...: instead of what is right.
head_is() {
        printf 'version 1\nname forged\nkind tree\nbytes 1\nfiles 1\nsettings none\nmode 0644\nenabled no\n' >"$SCRATCH/in/nbox-machine"
        while [ $# -gt 0 ]; do
                sed -i "s|^$1 .*|$1 $2|" "$SCRATCH/in/nbox-machine"
                shift 2
        done
        member nbox-machine
}

# member [OPTIONS OF TAR] FILE...: more members.
member() { tar -C "$SCRATCH/in" --format=pax --no-recursion -b1 -cf - "$@" | head -c -1024 >>"$SCRATCH/body"; }

end_stream() {
        {
                cat "$SCRATCH/body"
                head -c 512 "$SCRATCH/tail"
                printf 'sha256 %s\n# of all bytes of the stream before the header of this file\n' "$(sha256sum <"$SCRATCH/body" | cut -d ' ' -f 1)" |
                        dd bs=512 iflag=fullblock conv=sync status=none
                head -c 1024 /dev/zero
        } >"$SCRATCH/forged"
}

# forged WHAT: it is refused for that.
forged() {
        end_stream
        not_received "$SCRATCH/forged"
        has "$REFUSAL" "$1"
}

test_forged_streams() {
        # that what is forged is not refused for another reason
        begin_stream && head_is && member tree/ tree/etc tree/etc/file && end_stream
        nbox receive <"$SCRATCH/forged" >/dev/null 2>"$SCRATCH/said" || fail "the control is refused: $(cat "$SCRATCH/said")"
        same "the control" "$(cat "$MACHINES/forged/etc/file")" harmless
        forget forged

        begin_stream && head_is name ../forged && member tree/ && forged nbox-machine
        begin_stream && head_is name 'a/b' && member tree/ && forged nbox-machine
        begin_stream && head_is version 2 && member tree/ && forged 'newer nbox'
        begin_stream && head_is settings nbox && member tree/ && forged 'settings/forged.conf'
        # settings by other names, links in their place, more of them
        echo '[Exec]' >"$SCRATCH/in/settings/forged.conf"
        cp "$SCRATCH/in/settings/forged.conf" "$SCRATCH/conf"
        begin_stream && head_is settings nbox && cp "$SCRATCH/conf" "$SCRATCH/in/settings/x" &&
                member --transform='s|^settings/x|settings/../../etc/cron.d/x|' -P settings/x && member tree/ && forged 'should be'
        begin_stream && head_is settings nbox && ln -s /etc/passwd "$SCRATCH/in/settings/forged.conf" && member settings/forged.conf tree/ && forged 'should be'
        begin_stream && head_is settings nbox && head -c 100K /dev/zero | tr '\0' '#' >"$SCRATCH/in/settings/forged.conf" &&
                member settings/forged.conf tree/ && forged 'larger'
        begin_stream && head_is && cp "$SCRATCH/conf" "$SCRATCH/in/settings/forged.conf" && member settings/forged.conf tree/ && forged 'should be'
        # two images, none, one of the other kind, something behind
        begin_stream && head_is kind disk && member tree/ tree/etc && forged 'should be'
        begin_stream && head_is && forged 'should be'
        begin_stream && head_is && echo disk >"$SCRATCH/in/disk.raw" && member tree/ tree/etc disk.raw && forged 'should be'
        begin_stream && head_is kind disk && echo disk >"$SCRATCH/in/disk.raw" && member disk.raw tree/ && forged 'should be'
        begin_stream && head_is && member tree/ tree/etc nbox-machine tree/etc/file && forged 'should be'
        begin_stream && head_is && member tree/ tree/etc && cat "$SCRATCH/tail" >>"$SCRATCH/body" && member tree/etc/file && forged 'behind its end'
        begin_stream && head_is && ln -s / "$SCRATCH/in/tree2" && member --transform='s|^tree2|tree|' tree2 && forged 'should be'
        # out of the tree
        begin_stream && head_is && member tree/ && cp "$SCRATCH/conf" "$SCRATCH/in/x" && member -P --transform='s|^x$|tree/../../escaped|' x && forged '\.\.'
        begin_stream && head_is && ln -s "$SCRATCH" "$SCRATCH/in/tree/out" && member tree/ tree/out && rm "$SCRATCH/in/tree/out" &&
                mkdir "$SCRATCH/in/tree/out" && cp "$SCRATCH/conf" "$SCRATCH/in/tree/out/escaped" && member tree/out/escaped && forged 'out'
        [ ! -e "$SCRATCH/escaped" ] && [ ! -e "$MACHINES/escaped" ] || fail "it got out"
        # a head without end
        begin_stream && { cat "$SCRATCH/conf" && head -c 1M /dev/zero; } >"$SCRATCH/in/nbox-machine" && member nbox-machine && forged 'larger|nbox-machine'
}

# --- ends that end ----------------------------------------------------------------------------------------------------------

test_one_end_that_ends_is_seen_at_both() {
        local rc sender receiver signal
        machine web
        head -c 8M /dev/urandom >"$MACHINES/web/large"
        # who reads ends
        rc=0
        { nbox send web 2>"$SCRATCH/said" || echo $? >"$SCRATCH/rc"; } | head -c 100000 >/dev/null
        same "status" "$(cat "$SCRATCH/rc")" 1
        says "closed by who reads it"
        # who sends is killed, or interrupted, with a part of it out: what it writes to is slow
        for signal in KILL INT; do
                mkfifo "$SCRATCH/out" "$SCRATCH/in"
                nbox receive web2 <"$SCRATCH/in" >/dev/null 2>"$SCRATCH/said" &
                receiver=$!
                { head -c 3M && touch "$SCRATCH/half" && wait_until 10 test -e "$SCRATCH/go" && cat; } <"$SCRATCH/out" >"$SCRATCH/in" &
                env --default-signal=INT nbox send web >"$SCRATCH/out" 2>/dev/null &
                sender=$!
                wait_until 10 test -e "$SCRATCH/half"
                kill -"$signal" "$sender"
                if wait "$sender" 2>/dev/null; then fail "it is sent"; fi
                touch "$SCRATCH/go"
                if wait "$receiver"; then fail "it is received"; fi
                wait
                [ ! -e "$MACHINES/web2" ] || fail "it is there"
                nothing_begun
                rm "$SCRATCH/out" "$SCRATCH/in" "$SCRATCH/go" "$SCRATCH/half"
        done
        # who receives is interrupted while it waits
        sent web
        for signal in INT TERM HUP; do
                mkfifo "$SCRATCH/in"
                { head -c 3M "$SCRATCH/stream" && exec sleep 600; } >"$SCRATCH/in" &
                sender=$!
                env --default-signal=INT nbox receive web2 <"$SCRATCH/in" >/dev/null 2>"$SCRATCH/said" &
                receiver=$!
                wait_until 10 has_begun
                kill -"$signal" "$receiver"
                rc=0
                wait "$receiver" || rc=$?
                same "status of SIG$signal" "$rc" 1
                nothing_begun
                [ ! -e "$MACHINES/web2" ] || fail "it is there"
                kill "$sender"
                wait "$sender" 2>/dev/null || true
                rm "$SCRATCH/in"
        done
        forget web
}

has_begun() { [ -n "$(find "$MACHINES" -maxdepth 1 -name '.#nbox-*')" ]; }
nothing_begun() {
        ! has_begun || fail "left: $(ls -A "$MACHINES")"
        wait_until 5 no_processes
}
no_processes() { ! pgrep -x nbox; }

# A file system of a few megabytes.
test_without_room() {
        mkdir -p "$SCRATCH/small"
        machine web
        head -c 40M /dev/urandom >"$MACHINES/web/large"
        sent web
        truncate -s 30M "$SCRATCH/fs.img"
        mkfs.ext4 -q -m 0 "$SCRATCH/fs.img"
        mount -o loop "$SCRATCH/fs.img" "$SCRATCH/small"
        mv "$MACHINES/web" "$SCRATCH/web"
        mount --bind "$SCRATCH/small" "$MACHINES"
        not_received "$SCRATCH/stream"
        has "$REFUSAL" 'room|space|free'
        umount "$MACHINES"
        umount "$SCRATCH/small"
        # nor is anything said to have been sent that the disk did not take
        mv "$SCRATCH/web" "$MACHINES/web"
        if nbox send web >/dev/full 2>"$SCRATCH/said"; then fail "sent to a full disk"; fi
        says 'space'
        forget web
}
