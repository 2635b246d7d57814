/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "oci.h"
#include "transfer-show.h"

/* An image of OCI's, or a docker-archive, as an image of ours: on layers, with its config as settings beside it. */

struct ImageEntry; /* entry.h */

typedef struct ImportOci {
        int directory;                    /* its layout, or the archive unpacked */
        OciLayoutKind kind;               /* as oci_look() says */
        const char *reference;            /* which of several, or NULL */
        const char *name;                 /* of ours, valid */
        const char *origin;               /* what to say of where it comes from */
        uint64_t size_max;                /* of all that its layers have, in bytes; 0: as much as there is room for */
        bool read_only;
        const struct ImageEntry *replace; /* claimed by the caller (image-replace.h), or NULL */
        TransferShow *show;               /* or NULL */
} ImportOci;

/* Says what of the config is not in the settings, and how to go on. *ret_path is the caller's. Moves the process into a mount namespace of its
 * own. After a failure nothing is left. */
int import_oci(const ImportOci *q, char **ret_path, UnpackResult *ret_made, Error **reterr);
