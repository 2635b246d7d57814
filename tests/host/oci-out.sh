# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Exports as images of OCI's layout: what skopeo, umoci, buildah and podman make of them.

. "$HOST_TOOLS/layers-words.sh"


quiet() { "$@" >"$SCRATCH/said" 2>&1 || fail "$*: $(tail -n 3 "$SCRATCH/said")"; }

# In a mount namespace of their own, where /sys/fs/cgroup is of one kind: crun knows no mixture. Nothing of theirs stays.
in_tools_world() {
        export SCRATCH
        unshare --mount bash -c '
                set -eu -o pipefail
                umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
                mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev/shm
                cd "$SCRATCH"
                mkdir -p "$SCRATCH/containers"
                podman() { command podman --root "$SCRATCH/containers/store" --runroot /run/pods --storage-driver vfs --cgroup-manager cgroupfs "$@"; }
                run() { podman run --rm --network=none --cgroups=disabled "$@"; }
                '"$1" "$@" 2>"$SCRATCH/tools.err" || fail "$(tail -n 5 "$SCRATCH/tools.err")"
        rm -rf "$SCRATCH/containers"
}

# What no layer says of its top directory is left out.
lines_in() { "$HOST_TOOLS/tree-hash" -l "$1" | grep -v '^\. d '; }

# unpacked LAYOUT: as umoci makes a tree of it, at $SCRATCH/bundle/rootfs.
unpacked() {
        rm -rf "$SCRATCH/bundle"
        quiet umoci unpack --image "$1:latest" "$SCRATCH/bundle"
}

# same_as_unpacked NAME: the tree of an image is what umoci has unpacked.
same_as_unpacked() {
        show_tree "$1" "$SCRATCH/view"
        lines_in "$SCRATCH/view" >"$SCRATCH/ours"
        umount "$SCRATCH/view"
        lines_in "$SCRATCH/bundle/rootfs" >"$SCRATCH/theirs"
        [ "$(wc -l <"$SCRATCH/theirs")" -gt 50 ] || fail "nothing was unpacked"
        diff "$SCRATCH/ours" "$SCRATCH/theirs" >"$SCRATCH/diff" || fail "umoci's tree is another: $(head -n 20 "$SCRATCH/diff")"
}

config_of() { skopeo inspect --config "oci:$1:latest"; }
layer_digests() { skopeo inspect "oci:$1:latest" | jq -r '.Layers[]'; }

# tree_with_all NAME: what could be lost on the way.
tree_with_all() {
        local t=$MACHINES/$1
        cp -a "$MACHINES/$GUEST" "$t"
        mkdir -p "$t/srv/a/b" "$t/srv/gone" "$t/srv/opaque/old" "$t/srv/moved/in"
        echo one >"$t/srv/a/one"
        echo in >"$t/srv/moved/in/file"
        echo old >"$t/srv/opaque/old/file"
        ln "$t/srv/a/one" "$t/srv/a/two"
        chown 1000:1001 "$t/srv/a/one"
        chmod 4711 "$t/srv/a/one"
        cp "$t/bin/busybox" "$t/srv/a/capable"
        setcap cap_net_raw+ep "$t/srv/a/capable"
        setfattr -n user.color -v blue "$t/srv/a/one"
        mkfifo "$t/srv/a/fifo"
        truncate -s 1M "$t/srv/a/sparse"
        echo x >"$t/srv/a/ümlaut"
        ln -s ../a/one "$t/srv/a/link"
        touch -d '2001-02-03 04:05:06' "$t/srv/a/two"
}

