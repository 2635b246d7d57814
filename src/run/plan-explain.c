/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is shown is made of two things that are there anyway: the assignments in effect, each with its file and line, and the plan, as --dry-run
 * prints it. Which of the plan's values an assignment can be behind is a table; what none is behind was decided by default, from what the
 * tree and the host are. */

#include "plan-explain.h"

#include <string.h>

#include "enums.h"
#include "json-text.h"
#include "provenance.h"
#include "shell-word.h"

#define FIELDS_MAX 6
#define COLUMN 48

typedef struct PlanKey {
        const char *key;
        Field fields[FIELDS_MAX];
        bool mixed; /* some of its elements are there by default: each is told apart by its text */
} PlanKey;

static const PlanKey keys[] = {
        { "id", { FIELD_ID } },
        { "command", { FIELD_PARAMETERS, FIELD_INIT }, true },
        { "init", { FIELD_INIT } },
        { "environment", { FIELD_ENVIRONMENT }, true },
        { "credentials", { FIELD_CREDENTIALS } },
        { "user", { FIELD_USER } },
        { "chdir", { FIELD_CHDIR } },
        { "hostname", { FIELD_HOSTNAME } },
        { "ready", { FIELD_READY } },
        { "health", { FIELD_HEALTH } },
        { "health_interval_seconds", { FIELD_HEALTH_INTERVAL } },
        { "health_timeout_seconds", { FIELD_HEALTH_TIMEOUT } },
        { "health_retries", { FIELD_HEALTH_RETRIES } },
        { "health_start_period_seconds", { FIELD_HEALTH_START_PERIOD, FIELD_HEALTH_INTERVAL } },
        { "health_on_failure", { FIELD_HEALTH_ON_FAILURE } },
        { "stub_init", { FIELD_AS_PID2 } },
        { "console", { FIELD_CONSOLE } },
        { "kill_signal", { FIELD_KILL_SIGNAL } },
        { "stop_timeout_seconds", { FIELD_STOP_TIMEOUT } },
        { "user_namespace", { FIELD_USERNS } },
        { "uid_base", { FIELD_USERNS } },
        { "uid_range", { FIELD_USERNS } },
        { "ownership", { FIELD_OWNERSHIP } },
        { "chown", { FIELD_OWNERSHIP } },
        { "capabilities", { FIELD_CAPABILITIES, FIELD_DROPPED_CAPABILITIES } },
        { "system_call_filter", { FIELD_SYSTEM_CALL_FILTER } },
        { "ambient_capabilities", { FIELD_AMBIENT_CAPABILITIES } },
        { "no_new_privileges", { FIELD_NO_NEW_PRIVILEGES } },
        { "suppress_sync", { FIELD_SUPPRESS_SYNC } },
        { "lxcfs", { FIELD_LXCFS } },
        { "limits", { FIELD_LIMITS } },
        { "oom_score_adjust", { FIELD_OOM_SCORE_ADJUST } },
        { "cpu_affinity", { FIELD_CPU_AFFINITY } },
        { "personality", { FIELD_PERSONALITY } },
        { "nesting", { FIELD_NESTING } },
        { "selinux", { FIELD_SELINUX, FIELD_SELINUX_CONTEXT } },
        { "selinux_mounts", { FIELD_SELINUX, FIELD_SELINUX_CONTEXT, FIELD_SELINUX_APIFS_CONTEXT } },
        { "apparmor", { FIELD_APPARMOR_PROFILE } },
        { "root", { FIELD_DIRECTORY, FIELD_DISK } },
        { "image", { FIELD_DISK } },
        { "pivot_root", { FIELD_PIVOT_ROOT } },
        { "pivot_root_old", { FIELD_PIVOT_ROOT } },
        { "ephemeral", { FIELD_EPHEMERAL } },
        { "volatile", { FIELD_VOLATILE } },
        { "read_only", { FIELD_READ_ONLY } },
        { "mounts", { FIELD_BINDS, FIELD_TMPFS, FIELD_OVERLAYS, FIELD_VOLUMES, FIELD_INACCESSIBLE }, true },
        { "devices", { FIELD_DEVICES } },
        { "resolv_conf", { FIELD_RESOLV_CONF } },
        { "timezone", { FIELD_TIMEZONE } },
        { "link_journal", { FIELD_LINK_JOURNAL } },
        { "network", { FIELD_NETWORK, FIELD_NETWORK_NAMESPACE, FIELD_PRIVATE_NETWORK, FIELD_NETWORK_VETH, FIELD_NICS } },
        { "zone", { FIELD_NETWORK, FIELD_NICS } },
        { "network_namespace", { FIELD_NETWORK, FIELD_NETWORK_NAMESPACE } },
        { "nics", { FIELD_NETWORK, FIELD_NETWORK_VETH, FIELD_NICS } },
        { "ports", { FIELD_PORTS } },
        { "host_ports", { FIELD_HOST_PORTS } },
        { "ingress_rate", { FIELD_INGRESS_RATE } },
        { "egress_rate", { FIELD_EGRESS_RATE } },
        { "registered", { FIELD_REGISTERED } },
        { "slice", { FIELD_SLICE } },
        { "slice_properties", { FIELD_RESOURCES }, true },
        { "properties", { FIELD_PROPERTIES, FIELD_RESOURCES }, true },
        { "oom_policy", { FIELD_RESOURCES + RESOURCE_OOM_POLICY } },
};

