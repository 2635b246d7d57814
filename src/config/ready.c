/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The words of Ready= and --ready=. One line a kind: whether it takes an argument, and who reads that.
 *
 * A pattern is a program for the C library's matcher, run over what a guest writes. POSIX extended expressions have no
 * back-references; glibc takes them all the same, and with them a match may take exponential time: they are refused. */

#include "ready.h"

#include <netinet/in.h>
#include <regex.h>
#include <stdarg.h>
#include <string.h>

#include "enums.h"
#include "options.h"
#include "parse.h"
#include "path.h"
#include "text.h"
#include "values.h"

#define TEXT_MAX 4096
#define PATTERN_MAX 1024
#define DELAY_MAX_USEC (24 * 3600 * UINT64_C(1000000))

static int describe(ReadyCondition *c, const char *fmt, ...) _printf_(2, 3);

static int describe(ReadyCondition *c, const char *fmt, ...) {
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = vasprintf(&c->description, fmt, ap);
        va_end(ap);
        if (r < 0)
                c->description = NULL;
        return r < 0 ? -ENOMEM : 0;
}

static int take_file(ReadyCondition *c, const char *argument, Error **reterr) {
        if (!path_is_clean(argument) || !argument[1])
                return error_set(reterr, EINVAL, "'%.200s' is not an absolute path of a file in the machine, without '.' and '..'", argument);
        return string_set(&c->path, argument) < 0 || describe(c, "file %s", argument) < 0 ? error_oom(reterr) : 0;
}

