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
        int *mounts; /* for each mount of the bundle's: detached, or -1 */
        size_t n;
} OciTree;

#define OCI_TREE_NONE ((OciTree){ .root = -1 })

/* On the host. */
int oci_tree_open(const OciSpec *s, OciTree *ret, Error **reterr);
void oci_tree_close(OciTree *t);

/* As init. */
int oci_tree_build(const OciSpec *s, OciTree *t, Error **reterr);
int oci_tree_enter(const OciSpec *s, OciTree *t, bool pivot, Error **reterr);
int oci_tree_cover(const OciSpec *s, Error **reterr);

/* oci-devices.c: /dev, once the mounts are there. */
int oci_devices_make(const OciSpec *s, int root, Error **reterr);
