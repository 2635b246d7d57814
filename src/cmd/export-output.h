/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* Where an export goes: standard output, something that is there and is no file (a fifo, a tape), or a new file or directory, which has no
 * name, or a hidden one, until it is whole and on disk. A file without a name (O_TMPFILE) is gone with who makes it, however he ends; where
 * the file system has none such, and for directories, the next export to the same name removes what a dead one has left. */

typedef struct ExportOutput {
        const char *path;   /* as given; "-": standard output */
        bool directory, force; /* force: in place of what has the name */
        /* from here on by export_output_open() */
        int fd;
        bool is_stream;
        int parent;         /* of a new one */
        char *name;         /* in it */
        char *unfinished;   /* or that, until then */
        int lock;
        bool is_named;      /* unfinished is there */
} ExportOutput;

/* As the user sees it. */
const char *export_output_text(const ExportOutput *o);

/* -EEXIST: it is there, and force is not set. After a failure nothing is open. */
int export_output_open(ExportOutput *o, Error **reterr);

/* It is on disk, and has its name. */
int export_output_finish(ExportOutput *o, Error **reterr);

/* What is not finished is removed. */
void export_output_done(ExportOutput *o);
