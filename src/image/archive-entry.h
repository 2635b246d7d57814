/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "archive-library.h"
#include "archive-out.h"

/* libarchive's entry as a record, and its kind; of what is beyond our bounds the reason, and -EBADMSG. */
int entry_put(const ArchiveLibrary *l, struct archive_entry *e, ArchiveOut *o, EntryKind *ret);
