/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Reading the journal that a guest keeps. Its files are the guest's to write, while we read them, and libsystemd's reader is made for a journal
 * that the host's own journald wrote. So the files are opened beneath the guest's root, as regular files that are reached by no link, and read
 * by a process that is nobody's, has nothing but them and a pipe, and few calls. What comes out of the pipe is checked for its form, and is the
 * guest's word. A process that dies of what it reads costs the rest of the log, and is said. */

typedef struct GuestJournalQuery {
        uint64_t since, until; /* CLOCK_REALTIME µs, both included; 0, UINT64_MAX: all */
        size_t lines;          /* the last ones; SIZE_MAX: all */
        const char *unit;      /* NULL: all */
        int priority;          /* up to this one; -1: all */
        bool follow;
} GuestJournalQuery;

typedef struct GuestJournalEntry {
        uint64_t usec;
        int priority; /* -1: it has none */
        const char *text, *identifier, *pid, *unit; /* "" where it has none; valid until the next read */
} GuestJournalEntry;

typedef struct GuestJournal GuestJournal;

/* The files that are there just now beneath a root (O_PATH): 1, or 0 where there are none; *ret_files tells them from others. */
int guest_journal_open(int root, const GuestJournalQuery *q, GuestJournal **ret, Error **reterr);
GuestJournal *guest_journal_free(GuestJournal *j); /* returns NULL */

/* 1: *ret. 0: no more; where it is followed: for now, and from then on nothing is waited for. -EBADMSG: the reader died of what it read. */
int guest_journal_next(GuestJournal *j, GuestJournalEntry *ret, Error **reterr);

/* Readable when there is more. */
int guest_journal_fd(const GuestJournal *j);

/* Whether other files are there now than were opened, as after they were rotated or the machine rebooted: then open it anew. */
bool guest_journal_has_changed(const GuestJournal *j, int root);

/* Where guests without a journal keep logs: the first that is there, or NULL. */
const char *guest_log_file(int root);