static int take_port(ReadyCondition *c, const char *argument, Error **reterr) {
        const char *colon = strchr(argument, ':');

        c->protocol = IPPROTO_TCP;
        if (colon) {
                _cleanup_free_ char *name = strndup(argument, (size_t) (colon - argument));

                if (!name)
                        return error_oom(reterr);
                if (enum_parse(protocol_names, name, &c->protocol, NULL) < 0)
                        return error_set(reterr, EINVAL, "'%.80s' is not a protocol: tcp or udp", name);
        }
        if (parse_port(colon ? colon + 1 : argument, &c->port) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is not a port: [tcp:|udp:] and a number from 1 to 65535", argument);
        return describe(c, "port %s:%u", protocol_to_string(c->protocol), c->port) < 0 ? error_oom(reterr) : 0;
}

static int take_command(ReadyCondition *c, const char *argument, Error **reterr) {
        int r = split_words(argument, &c->argv, reterr);

        if (r < 0)
                return r;
        if (!c->argv || !*c->argv[0])
                return error_set(reterr, EINVAL, "No command is given");
        return describe(c, "command %s", argument) < 0 ? error_oom(reterr) : 0;
}

static bool has_back_reference(const char *pattern) {
        for (const char *p = pattern; (p = strchr(p, '\\')) && p[1]; p += 2)
                if (p[1] >= '1' && p[1] <= '9')
                        return true;
        return false;
}

static int take_pattern(ReadyCondition *c, const char *argument, Error **reterr) {
        regex_t compiled;
        int k;

        if (strlen(argument) > PATTERN_MAX)
                return error_set(reterr, EINVAL, "The pattern is longer than %d bytes", PATTERN_MAX);
        if (has_back_reference(argument))
                return error_set(reterr, EINVAL, "The pattern '%.80s' has a back-reference, which is not allowed", argument);
        k = regcomp(&compiled, argument, READY_REGEX_FLAGS);
        if (k != 0) {
                char why[128];

                regerror(k, &compiled, why, sizeof(why));
                return error_set(reterr, EINVAL, "'%.80s' is not an extended regular expression: %s", argument, why);
        }
        k = regexec(&compiled, "", 0, NULL, 0);
        regfree(&compiled);
        if (k == 0)
                return error_set(reterr, EINVAL, "The pattern '%.80s' matches an empty line, and so anything", argument);
        return string_set(&c->pattern, argument) < 0 || describe(c, "\"%s\" on its console", argument) < 0 ? error_oom(reterr) : 0;
}

static int take_delay(ReadyCondition *c, const char *argument, Error **reterr) {
        if (parse_duration(argument, &c->delay_usec) < 0 || c->delay_usec > DELAY_MAX_USEC)
                return error_set(reterr, EINVAL, "'%.80s' is not a time of at most a day: seconds, or numbers with ms, s, min or h", argument);
        return describe(c, "a delay of %s%s", argument, argument[strspn(argument, "0123456789")] ? "" : " s") < 0 ? error_oom(reterr) : 0;
}

static const struct {
        const char *argument;    /* what it takes, for messages; NULL: nothing */
        const char *description; /* where there is no argument */
        int (*take)(ReadyCondition *c, const char *argument, Error **reterr);
} kinds[] = {
        [READY_AUTO] = { NULL, "a sign that it is up", NULL },
        [READY_NOTIFY] = { NULL, "READY=1 of its init", NULL },
        [READY_EXEC] = { NULL, "its init", NULL },
        [READY_LIFE] = { NULL, "a sign of life", NULL },
        [READY_FILE] = { "PATH", NULL, take_file },
        [READY_PORT] = { "[tcp:|udp:]NUMBER", NULL, take_port },
        [READY_COMMAND] = { "COMMAND", NULL, take_command },
        [READY_CONSOLE] = { "PATTERN", NULL, take_pattern },
        [READY_DELAY] = { "TIME", NULL, take_delay },
};

/* A name of the table, without its colon. */
static size_t word_length(const char *name) {
        return strcspn(name, ":");
}

static const EnumName *find_kind(const char *text) {
        size_t n = word_length(text);

        for (const EnumName *e = ready_kind_names; e->name; e++)
                if (word_length(e->name) == n && memcmp(e->name, text, n) == 0)
                        return e;
        return NULL;
}

static int no_condition(const char *text, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        _cleanup_free_ char *list = NULL;

        for (const EnumName *e = ready_kind_names; e->name; e++)
                if (strv_appendf(&words, "%s%s", e->name, kinds[e->value].argument ?: "") < 0)
                        return error_oom(reterr);
        list = strv_join(words, ", ");
        if (!list)
                return error_oom(reterr);
        error_set(reterr, EINVAL, "'%.80s' is no condition", text);
        return error_hint(reterr, -EINVAL, "It is one of %s.", list);
}

int ready_condition_parse(const char *text, ReadyCondition *ret, Error **reterr) {
        _cleanup_(ready_condition_done) ReadyCondition c = {};
        const char *colon = strchr(text, ':'), *argument = colon ? colon + 1 : "";
        const EnumName *kind = find_kind(text);
        int r;

        if (!string_is_clean(text))
                return error_set(reterr, EINVAL, "'%.80s' has control characters", text);
        if (strlen(text) > TEXT_MAX)
                return error_set(reterr, EINVAL, "'%.40s…' is longer than %d bytes", text, TEXT_MAX);
        if (!kind)
                return no_condition(text, reterr);
        c.kind = (ReadyKind) kind->value;
        if (!kinds[c.kind].argument && colon)
                return error_set(reterr, EINVAL, "'%s' takes no argument, not '%.80s'", kind->name, argument);
        if (kinds[c.kind].argument && !*argument)
                return error_set(reterr, EINVAL, "'%.80s' has no argument: %s%s", text, kind->name, kinds[c.kind].argument);
        if (string_set(&c.text, text) < 0 || (kinds[c.kind].description && describe(&c, "%s", kinds[c.kind].description) < 0))
                return error_oom(reterr);
        if (kinds[c.kind].take) {
                r = kinds[c.kind].take(&c, argument, reterr);
                if (r < 0)
                        return r;
        }
        *ret = c;
        c = (ReadyCondition){};
        return 0;
}

void ready_condition_done(ReadyCondition *c) {
        free(c->text);
        free(c->description);
        free(c->path);
        strv_free(c->argv);
        free(c->pattern);
        *c = (ReadyCondition){};
}

static int append(MachineConfig *c, const char *text, Error **reterr) {
        if (strv_length(c->ready) >= READY_CONDITIONS_MAX)
                return error_set(reterr, E2BIG, "There are more than %d conditions", READY_CONDITIONS_MAX);
        return strv_append(&c->ready, text) < 0 ? error_oom(reterr) : 0;
}

int parse_ready(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_(ready_condition_done) ReadyCondition condition = {};
        int r = ready_condition_parse(v->text, &condition, reterr);

        return r < 0 ? r : append(c, v->text, reterr);
}

/* nspawn's word: the later one counts, and it is one condition among others. */
int parse_notify_ready(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_strv_ char **kept = NULL;
        bool b;

        if (parse_bool(v->text, &b) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is neither yes nor no", v->text);
        for (char **s = c->ready; s && *s; s++)
                if (strcmp(*s, "notify") != 0 && strcmp(*s, "exec") != 0 && strv_append(&kept, *s) < 0)
                        return error_oom(reterr);
        strv_free(c->ready);
        c->ready = TAKE_PTR(kept);
        return append(c, b ? "notify" : "exec", reterr);
}

int parse_ready_wait(MachineConfig *c, const OptionValue *v, Error **reterr) {
        if (parse_duration(v->text, &c->ready_wait_usec) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is not a time: seconds, or numbers with us, ms, s, min, h or d, or infinity",
                                 v->text);
        return 0;
}
