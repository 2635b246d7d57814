# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The journal of a machine whose init is systemd, seen from the host: --link-journal= in all its ways, and what `nbox logs` reads of it.

JOURNAL=/var/log/journal
GUEST_ID=0fedcba9876543210fedcba987654321

journal_remove() { rm -rf "${JOURNAL:?}/$GUEST_ID" "/var/log/nbox/$GUEST"; }
has_journal() { [ -e "$1/system.journal" ]; }
guest_says() { nbox exec "$GUEST" /bin/sh -c "echo '$1' | systemd-cat -t guestly; journalctl --sync"; }
linked() { nbox boot --dry-run --json "$@" | jq -r .link_journal; }

test_link_journal() {
        local path=$JOURNAL/$GUEST_ID was
        was=$(cat "$MACHINES/$GUEST/etc/machine-id" 2>/dev/null || true)
        echo "$GUEST_ID" >"$MACHINES/$GUEST/etc/machine-id"
        rm -rf "$JOURNAL"

        # A host that keeps no journal: what tries goes without, what insists says so.
        refused nbox boot --dry-run --link-journal=host "$GUEST"
        has "$REFUSAL" 'keeps no journal on disk'
        same "tries" "$(linked --link-journal=try-host "$GUEST")" no
        mkdir "$JOURNAL"
        same "by itself" "$(linked "$GUEST")" no
        same "-j" "$(linked -j "$GUEST")" guest
        same "no" "$(linked --link-journal=no "$GUEST")" no
        same "ephemeral" "$(linked --link-journal=host --ephemeral "$GUEST")" no
        refused nbox boot --dry-run --link-journal=always "$GUEST"

        # host: it lies here, and stays so by itself.
        boot "$GUEST" --link-journal=host
        guest_says 'kept on the host'
        wait_until 10 has_journal "$path"
        has "$(journalctl --file="$path/system.journal" -t guestly -o cat)" 'kept on the host'
        same "whose it is" "$(stat -c %u "$path")" "$(property "$GUEST" UIDBase)"
        # Nobody of the same id is linked beside it.
        cp -a --reflink=auto "$MACHINES/.busybox" "$MACHINES/twin"
        mkdir -p "$MACHINES/twin/etc"
        echo "$GUEST_ID" >"$MACHINES/twin/etc/machine-id"
        refused nbox boot --dry-run --link-journal=host twin
        has "$REFUSAL" "the machine id of the machine '$GUEST'"
        same "tries" "$(linked --link-journal=try-guest twin)" no
        cp /etc/machine-id "$MACHINES/twin/etc/machine-id"
        refused nbox boot --dry-run --link-journal=guest twin
        has "$REFUSAL" 'the machine id of this host'
        remove_tree twin
        poweroff "$GUEST"
        same "from then on" "$(linked "$GUEST")" host

        # What is another's under its id stays another's, by itself or by order.
        chown 0:0 "$path"
        touch "$path/theirs"
        refused nbox boot -d --link-journal=host "$GUEST"
        has "$REFUSAL" 'has files of another machine'
        boot "$GUEST"
        same "whose it stays" "$(stat -c %u "$path")" 0
        same "what it sees there" "$(nbox exec "$GUEST" /bin/sh -c "[ -e $path/theirs ] && echo seen || echo not")" not
        poweroff "$GUEST"

        # guest: it lies there, and a link leads to it. What was kept here is not thrown away for that.
        refused nbox boot -d --link-journal=guest "$GUEST"
        has "$REFUSAL" "Cannot put a link in the place of $path"
        rm -rf "$path"
        boot "$GUEST" --link-journal=guest
        same "the link" "$(readlink "$path")" "$MACHINES/$GUEST$path"
        guest_says 'kept inside'
        wait_until 10 has_journal "$path"
        has "$(journalctl --file="$path/system.journal" -t guestly -o cat)" 'kept inside'
        poweroff "$GUEST"
        same "a link stays" "$(linked "$GUEST")" no
        rm -rf "${MACHINES:?}/$GUEST$JOURNAL" "$JOURNAL"
        if [ -n "$was" ]; then echo "$was" >"$MACHINES/$GUEST/etc/machine-id"; else : >"$MACHINES/$GUEST/etc/machine-id"; fi
        journal_remove
}

# What the machine's services say, among what its console says, while it runs and afterwards.
test_logs_of_a_journal() {
        local follower said
        mkdir -p "$MACHINES/$GUEST/var/log/journal"
        boot "$GUEST"
        guest_says 'first of mine'
        said=$(nbox logs --journal "$GUEST")
        has "$said" "^[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} $GUEST systemd\[1\]: "
        has "$said" "$GUEST guestly\[[0-9]+\]: first of mine$"
        same "the last" "$(nbox logs --journal -n 1 -p info -o cat "$GUEST" | wc -l)" 1
        same "a unit" "$(nbox logs -u systemd-journald --json "$GUEST" | jq -r .unit | sort -u)" systemd-journald.service
        same "by level" "$(nbox logs -p 3 --json "$GUEST" | jq 'select(.priority > 3)')" ''
        same "of both" "$(nbox logs --json "$GUEST" | jq -r .source | sort -u | tr '\n' ' ')" 'console journal '
        same "in order" "$(nbox logs --json "$GUEST" | jq -s 'map(.usec) | . == sort')" true
        refused nbox logs -p loud "$GUEST"

        timeout "$((60 * PATIENCE))" nbox logs -f --journal "$GUEST" >"$SCRATCH/followed" 2>&1 &
        follower=$!
        wait_until 10 grep -q 'first of mine' "$SCRATCH/followed"
        guest_says 'second of mine'
        wait_until 10 grep -q 'second of mine' "$SCRATCH/followed"
        nbox exec "$GUEST" journalctl --rotate
        guest_says 'after a rotation'
        wait_until 20 grep -q 'after a rotation' "$SCRATCH/followed"
        same "each once" "$(grep -c 'second of mine' "$SCRATCH/followed")" 1
        poweroff "$GUEST"
        status_is 0 wait "$follower"

        has "$(nbox logs --journal "$GUEST")" 'second of mine'
        has "$(nbox logs -b "$GUEST")" 'after a rotation'
        rm -rf "${MACHINES:?}/$GUEST/var/log/journal" "/var/log/nbox/$GUEST"
}
