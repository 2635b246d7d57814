/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>
#include <time.h>

#include "event-json.h"
#include "find.h"
#include "host-watch.h"
#include "parse.h"
#include "strv.h"
#include "table.h"
#include "values.h"
#include "verb-list.h"

/* nbox events: a line as each thing happens, until somebody has had enough of it. */

enum { OPT_FILTER = 256, OPT_COUNT, OPT_FOR_SECONDS, OPT_SINCE_NOW };

const VerbOption events_options[] = {
        { { .name = "filter", .placeholder = "EVENT" }, OPT_FILTER, "Only these events (several, or separated by commas)" },
        { { .name = "count", .letter = 'n', .placeholder = "N" }, OPT_COUNT, "End after so many" },
        { { .name = "for-seconds", .placeholder = "SECONDS" }, OPT_FOR_SECONDS, "End after that time" },
        { { .name = "since-now" }, OPT_SINCE_NOW, "What happens from now on, which is all that there is" },
        {},
};

typedef struct Events {
        EventLoop *loop;
        char *const *names; /* none: all */
        bool wanted[_EVENT_KINDS];
        bool json;
        uint64_t left;      /* how many more; UINT64_MAX: without end */
} Events;

static int hint_events(Error **reterr) {
        char text[512] = "";

        for (int k = 0; k < _EVENT_KINDS; k++) {
                size_t n = strlen(text);

                snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? ", " : "", event_kind_to_string((EventKind) k));
        }
        return error_hint(reterr, -EINVAL, "There are %s.", text);
}

static int add_filter(Events *e, const char *list, Error **reterr) {
        _cleanup_free_ char *copy = strdup(list);
        char *rest = copy;
        EventKind kind;

        if (!copy)
                return error_oom(reterr);
        for (char *word; (word = strsep(&rest, ","));) {
                if (event_kind_from_string(word, &kind) < 0) {
                        error_set(reterr, EINVAL, "There is no event '%s'", word);
                        return hint_events(reterr);
                }
                e->wanted[kind] = true;
        }
        return 0;
}

static void print_text(const HostEvent *e) {
        time_t seconds = (time_t) (e->usec / 1000000);
        char when[32] = "";
        struct tm tm;

        if (localtime_r(&seconds, &tm))
                strftime(when, sizeof(when), "%F %T", &tm);
        printf("%s.%03u  %s%s%s%s", when, (unsigned) (e->usec / 1000 % 1000), event_kind_subject(e->kind), *e->subject ? " " : "",
               e->subject, *e->subject ? "  " : "");
        fputs(event_kind_to_string(e->kind), stdout);
        for (char **w = e->words; w && *w; w++)
                printf("  %s", *w);
        putchar('\n');
}

/* An overflow is about whatever is watched. */
static bool is_wanted(const Events *a, const HostEvent *e) {
        return e->kind == EVENT_OVERFLOW || (a->wanted[e->kind] && (!*a->names || strv_contains(a->names, e->subject)));
}

static int on_event(const HostEvent *e, void *userdata) {
        Events *a = userdata;

        if (a->left == 0 || !is_wanted(a, e))
                return 0;
        if (a->json)
                event_print_json(e);
        else
                print_text(e);
        if (fflush(stdout) != 0) /* who reads has gone: nobody to tell; else it is said where all output ends */
                return event_exit(a->loop, 0);
        if (a->left < UINT64_MAX && --a->left == 0)
                return event_exit(a->loop, 0);
        return 0;
}

/* Also when nothing happens. */
static int on_reader_gone(EventSource *source, _unused_ int fd, _unused_ uint32_t revents, _unused_ void *userdata) {
        return event_exit(event_source_loop(source), 0);
}

static int on_time(EventSource *source, _unused_ uint64_t usec, _unused_ void *userdata) {
        return event_exit(event_source_loop(source), 0);
}

static int parse_options(Events *e, uint64_t *ret_seconds, VerbArgs *args, Error **reterr) {
        bool filtered = false;
        int option, r = 0;

        while (r >= 0 && (option = verb_next(args, reterr)) != 0) {
                if (option < 0)
                        return option;
                if (option == OPT_FILTER) {
                        filtered = true;
                        r = add_filter(e, args->value, reterr);
                } else if (option == OPT_COUNT && (parse_u64(args->value, UINT32_MAX, &e->left) < 0 || e->left == 0))
                        r = error_set(reterr, EINVAL, "--count= takes a number above 0, not '%s'", args->value);
                else if (option == OPT_FOR_SECONDS && parse_duration(args->value, ret_seconds) < 0)
                        r = error_set(reterr, EINVAL, "--for-seconds= takes a time, as 10 or 1min, not '%s'", args->value);
        }
        for (int k = 0; !filtered && k < _EVENT_KINDS; k++)
                e->wanted[k] = true;
        for (int i = 0; r >= 0 && i < args->n_operands; i++)
                if (!image_name_is_valid(args->operands[i]))
                        r = error_set(reterr, EINVAL, "'%s' is no name of a machine, an image or a zone", args->operands[i]);
        return r;
}

/* ^C, like the end of whoever reads, is how this ends. */
static int add_ends(EventLoop *loop, uint64_t duration, Error **reterr) {
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
        sigset_t set;
        int r = 0;

        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                sigaddset(&set, signals[i]);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(signals); i++)
                r = event_add_signal(loop, NULL, signals[i], NULL, NULL);
        if (r >= 0 && duration < DURATION_INFINITY)
                r = event_add_time_relative(loop, NULL, duration, on_time, NULL);
        if (r >= 0)
                r = event_add_io(loop, NULL, STDOUT_FILENO, EPOLLERR, on_reader_gone, NULL);
        if (r == -EPERM) /* a file: nobody goes */
                r = 0;
        return r < 0 ? error_errno(reterr, r, "Cannot wait for events") : 0;
}

int verb_events(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        _cleanup_(host_watch_freep) HostWatch *watch = NULL;
        _cleanup_(event_loop_unrefp) EventLoop *loop = NULL;
        uint64_t duration = DURATION_INFINITY;
        Events e = { .left = UINT64_MAX };
        int r;

        r = parse_options(&e, &duration, &args, reterr);
        if (r < 0)
                return r;
        e.names = args.operands;
        e.json = args.json;
        r = event_loop_new(&loop);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make an event loop");
        e.loop = loop;
        r = add_ends(loop, duration, reterr);
        if (r >= 0)
                r = host_watch_new(loop, HOST_WATCH_IMAGES | HOST_WATCH_OTHERS, on_event, &e, &watch, reterr);
        if (r < 0)
                return r;
        r = event_loop(loop);
        return r < 0 ? error_errno(reterr, r, "Cannot go on waiting for events") : 0;
}
