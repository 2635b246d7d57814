/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-data.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CHUNK (UINT64_C(16) * 1024 * 1024) /* between two questions whether to go on */
#define BUFFER_SIZE (256 * 1024)

void data_copier_done(DataCopier *c) {
        free(c->buffer);
        c->buffer = NULL;
}

/* 1: done. 0: not this way. */
static int clone_file(DataCopier *c, int from, int to, uint64_t size) {
        int r;

        if (c->no_clone)
                return 0;
        if (ioctl(to, FICLONE, from) >= 0) {
                r = c->on_chunk ? c->on_chunk(size, c->userdata) : 0;
                return r < 0 ? r : 1;
        }
        if (errno == EINVAL) /* this file's attributes are not those of the other one: others may be cloned all the same */
                return 0;
        if (errno != EOPNOTSUPP && errno != EXDEV && errno != ENOTTY && errno != ENOSYS && errno != EPERM)
                return -errno;
        c->no_clone = true;
        return c->on_no_clone ? c->on_no_clone(c->userdata) : 0;
}

static ssize_t copy_by_hand(DataCopier *c, int from, int to, off_t at, size_t size) {
        ssize_t n;

        if (!c->buffer)
                c->buffer = malloc(BUFFER_SIZE);
        if (!c->buffer)
                return -ENOMEM;
        n = pread(from, c->buffer, size < BUFFER_SIZE ? size : BUFFER_SIZE, at);
        if (n < 0)
                return -errno;
        for (ssize_t done = 0; done < n;) {
                ssize_t k = pwrite(to, c->buffer + done, (size_t) (n - done), at + done);

                if (k < 0)
                        return -errno;
                done += k;
        }
        return n;
}

static ssize_t copy_some(DataCopier *c, int from, int to, off_t at, size_t size) {
        off_t in = at, out = at;
        ssize_t n;

        if (!c->no_range) {
                n = copy_file_range(from, &in, to, &out, size, 0);
                if (n >= 0)
                        return n;
                if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS && errno != EPERM)
                        return -errno;
                c->no_range = true;
        }
        return copy_by_hand(c, from, to, at, size);
}

static int copy_range(DataCopier *c, int from, int to, uint64_t at, uint64_t end) {
        while (at < end) {
                ssize_t n = copy_some(c, from, to, (off_t) at, end - at < CHUNK ? end - at : CHUNK);
                int r;

                if (n == -EINTR)
                        continue;
                if (n < 0)
                        return (int) n;
                if (n == 0) /* it was cut off meanwhile */
                        return 0;
                at += (uint64_t) n;
                r = c->on_chunk ? c->on_chunk((uint64_t) n, c->userdata) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int copy_extents(DataCopier *c, int from, int to, uint64_t size) {
        for (uint64_t at = 0; at < size;) {
                off_t data = lseek(from, (off_t) at, SEEK_DATA), hole;
                int r;

                if (data < 0 && errno == ENXIO) /* nothing but a hole is left */
                        return 0;
                if (data < 0)
                        return errno == EINVAL || errno == EOPNOTSUPP ? copy_range(c, from, to, at, size) : -errno;
                hole = lseek(from, data, SEEK_HOLE);
                if (hole < 0 && errno != ENXIO)
                        return -errno;
                if (hole <= data || (uint64_t) hole > size)
                        hole = (off_t) size;
                r = (uint64_t) data < size ? copy_range(c, from, to, (uint64_t) data, (uint64_t) hole) : 0;
                if (r < 0)
                        return r;
                at = (uint64_t) hole;
        }
        return 0;
}

int copy_data(DataCopier *c, int from, int to, uint64_t size, bool is_sparse) {
        int r;

        if (size == 0)
                return 0;
        r = clone_file(c, from, to, size);
        if (r != 0)
                return r < 0 ? r : 0;
        /* The size first, for then what ends in a hole is as long as it was. */
        if (is_sparse && ftruncate(to, (off_t) size) < 0)
                return -errno;
        return is_sparse ? copy_extents(c, from, to, size) : copy_range(c, from, to, 0, size);
}
