/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pack-contents.h"

#include <inttypes.h>
#include <string.h>

#define EXTENTS_MAX (4U << 20)

void contents_done(Contents *c) {
        free(c->extents);
        c->extents = NULL;
}

/* ---- the map ---- */

static int add_extent(Contents *c, uint64_t offset, uint64_t size) {
        if (c->n_extents >= EXTENTS_MAX)
                return -E2BIG;
        if ((c->n_extents & (c->n_extents - 1)) == 0) {
                Extent *grown = reallocarray(c->extents, c->n_extents ? c->n_extents * 2 : 1, sizeof(Extent));

                if (!grown)
                        return -ENOMEM;
                c->extents = grown;
        }
        c->extents[c->n_extents++] = (Extent){ offset, size };
        return 0;
}

/* 1: the map is whole; 0: this file system knows of no holes. */
static int find_extents(Contents *c) {
        for (uint64_t at = 0; at < c->size;) {
                off_t data = lseek(c->fd, (off_t) at, SEEK_DATA), hole;
                int r;

                if (data < 0 && errno == ENXIO)
                        break;
                if (data < 0)
                        return errno == EINVAL || errno == EOPNOTSUPP ? 0 : -errno;
                hole = lseek(c->fd, data, SEEK_HOLE);
                if (hole < 0 && errno != ENXIO)
                        return -errno;
                if (hole <= data || (uint64_t) hole > c->size)
                        hole = (off_t) c->size;
                r = (uint64_t) data < c->size ? add_extent(c, (uint64_t) data, (uint64_t) (hole - data)) : 0;
                if (r < 0)
                        return r;
                at = (uint64_t) hole;
        }
        /* What ends in a hole says so by an empty piece; and an empty map by that alone. */
        if (c->n_extents == 0 || c->extents[c->n_extents - 1].offset + c->extents[c->n_extents - 1].size < c->size) {
                int r = add_extent(c, c->size, 0);

                if (r < 0)
                        return r;
        }
        return 1;
}

int contents_look(Contents *c, uint64_t on_disk) {
        int r;

        if (on_disk >= c->size)
                return 0;
        r = find_extents(c);
        if (r > 0 && (c->n_extents != 1 || c->extents[0].offset != 0 || c->extents[0].size != c->size))
                return 0;
        contents_done(c); /* there are none after all: it is compressed, or lies in its inode */
        c->n_extents = 0;
        return r < 0 ? r : 0;
}

/* ---- as a member ---- */

static uint64_t packed_size(const Contents *c) {
        uint64_t size = c->extents ? 0 : c->size;

        for (size_t i = 0; i < c->n_extents; i++)
                size += c->extents[i].size;
        return size;
}

static int add_number(TarBytes *b, uint64_t n) {
        char text[32];

        snprintf(text, sizeof(text), "%" PRIu64 "\n", n);
        return tar_bytes_add(b, text, strlen(text));
}

static int make_map(const Contents *c, TarBytes *b) {
        static const uint8_t zeros[TAR_BLOCK];
        int r = add_number(b, c->n_extents);

        for (size_t i = 0; i < c->n_extents && r >= 0; i++) {
                r = add_number(b, c->extents[i].offset);
                if (r >= 0)
                        r = add_number(b, c->extents[i].size);
        }
        return r < 0 ? r : tar_bytes_add(b, zeros, (TAR_BLOCK - b->n % TAR_BLOCK) % TAR_BLOCK);
}

/* What tools that do not know of holes make: the map and the pieces, under a name that says so. */
static int sparse_path(const char *path, char **ret) {
        const char *slash = strrchr(path, '/');
        int directory = slash ? (int) (slash - path) + 1 : 0;

        return asprintf(ret, "%.*sGNUSparseFile.0/%s", directory, path, slash ? slash + 1 : path) < 0 ? -ENOMEM : 0;
}

