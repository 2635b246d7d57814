/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pull.h"

/* A tree that was pulled as an image: on a layer that the next one of the same URL will stand on, too. */

struct ImageEntry; /* entry.h */

typedef struct ImportLayers {
        const char *name;                 /* of the image, valid */
        bool read_only;
        const struct ImageEntry *replace; /* claimed by the caller (image-replace.h), or NULL */
        const CopyWatch *watch;           /* or NULL */
} ImportLayers;

/* An image that stands on p->base. If its tree has a machine's id, each image of it gets one of its own. *ret_path is the caller's. May move the
 * process into a mount namespace of its own. */
int import_on_base(const ImportLayers *q, const Pulled *p, char **ret_path, Error **reterr);

/* Let go of all that was pulled; what no image stands on goes. */
void import_layers_done(Pulled *p);
