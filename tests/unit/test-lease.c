/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lease.h"

#include "unit.h"

static ZoneState *state_of(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *copy = strdup(text);
        ZoneState *s = zone_state_new("default");

        assert_non_null(copy);
        assert_non_null(s);
        assert_ok(zone_state_parse(s, "file", copy, &error));
        return s;
}

static uint32_t choose(ZoneState *s, const char *machine, bool keep, const uint32_t *in_use, size_t n) {
        LeaseRequest req = { .machine = machine, .nic = 1, .keep = keep, .in_use = in_use, .n_in_use = n };
        uint32_t address;
        bool changed;

        assert_int_equal(lease_choose(s, &req, &address, &changed, NULL), 0);
        assert_true(range_contains(s->range, address));
        return address;
}

static int want(ZoneState *s, const char *machine, unsigned nic, uint32_t address, Error **reterr) {
        LeaseRequest req = { .machine = machine, .nic = nic, .wanted = address, .keep = true };
        uint32_t got = 0;
        bool changed;
        int r = lease_choose(s, &req, &got, &changed, reterr);

        if (r >= 0)
                assert_int_equal(got, address);
        return r;
}

static void address_that_is_asked_for(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/24\nservice 10.1.0.254\nmachine db 10.1.0.9\n");
        static const struct {
                uint32_t address;
                int result;
                const char *says;
        } bad[] = {
                { 0x0a010009, -EADDRINUSE, "machine 'db'" }, { 0x0a0100fe, -EADDRINUSE, "name service" },
                { 0x0a010001, -EADDRINUSE, "host's own" },   { 0x0a010000, -EINVAL, "10.1.0.0/24" },
                { 0x0a0100ff, -EINVAL, "10.1.0.0/24" },      { 0x0a010107, -EINVAL, "10.1.0.0/24" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_freep) Error *error = NULL;

                assert_int_equal(want(s, "web", 1, bad[i].address, &error), bad[i].result);
                assert_error_says(error, bad[i].says);
                assert_non_null(error->hint);
        }
        assert_int_equal(s->n_leases, 1);
        assert_int_equal(want(s, "web", 1, 0x0a010007, NULL), 0);
        assert_int_equal(choose(s, "web", true, NULL, 0), 0x0a010007); /* kept when it is no longer asked for */
        assert_int_equal(want(s, "web", 1, 0x0a010008, NULL), 0);
        assert_int_equal(lease_find(s, "web", 1)->address, 0x0a010008); /* moved, not added */
        assert_int_equal(s->n_leases, 2);
        assert_int_equal(want(s, "web", 2, 0x0a010008, NULL), -EADDRINUSE); /* nor for its own second interface */
        assert_int_equal(want(s, "web", 2, 0x0a01000a, NULL), 0);
        assert_int_equal(want(s, "db", 1, 0x0a010009, NULL), 0);
}

static void service_is_nobody_elses(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/29\nmachine a 10.1.0.6\n");
        const uint32_t in_use[] = { 0x0a010005 };

        assert_int_equal(lease_reserve_service(s, in_use, 1), 1);
        assert_int_equal(s->service, 0x0a010004); /* the last but what is leased or in use */
        assert_int_equal(lease_reserve_service(s, NULL, 0), 0);
        for (int i = 0; i < 4; i++) {
                char name[8];

                snprintf(name, sizeof(name), "m%d", i);
                assert_int_not_equal(choose(s, name, true, NULL, 0), s->service);
        }
}

static void moved_leases_keep_their_place(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/24\nservice 10.1.0.254\nmachine a 10.1.0.7\n"
                                                            "machine b 10.1.0.200\nmachine b 10.1.0.8 nic 2\n");

        lease_move(s, (Range){ 0x0a090000, 24 });
        assert_int_equal(lease_find(s, "a", 1)->address, 0x0a090007);
        assert_int_equal(lease_find(s, "b", 1)->address, 0x0a0900c8);
        assert_int_equal(s->service, 0x0a0900fe);
        lease_move(s, (Range){ 0x0a080000, 28 });
        assert_int_equal(lease_find(s, "a", 1)->address, 0x0a080007);
        assert_int_equal(lease_find(s, "b", 2)->address, 0x0a080008);
        assert_null(lease_find(s, "b", 1)); /* no such place */
        assert_int_equal(s->service, 0x0a08000e);
}

static void addresses_are_stable(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/22\n"), *other = state_of("range 10.1.0.0/22\n");
        uint32_t first = choose(s, "web", true, NULL, 0);

        assert_int_equal(choose(s, "web", true, NULL, 0), first);
        assert_int_equal(s->n_leases, 1);
        assert_int_equal(choose(other, "web", false, NULL, 0), first); /* the name decides, also where nothing is kept */
        assert_int_equal(other->n_leases, 0);
}

/* Names that are thrown away take no address that is kept or in use. */
static void nobody_shares(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/25\n");
        uint32_t used[125] = {};

        for (size_t i = 0; i < ELEMENTSOF(used); i++) {
                char name[16];

                snprintf(name, sizeof(name), "m%zu", i);
                used[i] = choose(s, name, i % 2, used, i);
                assert_int_not_equal(used[i], range_gateway(s->range));
                for (size_t j = 0; j < i; j++)
                        assert_int_not_equal(used[i], used[j]);
        }
}

static void oldest_idle_lease_is_given_up(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/29\nmachine a 10.1.0.2\nmachine b 10.1.0.3\n"
                                                            "machine c 10.1.0.4\nmachine d 10.1.0.5\nmachine e 10.1.0.6\n");
        const uint32_t in_use[] = { 0x0a010002, 0x0a010004, 0x0a010003, 0x0a010005, 0x0a010006 };
        LeaseRequest req = { .machine = "new", .nic = 1, .keep = true, .in_use = in_use, .n_in_use = ELEMENTSOF(in_use) };
        _cleanup_(error_freep) Error *error = NULL;
        uint32_t address;
        bool changed;

        assert_int_equal(lease_choose(s, &req, &address, &changed, &error), -ENOSPC);
        assert_error_says(error, "All 5 addresses");
        assert_int_equal(choose(s, "new", true, in_use, 2), 0x0a010003);
        assert_null(lease_find(s, "b", 1));
        assert_non_null(lease_find(s, "a", 1));
        assert_int_equal(lease_find(s, "new", 1)->address, 0x0a010003);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(address_that_is_asked_for),
                cmocka_unit_test(service_is_nobody_elses),
                cmocka_unit_test(moved_leases_keep_their_place),
                cmocka_unit_test(addresses_are_stable),
                cmocka_unit_test(nobody_shares),
                cmocka_unit_test(oldest_idle_lease_is_given_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
