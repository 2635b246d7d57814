/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "health-http.h"
#include "http-request.h"

/* What anybody may send to the port of `nbox metrics`, and the first line of what a guest's server answers to a check. */

void fuzz_http(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        size_t n, head;
        _cleanup_free_ char *text = fuzz_rest(&in, &n);
        HttpRequest request = {};
        int status;

        head = http_head_size(text, n);
        fuzz_check(head <= n);
        if (head > 0) {
                status = http_request_parse(text, head, &request);
                fuzz_check(status == 0 || (status >= 400 && status < 600 && *http_status_text(status)));
                fuzz_check(strnlen(request.path, HTTP_PATH_MAX) < HTTP_PATH_MAX);
        }
        status = http_status(text);
        fuzz_check(status == -EPROTO || (status >= 0 && status <= 999));
}
