/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "copy.h"

/* SHA-256, by libgcrypt, which is opened when the first one is asked for. */

#define DIGEST_HEX_SIZE 65

typedef struct Digest Digest;

Digest *digest_free(Digest *d);
static inline void digest_freep(Digest **d) {
        digest_free(*d);
}

int digest_new(Digest **ret, Error **reterr);
void digest_add(Digest *d, const void *data, size_t size);

/* Of all that was added: lower-case hexadecimal digits. It takes no more then. */
void digest_end(Digest *d, char ret[DIGEST_HEX_SIZE]);

/* Of a whole file, from its beginning; the fd's position stays. `name` is for messages. -ECANCELED by the watch (or NULL). */
int digest_file(int fd, const char *name, const CopyWatch *watch, char ret[DIGEST_HEX_SIZE], Error **reterr);
