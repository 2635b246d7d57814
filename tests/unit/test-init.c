/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>

#include "guest.h"
#include "init.h"
#include "parse.h"
#include "unit.h"

#define SECOND UINT64_C(1000000)

static const InitKnown unknown = { .kind = INIT_AUTO };

static void assert_kind(const InitProcess *p, InitKnown known, InitKind wanted) {
        InitKind got = init_kind_of(p, known);

        if (got != wanted)
                fail_msg("%s called %s is taken for %s, not %s", p->exe ?: "-", p->argv0 ?: "-", init_kind_to_string(got),
                         init_kind_to_string(wanted));
}

static void knows_inits_by_their_process(void **state _unused_) {
        static const struct {
                const char *exe, *argv0;
                InitKind kind;
        } cases[] = {
                { "/usr/lib/systemd/systemd", "/sbin/init", INIT_SYSTEMD },
                { "/lib/systemd/systemd (deleted)", "systemd", INIT_SYSTEMD },
                { "/usr/lib/systemd/systemd-shutdown", "x", INIT_SYSTEMD },
                { "/usr/lib/systemd/systemd-journald", "x", INIT_OTHER },
                { "/bin/busybox", "/sbin/init", INIT_BUSYBOX },
                { "/bin/busybox", "init", INIT_BUSYBOX },
                { "/bin/busybox", "linuxrc", INIT_BUSYBOX },
                { "/bin/busybox", "/bin/sh", INIT_OTHER }, /* a script as init */
                { "/bin/busybox", NULL, INIT_OTHER },
                { "/sbin/openrc-init", "/sbin/init", INIT_OPENRC },
                { "/usr/sbin/init", "init [2]", INIT_OTHER }, /* anything can be called so */
                { "/sbin/runit", "runit", INIT_RUNIT },
                { "/sbin/finit", "/sbin/init", INIT_FINIT },
                { "/usr/bin/s6-svscan", "s6-svscan", INIT_S6 },
                { "/sbin/dinit", "/sbin/init", INIT_DINIT },
                { "/usr/bin/tini", "/sbin/init", INIT_TINY },
                { "/usr/bin/dumb-init", "dumb-init", INIT_TINY },
                { "/usr/bin/dash", "/bin/sh", INIT_OTHER },
                { "", "init", INIT_OTHER },
                { NULL, NULL, INIT_OTHER },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_kind(&(InitProcess){ .exe = cases[i].exe, .argv0 = cases[i].argv0 }, unknown, cases[i].kind);
}

/* What the tree has there helps where the process's executable says nothing, and only there. */
static void knows_inits_by_the_tree(void **state _unused_) {
        InitKnown sysvinit = { .kind = INIT_SYSVINIT }, systemd = { .kind = INIT_SYSTEMD }, chosen = { .kind = INIT_RUNIT, .chosen = true };

        assert_kind(&(InitProcess){ .exe = "/usr/sbin/init", .argv0 = "init [2]" }, sysvinit, INIT_SYSVINIT);
        assert_kind(&(InitProcess){ .exe = "/bin/busybox", .argv0 = "/bin/sh" }, sysvinit, INIT_OTHER);
        assert_kind(&(InitProcess){ .exe = "/sbin/finit", .argv0 = "init" }, sysvinit, INIT_FINIT);
        /* Under an emulator, both must agree. */
        assert_kind(&(InitProcess){ .exe = "/usr/bin/qemu-arm-static", .argv0 = "/sbin/init", .comm = "systemd" }, systemd, INIT_SYSTEMD);
        assert_kind(&(InitProcess){ .exe = "/usr/bin/qemu-arm-static", .argv0 = "qemu-arm-static", .comm = "sh" }, systemd, INIT_OTHER);
        assert_kind(&(InitProcess){ .exe = "/bin/bash", .argv0 = "/bin/sh", .comm = "systemd" }, systemd, INIT_OTHER);
        /* The settings are believed. */
        assert_kind(&(InitProcess){ .exe = "/usr/lib/systemd/systemd", .argv0 = "x" }, chosen, INIT_RUNIT);
        assert_kind(&(InitProcess){}, chosen, INIT_RUNIT);
}

static void knows_inits_by_their_file(void **state _unused_) {
        static const char sysvinit[] = "\177ELF\0\0INIT_VERSION=sysvinit-3.06\0", finit[] = "\177ELF\0/etc/finit.conf", script[] = "#!/bin/sh\n";

        assert_int_equal(init_kind_of_name("/usr/lib/systemd/systemd"), INIT_SYSTEMD);
        assert_int_equal(init_kind_of_name("/usr/sbin/init"), INIT_AUTO);
        assert_int_equal(init_kind_of_name("/usr/bin/dash"), INIT_OTHER);
        assert_int_equal(init_kind_of_content(sysvinit, sizeof(sysvinit)), INIT_SYSVINIT);
        assert_int_equal(init_kind_of_content(finit, sizeof(finit)), INIT_FINIT);
        assert_int_equal(init_kind_of_content(script, sizeof(script)), INIT_OTHER);
        assert_int_equal(init_kind_of_content("", 0), INIT_OTHER);
}

/* One's power-off is another's reboot. */
static void signals(void **state _unused_) {
        InitAction a;

        assert_int_equal(init_signal(INIT_SYSTEMD, INIT_POWEROFF), 38);
        assert_int_equal(init_signal(INIT_SYSTEMD, INIT_HALT), 37);
        assert_int_equal(init_signal(INIT_SYSTEMD, INIT_REBOOT), 39);
        assert_int_equal(init_signal(INIT_BUSYBOX, INIT_POWEROFF), SIGUSR2);
        assert_int_equal(init_signal(INIT_BUSYBOX, INIT_REBOOT), SIGTERM);
        assert_int_equal(init_signal(INIT_OPENRC, INIT_POWEROFF), SIGTERM);
        assert_int_equal(init_signal(INIT_SYSVINIT, INIT_REBOOT), 0);
        assert_int_equal(init_signal(INIT_OTHER, INIT_REBOOT), 0);
        for (InitKind k = 0; k < INIT_KINDS; k++) {
                assert_int_equal(init_signal(k, INIT_KILL), SIGKILL);
                assert_non_null(init_kind_to_string(k));
                assert_int_equal(init_kind_from_string(init_kind_to_string(k)), k);
                assert_non_null(init_traits(k)->title);
        }
        assert_int_equal(init_action_of_signal(38, &a), 0);
        assert_int_equal(a, INIT_POWEROFF);
        assert_int_equal(init_action_of_signal(SIGINT, &a), 0);
        assert_int_equal(a, INIT_REBOOT);
        assert_int_equal(init_action_of_signal(SIGTERM, &a), -EINVAL);
        assert_int_equal(init_action_of_signal(0, &a), -EINVAL);
}

/* What the log and the manual page say of a signal is what a settings file would have. */
static void signals_by_name(void **state _unused_) {
        char text[SIGNAL_TEXT_MAX];
        int sig;

        for (InitKind k = 0; k < INIT_KINDS; k++)
                for (int a = 0; a < INIT_ACTIONS; a++)
                        if (init_signal(k, (InitAction) a) > 0) {
                                assert_int_equal(parse_signal(signal_to_text(init_signal(k, (InitAction) a), text), &sig), 0);
                                assert_int_equal(sig, init_signal(k, (InitAction) a));
                        }
        assert_string_equal(signal_to_text(SIGRTMIN + 4, text), "SIGRTMIN+4");
        assert_string_equal(signal_to_text(-7, text), "-7");
}

static void programs(void **state _unused_) {
        assert_string_equal(init_program(INIT_OTHER, INIT_POWEROFF, 0)[0], "poweroff");
        assert_string_equal(init_program(INIT_OTHER, INIT_REBOOT, 1)[1], "-r");
        assert_string_equal(init_program(INIT_RUNIT, INIT_POWEROFF, 0)[1], "0");
        for (InitKind k = 0; k < INIT_KINDS; k++) {
                for (int a = INIT_POWEROFF; a <= INIT_REBOOT; a++) {
                        unsigned n = 0;

                        while (init_program(k, (InitAction) a, n))
                                n++;
                        assert_in_range(n, 2, 3);
                }
                assert_null(init_program(k, INIT_KILL, 0));
        }
        /* One more init beside an unknown one. */
        for (int a = INIT_POWEROFF; a <= INIT_REBOOT; a++)
                for (unsigned n = 0; init_program(INIT_OTHER, (InitAction) a, n); n++)
                        assert_string_not_equal(init_program(INIT_OTHER, (InitAction) a, n)[0], "init");
        /* With a shutdown under way, these would end it at once. */
        for (int a = INIT_POWEROFF; a <= INIT_REBOOT; a++)
                for (unsigned n = 0; init_program(INIT_SYSVINIT, (InitAction) a, n); n++)
                        assert_true(strcmp(init_program(INIT_SYSVINIT, (InitAction) a, n)[0], "shutdown") == 0 ||
                                    strcmp(init_program(INIT_SYSVINIT, (InitAction) a, n)[0], "init") == 0);
}

/* Never too early: what init cannot hear yet is held back, and not for ever. */
static void chooses_the_next_step(void **state _unused_) {
        StopView systemd = { .kind = INIT_SYSTEMD, .kill_signal = -1, .ready = true, .patience_usec = 30 * SECOND }, v;

        assert_int_equal(stop_choose(&systemd), STOP_WAIT);
        v = systemd, v.takes_signal = true;
        assert_int_equal(stop_choose(&v), STOP_SIGNAL);
        v = systemd, v.waited_usec = 31 * SECOND;
        assert_int_equal(stop_choose(&v), STOP_PROGRAM);

        /* Takes its signal from the first moment on, and is not to be told before its boot is over. */
        v = (StopView){ .kind = INIT_OPENRC, .kill_signal = -1, .takes_signal = true, .patience_usec = 30 * SECOND };
        assert_int_equal(stop_choose(&v), STOP_WAIT);
        v.ready = true;
        assert_int_equal(stop_choose(&v), STOP_SIGNAL);

        /* An older sysvinit does not take the signal: its program, as soon as its FIFO is there. */
        v = (StopView){ .kind = INIT_SYSVINIT, .kill_signal = -1, .patience_usec = 30 * SECOND };
        assert_int_equal(stop_choose(&v), STOP_WAIT);
        v.ready = true;
        assert_int_equal(stop_choose(&v), STOP_PROGRAM);
        v.takes_signal = true;
        assert_int_equal(stop_choose(&v), STOP_SIGNAL);
        v.action = INIT_REBOOT, v.takes_signal = false;
        assert_int_equal(stop_choose(&v), STOP_PROGRAM);

        v = (StopView){ .kind = INIT_OTHER, .kill_signal = -1, .ready = true, .patience_usec = 30 * SECOND };
        assert_int_equal(stop_choose(&v), STOP_PROGRAM);
        v.ready = false;
        assert_int_equal(stop_choose(&v), STOP_WAIT);
        v.waited_usec = 3 * SECOND;
        assert_int_equal(stop_choose(&v), STOP_PROGRAM);
}

static void takes_the_settings_signal_first(void **state _unused_) {
        StopView v = { .kind = INIT_OTHER, .kill_signal = SIGRTMIN + 7, .ready = true, .patience_usec = 30 * SECOND };

        assert_int_equal(stop_choose(&v), STOP_WAIT);
        v.takes_kill_signal = true;
        assert_int_equal(stop_choose(&v), STOP_KILL_SIGNAL);
        v.takes_kill_signal = false, v.waited_usec = 6 * SECOND;
        assert_int_equal(stop_choose(&v), STOP_PROGRAM);
        v.waited_usec = 0, v.action = INIT_REBOOT; /* it is for power-off */
        assert_int_equal(stop_choose(&v), STOP_PROGRAM);
        v.action = INIT_POWEROFF, v.patience_usec = 1 * SECOND, v.waited_usec = 2 * SECOND; /* a short StopTimeout= */
        assert_int_equal(stop_choose(&v), STOP_PROGRAM);
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
                cmocka_unit_test(knows_inits_by_their_process),
                cmocka_unit_test(knows_inits_by_the_tree),
                cmocka_unit_test(knows_inits_by_their_file),
                cmocka_unit_test(signals),
                cmocka_unit_test(signals_by_name),
                cmocka_unit_test(programs),
                cmocka_unit_test(chooses_the_next_step),
                cmocka_unit_test(takes_the_settings_signal_first),
                cmocka_unit_test(actions_by_name),
                cmocka_unit_test(id_maps),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
