# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SELinux, enforcing, as an administrator meets it: each machine with two categories that no other has, on its processes and on its files;
# what that keeps apart; what is refused, and that a boot is no reason for the policy to deny anything.

TYPES=/etc/selinux/default/contexts/lxc_contexts

context_of() { tr -d '\0' <"/proc/$(leader_of "$1")/attr/current"; }
label_of() { stat -c %C "$1"; }
categories_of() { grep -oE 'c[0-9]+,c[0-9]+$' <<<"$1"; }

# What the kernel has denied since the last time, of machines and of those who look after them.
denials() { dmesg -c | grep -E 'avc: +denied' | grep -E 'container_|comm="nbox|dnsmasq|machined' || [ $? = 1 ]; }

test_each_machine_has_categories_of_its_own_and_keeps_them() {
        local web db
        tree_with web
        tree_with db
        boot web
        boot db
        web=$(context_of web) db=$(context_of db)
        has "$web" '^system_u:system_r:container_t:s0:c[0-9]+,c[0-9]+$'
        has "$db" '^system_u:system_r:container_t:s0:c[0-9]+,c[0-9]+$'
        [ "$web" != "$db" ] || fail "both are $web"
        same "what nbox says" "$(property web SELinux)" "$web"
        has "$(nbox status web)" "SELinux: $web"
        for file in "$MACHINES/web" "$MACHINES/web/bin/busybox" "/proc/$(leader_of web)/root/"{dev,dev/null,dev/pts/0,dev/mqueue,dev/shm,run,tmp,run/host/notify}; do
                same "the label of $file" "$(label_of "$file")" "system_u:object_r:container_file_t:s0:$(categories_of "$web")"
        done
        terminate web
        terminate db
        boot web
        same "the next time" "$(context_of web)" "$web"
        terminate web
        has "$(nbox boot --dry-run web)" "selinux $web"
        remove_tree web
        remove_tree db
}

test_one_cannot_read_what_is_anothers() {
        tree_with web
        tree_with db
        # As long as all are root, nothing but the label stands between them.
        boot db --private-users=no --network=none
        nbox exec db /bin/sh -c 'umask 000; echo secret >/root/file'
        boot web --private-users=no --network=none --bind="$MACHINES/db/root:/mnt"
        fails nbox exec web /bin/cat /mnt/file >/dev/null 2>&1
        fails nbox exec web /bin/sh -c 'echo more >>/mnt/file' 2>/dev/null
        terminate web
        boot web --selinux=no --private-users=no --network=none --bind="$MACHINES/db/root:/mnt"
        same "what is read without labels" "$(nbox exec web /bin/cat /mnt/file)" secret
        terminate web
        terminate db
        remove_tree web
        remove_tree db
}

test_a_boot_is_denied_nothing() {
        denials >/dev/null
        boot debian
        wait_until 20 nbox exec debian systemctl is-system-running
        same "units that failed" "$(nbox exec debian systemctl --failed --plain --no-legend)" ''
        nbox shell debian /bin/true </dev/null
        timeout "$((10 * PATIENCE))" nbox poweroff --wait debian
        same "what was denied" "$(denials)" ''
}

test_what_joins_has_the_label() {
        local web
        tree_with web
        boot web
        web=$(context_of web)
        same "exec" "$(nbox exec web /bin/cat /proc/self/attr/current | tr -d '\0')" "$web"
        same "shell" "$(nbox shell web /bin/cat /proc/self/attr/current </dev/null | tr -d '\0\r\n')" "$web"
        # A file of the host's, which the machine itself may not write to.
        nbox exec web /bin/echo written >"$SCRATCH/out"
        same "a file" "$(cat "$SCRATCH/out")" written
        echo read >"$SCRATCH/in"
        same "from a file" "$(nbox exec web /bin/cat <"$SCRATCH/in")" read
        terminate web
        same "the small init of run" "$(nbox run -q -a --network=none web /bin/cat /proc/1/attr/current </dev/null 2>&1 | tr -d '\0')" "$web"
        remove_tree web
}

