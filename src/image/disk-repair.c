/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk-repair.h"

/* The fields of superblocks that are read here are documented: Documentation/filesystems/ext4/globals.rst of the kernel for ext4, and
 * btrfs-dev(5), "On-disk Format", for btrfs.
 *
 * e2fsck reads a stranger's bytes as well, so it runs with nothing but them (device-tool.h). */

#include <string.h>

#include "device-tool.h"
#include "disk-types.h"
#include "log.h"

#define EXT_SUPERBLOCK 1024
#define EXT_MAGIC 0xEF53
#define EXT_VALID 1U           /* s_state: it was unmounted */
#define EXT_ERRORS 2U
#define EXT_HAS_JOURNAL 4U     /* s_feature_compat */
#define EXT_RECOVER 4U         /* s_feature_incompat: there is something in the journal */
#define EXT_JOURNAL_DEVICE 8U  /* it is a journal of another file system */

#define BTRFS_SUPERBLOCK 65536
#define BTRFS_MAGIC "_BHRfS_M"

#define E2FSCK_MENDED 3 /* bits of its exit status: errors were corrected, and for a mounted root: reboot */

static uint16_t get16(const uint8_t *p) {
        return (uint16_t) (p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p) {
        return get16(p) | (uint32_t) get16(p + 2) << 16;
}

static int foreign_device(const Disk *d, const DiskPartition *p, const char *what, Error **reterr) {
        error_set(reterr, EMEDIUMTYPE, "The %s file system in %s %s", p->fs, d->path, what);
        return error_hint(reterr, -EMEDIUMTYPE,
                          "Mounting it would have the kernel look for that among the host's own disks, so it is refused.");
}

static int look_at_ext(const Disk *d, const DiskPartition *p, DiskState *ret, Error **reterr) {
        uint8_t block[1024];
        uint32_t compat, incompat;
        uint16_t state;

        if (pread(d->file, block, sizeof(block), (off_t) (p->offset + EXT_SUPERBLOCK)) != (ssize_t) sizeof(block) ||
            get16(block + 0x38) != EXT_MAGIC)
                return error_set(reterr, EUCLEAN, "The %s file system in %s is cut short", p->fs, d->path);
        state = get16(block + 0x3a);
        compat = get32(block + 0x5c);
        incompat = get32(block + 0x60);
        if ((incompat & EXT_JOURNAL_DEVICE) || ((compat & EXT_HAS_JOURNAL) && get32(block + 0xe0) == 0))
                return foreign_device(d, p, "has its journal on another device", reterr);
        ret->dirty = !(state & EXT_VALID) || (state & EXT_ERRORS) || (incompat & EXT_RECOVER);
        return 0;
}

/* One of several devices would be put together with what the kernel knows of the others. */
static int look_at_btrfs(const Disk *d, const DiskPartition *p, Error **reterr) {
        uint8_t block[4096];

        if (pread(d->file, block, sizeof(block), (off_t) (p->offset + BTRFS_SUPERBLOCK)) != (ssize_t) sizeof(block) ||
            memcmp(block + 0x40, BTRFS_MAGIC, 8) != 0)
                return error_set(reterr, EUCLEAN, "The %s file system in %s is cut short", p->fs, d->path);
        if (get32(block + 0x88) != 1 || get32(block + 0x8c) != 0)
                return foreign_device(d, p, "is one of several devices", reterr);
        return 0;
}

static bool is_ext(const DiskPartition *p) {
        const DiskFileSystem *fs = disk_file_system(p->fs);

        return fs && strcmp(fs->kernel, "ext4") == 0;
}

int disk_state_read(const Disk *d, const DiskPartition *p, DiskState *ret, Error **reterr) {
        *ret = (DiskState){};
        if (is_ext(p))
                return look_at_ext(d, p, ret, reterr);
        if (strcmp(p->fs, "btrfs") == 0)
                return look_at_btrfs(d, p, reterr);
        return 0;
}

/* Its exit status, or -errno. */
static int check(int device) {
        return device_tool_run(device, (const char *const[]){ "e2fsck", "-p", DEVICE_TOOL_NODE, NULL }, DEVICE_TOOL_NOBODY);
}

static int damaged(const Disk *d, const DiskPartition *p, Error **reterr) {
        error_set(reterr, EUCLEAN, "The %s file system in %s%s is damaged, and `e2fsck -p` does not mend it by itself", p->fs, d->path,
                  p->number > 0 ? " (a partition)" : "");
        if (p->number == 0)
                return error_hint(reterr, -EUCLEAN, "Keep a copy, then run `e2fsck -f %s`.", d->path);
        return error_hint(reterr, -EUCLEAN,
                          "Keep a copy, then run e2fsck -f on what `losetup --find --show --offset=%llu --sizelimit=%llu %s` gives.",
                          (unsigned long long) p->offset, (unsigned long long) p->size, d->path);
}

int disk_repair(const Disk *d, const DiskPartition *p, int device, Error **reterr) {
        int r;

        if (!is_ext(p))
                return 0;
        log_info("The file system in %s was not unmounted, or has errors; checking it", d->path);
        r = check(device);
        if (r == DEVICE_TOOL_MISSING) {
                error_set(reterr, EOPNOTSUPP,
                          "The file system in %s was not unmounted, or has errors, and there is no e2fsck here to check it", d->path);
                return error_hint(reterr, -EOPNOTSUPP, "Install it (package e2fsprogs).");
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot check the file system in %s", d->path);
        if (r & ~E2FSCK_MENDED)
                return damaged(d, p, reterr);
        if (r > 0)
                log_info("Errors of the file system in %s have been corrected", d->path);
        return 0;
}
