/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pack-out.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "fd.h"
#include "library.h"

#define BUFFER_SIZE (UINT64_C(1024) * 1024)
#define WAIT_MSEC 200 /* between two questions whether to go on */
#define THREADS_MIN 2 /* one gives other bytes than several */
#define THREADS_MAX 16

typedef struct LibArchive {
        struct archive *(*write_new)(void);
        int (*write_add_filter)(struct archive *, int);
        int (*write_set_filter_option)(struct archive *, const char *, const char *, const char *);
        int (*write_set_format_raw)(struct archive *);
        int (*write_set_bytes_per_block)(struct archive *, int);
        int (*write_set_bytes_in_last_block)(struct archive *, int);
        int (*write_open)(struct archive *, void *, archive_open_callback *, archive_write_callback *, archive_close_callback *);
        int (*write_header)(struct archive *, struct archive_entry *);
        la_ssize_t (*write_data)(struct archive *, const void *, size_t);
        int (*write_close)(struct archive *);
        int (*write_fail)(struct archive *);
        int (*write_free)(struct archive *);
        const char *(*error_string)(struct archive *);
        struct archive_entry *(*entry_new)(void);
        void (*entry_set_filetype)(struct archive_entry *, unsigned);
        void (*entry_free)(struct archive_entry *);
} LibArchive;

struct PackOut {
        PackWish wish;
        int fd;          /* a pipe, opened anew such that it does not block; else the wish's, which is not to be closed */
        bool is_pipe, is_socket;
        uint8_t *buffer;
        size_t n;
        uint64_t position, written;
        int failure;     /* errno of the writing beneath libarchive */
        LibArchive library;
        struct archive *archive; /* NULL: not compressed */
};

static const struct {
        const char *name;
        const char *suffixes[3]; /* the second of a tar */
        int filter;
} compressions[] = {
        [COMPRESS_NONE] = { "uncompressed", {}, ARCHIVE_FILTER_NONE },
        [COMPRESS_GZIP] = { "gzip", { ".gz", ".tgz" }, ARCHIVE_FILTER_GZIP },
        [COMPRESS_XZ] = { "xz", { ".xz", ".txz" }, ARCHIVE_FILTER_XZ },
        [COMPRESS_ZSTD] = { "zstd", { ".zst", ".tzst" }, ARCHIVE_FILTER_ZSTD },
        [COMPRESS_BZIP2] = { "bzip2", { ".bz2", ".tbz2" }, ARCHIVE_FILTER_BZIP2 },
};

const char *compression_name(Compression c) {
        return compressions[c].name;
}

static bool ends_with(const char *s, const char *end) {
        size_t n = strlen(s), k = strlen(end);

        return n >= k && strcmp(s + n - k, end) == 0;
}

Compression compression_by_suffix(const char *file) {
        for (Compression c = 0; c < ELEMENTSOF(compressions); c++)
                for (const char *const *s = compressions[c].suffixes; *s; s++)
                        if (ends_with(file, *s))
                                return c;
        return COMPRESS_NONE;
}

/* ---- out ---- */

static int go_on(const PackOut *o) {
        const CopyWatch *w = o->wish.watch;

        return w && w->is_cancelled && w->is_cancelled(w->userdata) ? -ECANCELED : 0;
}

static ssize_t write_some(const PackOut *o, const void *data, size_t size) {
        ssize_t n = o->is_socket ? send(o->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) : write(o->fd, data, size);

        return n < 0 ? -errno : n;
}

/* Who reads a pipe may take his time: we ask meanwhile whether to go on. */
static int write_all(PackOut *o, const void *data, size_t size) {
        if (o->wish.packed.bytes)
                o->wish.packed.bytes(data, size, o->wish.packed.userdata);
        o->written += size;
        while (size > 0) {
                ssize_t n = write_some(o, data, size);
                int r = 0;

                if (n == -EAGAIN && poll(&(struct pollfd){ .fd = o->fd, .events = POLLOUT }, 1, WAIT_MSEC) == 0)
                        r = go_on(o);
                if (n < 0 && n != -EAGAIN && n != -EINTR)
                        r = (int) n;
                if (r < 0)
                        return r;
                if (n > 0) {
                        data = (const uint8_t *) data + n;
                        size -= (size_t) n;
                }
        }
        return 0;
}

