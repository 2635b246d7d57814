/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "copy.h"
#include "oci-config.h"
#include "store.h"
#include "unpack.h"

/* Images of OCI's image layout (image-spec 1.0, 1.1) and docker-archives (what `docker save` makes), as directories: an archive of one is
 * unpacked first. All of it is a stranger's: each blob is named by its digest, opened beneath the directory as a regular file without
 * following links, and used only when its digest is right. */

/* Whether a directory is one: 1 and which, or 0. */
typedef enum OciLayoutKind { OCI_LAYOUT, DOCKER_ARCHIVE } OciLayoutKind;
int oci_look(int directory, OciLayoutKind *ret);

typedef struct OciImport {
        int directory;
        OciLayoutKind kind;     /* as oci_look() says */
        const char *reference;  /* which of several images (tag or digest), or NULL: the only one for this architecture */
        const char *name;       /* of the new image */
        const char *place;      /* the directory that it goes to, absolute */
        const char *origin;     /* what it came from, for its settings */
        uint64_t size_max;      /* of all that its layers have, in bytes; 0: as much as there is room for */
        bool read_only;         /* as of NewImageWish */
        const CopyWatch *watch; /* or NULL */
        /* told how many bytes there are to be unpacked, compressed as they are, which is what the watch counts then; or NULL */
        void (*expect)(uint64_t bytes, void *userdata);
        void *userdata;         /* of expect() */
} OciImport;

/* What it becomes: all of it is made, but has no name. */
typedef struct OciImported {
        Store *store;        /* of the place */
        Layer *own;          /* the image's own, writable layer, held: new_image_finish_layered() */
        Layer **chain;       /* what it stands on, held until then */
        size_t n_chain;
        size_t n_shared;     /* of these, how many were there already */
        char *settings;      /* text of its settings, for who has none of that name: PLACE/NAME.nspawn */
        char **left_out;     /* sentences about what of its config is not in them, or NULL */
        enum { OCI_COMMAND, OCI_SYSTEM, OCI_NOTHING } runs; /* a program, an init, or it does not say */
        char *architecture;  /* where it is not this machine's; else NULL */
        UnpackResult result; /* of all layers that were unpacked */
} OciImported;

/* What is not named is garbage then: store_sweep(), once it is let go of. */
void oci_imported_done(OciImported *i);

/* The same of one that came to nothing: its layers go, too. */
void oci_imported_discard(OciImported *i);

/* Its layers become layers of the store (those that are there already, by the digests of the blobs down to the base, are shared), with a writable
 * one of its own on top; its config becomes settings. Moves the process into a mount namespace of its own. -ECANCELED. After a failure nothing
 * is left. As root. */
int oci_import(const OciImport *q, OciImported *ret, Error **reterr);
