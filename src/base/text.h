/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* No byte below 0x20 and no DEL in s: what may go into a record, a unit or a command line. */
bool string_is_clean(const char *s);

/* A well-mixed 64-bit number that is the same on every host: FNV-1a and a finaliser. Not for secrets. */
unsigned long long string_hash(const char *s);

/* Columns of a terminal that the first bytes of UTF-8 text take: one a character, which is true of all that we show. */
size_t string_columns(const char *s, size_t bytes);

/* Free *p and put a copy of s there; NULL s: nothing. 0, or -ENOMEM with *p as it was. */
int string_set(char **p, const char *s);
