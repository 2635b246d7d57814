/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verb.h"

#include <string.h>

const Verb verbs[] = {
        {},
};

const Verb *verb_find(const char *name) {
        for (const Verb *v = verbs; v->name; v++)
                if (strcmp(v->name, name) == 0)
                        return v;
        return NULL;
}
