/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A route says less about who has an address than it does for IPv4. Nobody has all of fc00::/7 or more: such routes are a tunnel's
 * that takes everything, or keep what is private from leaving. And a host to which a prefix is delegated has a route to all of it,
 * mostly one that leads nowhere (route_list() leaves those out), of which a zone is given a part. */

#include "zone-range6.h"

#include <string.h>

#include "host-config.h"
#include "host-hash.h"
#include "link.h"
#include "netns.h"
#include "strv.h"

#define CATCH_ALL_PREFIX 8
#define CHOICES 64 /* a clash of 40 random bits is somebody's mistake; this many are no accident */

const char *ipv6_absence(void) {
        HostConfig config = {};
        int off = 0;

        if (netns_sysctl_read("ipv6/conf/all/disable_ipv6", &off) < 0)
                return "this kernel has no IPv6";
        if (off)
                return "IPv6 is off on this host (net.ipv6.conf.all.disable_ipv6)";
        if (host_config_load(&config, NULL) >= 0 && config.ipv6 == IPV6_NO)
                return "IPv6 is switched off by IPv6=no in " HOST_CONFIG_PATH;
        return NULL;
}

/* ---- what the host has ---- */

static int take(HostRanges6 *list, const HostRange6 *item) {
        HostRange6 *p = reallocarray(list->items, list->n + 1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        list->items = p;
        p[list->n++] = *item;
        return 0;
}

void host_ranges6_done(HostRanges6 *r) {
        free(r->items);
}

static int take_route(HostRanges6 *list, const Netlink *nl, const RouteInfo *route) {
        HostRange6 item = { .range = range6_of(&route->destination.v6, route->prefix) };
        char text[RANGE6_TEXT_MAX], ifname[IF_NAMESIZE];

        netlink_ifname(nl, route->index, ifname);
        range6_format(&item.range, text);
        snprintf(item.what, sizeof(item.what), "the host's %s %s%s%s", route->address ? "network" : "route to", text,
                 ifname[0] ? " on " : "", ifname);
        (void) zone_name_of_bridge(ifname, item.zone);
        return take(list, &item);
}

static int take_routes(HostRanges6 *list, Netlink *nl) {
        _cleanup_free_ RouteInfo *routes = NULL;
        size_t n = 0;
        int r;

        r = route_list(nl, AF_INET6, &routes, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (routes[i].prefix > CATCH_ALL_PREFIX && routes[i].prefix <= 128)
                        r = take_route(list, nl, routes + i);
        return r;
}

/* A file that cannot be read is said by whoever needs it. */
static int take_zones(HostRanges6 *list) {
        _cleanup_strv_ char **names = NULL;
        int r;

        r = zone_state_list(&names, NULL);
        for (char **name = names; r >= 0 && name && *name; name++) {
                _cleanup_(zone_state_freep) ZoneState *state = NULL;
                HostRange6 item = { .kept = true };

                if (zone_state_load(*name, &state, NULL) < 0 || state->range6.prefix == 0)
                        continue;
                item.range = state->range6;
                snprintf(item.zone, sizeof(item.zone), "%s", *name);
                snprintf(item.what, sizeof(item.what), "the IPv6 range of the zone '%s'", item.zone);
                r = take(list, &item);
        }
        return r;
}

int host_ranges6_read(Netlink *nl, bool zones, HostRanges6 *ret, Error **reterr) {
        HostRanges6 list = {};
        int r;

        r = take_routes(&list, nl);
        if (r >= 0 && zones)
                r = take_zones(&list);
        if (r < 0) {
                host_ranges6_done(&list);
                return error_errno(reterr, r, "Cannot see which IPv6 addresses the host has");
        }
        *ret = list;
        return 0;
}

/* ---- questions about it ---- */

const char *host_ranges6_clash(const HostRanges6 *r, const Range6 *range, bool routed, const char *zone) {
        for (size_t i = 0; i < r->n; i++) {
                const HostRange6 *other = r->items + i;

                if (strcmp(other->zone, zone) == 0 || !range6_overlaps(range, &other->range))
                        continue;
                if (!routed || other->kept || other->range.prefix >= range->prefix)
                        return other->what;
        }
        return NULL;
}

void host_ranges6_choose(const HostRanges6 *r, const char *zone, Range6 *ret) {
        char purpose[64];
        uint64_t seed;

        snprintf(purpose, sizeof(purpose), "range6 %s", zone);
        seed = host_hash(purpose);
        for (unsigned i = 0; i < CHOICES; i++) {
                *ret = range6_choose(seed, i);
                if (!host_ranges6_clash(r, ret, false, zone))
                        return;
        }
}

bool range6_holds(const Range6 *r, Range range) {
        return r->prefix - range.prefix <= 128 - 32;
}

/* ---- a zone's ---- */

static int refuse(const ZoneState *state, const char *clash, Error **reterr) {
        char range[RANGE6_TEXT_MAX];

        range6_format(&state->range6, range);
        error_set(reterr, EADDRINUSE, "The IPv6 range %s of the zone '%s' meets %s", range, state->name, clash);
        return error_hint(reterr, -EADDRINUSE, "Run `nbox zone move %s%s` to have a free one chosen: the zone's machines keep their places "
                          "in it.", state->name, state->routed6 ? " --range6=auto" : "");
}

static int refuse_small(const ZoneState *state, Error **reterr) {
        char range6[RANGE6_TEXT_MAX], range[RANGE_TEXT_MAX];

        range_format(state->range, range);
        range6_format(&state->range6, range6);
        error_set(reterr, EINVAL, "The IPv6 range %s of the zone '%s' has no place for all of its range %s", range6, state->name, range);
        return error_hint(reterr, -EINVAL, "Run `nbox zone move %s --range6=PREFIX` with a wider one, of %u bits at most.", state->name,
                          state->range.prefix + 96);
}

int zone_settle_range6(Netlink *nl, ZoneState *state, bool made, bool *ret_changed, Error **reterr) {
        _cleanup_(host_ranges6_done) HostRanges6 ranges = {};
        const char *clash;
        int r;

        if (state->no_range6 || (state->range6.prefix > 0 && !made) || ipv6_absence())
                return 0;
        if (state->range6.prefix > 0 && !range6_holds(&state->range6, state->range))
                return refuse_small(state, reterr);
        r = host_ranges6_read(nl, true, &ranges, reterr);
        if (r < 0)
                return r;
        if (state->range6.prefix > 0) {
                clash = host_ranges6_clash(&ranges, &state->range6, state->routed6, state->name);
                return clash ? refuse(state, clash, reterr) : 0;
        }
        host_ranges6_choose(&ranges, state->name, &state->range6);
        *ret_changed = true;
        return 0;
}
