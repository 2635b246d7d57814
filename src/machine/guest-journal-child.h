/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guest-journal.h"

/* The process behind guest-journal.h, and what it writes into its pipe: records, each followed by its strings. */

#define JOURNAL_FILES_MAX 256
#define JOURNAL_STRINGS_MAX (128U * 1024)

typedef struct JournalRecord {
        bool caught_up; /* nothing follows: all that was there has been given */
        int32_t priority;
        uint64_t usec;
        uint32_t sizes[4]; /* of text, identifier, pid, unit */
} JournalRecord;

_Noreturn void guest_journal_child(const int *files, size_t n, int pipe_fd, const GuestJournalQuery *q, pid_t parent);
