/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "http-request.h"
#include "log.h"
#include "metrics.h"

/* One process a request, which systemd starts and which is gone afterwards: so there is nothing of ours that stays, nothing that one client
 * could spoil for the next, and how many there may be at a time is systemd's to say. */

#define ASK_USEC (5 * UINT64_C(1000000))
#define ANSWER_USEC (10 * UINT64_C(1000000))
#define LINGER_USEC (1 * UINT64_C(1000000))
#define LINGER_MAX (64 * 1024)
#define PIECE 4096 /* PIPE_BUF: what a pipe that can be written to takes without making us wait */

/* Within so long; 0: no. Who has hung up counts as ready: the next call says so. */
static int wait_for(int fd, short events, uint64_t end) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);
        int r;

        do
                r = poll(&(struct pollfd){ .fd = fd, .events = events }, 1, now < end ? (int) ((end - now) / 1000) + 1 : 0);
        while (r < 0 && errno == EINTR && (now = clock_usec(CLOCK_MONOTONIC)) < end);
        return r < 0 ? (errno == EINTR ? 0 : -errno) : r;
}

/* The head of the request: how long it is, 0 where nobody asks anything, or minus the status to refuse it with. */
static int read_head(int in, char *buf, size_t max) {
        uint64_t end = clock_deadline(ASK_USEC);
        size_t size = 0, head;
        ssize_t n;

        while ((head = http_head_size(buf, size)) == 0) {
                if (size == max)
                        return -431;
                if (wait_for(in, POLLIN, end) <= 0)
                        return -408;
                n = read(in, buf + size, max - size);
                if (n < 0 && errno != EINTR)
                        return 0;
                if (n == 0)
                        return size > 0 ? -400 : 0;
                size += n > 0 ? (size_t) n : 0;
        }
        return (int) head;
}

/* A client that has gone is no failure of ours. */
static int write_all(int out, const char *data, size_t size, uint64_t end) {
        while (size > 0) {
                ssize_t n;

                if (wait_for(out, POLLOUT, end) <= 0)
                        return -ETIMEDOUT;
                n = send(out, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n < 0 && errno == ENOTSOCK)
                        n = write(out, data, size < PIECE ? size : PIECE);
                if (n < 0 && errno != EINTR && errno != EAGAIN)
                        return -errno;
                data += n > 0 ? n : 0;
                size -= n > 0 ? (size_t) n : 0;
        }
        return 0;
}

/* What of his has come and was not read when a socket is closed makes the kernel reset the connection, and the answer may be lost on its way. */
static void linger(int in, int out) {
        uint64_t end = clock_deadline(LINGER_USEC);
        char buf[PIECE];
        ssize_t n = 1;

        if (shutdown(out, SHUT_WR) < 0)
                return;
        for (size_t sum = 0; n > 0 && sum < LINGER_MAX && wait_for(in, POLLIN, end) > 0; sum += (size_t) n)
                n = read(in, buf, sizeof(buf));
}

typedef struct Answer {
        int status;
        const char *type;
        const char *extra; /* more fields, each with its end of line */
        char *body;        /* the caller's */
        size_t size;
} Answer;

static int send_answer(int out, const Answer *a, bool with_body) {
        uint64_t end = clock_deadline(ANSWER_USEC);
        char head[512], date[64] = "";
        time_t now = time(NULL);
        struct tm tm;
        int r;

        if (gmtime_r(&now, &tm))
                strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        snprintf(head, sizeof(head),
                 "HTTP/1.1 %d %s\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\nX-Content-Type-Options: nosniff\r\n%sConnection: close\r\n\r\n", a->status,
                 http_status_text(a->status), date, a->type, a->size, a->extra ?: "");
        r = write_all(out, head, strlen(head), end);
        return r >= 0 && with_body ? write_all(out, a->body, a->size, end) : r;
}

static int figures_body(MetricFormat format, Answer *ret, Error **reterr) {
        FILE *out = open_memstream(&ret->body, &ret->size);
        int r;

        if (!out)
                return error_oom(reterr);
        r = metrics_write(out, format, reterr);
        if (fclose(out) != 0 && r >= 0)
                r = error_oom(reterr);
        return r;
}

static int text_body(Answer *ret, const char *text, Error **reterr) {
        ret->body = strdup(text);
        ret->size = ret->body ? strlen(ret->body) : 0;
        return ret->body ? 0 : error_oom(reterr);
}

/* 0 or -errno; then *ret is what to say to the client all the same. */
static int make_answer(int status, const HttpRequest *q, Answer *ret, Error **reterr) {
        MetricFormat format = q->openmetrics ? METRIC_OPENMETRICS : METRIC_PROMETHEUS;
        char text[64];

        *ret = (Answer){ .status = status, .type = "text/plain; charset=utf-8", .extra = status == 405 ? "Allow: GET, HEAD\r\n" : NULL };
        if (status == 200 && strcmp(q->path, "/metrics") == 0) {
                ret->type = metric_format_media_type(format);
                ret->extra = "Vary: Accept\r\n";
                return figures_body(format, ret, reterr);
        }
        if (status == 200 && strcmp(q->path, "/") == 0) {
                ret->type = "text/html; charset=utf-8";
                return text_body(ret, "<!DOCTYPE html>\n<title>nbox</title>\n<p><a href=\"/metrics\">Figures of the machines</a></p>\n", reterr);
        }
        ret->status = status == 200 ? 404 : status;
        snprintf(text, sizeof(text), "%d %s\n", ret->status, http_status_text(ret->status));
        return text_body(ret, text, reterr);
}

int metrics_serve(int in, int out, Error **reterr) {
        char buf[HTTP_HEAD_MAX];
        HttpRequest request = {};
        Answer answer;
        int size = read_head(in, buf, sizeof(buf)), status, r;

        if (size == 0)
                return 0;
        status = size < 0 ? -size : http_request_parse(buf, (size_t) size, &request);
        r = make_answer(status ?: 200, &request, &answer, reterr);
        if (r < 0) {
                free(answer.body);
                (void) make_answer(500, &request, &answer, NULL);
        }
        if (send_answer(out, &answer, !request.head) >= 0)
                linger(in, out);
        free(answer.body);
        return r;
}
