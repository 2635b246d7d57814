/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-live.h"

#include <signal.h>
#include <string.h>

#include "clock.h"
#include "event-loop.h"
#include "strv.h"
#include "top-keys.h"
#include "top-task.h"
#include "top-terminal.h"

/* What has been done since the last look can be told from the second one on: that is not long in coming. */
#define SECOND_USEC (300 * UINT64_C(1000))

/* What is done in less than this says little about a second. */
#define LEAST_USEC (50 * UINT64_C(1000))

typedef struct TopLive {
        EventLoop *loop;
        EventSource *timer, *key_timer, *out;
        TopTerminal terminal;
        KeyReader keys;
        TopView *view;
        TopSampler *sampler;
        TopSample sample;
        uint64_t left;
        bool dirty;  /* what the terminal shows is not what there is */
        bool reading; /* there is more that has been typed: it is drawn behind all of it */
        uint64_t looked_usec; /* CLOCK_MONOTONIC */
        TopTask *task;
        Error *error;
} TopLive;

static int give_up(TopLive *t, int r) {
        return event_exit(t->loop, r < 0 ? r : 0);
}

/* ---- drawing ---- */

static int draw(TopLive *t) {
        TopScreen screen = {};
        int r = 0;

        t->dirty = true;
        if (t->reading)
                return 0;
        if (!top_terminal_is_behind(&t->terminal)) {
                r = top_screen_make(t->view, &t->sample, &screen);
                if (r < 0) {
                        (void) error_oom(&t->error);
                        return give_up(t, r);
                }
                top_terminal_draw(&t->terminal, &screen);
                t->dirty = false;
                if (top_terminal_flush(&t->terminal) < 0)
                        return give_up(t, 0);
        }
        r = event_source_set_enabled(t->out, top_terminal_is_behind(&t->terminal) ? EVENT_ON : EVENT_OFF);
        return r < 0 ? give_up(t, r) : 0;
}

static int on_room(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        TopLive *t = userdata;

        if (top_terminal_flush(&t->terminal) < 0)
                return give_up(t, 0);
        if (top_terminal_is_behind(&t->terminal))
                return 0;
        if (t->dirty)
                return draw(t);
        return event_source_set_enabled(t->out, EVENT_OFF);
}

/* ---- figures ---- */

static int look_in(TopLive *t, uint64_t usec) {
        int r = event_source_set_time_relative(t->timer, usec);

        if (r >= 0)
                r = event_source_set_enabled(t->timer, EVENT_ONESHOT);
        return r < 0 ? give_up(t, r) : 0;
}

static int look(TopLive *t) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC), next = t->view->interval_usec;
        bool first = t->sample.taken_usec == 0;
        int r;

        if (!first && now - t->looked_usec < LEAST_USEC) { /* a key asks for it */
                r = draw(t);
                return r < 0 ? r : look_in(t, LEAST_USEC);
        }
        t->looked_usec = now;
        if (first && next > SECOND_USEC)
                next = SECOND_USEC;
        r = top_sampler_take(t->sampler, &t->sample, &t->error);
        if (r >= 0) {
                r = top_view_take(t->view, &t->sample);
                if (r < 0)
                        (void) error_oom(&t->error);
        }
        if (r < 0)
                return give_up(t, r);
        r = draw(t);
        if (!first && t->left < UINT64_MAX && --t->left == 0)
                return give_up(t, 0);
        return r < 0 ? r : look_in(t, next);
}

static int on_time(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        TopLive *t = userdata;

        return t->view->paused ? 0 : look(t);
}

static int take_again(TopLive *t) {
        if (top_view_take(t->view, &t->sample) < 0)
                return give_up(t, error_oom(&t->error));
        return draw(t);
}

/* ---- other verbs ---- */

static void say(TopLive *t, char *const *lines, const char *otherwise) {
        const char *line = lines && *lines ? *lines : otherwise;

        if (strncmp(line, "nbox: ", 6) == 0)
                line += 6;
        (void) top_plain(line, &t->view->style, t->view->message, sizeof(t->view->message));
}

static void on_status(_unused_ int status, char **lines, void *userdata) {
        TopLive *t = userdata;

        t->task = top_task_free(t->task);
        *t->view->message = 0;
        if (lines && t->view->mode == MODE_TABLE)
                top_view_show(t->view, "Status", lines);
        else
                strv_free(lines);
        (void) draw(t);
}

static void on_frozen(int status, char **lines, void *userdata) {
        TopLive *t = userdata;

        t->task = top_task_free(t->task);
        *t->view->message = 0;
        if (status != 0)
                say(t, lines, "It did not come to that");
        strv_free(lines);
        (void) (t->view->paused ? draw(t) : look(t));
}

static int start_task(TopLive *t, const char *verb, TopTaskEnd on_end) {
        _cleanup_(error_freep) Error *error = NULL;
        const TopRow *r = top_view_chosen(t->view);
        char *words[] = { (char *) verb, (char *) "--no-ask-password", (char *) "--", r ? r->name : NULL, NULL };

        if (!r || t->task) /* one at a time */
                return 0;
        if (top_task_new(t->loop, words, on_end, t, &t->task, &error) < 0)
                say(t, NULL, error ? error->message : "There is no memory for that");
        else
                snprintf(t->view->message, sizeof(t->view->message), "nbox %s %s%s", verb, r->name, t->view->style.utf8 ? " …" : " ...");
        return draw(t);
}

