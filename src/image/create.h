/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Making trees. A tree is built under a hidden name beside its place (unfinished.h), and renamed when it is whole: what has a name is a
 * tree that boots. */

typedef struct CreateRequest {
        const char *name;      /* a valid machine name */
        const char *directory; /* where the tree itself shall be, absolute or relative; NULL: IMAGE_DIRECTORY/name */
        const char *os;        /* "busybox", "debian", "debian:trixie", "ubuntu:jammy" */
        const char *mirror;    /* URL, or NULL for the builder's own default */
        const char *keyring;   /* file of the keys that the mirror's packages are signed with, or NULL, likewise */
        char *const *packages; /* more packages, each name by itself; or NULL */
        const char *user;      /* the first user besides root, or NULL */
        const char *ssh_key;   /* file of public keys (ssh-key.h) for that user, or else for root; with a server of ssh; or NULL */
} CreateRequest;

/* Make it. SIGINT, SIGTERM and SIGHUP are taken meanwhile: they end it with -EINTR, nothing left. Needs root. Moves the
 * process into a mount namespace of its own. *ret_path is the tree's path, *ret_note what to tell the user of how to
 * log in; both the caller's. */
int image_create(const CreateRequest *request, char **ret_path, char **ret_note, Error **reterr);
