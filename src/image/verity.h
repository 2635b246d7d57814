/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* dm-verity: a block device that gives nothing but what a root hash vouches for, by a tree of hashes on a second device. Read-only. Through
 * libcryptsetup, which is opened when it is needed. */

#define VERITY_HASH_MAX 64

typedef struct VerityHash {
        uint8_t bytes[VERITY_HASH_MAX];
        size_t size;
} VerityHash;

/* Hexadecimal digits, of 16 to VERITY_HASH_MAX bytes. 0 or -EINVAL. */
int verity_hash_parse(const char *text, VerityHash *ret);

/* What verifies the file system that is meant by `name` ("root", "usr"), from the file beside the image NAME.raw that is called
 * NAME.NAMEhash (systemd.image(7) has no more to it than systemd-nspawn(1), --root-hash=). 1, 0: there is none, or -errno. */
int verity_hash_beside(const char *image, const char *name, VerityHash *ret, Error **reterr);

typedef struct VerityParts {
        int data, hashes;       /* block devices, read-only */
        const VerityHash *root; /* the hash of hashes */
        const char *path;       /* of the image, for messages */
} VerityParts;

/* The device: an fd, the kernel's to free with its last user (the fd, a mount), or -errno. -EOPNOTSUPP: no device mapper, or no library. */
int verity_open(const VerityParts *parts, Error **reterr);

/* Let go of devices whose makers were killed before they could say that they are to go by themselves. */
void verity_sweep(void);
