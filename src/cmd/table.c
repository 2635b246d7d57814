/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "text.h"

struct Table {
        const char *headings[TABLE_COLUMNS_MAX];
        size_t n_columns;
        char **cells; /* row by row */
        size_t n_cells;
};

Table *table_new(const char *const *headings) {
        Table *t = calloc(1, sizeof(*t));

        while (t && headings[t->n_columns] && t->n_columns < TABLE_COLUMNS_MAX) {
                t->headings[t->n_columns] = headings[t->n_columns];
                t->n_columns++;
        }
        return t;
}

void table_free(Table *t) {
        if (!t)
                return;
        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i]);
        free(t->cells);
        free(t);
}

const char *show_text(const char *s, char *buf, size_t size) {
        size_t n = 0;

        for (size_t length; *s; s += length) {
                bool control = text_control(s, &length) > 0;

                if (n + (control ? 1 : length) >= size)
                        break;
                if (control)
                        buf[n++] = '?';
                else
                        for (size_t i = 0; i < length; i++)
                                buf[n++] = s[i];
        }
        buf[n] = 0;
        return buf;
}

int table_add(Table *t, const char *const *cells) {
        char **p = reallocarray(t->cells, t->n_cells + t->n_columns, sizeof(char *));

        if (!p)
                return -ENOMEM;
        t->cells = p;
        for (size_t i = 0; i < t->n_columns; i++) {
                const char *text = cells[i] && *cells[i] ? cells[i] : "-";
                char *copy = strdup(text);

                if (!copy) {
                        while (i-- > 0)
                                free(t->cells[t->n_cells + i]);
                        return -ENOMEM;
                }
                show_text(text, copy, strlen(text) + 1);
                t->cells[t->n_cells + i] = copy;
        }
        t->n_cells += t->n_columns;
        return 0;
}

static size_t width(const char *s) {
        return string_columns(s, strlen(s));
}

static void print_row(const Table *t, FILE *out, const char *const *cells, const size_t *widths) {
        for (size_t i = 0; i < t->n_columns; i++) {
                fputs(cells[i], out);
                if (i + 1 < t->n_columns)
                        fprintf(out, "%*s", (int) (widths[i] - width(cells[i]) + 1), "");
        }
}

void table_print(const Table *t, FILE *out, bool plain) {
        bool bold = !plain && colors_wanted(fileno(out));
        size_t widths[TABLE_COLUMNS_MAX] = {};

        for (size_t i = 0; i < t->n_columns && !plain; i++)
                widths[i] = width(t->headings[i]);
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t w = width(t->cells[i]);

                if (w > widths[i % t->n_columns])
                        widths[i % t->n_columns] = w;
        }
        if (!plain) {
                fputs(bold ? "\x1b[1m" : "", out);
                print_row(t, out, t->headings, widths);
                fputs(bold ? "\x1b[0m\n" : "\n", out);
        }
        for (size_t row = 0; row < t->n_cells; row += t->n_columns) {
                print_row(t, out, (const char *const *) t->cells + row, widths);
                fputc('\n', out);
        }
}

int json_print(json_t *json, Error **reterr) {
        int r;

        if (!json)
                return error_oom(reterr);
        r = json_dumpf(json, stdout, JSON_REAL_PRECISION(15) | (isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT));
        json_decref(json);
        if (r < 0 || putchar('\n') == EOF || fflush(stdout) == EOF)
                return error_errno(reterr, errno, "Cannot write the output");
        return 0;
}

void table_print_or(const Table *t, const char *none, FILE *out) {
        if (t->n_cells > 0)
                table_print(t, out, false);
        else
                fprintf(out, "%s\n", none);
}
