/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console-record.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "console-log.h"
#include "console-lines.h"
#include "fd.h"
#include "log.h"
#include "passing-name.h"
#include "process.h"
#include "record.h"
#include "strv.h"
#include "text.h"

/* A boot with all its messages is some 100 KiB. The burst takes that several times over; what comes at more than the rate after it is no
 * log any more. While it is too much, nothing is parsed either, so that a flood costs no more than reading it. */
#define BURST_BYTES (1024 * 1024)
#define RATE_BYTES (16 * 1024)   /* a second */
#define RESUME_BYTES (64 * 1024) /* of credit, before a flood is looked at again: pieces that make sense */
#define LAST_WORDS (8 * 1024)    /* kept of a flood's end, whatever the rate: it may be what the machine died of */
#define PARTIAL_USEC (500 * 1000) /* a prompt is no line, and is kept as one after so long */
#define HEAD_MAX 32              /* "USEC = " */
#define PASSING_MAX 32           /* ephemeral machines that ended and have a log */
#define TAIL_PARTS 2             /* kept besides the first one */

struct ConsoleRecord {
        int dir, fd; /* -1: it cannot be written just now */
        ConsolePart part;
        size_t part_used;
        bool torn; /* the last write was cut short */
        Terminal *terminal;
        EventSource *timer; /* for a line that does not end */
        ConsoleLines lines;
        uint64_t credit, counted_usec; /* bytes; CLOCK_MONOTONIC */
        uint64_t lost;                 /* bytes, since the last that was kept */
};

/* --- parts ---------------------------------------------------------------------------------------------------------- */

static void open_part(ConsoleRecord *c) {
        char name[CONSOLE_PART_NAME_MAX];

        c->fd = openat(c->dir, console_part_name(c->part, name), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        c->part_used = 0;
        c->torn = false;
        if (c->part.part > TAIL_PARTS)
                (void) unlinkat(c->dir, console_part_name((ConsolePart){ c->part.life, c->part.part - TAIL_PARTS }, name), 0);
}

static void put(ConsoleRecord *c, ConsoleLogKind kind, const char *text) {
        char line[HEAD_MAX + CONSOLE_LOG_LINE_MAX + 2];
        int n = snprintf(line, sizeof(line), "%s%" PRIu64 " %c %s\n", c->torn ? "\n" : "", clock_usec(CLOCK_REALTIME), (char) kind, text);
        ssize_t written;

        if (n < 0 || (size_t) n >= sizeof(line))
                return;
        if (c->part_used + (size_t) n > CONSOLE_LOG_PART_MAX) {
                close_fd(c->fd);
                c->part.part++;
                open_part(c);
        }
        written = c->fd < 0 ? -1 : write(c->fd, line, (size_t) n);
        c->torn = written < n && (written > 0 || c->torn);
        if (written > 0)
                c->part_used += (size_t) written;
        c->credit -= (uint64_t) n < c->credit ? (uint64_t) n : c->credit;
}

/* All but the last lives, this one counted; the next number in *ret. */
static int make_room(int dir, uint64_t *ret) {
        _cleanup_free_ ConsolePart *parts = NULL;
        char name[CONSOLE_PART_NAME_MAX];
        size_t n, lives = 1;
        int r = console_log_parts(dir, &parts, &n);

        if (r < 0)
                return r;
        *ret = n > 0 ? parts[n - 1].life + 1 : 1;
        for (size_t i = n; i > 0; i--) {
                lives += i == n || parts[i - 1].life != parts[i].life;
                if (lives > CONSOLE_LOG_LIVES)
                        (void) unlinkat(dir, console_part_name(parts[i - 1], name), 0);
        }
        return 0;
}

/* --- lines ---------------------------------------------------------------------------------------------------------- */

static void put_line(const char *line, void *userdata) {
        put(userdata, CONSOLE_LINE, line);
}

static void put_lost(ConsoleRecord *c) {
        char text[24];

        snprintf(text, sizeof(text), "%" PRIu64, c->lost);
        c->lost = 0;
        put(c, CONSOLE_LOST, text);
}

static void lose(ConsoleRecord *c, size_t n) {
        console_lines_break(&c->lines);
        c->lost += n;
}

static void earn(ConsoleRecord *c) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC), gone = now - c->counted_usec;

        c->credit = gone < UINT64_C(1000000) * BURST_BYTES / RATE_BYTES ? c->credit + gone * RATE_BYTES / 1000000 : BURST_BYTES;
        if (c->credit > BURST_BYTES)
                c->credit = BURST_BYTES;
        c->counted_usec = now;
}