test_tree() {
        tree_with_all web
        nbox export web "$SCRATCH/web.oci"
        same "layers" "$(layer_digests "$SCRATCH/web.oci" | wc -l)" 1
        same "architecture" "$(config_of "$SCRATCH/web.oci" | jq -r .architecture)" "$(dpkg --print-architecture)"
        same "command" "$(config_of "$SCRATCH/web.oci" | jq -c .config.Cmd)" '["/sbin/init"]'
        same "stop signal" "$(config_of "$SCRATCH/web.oci" | jq -r .config.StopSignal)" SIGUSR2 # busybox init's power-off
        unpacked "$SCRATCH/web.oci"
        same_as_unpacked web
        # All of it is named by what it is.
        (cd "$SCRATCH/web.oci/blobs/sha256" && for blob in *; do same "digest" "$(sha256sum <"$blob" | cut -d ' ' -f 1)" "$blob"; done)
        quiet umoci stat --image "$SCRATCH/web.oci:latest"
        # Again: the same bytes.
        nbox export web "$SCRATCH/again.oci"
        quiet diff -r "$SCRATCH/web.oci" "$SCRATCH/again.oci"
        rm -rf "$MACHINES/web"
}

test_layers() {
        tree_with_all web
        nbox clone web two
        nbox run --network=none two sh -c 'echo more >>/srv/a/one; rm -r /srv/gone /srv/opaque; mkdir /srv/opaque; echo new >/srv/opaque/new; mv /srv/moved /srv/now; echo t >/srv/twos'
        nbox snapshot two first
        nbox run --network=none two sh -c 'rm /srv/a/two; chmod 700 /srv/now'
        nbox export web "$SCRATCH/web.oci"
        nbox export two "$SCRATCH/two.oci"
        same "layers" "$(layer_digests "$SCRATCH/web.oci" | wc -l) $(layer_digests "$SCRATCH/two.oci" | wc -l)" "1 3"
        same "the shared one" "$(layer_digests "$SCRATCH/two.oci" | head -n 1)" "$(layer_digests "$SCRATCH/web.oci")"
        unpacked "$SCRATCH/two.oci"
        same_as_unpacked two
        nbox export --snapshot=first two "$SCRATCH/first.oci"
        same "layers of then" "$(layer_digests "$SCRATCH/first.oci")" "$(layer_digests "$SCRATCH/two.oci" | head -n 2)"
        # Bound for another registry's worth of tools: copied, and one file of it.
        quiet skopeo copy "oci:$SCRATCH/two.oci:latest" "docker-archive:$SCRATCH/two.tar:two:latest"
        nbox export two "$SCRATCH/two.oci.tar"
        quiet skopeo copy "oci-archive:$SCRATCH/two.oci.tar:latest" "oci:$SCRATCH/back:latest"
        same "as one file" "$(layer_digests "$SCRATCH/back")" "$(layer_digests "$SCRATCH/two.oci")"
        nbox export two - --format=oci.tar | cmp - "$SCRATCH/two.oci.tar"
        nbox export --format=zstd two "$SCRATCH/zstd.oci"
        has "$(skopeo inspect --raw "oci:$SCRATCH/zstd.oci:latest")" 'tar\+zstd'
        unpacked "$SCRATCH/two.oci"
        same_as_unpacked two
        nbox remove two
        store_is_clean
        forget_image web
}

# Out, in, out again: the same tree, the same words about it.
test_there_and_back() {
        local before
        tree_with_all web
        nbox clone web two
        nbox run --network=none two sh -c 'rm -r /srv/opaque; mkdir /srv/opaque; echo new >/srv/opaque/new; mv /srv/moved /srv/now'
        before=$(hash_of two)
        nbox export two "$SCRATCH/two.oci"
        nbox import "$SCRATCH/two.oci" back
        same "its hash" "$(hash_of back)" "$before"
        nbox export back "$SCRATCH/back.oci"
        nbox import "$SCRATCH/back.oci" again
        same "its hash" "$(hash_of again)" "$before"
        same "layers" "$(layer_digests "$SCRATCH/back.oci")" "$(layer_digests "$SCRATCH/two.oci")"
        same "config" "$(config_of "$SCRATCH/back.oci" | jq -cS .config)" "$(config_of "$SCRATCH/two.oci" | jq -cS .config)"
        # A whole system comes back as one.
        has "$(cat "$MACHINES/back.nspawn")" '^Boot=yes$'
        boot back --network=none
        terminate back
        nbox remove --settings=remove two back again
        forget_image web
}

