/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The ring of samples, and the graph that is made of it. */

#include "usage-history.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "usage-graph.h"

#include "unit.h"

#define MINUTE UINT64_C(60000000)
#define MIB (UINT64_C(1) << 20)

static char directory[] = "/tmp/nbox-usage.XXXXXX";
static int dir = -1;

static int make(void **state _unused_) {
        assert_non_null(mkdtemp(directory));
        dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return dir < 0 ? -1 : 0;
}

static int clear(void **state _unused_) {
        usage_history_forget(dir);
        dir = close_fd(dir);
        return rmdir(directory);
}

static MachineUsage at(uint64_t usec, uint64_t memory) {
        return (MachineUsage){ .taken_usec = usec, .leader_start = 9, .cpu_usec = usec / 10, .memory = memory, .tasks = 3 };
}

static void add(uint64_t usec, uint64_t memory) {
        const MachineUsage u = at(usec, memory);

        assert_int_equal(usage_history_add(dir, &u), 0);
}

static void ring(void **state _unused_) {
        UsageHistory h;
        struct stat st;

        usage_history_forget(dir);
        usage_history_read_at(dir, &h);
        assert_int_equal(h.n, 0);
        for (uint64_t i = 1; i <= 3; i++)
                add(i * MINUTE, i * MIB);
        usage_history_read_at(dir, &h);
        assert_int_equal(h.n, 3);
        assert_true(h.samples[0].taken_usec == MINUTE && h.samples[2].memory == 3 * MIB && h.samples[2].tasks == 3);
        for (uint64_t i = 4; i <= 200; i++)
                add(i * MINUTE, i * MIB);
        usage_history_read_at(dir, &h);
        assert_int_equal(h.n, USAGE_HISTORY_SAMPLES);
        assert_true(h.samples[0].taken_usec == (200 - USAGE_HISTORY_SAMPLES + 1) * MINUTE && h.samples[h.n - 1].taken_usec == 200 * MINUTE);
        assert_int_equal(fstatat(dir, "usage", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(st.st_size < 4096 && (st.st_mode & 0777) == 0644);
}

/* As a reader finds it in the moment between the two writes of a full ring: the oldest has been overwritten, and counts for nothing. */
static void half_written(void **state _unused_) {
        UsageHistory h;
        int fd;

        usage_history_forget(dir);
        for (uint64_t i = 1; i <= USAGE_HISTORY_SAMPLES + 1; i++)
                add(i * MINUTE, i * MIB);
        fd = openat(dir, "usage", O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, &(uint64_t){ USAGE_HISTORY_SAMPLES }, 8, 16), 8);
        close_fd(fd);
        usage_history_read_at(dir, &h);
        assert_int_equal(h.n, USAGE_HISTORY_SAMPLES - 1);
        assert_true(h.samples[0].taken_usec == 2 * MINUTE);
}

/* What is none is made anew by who writes. */
static void damaged(void **state _unused_) {
        UsageHistory h;
        int fd = openat(dir, "usage", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_int_equal(write(fd, "nboxuse2", 8), 8);
        close_fd(fd);
        usage_history_read_at(dir, &h);
        assert_int_equal(h.n, 0);
        add(MINUTE, MIB);
        usage_history_read_at(dir, &h);
        assert_int_equal(h.n, 1);
}

static void rate(void **state _unused_) {
        UsageHistory h = { .n = 2, .samples = { { MINUTE, 9, 0, MIB, 1 }, { 2 * MINUTE, 9, MINUTE / 2, MIB, 1 } } };
        MachineUsage now = at(2 * MINUTE + 500000, MIB);
        const UsageSample *s = usage_history_before(&h, &now);

        now.cpu_usec = 3 * MINUTE;
        assert_ptr_equal(s, h.samples); /* the other is of just now */
        now.taken_usec = 4 * MINUTE;
        s = usage_history_before(&h, &now);
        assert_ptr_equal(s, h.samples + 1);
        assert_true(usage_history_cpu_rate(s, &now) == 12500);
        now.leader_start = 10;
        assert_null(usage_history_before(&h, &now));
}

static const char *graph(const UsageHistory *h, const MachineUsage *now, bool utf8, UsageGraph *ret, char buf[USAGE_GRAPH_TEXT_MAX]) {
        usage_graph_make(h, now, ret);
        return usage_graph_text(ret, FIGURE_UNKNOWN, utf8, false, buf);
}

static void bars(void **state _unused_) {
        UsageHistory h = { .n = 0 };
        char buf[USAGE_GRAPH_TEXT_MAX];
        MachineUsage now = at(200 * MINUTE, 80 * MIB);
        UsageGraph g;

        assert_string_equal(graph(&h, &now, true, &g, buf), "");
        for (uint64_t i = 0; i < 8; i++)
                h.samples[h.n++] = (UsageSample){ (192 + i) * MINUTE + 1, 9, 0, (i + 1) * 10 * MIB, 1 };
        assert_string_equal(graph(&h, &now, true, &g, buf), "▂▃▄▅▅▆▇█");
        assert_true(g.lowest == 10 * MIB && g.highest == 80 * MIB && g.span_usec == 8 * MINUTE - 1);
        assert_string_equal(graph(&h, &now, false, &g, buf), ".:-==+*#");
        h.samples[3].memory = FIGURE_UNKNOWN; /* as before */
        h.samples[0].memory = FIGURE_UNKNOWN; /* never known before */
        assert_string_equal(graph(&h, &now, false, &g, buf), " :--=+*#");
        now.memory = FIGURE_UNKNOWN;
        h.n = 1;
        assert_string_equal(graph(&h, &now, false, &g, buf), "");
}

/* Rare samples stand for the time until the next; the last hour is what is shown, in as many columns as there may be. */
static void an_hour(void **state _unused_) {
        UsageHistory h = { .n = 0 };
        char buf[USAGE_GRAPH_TEXT_MAX];
        MachineUsage now = at(400 * MINUTE, MIB);
        UsageGraph g;

        for (uint64_t i = 0; i < USAGE_HISTORY_SAMPLES; i++)
                h.samples[h.n++] = (UsageSample){ (80 + i * 5) * MINUTE, 9, 0, i == 60 ? 8 * MIB : MIB, 1 };
        assert_string_equal(graph(&h, &now, false, &g, buf), "....................##........");
        assert_true(g.n == USAGE_GRAPH_COLUMNS && g.span_usec == 60 * MINUTE);
}

static void colours(void **state _unused_) {
        const UsageGraph g = { .values = { 10, 80, 95, FIGURE_UNKNOWN }, .n = 4, .highest = 95, .lowest = 10 };
        char buf[USAGE_GRAPH_TEXT_MAX];

        assert_string_equal(usage_graph_text(&g, 100, false, true, buf), ".\x1b[33m*\x1b[0m\x1b[31m#\x1b[0m ");
        assert_string_equal(usage_graph_text(&g, FIGURE_UNKNOWN, false, true, buf), ".*# ");
        assert_string_equal(usage_graph_text(&g, 100, false, false, buf), ".*# ");
}

/* The longest there can be. */
static void full(void **state _unused_) {
        UsageGraph g = { .n = USAGE_GRAPH_COLUMNS, .highest = 100, .lowest = 100 };
        char buf[USAGE_GRAPH_TEXT_MAX];

        for (size_t i = 0; i < g.n; i++)
                g.values[i] = 100;
        assert_int_equal(strlen(usage_graph_text(&g, 100, true, true, buf)), USAGE_GRAPH_COLUMNS * strlen("\x1b[31m█\x1b[0m"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ring), cmocka_unit_test(half_written), cmocka_unit_test(damaged), cmocka_unit_test(rate),
                cmocka_unit_test(bars), cmocka_unit_test(an_hour), cmocka_unit_test(colours), cmocka_unit_test(full),
        };

        return cmocka_run_group_tests(tests, make, clear);
}
