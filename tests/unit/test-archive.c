/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Archives read by the process that does it: tars made here byte by byte, so that they are what no tool would make, and compressed by the tools
 * of the host; then the same broken in hundreds of ways, none of which may crash us, hang, or hand out what is beyond its bounds. */

#include "archive.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "digest.h"
#include "fd.h"
#include "unit.h"

#define BLOCK 512U
#define ROUNDS 15U /* of 20 mutations each */

/* --- tars, by hand -------------------------------------------------------------------------------------------------- */

typedef struct Tar {
        char *data;
        size_t size;
} Tar;

static void tar_freep(Tar *t) {
        free(t->data);
}

static void append(Tar *t, const void *data, size_t size) {
        t->data = realloc(t->data, t->size + size);
        assert_non_null(t->data);
        memcpy(t->data + t->size, data, size);
        t->size += size;
}

static void append_padded(Tar *t, const void *data, size_t size) {
        static const char zeros[BLOCK];

        append(t, data, size);
        append(t, zeros, (BLOCK - size % BLOCK) % BLOCK);
}

typedef struct Header {
        const char *name;
        char type;
        const char *target, *magic; /* "ustar\00000", "ustar  \0" or NULL: old */
        unsigned mode, uid;
        size_t size;
} Header;

/* digits, and the NUL that is there already */
static void put_octal(unsigned char *field, size_t digits, uint64_t value) {
        for (size_t i = digits; i > 0; i--, value /= 8)
                field[i - 1] = (unsigned char) ('0' + value % 8);
}

static void append_header(Tar *t, const Header *h) {
        unsigned char b[BLOCK] = {};
        unsigned sum = 0;

        assert_true(strlen(h->name) <= 100);
        memcpy(b, h->name, strlen(h->name));
        put_octal(b + 100, 7, h->mode ?: 0644);
        put_octal(b + 108, 7, h->uid);
        put_octal(b + 116, 7, h->uid);
        put_octal(b + 124, 11, h->size);
        put_octal(b + 136, 11, 1700000000);
        memset(b + 148, ' ', 8);
        b[156] = (unsigned char) h->type;
        if (h->target)
                memcpy(b + 157, h->target, strlen(h->target));
        if (h->magic)
                memcpy(b + 257, h->magic, 8);
        for (size_t i = 0; i < BLOCK; i++)
                sum += b[i];
        put_octal(b + 148, 6, sum);
        b[154] = 0;
        append(t, b, BLOCK);
}

#define USTAR "ustar\00000"
#define GNU "ustar  "

static void append_file(Tar *t, const char *name, const char *magic, const char *contents) {
        append_header(t, &(Header){ .name = name, .type = '0', .magic = magic, .size = strlen(contents) });
        append_padded(t, contents, strlen(contents));
}

/* key=value as pax counts it: the number is of all, itself and the newline included. */
static void append_attribute(Tar *t, const char *key, const void *value, size_t size) {
        size_t rest = strlen(key) + size + 3, length = rest + 1;
        char head[160];

        while ((size_t) snprintf(head, sizeof(head), "%zu", length) + rest != length)
                length++;
        append(t, head, (size_t) snprintf(head, sizeof(head), "%zu %s=", length, key));
        append(t, value, size);
        append(t, "\n", 1);
}

static void append_pax(Tar *t, const Tar *attributes) {
        append_header(t, &(Header){ .name = "PaxHeaders/x", .type = 'x', .magic = USTAR, .size = attributes->size });
        append_padded(t, attributes->data, attributes->size);
}

