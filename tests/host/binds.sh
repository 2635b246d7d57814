# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Files and directories of the host's that come to a machine and go while it runs.

inside() { nbox exec "$GUEST" /bin/busybox sh -c "$1"; }

# What the list says of a place: state_of DEST, and as the table has it.
state_of() { nbox bind list --json "$GUEST" | jq -r --arg dest "$1" 'map(select(.destination == $dest)) | last | .state'; }
places_of() { nbox bind list --json "$GUEST" | jq -r '[.[].destination] | join(" ")'; }

# A directory of the host's, on a file system that maps ids, and reached by root alone.
share_make() {
        mkdir -m 700 "$SCRATCH/share"
        echo one >"$SCRATCH/share/file"
        chown 1000:1000 "$SCRATCH/share/file"
}

test_a_directory_with_ids() {
        share_make
        boot "$GUEST"
        same 'what bind says' "$(nbox bind --mkdir "$GUEST" "$SCRATCH/share" /srv/deep/share 2>&1)" ''
        same 'its file' "$(inside 'cat /srv/deep/share/file; stat -c %u:%g /srv/deep/share/file')" "one"$'\n'"1000:1000"
        inside 'echo two >/srv/deep/share/new; chown 7:8 /srv/deep/share/new'
        same 'on the host' "$(stat -c %u:%g "$SCRATCH/share/new") $(cat "$SCRATCH/share/new")" '7:8 two'
        same 'whose the place is' "$(inside 'umount /srv/deep/share && stat -c %u:%a /srv/deep /srv/deep/share')" $'0:755\n0:755'
        terminate "$GUEST"
        rm -r "$MACHINES/$GUEST/srv/deep"
}

# Nothing of it opens by remounting, and what is mounted in it stays where it is.
test_read_only_and_what_is_in_it() {
        share_make
        mkdir "$SCRATCH/share/below"
        echo hidden >"$SCRATCH/share/below/secret"
        mount -t tmpfs tmpfs "$SCRATCH/share/below"
        boot "$GUEST"
        nbox bind --read-only --mkdir "$GUEST" "$SCRATCH/share" /mnt/a 2>&1
        nbox bind --norbind --mkdir "$GUEST" "$SCRATCH/share" /mnt/b 2>&1
        fails inside 'echo x >/mnt/a/file' 2>/dev/null
        fails inside 'echo x >/mnt/a/below/x' 2>/dev/null
        fails inside 'mount -o remount,bind,rw /mnt/a' 2>/dev/null
        fails inside 'umount /mnt/a/below' 2>/dev/null
        status_is 255 inside 'mkdir /mnt/c; mount -o bind /mnt/a /mnt/c' 2>/dev/null # it would show what is below
        same 'what is mounted over' "$(inside 'ls /mnt/a/below; ls /mnt/b/below')" secret
        same 'on the host' "$(cat "$SCRATCH/share/file")" one
        inside 'umount -l /mnt/a'
        same 'the host has it still' "$(mountpoint -q "$SCRATCH/share/below" && ls "$SCRATCH/share/below")" ''
        terminate "$GUEST"
        umount "$SCRATCH/share/below"
        rm -r "$MACHINES/$GUEST/mnt"/[abc]
}

test_a_file_over_a_file() {
        share_make
        boot "$GUEST"
        inside 'echo own >/tmp/file'
        nbox bind "$GUEST" "$SCRATCH/share/file" /tmp/file
        same 'the file' "$(inside 'cat /tmp/file; stat -c %u /tmp/file')" $'one\n1000'
        nbox bind --mkdir "$GUEST" "$SCRATCH/share/file" /tmp/new/file
        same 'the other' "$(inside 'cat /tmp/new/file')" one
        nbox unbind "$GUEST" /tmp/file /tmp/new/file
        same 'afterwards' "$(inside 'cat /tmp/file /tmp/new/file')" own
        same 'binds' "$(places_of)" ''
        terminate "$GUEST"
}

