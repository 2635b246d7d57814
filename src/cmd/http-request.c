/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http-request.h"

#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "http-accept.h"

/* A piece of the head: nothing of it is copied, and there is no NUL behind it. */
typedef struct Span {
        const char *text;
        size_t size;
} Span;

const char *http_status_text(int status) {
        static const struct {
                int status;
                const char *text;
        } texts[] = {
                { 200, "OK" },
                { 400, "Bad Request" },
                { 404, "Not Found" },
                { 405, "Method Not Allowed" },
                { 408, "Request Timeout" },
                { 431, "Request Header Fields Too Large" },
                { 500, "Internal Server Error" },
                { 505, "HTTP Version Not Supported" },
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (texts[i].status == status)
                        return texts[i].text;
        return "Error";
}

/* What is left of it begins behind the line. False where there is no whole line. */
static bool take_line(Span *rest, Span *ret) {
        const char *end = rest->size > 0 ? memchr(rest->text, '\n', rest->size) : NULL;

        if (!end)
                return false;
        *ret = (Span){ rest->text, (size_t) (end - rest->text) };
        rest->size -= ret->size + 1;
        rest->text = end + 1;
        if (ret->size > 0 && ret->text[ret->size - 1] == '\r')
                ret->size--;
        return true;
}

/* An empty line before the request is what some old clients leave behind the one before: RFC 9112, section 2.2. */
size_t http_head_size(const char *text, size_t size) {
        Span rest = { text, size }, line;

        for (size_t n = 0; take_line(&rest, &line); n++)
                if (line.size == 0 && n > 0)
                        return size - rest.size;
        return 0;
}

static bool is_token(Span s) {
        static const char others[] = "!#$%&'*+-.^_`|~";

        for (size_t i = 0; i < s.size; i++) {
                char c = s.text[i];

                if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && (!c || !strchr(others, c)))
                        return false;
        }
        return s.size > 0;
}

static bool span_is(Span s, const char *word) {
        return s.size == strlen(word) && memcmp(s.text, word, s.size) == 0;
}

/* Up to the next blank, which is left out. */
static bool take_word(Span *line, Span *ret) {
        const char *blank = line->size > 0 ? memchr(line->text, ' ', line->size) : NULL;

        if (!blank)
                return false;
        *ret = (Span){ line->text, (size_t) (blank - line->text) };
        line->size -= ret->size + 1;
        line->text = blank + 1;
        return true;
}

/* No white space, no controls, and nothing beyond ASCII, which must be encoded. */
static bool is_visible(Span s) {
        for (size_t i = 0; i < s.size; i++) {
                unsigned char c = (unsigned char) s.text[i];

                if (c <= ' ' || c >= 0x7f)
                        return false;
        }
        return s.size > 0;
}

/* "/metrics?x", or, as proxies have it, "http://host/metrics?x". */
static int parse_target(Span target, HttpRequest *ret) {
        const char *behind;

        if (!is_visible(target))
                return 400;
        if (target.size > 7 && strncasecmp(target.text, "http://", 7) == 0) {
                behind = memchr(target.text + 7, '/', target.size - 7);
                target.size = behind ? (size_t) (target.text + target.size - behind) : 1;
                target.text = behind ?: "/";
        }
        if (*target.text != '/')
                return 400;
        behind = memchr(target.text, '?', target.size);
        if (behind)
                target.size = (size_t) (behind - target.text);
        if (target.size >= sizeof(ret->path))
                target.size = 0;
        memcpy(ret->path, target.text, target.size);
        ret->path[target.size] = 0;
        return 0;
}

/* "GET /metrics HTTP/1.1"; *minor is the 1 at its end. */
static int parse_request_line(Span line, HttpRequest *ret, int *minor) {
        Span method, target;
        int status;

        if (!take_word(&line, &method) || !take_word(&line, &target) || !is_token(method))
                return 400;
        if (line.size != 8 || memcmp(line.text, "HTTP/", 5) != 0 || line.text[5] < '0' || line.text[5] > '9' || line.text[6] != '.' ||
            line.text[7] < '0' || line.text[7] > '9')
                return 400;
        if (line.text[5] != '1')
                return 505;
        *minor = line.text[7] - '0';
        ret->head = span_is(method, "HEAD");
        status = parse_target(target, ret);
        return status != 0 ? status : ret->head || span_is(method, "GET") ? 0 : 405;
}

/* "Name: value" without the white space around the value; a line that goes on with the one before is refused. */
static bool parse_field(Span line, Span *name, Span *value) {
        const char *colon = memchr(line.text, ':', line.size);

        if (!colon)
                return false;
        *name = (Span){ line.text, (size_t) (colon - line.text) };
        *value = (Span){ colon + 1, line.size - name->size - 1 };
        while (value->size > 0 && (*value->text == ' ' || *value->text == '\t')) {
                value->text++;
                value->size--;
        }
        while (value->size > 0 && (value->text[value->size - 1] == ' ' || value->text[value->size - 1] == '\t'))
                value->size--;
        for (size_t i = 0; i < value->size; i++) {
                unsigned char c = (unsigned char) value->text[i];

                if ((c < ' ' && c != '\t') || c == 0x7f)
                        return false;
        }
        return is_token(*name);
}

static bool is_name(Span s, const char *name) {
        return s.size == strlen(name) && strncasecmp(s.text, name, s.size) == 0;
}

int http_request_parse(const char *head, size_t size, HttpRequest *ret) {
        Span rest = { head, size }, line = {}, name, value;
        HttpAccept accept = {};
        int minor = 0, hosts = 0, status;

        *ret = (HttpRequest){};
        if (!take_line(&rest, &line) || (line.size == 0 && !take_line(&rest, &line)))
                return 400;
        status = parse_request_line(line, ret, &minor);
        if (status == 400 || status == 505)
                return status;
        while (take_line(&rest, &line) && line.size > 0) {
                if (!parse_field(line, &name, &value))
                        return 400;
                hosts += is_name(name, "Host");
                if (is_name(name, "Accept"))
                        http_accept_add(&accept, value.text, value.size);
        }
        if (hosts > 1 || (minor > 0 && hosts == 0))
                return 400;
        ret->openmetrics = http_accept_prefers_openmetrics(&accept);
        return status;
}
