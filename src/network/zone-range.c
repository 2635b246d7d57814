/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone-range.h"

#include <arpa/inet.h>
#include <string.h>

#include "host-hash.h"
#include "link.h"
#include "strv.h"
#include "zone-name.h"
#include "zone.h"

/* ---- what the host has ---- */

static int take(HostRanges *list, const HostRange *item) {
        HostRange *p = reallocarray(list->items, list->n + 1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        list->items = p;
        p[list->n++] = *item;
        return 0;
}

void host_ranges_done(HostRanges *r) {
        free(r->items);
}

static void name_route(const RouteInfo *route, const char *ifname, TakenRange *t) {
        char range[RANGE_TEXT_MAX];

        range_format(t->range, range);
        snprintf(t->what, sizeof(t->what), "the host's %s %s%s%s", route->address ? "network" : "route to", range,
                 ifname[0] ? " on " : "", ifname);
}

static int take_routes(HostRanges *list, Netlink *nl) {
        _cleanup_free_ RouteInfo *routes = NULL;
        char ifname[IF_NAMESIZE] = "";
        int named = 0, r;
        size_t n = 0;

        r = route_list(nl, AF_INET, &routes, &n);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                HostRange item = { .taken.range.prefix = routes[i].prefix };
                Range *range = &item.taken.range;

                if (routes[i].prefix > 32)
                        continue;
                range->base = routes[i].destination.v4 & range_mask(*range);
                if (range_is_catch_all(*range))
                        continue;
                if (routes[i].index != named)
                        netlink_ifname(nl, routes[i].index, ifname);
                named = routes[i].index;
                name_route(routes + i, ifname, &item.taken);
                (void) zone_name_of_bridge(ifname, item.zone);
                r = take(list, &item);
        }
        return r;
}

/* A file that cannot be read is said by whoever needs it. */
static int take_zones(HostRanges *list) {
        _cleanup_strv_ char **names = NULL;
        int r;

        r = zone_state_list(&names, NULL);
        for (char **name = names; r >= 0 && name && *name; name++) {
                _cleanup_(zone_state_freep) ZoneState *state = NULL;
                HostRange item = {};

                if (zone_state_load(*name, &state, NULL) < 0 || state->range.prefix == 0)
                        continue;
                item.taken.range = state->range;
                snprintf(item.zone, sizeof(item.zone), "%s", *name);
                snprintf(item.taken.what, sizeof(item.taken.what), "the range of the zone '%s'", item.zone);
                r = take(list, &item);
        }
        return r;
}

int host_ranges_read(Netlink *nl, bool zones, HostRanges *ret, Error **reterr) {
        HostRanges list = {};
        int r;

        r = take_routes(&list, nl);
        if (r >= 0 && zones)
                r = take_zones(&list);
        if (r < 0) {
                host_ranges_done(&list);
                return error_errno(reterr, r, "Cannot see which addresses the host has");
        }
        *ret = list;
        return 0;
}

/* ---- questions about it ---- */

const char *host_ranges_clash(const HostRanges *r, Range range, const char *zone) {
        for (size_t i = 0; i < r->n; i++)
                if (strcmp(r->items[i].zone, zone) != 0 && range_find_clash(range, &r->items[i].taken, 1))
                        return r->items[i].taken.what;
        return NULL;
}

int host_ranges_choose(const HostRanges *r, const char *zone, Range *ret, Error **reterr) {
        _cleanup_free_ TakenRange *taken = calloc(r->n + 1, sizeof(*taken));
        char purpose[64];
        size_t n = 0;

        if (!taken)
                return error_oom(reterr);
        for (size_t i = 0; i < r->n; i++)
                if (strcmp(r->items[i].zone, zone) != 0)
                        taken[n++] = r->items[i].taken;
        snprintf(purpose, sizeof(purpose), "range %s", zone);
        if (range_choose(host_hash(purpose), taken, n, ret) >= 0)
                return 0;
        error_set(reterr, ENOSPC, "No private range is free for the zone '%s': the host has routes to all of "
                  "10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16", zone);
        return error_hint(reterr, -ENOSPC, "Run `nbox zone create %s --range=A.B.C.D/24` to give it one.", zone);
}

static int refuse(const ZoneState *state, const char *clash, Error **reterr) {
        char range[RANGE_TEXT_MAX];

        range_format(state->range, range);
        error_set(reterr, EADDRINUSE, "The range %s of the zone '%s' meets %s", range, state->name, clash);
        return error_hint(reterr, -EADDRINUSE, "Run `nbox zone move %s` to have a free one chosen: the zone's machines keep their places in it.",
                          state->name);
}

int zone_settle_range(Netlink *nl, ZoneState *state, bool *ret_changed, Error **reterr) {
        _cleanup_(host_ranges_done) HostRanges ranges = {};
        const char *clash;
        int r;

        r = host_ranges_read(nl, true, &ranges, reterr);
        if (r < 0)
                return r;
        if (state->range.prefix > 0) {
                clash = host_ranges_clash(&ranges, state->range, state->name);
                return clash ? refuse(state, clash, reterr) : 0;
        }
        r = host_ranges_choose(&ranges, state->name, &state->range, reterr);
        if (r >= 0)
                *ret_changed = true;
        return r;
}
