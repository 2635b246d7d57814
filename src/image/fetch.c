/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fetch.h"

/* What is tried again, and what is not: a server that is busy, a connection that ends or falls silent is; a server that says no, a name or a
 * certificate that is wrong, is not. A name that cannot be found, or a port that nobody listens on, is believed at once, unless the same
 * server has sent something before. A try that brought much counts for none: a large file over a bad line comes, in the end.
 *
 * What is there stays there between two tries only if the server has named it by a strong ETag or a date: then the rest of that very
 * version is asked for (RFC 9110, 13.1.5 and 14.2), and what answers with another one is begun anew. */

#include <curl/curl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "clock.h"
#include "fd.h"
#include "fetch-process.h"
#include "file.h"
#include "log.h"
#include "pidfd.h"
#include "text.h"

#define TRIES 4U
#define REDIRECTS_MAX 10U
#define SECOND UINT64_C(1000000)
#define PAUSE_MAX (8 * SECOND)
#define RETRY_AFTER_MAX 120U      /* seconds: nobody waits longer for an answer without having been asked */
#define MUCH (UINT64_C(1) << 20)  /* bytes of a try that did not fail altogether */
#define ROOM_SHARE 20U            /* of the file system, at most ROOM_MAX, stays free */
#define ROOM_MAX (UINT64_C(1) << 30)
#define CA_MAX (4U << 20)
#define POLL_MSEC 100

typedef struct Fetch {
        const FetchRequest *q;
        char *shown;          /* the URL, for people */
        char *ca;
        size_t ca_size;
        char *url;            /* where redirects have led */
        unsigned redirects;
        unsigned tries;       /* that brought little */
        uint64_t have;        /* bytes that are there, of... */
        char etag[FETCH_VALIDATOR], modified[FETCH_VALIDATOR]; /* ...this version */
        uint64_t room;        /* bytes that there are for the file */
        FetchReport report;   /* the last one */
        bool has_failed;      /* the process: it has ended without a word, or said what it cannot have to say */
} Fetch;

typedef enum Verdict { DONE, AGAIN, ELSEWHERE } Verdict;

static void fetch_done(Fetch *f) {
        free(f->shown);
        free(f->ca);
        free(f->url);
}

/* ---- before ---- */

/* As curl(1) and OpenSSL have it; read by us, for nobody may not. */
static int read_authorities(Fetch *f, Error **reterr) {
        static const char *const variables[] = { "CURL_CA_BUNDLE", "SSL_CERT_FILE" };

        for (size_t i = 0; i < ELEMENTSOF(variables); i++) {
                const char *path = getenv(variables[i]);
                int r;

                if (!path || !*path)
                        continue;
                r = file_read(AT_FDCWD, path, CA_MAX, &f->ca);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot read %s, which is to have the certificates of authorities ($%s)", path, variables[i]);
                f->ca_size = strlen(f->ca);
                return 0;
        }
        return 0;
}

