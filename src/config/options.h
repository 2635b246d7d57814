/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "args.h"
#include "config.h"
#include "enums.h"
#include "fields.h"

/* The one table of what can be asked of `boot` and `run`: what stands on a command line, what stands in a settings
 * file, what --help, the man pages and completion say of it. */

typedef enum OptionFlags {
        OPTION_BOOT = 1 << 0,
        OPTION_RUN = 1 << 1,
        OPTION_BOTH = OPTION_BOOT | OPTION_RUN,
        OPTION_SECRET = 1 << 6, /* what stands behind the ':' of its value is not shown */
        OPTION_NARROWS_BY_TILDE = 1 << 3, /* a list with "~" in front only takes away, and is taken from any file */
        OPTION_HIDDEN = 1 << 4, /* not shown: nbox's own */
        OPTION_PRIVILEGED = 1 << 2, /* ignored in a settings file that lies beside the image: systemd.nspawn(5)
                                     * "privileged setting", and ours that reach into the host */
} OptionFlags;

typedef struct Option Option;

/* An option as it was given. */
typedef struct OptionValue {
        const Option *option;
        const char *text; /* its argument; never NULL */
        bool from_file;   /* a settings file's: relative paths and what comes from the environment are refused */
        const char *file; /* its path, and the line: for provenance.h */
        unsigned line;
} OptionValue;

struct Option {
        ArgSpec spec; /* name and letter both unset: a settings key only */
        const char *section, *key; /* both unset: command line only */
        const char *implied;       /* its value when it is given without an argument */
        const EnumName *values;    /* the words it takes, for completion; or NULL */
        Field field;               /* what an empty assignment in a settings file resets */
        NicKind nic;               /* FIELD_NICS: of which kind its interfaces are */
        unsigned flags;
        const char *group;         /* heading in --help */
        const char *help;          /* one line, no full stop */
        const char *about;         /* for the man page, whole sentences; NULL: help says it all */
        int (*parse)(MachineConfig *c, const OptionValue *v, Error **reterr); /* NULL: looked at by cmd/ */
};

extern const Option options[];
extern const size_t n_options;

const ArgTable *option_table(void);

/* args_next() with that table; of an option that is refused (words.h) the error says why. */
int option_next(ArgCursor *a, const ArgSpec **ret, const char **ret_value, Error **reterr);

/* The option of a settings key, or NULL. */
const Option *option_find_key(const char *section, const char *key);
bool option_section_exists(const char *section);

/* Store one option's value into c, and where it came from; the error says what is allowed, and does not name the option. */
int option_store(MachineConfig *c, const OptionValue *v, Error **reterr);