static void append_end(Tar *t) {
        static const char zeros[2 * BLOCK];

        append(t, zeros, sizeof(zeros));
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static int file_of(const void *data, size_t size) {
        int fd = memfd_create("archive", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, data, size), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

static Archive *open_tar(const Tar *t) {
        _cleanup_close_ int fd = file_of(t->data, t->size);
        _cleanup_(error_freep) Error *error = NULL;
        ArchiveFormat format;
        Archive *a = NULL;

        assert_ok(archive_open(fd, "a.tar", &a, &format, &error));
        assert_int_equal(format, ARCHIVE_TAR);
        return a;
}

static const ArchiveEntry *next_of(Archive *a) {
        _cleanup_(error_freep) Error *error = NULL;
        const ArchiveEntry *e = NULL;

        assert_ok(archive_next(a, &e, &error));
        return e;
}

/* All of it to its end, whatever there is: 0, or the error. What is handed out is touched, and is in its bounds. */
static int read_all(int fd, unsigned *ret_entries, uint64_t *ret_bytes, Error **reterr) {
        _cleanup_(archive_freep) Archive *a = NULL;
        const ArchiveEntry *e;
        ArchiveFormat format;
        int r = archive_open(fd, "a", &a, &format, reterr);

        *ret_entries = 0;
        *ret_bytes = 0;
        if (r < 0)
                return r;
        while ((r = archive_next(a, &e, reterr)) > 0) {
                uint64_t offset = 0, last = 0;
                unsigned touched = 0;
                const void *piece;
                size_t size;

                ++*ret_entries;
                assert_in_range(strlen(e->path), 0, ENTRY_PATH_MAX);
                assert_int_equal(e->target != NULL, e->kind == ENTRY_SYMLINK || e->kind == ENTRY_HARD_LINK);
                assert_in_range(e->mode, 0, 07777);
                for (size_t i = 0; i < e->n_xattrs; i++)
                        assert_in_range(strlen(e->xattrs[i].name) + e->xattrs[i].size, 0, ENTRY_METADATA_MAX);
                while ((r = archive_data(a, &piece, &size, &offset, reterr)) > 0) {
                        assert_true(offset >= last && (size > 0 || offset == e->size));
                        assert_true(format == ARCHIVE_SINGLE || offset + size <= e->size);
                        touched ^= size > 0 ? ((const unsigned char *) piece)[size - 1] : 0;
                        last = offset + size;
                        *ret_bytes += size;
                }
                if (r < 0)
                        return r;
                assert_in_range(touched, 0, 255);
        }
        return r;
}

static void is_refused(const Tar *t, const char *because) {
        _cleanup_close_ int fd = file_of(t->data, t->size);
        _cleanup_(error_freep) Error *error = NULL;
        unsigned entries;
        uint64_t bytes;

        assert_int_equal(read_all(fd, &entries, &bytes, &error), -EBADMSG);
        assert_error_says(error, because);
        assert_error_says(error, "a");
}

/* --- what there is -------------------------------------------------------------------------------------------------- */

static void kinds_of_entries(void **state _unused_) {
        static const struct {
                char type;
                EntryKind kind;
        } kinds[] = {
                { '5', ENTRY_DIRECTORY }, { '2', ENTRY_SYMLINK }, { '1', ENTRY_HARD_LINK }, { '6', ENTRY_FIFO }, { '3', ENTRY_CHAR }, { '4', ENTRY_BLOCK },
        };
        _cleanup_(tar_freep) Tar t = {};
        _cleanup_(archive_freep) Archive *a = NULL;
        const ArchiveEntry *e;

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                append_header(&t, &(Header){ .name = "/../x", .type = kinds[i].type, .magic = USTAR, .target = "../../y", .mode = 06755, .uid = 1234 });
        append_end(&t);
        a = open_tar(&t);
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                e = next_of(a);
                assert_non_null(e);
                assert_int_equal(e->kind, kinds[i].kind);
                assert_string_equal(e->path, "/../x");
                assert_int_equal(e->mode, 06755);
                assert_int_equal(e->uid, 1234);
                assert_int_equal(e->gid, 1234);
                assert_int_equal(e->mtime.tv_sec, 1700000000);
                if (e->target)
                        assert_string_equal(e->target, "../../y");
        }
        assert_null(next_of(a));
        assert_null(next_of(a));
        assert_int_equal(archive_consumed(a), t.size);
        assert_false(archive_is_compressed(a));
}

/* Bytes of names: UTF-8 in both normal forms, Latin-1, what is not UTF-8 at all, a newline. */
static void names_are_bytes(void **state _unused_) {
        static const char *const names[] = { "gr\xc3\xbc\xc3\x9f", "gru\xcc\x88n", "gr\xfc\xdf", "\xff\xfe\x80", "a\nb\x1b[m", "\xed\xa0\x80", "\xe2\x84\xab" };
        static const char *const dialects[] = { NULL, USTAR, GNU };
        _cleanup_(tar_freep) Tar t = {};
        _cleanup_(archive_freep) Archive *a = NULL;
        const ArchiveEntry *e;

        for (size_t d = 0; d < ELEMENTSOF(dialects); d++)
                for (size_t i = 0; i < ELEMENTSOF(names); i++)
                        append_file(&t, names[i], dialects[d], "x");
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(tar_freep) Tar p = {};

                append_attribute(&p, "path", names[i], strlen(names[i]));
                append_attribute(&p, "linkpath", names[i], strlen(names[i]));
                append_pax(&t, &p);
                append_header(&t, &(Header){ .name = "other", .type = '2', .magic = USTAR, .target = "other" });
        }
        for (size_t i = 0; i < ELEMENTSOF(names); i++) { /* GNU's long name */
                append_header(&t, &(Header){ .name = "././@LongLink", .type = 'L', .magic = GNU, .size = strlen(names[i]) + 1 });
                append_padded(&t, names[i], strlen(names[i]) + 1);
                append_file(&t, "other", GNU, "");
        }
        append_end(&t);
        a = open_tar(&t);
        for (size_t d = 0; d < ELEMENTSOF(dialects) + 2; d++)
                for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                        e = next_of(a);
                        assert_non_null(e);
                        assert_string_equal(e->path, names[i]);
                        if (e->target)
                                assert_string_equal(e->target, names[i]);
                }
        assert_null(next_of(a));
}

