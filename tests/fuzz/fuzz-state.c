/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "bind-changes.h"
#include "change.h"
#include "console-log.h"
#include "device-changes.h"
#include "endpoint.h"
#include "event-reader.h"
#include "given.h"
#include "host-config.h"
#include "identity.h"
#include "layer-info.h"
#include "lease.h"
#include "machine-end.h"
#include "machine-order.h"
#include "zone-state.h"

/* Files in which something is kept from one nbox to the next, or that an administrator writes. The first byte says which. Where it is
 * taken, it is written again as the same. */

typedef void (*Check)(char *text, size_t size);

static void same_text(char *first, char *second) {
        fuzz_check(first && second && strcmp(first, second) == 0);
        free(first);
        free(second);
}

static void check_zone(char *text, size_t size _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = zone_state_new("lab"), *again = zone_state_new("lab");
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *written = NULL;
        bool changed = false;
        uint32_t address;
        int r = zone_state_parse(s, "lab", text, &error);

        fuzz_check_error(r, error);
        if (r < 0)
                return;
        written = zone_state_format(s);
        fuzz_check(written && s->n_leases <= ZONE_LEASES_MAX);
        r = zone_state_parse(again, "lab", written, &error);
        fuzz_check_error(r, error);
        fuzz_check(r >= 0);
        same_text(zone_state_format(s), zone_state_format(again));
        if (s->range.prefix == 0)
                return;
        (void) lease_reserve_service(s, NULL, 0);
        if (lease_choose(s, &(LeaseRequest){ .machine = "web", .nic = 1, .keep = true }, &address, &changed, &error) >= 0)
                fuzz_check(range_contains(s->range, address) && lease_find(s, "web", 1));
        lease_move(s, (Range){ .base = 0x0a010000, .prefix = 24 });
}

static void check_endpoint(char *text, size_t size _unused_) {
        _cleanup_(endpoint_freep) Endpoint *e = endpoint_new("web"), *again = endpoint_new("web");
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *written = NULL;
        int r = endpoint_parse(e, "web", text, &error);

        fuzz_check_error(r, error);
        if (r < 0)
                return;
        written = endpoint_format(e);
        fuzz_check(written && e->n_nics <= NICS_MAX && e->n_links <= NICS_MAX && e->n_given <= NICS_MAX);
        r = endpoint_parse(again, "web", written, &error);
        fuzz_check_error(r, error);
        fuzz_check(r >= 0);
        same_text(endpoint_format(e), endpoint_format(again));
}

static void check_given(char *text, size_t size _unused_) {
        Given g = {};

        if (given_parse(text, &g) >= 0) {
                _cleanup_free_ char *written = given_format(&g);

                fuzz_check(written);
        }
        given_done(&g);
}

static void check_change(char *text, size_t size _unused_) {
        _cleanup_(change_freep) Change *c = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int r = change_parse(text, &c, &error);

        fuzz_check_error(r, error);
        if (r < 0)
                return;
        fuzz_check(*c->directory == '/' && *c->from && !strchr(c->from, '/') && (!c->to || !strchr(c->to, '/')));
        fuzz_check(c->kind != CHANGE_RENAME || strv_length(c->paths) == strv_length(c->new_paths));
        free(change_format(c));
}

static void check_identity(char *text, size_t size _unused_) {
        _cleanup_(identity_freep) Identity *i = identity_new("web");
        _cleanup_(error_freep) Error *error = NULL;
        int r = identity_parse(i, "web", text, &error);

        fuzz_check_error(r, error);
        fuzz_check(r < 0 || (uint64_t) i->uids.base + i->uids.count <= UINT32_MAX);
}

static void check_order(char *text, size_t size) {
        MachineOrder o = {};
        _cleanup_(error_freep) Error *error = NULL;
        int r = machine_order_parse(text, size, &o, &error);

        fuzz_check_error(r, error);
        if (r >= 0) {
                _cleanup_free_ char *written = machine_order_format(&o);
                MachineOrder again = {};

                fuzz_check(written && machine_order_parse(written, strlen(written), &again, &error) >= 0);
                same_text(machine_order_format(&o), machine_order_format(&again));
                machine_order_done(&again);
        }
        machine_order_done(&o);
}

static void check_host_config(char *text, size_t size) {
        HostConfig c = {};
        _cleanup_(error_freep) Error *error = NULL;
        int r = host_config_parse(&c, "nbox.conf", text, size, &error);

        fuzz_check_error(r, error);
}

static void check_layer(char *text, size_t size _unused_) {
        Layer l = { .fd = -1, .tree = -1 };

        if (layer_info_parse(&l, text) >= 0)
                free(layer_info_format(&l));
        free(l.from);
}

static void check_lines(char *text, size_t size _unused_) {
        char *rest = text, *line;

        while ((line = strsep(&rest, "\n"))) {
                _cleanup_(host_event_freep) HostEvent *e = NULL;
                char shown[MACHINE_END_TEXT_MAX + 64], *words;
                ConsoleLogKind kind;
                uint64_t usec;
                MachineEnd end, again;

                if (host_event_parse(line, &e) >= 0)
                        fuzz_check(e->subject && *event_kind_to_string(e->kind));
                machine_end_parse(line, &end);
                (void) machine_end_format(&end, shown, sizeof(shown));
                machine_end_parse(shown, &again);
                fuzz_check(again.kind == end.kind && strcmp(again.text, end.text) == 0);
                (void) machine_end_phrase(&end, shown, sizeof(shown));
                if (console_log_parse(line, &usec, &kind, &words))
                        fuzz_check(words);
        }
}

static void check_sides(char *text, size_t size) {
        DeviceChanges devices = {};
        BindList binds = {};
        _cleanup_(error_freep) Error *error = NULL, *second = NULL;
        int dir = fuzz_directory(NULL), r;

        fuzz_put("devices", text, size);
        fuzz_put("binds", text, size);
        r = device_changes_load(dir, &devices, &error);
        fuzz_check_error(r, error);
        device_changes_done(&devices);
        r = bind_changes_load(dir, &binds, &second);
        fuzz_check_error(r, second);
        bind_list_done(&binds);
}

void fuzz_state(const uint8_t *data, size_t size) {
        static const Check checks[] = {
                check_zone, check_endpoint, check_given, check_change, check_identity, check_order,
                check_host_config, check_layer, check_lines, check_sides,
        };
        FuzzInput in = { data, size };
        Check check = checks[fuzz_byte(&in) % ELEMENTSOF(checks)];
        size_t n;
        _cleanup_free_ char *text = fuzz_rest(&in, &n);

        /* Of a file with a NUL in it, most get the text before it, in memory of that size. */
        if (check != check_order && check != check_host_config && check != check_sides) {
                char *shorter = strdup(text);

                free(text);
                text = shorter;
                n = strlen(text);
        }
        check(text, n);
}
