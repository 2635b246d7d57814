/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event-reader.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "clock.h"
#include "text.h"

#define RUN "/run"
#define SEEN 256 /* lines that may come twice: as many as can be written between putting a file aside and looking */

struct EventReader {
        int inotify;
        bool has_directory;  /* what is watched is the log's directory, not yet the one above it */
        int fd;              /* the log, or -1: there is none yet */
        uint64_t number;     /* which of them */
        char buffer[2 * EVENT_LINE_MAX];
        size_t used;
        bool skips;          /* up to the next newline: a line longer than any */
        unsigned long long seen[SEEN];
        size_t n_seen;
};

void host_event_free(HostEvent *e) {
        if (!e)
                return;
        free(e->subject);
        strv_free(e->words);
        free(e);
}

HostEvent *host_event_new(EventKind kind, const char *subject) {
        _cleanup_(host_event_freep) HostEvent *e = calloc(1, sizeof(*e));

        if (!e)
                return NULL;
        e->kind = kind;
        e->usec = clock_usec(CLOCK_REALTIME);
        e->subject = strdup(subject);
        return e->subject ? TAKE_PTR(e) : NULL;
}

const char *host_event_word(const HostEvent *e, const char *key) {
        size_t n = strlen(key);

        for (char **w = e->words; w && *w; w++)
                if (strncmp(*w, key, n) == 0 && (*w)[n] == '=')
                        return *w + n + 1;
        return NULL;
}

int host_event_parse(const char *line, HostEvent **ret) {
        _cleanup_(host_event_freep) HostEvent *e = NULL;
        _cleanup_free_ char *copy = strdup(line);
        char *rest = copy, *usec, *word, *subject;
        EventKind kind;

        if (!copy)
                return -ENOMEM;
        usec = strsep(&rest, " ");
        word = rest ? strsep(&rest, " ") : NULL;
        subject = rest ? strsep(&rest, "\t") : NULL;
        if (!subject || strspn(usec, "0123456789") != strlen(usec) || event_kind_from_string(word, &kind) < 0 || !string_is_clean(subject))
                return -EBADMSG;
        e = host_event_new(kind, subject);
        if (!e)
                return -ENOMEM;
        e->usec = strtoull(usec, NULL, 10);
        for (char *w; (w = strsep(&rest, "\t"));)
                if (strchr(w, '=') && string_is_clean(w) && strv_append(&e->words, w) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(e);
        return 0;
}

void event_reader_free(EventReader *r) {
        if (!r)
                return;
        close_fd(r->inotify);
        close_fd(r->fd);
        free(r);
}

int event_reader_fd(const EventReader *r) {
        return r->inotify;
}

/* A host on which nothing of nbox has run yet has no directory. What comes into the one above it is looked at until it has. */
static int watch_directory(EventReader *r) {
        if (r->has_directory)
                return 0;
        if (inotify_add_watch(r->inotify, EVENT_LOG_DIRECTORY, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) >= 0) {
                r->has_directory = true;
                return 0;
        }
        if (errno != ENOENT || inotify_add_watch(r->inotify, RUN, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
                return -errno;
        /* Made just now? */
        if (inotify_add_watch(r->inotify, EVENT_LOG_DIRECTORY, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) >= 0)
                r->has_directory = true;
        return 0;
}

static void open_log(EventReader *r) {
        char line[32] = "";
        struct stat st;

        r->fd = open(EVENT_LOG, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (r->fd >= 0 && (fstat(r->fd, &st) < 0 || !S_ISREG(st.st_mode)))
                r->fd = close_fd(r->fd);
        r->number = 0;
        if (r->fd >= 0 && pread(r->fd, line, sizeof(line) - 1, 0) > 0)
                (void) sscanf(line, "# %" SCNu64 "\n", &r->number);
}

int event_reader_new(EventReader **ret, Error **reterr) {
        _cleanup_(event_reader_freep) EventReader *r = calloc(1, sizeof(*r));
        int k;

        if (!r)
                return error_oom(reterr);
        r->fd = -1;
        r->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (r->inotify < 0)
                return error_errno(reterr, errno, "Cannot watch for events");
        k = watch_directory(r);
        if (k < 0)
                return error_errno(reterr, k, "Cannot watch %s", EVENT_LOG_DIRECTORY);
        open_log(r);
        if (r->fd >= 0 && lseek(r->fd, 0, SEEK_END) < 0)
                return error_errno(reterr, errno, "Cannot read %s", EVENT_LOG);
        *ret = TAKE_PTR(r);
        return 0;
}

static bool is_in_place(const EventReader *r) {
        struct stat a, b;

        return r->fd >= 0 && fstat(r->fd, &a) >= 0 && (lstat(EVENT_LOG, &b) < 0 || (a.st_dev == b.st_dev && a.st_ino == b.st_ino));
}

/* The next file. True where there is one and none between it and ours. */
static bool follow(EventReader *r, bool *ret_gap) {
        uint64_t before = r->number;
        bool had = r->fd >= 0;

        r->fd = close_fd(r->fd);
        r->used = 0;
        r->skips = false;
        open_log(r);
        *ret_gap = had && r->fd >= 0 && r->number != before + 1;
        return r->fd >= 0;
}

static bool is_seen(EventReader *r, const char *line) {
        unsigned long long hash = string_hash(line);
        size_t n = r->n_seen < SEEN ? r->n_seen : SEEN;

        for (size_t i = 0; i < n; i++)
                if (r->seen[i] == hash)
                        return true;
        r->seen[r->n_seen++ % SEEN] = hash;
        return false;
}

/* A line that the buffer has whole: 1, else 0. */
static int take_line(EventReader *r, HostEvent **ret) {
        for (char *end; (end = memchr(r->buffer, '\n', r->used));) {
                size_t size = (size_t) (end + 1 - r->buffer);
                int k = -EBADMSG;

                *end = 0;
                if (!r->skips && !is_seen(r, r->buffer))
                        k = host_event_parse(r->buffer, ret);
                r->skips = false;
                memmove(r->buffer, end + 1, r->used - size);
                r->used -= size;
                if (k != -EBADMSG)
                        return k < 0 ? k : 1;
        }
        if (r->used == sizeof(r->buffer)) {
                r->skips = true;
                r->used = 0;
        }
        return 0;
}

static void drain(int inotify) {
        char buf[4096];

        while (read(inotify, buf, sizeof(buf)) > 0)
                ;
}

int event_reader_next(EventReader *r, HostEvent **ret) {
        drain(r->inotify);
        (void) watch_directory(r);
        for (;;) {
                bool last, gap = false;
                ssize_t n;
                int k = take_line(r, ret);

                if (k != 0)
                        return k;
                last = !is_in_place(r); /* before it is read: nothing is written to the old one that will not be in the new one, too */
                n = r->fd < 0 ? 0 : read(r->fd, r->buffer + r->used, sizeof(r->buffer) - r->used);
                if (n > 0) {
                        r->used += (size_t) n;
                        continue;
                }
                if (!last || !follow(r, &gap))
                        return 0;
                if (gap)
                        return (*ret = host_event_new(EVENT_OVERFLOW, "")) ? 1 : -ENOMEM;
        }
}
