/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libmnl.h"

#include "cleanup.h"
#include "library.h"

#define LIBRARY "libmnl.so.0"

LibMnl libmnl;

int libmnl_open(void) {
#define SYMBOL(name) { #name, (void **) &found.name },
        LibMnl found;
        const LibrarySymbol symbols[] = { LIBMNL_FUNCTIONS(SYMBOL) };
        int r;

        if (libmnl.socket_bind)
                return 0;
        r = library_load(LIBRARY, "mnl_", symbols, ELEMENTSOF(symbols));
        if (r >= 0)
                libmnl = found;
        return r;
}
