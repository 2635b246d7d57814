/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

#define SYMBOL_MAX 128

int library_load(const char *library, const char *prefix, const LibrarySymbol *symbols, size_t n) {
        void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

        if (!handle)
                return -ELIBACC;
        for (size_t i = 0; i < n; i++) {
                char name[SYMBOL_MAX];

                if (snprintf(name, sizeof(name), "%s%s", prefix, symbols[i].name) >= (int) sizeof(name))
                        return -ELIBACC;
                *symbols[i].where = dlsym(handle, name);
                if (!*symbols[i].where)
                        return -ELIBACC;
        }
        return 0;
}
