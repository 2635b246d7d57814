/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "digest.h"

#include <sys/mman.h>

#include "fd.h"
#include "unit.h"

/* FIPS 180-2, appendix B. */
#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_A_MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void known_ones(void **state _unused_) {
        _cleanup_(digest_freep) Digest *nothing = NULL, *abc = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        char hex[DIGEST_HEX_SIZE];

        assert_ok(digest_new(&nothing, &error));
        assert_ok(digest_new(&abc, &error));
        digest_add(abc, "a", 1);
        digest_add(abc, "bc", 2);
        digest_end(nothing, hex);
        assert_string_equal(hex, OF_NOTHING);
        digest_end(abc, hex);
        assert_string_equal(hex, OF_ABC);
}

static bool yes(void *userdata _unused_) {
        return true;
}

static void of_a_file(void **state _unused_) {
        _cleanup_close_ int fd = memfd_create("a", MFD_CLOEXEC);
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *text = malloc(1000000);
        char hex[DIGEST_HEX_SIZE];

        memset(text, 'a', 1000000);
        assert_int_equal(fd_write_all(fd, text, 1000000), 0);
        assert_ok(digest_file(fd, "a", NULL, hex, &error));
        assert_string_equal(hex, OF_A_MILLION_A);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 1000000);
        assert_int_equal(digest_file(fd, "a", &(CopyWatch){ .is_cancelled = yes }, hex, &error), -ECANCELED);
        assert_error_says(error, "interrupted");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(known_ones),
                cmocka_unit_test(of_a_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
