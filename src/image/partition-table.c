/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "partition-table.h"

/* libfdisk writes a GPT as UEFI wants it: the copy at the end, whole, and then the one at the begin. So a table can grow in place. It
 * cannot shrink so, since the table of a disk that was cut is not valid any more: it is made anew on the smaller disk, of what it was. */

#include <dlfcn.h>
#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "library.h"

#define LIBRARY "libfdisk.so.1"
#define ALIGNMENT (UINT64_C(1) << 20)
#define SECTOR 512U
#define GROW_FILE_SYSTEM "GUID:59" /* SD_GPT_FLAG_GROWFS, as libfdisk has it */
#define GPT_SECTORS_BEHIND 33 /* of 512 bytes; fewer, larger ones need no more bytes */

/* The functions of <libfdisk.h> that are used, by their own types. */
#define FUNCTIONS(X)                                                                                                                   \
        X(new_context) X(unref_context) X(save_user_sector_size) X(assign_device_by_fd) X(deassign_device) X(has_label) X(get_partition) \
        X(set_partition) X(unref_partition) X(new_partition) X(partition_get_start) X(partition_set_size) X(partition_size_explicit) \
        X(get_last_lba) X(get_sector_size) X(write_disklabel) X(new_script) X(unref_script) X(script_read_context) X(script_set_header) \
        X(apply_script) X(get_npartitions) X(enable_bootbits_protection) X(partition_get_end) X(create_disklabel) X(get_label) \
        X(label_parse_parttype) X(unref_parttype) X(partition_set_type) X(partition_set_start) X(partition_set_name) \
        X(partition_set_attrs) X(add_partition) X(partition_set_partno)

typedef struct Library {
#define X(name) typeof(&fdisk_##name) name;
        FUNCTIONS(X)
#undef X
} Library;

static int load_library(Library *ret, Error **reterr) {
        const LibrarySymbol symbols[] = {
#define X(name) { #name, (void **) &ret->name },
                FUNCTIONS(X)
#undef X
        };

        if (library_load(LIBRARY, "fdisk_", symbols, ELEMENTSOF(symbols)) >= 0)
                return 0;
        error_set(reterr, EOPNOTSUPP, "%s, which changes partition tables, cannot be loaded: %s", LIBRARY, dlerror());
        return error_hint(reterr, -EOPNOTSUPP, "Install it (package libfdisk1).");
}

/* A disk that libfdisk has open. */
typedef struct Disklabel {
        const Library *lib;
        struct fdisk_context *context;
        const char *path;
        bool assigned; /* it aborts where there is nothing to let go of */
} Disklabel;

static void disklabel_done(Disklabel *d) {
        if (!d->context)
                return;
        if (d->assigned)
                (void) d->lib->deassign_device(d->context, 1);
        d->lib->unref_context(d->context);
}

static int disklabel_open(Disklabel *d, int file, uint32_t sector_size, Error **reterr) {
        int r;

        d->context = d->lib->new_context();
        if (!d->context)
                return error_oom(reterr);
        if (sector_size > 0 && d->lib->save_user_sector_size(d->context, sector_size, sector_size) < 0)
                return error_oom(reterr);
        r = d->lib->assign_device_by_fd(d->context, file, d->path, 0);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the partition table of %s", d->path);
        d->assigned = true;
        /* Else a new label would wipe the boot loader's first sectors. */
        (void) d->lib->enable_bootbits_protection(d->context, 1);
        return 0;
}

static int check_number(const Disklabel *d, unsigned number, struct fdisk_partition **ret, Error **reterr) {
        struct fdisk_partition *p = NULL;

        if (!d->lib->has_label(d->context) || number == 0 || number > d->lib->get_npartitions(d->context) ||
            d->lib->get_partition(d->context, number - 1, &p) < 0)
                return error_set(reterr, EBADMSG, "libfdisk finds no partition %u in %s", number, d->path);
        *ret = p;
        return 0;
}

static int open_partition(Disklabel *d, Library *lib, int file, const PartitionPlace *place, struct fdisk_partition **ret, Error **reterr) {
        int r = load_library(lib, reterr);

        if (r >= 0)
                r = disklabel_open(d, file, place->sector_size, reterr);
        return r < 0 ? r : check_number(d, place->number, ret, reterr);
}

static int set_sectors(const Disklabel *d, unsigned number, uint64_t sectors, Error **reterr) {
        struct fdisk_partition *p = d->lib->new_partition();
        int r;

        if (!p)
                return error_oom(reterr);
        r = d->lib->partition_set_size(p, sectors);
        if (r >= 0)
                r = d->lib->partition_size_explicit(p, 1);
        if (r >= 0)
                r = d->lib->set_partition(d->context, number - 1, p);
        d->lib->unref_partition(p);
        return r < 0 ? error_errno(reterr, r, "Cannot change the size of partition %u of %s", number, d->path) : 0;
}

static int write_label(const Disklabel *d, Error **reterr) {
        int r = d->lib->write_disklabel(d->context);

        return r < 0 ? error_errno(reterr, r, "Cannot write the partition table of %s", d->path) : 0;
}

