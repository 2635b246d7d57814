/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a terminal may take for a control character: C0, DEL, and C1 (CSI, OSC), by itself or as UTF-8. How many bytes of it stand at s, which
 * is not empty; 0: none, but a character of *ret_length bytes. */
size_t text_control(const char *s, size_t *ret_length);

/* No control character in s: what may go into a record, a unit, a command line or a terminal. */
bool string_is_clean(const char *s);

/* A well-mixed 64-bit number that is the same on every host: FNV-1a and a finaliser. Not for secrets. */
unsigned long long string_hash(const char *s);

/* Bytes for people: "12.3 MiB". Returns buf. */
#define SIZE_TEXT_MAX 32
const char *size_text(uint64_t bytes, char buf[SIZE_TEXT_MAX]);

/* Columns of a terminal that the first bytes of UTF-8 text take: one a character, which is true of all that we show. */
size_t string_columns(const char *s, size_t bytes);

/* Whether who looks at our output expects UTF-8, as the environment says it (locale(7)). */
bool locale_is_utf8(void);

/* Free *p and put a copy of s there; NULL s: nothing. 0, or -ENOMEM with *p as it was. */
int string_set(char **p, const char *s);