/* What the words of a command line are by themselves. */
static bool is_of_operand(const char *key) {
        return strcmp(key, "machine") == 0 || strcmp(key, "mode") == 0 || strcmp(key, "root") == 0;
}

static bool is_in(const PlanKey *k, Field f) {
        for (size_t i = 0; i < FIELDS_MAX && k->fields[i] != FIELD_NONE; i++)
                if (k->fields[i] == f || (k->fields[i] == FIELD_LIMITS && f >= FIELD_LIMITS && f <= FIELD_LIMITS_LAST) ||
                    (k->fields[i] == FIELD_RESOURCES && f >= FIELD_RESOURCES && f <= FIELD_RESOURCES_LAST))
                        return true;
        return false;
}

bool plan_explains(Field f) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (is_in(&keys[i], f))
                        return true;
        return false;
}

static const PlanKey *find_key(const char *key) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (strcmp(keys[i].key, key) == 0)
                        return &keys[i];
        return NULL;
}

/* Said of how it is started, not of the machine. */
static bool is_shown(const Assignment *a) {
        return !(a->option->flags & OPTION_HIDDEN) && a->field != FIELD_DRY_RUN && a->field != FIELD_JSON && a->field != FIELD_QUIET;
}

/* What an element of a list is known by in the words of whoever asked for it. */
static const char *element_mark(const json_t *element) {
        const char *destination = json_string_value(json_object_get(element, "destination"));

        return destination ?: json_string_value(element);
}

/* Of a value, or of an element of a list: the sources, each once; none: it is by default. */
static int add_sources(const MachineConfig *c, const PlanKey *k, const char *mark, char ***sources) {
        for (const Assignment *a = c->assignments.first; k && a; a = a->next) {
                _cleanup_free_ char *text = NULL;

                if (!is_in(k, a->field) || (mark && !strstr(a->text, mark)))
                        continue;
                text = provenance_text(a);
                if (!text || (!strv_contains(*sources, text) && strv_append(sources, text) < 0))
                        return -ENOMEM;
        }
        return 0;
}

static int find_sources(const MachineConfig *c, const char *key, const char *mark, char ***ret) {
        const PlanKey *k = find_key(key);
        _cleanup_strv_ char **sources = NULL;
        int r = add_sources(c, k, k && k->mixed ? mark : NULL, &sources);

        if (r >= 0 && !sources)
                r = strv_append(&sources, is_of_operand(key) ? "command line" : "default");
        if (r >= 0)
                *ret = TAKE_PTR(sources);
        return r;
}

/* ---- for people ---- */

static int put_line(const char *key, const json_t *value, const char *sources) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        fprintf(f, "%s=", key);
        plan_put_value(value, " ", f);
        if (fclose(f) == EOF)
                return -ENOMEM;
        printf("%-*s %s\n", COLUMN, text, sources);
        return 0;
}

static int put_value(const MachineConfig *c, const char *key, const json_t *value, const json_t *element) {
        _cleanup_strv_ char **sources = NULL;
        _cleanup_free_ char *joined = NULL;

        if (find_sources(c, key, element ? element_mark(element) : NULL, &sources) < 0 || !(joined = strv_join(sources, ", ")))
                return -ENOMEM;
        return put_line(key, element ?: value, joined);
}

