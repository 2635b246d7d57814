/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine-scope.h"

#include <inttypes.h>
#include <string.h>

#include "bus.h"
#include "job.h"
#include "parse.h"
#include "registration.h"

/* What such values are in practice: true, 'text', a number (an int32), or "uint64 NUMBER". */
static int append_value(sd_bus_message *m, const char *name, const char *value) {
        static const struct {
                const char *word, *type;
        } kinds[] = { { "uint64 ", "t" }, { "uint32 ", "u" }, { "int32 ", "i" }, { "int64 ", "x" } };
        size_t n = strlen(value);
        long long number;
        char *end;

        if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
                return sd_bus_message_append(m, "(sv)", name, "b", value[0] == 't');
        if (n >= 2 && (value[0] == '\'' || value[0] == '"') && value[n - 1] == value[0]) {
                _cleanup_free_ char *text = strndup(value + 1, n - 2);

                return text ? sd_bus_message_append(m, "(sv)", name, "s", text) : -ENOMEM;
        }
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                size_t k = strlen(kinds[i].word);

                if (strncmp(value, kinds[i].word, k) != 0)
                        continue;
                number = strtoll(value + k, &end, 0);
                if (*end || end == value + k)
                        return -EINVAL;
                if (kinds[i].type[0] == 't' || kinds[i].type[0] == 'x')
                        return sd_bus_message_append(m, "(sv)", name, kinds[i].type, (int64_t) number);
                return sd_bus_message_append(m, "(sv)", name, kinds[i].type, (int32_t) number);
        }
        number = strtoll(value, &end, 0);
        return *end || end == value ? -EINVAL : sd_bus_message_append(m, "(sv)", name, "i", (int32_t) number);
}

/* "TimeoutStopSec" is what people write, "TimeoutStopUSec" what the bus has. */
static int append_property(sd_bus_message *m, const char *assignment, Error **reterr) {
        const char *equals = strchr(assignment, '=');
        _cleanup_free_ char *name = strndup(assignment, (size_t) (equals - assignment)), *text = NULL;
        size_t n = name ? strlen(name) : 0;
        uint64_t seconds;
        int r;

        if (!name)
                return error_oom(reterr);
        if (n > 3 && strcmp(name + n - 3, "Sec") == 0 && (n < 4 || name[n - 4] != 'U')) {
                if (parse_u64(strncmp(equals + 1, "uint64 ", 7) == 0 ? equals + 8 : equals + 1, UINT32_MAX, &seconds) < 0 ||
                    asprintf(&text, "%.*sUSec", (int) (n - 3), name) < 0)
                        return error_set(reterr, EINVAL, "The annotation org.systemd.property.%s is no number of seconds", name);
                r = sd_bus_message_append(m, "(sv)", text, "t", seconds * 1000000);
        } else
                r = append_value(m, name, equals + 1);
        return r < 0 ? error_errno(reterr, r, "The annotation org.systemd.property.%s cannot be a property of the scope", name) : 0;
}

static int append_all(sd_bus_message *m, const EngineScope *s, Error **reterr) {
        _cleanup_free_ char *description = NULL;
        int r;

        if (asprintf(&description, "Container %s", s->container) < 0)
                return error_oom(reterr);
        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "PIDs", "au", 1, (uint32_t) s->pid, "Slice", "s", s->slice,
                                  "Description", "s", description, "Delegate", "b", 1, "DefaultDependencies", "b", 0, "CollectMode", "s",
                                  "inactive-or-failed", "TasksAccounting", "b", 1);
        if (r < 0)
                return bus_unbuilt(reterr, r, "StartTransientUnit");
        for (char *const *p = s->properties; p && *p; p++) {
                r = append_property(m, *p, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int build(sd_bus *bus, const EngineScope *s, sd_bus_message **ret, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");

        if (r >= 0)
                r = sd_bus_message_append(m, "ss", s->scope, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r < 0)
                return bus_unbuilt(reterr, r, "StartTransientUnit");
        r = append_all(m, s, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return bus_unbuilt(reterr, r, "StartTransientUnit");
        *ret = TAKE_PTR(m);
        return 0;
}

int engine_scope_start(sd_bus *bus, const EngineScope *s, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(job_wait_freep) JobWait *wait = NULL;
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *result = NULL;
        int r = build(bus, s, &m, reterr);

        if (r >= 0)
                r = job_wait_new(bus, &wait, reterr);
        if (r < 0)
                return r;
        r = job_run(wait, m, &e, &result, &error);
        if (sd_bus_error_has_name(&e, SYSTEMD_SERVICE ".UnitExists"))
                return error_set(reterr, EEXIST, "%s is there already: a container of that name is running or just ending", s->scope);
        if (r < 0)
                return error_pass(reterr, r, &error);
        return strcmp(result, "done") == 0 ? 0 : error_set(reterr, EIO, "systemd could not start %s: %s", s->scope, result);
}

int engine_scope_stop(sd_bus *bus, const char *scope, Error **reterr) {
        return scope_stop(bus, scope, reterr);
}
