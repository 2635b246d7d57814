/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "settings-places.h"

#define SETTINGS_SIZE_MAX ((size_t) 64 * 1024) /* bytes; the longest that people write have a few hundred */

/* Something that is wrong with a file. All is the teller's. */
typedef struct SettingsRemark {
        const char *path;
        unsigned line; /* from 1; 0: of the file as a whole */
        bool is_error; /* else it is passed over */
        const char *text;
        const char *hint; /* or NULL */
} SettingsRemark;

typedef struct SettingsWatch {
        void (*said)(void *userdata, const SettingsRemark *remark);
        void *userdata;
} SettingsWatch;

typedef struct SettingsSource {
        const char *path;           /* for messages, and for provenance.h */
        bool trusted;               /* else privileged keys are warned about and ignored */
        const char *specifiers_for; /* the machine whose name they are for; NULL: "%" stays as it is */
        const SettingsWatch *watch; /* who is told all that is wrong, and the rest is read all the same; NULL: the first error ends it, and what is passed
                                     * over is logged */
} SettingsSource;

/* Parse the text of one settings file into c, behind what c has already. `text` is changed. */
int settings_parse_part(MachineConfig *c, const SettingsSource *source, char *text, size_t size, Error **reterr);

/* Once all files are in c: what they come to together, for c's verb. `what` stands before an error. */
int settings_finish(MachineConfig *c, const char *what, Error **reterr);

/* Both for one file, without specifiers. */
int settings_parse(MachineConfig *c, const char *path, bool trusted, char *text, size_t size, Error **reterr);

/* The text of one: 1, or 0 when there is no such file. One that is not trusted must be a file, not a link; one that is may be a link to
 * /dev/null, and is empty then. *ret is the caller's. */
int settings_read_file(const char *path, bool trusted, char **ret, size_t *ret_size, Error **reterr);

typedef struct SettingsReading {
        const char *machine;
        bool trust_all; /* --settings=trusted */
        const SettingsWatch *watch;
} SettingsReading;

/* Read one and parse it into c: 1, or 0 when it is gone. */
int settings_read_place(MachineConfig *c, const SettingsPlace *place, const SettingsReading *reading, Error **reterr);
