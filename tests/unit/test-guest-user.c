/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-user.h"

#include "unit.h"

static const char passwd[] =
        "root:x:0:0:root:/root:/bin/bash\n"
        "# a comment\n"
        "broken:x:1\n"
        "minus:x:-1:0::/:/bin/sh\n"
        "toobig:x:4294967295:0::/:/bin/sh\n"
        "\n"
        ":x:7:7::/:/bin/sh\n"
        "web:x:33:33:www:/var/www:/usr/sbin/nologin\n"
        "escape:x:1002:1002::/../../etc:../bin/sh\n"
        "last:x:1003:1003::/home/last:"; /* no newline, no shell */

static const char group[] = "root:x:0:\nadm:x:4:web,root\nwww:x:33:web\nwebs:x:34:webmaster\nmany:x:35:a,b,web\nbad:x:x:web\n";

static GuestUser *find(const char *user) {
        GuestUser *u = NULL;

        if (guest_user_parse(passwd, group, user, &u) < 0)
                return NULL;
        return u;
}

static void finds_users(void **state _unused_) {
        _cleanup_(guest_user_freep) GuestUser *root = find(NULL), *web = find("web"), *by_uid = find("33"), *last = find("last");

        assert_int_equal(root->uid, 0);
        assert_string_equal(root->home, "/root");
        assert_string_equal(root->shell, "/bin/bash");
        assert_int_equal(root->n_groups, 1);

        assert_int_equal(web->gid, 33);
        assert_int_equal(web->n_groups, 2); /* not its own group again, not webs */
        assert_int_equal(web->groups[0], 4);
        assert_int_equal(web->groups[1], 35);
        assert_string_equal(by_uid->name, "web");
        assert_string_equal(last->shell, "/bin/sh");
        assert_string_equal(last->home, "/home/last");
}

static void takes_a_group(void **state _unused_) {
        _cleanup_(guest_user_freep) GuestUser *web = find("web:adm"), *by_gid = find("33:7"), *stranger = find("5:www"), *plain = find("5");

        assert_int_equal(web->uid, 33);
        assert_int_equal(web->gid, 4);
        assert_int_equal(web->n_groups, 0);
        assert_true(web->listed);
        assert_string_equal(by_gid->name, "web");
        assert_int_equal(by_gid->gid, 7);
        assert_int_equal(stranger->uid, 5);
        assert_int_equal(stranger->gid, 33);
        assert_false(plain->listed);
        assert_null(find("web:none"));
        assert_null(find("none:adm"));
        assert_null(find("web:"));
        assert_null(find("web:bad"));
        assert_null(find(":adm"));
        assert_null(find("web:4294967295"));
}

static void refuses_what_is_none(void **state _unused_) {
        assert_null(find("nobody"));
        assert_null(find("broken"));
        assert_null(find("minus"));
        assert_null(find("toobig"));
        assert_null(find(""));
        assert_null(find("ro"));
        assert_null(find("4294967295")); /* (uid_t) -1: "leave as it is" to setresuid(2) */
}

static void takes_only_clean_paths(void **state _unused_) {
        _cleanup_(guest_user_freep) GuestUser *u = find("escape");

        assert_string_equal(u->home, "/");
        assert_string_equal(u->shell, "/bin/sh");
}

static void works_without_files(void **state _unused_) {
        _cleanup_(guest_user_freep) GuestUser *root = NULL, *n = NULL;
        GuestUser *none = NULL;

        assert_int_equal(guest_user_parse(NULL, NULL, NULL, &root), 0);
        assert_string_equal(root->home, "/root");
        assert_int_equal(guest_user_parse(NULL, NULL, "1234", &n), 0);
        assert_int_equal(n->uid, 1234);
        assert_int_equal(n->gid, 1234);
        assert_int_equal(guest_user_parse(NULL, NULL, "web", &none), -ENXIO);
}

static void locked_passwords(void **state _unused_) {
        assert_true(guest_password_is_locked("root:*:1:0:99999:7:::\n", "root"));
        assert_true(guest_password_is_locked("a:x\nroot:!$6$abc:1::::::\n", "root"));
        assert_false(guest_password_is_locked("root::1::::::\n", "root"));
        assert_false(guest_password_is_locked("root:$6$abc:1::::::\n", "root"));
        assert_false(guest_password_is_locked("rooty:*:1::::::\n", "root"));
        assert_false(guest_password_is_locked("", "root"));
}

/* A line longer than any buffer is passed over, whole. */
static void long_lines(void **state _unused_) {
        _cleanup_free_ char *text = calloc(1, 20000);
        _cleanup_(guest_user_freep) GuestUser *u = NULL;

        memset(text, 'x', 10000);
        strcpy(text + 10000, ":x:5:5::/:/bin/sh\nok:x:6:6::/:/bin/sh\n");
        assert_int_equal(guest_user_parse(text, NULL, "ok", &u), 0);
        assert_int_equal(u->uid, 6);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_users),
                cmocka_unit_test(takes_a_group),
                cmocka_unit_test(refuses_what_is_none),
                cmocka_unit_test(takes_only_clean_paths),
                cmocka_unit_test(works_without_files),
                cmocka_unit_test(locked_passwords),
                cmocka_unit_test(long_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
