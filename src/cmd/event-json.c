/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event-json.h"

#include <string.h>

#include "parse.h"
#include "table.h"

/* What is a number stays one. */
static json_t *value_of(const char *key, const char *value) {
        static const char *const numbers[] = { "status", "leader", "reboots", "kills", "limit" };
        uint64_t number;

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (strcmp(key, numbers[i]) == 0 && parse_u64(value, INT64_MAX, &number) >= 0)
                        return json_integer((json_int_t) number);
        if (strcmp(key, "host") == 0)
                return json_true();
        return json_text(value);
}

void event_print_json(const HostEvent *e) {
        json_t *o = json_pack("{s:I, s:s}", "usec", (json_int_t) e->usec, "event", event_kind_to_string(e->kind));

        if (o && *e->subject)
                json_object_set_new(o, event_kind_subject(e->kind), json_text(e->subject));
        for (char **w = e->words; o && w && *w; w++) {
                const char *equals = strchr(*w, '=');
                char key[32];

                if ((size_t) (equals - *w) >= sizeof(key))
                        continue;
                snprintf(key, sizeof(key), "%.*s", (int) (equals - *w), *w);
                json_object_set_new(o, key, value_of(key, equals + 1));
        }
        (void) json_dumpf(o, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(o);
}
