/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <string.h>

#include "capabilities.h"
#include "file.h"
#include "limit-text.h"
#include "log.h"
#include "oci-fields.h"
#include "oci-load.h"
#include "oci-spec.h"
#include "strv.h"

void oci_process_done(OciProcess *p) {
        free(p->groups);
        strv_free(p->args);
        strv_free(p->env);
        free(p->limits);
        *p = (OciProcess){};
}

/* An array of strings as a strv; none is NULL. */
static int take_strings(json_t *array, char ***ret, Error **reterr) {
        size_t n = json_array_size(array);
        _cleanup_strv_ char **v = calloc(n + 1, sizeof(*v));

        if (!v)
                return error_oom(reterr);
        for (size_t i = 0; i < n; i++)
                if (!(v[i] = strdup(json_string_value(json_array_get(array, i)) ?: "")))
                        return error_oom(reterr);
        *ret = TAKE_PTR(v);
        return 0;
}

static const char *string_of(json_t *object, const char *key) {
        const char *s = json_string_value(json_object_get(object, key));

        return s && *s ? s : NULL;
}

static int take_user(json_t *user, OciProcess *p, Error **reterr) {
        json_t *groups = json_object_get(user, "additionalGids"), *mask = json_object_get(user, "umask");

        p->uid = (uid_t) json_integer_value(json_object_get(user, "uid"));
        p->gid = (gid_t) json_integer_value(json_object_get(user, "gid"));
        p->umask = mask ? (mode_t) json_integer_value(mask) & 0777 : 0022;
        p->n_groups = json_array_size(groups);
        p->groups = calloc(p->n_groups + 1, sizeof(*p->groups));
        if (!p->groups)
                return error_oom(reterr);
        for (size_t i = 0; i < p->n_groups; i++)
                p->groups[i] = (gid_t) json_integer_value(json_array_get(groups, i));
        return 0;
}

uint64_t oci_capability_parse(const char *name) {
        for (const EnumName *n = capability_names; n->name; n++)
                if (strcmp(n->name, name) == 0)
                        return UINT64_C(1) << n->value;
        return 0;
}

/* The kernel has no ambient capability that is not both. What `crun spec` writes asks for some, and other runtimes go on without them. */
static void limit_ambient(uint64_t sets[OCI_CAP_SETS]) {
        uint64_t possible = sets[OCI_CAPS_PERMITTED] & sets[OCI_CAPS_INHERITABLE];

        if (sets[OCI_CAPS_AMBIENT] & ~possible)
                log_warning("process.capabilities.ambient: what is not permitted and inheritable cannot be ambient, ignoring");
        sets[OCI_CAPS_AMBIENT] &= possible;
}

static void take_capabilities(json_t *sets, OciProcess *p) {
        static const char *const names[OCI_CAP_SETS] = { "bounding", "effective", "inheritable", "permitted", "ambient" };

        p->has_capabilities = json_is_object(sets);
        for (size_t i = 0; i < OCI_CAP_SETS; i++) {
                json_t *word;
                size_t k;

                json_array_foreach(json_object_get(sets, names[i]), k, word) {
                        uint64_t bit = oci_capability_parse(json_string_value(word));

                        if (bit == 0) /* no error, as the specification has it */
                                log_warning("process.capabilities.%s: there is no capability '%s', ignoring", names[i], json_string_value(word));
                        p->capabilities[i] |= bit;
                }
        }
        limit_ambient(p->capabilities);
}

static int take_limits(json_t *list, OciProcess *p, Error **reterr) {
        json_t *item;
        size_t i;

        p->limits = calloc(json_array_size(list) + 1, sizeof(*p->limits));
        if (!p->limits)
                return error_oom(reterr);
        json_array_foreach(list, i, item) {
                OciRlimit *l = p->limits + p->n_limits;
                int r;

                l->name = string_of(item, "type") ?: "";
                r = enum_parse(limit_names, l->name, &l->resource, NULL);
                if (r < 0)
                        return error_set(reterr, EINVAL, "process.rlimits: unknown limit '%s'", l->name);
                for (size_t k = 0; k < p->n_limits; k++)
                        if (p->limits[k].resource == l->resource)
                                return error_set(reterr, EINVAL, "process.rlimits: %s stands there twice", l->name);
                l->value.rlim_cur = (rlim_t) json_integer_value(json_object_get(item, "soft"));
                l->value.rlim_max = (rlim_t) json_integer_value(json_object_get(item, "hard"));
                p->n_limits++;
        }
        return 0;
}

typedef struct NamedNumber {
        const char *name;
        uint64_t value;
} NamedNumber;

/* -1: there is none of that name. */
static int64_t number_of(const NamedNumber *table, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(table[i].name, name) == 0)
                        return (int64_t) table[i].value;
        return -1;
}

