/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "config.h"
#include "error.h"
#include "machine-stream.h"

/* Settings files as they are moved from host to host. */

typedef struct SettingsFile {
        char *path;
        char **sources; /* the files that it was made of, if it was found here */
        StreamSettings place;
        mode_t mode;
        char *text; /* may hold secrets (SetCredential=): erased with it */
        size_t size;
} SettingsFile;

void settings_file_done(SettingsFile *f);

/* What counts for a machine whose image lies in `directory`, as one file: 1, or 0 where it has none. Drop-ins are in it, one after the other, as they
 * are read; not with a file beside the image, which is not trusted as they are. */
int settings_file_find(const char *machine, const char *directory, SettingsFile *ret, Error **reterr);

/* The path that one from such a place has for a machine on this host; the caller's, NULL on out of memory. What stood in /run, which is
 * empty after each boot of the host, stands in /etc. */
char *settings_file_path(StreamSettings place, const char *machine, const char *directory);

/* The same of settings that are parsed already: what is missing, each as "PATH (Bind=)", its path first. */
int settings_missing(const MachineConfig *c, char ***ret, Error **reterr);

/* What settings name of their host that this one has not, each as words for a sentence ("/srv/data (Bind=)"); the caller's, NULL: nothing.
 * -EBADMSG with an Error: they cannot be understood. */
int settings_file_missing(const SettingsFile *f, char ***ret, Error **reterr);
