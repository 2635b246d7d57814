/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metric-text.h"

#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"

const char *metric_suffix(MetricType type) {
        return type == METRIC_COUNTER ? "_total" : type == METRIC_INFO ? "_info" : "";
}

const char *metric_format_media_type(MetricFormat format) {
        return format == METRIC_OPENMETRICS ? "application/openmetrics-text; version=1.0.0; charset=utf-8" :
               "text/plain; version=0.0.4; charset=utf-8";
}

void metric_family(MetricText *m, const MetricName *family) {
        m->family = family;
        m->begun = false;
}

static void put_head(const MetricText *m) {
        static const char *const types[] = {
                [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_INFO] = "info", [METRIC_STATESET] = "stateset",
        };
        const MetricName *f = m->family;

        if (m->format == METRIC_OPENMETRICS) {
                fprintf(m->out, "# TYPE %s %s\n", f->name, types[f->type]);
                if (f->unit)
                        fprintf(m->out, "# UNIT %s %s\n", f->name, f->unit);
                fprintf(m->out, "# HELP %s %s\n", f->name, f->help);
        } else {
                fprintf(m->out, "# HELP %s%s %s\n", f->name, metric_suffix(f->type), f->help);
                fprintf(m->out, "# TYPE %s%s %s\n", f->name, metric_suffix(f->type), types[f->type == METRIC_COUNTER ? METRIC_COUNTER : METRIC_GAUGE]);
        }
}

void metric_sample(MetricText *m) {
        if (!m->begun)
                put_head(m);
        m->begun = true;
        m->labelled = false;
        fprintf(m->out, "%s%s", m->family->name, metric_suffix(m->family->type));
}

/* How many bytes the character at s takes, in the strict sense: no overlong forms, no surrogates, nothing above U+10FFFF. 0: it is none. */
static size_t utf8_length(const unsigned char *s) {
        static const struct {
                unsigned char first, last, low, high; /* first bytes, and the bounds of the second */
                size_t length;
        } forms[] = {
                { 0x01, 0x7f, 0, 0, 1 },          { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
                { 0xed, 0xed, 0x80, 0x9f, 3 },    { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
                { 0xf4, 0xf4, 0x80, 0x8f, 4 },
        };

        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                size_t n = 2;

                if (s[0] < forms[i].first || s[0] > forms[i].last)
                        continue;
                if (forms[i].length == 1)
                        return 1;
                if (s[1] < forms[i].low || s[1] > forms[i].high)
                        return 0;
                while (n < forms[i].length && (s[n] & 0xc0) == 0x80)
                        n++;
                return n == forms[i].length ? n : 0;
        }
        return 0;
}

static void put_escaped(FILE *out, const char *value) {
        size_t n, length;

        for (const char *s = value; *s; s += n) {
                n = utf8_length((const unsigned char *) s);
                if (*s == '\n')
                        fputs("\\n", out);
                else if (n == 0 || text_control(s, &length) > 0)
                        putc('?', out);
                else {
                        if (*s == '\\' || *s == '"')
                                putc('\\', out);
                        fwrite(s, 1, n, out);
                }
                n = n > 0 ? n : 1;
        }
}

void metric_label(MetricText *m, const char *name, const char *value) {
        fprintf(m->out, "%c%s=\"", m->labelled ? ',' : '{', name);
        put_escaped(m->out, value);
        putc('"', m->out);
        m->labelled = true;
}

static void put_value(MetricText *m, uint64_t whole, int digits, uint64_t part) {
        fprintf(m->out, "%s %" PRIu64, m->labelled ? "}" : "", whole);
        if (digits > 0)
                fprintf(m->out, ".%0*" PRIu64, digits, part);
        putc('\n', m->out);
}

void metric_number(MetricText *m, uint64_t value) {
        put_value(m, value, 0, 0);
}

void metric_seconds(MetricText *m, uint64_t usec) {
        put_value(m, usec / 1000000, 6, usec % 1000000);
}

void metric_ratio(MetricText *m, uint64_t hundredths) {
        put_value(m, hundredths / 10000, 4, hundredths % 10000);
}

void metric_end(MetricText *m) {
        if (m->format == METRIC_OPENMETRICS)
                fputs("# EOF\n", m->out);
}
