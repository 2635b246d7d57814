/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk-verity.h"

/* As systemd-nspawn(1) has it, --root-hash= and --verity-data=, and the Discoverable Partitions Specification: the UUID of a verified
 * partition is the first half of its root hash, that of its hashes' partition the second half. So of several roots, it is the hash that
 * chooses. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "log.h"
#include "loop.h"
#include "parse.h"

#define UUID_SIZE 16

static const struct {
        DiskRole data, hashes;
        const char *name;
} verified[] = {
        { DISK_ROOT, DISK_ROOT_VERITY, "root" },
        { DISK_USR, DISK_USR_VERITY, "usr" },
};

void disk_verity_done(DiskVerity *v) {
        free(v->file);
}

static bool has_uuid(const DiskPartition *p, const uint8_t *uuid) {
        uint8_t its[UUID_SIZE];

        return parse_id128(p->uuid, its) >= 0 && memcmp(its, uuid, UUID_SIZE) == 0;
}

static const DiskPartition *by_uuid(const Disk *d, DiskRole role, const uint8_t *uuid) {
        for (size_t i = 0; i < d->n_partitions; i++)
                if (d->partitions[i].role == role && !d->partitions[i].no_auto && has_uuid(d->partitions + i, uuid))
                        return d->partitions + i;
        return disk_find(d, role);
}

/* The path without ".raw", with that behind it instead. */
static char *beside(const char *image, const char *suffix) {
        size_t n = strlen(image);
        char *path;

        if (n > 4 && strcmp(image + n - 4, ".raw") == 0)
                n -= 4;
        return asprintf(&path, "%.*s%s", (int) n, image, suffix) < 0 ? NULL : path;
}

/* The hash, for one of `verified`: its number, or -1. */
static int find_hash(const Disk *d, const Image *image, VerityHash *ret, Error **reterr) {
        int first = disk_find(d, DISK_ROOT) ? 0 : 1, r;

        if (image->root_hash)
                return verity_hash_parse(image->root_hash, ret) < 0
                        ? error_set(reterr, EINVAL, "'%.80s' is not a root hash: 32 to 128 hexadecimal digits", image->root_hash) : first;
        for (int i = 0; i < (int) ELEMENTSOF(verified); i++) {
                if (!disk_find(d, verified[i].data))
                        continue;
                r = verity_hash_beside(d->path, verified[i].name, ret, reterr);
                if (r != 0)
                        return r < 0 ? r : i;
        }
        return ELEMENTSOF(verified);
}

static int no_hashes(const Disk *d, Error **reterr) {
        error_set(reterr, ENOENT, "There is a root hash for %s, but nothing to verify it with", d->path);
        return error_hint(reterr, -ENOENT,
                          "Its hashes are in a partition of their own, in a file NAME.verity beside it, or in that of --verity-data=.");
}

int disk_verity_find(const Disk *d, const Image *image, DiskVerity *ret, Error **reterr) {
        _cleanup_(disk_verity_done) DiskVerity v = {};
        int which = find_hash(d, image, &v.root, reterr);

        *ret = (DiskVerity){};
        if (which < 0)
                return which;
        if (which == ELEMENTSOF(verified)) {
                if (image->verity_data)
                        return error_set(reterr, EINVAL, "--verity-data= has hashes for %s, but there is no root hash (--root-hash=, or a "
                                         "file NAME.roothash)", d->path);
                if (disk_find(d, DISK_ROOT_VERITY) || disk_find(d, DISK_USR_VERITY))
                        log_warning("%s can be verified, but by no root hash that is known (--root-hash=, or a file NAME.roothash): it is "
                                    "not", d->path);
                return 0;
        }
        v.data = by_uuid(d, verified[which].data, v.root.bytes);
        v.file = image->verity_data ? strdup(image->verity_data) : beside(d->path, ".verity");
        if (!v.file)
                return error_oom(reterr);
        if (!image->verity_data && access(v.file, F_OK) < 0) {
                free(v.file);
                v.file = NULL;
                v.hashes = by_uuid(d, verified[which].hashes, v.root.bytes + v.root.size - UUID_SIZE);
        }
        if (!v.data || (!v.file && !v.hashes))
                return no_hashes(d, reterr);
        *ret = v;
        v.file = NULL;
        return 0;
}

static int open_hashes(const Disk *d, const DiskVerity *v, Error **reterr) {
        _cleanup_close_ int file = v->file ? open(v->file, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : fd_reopen(d->file, O_RDONLY);
        LoopRange range = { .read_only = true };
        int r;

        if (file < 0)
                return error_errno(reterr, v->file ? errno : file, "Cannot open the hashes of %s", d->path);
        if (v->hashes) {
                range.offset = v->hashes->offset;
                range.size = v->hashes->size;
        }
        r = loop_new(file, &range);
        return r < 0 ? error_errno(reterr, r, "Cannot make a loop device of the hashes of %s", d->path) : r;
}

int disk_verity_open(const Disk *d, const DiskVerity *v, int device, Error **reterr) {
        _cleanup_close_ int hashes = open_hashes(d, v, reterr);

        if (hashes < 0)
                return hashes;
        return verity_open(&(VerityParts){ .data = device, .hashes = hashes, .root = &v->root, .path = d->path }, reterr);
}
