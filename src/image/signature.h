/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "copy.h"

/* OpenPGP signatures of texts, checked by gpgv(1): a process that is nobody, without a network, and sees the text, the signature, the keys and
 * the libraries of the host, nothing else (small-root.h). */

typedef struct SignedText {
        const char *what;     /* for messages: its URL */
        const void *text;
        size_t size;
        const void *signature; /* of the text, binary or armoured; NULL: the text is signed in itself */
        size_t signature_size;
} SignedText;

/* There are keys to check signatures by; with what to do where there are none. */
int signature_check_keys(Error **reterr);

/* Good, by a key of ours that is valid: 0, and *ret is what was signed, of *ret_size bytes, the caller's. -EKEYREJECTED with what is wrong. */
int signature_check(const SignedText *s, char **ret, size_t *ret_size, Error **reterr);
