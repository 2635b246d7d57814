# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034

# bpf is the service manager's with --private-users=no, where the kernel lets root load programs; it loads no program here and reads no list.
WHAT='large parts of the kernel with a long record of holes: bpf, perf, userfaultfd, io_uring, keyrings of the host'"'"'s users'
NEEDS_USERS='bpf(2) is let through without a user namespace: service managers use it, and root is the host'"'"'s'

setup() { bring attempt; }

attack() { attempt perf_event_open bpf-load bpf-list userfaultfd io_uring add_key session-keyring; }

verdict() { verdict_of_attempts; }
