/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "error.h"

/* The syntax of settings files, systemd.syntax(7): "[Section]", "Key=value", lines that begin with "#" or ";" are
 * comments, a backslash at the end of a line goes on with the next (comments between are passed over). */

typedef struct IniLine {
        unsigned line;       /* where it begins, from 1 */
        const char *section; /* NULL before the first */
        const char *key;     /* NULL: this line opens the section, or is no assignment (then value is the line) */
        const char *value;   /* NULL: this line opens the section */
} IniLine;

/* Call `found` for every section and assignment, in order; a negative return ends it and is passed on.
 * `text` is changed. Bytes that no settings file has (NUL, control bytes, a byte order mark) are -EBADMSG with an
 * error that begins with the line's number; `size` is its length without a final NUL, which must be there. */
int ini_parse(char *text, size_t size, int (*found)(const IniLine *line, void *userdata, Error **reterr), void *userdata,
              Error **reterr);
