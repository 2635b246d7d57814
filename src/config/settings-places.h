/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Where settings of a machine stand: one main file, the first that is found, and drop-ins, which add to it. See settings-places.c. */

typedef struct SettingsPlace {
        char *path;
        bool is_drop_in;
        bool is_beside;      /* it lies beside the image, and may have come with it */
        bool has_specifiers; /* it is one of ours: "%n" means something */
} SettingsPlace;

typedef struct SettingsPlaces {
        SettingsPlace *items; /* in the order in which they are read: the main file, if there is one, then drop-ins */
        size_t n;
} SettingsPlaces;

void settings_places_done(SettingsPlaces *p);

/* Where the main file can stand, first match wins: SETTINGS_PLACES paths, the last of them beside its image, where `directory` is
 * the one that the image lies in (NULL: left out). The same places in the same order for each name. The caller's. */
#define SETTINGS_PLACES 5
int settings_paths(const char *machine, const char *directory, char ***ret);

/* The directories of its drop-ins, there or not, the highest first; NULL-terminated. The caller's. */
int settings_drop_in_directories(const char *machine, char ***ret);

/* Those of the administrator's, in /etc and /run, alone: they go where the machine goes. */
bool settings_path_is_packaged(const char *path);

/* What of it is there. A drop-in directory that cannot be read is an error: half of the settings are not the settings. */
int settings_places_find(const char *machine, const char *directory, SettingsPlaces *ret, Error **reterr);

/* Such a place for a path of somebody's: beside-ness and specifiers told by what it is called. */
int settings_place_of(const char *path, bool is_beside, SettingsPlace *ret);