static int write_failed(const PackOut *o, int r, Error **reterr) {
        if (r == -ECANCELED)
                return error_set(reterr, ECANCELED, "The writing of %s was interrupted", o->wish.name);
        if (r == -EPIPE)
                return error_set(reterr, EPIPE, "Who reads what is written to %s has stopped reading", o->wish.name);
        error_errno(reterr, r, "Cannot write %s", o->wish.name);
        if (r == -ENOSPC || r == -EDQUOT)
                return error_hint(reterr, r, "Make room (`nbox gc` removes what nothing uses any more), write it to another file system, "
                                  "or compress it.");
        return r;
}

/* ---- compression ---- */

static la_ssize_t on_packed(struct archive *a, void *userdata, const void *data, size_t size) {
        PackOut *o = userdata;
        int r = write_all(o, data, size);

        (void) a;
        if (r < 0)
                o->failure = r;
        return r < 0 ? -1 : (la_ssize_t) size;
}

static int archive_failed(const PackOut *o, Error **reterr) {
        if (o->failure < 0)
                return write_failed(o, o->failure, reterr);
        return error_set(reterr, EIO, "Cannot compress %s with %s: %.200s", o->wish.name, compression_name(o->wish.compression),
                         o->library.error_string(o->archive) ?: "out of memory");
}

static int load(LibArchive *l, Error **reterr) {
        const LibrarySymbol symbols[] = {
                { "write_new", (void **) &l->write_new },
                { "write_add_filter", (void **) &l->write_add_filter },
                { "write_set_filter_option", (void **) &l->write_set_filter_option },
                { "write_set_format_raw", (void **) &l->write_set_format_raw },
                { "write_set_bytes_per_block", (void **) &l->write_set_bytes_per_block },
                { "write_set_bytes_in_last_block", (void **) &l->write_set_bytes_in_last_block },
                { "write_open", (void **) &l->write_open },
                { "write_header", (void **) &l->write_header },
                { "write_data", (void **) &l->write_data },
                { "write_close", (void **) &l->write_close },
                { "write_fail", (void **) &l->write_fail },
                { "write_free", (void **) &l->write_free },
                { "error_string", (void **) &l->error_string },
                { "entry_new", (void **) &l->entry_new },
                { "entry_set_filetype", (void **) &l->entry_set_filetype },
                { "entry_free", (void **) &l->entry_free },
        };

        if (library_load("libarchive.so.13", "archive_", symbols, ELEMENTSOF(symbols)) >= 0)
                return 0;
        error_set(reterr, EOPNOTSUPP, "libarchive, which compresses, cannot be loaded: %s", dlerror());
        return error_hint(reterr, -EOPNOTSUPP, "Install it (Debian: libarchive13), or write it uncompressed.");
}

/* As many as there are processors, which changes nothing in what comes out. */
static void set_threads(PackOut *o) {
        long n = sysconf(_SC_NPROCESSORS_ONLN);
        char text[16];

        snprintf(text, sizeof(text), "%ld", n < THREADS_MIN ? THREADS_MIN : n > THREADS_MAX ? THREADS_MAX : n);
        (void) o->library.write_set_filter_option(o->archive, NULL, "threads", text); /* the others know no such option */
        (void) o->library.write_set_filter_option(o->archive, "gzip", "timestamp", NULL);
}

static int begin_compression(PackOut *o, Error **reterr) {
        const LibArchive *l = &o->library;
        struct archive_entry *entry;
        int r = load(&o->library, reterr);

        if (r < 0)
                return r;
        o->archive = l->write_new();
        entry = l->entry_new();
        if (!o->archive || !entry)
                r = error_oom(reterr);
        if (r >= 0 && (l->write_add_filter(o->archive, compressions[o->wish.compression].filter) != ARCHIVE_OK ||
                       l->write_set_format_raw(o->archive) < ARCHIVE_WARN || l->write_set_bytes_per_block(o->archive, 0) < ARCHIVE_WARN ||
                       l->write_set_bytes_in_last_block(o->archive, 1) < ARCHIVE_WARN))
                r = archive_failed(o, reterr);
        if (r >= 0) {
                set_threads(o);
                l->entry_set_filetype(entry, S_IFREG);
                if (l->write_open(o->archive, o, NULL, on_packed, NULL) != ARCHIVE_OK || l->write_header(o->archive, entry) < ARCHIVE_WARN)
                        r = archive_failed(o, reterr);
        }
        if (entry)
                l->entry_free(entry);
        return r;
}

