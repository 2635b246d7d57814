/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "settings-places.h"

/* What the word NAME of `edit`, `cat` and `verify` stands for. */

typedef struct SettingsSubject {
        char *machine;   /* whose settings they are: its name, as a boot of the image calls it */
        char *directory; /* that its image lies in; NULL: there is none, or it cannot be looked at */
        char *image;     /* its path, or NULL likewise */
        bool runs;
} SettingsSubject;

void settings_subject_done(SettingsSubject *s);

/* A name that can be a machine's; whether there is an image of it does not matter. */
int settings_subject_find(const char *name, SettingsSubject *ret, Error **reterr);
