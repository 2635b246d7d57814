/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change.h"

#include "strv.h"
#include "unit.h"

static const char renaming[] =
        "Version=1\nKind=rename\nDirectory=/var/lib/machines\nFrom=web.raw\nInode=1234\nBorn=1700000000000000\nTo=db.raw\nMachine=web\n"
        "NewMachine=db\nImmutable=yes\nPath=/etc/nbox/web.conf\nNewPath=/etc/nbox/db.conf\n"
        "Path=/var/lib/machines/web.roothash\nNewPath=/var/lib/machines/db.roothash\n";

static int parse(const char *text, Change **ret, Error **error) {
        _cleanup_free_ char *copy = strdup(text);

        assert_non_null(copy);
        return change_parse(copy, ret, error);
}

static void text_survives(void **state _unused_) {
        _cleanup_(change_freep) Change *c = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *text = NULL;

        assert_ok(parse(renaming, &c, &error));
        assert_int_equal(c->kind, CHANGE_RENAME);
        assert_string_equal(c->from, "web.raw");
        assert_string_equal(c->to, "db.raw");
        assert_int_equal(c->inode, 1234);
        assert_true(c->immutable);
        assert_int_equal(strv_length(c->paths), 2);
        assert_string_equal(c->new_paths[1], "/var/lib/machines/db.roothash");
        text = change_format(c);
        assert_string_equal(text, renaming);
}

/* One that was cut short, or that somebody has edited, does nothing at all. */
static void damaged_ones_are_refused(void **state _unused_) {
        static const char *const bad[] = {
                "",
                "Version=1\nKind=rename\n",
                "Version=1\nKind=paint\nDirectory=/d\nFrom=a\n",
                "Version=1\nKind=remove\nDirectory=d\nFrom=a\n",
                "Version=1\nKind=remove\nDirectory=/d\nFrom=../a\n",
                "Version=1\nKind=remove\nDirectory=/d\nFrom=\n",
                "Version=1\nKind=remove\nDirectory=/d\nFrom=a\nInode=x\n",
                "Version=1\nKind=remove\nDirectory=/d\nFrom=a\nPath=relative\n",
                "Version=1\nKind=remove\nDirectory=/d\nFrom=a\nPath=/a\nNewPath=/b\n",
                "Version=1\nKind=rename\nDirectory=/d\nFrom=a\nTo=b\nPath=/a\n",
                "Version=1\nKind=rename\nDirectory=/d\nFrom=a\n",
                "Version=1\nKind=add\nDirectory=/d\nFrom=a\n",
                "Version=1\nKind=add\nDirectory=/d\nFrom=a\nTo=b\nPath=/a\nNewPath=/b\n",
                "Version=1\nKind=remove\nDirectory=/d\nFrom=a\nColour=red\n",
                "Version=1\nKind=remove\nDirectory=/d\nFrom=a\nno line\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(change_freep) Change *c = NULL;

                assert_int_equal(parse(bad[i], &c, &error), -EBADMSG);
                assert_error_says(error, "is damaged");
        }
}

static void newer_ones_are_left(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(change_freep) Change *c = NULL;

        assert_int_equal(parse("Version=2\nKind=rename\nDirectory=/d\nFrom=a\nTo=b\n", &c, &error), -EPROTONOSUPPORT);
        assert_error_says(error, "newer nbox");
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_survives),
                cmocka_unit_test(damaged_ones_are_refused),
                cmocka_unit_test(newer_ones_are_left),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
