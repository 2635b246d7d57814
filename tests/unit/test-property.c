/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "property.h"

#include <sys/socket.h>
#include <unistd.h>

#include "libsystemd.h"
#include "unit.h"

static void numbers(void **state _unused_) {
        static const struct {
                const char *assignment, *name, *signature;
                uint64_t number;
        } cases[] = {
                { "MemoryMax=512M", "MemoryMax", "t", 512ULL << 20 },
                { "MemoryHigh=infinity", "MemoryHigh", "t", UINT64_MAX },
                { "MemoryMax=50%", "MemoryMaxScale", "u", 2147483648 },
                { "MemoryMax=100%", "MemoryMaxScale", "u", UINT32_MAX },
                { "MemoryMax=0", "MemoryMax", "t", 0 },
                { "TasksMax=42", "TasksMax", "t", 42 },
                { "TasksMax=10%", "TasksMaxScale", "u", 429496730 },
                { "CPUQuota=250%", "CPUQuotaPerSecUSec", "t", 2500000 },
                { "CPUQuota=12.5%", "CPUQuotaPerSecUSec", "t", 125000 },
                { "CPUQuota=0.25%", "CPUQuotaPerSecUSec", "t", 2500 },
                { "CPUWeight=idle", "CPUWeight", "t", 0 },
                { "CPUWeight=10000", "CPUWeight", "t", 10000 },
                { "IOWeight=1", "IOWeight", "t", 1 },
                { "IOAccounting=yes", "IOAccounting", "b", 1 },
                { "RuntimeMaxSec=1h 30min", "RuntimeMaxUSec", "t", 5400000000 },
                { "RuntimeMaxSec=90", "RuntimeMaxUSec", "t", 90000000 },
                { "CPUQuotaPeriodSec=10ms", "CPUQuotaPeriodUSec", "t", 10000 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(property_done) PropertyValue v = {};
                _cleanup_(error_freep) Error *error = NULL;

                assert_ok(property_parse(cases[i].assignment, &v, &error));
                assert_string_equal(v.bus_name, cases[i].name);
                assert_string_equal(v.signature, cases[i].signature);
                assert_int_equal(v.number, cases[i].number);
        }
}

static void refused(void **state _unused_) {
        static const char *const bad[] = { "MemoryMax=", "MemoryMax=1X", "MemoryMax=-1", "MemoryMax=101%", "MemoryMax=99999999999999T",
                "TasksMax=0", "CPUQuota=50", "CPUQuota=0%", "CPUQuota=1.234%", "CPUWeight=0", "CPUWeight=10001", "AllowedCPUs=3-1",
                "AllowedCPUs=8192", "AllowedCPUs=a", "DeviceAllow=/etc/passwd rw", "DeviceAllow=/dev/fuse rwx", "DeviceAllow= rw",
                "IOReadBandwidthMax=/dev/sda", "IOReadBandwidthMax=sda 1M", "IOAccounting=maybe", "RuntimeMaxSec=5 parsecs",
                "RuntimeMaxSec=", "After=nodot", "After=a/b.service", "ManagedOOMMemoryPressureLimit=50",
                "DevicePolicy=", "DevicePolicy=open", "DevicePolicy=auto closed", "ManagedOOMSwap=no" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                PropertyValue v = {};

                if (property_parse(bad[i], &v, &error) >= 0)
                        fail_msg("'%s' is accepted", bad[i]);
                assert_error_says(error, "takes");
                assert_null(v.text);
        }
}

static void unknown(void **state _unused_) {
        static const char *const bad[] = { "Controller=:1.1", "Slice=system.slice", "BindsTo=a.service", "KillMode=none", "Foo=1", "memorymax=1", "=1" };
        PropertyValue v = {};

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_freep) Error *error = NULL;

                assert_int_equal(property_parse(bad[i], &v, &error), -EINVAL);
                assert_error_says(error, "is not a setting");
                assert_non_null(strstr(error->hint, "MemoryMax"));
        }
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(error_freep) Error *error = NULL;

                assert_int_equal(property_parse(i ? "Description=a\nb" : "MemoryMax", &v, &error), -EINVAL);
                assert_error_says(error, i ? "control" : "NAME=VALUE");
        }
}

