/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "top-view.h"

/* What a terminal is to show: as many lines as it has, or fewer. */
typedef struct TopScreen {
        char **lines;   /* one may be NULL, where there was no memory for it */
        size_t *columns; /* that each takes */
        size_t n;
} TopScreen;

void top_screen_done(TopScreen *s);

/* 0 or -ENOMEM. */
int top_screen_make(const TopView *v, const TopSample *sample, TopScreen *ret);

/* The table alone, with all machines: for what is no terminal (width 0), or has a width and no end. */
int top_table_make(const TopView *v, TopScreen *ret);
