/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* What a machine's console said, kept over its end: CONSOLE_LOG_DIRECTORY/NAME/, root's alone, for what stands on a console may be secret.
 *
 *     LIFE-PART.log    a life is what is between two boots; they count up, and so do the parts of one
 *
 * Why not the journal: a guest that writes without end would push everybody else's lines out of it, and use up its service's share, in which
 * stands what nbox itself has to say; and hosts without systemd have none. So all is bounded here: of each life the first part and the last
 * two are kept, and of each machine the last lives.
 *
 * A part has lines "USEC KIND TEXT": CLOCK_REALTIME, one of ConsoleLogKind, and what a person would have read, without escape sequences and
 * control bytes of ASCII; whoever shows it treats it as the guest's word all the same. A line that is none of these (a full disk can cut one
 * short) is passed over. Who writes is the one that holds the machine's name (record_claim()). */

#define CONSOLE_LOG_DIRECTORY "/var/log/nbox"
#define CONSOLE_LOG_PART_MAX (512 * 1024)
#define CONSOLE_LOG_LIVES 8
#define CONSOLE_LOG_LINE_MAX 2048 /* bytes of text; what is longer is continued in another line */

typedef enum ConsoleLogKind {
        CONSOLE_BEGIN = '>', /* of a life; text: the host's boot id */
        CONSOLE_LINE = '=',
        CONSOLE_LOST = '-',  /* text: how many bytes were not kept, since they came too fast */
        CONSOLE_END = '<',   /* of a life; text: machine-end.h */
} ConsoleLogKind;

typedef struct ConsolePart {
        uint64_t life;
        uint64_t part;
} ConsolePart;

#define CONSOLE_PART_NAME_MAX 48
const char *console_part_name(ConsolePart p, char buf[CONSOLE_PART_NAME_MAX]); /* returns buf */

/* The directory of a machine's log: an fd, or -errno (-ENOENT: it has none). With `make` it is made. */
int console_log_open(const char *machine, bool make);

/* All parts that are there, oldest first; the caller's. 0 or -errno. */
int console_log_parts(int dir, ConsolePart **ret, size_t *ret_n);

/* A line without its '\n', torn apart; *ret_text points into it. */
bool console_log_parse(char *line, uint64_t *ret_usec, ConsoleLogKind *ret_kind, char **ret_text);

/* Machines that have a log, sorted; the caller's. No directory is an empty list. */
int console_log_list(char ***ret, Error **reterr);

/* With its machine: what `from` has becomes `to`'s, in place of what that has. Nothing where there is nothing. */
int console_log_rename(const char *from, const char *to, Error **reterr);
int console_log_remove(const char *machine, Error **reterr);