static void attributes_and_acls(void **state _unused_) {
        static const char capability[] = "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        static const unsigned char access_value[] = {
                2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xe8, 3, 0, 0, 2, 0, 7, 0, 0xe9, 3, 0, 0,
                4, 0, 4, 0, 255, 255, 255, 255, 0x10, 0, 7, 0, 255, 255, 255, 255, 0x20, 0, 4, 0, 255, 255, 255, 255,
        };
        static const char acl[] = "user::rw-,user:bob:rwx:1001,user:1000:r--,group::r--,mask::rwx,other::r--";
        _cleanup_(tar_freep) Tar t = {}, p = {}, q = {};
        _cleanup_(archive_freep) Archive *a = NULL;
        const ArchiveEntry *e;

        append_attribute(&p, "SCHILY.xattr.security.capability", capability, sizeof(capability) - 1);
        append_attribute(&p, "LIBARCHIVE.xattr.user.b", "AAEC", 4); /* base64 */
        append_attribute(&p, "SCHILY.acl.access", acl, strlen(acl));
        append_attribute(&p, "mtime", "1.000000007", 11);
        append_attribute(&p, "uid", "3000000000", 10);
        append_pax(&t, &p);
        append_file(&t, "f", USTAR, "x");
        append_attribute(&q, "SCHILY.acl.default", "user::rwx,user:nobodyknows:rwx,group::r-x,mask::rwx,other::r-x", 61);
        append_pax(&t, &q);
        append_header(&t, &(Header){ .name = "d/", .type = '5', .magic = USTAR, .mode = 0755 });
        append_end(&t);
        a = open_tar(&t);
        e = next_of(a);
        assert_non_null(e);
        assert_int_equal(e->n_xattrs, 3);
        assert_int_equal(e->acls_left_out, 0);
        assert_int_equal(e->mtime.tv_sec, 1);
        assert_int_equal(e->mtime.tv_nsec, 7);
        assert_int_equal(e->uid, 3000000000U);
        for (size_t i = 0; i < e->n_xattrs; i++) {
                const EntryXattr *x = &e->xattrs[i];

                if (strcmp(x->name, "security.capability") == 0) {
                        assert_int_equal(x->size, sizeof(capability) - 1);
                        assert_memory_equal(x->value, capability, x->size);
                } else if (strcmp(x->name, "user.b") == 0) {
                        assert_int_equal(x->size, 3);
                        assert_memory_equal(x->value, "\0\1\2", 3);
                } else {
                        assert_string_equal(x->name, "system.posix_acl_access");
                        assert_int_equal(x->size, sizeof(access_value));
                        assert_memory_equal(x->value, access_value, sizeof(access_value));
                }
        }
        e = next_of(a);
        assert_non_null(e);
        assert_int_equal(e->n_xattrs, 0);
        assert_int_equal(e->acls_left_out, 1);
        assert_null(next_of(a));
}

