# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='CVE-2026-23953: newlines and control sequences in names of images, snapshots and files, in labels of partitions and file systems'
RIVALS=
# What a terminal obeys, what looks as a line of nbox's own, and, in one byte, what is the start of a sequence to some terminals.
BAD=$'\033[31m\033]0;x\007' LINE=$'\nInjected: yes' EIGHT=$'\302\2332J'
D=$MACHINES/shared

setup() {
        local raw=$MACHINES/$NAME-1.raw layer=$D/.#nbox/layers/0123456789abcdef0123456789abcdef
        printf 'ID="x%s"\nPRETTY_NAME="a%s%sb"\n' "$BAD" "$BAD" "$EIGHT" >"$TREE/etc/os-release"
        # A disk image whose every text says more than it should.
        truncate -s 80M "$raw"
        printf '%s\n' 'label: gpt' 'size=40M, type=linux' 'size=16M, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B' \
                'size=16M, type=0657FD6D-A4AB-43C4-84E5-0933C84B4F4F' | sfdisk -q "$raw"
        for part in 1 2 3; do sfdisk -q --part-label "$raw" "$part" "p$BAD$LINE$EIGHT" 2>/dev/null; done
        disk_of "$SCRATCH/part" "$TREE"
        e2label "$SCRATCH/part" "f$BAD$LINE" 2>/dev/null
        dd if="$SCRATCH/part" of="$raw" bs=1M seek=1 conv=notrunc,sparse status=none
        mkdir "$D"
        # Names that are there already, made by who may write in the directory.
        cp -aT "$MACHINES/.busybox" "$D/web"
        mkdir -p "$D/.#nbox/snapshots/web" "$layer"
        cp -aT "$MACHINES/.busybox" "$layer/tree"
        printf 'made 1\nfrom a%s\n' "$BAD$EIGHT" >"$layer/info"
        for name in "s$BAD" "s$LINE" "s$EIGHT"; do ln -s "../../layers/${layer##*/}" "$D/.#nbox/snapshots/web/$name"; done
        for name in "i$BAD" "i$LINE" "i$EIGHT"; do
                ln -s "$TREE" "$MACHINES/$name"
                cp --reflink=auto --sparse=always "$raw" "$MACHINES/$name.raw"
        done
}

# Whatever they print of it, errors too; --json is JSON.
look() {
        local name verb out
        out() { timeout -k 5 "$((20 * PATIENCE))" nbox "$@" </dev/null 2>&1 || ended "$?" "$@"; }
        for verb in images image-status dissect "snapshot list" diff; do
                case $verb in
                images) set -- "" --tree -a ;;
                image-status) set -- "$NAME" "$NAME-1" "i$BAD" "i$LINE" "$D/web" ;;
                dissect) set -- "$NAME-1" "$MACHINES/i$BAD.raw" "$MACHINES/i$LINE.raw" ;;
                "snapshot list") set -- "$D/web" "$NAME" "-q $D/web" ;;
                diff) set -- "$NAME" "$NAME-1" "$D/web" ;;
                esac
                for name in "$@"; do
                        case $name in
                        '' | -[a-z]* | --*)
                                # shellcheck disable=SC2086
                                out $verb $name
                                # shellcheck disable=SC2086
                                json "$verb $name" $verb --json $name
                                ;;
                        *)
                                # shellcheck disable=SC2086
                                out $verb "$name"
                                # shellcheck disable=SC2086
                                json "$verb" $verb --json "$name"
                                ;;
                        esac
                done
        done
}

# ended STATUS COMMAND…: a refusal is fine; a crash, or no end, is what a name has done.
ended() { [ "$1" -lt 124 ] || printf '\nInjected: status %s of %s\n' "$1" "$2"; }

# json WHAT COMMAND…: where it is not refused.
json() {
        local what=$1
        shift
        if timeout -k 5 "$((20 * PATIENCE))" nbox "$@" >"$SCRATCH/json" 2>>"$SCRATCH/errors" </dev/null; then
                jq -e . "$SCRATCH/json" >/dev/null || echo "no JSON: $what"
        else
                ended "$?" "$@"
        fi
        tr -d '\200-\237' <"$SCRATCH/json" # which JSON may have
        cat "$SCRATCH/errors"
        : >"$SCRATCH/errors"
}

spoken() { LC_ALL=C grep -E -m 1 $'[\001-\010\013-\037\177]|\302[\200-\237]|^Injected|^no JSON' "$1" | cat -v | cut -c 1-200 || true; }

play() {
        local name found
        {
                # New names: none of those.
                for name in "$BAD" "s$LINE" "s$EIGHT" $'\033' "s"$'\n'; do
                        for verb in "snapshot $NAME" "clone $NAME" "clone --copy $NAME" "commit $NAME" "rename $NAME" \
                                "snapshot remove $NAME" "rollback $NAME" "remove"; do
                                # shellcheck disable=SC2086
                                ! timeout -k 5 "$((20 * PATIENCE))" nbox $verb "$name" </dev/null 2>&1 || printf '\nInjected: %s\n' "$verb"
                        done
                done
                nbox snapshot "$NAME" one
                nbox snapshot "$NAME-1" one
                nbox clone "$NAME" "$NAME-2"
                touch "$TREE/f$BAD" "$TREE/f$LINE" "$TREE/f$EIGHT" "$TREE/f"$'\377'
                mkdir -p "$SCRATCH/in"
                nbox dissect --mount "$NAME-1" "$SCRATCH/in"
                touch "$SCRATCH/in/f$BAD" "$SCRATCH/in/f$LINE"
                nbox dissect --umount "$SCRATCH/in"
                look
                nbox diff "$NAME" "$NAME-2"
                nbox gc
        } >"$SCRATCH/shown" 2>&1
        grep -qF '"fs_label"' "$SCRATCH/shown" || fail "dissect shows nothing: $(cat -v "$SCRATCH/shown")"
        grep -q '^A /f' "$SCRATCH/shown" || fail "diff shows nothing"
        found=$(spoken "$SCRATCH/shown")
        if [ -n "$found" ]; then works "$found"; else blocked "refused, or without what a terminal obeys, a line each, and JSON"; fi
}

# As others show them.
control() {
        { e2label "$SCRATCH/part"; ls "$MACHINES"; } >"$SCRATCH/shown"
        works "$(spoken "$SCRATCH/shown")"
}

undo() {
        rm -rf --one-file-system "$D" "$MACHINES"/i[$'\n\033\302']*
        images_forget "$NAME-1" "$NAME-2"
}
