/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>

#include "console-log.h"
#include "log.h"
#include "logs.h"
#include "record.h"

/* What is there, and then what comes, until the machines have ended. That a machine has ended is said by its log, but not where its supervisor
 * was killed: so now and then it is looked whether anybody holds its name. */

#define LOOK_MSEC 500

typedef struct Followed {
        const char *machine;
        LogStream *console, *journal; /* NULL: it is not asked for, or there is none yet */
        bool ended;     /* its log says so, and not that it reboots */
        bool told;      /* and so have we */
        bool waits;     /* nobody had its name when it was looked at last */
} Followed;

typedef struct Show {
        const LogQuery *query;
        LogFormat format;
        Followed *machines;
        size_t n;
} Show;

static void followed_done(Followed *f) {
        log_stream_free(f->console);
        log_stream_free(f->journal);
}

static void show_done(Show *s) {
        for (size_t i = 0; i < s->n; i++)
                followed_done(&s->machines[i]);
        free(s->machines);
}

static Followed *by_name(Show *s, const char *machine) {
        for (size_t i = 0; i < s->n; i++)
                if (strcmp(s->machines[i].machine, machine) == 0)
                        return &s->machines[i];
        return NULL;
}

static void note(Show *s, const LogLine *l) {
        Followed *f = by_name(s, l->machine);
        MachineEnd end;

        if (!f || (l->kind != LOG_KIND_BEGIN && l->kind != LOG_KIND_END))
                return;
        if (l->kind == LOG_KIND_END)
                machine_end_parse(l->text, &end);
        f->ended = l->kind == LOG_KIND_END && end.kind != END_REBOOT;
}

static int print_line(const LogLine *l, void *userdata) {
        Show *s = userdata;

        log_print(l, s->format, 0);
        return 0;
}

static int flush_output(void) {
        return fflush(stdout) != 0 || ferror(stdout) ? -errno : 0;
}

/* All that came since on one of them. */
static int print_stream(Show *s, LogStream *stream, Error **reterr) {
        LogLine l;
        int r;

        while ((r = log_stream_next(stream, &l, reterr)) > 0) {
                log_print(&l, s->format, 0);
                note(s, &l);
        }
        return r;
}

static int print_new(Show *s, Followed *f, Error **reterr) {
        int r = 0;

        if (f->journal)
                r = log_journal_refresh(f->journal, reterr);
        if (r >= 0 && f->journal)
                r = print_stream(s, f->journal, reterr);
        if (r >= 0 && !f->console && (s->query->sources & LOG_CONSOLE)) /* its first start may come only now */
                r = log_console_open(f->machine, s->query, &f->console, reterr);
        if (r >= 0 && f->console)
                r = print_stream(s, f->console, reterr);
        return r < 0 ? r : flush_output();
}

static bool is_held(const char *machine) {
        _cleanup_close_ int lock = record_lock(machine, NULL);

        return lock == -EBUSY || lock == -EACCES;
}

/* Between two lives of a service systemd holds the name. One that nobody holds is asked for twice: who starts may be about to take it. */
static int look_after(Show *s, Followed *f, Error **reterr) {
        bool held = is_held(f->machine);
        int r = print_new(s, f, reterr);

        if (r < 0 || f->told)
                return r;
        f->told = !held && (f->ended || f->waits);
        f->waits = !held;
        if (f->told && !f->ended && s->format != LOG_JSON && s->format != LOG_JSON_PRETTY)
                log_info("%s does not run", f->machine);
        return 0;
}

static bool all_told(const Show *s) {
        for (size_t i = 0; i < s->n; i++)
                if (!s->machines[i].told)
                        return false;
        return true;
}

static void watch(int inotify, const char *machine) {
        char path[256];

        snprintf(path, sizeof(path), CONSOLE_LOG_DIRECTORY "/%s", machine);
        (void) inotify_add_watch(inotify, path, IN_MODIFY | IN_CREATE | IN_ONLYDIR);
}

