# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
#
# Who runs a command in the tree, and how: each rival's way to a fresh container and to a network. What is switched on is theirs, as they are
# without options, but for what the question needs: systemd-nspawn and LXC get the user namespace that nbox has by default, and crun and
# runc, which are told everything, one, too, with their own list of masks and the profile for system calls that Debian has for podman.

OCI=/run/bench/oci
LXC=/run/bench/lxc

# runtime_id: what crun and runc call the container, and its cgroup below the root. It is swept as test hosts' own cgroups are (lib.sh).
runtime_id() { sed -n 's,^0::.*/\(.*\)\.\([0-9]*\)$,\1.bench.\2,p' /proc/self/cgroup; }

# start_words RIVAL COMMAND...: WORDS is what runs COMMAND in a fresh container without a way to the network.
start_words() {
        local rival=$1
        shift
        case $rival in
        true) WORDS=(/bin/true) ;;
        nbox) WORDS=(nbox run --network=none "$TREE" "$@") ;;
        nbox-unregistered) WORDS=(nbox run --register=no --network=none "$TREE" "$@") ;;
        bwrap) WORDS=(bwrap --unshare-all --bind "$TREE" / --dev /dev --proc /proc "$@") ;;
        lxc) WORDS=(lxc-execute -P "$LXC" -n bench -- "$@") ;;
        crun | crun-unfiltered | runc)
                oci_bundle "$rival" "$@"
                WORDS=("${rival%-unfiltered}" run --bundle "$BUNDLE" "$RUNTIME_ID")
                ;;
        nspawn) nspawn_words --register=no --keep-unit --private-network -- "$@" ;;
        nspawn-registered) nspawn_words --private-network -- "$@" ;;
        podman) podman_words --network=none -- "$@" ;;
        esac
}

# network_words RIVAL COMMAND...: with a network of its own.
network_words() {
        local rival=$1
        shift
        case $rival in
        true | bwrap) start_words "$rival" "$@" ;;
        nbox) WORDS=(nbox run "$TREE" "$@") ;;
        nbox-veth) WORDS=(nbox run --network=veth "$TREE" "$@") ;;
        nspawn) nspawn_words --register=no --keep-unit --network-veth -- "$@" ;;
        podman) podman_words -- "$@" ;;
        esac
}

# nspawn_words OPTION... -- COMMAND...
nspawn_words() {
        local options=()
        while [ "$1" != -- ]; do options+=("$1") && shift; done
        shift
        WORDS=(systemd-nspawn -q -D "$TREE" -M bench --private-users=pick --private-users-ownership=map --console=pipe --resolv-conf=off
                --timezone=off "${options[@]}" "$@")
}

# podman_words OPTION... -- COMMAND...: no cgroup, since crun finds no controllers for it here; no limits of its own, since this root may
# not raise any.
podman_words() {
        local options=()
        while [ "$1" != -- ]; do options+=("$1") && shift; done
        shift
        WORDS=(podman run --rm --cgroups=disabled --ulimit host --uidmap 0:100000:65536 --gidmap 0:100000:65536 "${options[@]}"
                --rootfs "$SHIFTED" "$@")
}

# oci_bundle RUNTIME[-unfiltered] COMMAND...: BUNDLE, with the runtime's own default configuration, and what is said above.
oci_bundle() {
        local dir=$OCI/$1${2//\//-} runtime=${1%-unfiltered} filter=true
        [ "$runtime" = "$1" ] || filter=false
        shift
        BUNDLE=$dir
        mkdir -p "$dir"
        (cd "$dir" && rm -f config.json && "$runtime" spec)
        oci_seccomp >"$dir/seccomp"
        jq --arg root "$SHIFTED" --slurpfile seccomp "$dir/seccomp" --argjson filter $filter '
                .process.args = $ARGS.positional | .process.terminal = false | .root.path = $root
                | del(.linux.resources, .process.rlimits)
                | if $filter then .linux.seccomp = $seccomp[0] else . end
                | .linux.namespaces |= map(select(.type != "user")) + [{type: "user"}]
                | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
                | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]' "$dir/config.json" --args "$@" >"$dir/new.json"
        mv "$dir/new.json" "$dir/config.json"
}

# oci_seccomp: podman's profile as it is for a container without capabilities that matter to it, in the words of the OCI.
oci_seccomp() {
        jq '{defaultAction, defaultErrnoRet, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
                syscalls: [.syscalls[]
                        | select(((.includes.caps // []) | length) == 0)
                        | select(((.includes.arches // ["amd64"]) | index("amd64")) != null)
                        | {names, action, args: (.args // []), errnoRet} | with_entries(select(.value != null))]}' /usr/share/containers/seccomp.json
}

# lxc_machine NAME TREE [LINE...]: Debian's common configuration, which every template includes, with an id map; not its hook for lxcfs.
lxc_machine() {
        local name=$1 tree=$2
        shift 2
        mkdir -p "$LXC/$name" /run/lxc
        printf '%s\n' 'lxc.include = /usr/share/lxc/config/common.conf' 'lxc.include = /usr/share/lxc/config/userns.conf' \
                'lxc.hook.mount =' 'lxc.hook.post-stop =' 'lxc.net.0.type = empty' "lxc.uts.name = $name" "lxc.rootfs.path = dir:$tree" \
                'lxc.idmap = u 0 100000 65536' 'lxc.idmap = g 0 100000 65536' 'lxc.rootfs.options = idmap=container' "$@" >"$LXC/$name/config"
}
