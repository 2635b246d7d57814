/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "json-text.h"
#include "error.h"

/* What verbs show: aligned columns for people, JSON for programs. */

#define TABLE_COLUMNS_MAX 12

typedef struct Table Table;

/* Headings end with NULL and are not copied. */
Table *table_new(const char *const *headings);
void table_free(Table *t);
DEFINE_CLEANUP(Table *, table_free);

/* A row: as many cells as there are headings; NULL and "" are shown as "-". Cells are copied; control bytes become
 * '?', for what a guest has named must not speak to the terminal. 0 or -ENOMEM. */
int table_add(Table *t, const char *const *cells);

/* With a heading, bold on a terminal, unless `plain`. The last column is not padded. */
void table_print(const Table *t, FILE *out, bool plain);

/* With its heading, or `none` in its place where there is no row. */
void table_print_or(const Table *t, const char *none, FILE *out);

/* Print and release `json`: indented on a terminal, in one line else. NULL is out of memory. */
int json_print(json_t *json, Error **reterr);

/* Into buf: text without control bytes, cut at its size; for what comes from a guest. Returns buf. */
const char *show_text(const char *s, char *buf, size_t size);
