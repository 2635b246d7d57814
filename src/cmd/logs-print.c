/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "logs.h"
#include "table.h"

/* journalctl's forms, the machine in the place of the host. */

#define WHEN_MAX 64
#define SHOWN_MAX 8192 /* bytes of one line */

static const char *const names[] = {
        [LOG_SHORT] = "short", [LOG_SHORT_FULL] = "short-full", [LOG_SHORT_ISO] = "short-iso", [LOG_SHORT_ISO_PRECISE] = "short-iso-precise",
        [LOG_SHORT_PRECISE] = "short-precise", [LOG_SHORT_UNIX] = "short-unix", [LOG_WITH_UNIT] = "with-unit", [LOG_VERBOSE] = "verbose",
        [LOG_CAT] = "cat", [LOG_JSON] = "json", [LOG_JSON_PRETTY] = "json-pretty",
};

void log_formats_list(char *buf, size_t size) {
        *buf = 0;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t n = strlen(buf);

                snprintf(buf + n, size - n, "%s%s", n > 0 ? ", " : "", names[i]);
        }
}

int log_format_parse(const char *s, LogFormat *ret, Error **reterr) {
        char all[256];

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(s, names[i]) == 0) {
                        *ret = (LogFormat) i;
                        return 0;
                }
        log_formats_list(all, sizeof(all));
        error_set(reterr, EINVAL, "There is no form '%s' of output", s);
        return error_hint(reterr, -EINVAL, "There are %s.", all);
}

static const char *when(uint64_t usec, LogFormat format, char buf[WHEN_MAX]) {
        time_t t = (time_t) (usec / 1000000);
        unsigned rest = (unsigned) (usec % 1000000);
        bool precise = format == LOG_SHORT_ISO_PRECISE || format == LOG_SHORT_PRECISE || format == LOG_VERBOSE;
        bool iso = format == LOG_SHORT_ISO || format == LOG_SHORT_ISO_PRECISE;
        bool full = format == LOG_SHORT_FULL || format == LOG_WITH_UNIT || format == LOG_VERBOSE;
        struct tm tm;
        size_t n = 0;

        if (format == LOG_SHORT_UNIX) {
                snprintf(buf, WHEN_MAX, "%" PRIu64 ".%06u", usec / 1000000, rest);
                return buf;
        }
        if (localtime_r(&t, &tm))
                n = iso  ? strftime(buf, WHEN_MAX, "%Y-%m-%dT%H:%M:%S", &tm)
                  : full ? strftime(buf, WHEN_MAX, "%a %Y-%m-%d %H:%M:%S", &tm)
                         : strftime(buf, WHEN_MAX, "%b %d %H:%M:%S", &tm);
        if (n == 0) {
                snprintf(buf, WHEN_MAX, "@%" PRIu64, usec / 1000000);
                return buf;
        }
        if (precise)
                n += (size_t) snprintf(buf + n, WHEN_MAX - n, ".%06u", rest);
        if (iso)
                (void) strftime(buf + n, WHEN_MAX - n, "%z", &tm);
        else if (full)
                (void) strftime(buf + n, WHEN_MAX - n, " %Z", &tm);
        return buf;
}

/* A message may have several lines. */
static void print_text(const char *text, unsigned indent) {
        char shown[SHOWN_MAX], line[SHOWN_MAX];

        for (const char *at = text;;) {
                size_t n = strcspn(at, "\n");

                snprintf(line, sizeof(line), "%.*s", n < sizeof(line) ? (int) n : (int) sizeof(line) - 1, at);
                printf("%s\n", show_text(line, shown, sizeof(shown)));
                at += n;
                if (*at == 0 || *++at == 0)
                        return;
                printf("%*s", (int) indent, "");
        }
}

static const char *kind_name(LogKind kind) {
        static const char *const kinds[] = { "line", "begin", "lost", "end" };

        return kinds[kind];
}

