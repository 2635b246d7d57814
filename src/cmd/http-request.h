/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The head of one HTTP/1 request (RFC 9112), as little of it as somebody needs who has two pages to show and then hangs up. Whoever sent it
 * may be anybody: it is bounded, and what is not as it should be is refused, not mended. A body is not read. */

#define HTTP_HEAD_MAX 8192
#define HTTP_PATH_MAX 64 /* longer ones are not ours */

typedef struct HttpRequest {
        bool head;                /* HEAD: no body is wanted */
        char path[HTTP_PATH_MAX]; /* without what stands behind a '?'; "" for a longer one */
        bool openmetrics;         /* Accept: would rather have that than plain text */
} HttpRequest;

/* How much of what has come is the head, with the empty line that ends it; 0: its end has not come yet. */
size_t http_head_size(const char *text, size_t size);

/* Such a head; 0, or the status to refuse it with: 400, 405 (neither GET nor HEAD), or 505 (no HTTP/1). */
int http_request_parse(const char *head, size_t size, HttpRequest *ret);

/* "Not Found" */
const char *http_status_text(int status);