/* Until something has been written, or it is time to look whether they are still there. */
static void wait_for_more(const Show *s, int inotify, struct pollfd *fds) {
        char events[4096];
        nfds_t n = 0;

        fds[n++] = (struct pollfd){ .fd = inotify, .events = POLLIN };
        for (size_t i = 0; i < s->n; i++)
                if (s->machines[i].journal)
                        fds[n++] = (struct pollfd){ .fd = log_journal_fd(s->machines[i].journal), .events = POLLIN };
        (void) poll(fds, n, LOOK_MSEC);
        while (read(inotify, events, sizeof(events)) > 0)
                ;
}

static int follow(Show *s, Error **reterr) {
        _cleanup_close_ int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        _cleanup_free_ struct pollfd *fds = calloc(s->n + 1, sizeof(*fds));
        int r = 0;

        if (inotify < 0 || !fds)
                return error_errno(reterr, errno, "Cannot watch logs");
        while (r >= 0) {
                for (size_t i = 0; i < s->n && r >= 0; i++) {
                        watch(inotify, s->machines[i].machine);
                        r = look_after(s, &s->machines[i], reterr);
                }
                if (r < 0 || all_told(s))
                        break;
                wait_for_more(s, inotify, fds);
        }
        return r;
}

/* Its name may be wrong, or it has not been started since there are logs. */
static int nothing(const char *machine, unsigned sources, Error **reterr) {
        if (!(sources & LOG_CONSOLE)) {
                error_set(reterr, ENOENT, "There is no journal of a machine '%s'", machine);
                return error_hint(reterr, -ENOENT, "Not every init keeps one; `nbox logs --console %s` shows what stood on its console.", machine);
        }
        error_set(reterr, ENOENT, "There is no log of a machine '%s'", machine);
        return error_hint(reterr, -ENOENT, "Logs begin with a machine's start: `nbox boot %s`. `nbox list` and `nbox images` list names.", machine);
}

/* What the query wants of one machine. */
static int open_streams(const Show *s, Followed *f, Error **reterr) {
        int r = 0;

        if (s->query->sources & LOG_CONSOLE)
                r = log_console_open(f->machine, s->query, &f->console, reterr);
        if (r >= 0 && (s->query->sources & LOG_JOURNAL))
                r = log_journal_open(f->machine, s->query, &f->journal, reterr);
        if (r >= 0 && !f->console && !is_held(f->machine) && (!f->journal || log_journal_fd(f->journal) < 0))
                return nothing(f->machine, s->query->sources, reterr);
        return r;
}

/* Every init is a guest like others: one without a journal has its log elsewhere. */
static void tell_of_others(const Show *s) {
        for (size_t i = 0; i < s->n && s->format < LOG_CAT; i++) {
                const char *path = s->machines[i].journal ? log_journal_other(s->machines[i].journal) : NULL;

                if (path)
                        log_info("%s keeps a log of its own in %s: `nbox exec %s tail -f %s` shows it", s->machines[i].machine, path,
                                 s->machines[i].machine, path);
        }
}

int log_show(char **machines, size_t n, const LogQuery *q, LogFormat format, Error **reterr) {
        _cleanup_(show_done) Show s = { .query = q, .format = format };
        _cleanup_free_ LogStream **streams = calloc(2 * n + 1, sizeof(*streams));
        size_t n_streams = 0;
        int r = 0;

        s.machines = calloc(n + 1, sizeof(*s.machines));
        if (!s.machines || !streams)
                return error_oom(reterr);
        while (r >= 0 && s.n < n) {
                Followed *f = &s.machines[s.n];

                f->machine = machines[s.n++];
                r = open_streams(&s, f, reterr);
                if (f->console)
                        streams[n_streams++] = f->console;
                if (f->journal)
                        streams[n_streams++] = f->journal;
        }
        if (r >= 0)
                r = log_merge(streams, n_streams, q->lines, print_line, &s, reterr);
        if (r >= 0 && (r = flush_output()) < 0)
                return error_errno(reterr, r, "Cannot write");
        if (r >= 0 && !q->follow)
                tell_of_others(&s);
        return r >= 0 && q->follow ? follow(&s, reterr) : r;
}
