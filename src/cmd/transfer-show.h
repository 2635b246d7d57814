/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "copy.h"
#include "status-line.h"
#include "transfers.h"

/* Long work on bytes (copies, imports, exports, downloads) as its user sees it: how much it is, said before where that is known; how far it
 * is, how fast and for how long yet, on a terminal; where stderr is none, nothing of what takes less than ten seconds, and then a line at
 * times that get rarer. And ^C, SIGTERM or the end of the session, which end it such that nothing of it is left: who works asks
 * watch.is_cancelled, also while it waits, and returns -ECANCELED. */

typedef struct TransferShow {
        CopyWatch watch; /* for who does the work; CopyProgress.bytes are of what `bytes` counts */
        StatusLine line;
        char *title;
        uint64_t bytes, files; /* of how much; 0: not known */
        CopyProgress done;
        uint64_t began_usec, shown_usec, log_usec; /* CLOCK_MONOTONIC; log_usec: when the next line is due */
        uint64_t sampled_usec, sampled_bytes;
        double rate;           /* bytes a second, smoothed */
        bool is_cancelled;
        int signals;           /* SIGINT, SIGTERM and SIGHUP meanwhile; 0: not begun */
        TransferMark *mark;    /* or NULL */
        sigset_t old;          /* the mask before: children that exec get it from transfer_show_unblock() */
} TransferShow;

/* doing: "Copying", "Importing"; what: "the tree of 'web'". On a terminal one line says how much it is, where that is known. watch.expected
 * is `bytes`: who gives it to copy.h for something else than that size sets it to 0. The struct stays where it is until the end. */
int transfer_show_begin(TransferShow *s, const char *doing, const char *what, uint64_t bytes, uint64_t files, Error **reterr);

/* Have it listed by `nbox list-transfers` until its end: type "import", the image's name, and the file or URL. */
void transfer_show_mark(TransferShow *s, const char *type, const char *local, const char *remote);

/* That line in any case: of what others feel, as a machine that stands still meanwhile. */
void transfer_show_announce(const TransferShow *s);

/* How much it is became known later, or is something else from now on. */
void transfer_show_expect(TransferShow *s, uint64_t bytes, uint64_t files);

/* In a child that is to exec: signals are for it again. */
void transfer_show_unblock(const TransferShow *s);

/* NULL-initialised (never begun) is fine. */
void transfer_show_end(TransferShow *s);

/* For who does several of them, or has something to undo after: signals wait from the one to the other. */
void transfer_signals_hold(sigset_t *ret_old);
void transfer_signals_release(const sigset_t *old);
