/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Images by name, changed with all that bears their name on this host: settings, what starts them with the host, limits, addresses, ids,
 * snapshots. Atomic, whoever is killed (change.h). What is in use is refused with -EBUSY and the command that ends that. Need root. */

/* -EEXIST where the new name is an image's, or has settings. Says what of the new name was there before. */
int image_rename(const char *name, const char *new_name, Error **reterr);

typedef struct RemoveRequest {
        const char *name;
        bool with_settings; /* the administrator's files in /etc and /run, too */
} RemoveRequest;

typedef struct Removed {
        size_t snapshots;  /* how many went with it */
        char **sharers;    /* images that stand on what it stood on, which stays */
        char **kept;       /* paths of settings that were left */
        char *link_target; /* it was a link, which is gone: where the image itself still is; or NULL */
} Removed;

void removed_done(Removed *r);

int image_remove(const RemoveRequest *q, Removed *ret, Error **reterr);

/* The administrator's files for an image's name, and the links that start it with the host. The caller's. */
int image_settings_list(const char *name, char ***ret, Error **reterr);