int partition_grow(int file, const char *path, const PartitionPlace *place, Error **reterr) {
        struct fdisk_partition *p = NULL;
        uint64_t start, end, last;
        Library lib;
        _cleanup_(disklabel_done) Disklabel d = { .lib = &lib, .path = path };
        int r = open_partition(&d, &lib, file, place, &p, reterr);

        if (r < 0)
                return r;
        start = lib.partition_get_start(p);
        end = lib.partition_get_end(p);
        lib.unref_partition(p);
        last = lib.get_last_lba(d.context);
        if (last > end)
                r = set_sectors(&d, place->number, last - start + 1, reterr);
        /* written in any case: a run that was killed may have left one of two copies behind */
        return r < 0 ? r : write_label(&d, reterr);
}

uint64_t partition_size_on(uint64_t disk, uint64_t offset, uint32_t sector_size) {
        uint64_t behind = GPT_SECTORS_BEHIND * 512 + (sector_size > 512 ? sector_size : 0), end = disk > behind ? disk - behind : 0;

        end -= end % ALIGNMENT;
        return end > offset ? end - offset : 0;
}

/* What is in the table, as a script for a new one: identifiers, names and attributes are the old ones. */
static int describe(const Disklabel *d, struct fdisk_script **ret, Error **reterr) {
        struct fdisk_script *s = d->lib->new_script(d->context);

        if (!s)
                return error_oom(reterr);
        /* Where the last usable sector is, is for the new disk to say. */
        if (d->lib->script_read_context(s, NULL) < 0 || d->lib->script_set_header(s, "last-lba", NULL) < 0) {
                d->lib->unref_script(s);
                return error_set(reterr, EIO, "Cannot copy the partition table of %s", d->path);
        }
        *ret = s;
        return 0;
}

static int apply(const Library *lib, int file, const char *path, uint32_t sector_size, struct fdisk_script *s, Error **reterr) {
        _cleanup_(disklabel_done) Disklabel d = { .lib = lib, .path = path };
        int r = disklabel_open(&d, file, sector_size, reterr);

        if (r < 0)
                return r;
        r = lib->apply_script(d.context, s);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make the partition table of %s anew", path);
        return write_label(&d, reterr);
}

int partition_cut(int file, const char *path, const PartitionPlace *place, uint64_t size, uint64_t disk, Error **reterr) {
        struct fdisk_partition *p = NULL;
        struct fdisk_script *script = NULL;
        Library lib;
        _cleanup_(disklabel_done) Disklabel d = { .lib = &lib, .path = path };
        int r = open_partition(&d, &lib, file, place, &p, reterr);

        if (r < 0)
                return r;
        lib.unref_partition(p);
        r = set_sectors(&d, place->number, size / lib.get_sector_size(d.context), reterr);
        if (r >= 0)
                r = describe(&d, &script, reterr);
        if (r < 0)
                return r;
        if (ftruncate(file, (off_t) disk) < 0)
                r = error_errno(reterr, errno, "Cannot cut %s", path);
        else
                r = apply(&lib, file, path, place->sector_size, script, reterr);
        lib.unref_script(script);
        return r;
}

/* Its fields, of which each setter is one that can fail. */
static int describe_new(const Disklabel *d, struct fdisk_partition *p, const PartitionNew *wish, uint64_t size) {
        const Library *lib = d->lib;
        struct fdisk_parttype *type = lib->label_parse_parttype(lib->get_label(d->context, NULL), wish->type);
        int r = type ? lib->partition_set_type(p, type) : -EINVAL;

        lib->unref_parttype(type);
        if (r >= 0)
                r = lib->partition_set_partno(p, 0);
        if (r >= 0)
                r = lib->partition_set_start(p, ALIGNMENT / SECTOR);
        if (r >= 0)
                r = lib->partition_set_size(p, size / SECTOR);
        if (r >= 0 && wish->name)
                r = lib->partition_set_name(p, wish->name);
        return r >= 0 && wish->grow ? lib->partition_set_attrs(p, GROW_FILE_SYSTEM) : r;
}

int partition_table_new(int file, const char *path, const PartitionNew *wish, uint64_t *ret_offset, uint64_t *ret_size, Error **reterr) {
        struct fdisk_partition *p = NULL;
        struct stat st;
        Library lib;
        _cleanup_(disklabel_done) Disklabel d = { .lib = &lib, .path = path };
        int r = load_library(&lib, reterr);

        if (r < 0)
                return r;
        if (fstat(file, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", path);
        *ret_offset = ALIGNMENT;
        *ret_size = partition_size_on((uint64_t) st.st_size, ALIGNMENT, SECTOR);
        r = disklabel_open(&d, file, SECTOR, reterr);
        if (r < 0)
                return r;
        p = lib.new_partition();
        if (!p)
                return error_oom(reterr);
        r = lib.create_disklabel(d.context, "gpt");
        if (r >= 0)
                r = describe_new(&d, p, wish, *ret_size);
        if (r >= 0)
                r = lib.add_partition(d.context, p, NULL);
        lib.unref_partition(p);
        return r < 0 ? error_errno(reterr, r, "Cannot make a partition table in %s", path) : write_label(&d, reterr);
}
