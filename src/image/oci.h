/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "copy.h"
#include "oci-config.h"

/* Images of OCI's image layout (image-spec 1.0, 1.1) and docker-archives (what `docker save` makes), as directories: an archive of one is
 * unpacked first. All of it is a stranger's: each blob is named by its digest, opened beneath the directory as a regular file without
 * following links, and used only when its digest is right. */

/* Whether a directory is one: 1 and which, or 0. */
typedef enum OciLayoutKind { OCI_LAYOUT, DOCKER_ARCHIVE } OciLayoutKind;
int oci_look(int directory, OciLayoutKind *ret);

typedef struct OciImport {
        int directory;
        const char *reference; /* which of several images (tag or digest), or NULL: the only one for this architecture */
        const char *name;      /* of the new image */
        const char *origin;    /* what it came from, for its settings */
        bool force, read_only; /* as of NewImageWish */
        const CopyWatch *watch;
} OciImport;

/* Its layers become layers of the store (those that are there already, by the digests of the blobs down to the base, are shared), and the image
 * stands on them with a writable one of its own; its config becomes settings beside it. *ret_path is the caller's. */
int oci_import(const OciImport *q, char **ret_path, Error **reterr);