/* Contents come whole, also what was not read is skipped; and an entry may be asked for once more. */
static void contents(void **state _unused_) {
        enum { LARGE = 3 << 20 };
        _cleanup_(tar_freep) Tar t = {};
        _cleanup_(archive_freep) Archive *a = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ unsigned char *large = malloc(LARGE);
        const ArchiveEntry *e;
        const void *piece;
        uint64_t offset, done = 0;
        size_t size;
        int r;

        for (size_t i = 0; i < LARGE; i++)
                large[i] = (unsigned char) (i * 31 + i / 4099);
        append_file(&t, "small", USTAR, "contents");
        for (int i = 0; i < 2; i++) {
                append_header(&t, &(Header){ .name = "large", .type = '0', .magic = USTAR, .size = LARGE });
                append_padded(&t, large, LARGE);
        }
        append_file(&t, "last", USTAR, "");
        append_end(&t);
        a = open_tar(&t);
        e = next_of(a);
        archive_again(a);
        assert_ptr_equal(next_of(a), e);
        assert_int_equal(archive_data(a, &piece, &size, &offset, &error), 1);
        assert_int_equal(size, 8);
        assert_memory_equal(piece, "contents", 8);
        assert_int_equal(archive_data(a, &piece, &size, &offset, &error), 0);
        assert_int_equal(archive_data(a, &piece, &size, &offset, &error), 0);
        assert_non_null(next_of(a)); /* whose contents are left alone */
        e = next_of(a);
        while ((r = archive_data(a, &piece, &size, &offset, &error)) > 0) {
                assert_int_equal(offset, done);
                assert_memory_equal(piece, large + offset, size);
                done += size;
        }
        assert_int_equal(r, 0);
        assert_int_equal(done, LARGE);
        assert_string_equal(e->path, "large"); /* it stays until the next one */
        assert_string_equal(next_of(a)->path, "last");
        assert_null(next_of(a));
}

/* GNU's sparse files, the oldest form and 1.0: two pieces of data, holes around them. */
static void holes(void **state _unused_) {
        static const char map[] = "2\n1048576\n512\n4194304\n512\n";
        _cleanup_(tar_freep) Tar t = {}, p = {};
        _cleanup_(archive_freep) Archive *a = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        const ArchiveEntry *e;
        char data[1024];
        const void *piece;
        uint64_t offset;
        size_t size, n = 0;

        memset(data, 'd', sizeof(data));
        append_attribute(&p, "GNU.sparse.major", "1", 1);
        append_attribute(&p, "GNU.sparse.minor", "0", 1);
        append_attribute(&p, "GNU.sparse.name", "h\xc3\xb6les", 6);
        append_attribute(&p, "GNU.sparse.realsize", "8388608", 7);
        append_pax(&t, &p);
        append_header(&t, &(Header){ .name = "GNUSparseFile.0/holes", .type = '0', .magic = USTAR, .size = BLOCK + sizeof(data) });
        append_padded(&t, map, strlen(map));
        append(&t, data, sizeof(data));
        append_end(&t);
        a = open_tar(&t);
        e = next_of(a);
        assert_string_equal(e->path, "h\xc3\xb6les");
        assert_int_equal(e->size, 8388608);
        while (archive_data(a, &piece, &size, &offset, &error) > 0) {
                assert_int_equal(offset, n == 0 ? 1048576 : n == 1 ? 4194304 : 8388608);
                assert_int_equal(size, n < 2 ? 512 : 0);
                n++;
        }
        assert_int_equal(n, 3);
        assert_null(next_of(a));
}

/* --- what it is ----------------------------------------------------------------------------------------------------- */

