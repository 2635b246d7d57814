/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What goes into authorized_keys: public keys, and nothing that only looks like one. */

#include "ssh-key.h"

#include "first-user.h"
#include "unit.h"

#define ED25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP8b4mFkAYnPDj0C8c9R2X9r9+JWze8Ev9LAMKC+fTkx"
#define ECDSA "ecdsa-sha2-nistp256 " \
        "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKt9TSZ4R0j8roY4hBQgR2lNfU4/aDMFJbjsSrcgqEt2PolMPJV32Munozk9vFMT8cg9R+/oU4dDFpxg+aW0VR0="

static void takes_public_keys(void **state _unused_) {
        static const struct {
                const char *text, *keys;
        } cases[] = {
                { ED25519 "\n", ED25519 "\n" },
                { ED25519 " alice@example\r\n\n  # hers\n" ECDSA, ED25519 " alice@example\n" ECDSA "\n" },
                { "\t" ED25519 "\tAlice B\xc3\xb6hm  \n", ED25519 " Alice B\xc3\xb6hm\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_free_ char *keys = NULL;

                assert_ok(ssh_keys_parse(cases[i].text, "key.pub", &keys, &error));
                assert_string_equal(keys, cases[i].keys);
        }
}

static void refuses_all_else(void **state _unused_) {
        static const struct {
                const char *text, *says;
        } cases[] = {
                { "", "no key in key.pub" },
                { "\n# nothing\n", "no key in key.pub" },
                { "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n", "is a private key" },
                { ED25519 "\nroot:x:0:0::/:/bin/sh\n", "Line 2 of key.pub" },
                { "command=\"/bin/sh\" " ED25519 "\n", "Line 1" },
                { "ssh-dss AAAAB3NzaC1kc3MAAACBAP==\n", "Line 1" },
                { "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIP8b4mFkAYnPDj0C8c9R2X9r9+JWze8Ev9LAMKC+fTkx\n", "Line 1" }, /* its type is another */
                { "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n", "Line 1" },
                { "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP8b4mFkAYnPDj0C8c9R2X9r9+JWze8Ev9LAMKC+fTk\n", "Line 1" },
                { "ssh-ed25519 AAAA=3NzaC1lZDI1NTE5AAAAIP8b4mFkAYnPDj0C8c9R2X9r9+JWze8Ev9LAMKC+fTkx\n", "Line 1" },
                { "ssh-ed25519\n", "Line 1" },
                { "ssh-ed25519 \n", "Line 1" },
                { ED25519 " \x1b[2J\n", "Line 1" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_free_ char *keys = NULL;

                assert_int_equal(ssh_keys_parse(cases[i].text, "key.pub", &keys, &error), -EINVAL);
                assert_error_says(error, cases[i].says);
        }
}

static void names_of_users(void **state _unused_) {
        static const char *const good[] = { "alice", "_apt", "a", "b-2_c", "abcdefghijklmnopqrstuvwxyz012345" };
        static const char *const bad[] = { "", "root", "Alice", "1a", "-a", "a:b", "a b", "a/b", "a\n", "a.b", "abcdefghijklmnopqrstuvwxyz0123456",
                                           "\xc3\xa9" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_int_equal(first_user_check(good[i], NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(first_user_check(bad[i], NULL), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_public_keys),
                cmocka_unit_test(refuses_all_else),
                cmocka_unit_test(names_of_users),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
