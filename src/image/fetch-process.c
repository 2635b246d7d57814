/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fetch-process.h"

/* libcurl is loaded before the confinement, for its library may lie anywhere; it does its first work in it. Redirects are not followed
 * here: whether one may be is the parent's to say, and it is another process that follows it. No answer is decoded: what a server calls its
 * Content-Encoding is, with .tar.gz, mostly the file's own. */

#include <curl/curl.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "clock.h"
#include "fd.h"
#include "library.h"
#include "namespace.h"
#include "nobody.h"
#include "parse.h"
#include "process.h"
#include "seccomp.h"
#include "small-root.h"
#include "text.h"

#define NAME "nbox-fetch"
#define CA_FILE "ca.pem"
#define HEADERS_MAX (256U << 10)
#define MEMORY_MAX (1024U << 20) /* of address space: threads' stacks and the resolver's modules, too */
#define SLOW_BYTES 100L          /* a second: less is none */
#define REPORT_USEC (100 * 1000)

_Static_assert(sizeof(FetchReport) <= PIPE_BUF, "a report is written whole");

static const char *const libraries[] = { "libcurl-gnutls.so.4", "libcurl.so.4" };

typedef struct Curl {
        CURLcode (*global_init)(long flags);
        CURL *(*easy_init)(void);
        CURLcode (*easy_setopt)(CURL *h, CURLoption option, ...);
        CURLcode (*easy_getinfo)(CURL *h, CURLINFO info, ...);
        CURLcode (*easy_perform)(CURL *h);
        const char *(*easy_strerror)(CURLcode code);
        struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
} Curl;

typedef struct Transfer {
        const FetchJob *job;
        Curl curl;
        CURL *handle;
        FetchReport report;
        size_t header_bytes;
        bool began;           /* the body */
        bool is_stopped;      /* by us: report.end says why, or it is not wanted */
        bool has_range;
        uint64_t range_begin, length, at; /* length: of this answer's body, UINT64_MAX: not said */
        uint64_t reported_usec;
        char error[CURL_ERROR_SIZE];
} Transfer;

static int load_library(Curl *c) {
        const LibrarySymbol symbols[] = {
                { "global_init", (void **) &c->global_init },
                { "easy_init", (void **) &c->easy_init },
                { "easy_setopt", (void **) &c->easy_setopt },
                { "easy_getinfo", (void **) &c->easy_getinfo },
                { "easy_perform", (void **) &c->easy_perform },
                { "easy_strerror", (void **) &c->easy_strerror },
                { "slist_append", (void **) &c->slist_append },
        };

        for (size_t i = 0; i < ELEMENTSOF(libraries); i++)
                if (library_load(libraries[i], "curl_", symbols, ELEMENTSOF(symbols)) >= 0)
                        return 0;
        return -ELIBACC;
}

/* ---- confinement ---- */

/* Those of libcurl, of TLS, and of the C library's resolver with its modules and its thread. */
static const uint32_t calls[] = {
#ifdef SYS_poll /* newer architectures have the next ones only */
        SYS_poll, SYS_select, SYS_epoll_wait, SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_pipe, SYS_time, SYS_getdents,
#endif
        SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2, SYS_pipe2, SYS_socketpair,
        SYS_read, SYS_readv, SYS_pread64, SYS_write, SYS_writev, SYS_pwrite64, SYS_lseek, SYS_ftruncate, SYS_close, SYS_fcntl, SYS_ioctl,
        SYS_openat, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_fstatfs, SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_getdents64,
        SYS_getcwd,
        SYS_socket, SYS_connect, SYS_bind, SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_shutdown,
        SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg,
        SYS_brk, SYS_mmap, SYS_mremap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_membarrier,
        SYS_clone, SYS_clone3, SYS_set_robust_list, SYS_rseq, SYS_futex, SYS_sched_yield, SYS_sched_getaffinity, SYS_gettid, SYS_getpid,
        SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_uname, SYS_sysinfo, SYS_getrusage,
        SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
        SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_getrandom, SYS_exit, SYS_exit_group,
};

static int set_limits(const FetchJob *job) {
        const ProcessBound bounds[] = {
                { RLIMIT_AS, MEMORY_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_NOFILE, 64 }, { RLIMIT_MEMLOCK, 0 }, { RLIMIT_FSIZE, job->size_max },
        };

        return bound_process(bounds, ELEMENTSOF(bounds));
}

