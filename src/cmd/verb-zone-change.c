/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "bus.h"
#include "ifname.h"
#include "parse.h"
#include "registration.h"
#include "unit.h"
#include "verb-list.h"
#include "zone-admin.h"
#include "zone-state.h"

/* nbox zone create, remove and move. */

enum { OPT_RANGE = 1, OPT_RANGE6, OPT_ROUTED, OPT_ISOLATED, OPT_CLOSED, OPT_UPLINK, OPT_VLAN };

const VerbOption zone_create_options[] = {
        { { .name = "range", .placeholder = "A.B.C.D/N" }, OPT_RANGE, "Its addresses, if not any that are free" },
        { { .name = "range6", .placeholder = "PREFIX/N|none|auto" }, OPT_RANGE6, "Its IPv6 addresses; auto chooses private ones" },
        { { .name = "routed" }, OPT_ROUTED, "The world has a route to that prefix: nothing is translated" },
        { { .name = "isolated" }, OPT_ISOLATED, "Its machines reach one another by published ports only" },
        { { .name = "closed" }, OPT_CLOSED, "Its machines do not get out; published ports answer" },
        { { .name = "uplink", .placeholder = "IF" }, OPT_UPLINK, "Join it with the network behind an interface of the host" },
        { { .name = "vlan", .placeholder = "N" }, OPT_VLAN, "That VLAN of the uplink, not all of it" },
        {},
};

const VerbOption zone_move_options[] = {
        { { .name = "range", .placeholder = "A.B.C.D/N" }, OPT_RANGE, "Its new addresses, if not any that are free" },
        { { .name = "range6", .placeholder = "PREFIX/N|none|auto" }, OPT_RANGE6, "Its new IPv6 addresses; auto chooses private ones" },
        { { .name = "routed" }, OPT_ROUTED, "The world has a route to that prefix: nothing is translated" },
        {},
};

static int take_range(const char *text, Range *ret, Error **reterr) {
        if (range_parse(text, ret) >= 0)
                return 0;
        error_set(reterr, EINVAL, "'%.40s' is not a range", text);
        return error_hint(reterr, -EINVAL, "It takes A.B.C.D/N with N from 8 to 29, no bits of the address behind these, and addresses that "
                          "hosts can have, as 10.83.12.0/24.");
}

static int take_range6(const char *text, Range6Wish *ret, Error **reterr) {
        if (strcmp(text, "none") == 0 || strcmp(text, "auto") == 0) {
                ret->kind = *text == 'n' ? RANGE6_NONE : RANGE6_CHOSEN;
                return 0;
        }
        ret->kind = RANGE6_GIVEN;
        if (range6_parse(text, &ret->range) >= 0)
                return 0;
        error_set(reterr, EINVAL, "'%.60s' is not an IPv6 range", text);
        return error_hint(reterr, -EINVAL, "It takes PREFIX/N with N from 48 to 112 and no bits of the address behind these, of private "
                          "(fd00::/8) or global addresses, as fd12:3456:789a::/64; or 'none', or 'auto'.");
}

static int take_vlan(const char *text, unsigned *ret, Error **reterr) {
        uint64_t n;

        if (parse_u64(text, VLAN_MAX, &n) < 0 || n == 0)
                return error_set(reterr, EINVAL, "'%.40s' is not a VLAN: a number from 1 to %d", text, VLAN_MAX);
        *ret = (unsigned) n;
        return 0;
}

static int take_option(ZoneRequest *req, int option, const char *value, Error **reterr) {
        switch (option) {
        case OPT_RANGE:
                return take_range(value, &req->range, reterr);
        case OPT_RANGE6:
                return take_range6(value, &req->range6, reterr);
        case OPT_ROUTED:
                req->range6.routed = true;
                return 0;
        case OPT_ISOLATED:
                req->isolated = true;
                return 0;
        case OPT_CLOSED:
                req->closed = true;
                return 0;
        case OPT_UPLINK:
                if (!ifname_is_valid(value, IF_NAMESIZE - 1))
                        return error_set(reterr, EINVAL, "'%.40s' is not the name of an interface", value);
                req->uplink = value;
                return 0;
        default:
                return take_vlan(value, &req->vlan, reterr);
        }
}

static int check_request(const ZoneRequest *req, Error **reterr) {
        if (req->range6.routed && req->range6.kind != RANGE6_GIVEN) {
                error_set(reterr, EINVAL, "A route leads to a prefix");
                return error_hint(reterr, -EINVAL, "Say which one the world has a route to: --range6=PREFIX/N --routed.");
        }
        if (req->vlan == 0 || req->uplink)
                return 0;
        error_set(reterr, EINVAL, "A VLAN is one of an uplink");
        return error_hint(reterr, -EINVAL, "Say which interface leads there: --uplink=IF --vlan=%u.", req->vlan);
}

/* All that the verbs with options have in common: one zone, and what is asked for it. */
static int read_request(int argc, char **argv, ZoneRequest *req, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0) {
                r = take_option(req, r, args.value, reterr);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = verb_check_operands(&args, 1, 1, reterr);
        if (r >= 0)
                req->name = args.operands[0];
        return r < 0 ? r : check_request(req, reterr);
}

int verb_zone_create(int argc, char **argv, Error **reterr) {
        ZoneRequest req = {};
        int r;

        r = read_request(argc, argv, &req, reterr);
        return r < 0 ? r : zone_create(&req, reterr);
}

/* A machine that has just ended may have had the zone's service started, which only then comes to look for the zone, and makes it again: so
 * its unit, or the job that is to start it, is ended, and what it has made goes as well. */
static int remove_zone(const char *zone, Error **reterr) {
        _cleanup_free_ char *service = zone_service_name(zone);
        _cleanup_(error_freep) Error *again = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = zone_remove(zone, reterr);

        if (r < 0 || !service || host_bus_open(&bus, NULL) <= 0)
                return r;
        if (unit_stop(bus, service, NULL) < 0)
                return 0; /* it was not known */
        r = zone_remove(zone, &again);
        if (r >= 0 || r == -ENOENT)
                return 0;
        if (reterr)
                *reterr = TAKE_PTR(again);
        return r;
}

int verb_zone_remove(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        r = verb_operands(&args, 1, -1, reterr);
        for (int i = 0; r >= 0 && i < args.n_operands; i++)
                r = remove_zone(args.operands[i], reterr);
        return r;
}

int verb_zone_move(int argc, char **argv, Error **reterr) {
        char text[RANGE_TEXT_MAX], text6[RANGE6_TEXT_MAX];
        ZoneRequest req = {};
        ZoneMoved moved;
        int r;

        r = read_request(argc, argv, &req, reterr);
        if (r >= 0)
                r = zone_move(&req, &moved, reterr);
        if (r < 0)
                return r;
        range_format(moved.range, text);
        range6_format(&moved.range6, text6);
        printf("The zone '%s' has the range %s%s%s now", req.name, text, *text6 ? " and " : "", text6);
        if (moved.kept < moved.leases)
                printf("; %zu of %zu addresses had no place in it and are chosen anew", moved.leases - moved.kept, moved.leases);
        putchar('\n');
        return 0;
}
