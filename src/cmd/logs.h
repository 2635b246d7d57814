/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "machine-end.h"

/* What `nbox logs` is made of, and the last lines of `nbox status`: lines of several sources, by time, in one of journalctl's forms. All of their
 * text is the guest's: it is shown without control characters. */

typedef enum LogSource {
        LOG_CONSOLE = 1 << 0,
        LOG_JOURNAL = 1 << 1, /* the guest's */
} LogSource;

typedef enum LogKind {
        LOG_KIND_LINE,
        LOG_KIND_BEGIN, /* of a life */
        LOG_KIND_LOST,  /* what is missing; text says how much */
        LOG_KIND_END,   /* of a life; text is machine-end.h's line */
} LogKind;

typedef struct LogLine {
        const char *machine;
        LogSource source;
        LogKind kind;
        uint64_t usec;  /* CLOCK_REALTIME; of the guest's journal: its word */
        uint64_t boot;  /* of the console: which life, counted over all; else 0 */
        int priority;   /* of the journal: 0 to 7, or -1 */
        const char *identifier, *pid, *unit; /* of the journal; or NULL */
        const char *text;
} LogLine;

typedef struct LogQuery {
        unsigned sources;
        uint64_t since, until;  /* CLOCK_REALTIME µs; 0, UINT64_MAX: all */
        size_t lines;           /* the last ones; SIZE_MAX: all */
        bool one_boot;
        long boot;              /* as journalctl -b: 0 the last, -1 the one before, 1 the first that is kept */
        const char *unit;       /* of the journal; NULL: all */
        int priority;           /* of the journal: up to this; -1: all */
        bool follow;
} LogQuery;

#define LOG_QUERY_ALL (LogQuery){ .sources = LOG_CONSOLE | LOG_JOURNAL, .until = UINT64_MAX, .lines = SIZE_MAX, .priority = -1 }

/* --- forms ---------------------------------------------------------------------------------------------------------- */

typedef enum LogFormat {
        LOG_SHORT,
        LOG_SHORT_FULL,
        LOG_SHORT_ISO,
        LOG_SHORT_ISO_PRECISE,
        LOG_SHORT_PRECISE,
        LOG_SHORT_UNIX,
        LOG_WITH_UNIT,
        LOG_VERBOSE,
        LOG_CAT,
        LOG_JSON,
        LOG_JSON_PRETTY,
} LogFormat;

int log_format_parse(const char *s, LogFormat *ret, Error **reterr);
void log_formats_list(char *buf, size_t size); /* "short, short-full, …" */

/* One entry on standard output. `indent`: blanks before each line. */
void log_print(const LogLine *l, LogFormat format, unsigned indent);
json_t *log_line_to_json(const LogLine *l); /* a new reference, or NULL */

/* --- one machine's lines, a stream in the order in which they were written ------------------------------------------- */

typedef struct LogStream LogStream;

/* NULL in *ret: there is nothing of that kind. */
int log_console_open(const char *machine, const LogQuery *q, LogStream **ret, Error **reterr);

/* The guest's journal; one that has none is an empty stream. */
int log_journal_open(const char *machine, const LogQuery *q, LogStream **ret, Error **reterr);

/* Where it is followed: after the journal's files or the machine's root have changed, go on with the new ones. */
int log_journal_refresh(LogStream *journal, Error **reterr);
int log_journal_fd(const LogStream *journal); /* readable when there is more; -1 */

/* Where the guest keeps another kind of log, if it has no journal: a path inside, or NULL. */
const char *log_journal_other(const LogStream *journal);

/* When the boot was that the query wants, if it wants one: narrows what is there. */
int log_boot_times(const char *machine, const LogQuery *q, uint64_t *since, uint64_t *until, Error **reterr);

/* 1: *ret, valid until the next call; 0: no more (for now, where it is followed); -errno. */
int log_stream_next(LogStream *s, LogLine *ret, Error **reterr);
void log_stream_free(LogStream *s);
DEFINE_CLEANUP(LogStream *, log_stream_free);

/* A kind of stream. */
typedef struct LogStreamType {
        int (*next)(void *state, LogLine *ret, Error **reterr);
        void (*free)(void *state);
} LogStreamType;

struct LogStream {
        const LogStreamType *type;
        void *state;
        LogLine head; /* read ahead by who merges */
        bool has_head;
};

/* --- all of them ------------------------------------------------------------------------------------------------------ */

typedef int (*LogSink)(const LogLine *l, void *userdata); /* < 0 ends */

/* All that the streams have now, by time, the last `lines`. */
int log_merge(LogStream **streams, size_t n, size_t lines, LogSink sink, void *userdata, Error **reterr);

/* Open what the query wants of these machines, print it, and follow it until each has ended. */
int log_show(char **machines, size_t n, const LogQuery *q, LogFormat format, Error **reterr);

/* The last lines of the last boot of one machine; nothing where there are none. */
int log_tail(const char *machine, size_t lines, LogSink sink, void *userdata);

/* "100", "all" */
int log_lines_parse(const char *s, size_t *ret, Error **reterr);

/* --- times ------------------------------------------------------------------------------------------------------------- */

/* As journalctl takes them: "2026-11-23 01:02:03", "01:02", "yesterday", "today", "now", "-1h", "1h ago", "@UNIX". */
int log_time_parse(const char *s, uint64_t now_usec, uint64_t *ret, Error **reterr);
