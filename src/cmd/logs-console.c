/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "console-read.h"
#include "logs.h"

/* The console as a stream. */

typedef struct ConsoleStream {
        char *machine;
        LogQuery query;
        ConsoleReader reader;
        ConsoleEntry ahead;     /* the begin of a life, kept back while the end of the one before is said */
        bool has_ahead;
        uint64_t open_life;     /* begun, and not ended yet */
        uint64_t last_usec;
} ConsoleStream;

/* One that was cut off has no end of its own. */
static bool is_cut_off(const ConsoleStream *s, const ConsoleEntry *e) {
        return e->kind == CONSOLE_BEGIN && s->open_life != 0 && s->open_life != e->life;
}

static int next_entry(ConsoleStream *s, ConsoleEntry *ret) {
        int r = 1;

        *ret = s->ahead;
        if (!s->has_ahead)
                r = console_reader_next(&s->reader, ret);
        s->has_ahead = false;
        if (r > 0 && is_cut_off(s, ret)) {
                s->ahead = *ret;
                s->has_ahead = true;
                *ret = (ConsoleEntry){ .life = s->open_life, .usec = s->last_usec, .kind = CONSOLE_END,
                                       .text = machine_end_word(END_UNKNOWN) };
        }
        if (r > 0 && (ret->kind == CONSOLE_BEGIN || ret->kind == CONSOLE_END))
                s->open_life = ret->kind == CONSOLE_BEGIN ? ret->life : 0;
        if (r > 0)
                s->last_usec = ret->usec;
        return r;
}

static LogKind kind_of(ConsoleLogKind kind) {
        return kind == CONSOLE_BEGIN ? LOG_KIND_BEGIN : kind == CONSOLE_LOST ? LOG_KIND_LOST : kind == CONSOLE_END ? LOG_KIND_END
                                                                                                              : LOG_KIND_LINE;
}

static int console_next(void *state, LogLine *ret, Error **reterr) {
        ConsoleStream *s = state;
        ConsoleEntry e = { .usec = s->last_usec };
        int r;

        while ((r = next_entry(s, &e)) > 0) {
                if (e.usec < s->query.since || e.usec > s->query.until)
                        continue;
                *ret = (LogLine){ .machine = s->machine, .source = LOG_CONSOLE, .kind = kind_of(e.kind), .usec = e.usec, .boot = e.life,
                                  .priority = -1, .text = e.text };
                return 1;
        }
        return r < 0 ? error_errno(reterr, r, "Cannot read the console log of '%s'", s->machine) : 0;
}

static void console_free(void *state) {
        ConsoleStream *s = state;

        console_reader_done(&s->reader);
        free(s->machine);
        free(s);
}

static const LogStreamType console_type = { console_next, console_free };

/* Which lives a query wants. */
static int choose_lives(const char *machine, const LogQuery *q, uint64_t *from, uint64_t *to, Error **reterr) {
        _cleanup_free_ uint64_t *lives = NULL;
        size_t n = 0;
        long index;
        int r;

        *from = 0;
        *to = UINT64_MAX;
        if (!q->one_boot)
                return 0;
        r = console_lives(machine, &lives, &n);
        if (r < 0)
                return r == -ENOENT ? 0 : error_errno(reterr, r, "Cannot read the console log of '%s'", machine);
        index = q->boot > 0 ? q->boot - 1 : (long) n - 1 + q->boot;
        if (index < 0 || index >= (long) n) {
                error_set(reterr, ENOENT, "There is no boot %ld of the machine '%s' in its log", q->boot, machine);
                return error_hint(reterr, -ENOENT, "%zu are kept: 0 is the last one, -1 the one before it, 1 the first.", n);
        }
        *from = *to = lives[index];
        if (q->follow)
                *to = UINT64_MAX;
        return 0;
}

/* When its first line was written; 0: that is not known. */
static uint64_t begin_of(const char *machine, uint64_t from_life, uint64_t to_life) {
        ConsoleReader reader;
        ConsoleEntry e = {};
        uint64_t usec = 0;

        if (console_reader_open(&reader, machine, from_life, to_life) < 0)
                return 0;
        if (console_reader_next(&reader, &e) > 0)
                usec = e.usec;
        console_reader_done(&reader);
        return usec;
}

int log_boot_times(const char *machine, const LogQuery *q, uint64_t *since, uint64_t *until, Error **reterr) {
        uint64_t from, to, begin, end;
        int r = choose_lives(machine, q, &from, &to, reterr);

        if (r < 0 || from == 0)
                return r;
        begin = begin_of(machine, from, from);
        end = to == UINT64_MAX ? 0 : begin_of(machine, from + 1, UINT64_MAX);
        *since = begin > *since ? begin : *since;
        *until = end > 0 && end < *until ? end : *until;
        return 0;
}

int log_console_open(const char *machine, const LogQuery *q, LogStream **ret, Error **reterr) {
        ConsoleStream *s;
        uint64_t from, to;
        int r;

        *ret = NULL;
        r = choose_lives(machine, q, &from, &to, reterr);
        if (r < 0)
                return r;
        s = calloc(1, sizeof(*s));
        if (!s || !(s->machine = strdup(machine))) {
                free(s);
                return error_oom(reterr);
        }
        s->query = *q;
        r = console_reader_open(&s->reader, machine, from, to);
        if (r >= 0 && (*ret = calloc(1, sizeof(**ret)))) {
                **ret = (LogStream){ .type = &console_type, .state = s };
                return 0;
        }
        console_free(s);
        return r == -ENOENT ? 0 : r < 0 ? error_errno(reterr, r, "Cannot read the console log of '%s'", machine) : error_oom(reterr);
}
