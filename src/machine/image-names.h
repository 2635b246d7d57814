/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "entry.h"
#include "error.h"

/* All that stands on this host under the name of an image's machine, by path. Each list is the caller's (names_done()). */

typedef struct ImageNames {
        char *machine;   /* as a boot of the image calls it; NULL: no name can be made of the image's */
        char **settings; /* the administrator's: settings files, directories of drop-ins, units' drop-ins */
        char **wants;    /* links that start it with the host */
        char **beside;   /* files beside the image that are its own: settings that came with it, what verifies a disk image; snapshots */
} ImageNames;

void image_names_done(ImageNames *n);

/* What is there. */
int image_names_find(const ImageEntry *e, ImageNames *ret, Error **reterr);

/* Whether it starts with the host, by nbox. */
bool image_names_enabled(const ImageNames *n);

/* The path that one of them has under another image's name; NULL on out of memory. */
char *image_names_path(const char *path, const ImageEntry *e, const char *machine, const char *new_name);

/* Once they have changed: systemd reads its files anew, where it runs and any of them are its. */
void image_names_tell_systemd(const ImageNames *n);
