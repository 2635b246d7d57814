/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <strings.h>

#include "machine.h"
#include "table.h"
#include "verb-list.h"

/* The record's fields, in the form of machinectl(1) show: what a script reads, one line a property. */

enum { OPT_VALUE = 256 };

const VerbOption show_options[] = {
        { { .name = "property", .letter = 'p', .placeholder = "NAME" }, 'p', "Show only these properties (several, or separated by commas)" },
        { { .name = "value" }, OPT_VALUE, "Show values only, without their names" },
        {},
};

typedef struct ShowArguments {
        char **properties; /* none: all */
        bool value;
} ShowArguments;

static int add_properties(ShowArguments *a, const char *list, Error **reterr) {
        _cleanup_free_ char *copy = strdup(list);
        char *rest = copy;

        if (!copy)
                return error_oom(reterr);
        for (char *name; (name = strsep(&rest, ","));) {
                const RecordField *f = record_fields;

                while (f->key && strcasecmp(f->key, name) != 0)
                        f++;
                if (!f->key) {
                        error_set(reterr, EINVAL, "There is no property '%s'", name);
                        return error_hint(reterr, -EINVAL, "`nbox show NAME` shows all that there are.");
                }
                if (strv_append(&a->properties, f->key) < 0)
                        return error_oom(reterr);
        }
        return 0;
}

static bool is_wanted(const ShowArguments *a, const RecordField *f) {
        return !a->properties || strv_contains(a->properties, f->key);
}

/* The state is what the kernel says, not what was written. */
static int format(const Machine *m, const RecordField *f, char **ret) {
        if (strcmp(f->key, "State") == 0) {
                *ret = strdup(machine_state_to_string(m->state));
                return *ret ? 0 : -ENOMEM;
        }
        return record_field_format(m->record, f, ret);
}

static int print_text(const ShowArguments *a, const Machine *m, Error **reterr) {
        for (const RecordField *f = record_fields; f->key; f++) {
                _cleanup_free_ char *value = NULL;

                if (!is_wanted(a, f))
                        continue;
                if (format(m, f, &value) < 0)
                        return error_oom(reterr);
                if (!value && !a->properties) /* unset ones only when asked for */
                        continue;
                printf("%s%s%s\n", a->value ? "" : f->key, a->value ? "" : "=", value ?: "");
        }
        return 0;
}

static json_t *field_to_json(const Machine *m, const RecordField *f) {
        const void *p = (const char *) m->record + f->offset;
        _cleanup_free_ char *value = NULL;
        json_t *list;

        switch (f->type) {
        case FIELD_STRINGS:
                list = json_array();
                for (char **s = *(char **const *) p; s && *s; s++)
                        json_array_append_new(list, json_text(*s));
                return list;
        case FIELD_PID:
        case FIELD_INT:
                return json_integer(*(const int *) p);
        case FIELD_UID:
        case FIELD_U32:
                return json_integer(*(const uint32_t *) p);
        case FIELD_U64:
                return json_integer((json_int_t) *(const uint64_t *) p); /* "infinity" is -1 there */
        case FIELD_BOOL:
                return json_boolean(*(const bool *) p);
        default:
                return format(m, f, &value) < 0 ? NULL : json_text(value);
        }
}

static json_t *machine_to_json(const ShowArguments *a, const Machine *m) {
        json_t *o = json_object();

        for (const RecordField *f = record_fields; f->key; f++)
                if (is_wanted(a, f) && json_object_set_new(o, f->key, field_to_json(m, f)) < 0) {
                        json_decref(o);
                        return NULL;
                }
        return o;
}

static int show(const ShowArguments *a, const VerbArgs *args, Error **reterr) {
        json_t *all = args->json && args->n_operands > 1 ? json_array() : NULL;
        int r = 0;

        for (int i = 0; i < args->n_operands && r >= 0; i++) {
                _cleanup_(machine_freep) Machine *m = NULL;

                r = machine_open(args->operands[i], &m, reterr);
                if (r < 0)
                        break;
                if (all)
                        r = json_array_append_new(all, machine_to_json(a, m)) < 0 ? error_oom(reterr) : 0;
                else if (args->json)
                        r = json_print(machine_to_json(a, m), reterr);
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
                        r = add_properties(&a, args.value, reterr);
                else
                        a.value = true;
        }
        if (r >= 0)
                r = verb_check_operands(&args, 1, -1, reterr);
        if (r >= 0)
                r = show(&a, &args, reterr);
        strv_free(a.properties);
        return r;
}
