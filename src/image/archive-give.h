/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "archive-library.h"
#include "archive-out.h"

/* An archive's bytes into records (archive-record.h). Whoever calls this has little to lose: archive-child.c, or a test. */

typedef struct ArchiveGiving {
        const ArchiveLibrary *library;
        int archive;     /* read from where it stands */
        ArchiveOut *out;
        Digest *digest;  /* of a layer; or NULL */
} ArchiveGiving;

/* All of it, to the last record, which says what was wrong where it returns < 0. In the C locale; a loop without an end is ended by SIGPROF after a
 * minute of processor time. */
int archive_give(const ArchiveGiving *giving);
