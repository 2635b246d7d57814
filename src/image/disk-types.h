/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "disk-probe.h"

/* What a partition is for, by the type and the attributes that its table gives it: the UAPI group's Discoverable Partitions
 * Specification. */

/* Into role, type, read_only, no_auto and grow of `to`. */
void disk_type_apply(DiskTable table, const ProbedPartition *from, DiskPartition *to);

/* What is done with a file system of that name. */
typedef struct DiskFileSystem {
        const char *name;       /* as libblkid has it */
        const char *kernel;     /* and the kernel, to mount it */
        const char *options;    /* when it is mounted to be written to */
        const char *read_only;  /* and when only to be read, with no journal replayed */
        bool never_written;     /* nothing can write to it */
        bool boot_only;         /* only for ESP and XBOOTLDR */
} DiskFileSystem;

/* NULL: none that is mounted. */
const DiskFileSystem *disk_file_system(const char *name);

/* The GPT type of this architecture's root, as text, or NULL where the specification has none. */
#define GPT_TYPE_TEXT_MAX 37
const char *disk_root_type(char ret[GPT_TYPE_TEXT_MAX]);
