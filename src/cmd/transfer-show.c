/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transfer-show.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/signalfd.h>

#include "clock.h"
#include "log.h"
#include "text.h"

#define SECOND UINT64_C(1000000)
#define SHOW_USEC (SECOND / 5)
#define SMOOTH_USEC (5 * SECOND) /* how long a change of the rate takes to be seen for most of it */
#define LEFT_AFTER_USEC (2 * SECOND) /* before that, the rate says little about what is to come */
#define LOG_FIRST_USEC (10 * SECOND)
#define LOG_MAX_USEC (60 * SECOND)

#define TEXT_MAX 400

/* ---- what is known ---- */

static void sample(TransferShow *s, uint64_t now) {
        uint64_t passed = now - s->sampled_usec;
        double rate;

        if (s->done.bytes < s->sampled_bytes) { /* of something else from now on */
                s->sampled_usec = now;
                s->sampled_bytes = s->done.bytes;
        }
        if (passed == 0 || now == s->sampled_usec)
                return;
        rate = (double) (s->done.bytes - s->sampled_bytes) * (double) SECOND / (double) passed;
        if (s->sampled_usec == s->began_usec)
                s->rate = rate;
        else
                s->rate += (rate - s->rate) * (double) passed / (double) (passed + SMOOTH_USEC);
        s->sampled_usec = now;
        s->sampled_bytes = s->done.bytes;
}

/* Seconds; 0: nobody knows. */
static uint64_t time_left(const TransferShow *s, uint64_t now) {
        double left;

        if (s->bytes <= s->done.bytes || s->rate < 1 || now - s->began_usec < LEFT_AFTER_USEC)
                return 0;
        left = (double) (s->bytes - s->done.bytes) / s->rate;
        return left < 100.0 * 3600 ? (uint64_t) left + 1 : 0;
}

/* ---- as text ---- */

typedef struct Text {
        char text[TEXT_MAX];
        size_t n, room; /* room: columns; what does not fit whole is left out, and all after it */
} Text;

static _printf_(2, 3) void add(Text *t, const char *fmt, ...) {
        char part[TEXT_MAX];
        va_list ap;
        size_t n;

        va_start(ap, fmt);
        (void) vsnprintf(part, sizeof(part), fmt, ap);
        va_end(ap);
        n = strlen(part);
        if (t->n + n >= t->room) {
                t->room = t->n;
                return;
        }
        memcpy(t->text + t->n, part, n + 1);
        t->n += n;
}

static void add_left(Text *t, uint64_t seconds) {
        if (seconds >= 3600)
                add(t, ", %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", seconds / 3600, seconds / 60 % 60, seconds % 60);
        else if (seconds > 0)
                add(t, ", %" PRIu64 ":%02" PRIu64 " left", seconds / 60, seconds % 60);
}

/* What matters most first, for a narrow terminal. */
static void describe(const TransferShow *s, uint64_t now, Text *t) {
        char size[SIZE_TEXT_MAX];

        add(t, "%s", size_text(s->done.bytes, size));
        if (s->bytes > 0)
                add(t, " of %s", size_text(s->bytes > s->done.bytes ? s->bytes : s->done.bytes, size));
        if (s->rate >= 1)
                add(t, ", %s/s", size_text((uint64_t) s->rate, size));
        add_left(t, time_left(s, now));
        if (s->files > 1)
                add(t, ", %" PRIu64 " of %" PRIu64 " files", s->done.files, s->files > s->done.files ? s->files : s->done.files);
        else if (s->done.files > 1)
                add(t, ", %" PRIu64 " files", s->done.files);
}

static void paint(TransferShow *s, uint64_t now) {
        Text t = { .room = (size_t) s->line.columns };

        describe(s, now, &t);
        status_line_show(&s->line, "%s", t.text);
}

static void write_line(TransferShow *s, uint64_t now) {
        uint64_t passed = now - s->began_usec;
        Text t = { .room = sizeof(t.text) };

        describe(s, now, &t);
        log_info("%s: %s", s->title, t.text);
        s->log_usec = now + (passed < LOG_MAX_USEC ? passed : LOG_MAX_USEC);
}

