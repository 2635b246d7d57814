/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pack.h"

#include <endian.h>
#include <linux/posix_acl_xattr.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive.h"
#include "pack-attributes.h"
#include "tar-header.h"
#include "unit.h"

/* ---- headers ---- */

/* A record's length counts its own digits. */
static void lengths_of_records(void **state _unused_) {
        char value[1100];

        memset(value, 'v', sizeof(value));
        for (size_t n = 0; n < sizeof(value); n++) {
                _cleanup_(tar_bytes_done) TarBytes b = {};

                assert_int_equal(tar_record(&b, "k", value, n), 0);
                assert_int_equal(strtoul((const char *) b.data, NULL, 10), b.n);
                assert_int_equal(b.data[b.n - 1], '\n');
        }
}

/* The member's bytes as text, NULs as dots, at *ret; how many blocks. */
static size_t blocks_of(const TarMember *m, char **ret) {
        _cleanup_(tar_bytes_done) TarBytes b = {}, records = {};

        assert_int_equal(tar_header(&b, m, &records), 0);
        assert_int_equal(b.n % TAR_BLOCK, 0);
        *ret = calloc(1, b.n + 1);
        for (size_t i = 0; i < b.n; i++)
                (*ret)[i] = (char) (b.data[i] ? b.data[i] : '.');
        return b.n / TAR_BLOCK;
}

static void what_fits_stands_alone(void **state _unused_) {
        _cleanup_free_ char *text = NULL;
        const TarMember m = { .type = TAR_FILE, .path = "etc/passwd", .mode = 0644, .uid = 07777777, .size = 8589934591, .mtime = { .tv_sec = 1 } };

        assert_int_equal(blocks_of(&m, &text), 1);
        assert_memory_equal(text, "etc/passwd.", 11);
        assert_memory_equal(text + 100, "0000644.7777777.0000000.77777777777.00000000001.", 48);
        assert_memory_equal(text + 257, "ustar.00", 8);
}

