/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <strings.h>

#include "host-machine.h"
#include "image-facts.h"
#include "machine-json.h"
#include "machinectl.h"
#include "pool.h"
#include "show-plan.h"
#include "table.h"
#include "verb-list.h"

/* The record's fields, in the form of machinectl(1) show: what a script reads, one line a property. */

enum { OPT_VALUE = 256, OPT_PLAN };

const VerbOption show_options[] = {
        { { .name = "property", .letter = 'p', .placeholder = "NAME" }, 'p', "Show only these properties (several, or separated by commas)" },
        { { .name = "all", .letter = 'a' }, 'a', "Show unset ones, too" },
        { { .name = "value" }, OPT_VALUE, "Show values only, without their names" },
        { { .name = "plan" }, OPT_PLAN, "Show what NAME's next start would be, and where each value comes from; NAME may be an image" },
        {},
};

typedef struct ShowArguments {
        char **properties; /* none: all */
        bool value, all, plan;
} ShowArguments;

/* Not `nbox show NAME`, which leaves out what is unset. */
static int hint_properties(Error **reterr) {
        char names[512] = "";

        for (const RecordField *f = record_fields; f->key; f++) {
                size_t n = strlen(names);

                snprintf(names + n, sizeof(names) - n, "%s%s", n > 0 ? ", " : "", f->key);
        }
        return error_hint(reterr, -EINVAL, "There are %s.", names);
}

static int split_properties(ShowArguments *a, const char *list, Error **reterr) {
        _cleanup_free_ char *copy = strdup(list);
        char *rest = copy;

        if (!copy)
                return error_oom(reterr);
        for (char *name; (name = strsep(&rest, ","));)
                if (strv_append(&a->properties, name) < 0)
                        return error_oom(reterr);
        return 0;
}

/* Of machines: as they are spelled. */
static int check_properties(const ShowArguments *a, Error **reterr) {
        for (char **name = a->properties; name && *name; name++) {
                const RecordField *f = record_fields;

                while (f->key && strcasecmp(f->key, *name) != 0)
                        f++;
                if (!f->key) {
                        error_set(reterr, EINVAL, "There is no property '%s'", *name);
                        return hint_properties(reterr);
                }
                memcpy(*name, f->key, strlen(f->key));
        }
        return 0;
}

/* Without a machine's name: what there is of all together. */
static int show_host(const ShowArguments *a, bool json, Error **reterr) {
        PropertyPrinter p = { .wanted = a->properties, .all = a->all, .value = a->value };
        PoolUsage pool;
        int r;

        if (!json)
                return print_pool(&p, reterr);
        r = pool_usage(&pool, reterr);
        return r < 0 ? r : json_print(pool_to_json(&pool), reterr);
}

static bool is_wanted(const ShowArguments *a, const RecordField *f) {
        return !a->properties || strv_contains(a->properties, f->key);
}

static int print_text(const ShowArguments *a, const Machine *m, Error **reterr) {
        for (const RecordField *f = record_fields; f->key; f++) {
                _cleanup_free_ char *value = NULL;

                if (!is_wanted(a, f))
                        continue;
                if (machine_property(m, f, &value) < 0)
                        return error_oom(reterr);
                if (!value && !a->properties && !a->all) /* unset ones only when asked for */
                        continue;
                printf("%s%s%s\n", a->value ? "" : f->key, a->value ? "" : "=", value ?: "");
        }
        return 0;
}

static int show(const ShowArguments *a, const VerbArgs *args, Error **reterr) {
        json_t *all = args->json && args->n_operands > 1 ? json_array() : NULL;
        int r = 0;

        for (int i = 0; i < args->n_operands && r >= 0; i++) {
                _cleanup_(machine_freep) Machine *m = NULL;

                r = machine_find_or_host(args->operands[i], &m, reterr);
                if (r < 0)
                        break;
                if (all)
                        r = json_array_append_new(all, machine_to_json(m, a->properties)) < 0 ? error_oom(reterr) : 0;
                else if (args->json)
                        r = json_print(machine_to_json(m, a->properties), reterr);
                else {
                        fputs(i > 0 ? "\n" : "", stdout);
                        r = print_text(a, m, reterr);
                }
        }
        if (all && r >= 0)
                return json_print(all, reterr);
        json_decref(all);
        return r;
}

int verb_show(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        ShowArguments a = {};
        int option, r = 0;

        while (r >= 0 && (option = verb_next(&args, reterr)) != 0) {
                if (option < 0)
                        r = option;
                else if (option == 'p')
                        r = split_properties(&a, args.value, reterr);
                else if (option == OPT_PLAN)
                        a.plan = true;
                else
                        *(option == 'a' ? &a.all : &a.value) = true;
        }
        if (r >= 0)
                r = a.plan ? verb_check_operands(&args, 1, 1, reterr) : args.n_operands > 0 ? check_properties(&a, reterr) : 0;
        if (r >= 0 && a.plan && (a.properties || a.value || a.all))
                r = error_set(reterr, EINVAL, "--plan shows all of it: the other options are for what runs");
        if (r >= 0 && a.plan)
                r = show_plan(args.operands[0], args.json, reterr);
        else if (r >= 0)
                r = args.n_operands == 0 ? show_host(&a, args.json, reterr) : show(&a, &args, reterr);
        strv_free(a.properties);
        return r;
}
