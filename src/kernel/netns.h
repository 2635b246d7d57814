/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* Another network namespace, visited. A socket keeps the namespace that it was opened in, so a visit is short:
 * go there, open what is needed, come back. Only the calling thread moves. */

/* Open a socket (CLOEXEC) inside the namespace `netns`; -1 is our own. Returns an fd or -errno. */
int netns_socket(int netns, int domain, int type, int protocol);

/* A network namespace by its path, as `ip netns` keeps them. An fd, or -errno; -EINVAL: it is something else. */
int netns_open(const char *path);

/* Call a function in the namespace `netns` (-1: our own). Returns what it returns, or -errno. A child that it makes stays there. */
int netns_call(int netns, int (*call)(void *userdata), void *userdata);

/* Bring up the loopback interface of the namespace `netns`. 0 or -errno. */
int netns_loopback_up(int netns);

/* Call a function in a new network namespace, which goes when it returns: what is tried out leaves no trace in ours. Returns what it
 * returns, or -errno. */
int netns_try(int (*call)(void *userdata), void *userdata);

/* Write a file of /proc/sys/net/ as the namespace `netns` (-1: our own) has it: /proc/sys/net shows the namespace
 * of whoever opens it. `path` is relative to /proc/sys/net/. Returns 0 or -errno; -ENOENT where the kernel has
 * no such setting. */
int netns_sysctl_write(int netns, const char *path, const char *value);

/* Settings of one interface by IPv6, "ipv6/conf/IFNAME/KEY", in one visit, each by itself: 0, or the first error. */
typedef struct Ipv6Setting {
        const char *key, *value;
} Ipv6Setting;

int netns_ipv6_write(int netns, const char *ifname, const Ipv6Setting *settings, size_t n);

/* The same by another proc than the host's, whose root's descriptor `proc` is. Names below /proc/sys/net that are looked up for many namespaces stand in
 * one list, through which each look-up goes: by a machine's own proc, a thousandth start is not longer than the first. */
int netns_ipv6_write_by(int proc, int netns, const char *ifname, const Ipv6Setting *settings, size_t n);

/* Read such a setting of our own namespace as a number. */
int netns_sysctl_read(const char *path, int *ret);
