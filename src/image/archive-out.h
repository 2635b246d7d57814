/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "archive-record.h"

/* The child's side of the pipe: records are gathered, so that thousands of small files are one call; large pieces of contents go past the
 * buffer. Without a reader there is nothing to do but to end, so these do not fail: they end the process. */

typedef struct ArchiveOut {
        int fd;
        char *buffer;
        size_t fill;
        uint64_t consumed; /* for the next head */
        bool failed;
} ArchiveOut;

typedef struct OutPart {
        const void *data;
        size_t size;
} OutPart;

/* 0 or -ENOMEM. */
int out_begin(ArchiveOut *o, int fd);

/* One record of these parts. */
void out_record(ArchiveOut *o, RecordType type, const OutPart *parts, size_t n);

void out_flush(ArchiveOut *o);

/* The last record, which says why there are no more; where there was one already, nothing. -EBADMSG. */
int out_fail(ArchiveOut *o, Failure failure, int error, const char *text);