# The last one that came goes first; what root inside does with them is seen.
test_unbind() {
        share_make
        mkdir -m 700 "$SCRATCH/other"
        boot "$GUEST" --bind="$SCRATCH/other:/mnt/start"
        inside 'mkdir /tmp/p /tmp/q'
        nbox bind "$GUEST" "$SCRATCH/share" /tmp/p/
        nbox bind "$GUEST" "$SCRATCH/other" /tmp/p
        nbox bind "$GUEST" "$SCRATCH/other" /tmp/q
        same 'binds' "$(places_of)" '/mnt/start /tmp/p /tmp/p /tmp/q'
        has "$(nbox bind list "$GUEST")" "^/tmp/p +$(readlink -f "$SCRATCH/share") +rw +idmap +added +hidden"
        has "$(nbox bind list "$GUEST")" "^/mnt/start +[^ ]*/other +rw +noidmap +start +bound"
        has "$(nbox status "$GUEST")" " Binds: /mnt/start from [^ ]*/other$"
        has "$(property "$GUEST" Bind)" "rw,rbind,idmap /tmp/q:"
        nbox unbind "$GUEST" /tmp/p
        same 'the one below' "$(inside 'cat /tmp/p/file') $(state_of /tmp/p)" 'one bound'
        # Something of the machine's own stands on it: that is not ours.
        inside 'mount -t tmpfs tmpfs /tmp/p'
        same 'state' "$(state_of /tmp/p)" hidden
        refused nbox unbind "$GUEST" /tmp/p
        has "$REFUSAL" 'Something else'
        inside 'umount /tmp/p'
        nbox unbind "$GUEST" /tmp/p
        same 'empty' "$(inside 'ls /tmp/p')" ''
        refused nbox unbind "$GUEST" /tmp/p
        has "$REFUSAL" 'Nothing was bound to /tmp/p'
        inside 'umount /tmp/q; mount -t tmpfs tmpfs /tmp/q'
        same 'state' "$(state_of /tmp/q)" gone
        has "$(nbox unbind "$GUEST" /tmp/q 2>&1)" 'no longer there'
        inside 'grep -q " /tmp/q tmpfs" /proc/mounts' # the machine's own
        refused nbox unbind "$GUEST" /tmp/q
        refused nbox unbind "$GUEST" /mnt/start
        has "$REFUSAL" 'by --bind='
        refused nbox unbind "$GUEST" /proc
        terminate "$GUEST"
        rmdir "$MACHINES/$GUEST/mnt/start"
}

test_it_comes_back_at_a_reboot() {
        share_make
        boot "$GUEST"
        nbox bind --mkdir --read-only "$GUEST" "$SCRATCH/share" /tmp/here
        nbox bind --mkdir "$GUEST" "$SCRATCH/share/file" /tmp/gone
        nbox bind --mkdir "$GUEST" "$SCRATCH/share/file" /tmp/not
        nbox unbind "$GUEST" /tmp/not
        same 'binds' "$(places_of)" '/tmp/here /tmp/gone'
        mv "$SCRATCH/share/file" "$SCRATCH/share/file2"
        nbox reboot "$GUEST"
        wait_until 20 is_life 1
        same 'after it' "$(inside 'ls /tmp/here; ls -d /tmp/gone /tmp/not 2>/dev/null || true')" file2
        same 'binds' "$(places_of) $(state_of /tmp/here)" '/tmp/here bound'
        fails inside 'echo x >/tmp/here/file2' 2>/dev/null
        nbox unbind "$GUEST" /tmp/here
        same 'empty' "$(inside 'ls /tmp/here')" ''
        poweroff "$GUEST"
        boot "$GUEST"
        same 'a new start has none' "$(places_of)" ''
        terminate "$GUEST"
}
is_life() { [ "$(property "$GUEST" Reboots)" = "$1" ] && is_state "$GUEST" running && inside :; }

test_whose_files() {
        share_make
        chown 1000:1001 "$SCRATCH/share"
        boot "$GUEST"
        inside 'mkdir /tmp/own; chown 33:34 /tmp/own'
        nbox bind --mkdir --noidmap "$GUEST" "$SCRATCH/share" /tmp/no
        nbox bind --mkdir --rootidmap "$GUEST" "$SCRATCH/share" /tmp/root
        nbox bind --owneridmap "$GUEST" "$SCRATCH/share" /tmp/own
        same 'ids' "$(inside 'stat -c %u:%g /tmp/no /tmp/root /tmp/own')" $'65534:65534\n0:0\n33:34'
        # A file system that cannot map: said, or refused where it was asked for.
        has "$(nbox bind --mkdir "$GUEST" /proc/sys /tmp/proc 2>&1)" 'cannot map user ids: its files are nobody'
        same 'ids' "$(inside 'stat -c %u /tmp/proc') $(nbox bind list --json "$GUEST" | jq -r '.[3].idmap')" '65534 noidmap'
        refused nbox bind --idmap --mkdir "$GUEST" /proc/sys /tmp/proc2
        has "$REFUSAL" 'cannot map user ids'
        same 'binds' "$(places_of)" '/tmp/no /tmp/root /tmp/own /tmp/proc'
        terminate "$GUEST"
}

