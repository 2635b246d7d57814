/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What files are taken for by what they begin with, and the commands that are advised: whole and true to the shell, whatever the file is called. */

#include "format.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#include "unit.h"

#define ROUNDS 20000
#define SECONDS 5

static int file_with(off_t offset, const void *bytes, size_t size) {
        int fd = memfd_create("format", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, 65536), 0);
        assert_int_equal(pwrite(fd, bytes, size, offset), (ssize_t) size);
        return fd;
}

static void names_what_it_knows(void **state _unused_) {
        static const struct {
                const char *bytes;
                size_t size;
                off_t offset;
                const char *path, *says, *advises;
        } cases[] = {
#define BYTES(s) (s), sizeof(s) - 1
                { BYTES("QFI\xfb\0\0\0\3"), 0, "/d/web.qcow2", "is a qcow2 image", "`qemu-img convert -f qcow2 -O raw /d/web.qcow2 /d/web.raw`" },
                { BYTES("QFI\xfb\0\0\0\2\0\0\0\0\0\0\1\0"), 0, "/d/web.raw", "is a qcow2 image", "/d/web-converted.raw`; it has another file" },
                { BYTES("KDMV\1"), 0, "/d/a b.vmdk", "is a vmdk image", "-f vmdk -O raw '/d/a b.vmdk' '/d/a b.raw'`" },
                { BYTES("# Disk DescriptorFile\nversion=1\n"), 0, "/d/x.vmdk", "is a vmdk image", "`; it has another file" },
                { BYTES("\x7f\x10\xda\xbe"), 64, "/d/x.vdi", "is a vdi image", "-f vdi -O raw" },
                { BYTES("vhdxfile"), 0, "/d/x.vhdx", "is a vhdx image", "-f vhdx -O raw" },
                { BYTES("conectix"), 0, "/d/x.vhd", "is a vhd image", "-f vpc -O raw" },
                { BYTES("\xfd" "7zXZ\0"), 0, "/d/web.raw.xz", "compressed by xz", "`nbox import /d/web.raw.xz`" },
                { BYTES("\x28\xb5\x2f\xfd"), 0, "/d/it's.img.zst", "compressed by zstd", "`nbox import '/d/it'\\''s.img.zst'`" },
                { BYTES("\x1f\x8b\x08"), 0, "/d/web.tar.gz", "compressed by gzip", "`nbox import /d/web.t" },
                { BYTES("\x1f\x8b\x08"), 0, "/d.d/web", "compressed by gzip", "`nbox import /d.d/web`" },
                { BYTES("\x1f\x8b\x08"), 0, "/d/web.tgz", "compressed by gzip", "`nbox import /d/web.t" },
                { BYTES("ustar"), 257, "/d/web.tar", "is a tar archive", "`nbox import /d/web.tar`" },
                { BYTES("\x04\x22\x4d\x18"), 0, "/d/web.raw.lz4", "compressed by lz4", "`lz4 -dc /d/web.raw.lz4 >/d/web.raw`" },
                { BYTES("CD001"), 32769, "/d/x.iso", "is a CD image", "mount -o ro,loop /d/x.iso DIR" },
                { BYTES("LUKS\xba\xbe\0\2"), 0, "/d/x.raw", "encrypted by LUKS", "cryptsetup open --type luks /d/x.raw" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_close_ int fd = file_with(cases[i].offset, cases[i].bytes, cases[i].size);
                _cleanup_(error_freep) Error *error = NULL;

                assert_int_equal(format_refuse(fd, cases[i].path, &error), -EMEDIUMTYPE);
                assert_error_says(error, cases[i].says);
                if (!strstr(error->hint, cases[i].advises))
                        fail_msg("'%s' has no '%s'", error->hint, cases[i].advises);
        }
}

static void leaves_disks_alone(void **state _unused_) {
        static const char *const cases[] = { "", "\xeb\x63\x90", "\x1f\x8b", "QFI\xfb", "ustar", "hsqs", "K", "BZ", "conecti" };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_close_ int fd = file_with(0, cases[i], strlen(cases[i])), tiny = memfd_create("tiny", MFD_CLOEXEC);
                _cleanup_(error_freep) Error *error = NULL;

                assert_int_equal(write(tiny, cases[i], strlen(cases[i])), (ssize_t) strlen(cases[i]));
                assert_int_equal(format_refuse(fd, "/d/x.raw", &error), 0);
                assert_int_equal(format_refuse(tiny, "/d/x.raw", &error), 0);
                assert_null(error);
        }
}

/* The footer's checksum decides: without it, those eight bytes are anybody's. */
static void knows_a_vhd_by_its_footer(void **state _unused_) {
        uint8_t footer[512] = "conectix";
        _cleanup_(error_freep) Error *error = NULL;
        uint32_t sum = 0;
        int fd;

        fd = file_with(65536 - 512, footer, sizeof(footer));
        assert_int_equal(format_refuse(fd, "/d/x.raw", &error), 0);
        close(fd);
        for (size_t i = 0; i < sizeof(footer); i++)
                sum += footer[i];
        sum = ~sum;
        for (int i = 0; i < 4; i++)
                footer[64 + i] = (uint8_t) (sum >> (24 - 8 * i));
        fd = file_with(65536 - 512, footer, sizeof(footer));
        assert_int_equal(format_refuse(fd, "/d/x.raw", &error), -EMEDIUMTYPE);
        assert_error_says(error, "is a vhd image");
        close(fd);
}

static uint32_t next(uint64_t *state, uint32_t below) {
        *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (uint32_t) (*state >> 33) % below;
}

/* Headers and names that nobody made: what is looked for is what the sanitizers see, and that a refusal always has its advice. */
static void fuzz(void **state _unused_) {
        static const char *const starts[] = { "QFI\xfb", "KDMV", "# Disk DescriptorFile", "vhdxfile", "conectix", "\x1f\x8b\x08", "\xfd" "7zXZ", "PK\3\4", "BZh" };
        static const char letters[] = "ab.'/ -%$`.tar.xz.gz.qcow2\xc3\xa4";
        uint64_t random = 20240229;
        time_t end = time(NULL) + SECONDS;
        int refused = 0;

        for (int i = 0; i < ROUNDS && time(NULL) < end; i++) {
                _cleanup_close_ int fd = memfd_create("format", MFD_CLOEXEC);
                _cleanup_(error_freep) Error *error = NULL;
                char bytes[600], path[64] = "/";
                const char *start = starts[next(&random, ELEMENTSOF(starts))];
                size_t size = next(&random, sizeof(bytes)), length = next(&random, sizeof(path) - 2);

                for (size_t j = 0; j < size; j++)
                        bytes[j] = (char) next(&random, next(&random, 2) ? 4 : 256);
                if (next(&random, 4) > 0)
                        memcpy(bytes, start, strlen(start) < size ? strlen(start) : size);
                for (size_t j = 0; j < length; j++)
                        path[1 + j] = letters[next(&random, sizeof(letters) - 1)];
                path[1 + length] = 0;
                assert_int_equal(write(fd, bytes, size), (ssize_t) size);
                if (format_refuse(fd, path, &error) < 0) {
                        assert_non_null(error->hint);
                        refused++;
                } else
                        assert_null(error);
        }
        assert_true(refused > 1000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_what_it_knows),
                cmocka_unit_test(leaves_disks_alone),
                cmocka_unit_test(knows_a_vhd_by_its_footer),
                cmocka_unit_test(fuzz),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
