/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http-accept.h"

#include <string.h>
#include <strings.h>

/* One "type/subtype;name=value;q=0.5", or a piece of it. */
typedef struct Span {
        const char *text;
        size_t size;
} Span;

static Span trim(Span s) {
        while (s.size > 0 && (*s.text == ' ' || *s.text == '\t')) {
                s.text++;
                s.size--;
        }
        while (s.size > 0 && (s.text[s.size - 1] == ' ' || s.text[s.size - 1] == '\t'))
                s.size--;
        return s;
}

/* Up to the next separator that is in no quotes, or all; `rest` begins behind it. */
static bool take(Span *rest, char separator, Span *ret) {
        bool quoted = false;
        size_t n = 0;

        if (!rest->text)
                return false;
        for (; n < rest->size && (quoted || rest->text[n] != separator); n++)
                if (rest->text[n] == '"')
                        quoted = !quoted;
                else if (quoted && rest->text[n] == '\\' && n + 1 < rest->size)
                        n++;
        *ret = trim((Span){ rest->text, n });
        *rest = n < rest->size ? (Span){ rest->text + n + 1, rest->size - n - 1 } : (Span){};
        return true;
}

static bool is(Span s, const char *word) {
        return s.size == strlen(word) && strncasecmp(s.text, word, s.size) == 0;
}

/* "0.75" to 750; -1: that is none. */
static int parse_weight(Span s) {
        int weight = 0, digit = 1000;

        if (s.size == 0 || s.size > 5 || (s.text[0] != '0' && s.text[0] != '1') || (s.size > 1 && s.text[1] != '.'))
                return -1;
        for (size_t i = 0; i < s.size; i++) {
                if (i == 1)
                        continue;
                if (s.text[i] < '0' || s.text[i] > '9')
                        return -1;
                weight += digit * (s.text[i] - '0');
                digit /= 10;
        }
        return weight <= 1000 ? weight : -1;
}

typedef struct Range {
        Span type;
        int weight;
        Span version; /* or nothing */
} Range;

static bool parse_range(Span text, Range *ret) {
        Span part;

        *ret = (Range){ .weight = 1000 };
        if (!take(&text, ';', &ret->type))
                return false;
        while (take(&text, ';', &part)) {
                Span name;

                if (!take(&part, '=', &name) || !part.text)
                        continue;
                part = trim(part);
                if (is(name, "q"))
                        ret->weight = parse_weight(part);
                else if (is(name, "version")) {
                        if (part.size >= 2 && part.text[0] == '"' && part.text[part.size - 1] == '"')
                                part = (Span){ part.text + 1, part.size - 2 };
                        ret->version = part;
                }
        }
        return ret->weight >= 0;
}

static void keep(int *weight, int other) {
        if (other > *weight)
                *weight = other;
}

void http_accept_add(HttpAccept *a, const char *value, size_t size) {
        Span rest = { value, size }, word;
        Range range;

        while (take(&rest, ',', &word)) {
                if (word.size == 0 || !parse_range(word, &range))
                        continue;
                if (is(range.type, "application/openmetrics-text") && (range.version.size == 0 || is(range.version, "1.0.0")))
                        keep(&a->openmetrics, range.weight);
                else if (is(range.type, "text/plain") && (range.version.size == 0 || is(range.version, "0.0.4"))) {
                        a->plain_given = true;
                        keep(&a->plain, range.weight);
                } else if (is(range.type, "text/*")) {
                        a->text_given = true;
                        keep(&a->text, range.weight);
                } else if (is(range.type, "*/*"))
                        keep(&a->any, range.weight);
        }
}

bool http_accept_prefers_openmetrics(const HttpAccept *a) {
        return a->openmetrics > 0 && a->openmetrics >= (a->plain_given ? a->plain : a->text_given ? a->text : a->any);
}
