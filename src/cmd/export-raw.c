/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "export.h"
#include "raw-image.h"

#define TEMPORARY "/var/tmp"

static int copy_disk(const ExportJob *job, Error **reterr) {
        const Image *disk = job->still->image;
        const PackWish wish = { .fd = job->fd, .name = job->path, .compression = job->compression, .watch = job->watch };
        struct stat st;

        if (job->size > 0 || job->filesystem) {
                error_set(reterr, EINVAL, "%s is a disk image, which is copied as it is", disk->path);
                return error_hint(reterr, -EINVAL, "`nbox image resize` changes its size; --format=tar takes out what is in it.");
        }
        if (fstat(disk->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", disk->path);
        if (!S_ISREG(st.st_mode)) {
                error_set(reterr, EOPNOTSUPP, "%s is a block device, which nbox does not copy", disk->path);
                return error_hint(reterr, -EOPNOTSUPP, "`dd if=%s of=FILE.raw bs=1M conv=sparse` does.", disk->path);
        }
        return job->is_stream || job->compression != COMPRESS_NONE ? compress_file(disk->fd, &wish, reterr) :
               copy_file_into(disk->fd, job->fd, job->path, job->watch, reterr);
}

static int write_disk(const ExportJob *job, int file, Error **reterr) {
        const StillImage *still = job->still;
        RawWish wish = { .filesystem = job->filesystem, .size = job->size, .bytes = still->bytes, .files = still->files,
                         .base = still->base, .label = job->image->name, .watch = job->watch };

        return raw_image_write(still->tree, file, job->path, &wish, reterr);
}

/* Without a name, so that it goes with us: beside what it is for, where there is room for that; or where large temporary files are. */
static int temporary_file(const ExportJob *job, Error **reterr) {
        _cleanup_free_ char *path = job->is_stream ? NULL : strdup(job->path);
        int fd = path ? open(dirname(path), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;

        if (fd < 0)
                fd = open(TEMPORARY, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        return fd < 0 ? error_errno(reterr, errno, "Cannot make a temporary file in %s", TEMPORARY) : fd;
}

/* What fills a disk image writes to all places of it: where that cannot be, it is made elsewhere, and goes out as a whole. */
static int write_by_file(const ExportJob *job, Error **reterr) {
        CopyWatch watch = *job->watch;
        const PackWish wish = { .fd = job->fd, .name = job->path, .compression = job->compression, .watch = &watch };
        _cleanup_close_ int file = temporary_file(job, reterr);
        int r = file < 0 ? file : write_disk(job, file, reterr);

        watch.show = NULL; /* its bytes were counted */
        return r < 0 ? r : compress_file(file, &wish, reterr);
}

int export_raw(const ExportJob *job, Error **reterr) {
        if (job->still->tree < 0)
                return copy_disk(job, reterr);
        return job->is_stream || job->compression != COMPRESS_NONE ? write_by_file(job, reterr) : write_disk(job, job->fd, reterr);
}