test_program_and_its_surroundings() {
        cp -a "$MACHINES/$GUEST" "$MACHINES/app"
        cat >"$MACHINES/app.nspawn" <<'END'
[Exec]
Boot=no
Parameters=/bin/sh -c 'echo "$0 $GREETING $PWD $(id -u):$(id -g)"' 'it is'
Environment="GREETING=good day" OTHER=x
WorkingDirectory=/srv/made
User=33:34
KillSignal=SIGQUIT
[Files]
Volume=/srv/data
[X-OCI]
EntryPoint=/bin/sh -c
Port=80/tcp
Label='maintainer=somebody else'
END
        mkdir -p /etc/nbox
        printf '[Exec]\nEnvironment=SECRET=of-the-host\n' >/etc/nbox/app.conf
        nbox export app "$SCRATCH/app.oci"
        rm /etc/nbox/app.conf
        same "config" "$(config_of "$SCRATCH/app.oci" | jq -cS .config)" \
                '{"Cmd":["echo \"$0 $GREETING $PWD $(id -u):$(id -g)\"","it is"],"Entrypoint":["/bin/sh","-c"],"Env":["GREETING=good day","OTHER=x"],"ExposedPorts":{"80/tcp":{}},"Labels":{"maintainer":"somebody else"},"StopSignal":"SIGQUIT","User":"33:34","Volumes":{"/srv/data":{}},"WorkingDir":"/srv/made"}'
        nbox import "$SCRATCH/app.oci" back
        same "settings that come back" "$(grep -v '^#' "$MACHINES/back.nspawn" | tr -d "'\"" | sed '/^$/d;s/^Environment=//' | sort)" \
                "$(tr -d "'\"" <"$MACHINES/app.nspawn" | sed 's/^Environment=\(.*\) \(OTHER=x\)/\1\n\2/' | { cat; echo "Architecture=$(dpkg --print-architecture)"; } | sort)"
        same "by nbox, after" "$(nbox run --network=none back)" "it is good day /srv/made 33:34"
        nbox export back "$SCRATCH/back.oci"
        same "config" "$(config_of "$SCRATCH/back.oci" | jq -cS .config)" "$(config_of "$SCRATCH/app.oci" | jq -cS .config)"
        nbox remove --settings=remove back
        forget_image back
        # podman and nbox run the same.
        # shellcheck disable=SC2016
        in_tools_world 'id=$(podman pull -q oci:app.oci:latest); run "$id" >"$SCRATCH/podman"; run --entrypoint "[]" "$id" cat /etc/inittab >"$SCRATCH/inittab"'
        same "by podman" "$(cat "$SCRATCH/podman")" "it is good day /srv/made 33:34"
        same "by nbox" "$(nbox run --network=none app)" "$(cat "$SCRATCH/podman")"
        cmp "$SCRATCH/inittab" "$MACHINES/app/etc/inittab"
        # shellcheck disable=SC2016
        in_tools_world 'buildah() { command buildah --root "$SCRATCH/containers/store" --runroot /run/pods --storage-driver vfs "$@"; }
                c=$(buildah from -q oci:app.oci:latest); m=$(buildah mount "$c"); cmp "$m/etc/inittab" "$SCRATCH/inittab"; buildah rm "$c" >/dev/null'
        rm -rf "$MACHINES/app" "$MACHINES/app.nspawn"
}

test_a_machine_that_runs() {
        cp -a "$MACHINES/$GUEST" "$MACHINES/web"
        boot web --network=none
        nbox exec web sh -c 'echo now >/now'
        nbox export web "$SCRATCH/web.oci" 2>"$SCRATCH/err"
        has "$(nbox list)" '^web '
        unpacked "$SCRATCH/web.oci"
        same "what it wrote" "$(cat "$SCRATCH/bundle/rootfs/now")" now
        same "owner" "$(stat -c %u:%g "$SCRATCH/bundle/rootfs/now")" 0:0
        terminate web
        forget_image web
}

