/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "logs.h"
#include "parse.h"

/* Several streams, each in its own order, as one by time; and the last lines of it. */

int log_stream_next(LogStream *s, LogLine *ret, Error **reterr) {
        if (s->has_head) {
                s->has_head = false;
                *ret = s->head;
                return 1;
        }
        return s->type->next(s->state, ret, reterr);
}

void log_stream_free(LogStream *s) {
        if (!s)
                return;
        s->type->free(s->state);
        free(s);
}

/* A line that outlives its stream. */
typedef struct KeptLine {
        LogLine line;
        char *strings[4];
} KeptLine;

/* The last lines, and what stands between them and is no line. */
typedef struct Tail {
        KeptLine *kept;
        size_t room, first, end; /* [first, end) are kept */
        size_t lines, wanted;
} Tail;

static void kept_done(KeptLine *k) {
        for (size_t i = 0; i < ELEMENTSOF(k->strings); i++) {
                free(k->strings[i]);
                k->strings[i] = NULL;
        }
}

static bool is_line(const LogLine *l) {
        return l->kind == LOG_KIND_LINE;
}

static void drop_first(Tail *t) {
        t->lines -= is_line(&t->kept[t->first].line);
        kept_done(&t->kept[t->first++]);
}

static int make_room(Tail *t) {
        KeptLine *more;

        if (t->end < t->room)
                return 0;
        if (t->first > t->room / 2) {
                memmove(t->kept, t->kept + t->first, (t->end - t->first) * sizeof(*t->kept));
                t->end -= t->first;
                t->first = 0;
                return 0;
        }
        more = reallocarray(t->kept, t->room ? 2 * t->room : 64, sizeof(*more));
        if (!more)
                return -ENOMEM;
        t->kept = more;
        t->room = t->room ? 2 * t->room : 64;
        return 0;
}

static int keep(Tail *t, const LogLine *l) {
        const char *const from[] = { l->text, l->identifier, l->pid, l->unit };
        KeptLine *k;

        if (make_room(t) < 0)
                return -ENOMEM;
        k = &t->kept[t->end++];
        *k = (KeptLine){ .line = *l };
        for (size_t i = 0; i < ELEMENTSOF(from); i++)
                if (from[i] && !(k->strings[i] = strdup(from[i])))
                        return -ENOMEM;
        k->line.text = k->strings[0];
        k->line.identifier = k->strings[1];
        k->line.pid = k->strings[2];
        k->line.unit = k->strings[3];
        t->lines += is_line(l);
        while (t->lines > t->wanted)
                drop_first(t);
        return 0;
}

static void tail_done(Tail *t) {
        while (t->first < t->end)
                drop_first(t);
        free(t->kept);
}

/* The stream whose next line is the oldest; NULL: all are through. */
static int choose(LogStream **streams, size_t n, LogStream **ret, Error **reterr) {
        *ret = NULL;
        for (size_t i = 0; i < n; i++) {
                LogStream *s = streams[i];

                if (!s->has_head) {
                        int r = s->type->next(s->state, &s->head, reterr);

                        if (r < 0)
                                return r;
                        s->has_head = r > 0;
                }
                if (s->has_head && (!*ret || s->head.usec < (*ret)->head.usec))
                        *ret = s;
        }
        return *ret != NULL;
}

static int merge(LogStream **streams, size_t n, Tail *tail, LogSink sink, void *userdata, Error **reterr) {
        LogStream *s;
        int r;

        while ((r = choose(streams, n, &s, reterr)) > 0) {
                s->has_head = false;
                r = tail->wanted == SIZE_MAX ? sink(&s->head, userdata) : keep(tail, &s->head);
                if (r < 0)
                        return r == -ENOMEM ? error_oom(reterr) : error_errno(reterr, r, "Cannot write");
        }
        return r;
}

int log_merge(LogStream **streams, size_t n, size_t lines, LogSink sink, void *userdata, Error **reterr) {
        _cleanup_(tail_done) Tail tail = { .wanted = lines };
        int r = merge(streams, n, &tail, sink, userdata, reterr);

        for (size_t i = tail.first; r >= 0 && i < tail.end; i++)
                r = sink(&tail.kept[i].line, userdata);
        return r;
}

int log_tail(const char *machine, size_t lines, LogSink sink, void *userdata) {
        _cleanup_(log_stream_freep) LogStream *console = NULL;
        LogQuery q = LOG_QUERY_ALL;
        int r;

        q.one_boot = true;
        q.lines = lines;
        r = log_console_open(machine, &q, &console, NULL);
        return r < 0 || !console ? r : log_merge(&console, 1, lines, sink, userdata, NULL);
}

int log_lines_parse(const char *s, size_t *ret, Error **reterr) {
        uint64_t n = 0;

        if (strcmp(s, "all") != 0 && parse_u64(s, UINT32_MAX, &n) < 0)
                return error_set(reterr, EINVAL, "'%s' is no number of lines; it takes a number, or 'all'", s);
        *ret = strcmp(s, "all") == 0 ? SIZE_MAX : (size_t) n;
        return 0;
}
