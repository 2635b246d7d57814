/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "cleanup.h"
#include "error.h"

/* What nbox says to its user goes to stderr, one line a call, "nbox: " before it; in a unit, stderr is the
 * journal and lines carry a <N> level prefix. NBOX_LOG_LEVEL=debug|info|warning|error (default info) filters.
 * Control bytes in what is logged are shown as \xNN: names and messages may come from a guest. */

typedef enum LogLevel {
        LOG_LEVEL_ERROR = 3,
        LOG_LEVEL_WARNING = 4,
        LOG_LEVEL_INFO = 6,
        LOG_LEVEL_DEBUG = 7,
} LogLevel;

/* Whether what is logged at that level is shown. */
bool log_shows(LogLevel level);

/* --quiet: from now on only warnings and errors, also of the processes that are started (by the variable). */
void log_be_quiet(void);

void log_line(LogLevel level, const char *fmt, ...) _printf_(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Print an error and its hint; r stands in where e is NULL. Returns r. */
int log_report(LogLevel level, int r, const Error *e);

/* Whether colour may be written to fd: a terminal, NO_COLOR unset, TERM not dumb. */
bool colors_wanted(int fd);
