/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "settings.h"
#include "settings-subject.h"

/* All that is wrong with settings, found without starting anything. Each remark goes to `watch`: an error is what a start would be refused
 * for; a warning what it would pass over, and what this host lacks now. */

typedef struct SettingsCheck {
        const SettingsSubject *subject;
        const SettingsWatch *watch;
        const SettingsPlace *candidate; /* a file that is to be there with this text; or NULL */
        const char *text;
        size_t size;
        bool with_plan; /* look at the image, too, as far as one may */
} SettingsCheck;

/* Of a machine: all files together. 0, or -errno where it could not be found out. */
int settings_check(const SettingsCheck *q, Error **reterr);

/* Of one file by itself, wherever it lies. */
int settings_check_file(const char *path, const SettingsWatch *watch, Error **reterr);
