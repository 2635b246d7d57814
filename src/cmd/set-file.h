/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "edit-target.h"
#include "fields.h"

/* The drop-in that `nbox set` keeps what it sets in: /etc/nbox/NAME.conf.d/50-set.conf, resources alone. */

typedef struct SetFile {
        EditTarget target;
        MachineConfig *before; /* what it says by itself */
        MachineConfig *after;  /* and is to say */
        char *text;            /* as text; "" for nothing: then it goes */
} SetFile;

#define SET_FILE_NONE (SetFile){ .target = EDIT_TARGET_NONE }

/* texts: RESOURCES of them; "" takes one out, NULL leaves it. Nobody else changes the machine's settings until it is done. */
int set_file_open(const SettingsSubject *subject, char *const *texts, SetFile *ret, Error **reterr);
void set_file_done(SetFile *f);

int set_file_write(SetFile *f, Error **reterr);

/* What all settings of the machine come to; with f (or NULL) as if it were written already. Whatever is wrong with them is passed over here.
 * *ret is the caller's. */
int set_file_settings(const SettingsSubject *subject, const SetFile *f, MachineConfig **ret, Error **reterr);
