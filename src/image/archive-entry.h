/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "archive-library.h"
#include "archive-out.h"

/* libarchive's entry as a record; what is beyond our bounds ends the process with the reason. Returns its kind. */
EntryKind entry_put(const ArchiveLibrary *l, struct archive_entry *e, ArchiveOut *o);
