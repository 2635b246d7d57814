/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft.h"

#include <dlfcn.h>
#include <nftables/libnftables.h>
#include <stdint.h>
#include <string.h>

#include "library.h"
#include "module.h"

#define LIBRARY "libnftables.so.1"

typedef struct Nft {
        struct nft_ctx *context;
        typeof(nft_ctx_new) *new;
        typeof(nft_ctx_free) *free;
        typeof(nft_ctx_buffer_output) *buffer_output;
        typeof(nft_ctx_buffer_error) *buffer_error;
        typeof(nft_ctx_get_error_buffer) *error;
        typeof(nft_run_cmd_from_buffer) *run;
} Nft;

static void nft_close(Nft *nft) {
        if (nft->context)
                nft->free(nft->context);
}

static int load_library(Nft *nft, Error **reterr) {
        const LibrarySymbol symbols[] = {
                { "ctx_new", (void **) &nft->new },
                { "ctx_free", (void **) &nft->free },
                { "ctx_buffer_output", (void **) &nft->buffer_output },
                { "ctx_buffer_error", (void **) &nft->buffer_error },
                { "ctx_get_error_buffer", (void **) &nft->error },
                { "run_cmd_from_buffer", (void **) &nft->run },
        };

        if (library_load(LIBRARY, "nft_", symbols, ELEMENTSOF(symbols)) >= 0)
                return 0;
        error_set(reterr, EOPNOTSUPP, "Cannot load " LIBRARY ", which edits the firewall: %s", dlerror());
        return error_hint(reterr, -EOPNOTSUPP, "Install it (package libnftables1), or start the machine with "
                          "--network=none or --network=host.");
}

static int nft_open(Nft *nft, Error **reterr) {
        int r;

        r = load_library(nft, reterr);
        if (r < 0)
                return r;
        (void) module_load("nf_tables");
        nft->context = nft->new(NFT_CTX_DEFAULT);
        if (!nft->context || nft->buffer_output(nft->context) != 0 || nft->buffer_error(nft->context) != 0) {
                nft_close(nft);
                nft->context = NULL;
                return error_oom(reterr);
        }
        return 0;
}

/* The library says what failed in words alone: the first line of them has the reason of strerror(3). */
static int failed(const char *text, Error **reterr) {
        static const int known[] = { ENOENT, EEXIST, EBUSY, EPERM, ENOSPC, EOPNOTSUPP };
        const char *found = strstr(text, "Error: "), *line = found ? found + strlen("Error: ") : text;
        size_t n = strcspn(line, "\n");
        int r = -EIO;

        for (size_t i = 0; i < ELEMENTSOF(known); i++) {
                const char *reason = strerror(known[i]);

                if (memmem(line, n, reason, strlen(reason)))
                        r = -known[i];
        }
        return error_set(reterr, r, "Cannot change the ruleset of nftables: %.*s", (int) (n < 300 ? n : 300), line);
}

int nft_run(const char *commands, Error **reterr) {
        _cleanup_(nft_close) Nft nft = {};
        int r;

        r = nft_open(&nft, reterr);
        if (r < 0)
                return r;
        return nft.run(nft.context, commands) == 0 ? 0 : failed(nft.error(nft.context), reterr);
}
