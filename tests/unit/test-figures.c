/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the kernel writes of groups, pressure and interfaces, and what is made of it. */

#include "machine-usage.h"

#include "cgroup-io.h"
#include "cgroup-stat.h"
#include "net-dev.h"

#include "unit.h"

static int number(const char *text, uint64_t *ret) {
        _cleanup_free_ char *copy = strdup(text);

        return cgroup_number_parse(copy, ret);
}

static void numbers(void **state _unused_) {
        static const char *const wrong[] = { "", "\n", "12", "12\n13\n", "-1\n", " 1\n", "1 \n", "0x1\n", "18446744073709551615\n", "99999999999999999999\n", "maximum\n" };
        uint64_t n = 7;

        assert_int_equal(number("0\n", &n), 0);
        assert_true(n == 0);
        assert_int_equal(number("18446744073709551614\n", &n), 0);
        assert_true(n == UINT64_MAX - 1);
        assert_int_equal(number("max\n", &n), 0);
        assert_true(n == CGROUP_MAX);
        n = 7;
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(number(wrong[i], &n), -EBADMSG);
        assert_true(n == 7);
}

static int cpu_max(const char *text, uint64_t *ret) {
        _cleanup_free_ char *copy = strdup(text);

        return cgroup_cpu_max_parse(copy, ret);
}

static void quotas(void **state _unused_) {
        static const char *const wrong[] = { "", "max\n", "1 0\n", "1 max\n", "1 1 1\n", "1 100000", "18446744073709551614 1\n" };
        uint64_t n = 7;

        assert_int_equal(cpu_max("150000 100000\n", &n), 0);
        assert_true(n == 1500000);
        assert_int_equal(cpu_max("1000 10000\n", &n), 0);
        assert_true(n == 100000);
        assert_int_equal(cpu_max("max 100000\n", &n), 0);
        assert_true(n == CGROUP_MAX);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(cpu_max(wrong[i], &n), -EBADMSG);
}

static int two_keys(const char *text, uint64_t *a, uint64_t *b) {
        _cleanup_free_ char *copy = strdup(text);

        return cgroup_keyed_parse(copy, (CgroupKey[]){ { "usage_usec", a }, { "oom_kill", b } }, 2);
}

static void keys(void **state _unused_) {
        uint64_t a = 7, b = 8;

        assert_int_equal(two_keys("usage_usec 12\nuser_usec 3\nusage_usec_more 4\n", &a, &b), 0);
        assert_true(a == 12 && b == 8);
        assert_int_equal(two_keys("oom 1\noom_kill 2\noom_group_kill 3\n", &a, &b), 0);
        assert_true(a == 12 && b == 2);
        assert_int_equal(two_keys("", &a, &b), 0);
        assert_int_equal(two_keys("usage_usec\n", &a, &b), -EBADMSG);
        assert_int_equal(two_keys("usage_usec 1", &a, &b), -EBADMSG);
        assert_int_equal(two_keys("usage_usec x\n", &a, &b), -EBADMSG);
        assert_int_equal(two_keys("usage_usec  1\n", &a, &b), -EBADMSG);
}

static const char devices[] =
        "Character devices:\n  1 mem\n253 device-mapper\n\nBlock devices:\n  7 loop\n  9 md\n252 device-mapper\n254 mdp\n259 blkext\n";

static int io(const char *text, CgroupIo *ret) {
        _cleanup_free_ char *copy = strdup(text), *known = strdup(devices);
        CgroupIoStacked stacked;

        cgroup_io_stacked_parse(known, &stacked);
        assert_int_equal(stacked.loop, 7);
        assert_int_equal(stacked.n, 3);
        return cgroup_io_parse(copy, &stacked, ret);
}