# A stranger's words: what is not fit for a settings file is left out of it, and said; nothing of it reaches for the host.
test_hostile_words() {
        cp -a "$MACHINES/$GUEST" "$MACHINES/app"
        nbox export app "$SCRATCH/app.oci"
        quiet umoci config --image "$SCRATCH/app.oci:latest" --config.user $'root\n[Exec]\nPrivateUsers=no' --config.env $'A=1\n[Files]\nBind=/:/mnt' \
                --config.env no.name=1 --config.env GOOD=yes --config.workingdir ../.. --config.volume /../etc --config.volume /srv/v \
                --config.entrypoint /bin/sh --config.entrypoint -c --config.cmd 'echo $GOOD' --config.cmd "it's \\"
        nbox import "$SCRATCH/app.oci" back 2>"$SCRATCH/err"
        has "$(cat "$SCRATCH/err")" "Environment 'no.name'"
        has "$(cat "$SCRATCH/err")" 'User: '
        has_not "$(cat "$MACHINES/back.nspawn")" '^(PrivateUsers|Bind|User|WorkingDirectory)='
        has "$(cat "$MACHINES/back.nspawn")" '^Volume=/srv/v$'
        same "what runs" "$(nbox run --network=none back 2>"$SCRATCH/err")" yes
        same "warnings" "$(cat "$SCRATCH/err")" ""
        nbox remove --settings=remove back
        forget_image app
}

# What is in a disk image, and files whose ids on disk are the machine's.
test_other_kinds_of_images() {
        truncate -s 64M "$MACHINES/disk.raw"
        quiet mkfs.ext4 -q -d "$MACHINES/$GUEST" "$MACHINES/disk.raw"
        nbox export disk "$SCRATCH/disk.oci"
        unpacked "$SCRATCH/disk.oci"
        cmp "$SCRATCH/bundle/rootfs/bin/busybox" "$MACHINES/$GUEST/bin/busybox"
        rm "$MACHINES/disk.raw"

        cp -a "$MACHINES/$GUEST" "$MACHINES/web"
        nbox run --network=none --private-users-ownership=chown web true
        [ "$(stat -c %u "$MACHINES/web/bin")" -ge 65536 ] || fail "it is not chowned"
        nbox export web "$SCRATCH/web.oci"
        unpacked "$SCRATCH/web.oci"
        same "owner" "$(stat -c %u:%g "$SCRATCH/bundle/rootfs/bin")" 0:0
        rm -rf "$MACHINES/web"
}

# ^C leaves nothing of it.
test_interrupted() {
        cp -a "$MACHINES/$GUEST" "$MACHINES/web"
        head -c 200M /dev/urandom >"$MACHINES/web/large"
        for output in web.oci web.oci.tar; do
                status_is 124 timeout -s INT 0.5 nbox export web "$SCRATCH/$output"
                same "what is left" "$(ls -A "$SCRATCH")" ""
        done
        rm -rf "$MACHINES/web"
}

test_refused() {
        cp -a "$MACHINES/$GUEST" "$MACHINES/web"
        refused nbox export --format=oci.xz web "$SCRATCH/x"
        refused nbox export --format=xz web "$SCRATCH/x.oci"
        has "$REFUSAL" 'gzip or zstd'
        nbox export web "$SCRATCH/there.oci"
        refused nbox export web "$SCRATCH/there.oci"
        has "$REFUSAL" 'force'
        nbox export --force web "$SCRATCH/there.oci"
        quiet skopeo inspect "oci:$SCRATCH/there.oci:latest"
        same "nothing else" "$(find "$SCRATCH" -maxdepth 1 -name '.*' ! -name . | wc -l)" 0
        rm -rf "$MACHINES/web"
}
