/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics.h"
#include "metrics-collect.h"
#include "unit.h"

static const MetricName counter = { "nbox_things_seconds", METRIC_COUNTER, "seconds", "Things." };
static const MetricName gauge = { "nbox_level_ratio", METRIC_GAUGE, "ratio", "A level." };
static const MetricName info = { "nbox_build", METRIC_INFO, NULL, "What it is." };
static const MetricName states = { "nbox_state", METRIC_STATESET, NULL, "How it is." };
static const MetricName nothing = { "nbox_nothing", METRIC_GAUGE, NULL, "Nothing." };

static void write_all(MetricText *m) {
        metric_family(m, &counter);
        metric_sample(m);
        metric_label(m, "machine", "web");
        metric_label(m, "mode", "user");
        metric_seconds(m, 12000034);
        metric_sample(m);
        metric_label(m, "machine", "web");
        metric_label(m, "mode", "system");
        metric_seconds(m, 7);
        metric_family(m, &nothing);
        metric_family(m, &gauge);
        metric_sample(m);
        metric_ratio(m, 4);
        metric_sample(m);
        metric_label(m, "of", "all");
        metric_ratio(m, 10000);
        metric_family(m, &info);
        metric_sample(m);
        metric_label(m, "version", "1");
        metric_number(m, 1);
        metric_family(m, &states);
        metric_sample(m);
        metric_label(m, "nbox_state", "on");
        metric_number(m, UINT64_MAX);
        metric_end(m);
}

static void assert_text(MetricFormat format, void (*write)(MetricText *m), const char *expected) {
        char *text = NULL;
        size_t size;
        MetricText m = { .out = open_memstream(&text, &size), .format = format };

        assert_non_null(m.out);
        write(&m);
        assert_int_equal(fclose(m.out), 0);
        assert_string_equal(text, expected);
        free(text);
}

#define SAMPLES_OF_COUNTER                                            \
        "nbox_things_seconds_total{machine=\"web\",mode=\"user\"} 12.000034\n" \
        "nbox_things_seconds_total{machine=\"web\",mode=\"system\"} 0.000007\n"
#define SAMPLES_OF_GAUGE "nbox_level_ratio 0.0004\nnbox_level_ratio{of=\"all\"} 1.0000\n"
#define SAMPLE_OF_INFO "nbox_build_info{version=\"1\"} 1\n"
#define SAMPLE_OF_STATES "nbox_state{nbox_state=\"on\"} 18446744073709551615\n"

static void openmetrics(void **state _unused_) {
        assert_text(METRIC_OPENMETRICS, write_all,
                    "# TYPE nbox_things_seconds counter\n# UNIT nbox_things_seconds seconds\n# HELP nbox_things_seconds Things.\n" SAMPLES_OF_COUNTER
                    "# TYPE nbox_level_ratio gauge\n# UNIT nbox_level_ratio ratio\n# HELP nbox_level_ratio A level.\n" SAMPLES_OF_GAUGE
                    "# TYPE nbox_build info\n# HELP nbox_build What it is.\n" SAMPLE_OF_INFO
                    "# TYPE nbox_state stateset\n# HELP nbox_state How it is.\n" SAMPLE_OF_STATES "# EOF\n");
}

static void the_older_format(void **state _unused_) {
        assert_text(METRIC_PROMETHEUS, write_all,
                    "# HELP nbox_things_seconds_total Things.\n# TYPE nbox_things_seconds_total counter\n" SAMPLES_OF_COUNTER
                    "# HELP nbox_level_ratio A level.\n# TYPE nbox_level_ratio gauge\n" SAMPLES_OF_GAUGE
                    "# HELP nbox_build_info What it is.\n# TYPE nbox_build_info gauge\n" SAMPLE_OF_INFO
                    "# HELP nbox_state How it is.\n# TYPE nbox_state gauge\n" SAMPLE_OF_STATES);
}

static void write_odd_values(MetricText *m) {
        static const char *const values[] = {
                "", "a\"b\\c\nd", "tab\there", "esc\x1b[31m", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xbb", "\xff\xfe", "\xc3", "\xc3(", "\xe2\x82",
                "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xc2\x9b", "\x7f",
        };

        metric_family(m, &info);
        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                metric_sample(m);
                metric_label(m, "v", values[i]);
                metric_number(m, i);
        }
}

