/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* Libraries that few commands need, opened when one does (dlopen(3)): loading all of them costs more than a start. Before the
 * machine's root is entered, or the search would be in its tree. */

typedef struct LibrarySymbol {
        const char *name; /* without the prefix */
        void **where;
} LibrarySymbol;

/* Find all symbols in the library of that name ("libblkid.so.1"); it stays open for as long as the process lives. 0, or -ELIBACC: it
 * or one of them is not there, and dlerror(3) says which. */
int library_load(const char *library, const char *prefix, const LibrarySymbol *symbols, size_t n);
