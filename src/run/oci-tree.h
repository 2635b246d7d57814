/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "oci-spec.h"

/* A container's tree, in three steps. What is the host's is opened by the host's root, before init is born: the root file system and the
 * sources of binds, as detached mounts with their attributes and ids. Init, in its own mount namespace, puts one after the other where it
 * belongs, each place opened once and beneath the root, and makes the file systems of its own namespaces. It then enters the tree and
 * covers what is to be hidden or read-only. */

typedef struct OciTree {
        int root;    /* detached; or -1 */
        int nodes;   /* likewise: the devices by their numbers, where init cannot make them; or -1 */
        int *mounts; /* for each mount of the bundle's: detached, or -1 */
        size_t n;
} OciTree;

#define OCI_TREE_NONE ((OciTree){ .root = -1, .nodes = -1 })

/* On the host. */
int oci_tree_open(const OciSpec *s, OciTree *ret, Error **reterr);
void oci_tree_close(OciTree *t);

/* As init. */
int oci_tree_build(const OciSpec *s, OciTree *t, Error **reterr);
int oci_tree_enter(const OciSpec *s, OciTree *t, bool pivot, Error **reterr);
int oci_tree_cover(const OciSpec *s, Error **reterr);

/* oci-devices.c: on the host, nodes for a container with ids of its own, in which nobody makes any: an fd, or -EPERM where we may not either;
 * and by init, /dev, once the mounts are there. nodes: those, or -1. */
int oci_devices_prepare(const OciSpec *s, Error **reterr);
int oci_devices_make(const OciSpec *s, int root, int nodes, Error **reterr);
