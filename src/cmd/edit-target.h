/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "settings-places.h"
#include "settings-subject.h"

/* The file that `nbox edit` is about, and how it is replaced. */

typedef struct EditTarget {
        SettingsPlace place; /* as it is read: where a link of the administrator's stands, that */
        char *path;          /* what is written: the same, or where the link leads */
        char *draft;         /* hidden, beside it: what the editor has */
        char *text;          /* what it is now; "" where it is not there */
        size_t size;
        bool is_new;
        mode_t mode;
        int lock;            /* of the machine's settings, as long as they are edited; or -1 */
        char *lock_name;
} EditTarget;

#define EDIT_TARGET_NONE (EditTarget){ .lock = -1 }

typedef struct EditWish {
        const SettingsSubject *subject;
        const char *drop_in; /* its name without ".conf"; NULL: the main file */
        bool runtime;        /* in /run */
} EditWish;

/* Which file; its directory is made, and nobody else edits the machine's settings meanwhile (-EBUSY). */
int edit_target_open(const EditWish *wish, EditTarget *ret, Error **reterr);

/* What killed ones have left of their locks. */
void edit_locks_sweep(void);

/* The draft goes. */
void edit_target_done(EditTarget *t);

/* The text, or what the draft has now, bounded. */
int edit_draft_write(const EditTarget *t, const char *text, size_t size, Error **reterr);
int edit_draft_read(const EditTarget *t, char **ret, size_t *ret_size, Error **reterr);

/* It takes the place of what is there: whole and on disk, or not at all. -ESTALE: somebody else has changed that meanwhile; the draft is kept. */
int edit_target_replace(EditTarget *t, const char *text, size_t size, Error **reterr);

/* It goes, and its directory, if nothing else is in it. */
int edit_target_remove(EditTarget *t, Error **reterr);
