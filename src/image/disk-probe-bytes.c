/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk-probe-bytes.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "library.h"

#define SECTOR 512U /* what libblkid counts in, whatever the disk's own are */

struct Blkid {
        blkid_probe (*new_probe)(void);
        void (*free_probe)(blkid_probe pr);
        int (*set_device)(blkid_probe pr, int fd, blkid_loff_t offset, blkid_loff_t size);
        int (*set_sectorsize)(blkid_probe pr, unsigned size);
        int (*enable_superblocks)(blkid_probe pr, int enable);
        int (*superblocks_flags)(blkid_probe pr, int flags);
        int (*enable_partitions)(blkid_probe pr, int enable);
        int (*safeprobe)(blkid_probe pr);
        int (*lookup)(blkid_probe pr, const char *name, const char **data, size_t *size);
        blkid_partlist (*get_partitions)(blkid_probe pr);
        int (*count)(blkid_partlist list);
        blkid_partition (*partition)(blkid_partlist list, int n);
        int (*number)(blkid_partition p);
        blkid_loff_t (*start)(blkid_partition p);
        blkid_loff_t (*size)(blkid_partition p);
        int (*mbr_type)(blkid_partition p);
        const char *(*gpt_type)(blkid_partition p);
        const char *(*uuid)(blkid_partition p);
        const char *(*label)(blkid_partition p);
        unsigned long long (*flags)(blkid_partition p);
        int (*is_extended)(blkid_partition p);
};

static int load_library(Blkid *b) {
        const LibrarySymbol symbols[] = {
                { "new_probe", (void **) &b->new_probe },
                { "free_probe", (void **) &b->free_probe },
                { "probe_set_device", (void **) &b->set_device },
                { "probe_set_sectorsize", (void **) &b->set_sectorsize },
                { "probe_enable_superblocks", (void **) &b->enable_superblocks },
                { "probe_set_superblocks_flags", (void **) &b->superblocks_flags },
                { "probe_enable_partitions", (void **) &b->enable_partitions },
                { "do_safeprobe", (void **) &b->safeprobe },
                { "probe_lookup_value", (void **) &b->lookup },
                { "probe_get_partitions", (void **) &b->get_partitions },
                { "partlist_numof_partitions", (void **) &b->count },
                { "partlist_get_partition", (void **) &b->partition },
                { "partition_get_partno", (void **) &b->number },
                { "partition_get_start", (void **) &b->start },
                { "partition_get_size", (void **) &b->size },
                { "partition_get_type", (void **) &b->mbr_type },
                { "partition_get_type_string", (void **) &b->gpt_type },
                { "partition_get_uuid", (void **) &b->uuid },
                { "partition_get_name", (void **) &b->label },
                { "partition_get_flags", (void **) &b->flags },
                { "partition_is_extended", (void **) &b->is_extended },
        };

        return library_load(BLKID_LIBRARY, "blkid_", symbols, ELEMENTSOF(symbols));
}

int blkid_load(Blkid **ret) {
        _cleanup_free_ Blkid *b = calloc(1, sizeof(*b));
        int r = b ? load_library(b) : -ENOMEM;

        if (r >= 0)
                *ret = TAKE_PTR(b);
        return r;
}

static void copy_text(char to[DISK_TEXT_MAX], const char *from) {
        snprintf(to, DISK_TEXT_MAX, "%s", from ?: "");
}

static void copy_value(const Blkid *b, blkid_probe pr, const char *name, char to[DISK_TEXT_MAX]) {
        const char *value = NULL;

        copy_text(to, b->lookup(pr, name, &value, NULL) == 0 ? value : NULL);
}

/* 1: something was found; 0: nothing; -ENOTUNIQ: several things. */
static int probe_outcome(int r) {
        return r == 0 ? 1 : r == 1 ? 0 : r == -2 ? -ENOTUNIQ : -EIO;
}

static void file_system_by(const Blkid *b, blkid_probe pr, ProbedPartition *p) {
        int r;

        (void) b->enable_superblocks(pr, 1);
        (void) b->superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID);
        r = probe_outcome(b->safeprobe(pr));
        if (r == -ENOTUNIQ)
                copy_text(p->fs, PROBE_AMBIGUOUS);
        else if (r > 0) {
                copy_value(b, pr, "TYPE", p->fs);
                copy_value(b, pr, "UUID", p->fs_uuid);
                copy_value(b, pr, "LABEL", p->fs_label);
        }
}