static void cpus(void **state _unused_) {
        static const uint8_t expected[] = { 0x0f, 0x01, 0x80 };
        _cleanup_(property_done) PropertyValue v = {};
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(property_parse("AllowedCPUs=0-3,8 23", &v, &error));
        assert_string_equal(v.signature, "ay");
        assert_int_equal(v.n_bytes, sizeof(expected));
        assert_memory_equal(v.bytes, expected, sizeof(expected));
}

/* A connection that never gets through its first handshake is enough to put messages together. */
static sd_bus *unconnected_bus(int fds[2]) {
        sd_bus *bus = NULL;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

static void as_messages(void **state _unused_) {
        const char *const assignments[] = { "MemoryMax=1G", "TasksMax=50%", "AllowedCPUs=1", "DeviceAllow=/dev/fuse rw", "DeviceAllow=",
                "IOWriteBandwidthMax=/dev/sda 5M", "Description=a b", "IOAccounting=no", "After=x.target", NULL };
        const char *s, *t;
        const uint8_t *bytes;
        uint64_t number;
        uint32_t scale;
        size_t n;
        int fds[2], b;
        _cleanup_(error_freep) Error *error = NULL;
        sd_bus *bus = unconnected_bus(fds);
        sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_method_call(bus, &m, "a.b", "/a", "a.b", "C") >= 0);
        assert_true(sd_bus_message_open_container(m, 'a', "(sv)") >= 0);
        assert_ok(properties_append(m, (char **) assignments, &error));
        assert_true(sd_bus_message_close_container(m) >= 0);
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);

        assert_true(sd_bus_message_enter_container(m, 'a', "(sv)") > 0);
        assert_true(sd_bus_message_read(m, "(sv)", &s, "t", &number) > 0);
        assert_string_equal(s, "MemoryMax");
        assert_int_equal(number, 1ULL << 30);
        assert_true(sd_bus_message_read(m, "(sv)", &s, "u", &scale) > 0);
        assert_string_equal(s, "TasksMaxScale");
        assert_true(sd_bus_message_enter_container(m, 'r', "sv") > 0);
        assert_true(sd_bus_message_read(m, "s", &s) > 0);
        assert_true(sd_bus_message_enter_container(m, 'v', "ay") > 0);
        assert_true(sd_bus_message_read_array(m, 'y', (const void **) &bytes, &n) > 0);
        assert_int_equal(n, 1);
        assert_int_equal(bytes[0], 2);
        assert_true(sd_bus_message_exit_container(m) >= 0);
        assert_true(sd_bus_message_exit_container(m) >= 0);
        assert_true(sd_bus_message_read(m, "(sv)", &s, "a(ss)", 1, &s, &t) > 0);
        assert_string_equal(s, "/dev/fuse");
        assert_string_equal(t, "rw");
        assert_true(sd_bus_message_read(m, "(sv)", &s, "a(ss)", 0) > 0);
        assert_string_equal(s, "DeviceAllow");
        assert_true(sd_bus_message_read(m, "(sv)", &s, "a(st)", 1, &t, &number) > 0);
        assert_string_equal(t, "/dev/sda");
        assert_int_equal(number, 5000000);
        assert_true(sd_bus_message_read(m, "(sv)", &s, "s", &t) > 0);
        assert_string_equal(t, "a b");
        assert_true(sd_bus_message_read(m, "(sv)", &s, "b", &b) > 0);
        assert_int_equal(b, 0);
        assert_true(sd_bus_message_read(m, "(sv)", &s, "as", 1, &t) > 0);
        assert_string_equal(t, "x.target");
        assert_true(sd_bus_message_at_end(m, 0) > 0);

        sd_bus_message_unref(m);
        sd_bus_unref(bus);
        close(fds[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers),
                cmocka_unit_test(refused),
                cmocka_unit_test(unknown),
                cmocka_unit_test(cpus),
                cmocka_unit_test(as_messages),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
