/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"
#include "error.h"
#include "fuzz-targets.h"

/* A target is one file of this folder and one line of `targets`: fuzz_NAME() takes bytes that anybody may have made, gives them to the
 * parsers that read such bytes, and frees what they made. Sanitizers see what goes wrong in them; fuzz_check() what comes out of them. */

#define T(id) void fuzz_##id(const uint8_t *data, size_t size);
FUZZ_TARGETS
#undef T

#define fuzz_check(what)                                                                            \
        do {                                                                                        \
                if (!(what)) {                                                                      \
                        fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #what); \
                        abort();                                                                    \
                }                                                                                   \
        } while (0)

/* A failed call has an error of its code, and one that is none has no error. */
#define fuzz_check_error(r, error) fuzz_check((r) < 0 ? (error) && (error)->code == (r) && (error)->message : !(error))

/* What is left of the bytes. */
typedef struct FuzzInput {
        const uint8_t *data;
        size_t size;
} FuzzInput;

/* The next byte, 0 behind the end. */
uint8_t fuzz_byte(FuzzInput *in);

/* The next `size` bytes, or as many as there are; *ret points into the input. */
size_t fuzz_bytes(FuzzInput *in, size_t size, const uint8_t **ret);

/* A string, to the next NUL or the end, in memory of its own size, so that one byte too far is seen. The caller's. */
char *fuzz_string(FuzzInput *in);

/* The same of all that is left, with NULs in it and one behind it. */
char *fuzz_rest(FuzzInput *in, size_t *ret_size);

/* A file without a name, of these bytes, open for reading and writing at its beginning. */
int fuzz_file(const void *data, size_t size);

/* A directory of this process's own, the same one at each call, in memory: an fd that stays, and its path. It is removed when the
 * process ends. */
int fuzz_directory(const char **ret_path);

/* A file in it, in place of what had the name; and all that was put there away again. */
void fuzz_put(const char *name, const void *data, size_t size);
void fuzz_clear(void);
