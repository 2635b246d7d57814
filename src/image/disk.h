/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "find.h"

/* Disk images, IMAGE_DISK: a file or a block device with a file system in it, or a partition table (MBR, or GPT with the types of the
 * Discoverable Partitions Specification). All bytes of it are whoever's made it; what is told of them here is checked: offsets and sizes
 * lie within the disk, text holds no control characters. */

typedef enum DiskTable {
        DISK_TABLE_NONE, /* a bare file system */
        DISK_TABLE_MBR,
        DISK_TABLE_GPT,
} DiskTable;

typedef enum DiskRole {
        DISK_ROOT,
        DISK_USR,
        DISK_HOME,
        DISK_SRV,
        DISK_VAR,
        DISK_TMP,      /* /var/tmp */
        DISK_ESP,
        DISK_XBOOTLDR,
        DISK_SWAP,
        DISK_ROOT_VERITY,
        DISK_ROOT_VERITY_SIG,
        DISK_USR_VERITY,
        DISK_USR_VERITY_SIG,
        DISK_GENERIC,  /* Linux, of no use that is said; the only one in a table without a root is DISK_ROOT */
        DISK_FOREIGN,  /* root or usr of another architecture */
        DISK_OTHER,
} DiskRole;

#define DISK_PARTITIONS_MAX 128
#define DISK_TEXT_MAX 128

typedef struct DiskPartition {
        unsigned number;            /* in the table, from 1 on; 0: the whole disk */
        DiskRole role;
        uint64_t offset, size;      /* bytes */
        bool read_only;             /* the table says so, or its file system cannot be written to */
        bool no_auto;               /* the table says that it is not to be mounted */
        bool grow;                  /* the table says that the file system is to be as large as its partition */
        bool mounted;               /* it is part of the tree */
        const char *destination;    /* of the tree, or NULL; that of ESP and XBOOTLDR depends on what directories there are */
        const char *why_not;        /* it is not mounted, for people, or NULL */
        char type[DISK_TEXT_MAX];   /* GPT: UUID; MBR: "0x83" */
        char uuid[DISK_TEXT_MAX];   /* of the partition; "": none */
        char label[DISK_TEXT_MAX];  /* likewise */
        char fs[DISK_TEXT_MAX];     /* as libblkid names it: "ext4", "swap", "crypto_LUKS"; "": none known, "ambiguous": several */
        char fs_uuid[DISK_TEXT_MAX];
        char fs_label[DISK_TEXT_MAX];
} DiskPartition;

typedef struct Disk {
        char *path;              /* for people */
        int file;                /* O_RDONLY */
        DiskTable table;
        char table_uuid[DISK_TEXT_MAX];
        uint64_t size;           /* bytes */
        uint32_t sector_size;    /* that the table counts in, bytes */
        bool read_only;          /* the file or device is */
        DiskPartition *partitions; /* in the table's order; a bare file system is one */
        size_t n_partitions;
} Disk;

void disk_free(Disk *d);
DEFINE_CLEANUP(Disk *, disk_free);

/* Look what is in it: nothing is changed, mounted or set up, and whoever may read the file may do so. -EMEDIUMTYPE: no disk image that we
 * know (format.h says which it is, where it can be told). */
int disk_look(const Image *image, Disk **ret, Error **reterr);

/* The partition of that role that is used, or NULL. */
const DiskPartition *disk_find(const Disk *d, DiskRole role);

/* Whether a tree can be mounted of it: 0, or an Error that lists what there is. */
int disk_check(const Disk *d, Error **reterr);

const char *disk_role_name(DiskRole role);   /* "root", "root-verity"; as systemd-dissect has them */
const char *disk_table_name(DiskTable table); /* "none", "mbr", "gpt" */

typedef struct DiskWish {
        bool read_only; /* nothing of the image may change: no check, no replay of a journal, no discard */
        bool look;      /* likewise, and it is opened for real later: what is not seen is not said */
} DiskWish;

/* A file system of the image, mounted but not attached anywhere. */
typedef struct DiskMount {
        const char *destination; /* "/", "/home", …; a parent before what is in it */
        int mount;               /* detached, nodev; freed by the kernel with its loop device when this and all copies of it are gone */
        bool read_only;          /* it cannot be written to, whatever was wished */
} DiskMount;

typedef struct DiskMounts {
        DiskMount *mounts; /* "/" is the first, if there is a root (there may be a /usr alone) */
        size_t n_mounts;
} DiskMounts;

void disk_mounts_free(DiskMounts *m);
DEFINE_CLEANUP(DiskMounts *, disk_mounts_free);

/* Check what is dirty, set up loop devices and mount all partitions that belong to the tree. As root, with the image locked (lock.h).
 * A detached mount is attached (mount_attach()) before it can be cloned (Linux < 6.15). */
int disk_open(const Image *image, const DiskWish *wish, DiskMounts **ret, Error **reterr);

/* The root alone, read-only, to look at. -EBUSY without waiting where somebody writes to the image. A detached mount's fd, the caller's. */
int disk_open_root(const Image *image, Error **reterr);