/* `program` in a shell, from one file into another. */
static int through(const char *program, const void *data, size_t size) {
        _cleanup_close_ int from = file_of(data, size);
        int to = memfd_create("compressed", MFD_CLOEXEC), status;
        pid_t pid = fork();

        if (pid == 0) {
                (void) dup2(from, 0);
                (void) dup2(to, 1);
                execlp("sh", "sh", "-c", program, NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(lseek(to, 0, SEEK_SET), 0);
        return to;
}

static void compressed_ones(void **state _unused_) {
        static const char *const programs[] = { "gzip", "xz", "zstd -q", "bzip2", "gzip | xz | zstd -q", "bsdtar --lz4 -cf - @-" };
        _cleanup_(tar_freep) Tar t = {};

        for (int i = 0; i < 100; i++)
                append_file(&t, "a file", USTAR, "some contents");
        append_end(&t);
        for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
                _cleanup_close_ int fd = through(programs[i], t.data, t.size);
                _cleanup_(error_freep) Error *error = NULL;
                unsigned entries;
                uint64_t bytes;

                assert_ok(read_all(fd, &entries, &bytes, &error));
                assert_int_equal(entries, 100);
                assert_int_equal(bytes, 1300);
        }
}

/* Whatever is no tar is one file, also if it begins with zeros, which libarchive takes for a tar. */
static void single_ones(void **state _unused_) {
        static const char *const programs[] = { "cat", "xz", "zstd -q", "gzip" };
        enum { SIZE = (2 << 20) + 7 };
        _cleanup_free_ char *disk = calloc(1, SIZE);

        memcpy(disk + 1049, "something", 9);
        for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
                _cleanup_close_ int fd = through(programs[i], disk, SIZE);
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(archive_freep) Archive *a = NULL;
                const ArchiveEntry *e = NULL;
                const void *piece;
                ArchiveFormat format;
                uint64_t offset, done = 0;
                size_t size;

                assert_ok(archive_open(fd, "disk", &a, &format, &error));
                assert_int_equal(format, ARCHIVE_SINGLE);
                assert_int_equal(archive_is_compressed(a), i > 0);
                e = next_of(a);
                assert_int_equal(e->kind, ENTRY_FILE);
                assert_string_equal(e->path, "");
                while (archive_data(a, &piece, &size, &offset, &error) > 0) {
                        assert_int_equal(offset, done);
                        assert_memory_equal(piece, disk + offset, size);
                        done += size;
                }
                assert_int_equal(done, SIZE);
                assert_null(next_of(a));
        }
}

static void pipes_and_the_place_in_a_file(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(tar_freep) Tar t = {};
        _cleanup_close_ int fd = -1;
        unsigned entries;
        uint64_t bytes;
        int fds[2];

        append_file(&t, "a", USTAR, "abc");
        append_end(&t);
        assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(fd_write_all(fds[1], t.data, t.size), 0);
        close_fd(fds[1]);
        assert_ok(read_all(fds[0], &entries, &bytes, &error));
        close_fd(fds[0]);
        assert_int_equal(entries, 1);

        fd = memfd_create("behind", MFD_CLOEXEC);
        assert_int_equal(fd_write_all(fd, "garbage", 7), 0);
        assert_int_equal(fd_write_all(fd, t.data, t.size), 0);
        assert_int_equal(lseek(fd, 7, SEEK_SET), 7);
        assert_ok(read_all(fd, &entries, &bytes, &error));
        assert_int_equal(entries, 1);
}

/* The digest is of what was decompressed, padding and what is behind it included; zeros are a tar without entries, and nothing else is one. */
static void layers(void **state _unused_) {
        static const char *const programs[] = { "cat", "gzip", "zstd -q" };
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(archive_freep) Archive *none = NULL;
        _cleanup_(tar_freep) Tar t = {}, zeros = {};

        append_file(&t, "a", USTAR, "abc");
        append_end(&t);
        append_end(&t);
        append(&t, "behind", 6);
        append_end(&zeros);
        for (size_t i = 0; i < 2 * ELEMENTSOF(programs); i++) {
                const Tar *layer = i % 2 ? &zeros : &t;
                _cleanup_close_ int fd = through(programs[i / 2], layer->data, layer->size), plain = file_of(layer->data, layer->size);
                _cleanup_(archive_freep) Archive *a = NULL;
                char hex[DIGEST_HEX_SIZE];

                assert_ok(digest_file(plain, "a", NULL, hex, &error));
                assert_ok(archive_open_layer(fd, "a", &a, &error));
                assert_int_equal(next_of(a) != NULL, i % 2 == 0);
                assert_null(i % 2 == 0 ? next_of(a) : NULL);
                assert_string_equal(archive_digest(a), hex);
        }
        for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
                _cleanup_close_ int fd = through(programs[i], "no tar", 6);

                assert_int_equal(archive_open_layer(fd, "this", &none, &error), -EBADMSG);
                assert_error_says(error, "this is no tar");
        }
}