test_labels_by_hand() {
        tree_with web
        status_is 126 nbox run --network=none -Z system_u:system_r:container_t:s0:c7,c8 web /bin/true 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" "chcon -R"
        chcon -R system_u:object_r:container_file_t:s0 "$MACHINES/web"
        boot web -Z system_u:system_r:container_t:s0:c7,c8
        same "the context" "$(context_of web)" system_u:system_r:container_t:s0:c7,c8
        terminate web
        boot web -Z system_u:system_r:container_t:s0:c7,c8 -L system_u:object_r:container_file_t:s0
        same "its /dev" "$(label_of "/proc/$(leader_of web)/root/dev")" system_u:object_r:container_file_t:s0
        terminate web
        refused nbox boot -Z system_u:system_r:nosuch_t:s0 web
        has "$REFUSAL" "no context 'system_u:system_r:nosuch_t:s0'"
        refused nbox boot --selinux=no -Z system_u:system_r:container_t:s0 web
        # A context that there is, and that nobody is let into from here.
        status_is 126 nbox run --network=none -Z system_u:system_r:getty_t:s0 web /bin/true 2>/dev/null
        is_gone web
        remove_tree web
}

test_types_that_the_policy_lacks() {
        tree_with web
        sed 's/container_t/nosuch_t/' "$TYPES" >"$SCRATCH/types"
        mount --bind "$SCRATCH/types" "$TYPES"
        refused nbox boot --selinux=require web
        has "$REFUSAL" 'nosuch_t'
        boot web 2>"$SCRATCH/said"
        has "$(cat "$SCRATCH/said")" 'without SELinux labels of its own, ignoring'
        same "the label" "$(property web SELinux)" ''
        terminate web
        umount "$TYPES"
        remove_tree web
}

test_a_tree_that_keeps_no_labels_is_refused() {
        mkdir "$SCRATCH/fs"
        mount -t tmpfs -o context=system_u:object_r:tmp_t:s0 tmpfs "$SCRATCH/fs"
        cp -a "$MACHINES/.busybox" "$SCRATCH/fs/tree"
        refused nbox run --network=none -D "$SCRATCH/fs/tree" /bin/true
        has "$REFUSAL" '--selinux=no'
        umount "$SCRATCH/fs"
}

is_labelled() { [ "$(stat -c %C "$MACHINES/web/srv/$1")" != "$BEFORE" ]; }

test_labelling_that_is_cut_short_goes_on() {
        local pid before
        tree_with web
        mkdir "$MACHINES/web/srv"
        for d in $(seq 60); do
                mkdir "$MACHINES/web/srv/$d"
                (cd "$MACHINES/web/srv/$d" && seq 100 | xargs touch)
                ln -s /etc/shadow "$MACHINES/web/srv/$d/link"
        done
        before=$(label_of /etc/shadow) BEFORE=$(label_of "$MACHINES/web/srv")
        nbox run --network=none web /bin/true </dev/null >/dev/null 2>&1 &
        pid=$!
        until find "$MACHINES/web/srv" -maxdepth 1 -mindepth 1 | while read -r d; do is_labelled "${d##*/}" && exit 9; done; [ $? = 9 ]; do
                kill -0 "$pid" 2>/dev/null || fail "it was over before it could be killed"
        done
        kill -9 "$pid"
        wait "$pid" || true
        same "the root, which comes last" "$(label_of "$MACHINES/web" | grep -c container_file_t:s0:c || true)" 0
        nbox run --network=none web /bin/true </dev/null
        same "labels in it" "$(find "$MACHINES/web" -exec stat -c %C {} + | sort -u | wc -l)" 1
        same "where a link leads" "$(label_of /etc/shadow)" "$before"
        nbox gc
        remove_tree web
}
