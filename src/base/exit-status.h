/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* nbox's own exit statuses beside those of what ran inside: as timeout(1), env(1) and the shells have them, so that scripts need not
 * learn others. 128+N is an end by signal N. */
enum {
        EXIT_TIMED_OUT = 124,      /* a stop that took too long */
        EXIT_OWN_FAILURE = 125,           /* nbox itself failed */
        EXIT_CANNOT_EXECUTE = 126,
        EXIT_NOT_FOUND = 127,
};
