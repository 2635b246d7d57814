/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "provenance.h"

#include <stdlib.h>
#include <string.h>

#include "resources.h"

static void assignment_free(Assignment *a) {
        free(a->file);
        free(a->text);
        free(a);
}

/* Fields whose later values stand beside the earlier ones. */
static bool accumulates(Field f) {
        switch (f) {
        case FIELD_PARAMETERS:
        case FIELD_ENVIRONMENT:
        case FIELD_READY:
        case FIELD_HEALTH:
        case FIELD_CREDENTIALS:
        case FIELD_BINDS:
        case FIELD_TMPFS:
        case FIELD_OVERLAYS:
        case FIELD_VOLUMES:
        case FIELD_INACCESSIBLE:
        case FIELD_DEVICES:
        case FIELD_SYSTEM_CALL_FILTER:
        case FIELD_CAPABILITIES:
        case FIELD_DROPPED_CAPABILITIES:
        case FIELD_AMBIENT_CAPABILITIES:
        case FIELD_NETWORK: /* --network=zone --network=veth */
        case FIELD_NICS:
        case FIELD_PORTS:
        case FIELD_HOST_PORTS:
        case FIELD_PROPERTIES:
                return true;
        default:
                return f >= FIELD_RESOURCES && f <= FIELD_RESOURCES_LAST && resource_is_of_devices((Resource) (f - FIELD_RESOURCES));
        }
}

/* --rlimit=NAME=VALUE is in the field of that name. */
static Field field_of(const OptionValue *v) {
        const char *name = v->text, *eq = strchr(v->text, '=');
        static const char prefix[] = "RLIMIT_";

        if (v->option->field != FIELD_NONE || !eq)
                return v->option->field;
        if (strncmp(name, prefix, strlen(prefix)) == 0)
                name += strlen(prefix);
        for (size_t i = 0; i < n_options; i++) {
                const Option *o = &options[i];

                if (o->field >= FIELD_LIMITS && o->field <= FIELD_LIMITS_LAST && strncmp(o->key, "Limit", 5) == 0 &&
                    strlen(o->key + 5) == (size_t) (eq - name) && strncmp(o->key + 5, name, (size_t) (eq - name)) == 0)
                        return o->field;
        }
        return FIELD_NONE;
}

/* Of a secret the ID: the rest is nobody's business, and not kept. */
static char *copy_text(const OptionValue *v) {
        char *text;

        if (!(v->option->flags & OPTION_SECRET))
                return strdup(v->text);
        return asprintf(&text, "%.*s:…", (int) strcspn(v->text, ":"), v->text) < 0 ? NULL : text;
}

static void append(AssignmentList *list, Assignment *a) {
        a->next = NULL;
        if (list->last)
                list->last->next = a;
        else
                list->first = a;
        list->last = a;
}

static bool is_of_nics(const Assignment *a, NicKind kind) {
        return a->field == FIELD_NICS && a->option->nic == kind;
}

/* Take out those of f, or, of interfaces, of that kind; in their order. */
static AssignmentList take(AssignmentList *list, Field f, const NicKind *kind) {
        AssignmentList taken = {}, rest = {};

        for (Assignment *a = list->first, *next; a; a = next) {
                next = a->next;
                append((kind ? is_of_nics(a, *kind) : a->field == f) ? &taken : &rest, a);
        }
        *list = rest;
        return taken;
}

static void free_all(AssignmentList taken) {
        for (Assignment *a = taken.first, *next; a; a = next) {
                next = a->next;
                assignment_free(a);
        }
}

void provenance_forget(MachineConfig *c, Field f) {
        if (c->assignments.first)
                free_all(take(&c->assignments, f, NULL));
}

void provenance_forget_nics(MachineConfig *c, NicKind kind) {
        free_all(take(&c->assignments, FIELD_NICS, &kind));
}

void provenance_move(MachineConfig *c, MachineConfig *from, Field f) {
        AssignmentList taken = take(&from->assignments, f, NULL);

        if (!taken.first)
                return;
        if (c->assignments.last)
                c->assignments.last->next = taken.first;
        else
                c->assignments.first = taken.first;
        c->assignments.last = taken.last;
}

int provenance_add(MachineConfig *c, const OptionValue *v, Error **reterr) {
        Field f = field_of(v);
        Assignment *a;

        if (f == FIELD_NONE)
                return 0;
        a = calloc(1, sizeof(*a));
        if (!a)
                return error_oom(reterr);
        *a = (Assignment){ .option = v->option, .field = f, .line = v->line, .text = copy_text(v), .file = v->file ? strdup(v->file) : NULL };
        if (!a->text || (v->file && !a->file)) {
                assignment_free(a);
                return error_oom(reterr);
        }
        if (!accumulates(f))
                provenance_forget(c, f);
        append(&c->assignments, a);
        return 0;
}

char *provenance_text(const Assignment *a) {
        char *text;

        if (!a->file)
                return strdup(PROVENANCE_COMMAND_LINE);
        return asprintf(&text, "%s:%u", a->file, a->line) < 0 ? NULL : text;
}

char *provenance_key(const Assignment *a) {
        char name[64], *text;

        if (a->option->key)
                return strdup(a->option->key);
        return asprintf(&text, "%s", args_spelling(&a->option->spec, name)) < 0 ? NULL : text;
}
