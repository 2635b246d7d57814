/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream-tee.h"

#include <sys/mman.h>

#include "fd.h"
#include "machine-stream.h"
#include "unit.h"

#define SIZE 3000001U

static int memory(void) {
        int fd = memfd_create("stream", MFD_CLOEXEC);

        assert_true(fd >= 0);
        return fd;
}

/* A stream of so many bytes in a file; `whole`: with its end. */
static int stream_of(size_t size, bool whole, const char *begin) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(digest_freep) Digest *digest = NULL;
        _cleanup_free_ char *data = malloc(size + 1);
        uint8_t tail[STREAM_TAIL_MAX];
        char hex[DIGEST_HEX_SIZE];
        int file = memory();

        assert_non_null(data);
        for (size_t i = 0; i < size; i++)
                data[i] = (char) (i * 7 % 251);
        memcpy(data, begin, strlen(begin) < size ? strlen(begin) : size);
        assert_ok(digest_new(&digest, &error));
        digest_add(digest, data, size);
        digest_end(digest, hex);
        assert_ok(fd_write_all(file, data, size));
        if (whole)
                assert_ok(fd_write_all(file, tail, stream_tail(hex, stream_is_zstd(data, size), tail)));
        return file;
}

/* What comes out is what went in, and what the check says of it. */
static int check(int file) {
        _cleanup_(stream_tee_freep) StreamTee *t = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *in = NULL, *out = NULL;
        _cleanup_close_ int fd = -1;
        char digest[DIGEST_HEX_SIZE];
        size_t n_in, n_out;
        int r;

        lseek(file, 0, SEEK_SET);
        assert_ok(fd_read_all(file, 2 * SIZE, &in, &n_in));
        lseek(file, 0, SEEK_SET);
        assert_ok(stream_tee_open(file, &t, &fd, &error));
        assert_ok(fd_read_all(fd, 2 * SIZE, &out, &n_out));
        assert_int_equal(n_in, n_out);
        assert_memory_equal(in, out, n_in);
        r = stream_tee_check(t, fd, NULL, digest, &error);
        if (r < 0)
                assert_error_says(error, "cut off or damaged");
        return r;
}

static void whole_streams_are(void **state _unused_) {
        static const size_t sizes[] = { 0, 1, 3, 2047, 2048, 4096, 262144, SIZE };

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                _cleanup_close_ int plain = stream_of(sizes[i], true, "tar"), zstd = stream_of(sizes[i], true, "\x28\xb5\x2f\xfd");

                assert_int_equal(check(plain), 0);
                assert_int_equal(check(zstd), 0);
        }
}

static void others_are_not(void **state _unused_) {
        static const size_t cuts[] = { 1, 512, 1024, 1536, 2047, 2048, 2049, SIZE / 2, SIZE };
        static const size_t flips[] = { 0, 5, SIZE / 2, SIZE - 1, SIZE, SIZE + 150, SIZE + 530, SIZE + 1500, SIZE + 2047 };
        _cleanup_close_ int unfinished = stream_of(SIZE, false, "tar");

        assert_int_equal(check(unfinished), -EBADMSG);
        for (size_t i = 0; i < ELEMENTSOF(cuts); i++) {
                _cleanup_close_ int file = stream_of(SIZE, true, "tar");

                assert_int_equal(ftruncate(file, (off_t) (SIZE + STREAM_TAIL_SIZE - cuts[i])), 0);
                assert_int_equal(check(file), -EBADMSG);
        }
        for (size_t i = 0; i < ELEMENTSOF(flips); i++) {
                _cleanup_close_ int file = stream_of(SIZE, true, "tar");
                char byte;

                assert_int_equal(pread(file, &byte, 1, (off_t) flips[i]), 1);
                byte ^= 1;
                assert_int_equal(pwrite(file, &byte, 1, (off_t) flips[i]), 1);
                assert_int_equal(check(file), -EBADMSG);
        }
}

static void surplus_is_refused(void **state _unused_) {
        _cleanup_close_ int file = stream_of(100, true, "tar");

        lseek(file, 0, SEEK_END);
        assert_int_equal(fd_write_all(file, "more", 4), 0);
        assert_int_equal(check(file), -EBADMSG);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(whole_streams_are),
                cmocka_unit_test(others_are_not),
                cmocka_unit_test(surplus_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