static void feed(_unused_ bool console, const char *data, size_t n, void *userdata) {
        ConsoleRecord *c = userdata;

        earn(c);
        if (c->lost > 0 && c->credit >= RESUME_BYTES)
                put_lost(c);
        for (size_t i = 0; i < n; i++) {
                if (c->lost > 0 || c->credit < sizeof(c->lines.line)) {
                        lose(c, n - i);
                        break;
                }
                console_lines_add(&c->lines, (unsigned char) data[i]);
        }
        if (c->lines.used > 0)
                (void) event_source_set_time_relative(c->timer, PARTIAL_USEC);
        (void) event_source_set_enabled(c->timer, c->lines.used > 0 ? EVENT_ONESHOT : EVENT_OFF);
}

static int on_quiet(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        ConsoleRecord *c = userdata;

        console_lines_end(&c->lines);
        return 0;
}

/* --- a life ---------------------------------------------------------------------------------------------------------- */

static ConsoleRecord *recorder_free(ConsoleRecord *c) {
        event_source_free(c->timer);
        close_fd(c->fd);
        close_fd(c->dir);
        free(c);
        return NULL;
}

static int begin(ConsoleRecord *c, const char *machine, EventLoop *event) {
        char boot[33];
        int r;

        c->dir = console_log_open(machine, true);
        r = c->dir < 0 ? c->dir : make_room(c->dir, &c->part.life);
        if (r >= 0)
                r = event_add_time_relative(event, &c->timer, 0, on_quiet, c);
        if (r >= 0)
                r = event_source_set_enabled(c->timer, EVENT_OFF);
        if (r < 0)
                return r;
        open_part(c);
        if (c->fd < 0)
                return -errno;
        put(c, CONSOLE_BEGIN, boot_id(boot) < 0 ? "-" : boot);
        return 0;
}

/* Of ephemeral machines, whose names come once: the last ones are kept. */
static void forget_oldest_passing(const char *machine) {
        _cleanup_strv_ char **names = NULL;
        const char *oldest = NULL;
        struct stat st, of_oldest = {};
        size_t n = 0;

        if (passing_name_base(machine) == 0 || console_log_list(&names, NULL) < 0)
                return;
        for (char **name = names; name && *name; name++) {
                _cleanup_free_ char *record = record_path(*name), *path = NULL;

                if (passing_name_base(*name) == 0 || !record || asprintf(&path, CONSOLE_LOG_DIRECTORY "/%s", *name) < 0 || stat(path, &st) < 0)
                        continue;
                n++;
                if (access(record, F_OK) < 0 && (!oldest || st.st_mtime < of_oldest.st_mtime)) {
                        oldest = *name;
                        of_oldest = st;
                }
        }
        if (n > PASSING_MAX && oldest)
                (void) console_log_remove(oldest, NULL);
}

ConsoleRecord *console_record_begin(const char *machine, EventLoop *event) {
        ConsoleRecord *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return NULL;
        *c = (ConsoleRecord){ .dir = -1, .fd = -1, .credit = BURST_BYTES, .counted_usec = clock_usec(CLOCK_MONOTONIC),
                               .lines = { .put = put_line, .userdata = c } };
        forget_oldest_passing(machine);
        r = begin(c, machine, event);
        if (r >= 0)
                return c;
        log_debug("Cannot keep a log of the console of %s in " CONSOLE_LOG_DIRECTORY ": %s, ignoring", machine, strerror(-r));
        return recorder_free(c);
}

void console_record_watch(ConsoleRecord *c, Terminal *t) {
        if (!c)
                return;
        c->terminal = t;
        terminal_record(t, feed, c);
}

static void put_last_words(ConsoleRecord *c) {
        char words[LAST_WORDS];
        size_t n = c->terminal ? terminal_tail(c->terminal, words, c->lost < sizeof(words) ? (size_t) c->lost : sizeof(words)) : 0;

        c->lost -= n;
        put_lost(c);
        for (size_t i = 0; i < n; i++)
                console_lines_add(&c->lines, (unsigned char) words[i]);
}

ConsoleRecord *console_record_end(ConsoleRecord *c, const MachineEnd *end) {
        char line[MACHINE_END_TEXT_MAX + 32];

        if (!c)
                return NULL;
        if (c->terminal)
                terminal_record(c->terminal, NULL, NULL);
        if (c->lost > 0)
                put_last_words(c);
        console_lines_end(&c->lines);
        put(c, CONSOLE_END, machine_end_format(end, line, sizeof(line)));
        return recorder_free(c);
}
