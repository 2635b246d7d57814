/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libkmod is opened only here, and only when something was found missing: most hosts have the modules built in or
 * loaded, and a start should not pay for them. A host without libkmod is one that has no modules to load. */

#include "module.h"

#include <dlfcn.h>
#include <libkmod.h>
#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"

typedef struct Kmod {
        typeof(kmod_new) *new;
        typeof(kmod_unref) *unref;
        typeof(kmod_module_new_from_lookup) *lookup;
        typeof(kmod_module_probe_insert_module) *insert;
        typeof(kmod_module_unref_list) *unref_list;
        typeof(kmod_list_next) *next;
        typeof(kmod_module_get_module) *get;
        typeof(kmod_module_unref) *unref_module;
} Kmod;

static bool symbols(void *library, Kmod *k) {
        const struct {
                const char *name;
                void **where;
        } table[] = {
                { "kmod_new", (void **) &k->new },
                { "kmod_unref", (void **) &k->unref },
                { "kmod_module_new_from_lookup", (void **) &k->lookup },
                { "kmod_module_probe_insert_module", (void **) &k->insert },
                { "kmod_module_unref_list", (void **) &k->unref_list },
                { "kmod_list_next", (void **) &k->next },
                { "kmod_module_get_module", (void **) &k->get },
                { "kmod_module_unref", (void **) &k->unref_module },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                *table[i].where = dlsym(library, table[i].name);
                if (!*table[i].where)
                        return false;
        }
        return true;
}

static int insert_all(const Kmod *k, struct kmod_list *list) {
        int r = 0;

        for (struct kmod_list *i = list; i && r >= 0; i = k->next(list, i)) {
                struct kmod_module *m = k->get(i);

                r = k->insert(m, KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY, NULL, NULL, NULL, NULL);
                k->unref_module(m);
        }
        return r == -ENOENT ? 0 : r;
}

int module_load(const char *name) {
        void *library = dlopen("libkmod.so.2", RTLD_NOW | RTLD_LOCAL);
        struct kmod_list *list = NULL;
        struct kmod_ctx *ctx;
        int r = 0;
        Kmod k;

        if (!library)
                return 0;
        if (symbols(library, &k) && (ctx = k.new(NULL, NULL))) {
                if (k.lookup(ctx, name, &list) >= 0)
                        r = insert_all(&k, list);
                if (list)
                        k.unref_list(list);
                k.unref(ctx);
        }
        dlclose(library);
        return r;
}
