/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>
#include <unistd.h>

#include "disk-probe-bytes.h"
#include "disk-repair.h"
#include "disk.h"
#include "format.h"
#include "partition-table.h"
#include "text.h"

/* A disk image: its first and its last bytes, in a file of a MiB. The first byte of the input says where the rest begins that is not at
 * the disk's begin (GPT's second table is at its end). */

#define DISK_SIZE (1U << 20)

static int make_disk(FuzzInput *in) {
        size_t behind = 64 * (size_t) fuzz_byte(in), n = in->size > behind ? in->size - behind : 0;
        int fd = fuzz_file(in->data, n);

        fuzz_check(ftruncate(fd, DISK_SIZE) == 0);
        fuzz_check(pwrite(fd, in->data + n, in->size - n, (off_t) (DISK_SIZE - (in->size - n))) == (ssize_t) (in->size - n));
        return fd;
}

static void check_partition(const Disk *d, const DiskPartition *p) {
        _cleanup_(error_freep) Error *error = NULL;
        DiskState state;
        int r;

        fuzz_check(p->offset <= d->size && p->size <= d->size - p->offset);
        fuzz_check(string_is_clean(p->label) && string_is_clean(p->uuid) && string_is_clean(p->fs) && string_is_clean(p->fs_label) &&
                   string_is_clean(p->type) && string_is_clean(p->fs_uuid));
        fuzz_check(*disk_role_name(p->role) && p->mounted == (p->destination != NULL));
        r = disk_state_read(d, p, &state, &error);
        fuzz_check_error(r, error);
}

static void check_disk(Disk *d, const ProbedDisk *probed, const ProbedPartition *partitions) {
        _cleanup_(error_freep) Error *error = NULL, *second = NULL;
        int r = disk_take_probed(d, probed, partitions, &error);

        fuzz_check_error(r, error);
        for (size_t i = 0; r >= 0 && i < d->n_partitions; i++)
                check_partition(d, &d->partitions[i]);
        if (r < 0)
                return;
        r = disk_check(d, &second);
        fuzz_check_error(r, second);
}

/* Last, for it writes. */
static void check_growing(int fd, const ProbedPartition *last, uint32_t sector_size) {
        const PartitionPlace place = { .number = last->number, .sector_size = sector_size };
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        fuzz_check(ftruncate(fd, 2 * DISK_SIZE) == 0);
        r = partition_grow(fd, "d.raw", &place, &error);
        fuzz_check_error(r, error);
}

void fuzz_disk(const uint8_t *data, size_t size) {
        static Blkid *blkid; /* as the process that probes has it: opened once */
        FuzzInput in = { data, size };
        _cleanup_free_ ProbedPartition *partitions = calloc(DISK_PARTITIONS_MAX, sizeof(*partitions));
        _cleanup_(disk_freep) Disk *d = calloc(1, sizeof(*d));
        _cleanup_(error_freep) Error *error = NULL;
        ProbedDisk probed = {};
        int r;

        fuzz_check(partitions && d && (blkid || blkid_load(&blkid) >= 0));
        d->file = make_disk(&in);
        d->path = strdup("d.raw");
        d->size = DISK_SIZE;
        r = format_refuse(d->file, d->path, &error);
        fuzz_check_error(r, error);
        r = disk_probe_bytes(blkid, d->file, &probed, partitions);
        fuzz_check(probed.n_partitions <= DISK_PARTITIONS_MAX);
        if (r < 0)
                return;
        check_disk(d, &probed, partitions);
        if (probed.table == DISK_TABLE_GPT && probed.n_partitions > 0)
                check_growing(d->file, &partitions[probed.n_partitions - 1], probed.sector_size);
}
