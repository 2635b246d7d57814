/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Files beside a machine's record, in its directory and gone with it: what was changed while it runs, a line each, for whoever shows it and for the
 * machine's next life. Everybody may read them, as the record; who changes one holds its lock. */

typedef struct RecordSide {
        const char *file;
        const char *lock;
        size_t size_max;  /* a larger one is damaged */
        const char *what; /* for errors: "the binds" */
} RecordSide;

/* 0 or -errno; the line may be torn apart. */
typedef int (*RecordSideLine)(char *line, void *userdata);

/* dir: of the machine's record. No file has no lines. What the callback has made by then is its caller's to free, also on errors. */
int record_side_load(const RecordSide *side, int dir, RecordSideLine each, void *userdata, Error **reterr);

/* The same of a machine by its name; without a directory of its record, too. */
int record_side_load_of(const RecordSide *side, const char *machine, RecordSideLine each, void *userdata, Error **reterr);

/* With the lock held. Frees the text; NULL is -ENOMEM. */
int record_side_save(const RecordSide *side, int dir, char *text, Error **reterr);

/* A new start of the name begins without. */
void record_side_forget(const RecordSide *side, int dir);

/* The directory of a machine that runs, and a lock for who changes the file: an fd each, the caller's. Who does not wait, as a supervisor, who
 * cannot let somebody's stopped command hold him up, gets -1 for a lock that another has. */
int record_side_open(const RecordSide *side, const char *machine, bool wait, int *ret_lock, Error **reterr);
