/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "error.h"
#include "oci-spec.h"

/* A process in the namespaces that a bundle asks for: new ones, those of others by their paths, and for the rest the caller's. */

/* Those with a path, opened and of the right kind; -1 for the others. The caller's. */
typedef struct OciNamespaces {
        int fds[OCI_NS_KINDS];
} OciNamespaces;

#define OCI_NAMESPACES_NONE ((OciNamespaces){ { -1, -1, -1, -1, -1, -1, -1, -1 } })

int oci_namespaces_open(const OciSpec *s, OciNamespaces *ret, Error **reterr);
void oci_namespaces_close(OciNamespaces *n);

/* fork() into them, and into a cgroup (-1: ours): the pid, with *ret_pidfd; 0 in the child; or -errno. The child is not in its cgroup
 * namespace yet, which begins where the process is: oci_namespaces_enter_cgroup(), once it is there. A new user namespace has no maps:
 * oci_namespaces_write_maps(), by the parent. The caller's own namespaces are what they were. */
pid_t oci_namespaces_bear(const OciSpec *s, const OciNamespaces *n, int cgroup, int *ret_pidfd, Error **reterr);
int oci_namespaces_write_maps(const OciSpec *s, pid_t pid, Error **reterr);
int oci_namespaces_enter_cgroup(const OciSpec *s, Error **reterr);

/* A user namespace with these maps that nothing lives in, for mount_idmap(). */
int oci_userns_of(const OciIdMaps *uids, const OciIdMaps *gids, Error **reterr);
