/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "fd.h"
#include "unpack-job.h"

#define SIZE_MAX_APPARENT (UINT64_C(16) << 40)
#define READ_SIZE (UINT64_C(256) << 10)
#define BLOCK 4096U /* what is a hole on most file systems */

typedef struct Output {
        int fd;
        uint64_t at;  /* where the file's position is */
        uint64_t end; /* of what the file is to be */
} Output;

static int write_at(Output *o, const uint8_t *data, size_t size, uint64_t offset) {
        if (o->at != offset && lseek(o->fd, (off_t) offset, SEEK_SET) < 0)
                return -errno;
        o->at = offset + size;
        return fd_write_all(o->fd, data, size);
}

static bool is_zero(const uint8_t *data, size_t size) {
        return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

/* The next run that is to be written, from *start on, in blocks of the file. */
static size_t next_run(const uint8_t *data, size_t size, uint64_t offset, size_t *start) {
        size_t n, run = 0;

        for (size_t at = *start; at < size; at += n) {
                n = BLOCK - (size_t) ((offset + at) % BLOCK);
                if (n > size - at)
                        n = size - at;
                if (!is_zero(data + at, n))
                        run += n;
                else if (run > 0)
                        break;
                else
                        *start = at + n;
        }
        return run;
}

static int write_runs(UnpackJob *j, Output *o, const uint8_t *data, size_t size, uint64_t offset, Error **reterr) {
        size_t start = 0, n;
        int r;

        for (; (n = next_run(data, size, offset, &start)) > 0; start += n) {
                r = unpack_room_take(&j->room, n, reterr);
                if (r < 0)
                        return r;
                r = write_at(o, data + start, n, offset + start);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot write what is in the archive");
                j->done.bytes += n;
        }
        return 0;
}

static int write_all(UnpackJob *j, Output *o, const uint8_t *data, size_t size, uint64_t offset, Error **reterr) {
        int r = unpack_room_take(&j->room, size, reterr);

        if (r < 0)
                return r;
        r = write_at(o, data, size, offset);
        if (r < 0)
                return error_errno(reterr, r, "Cannot write what is in the archive");
        j->done.bytes += size;
        return 0;
}

static int end_file(const Output *o, const char *path, Error **reterr) {
        return o->at != o->end && ftruncate(o->fd, (off_t) o->end) < 0 ? unpack_failed(path, -errno, reterr) : 0;
}

static int too_large(const char *path, Error **reterr) {
        return unpack_refuse(reterr, "'%s' in the archive is of more than %" PRIu64 " TiB", path, SIZE_MAX_APPARENT >> 40);
}

int unpack_contents(UnpackJob *j, const Contents *c, Error **reterr) {
        Output o = { .fd = c->to };
        const char *path = c->path;
        const void *data;
        uint64_t offset;
        size_t size;
        int r;

        while ((r = archive_data(j->archive, &data, &size, &offset, reterr)) > 0) {
                if (offset > SIZE_MAX_APPARENT || offset + size > SIZE_MAX_APPARENT)
                        return too_large(path, reterr);
                if (offset < o.end)
                        return unpack_refuse(reterr, "The contents of '%s' in the archive are not in order", path);
                o.end = offset + size;
                if (size > 0)
                        r = (c->find_holes ? write_runs : write_all)(j, &o, data, size, offset, reterr);
                if (r >= 0 && j->done.bytes - j->bytes_watched >= 1 << 20)
                        r = unpack_watch(j, reterr);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        if (c->size > SIZE_MAX_APPARENT)
                return too_large(path, reterr);
        if (c->size > o.end) /* a hole at its end */
                o.end = c->size;
        return end_file(&o, path, reterr);
}

int unpack_file(Archive *a, int to, const char *name, const UnpackWish *wish, UnpackResult *ret, Error **reterr) {
        UnpackJob j = { .archive = a, .wish = wish, .room = { .fd = to, .most = wish->size_max } };
        int r;

        archive_watch(a, wish->watch);
        r = unpack_contents(&j, &(Contents){ .to = to, .path = name, .find_holes = true }, reterr);
        if (r < 0)
                return r;
        j.done.files = 1;
        *ret = j.done;
        return 0;
}

/* ---- what needs no archive ---- */

static int read_piece(UnpackJob *j, int from, Output *o, uint8_t *buffer, uint64_t at, uint64_t end, Error **reterr) {
        ssize_t n = pread(from, buffer, end - at < READ_SIZE ? end - at : READ_SIZE, (off_t) at);
        int r;

        if (n <= 0)
                return n < 0 ? error_errno(reterr, errno, "Cannot read it") : 0;
        r = write_runs(j, o, buffer, (size_t) n, at, reterr);
        j->read = at + (uint64_t) n;
        if (r >= 0)
                r = unpack_watch(j, reterr);
        return r < 0 ? r : (int) n;
}

/* What is a hole there is not even read. */
static int copy_plain(UnpackJob *j, int from, Output *o, Error **reterr) {
        _cleanup_free_ uint8_t *buffer = malloc(READ_SIZE);
        uint64_t at = 0;

        if (!buffer)
                return error_oom(reterr);
        while (at < o->end) {
                off_t data = lseek(from, (off_t) at, SEEK_DATA);
                int r;

                if (data < 0 && errno == ENXIO) /* nothing but a hole is left */
                        return 0;
                if (data > (off_t) at)
                        at = (uint64_t) data;
                r = at < o->end ? read_piece(j, from, o, buffer, at, o->end, reterr) : 0;
                if (r <= 0)
                        return r;
                at += (uint64_t) r;
        }
        return 0;
}

int unpack_plain_file(int from, int to, const char *name, const UnpackWish *wish, UnpackResult *ret, Error **reterr) {
        UnpackJob j = { .wish = wish, .room = { .fd = to, .most = wish->size_max } };
        Output o = { .fd = to };
        struct stat st;
        int r;

        if (fstat(from, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", name);
        o.end = (uint64_t) st.st_size;
        if ((wish->size_max > 0 && o.end > wish->size_max) || ioctl(to, FICLONE, from) < 0) {
                r = copy_plain(&j, from, &o, reterr);
                if (r >= 0)
                        r = end_file(&o, name, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "%s", name);
        }
        j.done.files = 1;
        *ret = j.done;
        return 0;
}
