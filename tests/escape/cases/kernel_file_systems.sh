# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

WHAT='file systems that are doors to the kernel: debugfs, tracefs, securityfs, bpf, configfs, efivarfs, pstore, selinuxfs'
NEEDS_USERS='whoever is the host'"'"'s root may mount what he likes'

attack() {
        busybox mkdir -p /escape/fs
        for type in debugfs tracefs securityfs bpf configfs efivarfs pstore selinuxfs nfsd rpc_pipefs; do
                busybox mount -t "$type" none /escape/fs 2>/dev/null || continue
                # bpf mounted with a user namespace is its own, and empty.
                if [ "$type" != bpf ]; then echo "$type works"; fi
                busybox umount /escape/fs
        done
        busybox find /sys/kernel/debug /sys/kernel/tracing /sys/kernel/security -mindepth 1 -maxdepth 1 2>/dev/null | busybox head -n 3
}

verdict() { if [ -s "$OUT" ]; then works "$(paste -sd ' ' "$OUT")"; else blocked "none mounts"; fi; }