/* --- what is refused ------------------------------------------------------------------------------------------------ */

static void cut_off(void **state _unused_) {
        static const char *const programs[] = { "gzip -n", "xz", "zstd -q", "bzip2" };
        _cleanup_(tar_freep) Tar t = {};

        _cleanup_close_ int nothing = through("gzip -n", "", 0);
        _cleanup_(error_freep) Error *why = NULL;
        unsigned n;
        uint64_t all;

        assert_int_equal(read_all(nothing, &n, &all, &why), -EBADMSG);
        assert_error_says(why, "is empty");
        is_refused(&t, "is empty");
        append_file(&t, "a", USTAR, "abc");
        append_file(&t, "b", USTAR, "abcdef");
        is_refused(&t, "cut off");
        is_refused(&(Tar){ t.data, t.size - BLOCK }, "cut off");
        is_refused(&(Tar){ t.data, t.size - BLOCK - 100 }, "cut off");
        append_end(&t);
        for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
                _cleanup_close_ int fd = through(programs[i], t.data, t.size);
                off_t size = lseek(fd, 0, SEEK_END);

                for (off_t end = size - 1; end > 30; end -= 7) {
                        _cleanup_(error_freep) Error *error = NULL;
                        unsigned entries;
                        uint64_t bytes;

                        assert_int_equal(ftruncate(fd, end), 0);
                        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
                        if (read_all(fd, &entries, &bytes, &error) >= 0)
                                fail_msg("%s: %lld of %lld bytes are taken for a whole one", programs[i], (long long) end, (long long) size);
                        assert_error_says(error, "cut off");
                }
        }
}

static void beyond_the_bounds(void **state _unused_) {
        _cleanup_free_ char *much = malloc(2 << 20);
        _cleanup_(tar_freep) Tar names = {}, xattrs = {}, value = {}, owner = {}, p = {}, q = {}, s = {}, u = {};

        memset(much, 'x', 2 << 20);
        append_attribute(&p, "path", much, ENTRY_PATH_MAX + 1);
        append_pax(&names, &p);
        append_file(&names, "a", USTAR, "");
        append_end(&names);
        is_refused(&names, "longer than 4095");
        for (int i = 0; i < 1000; i++) {
                char key[64];

                snprintf(key, sizeof(key), "SCHILY.xattr.user.%d", i);
                append_attribute(&q, key, "v", 1);
        }
        append_pax(&xattrs, &q);
        append_file(&xattrs, "the file", USTAR, "");
        append_end(&xattrs);
        is_refused(&xattrs, "at the file");
        append_attribute(&s, "SCHILY.xattr.user.a", much, ENTRY_XATTR_SIZE_MAX + 1);
        append_pax(&value, &s);
        append_file(&value, "the file", USTAR, "");
        append_end(&value);
        is_refused(&value, "at the file");
        append_attribute(&u, "uid", "4294967295", 10);
        append_pax(&owner, &u);
        append_file(&owner, "the file", USTAR, "");
        append_end(&owner);
        is_refused(&owner, "at the file");
}

static bool yes(void *userdata _unused_) {
        return true;
}

