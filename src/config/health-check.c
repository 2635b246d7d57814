/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The words of [Health] and of --health=…, which are those of Docker's HEALTHCHECK and of podman's --health-*, wherever they mean the same.
 *
 * An HTTP server is asked by its address, for nothing of a guest's is believed that names one: there is no resolver, no redirect is followed,
 * and TLS, which would need a trust in somebody, is left to a command of the machine's own. */

#include "health-check.h"

#include <string.h>

#include "enums.h"
#include "options.h"
#include "parse.h"
#include "provenance.h"
#include "text.h"
#include "values.h"

#define TEXT_MAX 4096
#define TIME_MIN_USEC UINT64_C(1000000)
#define TIME_MAX_USEC (24 * 3600 * UINT64_C(1000000))
#define RETRIES_MAX 1000

static bool is_target(const char *path) {
        for (const char *p = path; *p; p++)
                if (*p <= ' ' || *p >= 127 || *p == '#')
                        return false;
        return path[0] == '/';
}

static int bad_http(const char *text, Error **reterr) {
        return error_set(reterr, EINVAL, "'%.200s' is not http:PORT[/PATH] or http://ADDRESS[:PORT][/PATH], where ADDRESS is a number or localhost",
                         text);
}

/* "10.0.0.2:80", "[::1]", "localhost:8080". */
static int take_authority(HealthCheck *c, char *authority) {
        char *colon = strrchr(authority, ':'), *end = strchr(authority, ']'), *address = authority;

        if (end && colon && colon < end)
                colon = NULL;
        if (colon && (*colon = 0, parse_port(colon + 1, &c->port) < 0))
                return -EINVAL;
        if (authority[0] == '[') {
                if (!end || end[1])
                        return -EINVAL;
                *end = 0;
                address++;
        }
        if (authority[0] != '[' && strcmp(address, "localhost") == 0)
                return 0;
        return ip_parse(address, &c->address) < 0 || (c->address.family == AF_INET6) != (authority[0] == '[') ? -EINVAL : 0;
}

static int take_http(HealthCheck *c, const char *argument, Error **reterr) {
        bool is_url = strncmp(argument, "//", 2) == 0;
        const char *where = argument + (is_url ? 2 : 0), *path = strchr(where, '/') ?: "/";
        _cleanup_free_ char *authority = strndup(where, strcspn(where, "/"));
        char address[IP_TEXT_MAX];
        int r;

        if (!authority)
                return error_oom(reterr);
        c->port = 80;
        r = is_url ? take_authority(c, authority) : parse_port(authority, &c->port);
        if (r < 0 || !is_target(path))
                return bad_http(c->text, reterr);
        if (string_set(&c->path, path) < 0)
                return error_oom(reterr);
        if (c->address.family == 0)
                r = asprintf(&c->host, "localhost:%u", c->port);
        else
                r = asprintf(&c->host, c->address.family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip_format(&c->address, address), c->port);
        if (r < 0)
                c->host = NULL;
        return r < 0 ? error_oom(reterr) : 0;
}

static int no_check(const char *text, Error **reterr) {
        error_set(reterr, EINVAL, "'%.80s' is no check", text);
        if (strncmp(text, "https:", 6) == 0)
                return error_hint(reterr, -EINVAL, "For a server that speaks TLS take a command of the machine's own, as in \"command:curl -fsk https://localhost\".");
        return error_hint(reterr, -EINVAL, "It is one of init, command:COMMAND, port:[tcp:|udp:]NUMBER and http:PORT[/PATH].");
}

static int take(HealthCheck *c, const char *text, Error **reterr) {
        if (strcmp(text, "init") == 0) {
                c->kind = CHECK_INIT;
                return 0;
        }
        if (strncmp(text, "http:", 5) == 0) {
                c->kind = CHECK_HTTP;
                return take_http(c, text + 5, reterr);
        }
        c->kind = strncmp(text, "port:", 5) == 0 ? CHECK_PORT : CHECK_COMMAND;
        return c->kind == CHECK_PORT || strncmp(text, "command:", 8) == 0 ? ready_condition_parse(text, &c->ready, reterr) : no_check(text, reterr);
}

int health_check_parse(const char *text, HealthCheck *ret, Error **reterr) {
        _cleanup_(health_check_done) HealthCheck c = {};
        int r;

        if (!string_is_clean(text))
                return error_set(reterr, EINVAL, "'%.80s' has control characters", text);
        if (strlen(text) > TEXT_MAX)
                return error_set(reterr, EINVAL, "'%.40s…' is longer than %d bytes", text, TEXT_MAX);
        if (string_set(&c.text, text) < 0)
                return error_oom(reterr);
        r = take(&c, text, reterr);
        if (r < 0)
                return r;
        *ret = c;
        c = (HealthCheck){};
        return 0;
}

void health_check_done(HealthCheck *c) {
        free(c->text);
        ready_condition_done(&c->ready);
        free(c->host);
        free(c->path);
        *c = (HealthCheck){};
}

bool config_wants_health(const MachineConfig *c) {
        if (c->mode == START_BOOT || c->as_service || c->detach > 0)
                return true;
        for (const Assignment *a = c->assignments.first; a; a = a->next)
                if (a->field == FIELD_HEALTH && !a->file)
                        return true;
        return false;
}

/* ---- as settings ---- */

int parse_health(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_(health_check_done) HealthCheck check = {};
        int r = health_check_parse(v->text, &check, reterr);

        if (r < 0)
                return r;
        if (strv_length(c->health) >= HEALTH_CHECKS_MAX)
                return error_set(reterr, E2BIG, "There are more than %d checks", HEALTH_CHECKS_MAX);
        return strv_append(&c->health, v->text) < 0 ? error_oom(reterr) : 0;
}

int parse_health_time(MachineConfig *c, const OptionValue *v, Error **reterr) {
        uint64_t usec, min = v->option->field == FIELD_HEALTH_START_PERIOD ? 0 : TIME_MIN_USEC;

        if (parse_duration(v->text, &usec) < 0 || usec < min || usec > TIME_MAX_USEC)
                return error_set(reterr, EINVAL, "'%.80s' is not a time from %s to a day: seconds, or numbers with ms, s, min or h", v->text,
                                 min > 0 ? "a second" : "nothing");
        *field_u64(c, v->option->field) = usec;
        return 0;
}

int parse_health_retries(MachineConfig *c, const OptionValue *v, Error **reterr) {
        uint64_t n;

        if (parse_u64(v->text, RETRIES_MAX, &n) < 0 || n == 0)
                return error_set(reterr, EINVAL, "'%.80s' is not a number from 1 to %d", v->text, RETRIES_MAX);
        c->health_retries = (int) n;
        return 0;
}