test_without_ids_of_its_own() {
        share_make
        mkdir "$SCRATCH/plain"
        mount -t tmpfs tmpfs "$SCRATCH/plain"
        mount --make-shared "$SCRATCH/plain"
        boot "$GUEST" --private-users=no
        nbox bind --mkdir "$GUEST" "$SCRATCH/share" /tmp/a
        nbox bind --mkdir "$GUEST" "$SCRATCH/plain" /tmp/b
        same 'ids' "$(inside 'stat -c %u /tmp/a/file; echo x >/tmp/a/x') $(stat -c %u "$SCRATCH/share/x")" '1000 0'
        # What is mounted in it inside is not seen outside.
        inside 'mkdir /tmp/b/d; mount -t tmpfs tmpfs /tmp/b/d; touch /tmp/b/d/own'
        same 'on the host' "$(ls "$SCRATCH/plain/d")" ''
        nbox unbind "$GUEST" /tmp/a /tmp/b
        same 'afterwards' "$(inside 'ls /tmp/a /tmp/b')" $'/tmp/a:\n\n/tmp/b:'
        terminate "$GUEST"
        umount "$SCRATCH/plain"
}

test_what_is_refused() {
        share_make
        boot "$GUEST"
        refused nbox bind "$GUEST" "$SCRATCH/share" /srv/absent
        has "$REFUSAL" '--mkdir'
        refused nbox bind "$GUEST" "$SCRATCH/absent" /tmp
        refused nbox bind "$GUEST" "$SCRATCH/share" tmp
        refused nbox bind "$GUEST" "$SCRATCH/share" /tmp/../etc
        refused nbox bind "$GUEST" "$SCRATCH/share" //
        refused nbox bind "$GUEST" "$SCRATCH/share/file" /tmp
        has "$REFUSAL" 'is a directory in the machine'
        refused nbox bind "$GUEST" "$SCRATCH/share" /etc/passwd
        refused nbox bind "$GUEST" /dev/null /tmp/null
        has "$REFUSAL" 'device add'
        refused nbox bind absent "$SCRATCH/share"
        refused nbox bind "$GUEST"
        same 'binds' "$(nbox bind list "$GUEST")" 'No binds.'
        terminate "$GUEST"
}

# Root inside has set links, and swaps them while we come: nothing is mounted, and nothing made, outside of its tree.
test_places_that_lead_out() {
        local i
        share_make
        boot "$GUEST"
        host_mounts() { awk '{ print $5 }' /proc/self/mountinfo | sort; }
        host_mounts >"$SCRATCH/mounts"
        inside "mkdir /tmp/d; ln -s /../../../../../../../$SCRATCH/out /tmp/l; ln -s /proc/1/root/proc/1/cwd /tmp/m; ln -s /tmp/d /tmp/s"
        nbox bind --mkdir "$GUEST" "$SCRATCH/share" /tmp/l/made 2>/dev/null || [ $? = 1 ]
        refused nbox bind --mkdir "$GUEST" "$SCRATCH/share" /tmp/m/made # a magic link
        refused nbox bind "$GUEST" "$SCRATCH/share" /proc/1/root
        nbox bind "$GUEST" "$SCRATCH/share" /tmp/s # a link within
        same 'through a link' "$(inside 'cat /tmp/d/file')" one
        nbox unbind "$GUEST" /tmp/s
        # shellcheck disable=SC2016
        inside 'while :; do rm -f /tmp/w; ln -s /tmp/d /tmp/w; rm -f /tmp/w; ln -s "$0" /tmp/w; done' &
        for i in 1 2 3 4 5 6 7 8 9 10; do
                nbox bind --mkdir "$GUEST" "$SCRATCH/share" "/tmp/w/$i" 2>/dev/null || [ $? = 1 ]
        done
        kill $!
        [ ! -e "$SCRATCH/out" ] || fail 'it was made on the host'
        host_mounts | diff "$SCRATCH/mounts" - >&2 || fail 'the host has another mount'
        terminate "$GUEST"
}

# A frozen machine cannot keep us waiting.
test_a_frozen_machine() {
        local group
        share_make
        boot "$GUEST"
        group=/sys/fs/cgroup$(property "$GUEST" ControlGroup)
        [ -e "$group/cgroup.freeze" ] || group=/sys/fs/cgroup/unified$(property "$GUEST" ControlGroup)
        echo 1 >"$group/cgroup.freeze"
        timeout "$((10 * PATIENCE))" nbox bind --mkdir "$GUEST" "$SCRATCH/share" /tmp/p
        same 'state' "$(state_of /tmp/p)" bound
        timeout "$((10 * PATIENCE))" nbox unbind "$GUEST" /tmp/p
        echo 0 >"$group/cgroup.freeze"
        terminate "$GUEST"
}