static void values_of_labels(void **state _unused_) {
        assert_text(METRIC_OPENMETRICS, write_odd_values,
                    "# TYPE nbox_build info\n# HELP nbox_build What it is.\n"
                    "nbox_build_info{v=\"\"} 0\nnbox_build_info{v=\"a\\\"b\\\\c\\nd\"} 1\nnbox_build_info{v=\"tab?here\"} 2\n"
                    "nbox_build_info{v=\"esc?[31m\"} 3\nnbox_build_info{v=\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xbb\"} 4\n"
                    "nbox_build_info{v=\"??\"} 5\nnbox_build_info{v=\"?\"} 6\nnbox_build_info{v=\"?(\"} 7\nnbox_build_info{v=\"??\"} 8\n"
                    "nbox_build_info{v=\"???\"} 9\nnbox_build_info{v=\"??\"} 10\nnbox_build_info{v=\"????\"} 11\nnbox_build_info{v=\"?\"} 12\n"
                    "nbox_build_info{v=\"?\"} 13\n");
}

/* ---- the table ---- */

static bool ends_with(const char *s, const char *end) {
        size_t n = strlen(s), k = strlen(end);

        return n >= k && strcmp(s + n - k, end) == 0;
}

/* What OpenMetrics and promtool's linter say of names. */
static void names_of_families(void **state _unused_) {
        static const char *const not_behind[] = { "_total", "_info", "_count", "_sum", "_bucket", "_created" };
        const MetricName *m, *other;

        for (size_t i = 0; (m = metrics_iterate(&i));) {
                char unit[32];

                assert_true(strncmp(m->name, "nbox_", 5) == 0);
                assert_int_equal(strspn(m->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(m->name));
                snprintf(unit, sizeof(unit), "_%s", m->unit ?: "");
                assert_true(!m->unit || ends_with(m->name, unit));
                for (size_t n = 0; n < ELEMENTSOF(not_behind); n++)
                        if (ends_with(m->name, not_behind[n]))
                                fail_msg("%s", m->name);
                assert_true(ends_with(m->help, "."));
                assert_null(strpbrk(m->help, "\"\\\n"));
                for (size_t k = i; (other = metrics_iterate(&k));)
                        assert_string_not_equal(m->name, other->name);
        }
}

/* Two machines of which this host can tell everything: each family is there once, with all of its samples. */
static void all_figures(void **state _unused_) {
        MachineRecord a = { .name = (char *) "a", .root = (char *) "/a", .started_usec = 1, .ready_usec = 1, .health = HEALTH_STATE_HEALTHY }, b = { .name = (char *) "b" };
        const Machine of[2] = { { .record = &a, .state = MACHINE_RUNNING }, { .record = &b, .state = MACHINE_STOPPING } };
        MetricsMachine machines[2] = { { .machine = &of[0], .usage_is_known = true }, { .machine = &of[1], .usage_is_known = true } };
        MetricsFigures f = { .machines = machines, .n_machines = 2 };

        machines[1].usage.memory_is_summed = true;
        for (MetricFormat format = METRIC_OPENMETRICS; format <= METRIC_PROMETHEUS; format++) {
                char *text = NULL, line[160], *at;
                const MetricName *m;
                size_t size;
                FILE *out = open_memstream(&text, &size);

                assert_non_null(out);
                metrics_format(out, format, &f);
                assert_int_equal(fclose(out), 0);
                for (size_t i = 0; (m = metrics_iterate(&i));) {
                        snprintf(line, sizeof(line), "# HELP %s%s ", m->name, format == METRIC_PROMETHEUS ? metric_suffix(m->type) : "");
                        at = strstr(text, line);
                        if (!at || strstr(at + 1, line))
                                fail_msg("not once: %s", line);
                }
                free(text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(openmetrics),
                cmocka_unit_test(the_older_format),
                cmocka_unit_test(values_of_labels),
                cmocka_unit_test(names_of_families),
                cmocka_unit_test(all_figures),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
