/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include "unit.h"

#define HEAD "Version=1\nName=web\nBootId=0123456789abcdef0123456789abcdef\n"

static void round_trip(void **state _unused_) {
        _cleanup_(record_freep) MachineRecord *a = record_new(), *b = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *text = NULL, *again = NULL;

        a->name = strdup("web-1");
        memset(a->id, 0xab, 16);
        strcpy(a->boot_id, "0123456789abcdef0123456789abcdef");
        a->mode = START_RUN;
        a->state = MACHINE_STOPPING;
        a->init_kind = INIT_S6;
        a->leader = 4711;
        a->leader_start = UINT64_MAX;
        a->root = strdup("/var/lib/machines/a tree=1");
        a->cgroup_owned = true;
        a->uid_base = 4000000000u;
        a->uid_range = 65536;
        assert_ok(strv_append(&a->ports, "tcp:8080:80"));
        assert_ok(strv_append(&a->ports, "udp:53:53"));
        a->n_ttys = 4;

        assert_ok(record_format(a, &text, &error));
        assert_ok(record_parse(text, strlen(text), &b, &error));
        assert_ok(record_format(b, &again, &error));
        assert_string_equal(text, again);
        assert_string_equal(b->root, a->root);
        assert_int_equal(b->kill_signal, -1);
        assert_int_equal(b->mode, START_RUN);
        assert_int_equal(b->state, MACHINE_STOPPING);
        assert_int_equal(b->init_kind, INIT_S6);
        assert_int_equal(b->network, NETWORK_UNSET);
        assert_int_equal(b->leader, 4711);
        assert_true(b->leader_start == UINT64_MAX);
        assert_true(b->uid_base == 4000000000u);
        assert_true(b->cgroup_owned);
        assert_false(b->registered);
        assert_null(b->os);
        assert_int_equal(strv_length(b->ports), 2);
        assert_string_equal(b->ports[1], "udp:53:53");
}

static void refuses_newlines_in_values(void **state _unused_) {
        _cleanup_(record_freep) MachineRecord *r = record_new();
        _cleanup_(error_freep) Error *error = NULL;
        char *text = NULL;

        r->name = strdup("web");
        r->os = strdup("Evil\nLeader=1");
        assert_int_equal(record_format(r, &text, &error), -EINVAL);
        assert_error_says(error, "OS");
        assert_null(text);
}

static void passes_over_unknown_keys(void **state _unused_) {
        static const char text[] = HEAD "Colour=blue\nLeader=7\n";
        _cleanup_(record_freep) MachineRecord *r = NULL;
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(record_parse(text, strlen(text), &r, &error));
        assert_int_equal(r->leader, 7);
}

/* As a record would be after ten years: only the core is believed. */
static void takes_the_core_of_a_newer_one(void **state _unused_) {
        static const char text[] = "Version=12\nName=web\nBootId=0123456789abcdef0123456789abcdef\nState=dreaming\nLeader=7\n"
                                   "LeaderStart=99\nControlGroup=[{\"/\"}]\nRegistered=maybe\nRootDirectory=/\nLock=/etc/passwd\n";
        _cleanup_(record_freep) MachineRecord *r = NULL;
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(record_parse(text, strlen(text), &r, &error));
        assert_int_equal(r->version, 12);
        assert_string_equal(r->name, "web");
        assert_int_equal(r->state, MACHINE_RUNNING);
        assert_int_equal(r->leader, 7);
        assert_true(r->leader_start == 99);
        assert_null(r->cgroup);
        assert_null(r->root);
        assert_null(r->locks);
}

static void refuses_hostile_text(void **state _unused_) {
        static const struct {
                const char *text;
                size_t size; /* 0: strlen */
                int error;
        } cases[] = {
                { "", 0, -EBADMSG },
                { "Name=web\n", 0, -EBADMSG },
                { "Version=2\nName=web\n", 0, -EBADMSG },                       /* no boot id */
                { "Version=0\nName=web\nBootId=0123456789abcdef0123456789abcdef\n", 0, -EBADMSG },
                { "Version=1x\n", 0, -EBADMSG },
                { "Version=1\nName=web\n", 0, -EBADMSG },                       /* no boot id */
                { HEAD "Leader=-5\n", 0, -EBADMSG },
                { HEAD "Leader=99999999999\n", 0, -EBADMSG },
                { HEAD "Leader=12 \n", 0, -EBADMSG },
                { HEAD "Leader=-1\n", 0, -EBADMSG },
                { HEAD "UIDBase=4294967296\n", 0, -EBADMSG },
                { HEAD "Registered=maybe\n", 0, -EBADMSG },
                { HEAD "OS=a\x1b[31m\n", 0, -EBADMSG },
                { HEAD "OS\n", 0, -EBADMSG },
                { HEAD "=x\n", 0, -EBADMSG },
                { HEAD "BootId=0123\n", 0, -EBADMSG },
                { HEAD "Name=../x\n", 0, -EBADMSG },
                { HEAD "OS=a\0b\n", sizeof(HEAD "OS=a\0b\n") - 1, -EBADMSG },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                MachineRecord *r = NULL;
                size_t size = cases[i].size ? cases[i].size : strlen(cases[i].text);
                int k = record_parse(cases[i].text, size, &r, &error);

                if (k != cases[i].error)
                        fail_msg("case %zu: %d instead of %d", i, k, cases[i].error);
                assert_non_null(error);
                assert_null(r);
        }
}

static void is_bounded(void **state _unused_) {
        _cleanup_free_ char *text = calloc(1, 200000);
        _cleanup_(error_freep) Error *error = NULL;
        MachineRecord *r = NULL;
        char *p = stpcpy(text, HEAD);

        memset(p, 'x', 190000);
        assert_int_equal(record_parse(text, strlen(text), &r, &error), -EFBIG);

        for (int i = 0; i < 2000; i++)
                p = stpcpy(p, "Port=tcp:1:1\n");
        assert_int_equal(record_parse(text, strlen(text), &r, &error), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(round_trip),
                cmocka_unit_test(refuses_newlines_in_values),
                cmocka_unit_test(passes_over_unknown_keys),
                cmocka_unit_test(takes_the_core_of_a_newer_one),
                cmocka_unit_test(refuses_hostile_text),
                cmocka_unit_test(is_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