static void tick(TransferShow *s) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);

        if (now - s->shown_usec < SHOW_USEC)
                return;
        s->shown_usec = now;
        sample(s, now);
        if (s->mark && s->bytes > 0)
                transfer_mark_percent(s->mark, s->done.bytes >= s->bytes ? 100 : (unsigned) (s->done.bytes * 100 / s->bytes));
        if (s->line.columns > 0)
                paint(s, now);
        else if (now >= s->log_usec)
                write_line(s, now);
}

/* ---- the watch ---- */

static bool is_cancelled(void *userdata) {
        TransferShow *s = userdata;

        tick(s);
        s->is_cancelled = s->is_cancelled || poll(&(struct pollfd){ .fd = s->signals, .events = POLLIN }, 1, 0) > 0;
        return s->is_cancelled;
}

static void show(const CopyProgress *p, void *userdata) {
        TransferShow *s = userdata;

        if (s->done.bytes == 0)
                s->sampled_bytes = p->bytes; /* what was there before counts for no rate */
        s->done = *p;
        tick(s);
}

static sigset_t block_signals(sigset_t *ret_old) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        (void) sigprocmask(SIG_BLOCK, &set, ret_old);
        return set;
}

void transfer_signals_hold(sigset_t *ret_old) {
        (void) block_signals(ret_old);
}

void transfer_signals_release(const sigset_t *old) {
        (void) sigprocmask(SIG_SETMASK, old, NULL);
}

static int watch_signals(TransferShow *s, Error **reterr) {
        sigset_t set = block_signals(&s->old);

        s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (s->signals >= 0)
                return 0;
        (void) sigprocmask(SIG_SETMASK, &s->old, NULL);
        return error_errno(reterr, errno, "Cannot watch for signals");
}

void transfer_show_announce(const TransferShow *s) {
        char size[SIZE_TEXT_MAX];

        if (s->bytes > 0 && s->files > 0)
                log_info("%s: %s in %" PRIu64 " file%s", s->title, size_text(s->bytes, size), s->files, s->files == 1 ? "" : "s");
        else if (s->bytes > 0)
                log_info("%s: %s", s->title, size_text(s->bytes, size));
}

int transfer_show_begin(TransferShow *s, const char *doing, const char *what, uint64_t bytes, uint64_t files, Error **reterr) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);
        int r;

        *s = (TransferShow){ .line = status_line(), .bytes = bytes, .files = files, .began_usec = now, .sampled_usec = now,
                             .shown_usec = now, .log_usec = now + LOG_FIRST_USEC };
        s->watch = (CopyWatch){ .is_cancelled = is_cancelled, .show = show, .userdata = s, .expected = bytes };
        if (asprintf(&s->title, "%s %s", doing, what) < 0) {
                s->title = NULL;
                return error_oom(reterr);
        }
        if (!log_shows(LOG_LEVEL_INFO))
                s->line.columns = 0;
        r = watch_signals(s, reterr);
        if (r < 0)
                return r;
        if (s->line.columns > 0)
                transfer_show_announce(s);
        return 0;
}

void transfer_show_mark(TransferShow *s, const char *type, const char *local, const char *remote) {
        int r = transfer_mark(type, local, remote, &s->mark);

        if (r < 0)
                log_debug("Cannot have it listed among the transfers: %s, ignoring", strerror(-r));
}

void transfer_show_expect(TransferShow *s, uint64_t bytes, uint64_t files) {
        s->bytes = bytes;
        s->files = files;
}

void transfer_show_unblock(const TransferShow *s) {
        (void) sigprocmask(SIG_SETMASK, &s->old, NULL);
}

void transfer_show_end(TransferShow *s) {
        struct signalfd_siginfo si;

        free(s->title);
        s->title = NULL;
        transfer_mark_free(s->mark);
        s->mark = NULL;
        if (s->signals <= 0)
                return;
        status_line_erase(&s->line);
        while (s->is_cancelled && read(s->signals, &si, sizeof(si)) == sizeof(si)) /* they have had their effect */
                ;
        s->signals = close_fd(s->signals);
        (void) sigprocmask(SIG_SETMASK, &s->old, NULL);
}