/* Both come out of the way of the numbers that they get first. */
static int keep_fds(const FetchJob *job, int pipe_fd) {
        int file = fcntl(job->fd, F_DUPFD_CLOEXEC, 10), null = open("/dev/null", O_RDWR | O_CLOEXEC);

        pipe_fd = fcntl(pipe_fd, F_DUPFD_CLOEXEC, 10);
        if (file < 0 || pipe_fd < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
            dup2(file, FETCH_FILE) < 0 || dup2(pipe_fd, FETCH_PIPE) < 0 || close_range(FETCH_PIPE + 1, ~0U, 0) < 0)
                return -errno;
        return 0;
}

int fetch_confine(const FetchJob *job, int pipe_fd) {
        const SmallRootFile ca = { .name = CA_FILE, .data = job->ca, .size = job->ca_size };
        int r = keep_fds(job, pipe_fd);

        (void) setsid(); /* a ^C is not for it */
        (void) prctl(PR_SET_NAME, NAME);
        process_reset_signals();
        (void) signal(SIGXFSZ, SIG_IGN); /* EFBIG says it */
        (void) signal(SIGPIPE, SIG_IGN);
        if (r >= 0)
                r = small_root_enter(&ca, job->ca ? 1 : 0);
        if (r >= 0)
                r = set_limits(job);
        if (r >= 0)
                r = become_nobody(0); /* the parent is outside of the pid namespace */
        if (r < 0)
                return r;
        /* It may have ended before the signal at its end was asked for: then nobody reads the pipe. */
        if (poll(&(struct pollfd){ .fd = FETCH_PIPE }, 1, 0) > 0)
                return -ESRCH;
        r = seccomp_allow_only(calls, ELEMENTSOF(calls));
        return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r; /* a kernel without filters */
}

/* ---- what is told ---- */

static int report(Transfer *t) {
        t->reported_usec = clock_usec(CLOCK_MONOTONIC);
        return write(FETCH_PIPE, &t->report, sizeof(t->report)) == (ssize_t) sizeof(t->report) ? 0 : -EPIPE;
}

static int report_now_and_then(Transfer *t) {
        return clock_usec(CLOCK_MONOTONIC) - t->reported_usec < REPORT_USEC ? 0 : report(t);
}

static size_t stop(Transfer *t, FetchEnd end, int code) {
        t->report.end = end;
        t->report.code = code;
        t->is_stopped = true;
        return 0;
}

/* ---- headers ---- */

/* The value of a header of that name, without what is around it: what does not fit, or is no clean text, is none. */
static bool header_is(const char *line, size_t n, const char *name, char *ret, size_t room) {
        size_t k = strlen(name);

        if (n <= k || strncasecmp(line, name, k) != 0 || line[k] != ':')
                return false;
        for (line += k + 1, n -= k + 1; n > 0 && (*line == ' ' || *line == '\t'); n--)
                line++;
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r' || line[n - 1] == ' ' || line[n - 1] == '\t'))
                n--;
        if (n >= room || memchr(line, 0, n))
                n = 0;
        memcpy(ret, line, n);
        ret[n] = 0;
        if (!string_is_clean(ret))
                *ret = 0;
        return true;
}

/* "bytes 100-199/200" */
static void read_range(Transfer *t, char *value) {
        char *begin = strncasecmp(value, "bytes ", 6) == 0 ? value + 6 : NULL, *dash = begin ? strchr(begin, '-') : NULL;
        char *slash = dash ? strchr(dash, '/') : NULL;

        if (!slash)
                return;
        *dash = 0;
        t->has_range = parse_u64(begin, INT64_MAX, &t->range_begin) >= 0;
        if (parse_u64(slash + 1, INT64_MAX, &t->report.total) < 0)
                t->report.total = 0;
}

/* Another answer begins: after "100 Continue", or that of a proxy. */
static void forget_answer(Transfer *t) {
        t->report.etag[0] = t->report.modified[0] = 0;
        t->report.retry_after = 0;
        t->report.total = 0;
        t->length = UINT64_MAX;
        t->has_range = false;
}

/* What would not fit need not be begun. */
static size_t end_of_headers(Transfer *t, size_t n) {
        long status = 0;

        (void) t->curl.easy_getinfo(t->handle, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200 || t->length == UINT64_MAX || t->length <= t->job->size_max)
                return n;
        t->report.total = t->length;
        return stop(t, FETCH_TOO_LARGE, 0);
}

