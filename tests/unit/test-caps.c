/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "caps.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "unit.h"

static void default_set(void **state _unused_) {
        uint64_t plain = caps_default_set(false, false), both = caps_default_set(true, true);
        static const int never[] = { CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_TIME, CAP_MAC_ADMIN, CAP_SYSLOG };

        assert_true(plain & CAP_BIT(CAP_SYS_ADMIN));
        assert_false(plain & CAP_BIT(CAP_NET_ADMIN));
        assert_true(both & CAP_BIT(CAP_NET_ADMIN));
        assert_int_equal(both & plain, plain);
        for (size_t i = 0; i < ELEMENTSOF(never); i++)
                assert_false(both & CAP_BIT(never[i]));
}

/* In a child with all capabilities of a user namespace: 0, or what went wrong. */
static int drop(void) {
        uint64_t keep = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_SYS_ADMIN);
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = {};

        if (unshare(CLONE_NEWUSER) < 0)
                return 77;
        if (syscall(SYS_capget, &header, data) < 0)
                return 1;
        data[0].inheritable = CAP_BIT(CAP_CHOWN);
        if (syscall(SYS_capset, &header, data) < 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) < 0)
                return 2;
        if (caps_drop_bounding(keep) < 0 || caps_drop_bounding(keep) < 0)
                return 3;
        for (unsigned long cap = 0; cap <= CAP_AUDIT_READ; cap++)
                if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != !!(keep & CAP_BIT(cap)))
                        return 4;
        if (caps_clear_inheritable_ambient() < 0 || syscall(SYS_capget, &header, data) < 0)
                return 5;
        if (data[0].inheritable || data[1].inheritable || !(data[0].effective & CAP_BIT(CAP_CHOWN)))
                return 6;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0) != 0)
                return 7;
        if (caps_limit(CAP_BIT(CAP_KILL)) < 0 || syscall(SYS_capget, &header, data) < 0)
                return 8;
        return data[0].effective != CAP_BIT(CAP_KILL) || data[0].permitted != CAP_BIT(CAP_KILL) || data[1].effective || data[1].permitted;
}

static void drops(void **state _unused_) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(drop());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                skip();
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(default_set),
                cmocka_unit_test(drops),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