static void requests(void **state _unused_) {
        static const char *const wrong[] = { "x\n", "8:\n", ":0 rbytes=1\n", "8:0 rbytes=x\n", "8:0 rbytes=-1\n", "rbytes=1\n",
                                             "8:0 rbytes=18446744073709551614\n9999:0\n", "8:0 rbytes=18446744073709551614\n8:16 rbytes=2\n" };
        CgroupIo n = {};

        assert_int_equal(io("", &n), 0);
        assert_true(n.read == 0 && n.written == 0 && n.reads == 0 && n.writes == 0);
        assert_int_equal(io("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:16\n259:0 rbytes=10 wbytes=20 rios=30 wios=40 dbytes=0 dios=0 "
                            "cost.usage=5 extra\n(unknown) rbytes=1\n", &n), 0);
        assert_true(n.read == 11 && n.written == 22 && n.reads == 33 && n.writes == 44);
        /* the mapper's are seen below it; a loop device's may be, or not */
        assert_int_equal(io("252:0 rbytes=100\n259:0 rbytes=100 wbytes=0\n7:3 rbytes=60 wbytes=50\n", &n), 0);
        assert_true(n.read == 100 && n.written == 50);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(io(wrong[i], &n), -EBADMSG);
}

static int pressure(const char *text, Pressure *ret) {
        _cleanup_free_ char *copy = strdup(text);

        return pressure_parse(copy, ret);
}

static void pressures(void **state _unused_) {
        static const char *const wrong[] = { "none avg10=0.00\n", "some avg10=0\n", "some avg10=0.0\n", "some avg10=101.00\n", "some avg10\n",
                                             "some total=-1\n", "some avg10=1.x0\n" };
        Pressure p = {};

        assert_int_equal(pressure("some avg10=1.25 avg60=0.05 avg300=100.00 total=123\nfull avg10=0.00 avg60=0.00 avg300=0.01 total=4\n", &p), 0);
        assert_true(p.some.avg10 == 125 && p.some.avg60 == 5 && p.some.avg300 == 10000 && p.some.total == 123);
        assert_true(p.full.avg10 == 0 && p.full.avg300 == 1 && p.full.total == 4);
        assert_int_equal(pressure("some avg10=1.25 avg60=0.05 avg300=0.00 total=123\n", &p), 0);
        assert_true(p.full.avg10 == FIGURE_UNKNOWN && p.full.total == FIGURE_UNKNOWN);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(pressure(wrong[i], &p), -EBADMSG);
}

static const char interfaces[] =
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
        "    lo:  100       1    0    0    0     0          0         0      200       2    0    0    0     0       0          0\n"
        "mv-eth0:12345678901 5    0    0    0     0          0         0      300       3    0    0    0     0       0          0\n"
        " mv-eth00: 7 7 7 7 7 7";

static void within(void **state _unused_) {
        _cleanup_free_ char *text = strdup(interfaces), *wrong = strdup("a\nb\nlo: 1 2 3\n");
        NetDevWish wishes[] = { { .name = "mv-eth0" }, { .name = "gone" }, { .name = "mv-eth00" } };

        assert_int_equal(net_dev_parse(text, wishes, ELEMENTSOF(wishes)), 0);
        assert_true(wishes[0].found && wishes[0].stats.rx_bytes == 12345678901 && wishes[0].stats.rx_packets == 5);
        assert_true(wishes[0].stats.tx_bytes == 300 && wishes[0].stats.tx_packets == 3);
        assert_false(wishes[1].found);
        assert_false(wishes[2].found);
        assert_int_equal(net_dev_parse(wrong, wishes, ELEMENTSOF(wishes)), -EBADMSG);
}

static void rates(void **state _unused_) {
        MachineUsage a = { .taken_usec = 1000000, .leader_start = 5, .cpu_usec = 100, .io_read = FIGURE_UNKNOWN, .io_written = 50, .net_received = 1000 };
        MachineUsage b = a;
        UsageRates r;

        b.taken_usec += 2000000;
        b.cpu_usec += 3000000;
        b.io_read = 5;
        b.io_written = 49;
        b.net_received += 4001;
        r = usage_rates(&a, &b);
        assert_true(r.cpu == 15000);
        assert_true(r.io_read == FIGURE_UNKNOWN && r.io_written == FIGURE_UNKNOWN);
        assert_true(r.net_received == 2001 && r.net_sent == 0);
        b.leader_start = 6;
        assert_true(usage_rates(&a, &b).cpu == FIGURE_UNKNOWN);
        assert_true(usage_rates(&a, &a).cpu == FIGURE_UNKNOWN);
        assert_true(usage_rates(&b, &a).net_sent == FIGURE_UNKNOWN);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers), cmocka_unit_test(quotas), cmocka_unit_test(keys), cmocka_unit_test(requests),
                cmocka_unit_test(pressures), cmocka_unit_test(within), cmocka_unit_test(rates),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
