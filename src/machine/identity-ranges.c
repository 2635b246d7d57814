/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "identity-ranges.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"
#include "strv.h"
#include "text.h"

#define FILE_NAME ".ranges" /* no machine's name */
#define MAGIC UINT64_C(0x3173676e61725f6e)
#define ROWS_MAX (1024 * 1024)

/* The header is written last, and an older one fits no longer: nothing of this has to be atomic. */
typedef struct Header {
        uint64_t magic, n;
        int64_t seconds, nanoseconds; /* the directory's mtime */
} Header;

typedef struct Row {
        uint64_t machine; /* string_hash() of its name */
        uint32_t base, count;
} Row;

typedef struct Rows {
        Row *items;
        size_t n;
} Rows;

static void rows_done(Rows *rows) {
        free(rows->items);
}

static int rows_add(Rows *rows, Row row) {
        Row *grown = reallocarray(rows->items, rows->n + 1, sizeof(row));

        if (!grown)
                return -ENOMEM;
        rows->items = grown;
        grown[rows->n++] = row;
        return 0;
}

static Row row_of(const Identity *i) {
        return (Row){ string_hash(i->name), i->uids.base, i->uids.count };
}

static bool of_now(const Header *h) {
        struct stat st;

        return stat(IDENTITY_DIRECTORY, &st) >= 0 && st.st_mtim.tv_sec == h->seconds && st.st_mtim.tv_nsec == h->nanoseconds;
}

static bool header_fits(int fd, Header *ret) {
        struct stat st;

        return pread(fd, ret, sizeof(*ret), 0) == (ssize_t) sizeof(*ret) && ret->magic == MAGIC && ret->n <= ROWS_MAX &&
                fstat(fd, &st) >= 0 && st.st_size >= (off_t) (sizeof(*ret) + ret->n * sizeof(Row)) && of_now(ret);
}

/* 1: they are those of now. */
static int read_copy(int fd, Rows *ret) {
        Header h;
        size_t size;

        if (fd < 0 || !header_fits(fd, &h))
                return 0;
        size = h.n * sizeof(Row);
        ret->items = malloc(size > 0 ? size : 1);
        if (!ret->items)
                return -ENOMEM;
        ret->n = h.n;
        if (pread(fd, ret->items, size, sizeof(h)) == (ssize_t) size)
                return 1;
        rows_done(ret);
        *ret = (Rows){};
        return 0;
}

static int read_files(Rows *ret) {
        _cleanup_strv_ char **names = NULL;
        int r = 0;

        (void) identity_list(&names, NULL);
        for (char **name = names; name && *name && r >= 0; name++) {
                _cleanup_(identity_freep) Identity *i = NULL;

                if (identity_load(*name, &i, NULL) >= 0 && i->uids.count > 0)
                        r = rows_add(ret, row_of(i));
        }
        return r;
}

static int open_copy(int flags) {
        return open(IDENTITY_DIRECTORY "/" FILE_NAME, flags | O_NOFOLLOW | O_CLOEXEC, 0644);
}

int identity_ranges(const char *but, UidRange **ret, size_t *ret_n) {
        _cleanup_close_ int fd = open_copy(O_RDONLY);
        _cleanup_(rows_done) Rows rows = {};
        uint64_t skipped = string_hash(but);
        UidRange *list;
        size_t n = 0;
        int r = read_copy(fd, &rows);

        if (r == 0)
                r = read_files(&rows);
        list = r < 0 ? NULL : calloc(rows.n + 1, sizeof(*list));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < rows.n; i++)
                if (rows.items[i].machine != skipped)
                        list[n++] = (UidRange){ rows.items[i].base, rows.items[i].count };
        *ret = list;
        *ret_n = n;
        return 0;
}

/* ---- with the lock ---- */

int identity_ranges_begin(void) {
        _cleanup_close_ int fd = open_copy(O_RDWR | O_CREAT);
        Header h;

        /* One that does not fit is begun anew. */
        return fd < 0 || header_fits(fd, &h) || ftruncate(fd, 0) >= 0 ? TAKE_FD(fd) : -1;
}

static bool write_at(int fd, const void *data, size_t size, size_t at) {
        return pwrite(fd, data, size, (off_t) at) == (ssize_t) size;
}

static void write_header(int fd, size_t n) {
        Header h = { .magic = MAGIC, .n = n };
        struct stat st;

        if (stat(IDENTITY_DIRECTORY, &st) < 0)
                return;
        h.seconds = st.st_mtim.tv_sec;
        h.nanoseconds = st.st_mtim.tv_nsec;
        (void) write_at(fd, &h, sizeof(h), 0);
}

static void write_all(int fd) {
        _cleanup_(rows_done) Rows rows = {};

        if (read_files(&rows) >= 0 && write_at(fd, rows.items, rows.n * sizeof(Row), sizeof(Header)))
                write_header(fd, rows.n);
}

static void write_one(int fd, const Header *h, const Identity *i) {
        _cleanup_(rows_done) Rows rows = { .items = calloc(h->n + 1, sizeof(Row)) };
        size_t size = h->n * sizeof(Row), at = 0;
        Row row = row_of(i);

        if (!rows.items || pread(fd, rows.items, size, sizeof(*h)) != (ssize_t) size)
                return;
        while (at < h->n && rows.items[at].machine != row.machine)
                at++;
        if (write_at(fd, &row, sizeof(row), sizeof(*h) + at * sizeof(row)))
                write_header(fd, at < h->n ? h->n : h->n + 1);
}

void identity_ranges_end(int fd, const Identity *i) {
        Header h;

        if (fd < 0)
                return;
        if (!i)
                identity_ranges_forget();
        else if (pread(fd, &h, sizeof(h), 0) == (ssize_t) sizeof(h) && h.magic == MAGIC && h.n <= ROWS_MAX)
                write_one(fd, &h, i);
        else
                write_all(fd);
        close_fd(fd);
}

void identity_ranges_forget(void) {
        if (truncate(IDENTITY_DIRECTORY "/" FILE_NAME, 0) < 0 && errno != ENOENT)
                log_debug("Cannot empty %s: %s, ignoring", IDENTITY_DIRECTORY "/" FILE_NAME, strerror(errno));
}
