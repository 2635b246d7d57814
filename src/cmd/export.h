/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pack.h"
#include "still-image.h"

/* Taking an image out of here: one table of formats (export-formats.c), each with its writer in a file of its own. */

typedef struct ExportFormat ExportFormat;

typedef struct ExportJob {
        const Image *image;      /* as the user named it */
        StillImage *still;       /* what is to be written */
        const ExportFormat *format;
        Compression compression;
        int fd;                  /* a new file, O_RDWR, empty; a pipe or the like where is_stream; a new, empty directory (O_RDONLY) */
        bool is_stream;          /* cannot be seeked in */
        const char *path;        /* where that is, for messages */
        const char *filesystem;  /* of a disk image that is made (raw-image.h), or NULL */
        uint64_t size;           /* of it, bytes, or 0 */
        const CopyWatch *watch;
} ExportJob;

struct ExportFormat {
        const char *name;        /* "tar": what --format= takes, and the suffix of files; longer ones before what they end in */
        const char *help;
        bool compresses;         /* ".gz", ".xz", … may follow */
        bool compresses_parts;   /* not it, but what is in it: by a compression's name alone */
        bool is_directory;       /* what it writes is one */
        bool takes_disks;        /* a disk image is written as it is: its tree is not open then */
        bool makes_disks;        /* --filesystem= and --size= are for it */
        /* All of it into fd, whole or an error; what is there after one is removed. It is on disk, and has its name, by the caller. */
        int (*write)(const ExportJob *job, Error **reterr);
};

extern const ExportFormat export_formats[]; /* ends with an empty one */

/* By a file's name, or by a word of --format= with a dot before it: the format, and its compression. NULL: there is none. */
const ExportFormat *export_format_by_suffix(const char *file, Compression *ret);

/* Of --format=: a format's name, with a compression's suffix or without ("tar.gz"), or a compression's name ("gzip"), which leaves the
 * format as it is. 0 or -EINVAL with an Error that says what there is. */
int export_format_parse(const char *word, const ExportFormat **format, Compression *ret, Error **reterr);

int export_tar(const ExportJob *job, Error **reterr); /* export-tar.c */
int export_oci(const ExportJob *job, Error **reterr); /* export-oci.c */
int export_raw(const ExportJob *job, Error **reterr); /* export-raw.c */
