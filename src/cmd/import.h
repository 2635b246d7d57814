/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "pull.h"

/* nbox import, between its command line (verb-import.c) and what it does (import.c, import-source.c). */

typedef enum ImportKind {
        IMPORT_ANY,
        IMPORT_TAR,
        IMPORT_DISK,
        IMPORT_DIRECTORY,
} ImportKind;

typedef struct ImportRequest {
        const char *file;      /* a file, a directory, "-", or a URL */
        char *name;            /* of the image */
        ImportKind kind;       /* anything else is refused */
        const char *reference; /* which image, of OCI; or NULL */
        uint64_t size_max;     /* bytes of contents; 0: as much as there is room for */
        bool force, read_only;
} ImportRequest;

/* What is to be read, opened. */
typedef struct ImportSource {
        int fd;
        char *title;        /* for people: its path, or "standard input" */
        bool is_directory;
        bool is_file;       /* a regular one, from its beginning */
        uint64_t size;      /* bytes; 0: not known */
} ImportSource;

int import_source_open(const char *file, ImportSource *ret, Error **reterr);
void import_source_done(ImportSource *s);

/* The name that an image of it gets if nobody says another: the file's without what says its format. The caller's. */
int import_name_of(const char *file, char **ret, Error **reterr);
int import_name_without_form(const char *file, char **ret, Error **reterr); /* the last component alone */

/* All of it; *ret_path is the caller's. What is to be known about it is said. */
int import_image(const ImportRequest *q, char **ret_path, Error **reterr);

/* The same of q->file, a URL, which is downloaded first; kind and size are q's. */
typedef struct ImportPull {
        VerifyMode verify;
        unsigned timeout; /* as of FetchRequest */
} ImportPull;
int import_pull(const ImportRequest *q, const ImportPull *how, char **ret_path, Error **reterr);