int contents_describe(const Contents *c, TarMember *m, TarBytes *records, char **ret_path) {
        _cleanup_(tar_bytes_done) TarBytes map = {};
        char size[24];
        int r;

        m->size = packed_size(c);
        if (!c->extents)
                return 0;
        r = make_map(c, &map);
        m->size += map.n;
        snprintf(size, sizeof(size), "%" PRIu64, c->size);
        if (r >= 0)
                r = tar_record(records, "GNU.sparse.major", "1", 1);
        if (r >= 0)
                r = tar_record(records, "GNU.sparse.minor", "0", 1);
        if (r >= 0)
                r = tar_record(records, "GNU.sparse.name", m->path, strlen(m->path));
        if (r >= 0)
                r = tar_record(records, "GNU.sparse.realsize", size, strlen(size));
        if (r >= 0)
                r = sparse_path(m->path, ret_path);
        if (r >= 0)
                m->path = *ret_path;
        return r;
}

/* ---- contents ---- */

static int write_extent(Contents *c, const Extent *e, PackOut *out, ContentsStep step, void *userdata, Error **reterr) {
        uint64_t left = e->size;
        int r = 0;

        while (left > 0 && r >= 0) {
                size_t room;
                void *to = pack_out_room(out, &room);
                ssize_t n = pread(c->fd, to, room < left ? room : (size_t) left, (off_t) (e->offset + e->size - left));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0) {
                        c->changed = true;
                        return pack_out_zeros(out, left, reterr);
                }
                left -= (uint64_t) n;
                r = pack_out_add(out, (size_t) n, reterr);
                if (r >= 0)
                        r = step((uint64_t) n, userdata);
        }
        return r;
}

int contents_write(Contents *c, PackOut *out, ContentsStep step, void *userdata, Error **reterr) {
        _cleanup_(tar_bytes_done) TarBytes map = {};
        int r = 0;

        if (!c->extents) {
                r = write_extent(c, &(Extent){ 0, c->size }, out, step, userdata, reterr);
        } else {
                r = make_map(c, &map);
                if (r >= 0)
                        r = pack_out_write(out, map.data, map.n, reterr);
                for (size_t i = 0; i < c->n_extents && r >= 0; i++)
                        r = write_extent(c, &c->extents[i], out, step, userdata, reterr);
        }
        if (r < 0)
                return r;
        return pack_out_zeros(out, (TAR_BLOCK - packed_size(c) % TAR_BLOCK) % TAR_BLOCK, reterr);
}

/* Where the next data begins and ends; offset UINT64_MAX: there is none. */
static Extent next_extent(int fd, uint64_t at) {
        off_t data = lseek(fd, (off_t) at, SEEK_DATA), hole;

        if (data < 0)
                return errno == ENXIO ? (Extent){ UINT64_MAX, 0 } : (Extent){ at, UINT64_MAX - at }; /* no holes are known here */
        hole = lseek(fd, data, SEEK_HOLE);
        return (Extent){ (uint64_t) data, hole > data ? (uint64_t) (hole - data) : UINT64_MAX - (uint64_t) data };
}

int contents_copy(int fd, PackOut *out, ContentsStep step, void *userdata, Error **reterr) {
        off_t size = lseek(fd, 0, SEEK_END);
        Contents c = { .fd = fd, .size = (uint64_t) size };
        int r = 0;

        if (size < 0)
                return error_errno(reterr, errno, "Cannot tell the size of a file");
        for (uint64_t at = 0; at < c.size && r >= 0;) {
                _cleanup_(error_freep) Error *error = NULL;
                Extent e = next_extent(fd, at);
                uint64_t hole = (e.offset < c.size ? e.offset : c.size) - at;

                r = pack_out_zeros(out, hole, &error);
                at += hole;
                e.size = e.size < c.size - at ? e.size : c.size - at;
                if (r >= 0 && at < c.size)
                        r = write_extent(&c, &e, out, step, userdata, &error);
                at += e.size;
                if (r < 0 && error)
                        return error_pass(reterr, r, &error);
        }
        if (r == -ECANCELED)
                return error_set(reterr, r, "The reading was interrupted");
        return r < 0 ? error_errno(reterr, r, "Cannot read a file") : 0;
}
