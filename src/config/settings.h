/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"

#define SETTINGS_SIZE_MAX ((size_t) 64 * 1024) /* bytes; the longest that people write have a few hundred */

/* Parse the text of one settings file into c (a fresh one). `text` is changed; `path` is for messages only.
 * In an untrusted file privileged keys are warned about and ignored. */
int settings_parse(MachineConfig *c, const char *path, bool trusted, char *text, size_t size, Error **reterr);

/* The text of one: 1, or 0 when there is no such file. One that is not trusted must be a file, not a link. *ret is the caller's. */
int settings_read_file(const char *path, bool trusted, char **ret, size_t *ret_size, Error **reterr);

/* Where settings of a machine can stand, first match wins: SETTINGS_PLACES paths, the last of them beside its image, where `directory` is
 * the one that the image lies in (NULL: left out). The same places in the same order for each name. The caller's. */
#define SETTINGS_PLACES 5
int settings_paths(const char *machine, const char *directory, char ***ret);