static size_t on_header(char *line, size_t size, size_t n, void *userdata) {
        Transfer *t = userdata;
        char value[128];
        uint64_t number;

        n *= size;
        t->header_bytes += n;
        if (t->header_bytes > HEADERS_MAX)
                return stop(t, FETCH_ENDLESS_HEADERS, 0);
        if (n > 5 && strncasecmp(line, "HTTP/", 5) == 0)
                forget_answer(t);
        else if (n <= 2)
                return end_of_headers(t, n);
        else if (header_is(line, n, "ETag", t->report.etag, sizeof(t->report.etag)) ||
                 header_is(line, n, "Last-Modified", t->report.modified, sizeof(t->report.modified)))
                ;
        else if (header_is(line, n, "Content-Range", value, sizeof(value)))
                read_range(t, value);
        else if (header_is(line, n, "Content-Length", value, sizeof(value))) {
                if (parse_u64(value, INT64_MAX, &number) >= 0)
                        t->length = number;
        } else if (header_is(line, n, "Retry-After", value, sizeof(value)) && parse_u64(value, UINT32_MAX, &number) >= 0)
                t->report.retry_after = (uint32_t) number;
        return n;
}

/* ---- the body ---- */

/* A weak ETag names no bytes, so it was not asked for by one. */
static bool is_other_version(const Transfer *t) {
        const char *was = t->job->if_range;

        return was && (*was == '"' ? t->report.etag[0] && strcmp(was, t->report.etag) != 0 :
                       t->report.modified[0] && strcmp(was, t->report.modified) != 0);
}

/* The first bytes have come: where do they go? False: nowhere. */
static bool begin_body(Transfer *t) {
        long status = 0;

        (void) t->curl.easy_getinfo(t->handle, CURLINFO_RESPONSE_CODE, &status);
        t->began = true;
        t->report.status = (uint32_t) status;
        if (status == 206 && t->job->from > 0) {
                if (!t->has_range || t->range_begin != t->job->from)
                        return stop(t, FETCH_WRONG_RANGE, 0);
                if (is_other_version(t))
                        return stop(t, FETCH_OTHER_FILE, 0);
                t->at = t->job->from;
        } else if (status == 206)
                return stop(t, FETCH_WRONG_RANGE, 0);
        else if (status == 200) {
                t->at = 0;
                if (ftruncate(FETCH_FILE, 0) < 0)
                        return stop(t, FETCH_CANNOT_WRITE, errno);
                t->report.total = t->length == UINT64_MAX ? 0 : t->length;
        } else
                return stop(t, FETCH_ENDED, 0); /* an error's page */
        if (t->report.total > t->job->size_max) /* of all parts */
                return stop(t, FETCH_TOO_LARGE, 0);
        t->report.bytes = t->at;
        return report(t) >= 0 || stop(t, FETCH_ENDED, 0);
}

static size_t on_body(char *data, size_t size, size_t n, void *userdata) {
        Transfer *t = userdata;

        n *= size;
        if (!t->began && !begin_body(t))
                return 0;
        if (n > t->job->size_max - t->at)
                return stop(t, FETCH_TOO_LARGE, 0);
        for (size_t done = 0; done < n;) {
                ssize_t k = pwrite(FETCH_FILE, data + done, n - done, (off_t) (t->at + done));

                if (k < 0)
                        return stop(t, FETCH_CANNOT_WRITE, errno);
                done += (size_t) k;
        }
        t->at += n;
        t->report.bytes = t->at;
        return report_now_and_then(t) < 0 ? stop(t, FETCH_ENDED, 0) : n;
}

/* It is called about once a second also when nothing comes: the parent hears that we live. */
static int on_tick(void *userdata, _unused_ curl_off_t a, _unused_ curl_off_t b, _unused_ curl_off_t c, _unused_ curl_off_t d) {
        return report_now_and_then(userdata) < 0;
}

/* ---- the request ---- */

static struct curl_slist *add_header(Transfer *t, struct curl_slist *list, const char *name, const char *value) {
        char line[FETCH_VALIDATOR + 32];

        if (!value || snprintf(line, sizeof(line), "%s: %s", name, value) >= (int) sizeof(line))
                return list;
        return t->curl.slist_append(list, line) ?: list;
}

static struct curl_slist *make_headers(Transfer *t) {
        struct curl_slist *list = NULL;

        list = add_header(t, list, "If-None-Match", t->job->etag);
        list = add_header(t, list, "If-Modified-Since", t->job->etag ? NULL : t->job->modified);
        return add_header(t, list, "If-Range", t->job->from > 0 ? t->job->if_range : NULL);
}