static int look_for_room(Fetch *f, Error **reterr) {
        struct statvfs fs;
        uint64_t keep, free_bytes;
        struct stat st;

        if (fstatvfs(f->q->fd, &fs) < 0 || fstat(f->q->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look for free disk space");
        free_bytes = (uint64_t) fs.f_bavail * fs.f_frsize + (uint64_t) st.st_blocks * 512;
        keep = (uint64_t) fs.f_blocks * fs.f_frsize / ROOM_SHARE;
        if (keep > ROOM_MAX)
                keep = ROOM_MAX;
        f->room = fs.f_blocks == 0 ? INT64_MAX : free_bytes > keep ? free_bytes - keep : 0; /* 0: in memory */
        if (f->q->size_max > 0 && f->q->size_max < f->room)
                f->room = f->q->size_max;
        return 0;
}

/* ---- one process ---- */

static bool is_cancelled(const Fetch *f) {
        const CopyWatch *w = f->q->watch;

        return w && w->is_cancelled && w->is_cancelled(w->userdata);
}

static int cancelled(const Fetch *f, Error **reterr) {
        return error_set(reterr, ECANCELED, "The download of %s was interrupted", f->shown);
}

static bool is_text(const char *s, size_t size) {
        return memchr(s, 0, size) && string_is_clean(s);
}

/* A report of this form, whoever sent it. */
static bool report_is_sound(FetchReport *p, uint64_t room) {
        if (!memchr(p->text, 0, sizeof(p->text)))
                return false;
        for (char *c = p->text; *c; c++)
                if ((unsigned char) *c < ' ' || (unsigned char) *c >= 0x7f)
                        *c = '?';
        return p->end <= FETCH_CANNOT_WRITE && p->status < 1000 && p->bytes <= room && p->total <= INT64_MAX &&
               is_text(p->etag, sizeof(p->etag)) && is_text(p->modified, sizeof(p->modified)) && is_text(p->location, sizeof(p->location));
}

static void show(Fetch *f, const FetchReport *p) {
        const CopyWatch *w = f->q->watch;

        if (f->q->expect && p->total > 0 && p->total != f->report.total)
                f->q->expect(p->total, w ? w->userdata : NULL);
        if (w && w->show && p->bytes > 0)
                w->show(&(CopyProgress){ .files = 1, .bytes = p->bytes }, w->userdata);
}

/* The next report, in f->report: 1; 0: it has ended without a word, or says nothing any more. */
static int next_report(Fetch *f, int pipe_fd, uint64_t silence_usec, Error **reterr) {
        uint64_t until = clock_deadline(silence_usec);
        FetchReport p;
        ssize_t n;

        for (;;) {
                if (is_cancelled(f))
                        return cancelled(f, reterr);
                if (poll(&(struct pollfd){ .fd = pipe_fd, .events = POLLIN }, 1, POLL_MSEC) > 0)
                        break;
                if (clock_usec(CLOCK_MONOTONIC) > until)
                        return 0;
        }
        n = read(pipe_fd, &p, sizeof(p));
        f->has_failed = n != (ssize_t) sizeof(p) || !report_is_sound(&p, f->room);
        if (f->has_failed)
                return 0;
        if (p.status == 200 || p.status == 206)
                show(f, &p);
        f->report = p;
        return 1;
}

static void end_process(pid_t pid, int pidfd) {
        (void) pidfd_kill(pidfd, SIGKILL); /* its pid namespace goes with it */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

/* Ask once: f->report is what came of it. What is not said is FETCH_GOING_ON. */
static int ask(Fetch *f, Error **reterr) {
        unsigned timeout = f->q->timeout ?: FETCH_TIMEOUT;
        bool is_first = f->have == 0;
        FetchJob job = {
                .url = f->url, .fd = f->q->fd, .from = f->have, .size_max = f->room, .timeout = timeout, .ca = f->ca, .ca_size = f->ca_size,
                .if_range = *f->etag ? f->etag : f->modified, .etag = is_first ? f->q->etag : NULL, .modified = is_first ? f->q->modified : NULL,
        };
        _cleanup_close_ int pidfd = -1, pipe_fd = -1;
        pid_t pid;
        int r;

        pid = fetch_process_start(&job, &pidfd, &pipe_fd, reterr);
        if (pid < 0)
                return (int) pid;
        f->report = (FetchReport){};
        do
                r = next_report(f, pipe_fd, (3 * (uint64_t) timeout + 5) * SECOND, reterr);
        while (r > 0 && f->report.end == FETCH_GOING_ON);
        end_process(pid, pidfd);
        return r < 0 ? r : 0;
}

/* ---- what came of it ---- */

/* Whether the rest can be asked for: the server has a name for what there is. */
static void remember(Fetch *f) {
        const FetchReport *p = &f->report;
        bool is_ours = p->status == 200 || p->status == 206, is_weak = strncmp(p->etag, "W/", 2) == 0;
        uint64_t before = f->have;

        if (!is_ours || p->bytes == 0 || p->end == FETCH_OTHER_FILE || p->end == FETCH_WRONG_RANGE) {
                if (p->end == FETCH_OTHER_FILE)
                        f->have = 0;
                return;
        }
        snprintf(f->etag, sizeof(f->etag), "%s", is_weak ? "" : p->etag);
        snprintf(f->modified, sizeof(f->modified), "%s", p->modified);
        f->have = *f->etag == '"' || *f->modified ? p->bytes : 0;
        if (f->have >= before + MUCH)
                f->tries = 0;
}

static int too_large(const Fetch *f, Error **reterr) {
        char size[SIZE_TEXT_MAX], total[SIZE_TEXT_MAX];
        bool is_asked = f->q->size_max > 0 && f->room == f->q->size_max;

        size_text(f->room, size);
        if (f->report.total > f->room)
                error_set(reterr, EFBIG, "%s is %s, and %s %s", f->shown, size_text(f->report.total, total),
                          is_asked ? "no more than this was wanted:" : "there is room for", size);
        else
                error_set(reterr, EFBIG, "%s does not end after %s, %s", f->shown, size, is_asked ? "and more was not wanted" :
                          "which is all that there is room for");
        return error_hint(reterr, -EFBIG, is_asked ? "--max-size= says how large it may be." :
                          "Make room; a twentieth of the file system, 1 GiB at most, is left free.");
}

static int broken(const Fetch *f, Error **reterr) {
        const FetchReport *p = &f->report;
        const char *text = *p->text ? p->text : "no more is known";

        switch (p->code) {
        case CURLE_COULDNT_RESOLVE_HOST:
                error_set(reterr, EHOSTUNREACH, "Cannot get %s: %s", f->shown, text);
                return error_hint(reterr, -EHOSTUNREACH, "Is the name right, and is there a network?");
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
                error_set(reterr, EKEYREJECTED, "The server of %s cannot show that it is the one that it says: %s", f->shown, text);
                return error_hint(reterr, -EKEYREJECTED,
                                  "Is the time right, and the package ca-certificates there? An authority of your own is given by CURL_CA_BUNDLE=FILE.");
        default:
                return error_set(reterr, EIO, "Cannot get %s: %s", f->shown, text);
        }
}

static bool is_passing(const Fetch *f) {
        switch (f->report.code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT:
                return f->have > 0;
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_SSL_CONNECT_ERROR:
                return true;
        default:
                return false;
        }
}

static int refused(const Fetch *f, Error **reterr) {
        unsigned status = f->report.status;

        switch (status) {
        case 404:
        case 410:
                return error_set(reterr, ENOENT, "The server has no %s (%u)", f->shown, status);
        case 401:
        case 403:
        case 407:
                error_set(reterr, EACCES, "The server does not let us have %s (%u)", f->shown, status);
                return error_hint(reterr, -EACCES, "User and password may stand in the URL: https://USER:PASSWORD@HOST/…");
        case 429:
        case 503:
                return error_set(reterr, EBUSY, "The server of %s is busy (%u)%s", f->shown, status,
                                 f->report.retry_after > RETRY_AFTER_MAX ? ", and says so for long" : "");
        default:
                return error_set(reterr, EREMOTEIO, "The server has answered %u for %s", status, f->shown);
        }
}

static int redirect(Fetch *f, Error **reterr) {
        _cleanup_(error_freep) Error *bad = NULL;
        const char *to = f->report.location;
        int r;

        if (!*to)
                return error_set(reterr, EPROTO, "The server of %s sends us elsewhere (%u), but not where", f->shown, f->report.status);
        if (++f->redirects > REDIRECTS_MAX)
                return error_set(reterr, ELOOP, "The server of %s sends us from one place to the next: %u redirects were followed", f->shown,
                                 REDIRECTS_MAX);
        r = url_check(to, &bad);
        if (r < 0)
                return error_set(reterr, EPROTO, "The server of %s sends us where we do not go: %s", f->shown, bad ? bad->message : "out of memory");
        if (url_is_https(f->url) && !url_is_https(to))
                return error_set(reterr, EPROTO, "The server of %s sends us from https to http, which anybody on the way can change: '%.200s'",
                                 f->shown, to);
        free(f->url);
        f->url = strdup(to); /* without user and password, unless that server has said them itself */
        return f->url ? ELSEWHERE : error_oom(reterr);
}

static int judge_status(Fetch *f, Error **reterr) {
        unsigned status = f->report.status;

        switch (status) {
        case 200:
        case 206:
                return DONE;
        case 304:
                return f->q->etag || f->q->modified ? (int) DONE : refused(f, reterr);
        case 301: case 302: case 303: case 307: case 308:
                return redirect(f, reterr);
        case 416: /* what we have is not the beginning of what it has now */
                if (f->have == 0)
                        return refused(f, reterr);
                f->have = 0;
                (void) refused(f, reterr);
                return AGAIN;
        case 408: case 429: case 500: case 502: case 503: case 504:
                (void) refused(f, reterr);
                return f->report.retry_after > RETRY_AFTER_MAX ? -EBUSY : (int) AGAIN;
        default:
                return refused(f, reterr);
        }
}

/* A Verdict, or what is wrong for good. With AGAIN, *reterr is what it will have been if no try is left. */
static int judge(Fetch *f, Error **reterr) {
        const FetchReport *p = &f->report;

        switch (p->end) {
        case FETCH_ENDED:
                return judge_status(f, reterr);
        case FETCH_NO_LIBRARY:
                error_set(reterr, EOPNOTSUPP, "Cannot load libcurl, which speaks with servers");
                return error_hint(reterr, -EOPNOTSUPP, "Install it (package libcurl3-gnutls).");
        case FETCH_NOT_CONFINED:
                return error_errno(reterr, p->code > 0 && p->code < 4096 ? p->code : EPERM, "Cannot confine the process that asks the server");
        case FETCH_BROKEN:
                (void) broken(f, reterr);
                return is_passing(f) ? AGAIN : -EIO;
        case FETCH_WRONG_RANGE:
                return error_set(reterr, EPROTO, "The server of %s sends another part of it than it was asked for", f->shown);
        case FETCH_OTHER_FILE:
                (void) error_set(reterr, ESTALE, "%s changes while it is downloaded", f->shown);
                return AGAIN;
        case FETCH_TOO_LARGE:
                return too_large(f, reterr);
        case FETCH_ENDLESS_HEADERS:
                return error_set(reterr, EPROTO, "The server of %s answers with headers that do not end", f->shown);
        case FETCH_CANNOT_WRITE:
                return p->code == EFBIG ? too_large(f, reterr) :
                       error_errno(reterr, p->code > 0 && p->code < 4096 ? p->code : EIO, "Cannot write down %s", f->shown);
        default:
                /* one that somebody's answer broke is not given to him a second time */
                (void) error_set(reterr, EIO, "The process that asks for %s %s", f->shown, f->has_failed ? "has failed" : "is stuck");
                return f->has_failed ? -EIO : (int) AGAIN;
        }
}

/* ---- again ---- */

/* Growing, and never shorter than the server wishes; short where no long wait was wanted at all. */
static uint64_t pause_usec(const Fetch *f) {
        uint64_t unit = (f->q->timeout ?: FETCH_TIMEOUT) * SECOND / 8, pause;

        if (unit > SECOND)
                unit = SECOND;
        pause = unit << f->tries;
        if (pause > PAUSE_MAX)
                pause = PAUSE_MAX;
        return pause > f->report.retry_after * SECOND ? pause : f->report.retry_after * SECOND;
}

static int wait_before_next(Fetch *f, const Error *why, Error **reterr) {
        uint64_t pause = pause_usec(f), until = clock_deadline(pause);
        char size[SIZE_TEXT_MAX];

        if (f->have > 0)
                log_warning("%s; going on after %s", why->message, size_text(f->have, size));
        else
                log_warning("%s; trying again", why->message);
        while (clock_usec(CLOCK_MONOTONIC) < until) {
                if (is_cancelled(f))
                        return cancelled(f, reterr);
                clock_pause(POLL_MSEC * 1000);
        }
        return 0;
}

/* Give it up after so many; else begin anew where it was asked for first, for another server of several may answer. */
static int again(Fetch *f, Error **error, Error **reterr) {
        int r;

        if (++f->tries >= TRIES) {
                r = (*error)->code;
                if (!(*error)->hint)
                        (void) error_hint(error, r, "It was tried %u times. Try again later.", TRIES);
                return error_pass(reterr, r, error);
        }
        r = wait_before_next(f, *error, reterr);
        if (r < 0)
                return r;
        free(f->url);
        f->url = strdup(f->q->url);
        f->redirects = 0;
        return f->url ? 0 : error_oom(reterr);
}

static int fetch_all(Fetch *f, Error **reterr) {
        for (;;) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = look_for_room(f, &error);

                if (r >= 0)
                        r = ask(f, &error);
                if (r >= 0) {
                        remember(f);
                        r = judge(f, &error);
                }
                if (r < 0)
                        return error_pass(reterr, r, &error);
                if (r == DONE)
                        return 0;
                if (r == AGAIN)
                        r = again(f, &error, reterr);
                if (r < 0)
                        return r;
        }
}

/* What is there is what was said: the process that wrote it could have said anything. */
static int check_size(const Fetch *f, Error **reterr) {
        struct stat st;

        if (fstat(f->q->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at what was downloaded");
        if ((uint64_t) st.st_size != f->report.bytes || (f->report.total > 0 && f->report.total != f->report.bytes))
                return error_set(reterr, EIO, "%s was not downloaded whole", f->shown);
        return 0;
}

int fetch(const FetchRequest *q, FetchResult *ret, Error **reterr) {
        _cleanup_(fetch_done) Fetch f = { .q = q };
        int r = url_check(q->url, reterr);

        if (r < 0)
                return r;
        f.shown = url_public(q->url);
        f.url = strdup(q->url);
        if (!f.shown || !f.url)
                return error_oom(reterr);
        r = read_authorities(&f, reterr);
        if (r >= 0)
                r = fetch_all(&f, reterr);
        if (r < 0)
                return r;
        *ret = (FetchResult){ .unchanged = f.report.status == 304 };
        if (!ret->unchanged) {
                r = check_size(&f, reterr);
                if (r < 0)
                        return r;
                ret->size = f.report.bytes;
        }
        memcpy(ret->etag, f.report.etag, sizeof(ret->etag));
        memcpy(ret->modified, f.report.modified, sizeof(ret->modified));
        return 0;
}
