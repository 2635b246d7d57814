/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "escape.h"

#include "unit.h"

/* What is typed, a byte every `step` microseconds; returns the last key found. */
static EscapeKey type(EscapeState *s, const char *text, uint64_t step, bool power) {
        EscapeKey found = ESCAPE_NONE;
        uint64_t now = 5000000;

        for (const char *p = text; *p; p++, now += step) {
                EscapeKey k = escape_scan(s, *p, now, power);

                if (k != ESCAPE_NONE) {
                        assert_int_equal(found, ESCAPE_NONE);
                        found = k;
                }
        }
        return found;
}

static void keys(void **state _unused_) {
        static const struct {
                const char *text;
                uint64_t step;
                bool power;
                EscapeKey key;
        } cases[] = {
                { "\x1d\x1d\x1d", 1000, false, ESCAPE_LEAVE },
                { "ls\r\x1d\x1d\x1d", 1000, true, ESCAPE_LEAVE },
                { "\x1d\x1d", 1000, true, ESCAPE_NONE },
                { "\x1d\x1dp", 1000, true, ESCAPE_POWEROFF },
                { "\x1d\x1dr", 1000, true, ESCAPE_REBOOT },
                { "\x1d\x1dp", 1000, false, ESCAPE_NONE },
                { "\x1dp", 1000, true, ESCAPE_NONE },
                { "\x1d\x1dxp", 1000, true, ESCAPE_NONE },
                { "\x1d" "a\x1d" "a\x1d", 1000, true, ESCAPE_NONE },
                { "\x1d\x1d\x1d", 600000, true, ESCAPE_NONE },  /* the third is 1.2 s after the first */
                { "\x1d\x1d\x1d", 500000, true, ESCAPE_LEAVE }, /* exactly a second */
                { "\x1d\x1dp", 600000, true, ESCAPE_NONE },
                { "p\x1dr\x1d", 1000, true, ESCAPE_NONE },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                EscapeState s = {};
                EscapeKey k = type(&s, cases[i].text, cases[i].step, cases[i].power);

                if (k != cases[i].key)
                        fail_msg("case %zu: %d instead of %d", i, (int) k, (int) cases[i].key);
        }
}

static void begins_anew_after_a_pause(void **state _unused_) {
        EscapeState s = {};

        assert_int_equal(escape_scan(&s, 0x1d, 0, false), ESCAPE_NONE);
        assert_int_equal(escape_scan(&s, 0x1d, 2000000, false), ESCAPE_NONE);
        assert_int_equal(escape_scan(&s, 0x1d, 2100000, false), ESCAPE_NONE);
        assert_int_equal(escape_scan(&s, 0x1d, 2200000, false), ESCAPE_LEAVE);
        assert_int_equal(escape_scan(&s, 0x1d, 2300000, false), ESCAPE_NONE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys),
                cmocka_unit_test(begins_anew_after_a_pause),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