static int put_plan(const MachineConfig *c, json_t *plan) {
        const char *key;
        json_t *value, *element;
        int r = 0;

        json_object_foreach(plan, key, value) {
                size_t i;

                if (strcmp(key, "settings_files") == 0)
                        continue;
                if (json_array_size(value) == 0)
                        r = put_value(c, key, value, NULL);
                else
                        json_array_foreach(value, i, element)
                                if (r >= 0)
                                        r = put_value(c, key, value, element);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_assignments(const MachineConfig *c) {
        for (const Assignment *a = c->assignments.first; a; a = a->next) {
                _cleanup_free_ char *key = provenance_key(a), *from = provenance_text(a);
                json_t *value = json_text(a->text);
                int r = key && from && value ? 0 : -ENOMEM;

                if (r >= 0 && is_shown(a))
                        r = put_line(key, value, from);
                json_decref(value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static const char *trust_of(const MachineConfig *c, const char *path) {
        static const char *const places[] = { "/etc/", "/run/", "/usr/lib/" };

        if (c->settings == SETTINGS_TRUSTED)
                return "trusted";
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (strncmp(path, places[i], strlen(places[i])) == 0)
                        return "trusted";
        return "reduced";
}

static const char *settings_mode(const MachineConfig *c) {
        return enum_to_string(settings_mode_names, c->settings == SETTINGS_UNSET ? SETTINGS_YES : (int) c->settings);
}

static int put_all(const MachineConfig *c, char *const *arguments, json_t *plan) {
        _cleanup_free_ char *words = shell_words(arguments);
        int r;

        if (!words)
                return -ENOMEM;
        printf("# nbox %s\n# --settings=%s%s\n", words, settings_mode(c), c->settings_files ? ":" : ", and there is no file");
        for (char **path = c->settings_files; path && *path; path++)
                printf("#   %s (%s)\n", *path, strcmp(trust_of(c, *path), "trusted") == 0 ? "trusted" : "reduced trust: it lies beside the image");
        if (c->assignments.first)
                puts("\n# what was asked for");
        r = put_assignments(c);
        if (r < 0)
                return r;
        puts("\n# what it comes to");
        return put_plan(c, plan);
}

/* ---- as JSON ---- */

static json_t *files_to_json(const MachineConfig *c) {
        json_t *all = json_array();

        for (char **path = c->settings_files; path && *path; path++)
                json_array_append_new(all, json_pack("{s:o, s:s}", "file", json_text(*path), "trust", trust_of(c, *path)));
        return all;
}

static json_t *assignments_to_json(const MachineConfig *c) {
        json_t *all = json_array();

        for (const Assignment *a = c->assignments.first; a; a = a->next) {
                _cleanup_free_ char *key = provenance_key(a);

                if (is_shown(a))
                        json_array_append_new(all, json_pack("{s:o, s:o, s:o, s:o}", "key", json_text(key), "value", json_text(a->text), "file",
                                                             a->file ? json_text(a->file) : json_null(), "line",
                                                             a->file ? json_integer(a->line) : json_null()));
        }
        return all;
}

static json_t *sources_to_json(const MachineConfig *c, json_t *plan) {
        json_t *all = json_object(), *value;
        const char *key;

        json_object_foreach(plan, key, value) {
                _cleanup_strv_ char **sources = NULL;
                json_t *list = json_array();

                if (find_sources(c, key, NULL, &sources) >= 0)
                        for (char **s = sources; *s; s++)
                                json_array_append_new(list, json_text(*s));
                json_object_set_new(all, key, list);
        }
        return all;
}

static int print_json(const MachineConfig *c, char *const *arguments, json_t *plan, Error **reterr) {
        json_t *words = json_array(), *o;

        for (; *arguments; arguments++)
                json_array_append_new(words, json_text(*arguments));
        o = json_pack("{s:o, s:s, s:o, s:o, s:o, s:O}", "arguments", words, "settings", settings_mode(c), "files", files_to_json(c),
                      "assignments", assignments_to_json(c), "sources", sources_to_json(c, plan), "plan", plan);
        if (!o)
                return error_oom(reterr);
        json_dumpf(o, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(o);
        return 0;
}

int plan_explain(const MachineConfig *c, const MachinePlan *p, char *const *arguments, bool json, Error **reterr) {
        json_t *plan = plan_to_json(p);
        int r;

        if (!plan)
                return error_oom(reterr);
        if (json)
                r = print_json(c, arguments, plan, reterr);
        else
                r = put_all(c, arguments, plan) < 0 ? error_oom(reterr) : 0;
        json_decref(plan);
        return r < 0 ? r : fflush(stdout) == EOF ? error_errno(reterr, errno, "Cannot write the plan") : 0;
}