static int take_scheduler(json_t *json, OciScheduler *s, Error **reterr) {
        static const NamedNumber policies[] = { { "SCHED_OTHER", 0 }, { "SCHED_FIFO", 1 }, { "SCHED_RR", 2 }, { "SCHED_BATCH", 3 },
                                                { "SCHED_ISO", 4 }, { "SCHED_IDLE", 5 }, { "SCHED_DEADLINE", 6 } };
        static const NamedNumber flags[] = { { "SCHED_FLAG_RESET_ON_FORK", 1 }, { "SCHED_FLAG_RECLAIM", 2 }, { "SCHED_FLAG_DL_OVERRUN", 4 },
                                             { "SCHED_FLAG_KEEP_POLICY", 8 }, { "SCHED_FLAG_KEEP_PARAMS", 16 },
                                             { "SCHED_FLAG_UTIL_CLAMP_MIN", 32 }, { "SCHED_FLAG_UTIL_CLAMP_MAX", 64 } };
        const char *policy = string_of(json, "policy");
        int64_t number = policy ? number_of(policies, ELEMENTSOF(policies), policy) : 0;
        json_t *word;
        size_t i;

        if (!json_is_object(json))
                return 0;
        if (number < 0)
                return error_set(reterr, EINVAL, "process.scheduler.policy: unknown policy '%s'", policy);
        *s = (OciScheduler){
                .asked = true, .policy = (uint32_t) number, .nice = (int32_t) json_integer_value(json_object_get(json, "nice")),
                .priority = (uint32_t) json_integer_value(json_object_get(json, "priority")),
                .runtime = (uint64_t) json_integer_value(json_object_get(json, "runtime")),
                .deadline = (uint64_t) json_integer_value(json_object_get(json, "deadline")),
                .period = (uint64_t) json_integer_value(json_object_get(json, "period")),
        };
        json_array_foreach(json_object_get(json, "flags"), i, word) {
                number = number_of(flags, ELEMENTSOF(flags), json_string_value(word));
                if (number < 0)
                        return error_set(reterr, EINVAL, "process.scheduler.flags: unknown flag '%s'", json_string_value(word));
                s->flags |= (uint64_t) number;
        }
        return 0;
}

static int take_io_priority(json_t *json, OciProcess *p, Error **reterr) {
        static const NamedNumber classes[] = { { "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT }, { "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
                                               { "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE } };
        const char *name = string_of(json, "class");
        int64_t class = name ? number_of(classes, ELEMENTSOF(classes), name) : -1, level = json_integer_value(json_object_get(json, "priority"));

        p->io_priority = -1;
        if (!json_is_object(json) || json_object_size(json) == 0)
                return 0;
        if (class < 0)
                return error_set(reterr, EINVAL, "process.ioPriority.class: unknown class '%s'", name ?: "");
        if (level < 0 || level > 7)
                return error_set(reterr, EINVAL, "process.ioPriority.priority is not within 0 and 7");
        p->io_priority = (int) IOPRIO_PRIO_VALUE(class, level);
        return 0;
}

int oci_process_parse(json_t *json, OciProcess *p, Error **reterr) {
        json_t *size = json_object_get(json, "consoleSize"), *score = json_object_get(json, "oomScoreAdj"), *cpus;
        int r;

        p->json = json;
        p->terminal = json_is_true(json_object_get(json, "terminal"));
        p->rows = (unsigned short) json_integer_value(json_object_get(size, "height"));
        p->columns = (unsigned short) json_integer_value(json_object_get(size, "width"));
        p->cwd = string_of(json, "cwd") ?: "/";
        if (p->cwd[0] != '/')
                return error_set(reterr, EINVAL, "process.cwd '%s' is not an absolute path", p->cwd);
        p->no_new_privileges = json_is_true(json_object_get(json, "noNewPrivileges"));
        p->apparmor = string_of(json, "apparmorProfile");
        p->selinux = string_of(json, "selinuxLabel");
        p->oom_asked = json_is_integer(score);
        p->oom_score_adj = (int) json_integer_value(score);
        cpus = json_object_get(json, "execCPUAffinity");
        p->cpus_initial = string_of(cpus, "initial");
        p->cpus_final = string_of(cpus, "final");
        r = take_strings(json_object_get(json, "args"), &p->args, reterr);
        if (r >= 0 && !p->args[0])
                return error_set(reterr, EINVAL, "process.args is empty: there is nothing to run");
        if (r >= 0)
                r = take_strings(json_object_get(json, "env"), &p->env, reterr);
        if (r >= 0)
                r = take_user(json_object_get(json, "user"), p, reterr);
        take_capabilities(json_object_get(json, "capabilities"), p);
        if (r >= 0)
                r = take_limits(json_object_get(json, "rlimits"), p, reterr);
        if (r >= 0)
                r = take_scheduler(json_object_get(json, "scheduler"), &p->scheduler, reterr);
        return r < 0 ? r : take_io_priority(json_object_get(json, "ioPriority"), p, reterr);
}

int oci_process_load(const char *path, OciProcess *ret, json_t **ret_json, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        _cleanup_config_json_ json_t *json = NULL;
        int r = file_read(AT_FDCWD, path, OCI_TEXT_MAX, &text);

        if (r < 0)
                return error_errno(reterr, r, "Cannot read %s", path);
        r = oci_load(text, strlen(text), path, &json, reterr);
        if (r >= 0)
                r = oci_fields_check("process", json, reterr);
        if (r >= 0)
                r = oci_process_parse(json, ret, reterr);
        if (r < 0)
                return r;
        *ret_json = TAKE_PTR(json);
        return 0;
}
