/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "chown.h"

/* What of a file names users, or is lost when its owner changes: its mode's setuid and setgid, its ACLs, its capabilities. */

#define FILE_CAPS_MAX 64 /* struct vfs_ns_cap_data has 24 bytes */

typedef struct Attributes {
        bool is_directory;
        mode_t mode;
        bool has_acl, has_default_acl;
        uint8_t caps[FILE_CAPS_MAX];
        size_t caps_size; /* 0: none */
        bool kept;        /* mode and caps stand in an attribute of the file */
} Attributes;

/* From the file, or from what an interrupted change has left of it. 0 or -errno, as all here. */
int attributes_read(int fd, const struct stat *st, Attributes *ret);

/* Write down what the change of the owner takes away. A file system without attributes of that kind does without. */
int attributes_keep(int fd, Attributes *a);

/* Put it back, for the new owners; idempotent. */
int attributes_restore(int fd, const ChownRequest *q, const Attributes *a, bool moved);

/* Where an id goes. False: nowhere, it is in neither range. */
bool chown_shift(const ChownRequest *q, uint32_t *id);

/* The contents, for tests: a system.posix_acl_* and a security.capability, changed in place. Returns whether it is another now, or
 * -EBADMSG. The latter may grow (version 2 to 3) or shrink; data has room for FILE_CAPS_MAX. */
int acl_shift(const ChownRequest *q, uint8_t *data, size_t size);
int caps_shift(const ChownRequest *q, uint8_t *data, size_t *size);