static CURLcode set_up(Transfer *t) {
        const FetchJob *job = t->job;
        struct curl_slist *headers = make_headers(t);
        long timeout = (long) job->timeout;
        char range[32];
        CURLcode c = CURLE_OK;

#define SET(option, value) (c = c == CURLE_OK ? t->curl.easy_setopt(t->handle, CURLOPT_##option, value) : c)
        SET(ERRORBUFFER, t->error);
        SET(URL, job->url);
        SET(PROTOCOLS_STR, "http,https");
        SET(NOSIGNAL, 1L);
        SET(HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        SET(USERAGENT, "nbox/" NBOX_VERSION);
        SET(HTTP_CONTENT_DECODING, 0L);
        SET(CONNECTTIMEOUT, timeout);
        SET(LOW_SPEED_TIME, timeout);
        SET(LOW_SPEED_LIMIT, SLOW_BYTES);
        SET(SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        SET(HEADERFUNCTION, on_header);
        SET(HEADERDATA, t);
        SET(WRITEFUNCTION, on_body);
        SET(WRITEDATA, t);
        SET(XFERINFOFUNCTION, on_tick);
        SET(XFERINFODATA, t);
        SET(NOPROGRESS, 0L);
        if (headers)
                SET(HTTPHEADER, headers);
        if (job->ca) {
                SET(CAINFO, "/" CA_FILE);
                SET(PROXY_CAINFO, "/" CA_FILE);
        }
        if (job->from > 0) {
                snprintf(range, sizeof(range), "%llu-", (unsigned long long) job->from);
                SET(RANGE, range);
        }
#undef SET
        /* A resolver that is stuck ends with us (7.87); older ones are waited for by libcurl, and by our parent for so long. */
        (void) t->curl.easy_setopt(t->handle, CURLOPT_QUICK_EXIT, 1L);
        return c;
}

static void finish(Transfer *t, CURLcode c) {
        char *location = NULL;
        long status = 0;

        (void) t->curl.easy_getinfo(t->handle, CURLINFO_RESPONSE_CODE, &status);
        (void) t->curl.easy_getinfo(t->handle, CURLINFO_REDIRECT_URL, &location);
        t->report.status = (uint32_t) status;
        if (location && strlen(location) <= URL_MAX && string_is_clean(location))
                strcpy(t->report.location, location);
        if (!t->is_stopped && c == CURLE_OK && !t->began && (status == 200 || status == 206)) /* an empty one */
                (void) begin_body(t);
        if (t->is_stopped)
                return;
        t->report.end = c == CURLE_OK ? FETCH_ENDED : FETCH_BROKEN;
        t->report.code = (int32_t) c;
        if (c != CURLE_OK)
                snprintf(t->report.text, sizeof(t->report.text), "%s", t->error[0] ? t->error : t->curl.easy_strerror(c));
}

static void perform(Transfer *t) {
        CURLcode c = t->curl.global_init(CURL_GLOBAL_DEFAULT);

        t->handle = c == CURLE_OK ? t->curl.easy_init() : NULL;
        if (!t->handle) {
                (void) stop(t, FETCH_BROKEN, c == CURLE_OK ? CURLE_OUT_OF_MEMORY : (int) c);
                return;
        }
        c = set_up(t);
        if (c == CURLE_OK)
                c = t->curl.easy_perform(t->handle);
        finish(t, c);
}

static _Noreturn void child(const FetchJob *job, int pipe_fd) {
        Transfer t = { .job = job, .length = UINT64_MAX };
        int r = load_library(&t.curl);

        if (r < 0)
                (void) stop(&t, FETCH_NO_LIBRARY, 0);
        r = fetch_confine(job, pipe_fd);
        if (r < 0)
                (void) stop(&t, FETCH_NOT_CONFINED, -r);
        if (!t.is_stopped)
                perform(&t);
        if (r < 0)
                (void) dup2(pipe_fd, FETCH_PIPE); /* unless it is that already */
        _exit(report(&t) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

pid_t fetch_process_start(const FetchJob *job, int *ret_pidfd, int *ret_pipe, Error **reterr) {
        int fds[2];
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        pid = clone_into(FETCH_NAMESPACES, -1, ret_pidfd);
        if (pid == 0)
                child(job, fds[1]);
        close_fd(fds[1]);
        if (pid < 0) {
                close_fd(fds[0]);
                return error_errno(reterr, pid, "Cannot start a process that asks the server");
        }
        *ret_pipe = fds[0];
        return pid;
}