/* The file system in a range of the disk, into p. */
static int probe_file_system(const Blkid *b, int file, ProbedPartition *p) {
        blkid_probe pr;

        if (p->offset > INT64_MAX || p->size > INT64_MAX || p->size == 0)
                return 0;
        pr = b->new_probe();
        if (!pr)
                return -ENOMEM;
        if (b->set_device(pr, file, (blkid_loff_t) p->offset, (blkid_loff_t) p->size) == 0)
                file_system_by(b, pr, p); /* else it lies beyond the end: whoever gets it will see */
        b->free_probe(pr);
        return 0;
}

static int copy_partition(const Blkid *b, blkid_partition from, ProbedPartition *p) {
        blkid_loff_t start = b->start(from), size = b->size(from);
        int number = b->number(from);

        if (start < 0 || size < 0 || number <= 0 || (uint64_t) start > UINT64_MAX / SECTOR || (uint64_t) size > UINT64_MAX / SECTOR)
                return -EBADMSG;
        p->number = (uint32_t) number;
        p->offset = (uint64_t) start * SECTOR;
        p->size = (uint64_t) size * SECTOR;
        p->flags = b->flags(from);
        p->mbr_type = (uint8_t) b->mbr_type(from);
        copy_text(p->type, b->gpt_type(from));
        copy_text(p->uuid, b->uuid(from));
        copy_text(p->label, b->label(from));
        return 0;
}

static int probe_partitions(const Blkid *b, int file, blkid_probe pr, ProbedDisk *disk, ProbedPartition *partitions) {
        blkid_partlist list = b->get_partitions(pr);
        int n = list ? b->count(list) : -1;

        if (n < 0)
                return -EIO;
        for (int i = 0; i < n; i++) {
                blkid_partition from = b->partition(list, i);
                int r;

                if (!from || b->is_extended(from))
                        continue;
                if (disk->n_partitions == DISK_PARTITIONS_MAX)
                        return -E2BIG;
                r = copy_partition(b, from, &partitions[disk->n_partitions]);
                if (r >= 0)
                        r = probe_file_system(b, file, &partitions[disk->n_partitions]);
                if (r < 0)
                        return r;
                disk->n_partitions++;
        }
        return 0;
}

/* A file has no sectors; the table that was made for a disk of larger ones stands one of those in. */
static uint32_t guess_sector_size(int file) {
        static const uint32_t sizes[] = { 512, 1024, 2048, 4096 };
        char mark[8];

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
                if (pread(file, mark, sizeof(mark), sizes[i]) == (ssize_t) sizeof(mark) && memcmp(mark, "EFI PART", sizeof(mark)) == 0)
                        return sizes[i];
        return SECTOR;
}

static int probe_whole(const Blkid *b, int file, blkid_probe pr, ProbedDisk *disk, ProbedPartition *partitions) {
        char table[DISK_TEXT_MAX], usage[DISK_TEXT_MAX];
        int r;

        disk->sector_size = guess_sector_size(file);
        if (b->set_device(pr, file, 0, 0) != 0 || b->set_sectorsize(pr, disk->sector_size) != 0)
                return -EIO;
        (void) b->enable_superblocks(pr, 1);
        (void) b->superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID | BLKID_SUBLKS_USAGE);
        (void) b->enable_partitions(pr, 1);
        r = probe_outcome(b->safeprobe(pr));
        if (r <= 0)
                return r;
        copy_value(b, pr, "USAGE", usage);
        copy_value(b, pr, "PTTYPE", table);
        copy_value(b, pr, "PTUUID", disk->table_uuid);
        if (strcmp(usage, "filesystem") == 0 || table[0] == 0) {
                copy_value(b, pr, "TYPE", partitions[0].fs);
                copy_value(b, pr, "UUID", partitions[0].fs_uuid);
                copy_value(b, pr, "LABEL", partitions[0].fs_label);
                disk->n_partitions = 1;
                return 0;
        }
        disk->table = strcmp(table, "gpt") == 0 ? DISK_TABLE_GPT : DISK_TABLE_MBR;
        if (disk->table == DISK_TABLE_MBR && strcmp(table, "dos") != 0)
                return -EPROTONOSUPPORT;
        return probe_partitions(b, file, pr, disk, partitions);
}

int disk_probe_bytes(const Blkid *b, int file, ProbedDisk *disk, ProbedPartition *partitions) {
        blkid_probe pr = b->new_probe();
        int r;

        if (!pr)
                return -ENOMEM;
        r = probe_whole(b, file, pr, disk, partitions);
        if (r < 0)
                disk->n_partitions = 0;
        b->free_probe(pr);
        return r;
}
