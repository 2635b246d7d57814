/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "config.h"
#include "strv.h"

/* The words behind `boot` (or, with a first byte that is odd, `run`), NULs between them. */

#define WORDS_MAX 64

void fuzz_argv(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        _cleanup_strv_ char **words = NULL; /* owned here, and longer than the config, which overwrites secrets in them */
        _cleanup_(config_freep) MachineConfig *c = config_new(fuzz_byte(&in) % 2 ? START_RUN : START_BOOT);
        _cleanup_(error_freep) Error *error = NULL;
        char *argv[WORDS_MAX + 2] = {};
        int argc = 0, r;

        fuzz_check(c && strv_append(&words, c->mode == START_BOOT ? "boot" : "run") >= 0);
        while (in.size > 0 && strv_length(words) < WORDS_MAX)
                fuzz_check(strv_consume(&words, fuzz_string(&in)) >= 0);
        for (char **w = words; *w; w++)
                argv[argc++] = *w;
        r = config_parse_argv(c, argc, argv, &error);
        fuzz_check_error(r, error);
        if (r < 0)
                return;
        fuzz_check(c->machine && (c->directory || c->image || c->disk));
        r = config_validate(c, &error);
        fuzz_check_error(r, error);
}