static void a_stalled_stream_may_be_left(void **state _unused_) {
        _cleanup_(archive_freep) Archive *a = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(tar_freep) Tar t = {};
        const ArchiveEntry *e;
        ArchiveFormat format;
        int fds[2];

        append_file(&t, "a", USTAR, "abc");
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(fd_write_all(fds[1], t.data, t.size), 0);
        assert_ok(archive_open(fds[0], "a", &a, &format, &error));
        archive_watch(a, &(CopyWatch){ .is_cancelled = yes });
        assert_int_equal(archive_next(a, &e, &error), -ECANCELED);
        close_fd(fds[0]);
        close_fd(fds[1]);
}

/* --- broken in hundreds of ways -------------------------------------------------------------------------------------- */

static uint32_t next(uint64_t *state, uint32_t below) {
        *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (uint32_t) (*state >> 33) % below;
}

/* Everything that has a parser of its own. */
static void make_rich(Tar *t) {
        static const char map[] = "2\n0\n512\n4096\n512\n";
        _cleanup_(tar_freep) Tar p = {}, q = {};
        char data[1024] = "data";

        append_attribute(&p, "path", "gr\xc3\xbcn", 5);
        append_attribute(&p, "SCHILY.xattr.user.a", "value", 5);
        append_attribute(&p, "LIBARCHIVE.xattr.user.b", "AAEC", 4);
        append_attribute(&p, "SCHILY.acl.access", "user::rw-,user:bob:rwx:1001,group::r--,mask::rwx,other::r--", 59);
        append_pax(t, &p);
        append_file(t, "f", USTAR, "contents");
        append_attribute(&q, "GNU.sparse.major", "1", 1);
        append_attribute(&q, "GNU.sparse.minor", "0", 1);
        append_attribute(&q, "GNU.sparse.name", "holes", 5);
        append_attribute(&q, "GNU.sparse.realsize", "8192", 4);
        append_pax(t, &q);
        append_header(t, &(Header){ .name = "s", .type = '0', .magic = USTAR, .size = BLOCK + sizeof(data) });
        append_padded(t, map, strlen(map));
        append(t, data, sizeof(data));
        append_header(t, &(Header){ .name = "././@LongLink", .type = 'K', .magic = GNU, .size = 10 });
        append_padded(t, "long\0target", 10);
        append_header(t, &(Header){ .name = "l", .type = '1', .magic = GNU, .target = "f" });
        append_end(t);
}

static void mutated(void **state _unused_) {
        static const char *const programs[] = { "cat", "gzip -n", "xz", "zstd -q", "bzip2" };
        _cleanup_(tar_freep) Tar t = {};
        unsigned good = 0;
        uint64_t random = 20240229;

        make_rich(&t);
        for (unsigned round = 0; round < ROUNDS; round++) {
                _cleanup_close_ int fd = through(programs[round % 10 < 5 ? round % 5 : 0], t.data, t.size);
                off_t size = lseek(fd, 0, SEEK_END);

                for (int i = 0; i < 20; i++) {
                        _cleanup_(error_freep) Error *error = NULL;
                        unsigned entries;
                        uint64_t bytes;
                        int r;

                        for (uint32_t n = next(&random, 4); n > 0; n--)
                                assert_int_equal(pwrite(fd, &(char){ (char) next(&random, 256) }, 1, next(&random, (uint32_t) size)), 1);
                        if (next(&random, 8) == 0)
                                assert_int_equal(ftruncate(fd, next(&random, (uint32_t) size)), 0);
                        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
                        r = read_all(fd, &entries, &bytes, &error);
                        if (r < 0)
                                assert_error_says(error, "a");
                        else
                                good++;
                }
        }
        print_message("%u of %u could be read\n", good, ROUNDS * 20);
        assert_in_range(good, 1, ROUNDS * 20 - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(kinds_of_entries),
                cmocka_unit_test(names_are_bytes),
                cmocka_unit_test(attributes_and_acls),
                cmocka_unit_test(contents),
                cmocka_unit_test(holes),
                cmocka_unit_test(compressed_ones),
                cmocka_unit_test(single_ones),
                cmocka_unit_test(pipes_and_the_place_in_a_file),
                cmocka_unit_test(layers),
                cmocka_unit_test(cut_off),
                cmocka_unit_test(beyond_the_bounds),
                cmocka_unit_test(a_stalled_stream_may_be_left),
                cmocka_unit_test(mutated),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