static void what_does_not_has_records(void **state _unused_) {
        static const struct {
                TarMember m;
                const char *record;
        } cases[] = {
                { { .path = "f", .uid = 010000000 }, " uid=2097152\n" },
                { { .path = "f", .gid = 4294967294 }, " gid=4294967294\n" },
                { { .path = "f", .size = 8589934592 }, " size=8589934592\n" },
                { { .path = "f", .mtime = { .tv_sec = 5, .tv_nsec = 120000000 } }, " mtime=5.12\n" },
                { { .path = "f", .mtime = { .tv_sec = -1, .tv_nsec = 500000000 } }, " mtime=-0.5\n" },
                { { .path = "f", .mtime = { .tv_sec = -7 } }, " mtime=-7\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = NULL;
                TarMember m = cases[i].m;

                m.type = TAR_FILE;
                assert_int_equal(blocks_of(&m, &text), 3);
                if (!strstr(text, cases[i].record))
                        fail_msg("no '%s'", cases[i].record);
        }
}

/* Of a hundred bytes and no slash, one may have 155 before it; else the path has a record. */
static void long_paths(void **state _unused_) {
        for (size_t directory = 1; directory <= 160; directory++)
                for (size_t name = 99; name <= 102; name++) {
                        _cleanup_free_ char *text = NULL, *path = calloc(1, directory + name + 2);
                        bool fits = directory + 1 + name <= 100 || (directory <= 155 && name <= 100);

                        memset(path, 'd', directory);
                        path[directory] = '/';
                        memset(path + directory + 1, 'n', name);
                        assert_int_equal(blocks_of(&(TarMember){ .type = TAR_FILE, .path = path }, &text), fits ? 1 : 3);
                }
}

/* ---- attributes ---- */

static void text_of_acls(void **state _unused_) {
        struct {
                struct posix_acl_xattr_header header;
                struct posix_acl_xattr_entry entries[5];
        } acl = {
                { htole32(POSIX_ACL_XATTR_VERSION) },
                { { htole16(0x01), htole16(7), htole32(UINT32_MAX) }, { htole16(0x02), htole16(5), htole32(1000) },
                  { htole16(0x04), htole16(4), htole32(UINT32_MAX) }, { htole16(0x10), htole16(6), htole32(UINT32_MAX) },
                  { htole16(0x20), htole16(0), htole32(UINT32_MAX) } },
        };
        _cleanup_(tar_bytes_done) TarBytes b = {};

        assert_int_equal(acl_text((const uint8_t *) &acl, sizeof(acl), &b), 0);
        assert_int_equal(tar_bytes_add(&b, "", 1), 0);
        assert_string_equal((const char *) b.data, "user::rwx,user:1000:r-x,group::r--,mask::rw-,other::---");
        assert_int_equal(acl_text((const uint8_t *) &acl, sizeof(acl) - 1, &b), -EBADMSG);
        acl.entries[2].e_tag = htole16(3);
        assert_int_equal(acl_text((const uint8_t *) &acl, sizeof(acl), &b), -EBADMSG);
}

static void compressions(void **state _unused_) {
        assert_int_equal(compression_by_suffix("a.tar.gz"), COMPRESS_GZIP);
        assert_int_equal(compression_by_suffix("a.tgz"), COMPRESS_GZIP);
        assert_int_equal(compression_by_suffix("a.raw.xz"), COMPRESS_XZ);
        assert_int_equal(compression_by_suffix("a.zst"), COMPRESS_ZSTD);
        assert_int_equal(compression_by_suffix("a.gz.tar"), COMPRESS_NONE);
        assert_int_equal(compression_by_suffix("gz"), COMPRESS_NONE);
}

/* ---- as it is read ---- */

static void pack_two(int archive, int sparse, Compression c) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(pack_freep) Pack *p = NULL;

        assert_ok(pack_open(&(PackWish){ .fd = archive, .name = "an archive", .compression = c }, &p, &error));
        assert_ok(pack_text(p, "settings", "[Exec]\n", 7, &error));
        assert_ok(pack_file(p, "disk", sparse, &error));
        assert_ok(pack_end(p, &error));
        assert_int_equal(pack_result(p).changed, 0);
}

static void read_two(int archive) {
        _cleanup_(archive_freep) Archive *a = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        const ArchiveEntry *e;
        ArchiveFormat format;
        const void *data;
        uint64_t offset;
        size_t size;

        assert_ok(archive_open(archive, "an archive", &a, &format, &error));
        assert_int_equal(format, ARCHIVE_TAR);
        assert_ok(archive_next(a, &e, &error));
        assert_string_equal(e->path, "settings");
        assert_int_equal(e->mode, 0600);
        assert_ok(archive_next(a, &e, &error));
        assert_string_equal(e->path, "disk");
        assert_int_equal(e->size, 8 << 20);
        do {
                assert_ok(archive_data(a, &data, &size, &offset, &error));
        } while (size == 0);
        assert_int_equal(offset, 4 << 20);
        assert_memory_equal(data, "data", 4);
}

static void read_back(void **state _unused_) {
        _cleanup_close_ int sparse = memfd_create("sparse", MFD_CLOEXEC);

        assert_int_equal(ftruncate(sparse, 8 << 20), 0);
        assert_int_equal(pwrite(sparse, "data", 4, 4 << 20), 4);
        for (Compression c = COMPRESS_NONE; c <= COMPRESS_BZIP2; c++) {
                _cleanup_close_ int archive = memfd_create("archive", MFD_CLOEXEC);

                pack_two(archive, sparse, c);
                assert_true(lseek(archive, 0, SEEK_END) <= 20480);
                assert_int_equal(lseek(archive, 0, SEEK_SET), 0);
                read_two(archive);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lengths_of_records),
                cmocka_unit_test(what_fits_stands_alone),
                cmocka_unit_test(what_does_not_has_records),
                cmocka_unit_test(long_paths),
                cmocka_unit_test(text_of_acls),
                cmocka_unit_test(compressions),
                cmocka_unit_test(read_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
