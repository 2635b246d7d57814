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
        rm -rf "$MACHINES/$GUEST$JOURNAL" "$JOURNAL"
        if [ -n "$was" ]; then echo "$was" >"$MACHINES/$GUEST/etc/machine-id"; else : >"$MACHINES/$GUEST/etc/machine-id"; fi
        journal_remove
}
