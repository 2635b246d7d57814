/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Capabilities, limits and CPUs as text. */

#include "capabilities.h"

#include <linux/capability.h>

#include "limit-text.h"
#include "options.h"

#include "unit.h"

#define BIT(n) (UINT64_C(1) << (n))

static uint64_t set_of(const char *text) {
        uint64_t set = 0;

        assert_int_equal(capabilities_parse(text, CAPABILITIES_ALL, &set, NULL), 0);
        return set;
}

static void no_set(const char *text, const char *hint) {
        _cleanup_(error_freep) Error *error = NULL;
        uint64_t set = 1;

        assert_int_equal(capabilities_parse(text, 0, &set, &error), -EINVAL);
        assert_int_equal(set, 1);
        assert_non_null(error->message);
        if (hint)
                assert_non_null(strstr(error->hint, hint));
}

static void capabilities(void **state _unused_) {
        assert_int_equal(set_of("CAP_CHOWN"), BIT(CAP_CHOWN));
        assert_int_equal(set_of("cap_chown,Sys_Admin BPF"), BIT(CAP_CHOWN) | BIT(CAP_SYS_ADMIN) | BIT(39));
        assert_int_equal(set_of(" all "), CAPABILITIES_ALL);
        no_set("all", NULL);
        no_set("", NULL);
        no_set(" ,", NULL);
        no_set("CAP_SYS_ADIMN", "CAP_SYS_ADMIN");
        no_set("cap_chwon", "CAP_CHOWN");
        no_set("CAP_CHOWN;CAP_KILL", NULL);
        no_set("CAP_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "help");
}

static void limit_is(int resource, const char *text, rlim_t soft, rlim_t hard) {
        struct rlimit limit = {};

        assert_int_equal(limit_parse(resource, text, &limit, NULL), 0);
        assert_true(limit.rlim_cur == soft && limit.rlim_max == hard);
}

static void limits(void **state _unused_) {
        static const char *const wrong[] = { "", ":", "1:", ":1", "x", "-1", "1:2:3", "2:1", "infinity:1", "18446744073709551616", "1x" };

        limit_is(RLIMIT_NOFILE, "8192", 8192, 8192);
        limit_is(RLIMIT_NOFILE, "8192:16384", 8192, 16384);
        limit_is(RLIMIT_NOFILE, "8192:infinity", 8192, RLIM_INFINITY);
        limit_is(RLIMIT_CORE, "0:infinity", 0, RLIM_INFINITY);
        limit_is(RLIMIT_MEMLOCK, "16M", 16 << 20, 16 << 20);
        limit_is(RLIMIT_CPU, "90", 90, 90);
        limit_is(RLIMIT_CPU, "2min", 120, 120);
        limit_is(RLIMIT_RTTIME, "500", 500, 500);
        limit_is(RLIMIT_RTTIME, "2ms", 2000, 2000);
        limit_is(RLIMIT_NICE, "30", 30, 30);
        limit_is(RLIMIT_NICE, "+19", 1, 1);
        limit_is(RLIMIT_NICE, "-20", 40, 40);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                struct rlimit limit;

                assert_int_equal(limit_parse(RLIMIT_NPROC, wrong[i], &limit, NULL), -EINVAL);
        }
        assert_int_equal(limit_parse(RLIMIT_NICE, "+20", &(struct rlimit){}, NULL), -EINVAL);
        assert_int_equal(limit_parse(RLIMIT_NOFILE, "4K", &(struct rlimit){}, NULL), -EINVAL);
}

static void all_limits_have_keys(void **state _unused_) {
        for (const EnumName *e = limit_names; e->name; e++) {
                char key[32];
                const Option *o;

                snprintf(key, sizeof(key), "Limit%s", e->name + strlen("RLIMIT_"));
                o = option_find_key("Exec", key);
                assert_non_null(o);
                assert_int_equal((int) o->field - FIELD_LIMITS, e->value);
        }
}

static void cpus(void **state _unused_) {
        static const char *const wrong[] = { "", "-", "1-", "-1", "3-1", "x", "0,,x", "1024", "0-1024", "0x1" };
        cpu_set_t set;

        assert_int_equal(cpu_list_parse("0-3,8", &set), 0);
        assert_int_equal(CPU_COUNT(&set), 5);
        assert_true(CPU_ISSET(3, &set) && CPU_ISSET(8, &set) && !CPU_ISSET(4, &set));
        assert_int_equal(cpu_list_parse("1023 5", &set), 0);
        assert_int_equal(CPU_COUNT(&set), 2);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_true(cpu_list_parse(wrong[i], &set) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(capabilities),
                cmocka_unit_test(limits),
                cmocka_unit_test(all_limits_have_keys),
                cmocka_unit_test(cpus),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