/* ---- keys ---- */

static void fit(TopLive *t) {
        size_t width, height;

        top_terminal_size(&t->terminal, &width, &height);
        top_view_fit(t->view, width, height);
}

/* By the signal itself: the kernel does not stop who has no shell that could let it go on. */
static int suspend(TopLive *t) {
        sigset_t set;

        top_terminal_leave(&t->terminal);
        sigemptyset(&set);
        sigaddset(&set, SIGTSTP);
        (void) raise(SIGTSTP);
        (void) sigprocmask(SIG_UNBLOCK, &set, NULL);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        top_terminal_enter(&t->terminal);
        fit(t);
        return t->view->paused ? draw(t) : look(t);
}

static int act(TopLive *t, TopAct what) {
        const TopRow *r = top_view_chosen(t->view);

        switch (what) {
        case ACT_QUIT:
                return give_up(t, 0);
        case ACT_SUSPEND:
                return suspend(t);
        case ACT_REDRAW:
                fit(t); /* a serial line tells nobody that it has another size */
                top_terminal_forget(&t->terminal);
                return draw(t);
        case ACT_DRAW:
                return draw(t);
        case ACT_FILTER:
                return take_again(t);
        case ACT_SAMPLE:
                return t->view->paused ? draw(t) : look(t);
        case ACT_STATUS:
                return start_task(t, "status", on_status);
        case ACT_FREEZE:
                return start_task(t, r && r->mood == MOOD_FROZEN ? "thaw" : "freeze", on_frozen);
        default:
                return 0;
        }
}

static int on_rest_missing(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        TopLive *t = userdata;

        return act(t, top_view_key(t->view, key_give_up(&t->keys)));
}

static int on_keys(_unused_ EventSource *source, int fd, _unused_ uint32_t revents, void *userdata) {
        TopLive *t = userdata;
        char bytes[256];
        ssize_t n = read(fd, bytes, sizeof(bytes));
        int r = 0;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) /* the terminal has gone */
                return give_up(t, 0);
        t->reading = true;
        for (ssize_t i = 0; r >= 0 && i < n; i++)
                r = act(t, top_view_key(t->view, key_feed(&t->keys, bytes[i])));
        t->reading = false;
        if (r >= 0 && t->dirty)
                r = draw(t);
        if (r >= 0 && key_begun(&t->keys))
                r = event_source_set_time_relative(t->key_timer, KEY_USEC);
        if (r >= 0)
                r = event_source_set_enabled(t->key_timer, key_begun(&t->keys) ? EVENT_ONESHOT : EVENT_OFF);
        return r < 0 ? give_up(t, r) : 0;
}

/* ---- signals ---- */

static int on_signal(_unused_ EventSource *source, const struct signalfd_siginfo *si, void *userdata) {
        TopLive *t = userdata;

        if (si->ssi_signo == SIGTSTP)
                return suspend(t);
        if (si->ssi_signo == SIGCONT) { /* stopped by a signal that cannot be caught: whoever did that may have had the terminal since */
                top_terminal_enter(&t->terminal);
                return draw(t);
        }
        if (si->ssi_signo != SIGWINCH)
                return give_up(t, 0);
        fit(t);
        top_terminal_forget(&t->terminal);
        return draw(t);
}

static int add_sources(TopLive *t) {
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT };
        sigset_t set;
        int r;

        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                sigaddset(&set, signals[i]);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        r = event_loop_new(&t->loop);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(signals); i++)
                r = event_add_signal(t->loop, NULL, signals[i], on_signal, t);
        if (r >= 0)
                r = event_add_io(t->loop, NULL, t->terminal.in, EPOLLIN, on_keys, t);
        if (r >= 0)
                r = event_add_io(t->loop, &t->out, t->terminal.out, EPOLLOUT, on_room, t);
        if (r >= 0)
                r = event_source_set_enabled(t->out, EVENT_OFF);
        if (r >= 0)
                r = event_add_time_relative(t->loop, &t->timer, 0, on_time, t);
        if (r >= 0)
                r = event_add_time_relative(t->loop, &t->key_timer, 0, on_rest_missing, t);
        return r >= 0 ? event_source_set_enabled(t->key_timer, EVENT_OFF) : r;
}

static void live_done(TopLive *t) {
        top_task_free(t->task);
        top_terminal_close(&t->terminal);
        event_source_free(t->timer);
        event_source_free(t->key_timer);
        event_source_free(t->out);
        event_loop_unref(t->loop);
        top_sample_done(&t->sample);
}

int top_live(TopSampler *sampler, TopView *view, uint64_t count, Error **reterr) {
        TopLive t = { .view = view, .sampler = sampler, .left = count };
        int r = top_terminal_open(&t.terminal, reterr);

        if (r < 0) {
                top_terminal_close(&t.terminal);
                return r;
        }
        r = add_sources(&t);
        if (r < 0)
                (void) error_errno(&t.error, r, "Cannot wait for keys");
        else {
                fit(&t);
                top_terminal_enter(&t.terminal);
                r = event_loop(t.loop);
                if (r < 0 && !t.error)
                        (void) error_errno(&t.error, r, "Cannot go on looking");
        }
        live_done(&t);
        return r < 0 ? error_pass(reterr, r, &t.error) : 0;
}
