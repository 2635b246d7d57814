/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <time.h>

#include "http-request.h"
#include "unit.h"

#define ROUNDS 200000
#define SECONDS 5
#define HOST "Host: a\r\n"

/* As a server has it: on the heap, with nothing behind it, so that the sanitizer sees a look beyond the end. */
static int parse(const char *text, size_t size, HttpRequest *ret) {
        char *copy = malloc(size ?: 1);
        int status;

        assert_non_null(copy);
        memcpy(copy, text, size);
        status = http_request_parse(copy, size, ret);
        free(copy);
        return status;
}

static void requests(void **state _unused_) {
        static const struct {
                const char *text;
                int status;
                const char *path;
        } cases[] = {
                { "GET /metrics HTTP/1.1\r\n" HOST "\r\n", 0, "/metrics" },
                { "GET /metrics HTTP/1.0\r\n\r\n", 0, "/metrics" },
                { "GET /metrics HTTP/1.0\n\n", 0, "/metrics" },
                { "\r\nGET / HTTP/1.0\r\n\r\n", 0, "/" },
                { "HEAD /metrics?a=b&c=/d HTTP/1.1\r\nhOST:a\r\n\r\n", 0, "/metrics" },
                { "GET http://a:1/metrics HTTP/1.1\r\n" HOST "\r\n", 0, "/metrics" },
                { "GET http://a HTTP/1.1\r\n" HOST "\r\n", 0, "/" },
                { "GET http://a?/b HTTP/1.1\r\n" HOST "\r\n", 0, "/b" },
                { "GET /metrics/ HTTP/1.9\r\n" HOST "X: \xff \t y \r\n\r\n", 0, "/metrics/" },
                { "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.0\r\n\r\n", 0, "" },
                { "POST /metrics HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 405, "/metrics" },
                { "get /metrics HTTP/1.0\r\n\r\n", 405, "/metrics" },
                { "OPTIONS / HTTP/1.0\r\n\r\n", 405, "/" },
                { "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
                { "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
                { "PRI * HTTP/2.0\r\n\r\n", 505, NULL },
                { "GET / HTTP/0.9\r\n\r\n", 505, NULL },
                { "GET /\r\n\r\n", 400, NULL },
                { "GET / HTTP/1.1\r\n\r\n", 400, NULL },                          /* no host */
                { "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, NULL },             /* two of them */
                { "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400, NULL },
                { "POST / HTTP/1.1\r\n\r\n", 400, NULL },
                { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, NULL },              /* a blank before the colon */
                { "GET / HTTP/1.1\r\n" HOST " folded: b\r\n\r\n", 400, NULL },
                { "GET / HTTP/1.1\r\n" HOST "nothing\r\n\r\n", 400, NULL },
                { "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400, NULL },
                { "GET / HTTP/1.1\r\n" HOST "a: b\rc\r\n\r\n", 400, NULL },
                { "GET  / HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
                { "GET / HTTP/1.1 \r\n" HOST "\r\n", 400, NULL },
                { "GET / HTTP/1.12\r\n" HOST "\r\n", 400, NULL },
                { "GET / HTTP/a.1\r\n" HOST "\r\n", 400, NULL },
                { "GET / http/1.1\r\n" HOST "\r\n", 400, NULL },
                { "GET metrics HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
                { "GET /\t HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
                { "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
                { "G\x01T / HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
                { " GET / HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
                { "\r\n\r\n", 400, NULL },
                { "\x16\x03\x01\x02\r\n\r\n", 400, NULL }, /* somebody who speaks TLS */
                { "", 400, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                HttpRequest request;
                int status = parse(cases[i].text, strlen(cases[i].text), &request);

                if (status != cases[i].status)
                        fail_msg("'%s' is %d", cases[i].text, status);
                if (cases[i].path)
                        assert_string_equal(request.path, cases[i].path);
        }
}

static void a_request_with_a_nul(void **state _unused_) {
        static const char in_target[] = "GET /\0 HTTP/1.0\r\n\r\n", in_value[] = "GET / HTTP/1.0\r\na: \0\r\n\r\n", in_name[] = "GET / HTTP/1.0\r\n\0: b\r\n\r\n";
        HttpRequest request;

        assert_int_equal(parse(in_target, sizeof(in_target) - 1, &request), 400);
        assert_int_equal(parse(in_value, sizeof(in_value) - 1, &request), 400);
        assert_int_equal(parse(in_name, sizeof(in_name) - 1, &request), 400);
}

static void where_a_head_ends(void **state _unused_) {
        static const struct {
                const char *text;
                size_t size;
        } cases[] = {
                { "", 0 },
                { "\r\n", 0 },
                { "GET / HTTP/1.0\r\n", 0 },
                { "GET / HTTP/1.0\r\n\r", 0 },
                { "GET / HTTP/1.0\r\n\r\n", 18 },
                { "GET / HTTP/1.0\r\n\r\nmore\r\n\r\n", 18 },
                { "GET / HTTP/1.0\n\nmore", 16 },
                { "\nGET / HTTP/1.0\n\nmore", 17 },
                { "\n\nGET", 2 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (http_head_size(cases[i].text, strlen(cases[i].text)) != cases[i].size)
                        fail_msg("'%s'", cases[i].text);
}

#define OM "application/openmetrics-text"

static void what_is_accepted(void **state _unused_) {
        static const struct {
                const char *accept;
                bool openmetrics;
        } cases[] = {
                { OM ";version=1.0.0," OM ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true }, /* Prometheus 2 */
                { OM ";version=1.0.0;escaping=allow-utf-8;q=0.6," OM ";version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                  true },                                                                                           /* 3 */
                { "text/plain;version=0.0.4;q=0.9," OM ";q=0.8", false },
                { "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", false },
                { "*/*", false },
                { "application/*", false },
                { "", false },
                { OM, true },
                { "Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=0.1", true },
                { OM ";version=2.0.0", false },
                { OM ";version=0.0.1", false },
                { OM ";q=0", false },
                { OM ";q=0.000", false },
                { OM ";q=0.001", true },
                { OM ";q=1.001", false },
                { OM ";q=2", false },
                { OM ";q=", false },
                { OM ";q=.5", false },
                { OM ";q=0.1234", false },
                { OM ";q=0.5,text/*;q=0.6", false },
                { OM ";q=0.5,text/*;q=0.4,*/*;q=0.9", true },
                { OM ";q=0.5,text/plain;q=0.4,text/*;q=0.9", true },
                { OM ";q=0.5,*/*;q=0.9", false },
                { "a/b;c=\"," OM "\",text/plain", false },
                { "a/b;c=\"\\\"," OM, false },
                { ",,;;,=,;q,; ," OM, true },
                { "text/html, image/gif, image/jpeg, */*; q=.2", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                HttpRequest request;
                char text[512];
                int n = snprintf(text, sizeof(text), "GET / HTTP/1.0\r\nAccept: %s\r\n\r\n", cases[i].accept);

                assert_int_equal(parse(text, (size_t) n, &request), 0);
                if (request.openmetrics != cases[i].openmetrics)
                        fail_msg("'%s'", cases[i].accept);
        }
}

static void several_fields_are_one(void **state _unused_) {
        static const char text[] = "GET / HTTP/1.0\r\nAccept: text/plain;q=0.5\r\nX: y\r\nACCEPT: " OM ";q=0.7\r\n\r\n";
        HttpRequest request;

        assert_int_equal(parse(text, sizeof(text) - 1, &request), 0);
        assert_true(request.openmetrics);
}

/* ---- requests that nobody wrote: what is looked for is what the sanitizers see, and a status that is one of ours ---- */

static const char *const seeds[] = {
        "GET /metrics HTTP/1.1\r\n" HOST "User-Agent: Prometheus/2.42.0\r\nAccept: " OM ";version=1.0.0," OM ";version=0.0.1;q=0.75,text/plain;q=0.5,*/*;q=0.1\r\n"
        "Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
        "HEAD http://a:80/metrics?x=y HTTP/1.0\r\naccept: text/*;q=\"0\\\"5\", a/b;version=\"1\"\r\n\r\n",
        "POST / HTTP/1.1\nHost: [::1]:1\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\r\n\r\n",
};

static uint32_t next(uint64_t *state, uint32_t below) {
        *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (uint32_t) (*state >> 33) % below;
}

static size_t mutate(uint64_t *rnd, char *text, size_t size, size_t max) {
        static const char special[] = "\r\n\r\n :;,=\"\\/?*q0.19\t\xff\x7f\x1b";

        for (uint32_t n = 1 + next(rnd, 6); n > 0; n--) {
                size_t at = size ? next(rnd, (uint32_t) size) : 0, length;

                switch (next(rnd, 4)) {
                case 0:
                        if (size)
                                text[at] = (char) next(rnd, 256);
                        break;
                case 1:
                        if (size < max) {
                                memmove(text + at + 1, text + at, size - at);
                                text[at] = special[next(rnd, sizeof(special))];
                                size++;
                        }
                        break;
                case 2:
                        length = size > at ? next(rnd, (uint32_t) (size - at)) : 0;
                        memmove(text + at, text + at + length, size - at - length);
                        size -= length;
                        break;
                case 3:
                        size = next(rnd, 8) == 0 ? at : size;
                        break;
                }
        }
        return size;
}

static void requests_that_nobody_wrote(void **state _unused_) {
        static const int statuses[] = { 0, 400, 405, 505 };
        uint64_t rnd = 42;
        size_t seen[ELEMENTSOF(statuses)] = {};
        time_t end = time(NULL) + SECONDS;

        for (size_t i = 0; i < ROUNDS && time(NULL) < end; i++) {
                const char *seed = seeds[next(&rnd, ELEMENTSOF(seeds))];
                char text[1024];
                size_t size = strlen(seed), head, s = 0;
                HttpRequest request;
                int status;

                memcpy(text, seed, size);
                size = mutate(&rnd, text, size, sizeof(text));
                head = http_head_size(text, size);
                assert_true(head <= size);
                status = parse(text, head > 0 ? head : size, &request);
                while (s < ELEMENTSOF(statuses) && statuses[s] != status)
                        s++;
                assert_true(s < ELEMENTSOF(statuses));
                seen[s]++;
                assert_true(memchr(request.path, 0, sizeof(request.path)) != NULL);
                if (status == 0)
                        assert_true(*request.path == '/' || !*request.path);
        }
        for (size_t s = 0; s < ELEMENTSOF(statuses); s++)
                assert_true(seen[s] > 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(requests),
                cmocka_unit_test(a_request_with_a_nul),
                cmocka_unit_test(where_a_head_ends),
                cmocka_unit_test(what_is_accepted),
                cmocka_unit_test(several_fields_are_one),
                cmocka_unit_test(requests_that_nobody_wrote),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
