/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <signal.h>
#include <stdint.h>

#include "copy.h"
#include "status-line.h"

/* A copy as its user sees it: how much it is, said before; how far it is, on a terminal; and ^C, which ends it such that nothing of it is left. */

typedef struct CopyShow {
        CopyWatch watch; /* for who copies */
        StatusLine line;
        uint64_t files;
        uint64_t shown_usec;
        int signals;     /* SIGINT, SIGTERM and SIGHUP meanwhile */
        sigset_t old;
} CopyShow;

/* what: "the tree of 'web'". Nothing is said of what takes no time (bytes 0). */
int copy_show_begin(CopyShow *s, const char *what, uint64_t bytes, uint64_t files, Error **reterr);
void copy_show_end(CopyShow *s);
