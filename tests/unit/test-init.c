/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>

#include "init.h"
#include "unit.h"

static void knows_inits_by_looking(void **state _unused_) {
        static const struct {
                const char *exe, *argv0;
                InitKind kind;
        } cases[] = {
                { "/usr/lib/systemd/systemd", "/sbin/init", INIT_SYSTEMD },
                { "/lib/systemd/systemd (deleted)", "systemd", INIT_SYSTEMD },
                { "/usr/lib/systemd/systemd-shutdown", "x", INIT_OTHER },
                { "/bin/busybox", "/sbin/init", INIT_BUSYBOX },
                { "/bin/busybox", "init", INIT_BUSYBOX },
                { "/bin/busybox", "linuxrc", INIT_BUSYBOX },
                { "/bin/busybox", "/bin/sh", INIT_OTHER }, /* a script as init */
                { "/bin/busybox", NULL, INIT_OTHER },
                { "/sbin/openrc-init", "/sbin/init", INIT_OPENRC },
                { "/usr/sbin/init", "init [2]", INIT_SYSVINIT },
                { "/sbin/runit", "runit", INIT_OTHER },
                { "", "init", INIT_OTHER },
                { NULL, NULL, INIT_OTHER },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (init_kind_of(cases[i].exe, cases[i].argv0) != cases[i].kind)
                        fail_msg("case %zu is %s", i, init_kind_to_string(init_kind_of(cases[i].exe, cases[i].argv0)));
}

/* One's power-off is another's reboot. */
static void signals(void **state _unused_) {
        assert_int_equal(init_signal(INIT_SYSTEMD, INIT_POWEROFF), 38);
        assert_int_equal(init_signal(INIT_SYSTEMD, INIT_HALT), 37);
        assert_int_equal(init_signal(INIT_SYSTEMD, INIT_REBOOT), 39);
        assert_int_equal(init_signal(INIT_BUSYBOX, INIT_POWEROFF), SIGUSR2);
        assert_int_equal(init_signal(INIT_BUSYBOX, INIT_REBOOT), SIGTERM);
        assert_int_equal(init_signal(INIT_OPENRC, INIT_POWEROFF), SIGTERM);
        assert_int_equal(init_signal(INIT_SYSVINIT, INIT_POWEROFF), 0);
        assert_int_equal(init_signal(INIT_OTHER, INIT_REBOOT), 0);
        for (int k = INIT_OTHER; k <= INIT_SYSVINIT; k++)
                assert_int_equal(init_signal((InitKind) k, INIT_KILL), SIGKILL);
}

static void programs(void **state _unused_) {
        assert_string_equal(init_program(INIT_POWEROFF, 0)[0], "poweroff");
        assert_string_equal(init_program(INIT_REBOOT, 1)[1], "-r");
        for (int a = INIT_POWEROFF; a <= INIT_REBOOT; a++) {
                unsigned n = 0;

                while (init_program((InitAction) a, n))
                        n++;
                assert_int_equal(n, 3);
        }
        assert_null(init_program(INIT_KILL, 0));
}

static void actions_by_name(void **state _unused_) {
        InitAction a;

        for (int i = INIT_POWEROFF; i <= INIT_KILL; i++) {
                assert_int_equal(init_action_from_string(init_action_to_string((InitAction) i), &a), 0);
                assert_int_equal(a, i);
        }
        assert_int_equal(init_action_from_string("explode", &a), -EINVAL);
}

static void id_maps(void **state _unused_) {
        IdRange r[2];

        assert_int_equal(guest_parse_id_map("         0     100000      65536\n", r, 2), 1);
        assert_int_equal(guest_map_id(r, 1, 0), 100000);
        assert_int_equal(guest_map_id(r, 1, 65535), 165535);
        assert_int_equal(guest_map_id(r, 1, 65536), UINT32_MAX);
        assert_int_equal(guest_parse_id_map("0 0 4294967295\n", r, 2), 1);
        assert_int_equal(guest_map_id(r, 1, 4242), 4242);
        assert_int_equal(guest_parse_id_map("0 5 1\n10 6 1\n", r, 2), 2);
        assert_int_equal(guest_map_id(r, 2, 10), 6);
        assert_int_equal(guest_parse_id_map("0 5 1\n1 6 1\n2 7 1\n", r, 2), -E2BIG);
        assert_int_equal(guest_parse_id_map("0 5\n", r, 2), -EBADMSG);
        assert_int_equal(guest_parse_id_map("", r, 2), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(knows_inits_by_looking),
                cmocka_unit_test(signals),
                cmocka_unit_test(programs),
                cmocka_unit_test(actions_by_name),
                cmocka_unit_test(id_maps),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
