/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "new-image.h"

/* A new image that comes with a settings file: both are there, or neither is, whoever is killed when (change.h). */

typedef struct ImageSettings {
        const char *path; /* absolute; nothing is there. Its directory is made where it is missing */
        const void *text;
        size_t size;
        mode_t mode;      /* root's */
} ImageSettings;

/* new_image_finish(), and the settings (NULL: none). -EEXIST: something has taken the place of the settings meanwhile. */
int image_add(NewImage *n, const ImageSettings *settings, Error **reterr);

/* new_image_finish_layered() likewise. Takes the store's lock, which the caller does not have. */
int image_add_layered(NewImage *n, const Store *s, const Layer *own, const ImageSettings *settings, Error **reterr);
