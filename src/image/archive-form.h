/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What archives are and may have, for those who ask (archive.h) and for the process that reads (archive-child.c): two headers, since the
 * second one sees libarchive's, which has names of archive.h. */

typedef enum ArchiveFormat {
        ARCHIVE_TAR,
        ARCHIVE_SINGLE, /* not a tar: one entry, a regular file with all there is (a disk image, compressed or not); its path is "" */
} ArchiveFormat;

typedef enum EntryKind {
        ENTRY_FILE,
        ENTRY_DIRECTORY,
        ENTRY_SYMLINK,
        ENTRY_HARD_LINK, /* of the entry whose path is `target` */
        ENTRY_FIFO,
        ENTRY_SOCKET,
        ENTRY_CHAR,
        ENTRY_BLOCK,
} EntryKind;

/* What one entry and one archive may have; more is an error that says so. */
#define ENTRY_PATH_MAX 4095U
#define ENTRY_XATTRS_MAX 128U
#define ENTRY_XATTR_SIZE_MAX 65536U
#define ENTRY_METADATA_MAX (1U << 20)