json_t *log_line_to_json(const LogLine *l) {
        json_t *o = json_pack("{s:o, s:I, s:s, s:s}", "machine", json_text(l->machine), "usec", (json_int_t) l->usec,
                              "source", l->source == LOG_CONSOLE ? "console" : "journal", "kind", kind_name(l->kind));
        const struct {
                const char *key, *value;
        } texts[] = { { "identifier", l->identifier }, { "pid", l->pid }, { "unit", l->unit } };

        if (!o)
                return NULL;
        if (l->boot > 0)
                json_object_set_new(o, "boot", json_integer((json_int_t) l->boot));
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (texts[i].value)
                        json_object_set_new(o, texts[i].key, json_text(texts[i].value));
        if (l->priority >= 0)
                json_object_set_new(o, "priority", json_integer(l->priority));
        if (l->kind == LOG_KIND_LINE)
                json_object_set_new(o, "text", json_text(l->text));
        if (l->kind == LOG_KIND_LOST)
                json_object_set_new(o, "lost_bytes", *l->text ? json_integer(strtoll(l->text, NULL, 10)) : json_null());
        if (l->kind == LOG_KIND_END) {
                MachineEnd end;

                machine_end_parse(l->text, &end);
                json_object_set_new(o, "end", json_string(machine_end_word(end.kind)));
                if (end.kind == END_EXIT || end.kind == END_SIGNAL)
                        json_object_set_new(o, "code", json_integer(end.code));
                if (*end.text)
                        json_object_set_new(o, "text", json_text(end.text));
        }
        return o;
}

static void print_json(const LogLine *l, bool pretty) {
        json_t *o = log_line_to_json(l);

        if (!o)
                return;
        (void) json_dumpf(o, stdout, pretty ? JSON_INDENT(8) : JSON_COMPACT);
        putchar('\n');
        json_decref(o);
}

/* What is no line of the guest's. */
static void print_mark(const LogLine *l, LogFormat format) {
        char date[WHEN_MAX], text[MACHINE_END_TEXT_MAX + 64], shown[MACHINE_END_TEXT_MAX + 64];
        MachineEnd end;

        if (format == LOG_CAT)
                return;
        (void) when(l->usec, format, date);
        switch (l->kind) {
        case LOG_KIND_BEGIN:
                printf("-- %s: boot %" PRIu64 ", %s --\n", l->machine, l->boot, date);
                break;
        case LOG_KIND_LOST:
                printf("%s %s console: … %s%snot kept: it came too fast\n", date, l->machine, l->text, *l->text ? " bytes " : "");
                break;
        default:
                machine_end_parse(l->text, &end);
                (void) machine_end_phrase(&end, text, sizeof(text));
                printf("-- %s %s, %s --\n", l->machine, show_text(text, shown, sizeof(shown)), date);
        }
}

static void print_verbose(const LogLine *l, unsigned indent) {
        const struct {
                const char *key, *value;
        } texts[] = { { "SYSLOG_IDENTIFIER", l->identifier }, { "_PID", l->pid }, { "_SYSTEMD_UNIT", l->unit }, { "MESSAGE", l->text } };
        char date[WHEN_MAX];

        printf("%*s%s [%s]\n", (int) indent, "", when(l->usec, LOG_VERBOSE, date), l->machine);
        printf("%*s    _TRANSPORT=%s\n", (int) indent, "", l->source == LOG_CONSOLE ? "console" : "journal");
        if (l->priority >= 0)
                printf("%*s    PRIORITY=%d\n", (int) indent, "", l->priority);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (texts[i].value) {
                        printf("%*s    %s=", (int) indent, "", texts[i].key);
                        print_text(texts[i].value, indent + 8);
                }
}

static void print_short(const LogLine *l, LogFormat format, unsigned indent) {
        const char *who = l->source == LOG_CONSOLE ? "console" : format == LOG_WITH_UNIT && l->unit ? l->unit : l->identifier ?: "unknown";
        bool color = colors_wanted(STDOUT_FILENO) && l->priority >= 0 && l->priority <= 4;
        char date[WHEN_MAX], head[512], name[256], pid[32];
        size_t n;

        n = (size_t) snprintf(head, sizeof(head), "%s %s %s%s%s%s: ", when(l->usec, format, date), l->machine, show_text(who, name, sizeof(name)),
                              l->pid ? "[" : "", l->pid ? show_text(l->pid, pid, sizeof(pid)) : "", l->pid ? "]" : "");
        printf("%*s%s%s", (int) indent, "", head, color ? l->priority <= 3 ? "\x1b[31m" : "\x1b[33m" : "");
        print_text(l->text, indent + (unsigned) (n < sizeof(head) ? n : sizeof(head)));
        fputs(color ? "\x1b[0m" : "", stdout);
}

void log_print(const LogLine *l, LogFormat format, unsigned indent) {
        if (format == LOG_JSON || format == LOG_JSON_PRETTY)
                print_json(l, format == LOG_JSON_PRETTY);
        else if (l->kind != LOG_KIND_LINE)
                print_mark(l, format);
        else if (format == LOG_CAT) {
                printf("%*s", (int) indent, "");
                print_text(l->text, indent);
        } else if (format == LOG_VERBOSE)
                print_verbose(l, indent);
        else
                print_short(l, format, indent);
}
