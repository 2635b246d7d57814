/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"

/* NULL-terminated arrays of strings, array and strings owned together. A NULL array is an empty one. */

void strv_free(char **v);
DEFINE_CLEANUP(char **, strv_free);
#define _cleanup_strv_ _cleanup_(strv_freep)

size_t strv_length(char *const *v);
void strv_sort(char **v); /* by bytes */
bool strv_contains(char *const *v, const char *s);
char **strv_copy(char *const *v);              /* NULL on out of memory */
int strv_append(char ***v, const char *s);     /* copies s; 0 or -ENOMEM */
int strv_consume(char ***v, char *s);          /* takes s, freed on failure too; NULL s is -ENOMEM */
int strv_appendf(char ***v, const char *fmt, ...) _printf_(2, 3);
char *strv_join(char *const *v, const char *separator);

/* Set "NAME=value" in an environment block, replacing an older one. */
int strv_env_set(char ***env, const char *assignment);
const char *strv_env_get(char *const *env, const char *name);
