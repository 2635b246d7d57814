/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>

#include "find.h"
#include "guest-journal.h"
#include "guest.h"
#include "log.h"
#include "logs.h"
#include "machine.h"
#include "mount.h"
#include "stack.h"

/* The guest's journal as a stream: of a machine that runs, as it sees its files; of one that does not, what is in its image. */

typedef struct JournalStream {
        char *machine;
        LogQuery query;
        int root;          /* O_PATH; -1: there is none to look into just now */
        pid_t leader;      /* of whom; 0: an image's */
        Image *image;      /* likewise, kept while its files are read */
        ImageStack *stack;
        GuestJournal *journal; /* NULL: it has none yet */
        uint64_t last_usec;
        bool told;
} JournalStream;

/* --- where it is ----------------------------------------------------------------------------------------------------- */

static void root_done(JournalStream *s) {
        s->root = close_fd(s->root);
        s->stack = image_stack_free(s->stack);
        image_free(s->image);
        s->image = NULL;
        s->leader = 0;
}

/* 1, or 0: it does not run, or not yet. */
static int open_running(JournalStream *s) {
        _cleanup_(machine_freep) Machine *m = NULL;
        Guest g;

        if (machine_open(s->machine, &m, NULL) < 0 || guest_open(&g, s->machine, m->record->leader, m->leader_fd, NULL) < 0)
                return 0;
        s->root = TAKE_FD(g.root);
        s->leader = m->record->leader;
        guest_done(&g);
        return s->root >= 0;
}

/* What cannot be opened has no journal to show: other verbs say why. */
static int open_image(JournalStream *s) {
        if (mount_own_namespace() < 0 || image_find(s->machine, &s->image, NULL) < 0 ||
            image_stack_open(s->image, &(StackWish){ .read_only = true, .volatility = VOLATILE_NO, .machine = s->machine }, &s->stack, NULL) < 0)
                return 0;
        s->root = fcntl(s->stack->look, F_DUPFD_CLOEXEC, 3);
        return s->root >= 0;
}

static int open_journal(JournalStream *s, uint64_t since, size_t lines, Error **reterr) {
        GuestJournalQuery q = { .since = since, .until = s->query.until, .lines = lines, .unit = s->query.unit, .priority = s->query.priority,
                                .follow = s->query.follow };

        s->journal = guest_journal_free(s->journal);
        return s->root < 0 ? 0 : guest_journal_open(s->root, &q, &s->journal, reterr);
}

/* --- the stream ------------------------------------------------------------------------------------------------------ */

static int journal_next(void *state, LogLine *ret, _unused_ Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        JournalStream *s = state;
        GuestJournalEntry e;
        int r = s->journal ? guest_journal_next(s->journal, &e, &error) : 0;

        if (r < 0 && !s->told) { /* the console is still to be seen */
                log_warning("%s: %s, ignoring", s->machine, error->message);
                s->told = true;
        }
        if (r <= 0)
                return 0;
        s->last_usec = e.usec;
        *ret = (LogLine){ .machine = s->machine, .source = LOG_JOURNAL, .kind = LOG_KIND_LINE, .usec = e.usec, .priority = e.priority,
                          .identifier = *e.identifier ? e.identifier : NULL, .pid = *e.pid ? e.pid : NULL,
                          .unit = *e.unit ? e.unit : NULL, .text = e.text };
        return 1;
}

static void journal_free(void *state) {
        JournalStream *s = state;

        guest_journal_free(s->journal);
        root_done(s);
        free(s->machine);
        free(s);
}

static const LogStreamType journal_type = { journal_next, journal_free };

int log_journal_open(const char *machine, const LogQuery *q, LogStream **ret, Error **reterr) {
        JournalStream *s = calloc(1, sizeof(*s));
        int r;

        *ret = s && (s->machine = strdup(machine)) ? calloc(1, sizeof(**ret)) : NULL;
        if (!*ret) {
                if (s)
                        free(s->machine);
                free(s);
                return error_oom(reterr);
        }
        **ret = (LogStream){ .type = &journal_type, .state = s };
        s->query = *q;
        s->root = -1;
        r = log_boot_times(machine, q, &s->query.since, &s->query.until, reterr);
        if (r >= 0 && !open_running(s))
                (void) open_image(s);
        if (r >= 0)
                r = open_journal(s, s->query.since, q->lines, reterr);
        if (r < 0) {
                log_stream_free(*ret);
                *ret = NULL;
        }
        return r;
}

int log_journal_refresh(LogStream *stream, Error **reterr) {
        JournalStream *s = stream->state;
        _cleanup_(machine_freep) Machine *m = NULL;
        bool moved = machine_open(s->machine, &m, NULL) >= 0 && m->record->leader != s->leader;

        if (moved) {
                root_done(s);
                (void) open_running(s);
        }
        if (s->root < 0 || (s->journal && !moved && !guest_journal_has_changed(s->journal, s->root)))
                return 0;
        return open_journal(s, s->last_usec > 0 ? s->last_usec + 1 : s->query.since, SIZE_MAX, reterr);
}

int log_journal_fd(const LogStream *stream) {
        const JournalStream *s = stream->state;

        return s->journal ? guest_journal_fd(s->journal) : -1;
}

const char *log_journal_other(const LogStream *stream) {
        const JournalStream *s = stream->state;

        return s->journal || s->root < 0 ? NULL : guest_log_file(s->root);
}
