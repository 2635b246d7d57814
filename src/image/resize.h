/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "copy.h"
#include "disk.h"
#include "error.h"
#include "find.h"

typedef struct ResizeWish {
        uint64_t size; /* bytes, of the file; rounded up to RESIZE_UNIT */
        bool relative; /* so much more than it has */
        const CopyWatch *watch; /* of a copy, where one is needed; or NULL */
} ResizeWish;

#define RESIZE_UNIT 4096

typedef struct ResizeResult {
        uint64_t size_before, size;           /* bytes, of the file */
        uint64_t fs_size;                     /* bytes that the file system may fill: its partition's */
        unsigned partition;                   /* 0: there is no table */
        char fs[DISK_TEXT_MAX];
        bool copied;                          /* it was done on a copy, that took the file's place */
} ResizeResult;

/* Change the size of a disk image: its file, the last partition of its table, the file system in there. Killed at any moment, the image is
 * one that boots, of the old size or the new one, or of a size between the two: the same call then brings it to its end. As root; the
 * caller has the image's lock. */
int image_resize(const Image *image, const ResizeWish *wish, ResizeResult *ret, Error **reterr);