/* ---- in ---- */

PackOut *pack_out_free(PackOut *o) {
        if (!o)
                return NULL;
        if (o->archive) {
                (void) o->library.write_fail(o->archive); /* or it would still write */
                (void) o->library.write_free(o->archive);
        }
        if (o->fd != o->wish.fd)
                close_fd(o->fd);
        free(o->buffer);
        free(o);
        return NULL;
}

static int look_at_fd(PackOut *o) {
        struct stat st;

        if (fstat(o->fd, &st) < 0)
                return -errno;
        o->is_socket = S_ISSOCK(st.st_mode);
        if (!S_ISFIFO(st.st_mode))
                return 0;
        o->is_pipe = true;
        o->fd = fd_reopen(o->wish.fd, O_WRONLY | O_NONBLOCK); /* of our own: whoever else has it would be surprised */
        return o->fd < 0 ? o->fd : 0;
}

int pack_out_open(const PackWish *wish, PackOut **ret, Error **reterr) {
        _cleanup_(pack_out_freep) PackOut *o = calloc(1, sizeof(*o));
        int r;

        if (!o)
                return error_oom(reterr);
        o->wish = *wish;
        o->fd = wish->fd;
        o->buffer = malloc(BUFFER_SIZE);
        if (!o->buffer)
                return error_oom(reterr);
        r = look_at_fd(o);
        if (r < 0)
                return error_errno(reterr, r, "Cannot write to %s", wish->name);
        r = wish->compression != COMPRESS_NONE ? begin_compression(o, reterr) : 0;
        if (r >= 0)
                *ret = TAKE_PTR(o);
        return r;
}

static int empty(PackOut *o, Error **reterr) {
        size_t n = o->n;
        int r = 0;

        o->n = 0;
        if (n > 0 && o->wish.plain.bytes)
                o->wish.plain.bytes(o->buffer, n, o->wish.plain.userdata);
        if (o->archive && n > 0)
                return o->library.write_data(o->archive, o->buffer, n) != (la_ssize_t) n ? archive_failed(o, reterr) : 0;
        r = write_all(o, o->buffer, n);
        return r < 0 ? write_failed(o, r, reterr) : 0;
}

void *pack_out_room(PackOut *o, size_t *ret_size) {
        *ret_size = BUFFER_SIZE - o->n;
        return o->buffer + o->n;
}

int pack_out_add(PackOut *o, size_t size, Error **reterr) {
        o->n += size;
        o->position += size;
        return o->n == BUFFER_SIZE ? empty(o, reterr) : 0;
}

int pack_out_write(PackOut *o, const void *data, size_t size, Error **reterr) {
        int r = 0;

        while (size > 0 && r >= 0) {
                size_t n;
                void *room = pack_out_room(o, &n);

                n = n < size ? n : size;
                memcpy(room, data, n);
                data = (const uint8_t *) data + n;
                size -= n;
                r = pack_out_add(o, n, reterr);
        }
        return r;
}

int pack_out_zeros(PackOut *o, uint64_t size, Error **reterr) {
        int r = 0;

        while (size > 0 && r >= 0) {
                size_t n;
                void *room = pack_out_room(o, &n);

                n = n < size ? n : (size_t) size;
                memset(room, 0, n);
                size -= n;
                r = go_on(o);
                r = r < 0 ? write_failed(o, r, reterr) : pack_out_add(o, n, reterr);
        }
        return r;
}

uint64_t pack_out_position(const PackOut *o) {
        return o->position;
}

uint64_t pack_out_written(const PackOut *o) {
        return o->written;
}

int pack_out_flush(PackOut *o, Error **reterr) {
        int r = empty(o, reterr);

        if (r < 0 || !o->archive)
                return r;
        return o->library.write_close(o->archive) != ARCHIVE_OK ? archive_failed(o, reterr) : 0;
}
