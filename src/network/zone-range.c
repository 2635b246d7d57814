/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone-range.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <string.h>

#include "host-hash.h"
#include "link.h"
#include "zone-name.h"

typedef struct TakenList {
        TakenRange *items;
        size_t n;
} TakenList;

static int take(TakenList *list, const TakenRange *item) {
        TakenRange *p = reallocarray(list->items, list->n + 1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        list->items = p;
        p[list->n++] = *item;
        return 0;
}

static void name_route(const RouteInfo *route, TakenRange *t) {
        char ifname[IF_NAMESIZE] = "", range[RANGE_TEXT_MAX];

        if (route->index > 0)
                (void) if_indextoname((unsigned) route->index, ifname);
        range_format(t->range, range);
        snprintf(t->what, sizeof(t->what), "the host's %s %s%s%s", route->address ? "network" : "route to", range,
                 ifname[0] ? " on " : "", ifname);
}

static int take_routes(TakenList *list, Netlink *nl) {
        _cleanup_free_ RouteInfo *routes = NULL;
        size_t n = 0;
        int r;

        r = route_list(nl, &routes, &n);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                TakenRange t = { .range.prefix = routes[i].prefix };

                if (routes[i].prefix > 32)
                        continue;
                t.range.base = ntohl(routes[i].destination.s_addr) & range_mask(t.range);
                name_route(routes + i, &t);
                r = take(list, &t);
        }
        return r;
}

static int take_zones(TakenList *list, const char *own) {
        _cleanup_closedir_ DIR *dir = opendir(ZONE_STATE_DIRECTORY);
        int r = 0;

        for (struct dirent *d; r >= 0 && dir && (d = readdir(dir));) {
                _cleanup_(zone_state_freep) ZoneState *other = NULL;
                TakenRange t = {};

                if (strcmp(d->d_name, own) == 0 || zone_name_check(d->d_name, NULL) < 0 ||
                    zone_state_load(d->d_name, &other, NULL) < 0 || other->range.prefix == 0)
                        continue;
                t.range = other->range;
                snprintf(t.what, sizeof(t.what), "the range of the zone '%.12s'", d->d_name);
                r = take(list, &t);
        }
        return r;
}

static int refuse(const ZoneState *state, const TakenRange *clash, Error **reterr) {
        char path[ZONE_STATE_PATH_MAX], range[RANGE_TEXT_MAX];

        zone_state_path(state->name, path);
        range_format(state->range, range);
        error_set(reterr, EADDRINUSE, "The range %s of the zone '%s' meets %s", range, state->name, clash->what);
        return error_hint(reterr, -EADDRINUSE, "Run `rm %s` to have a free one chosen: the zone's machines get new "
                          "addresses.", path);
}

int zone_settle_range(Netlink *nl, ZoneState *state, bool *ret_changed, Error **reterr) {
        _cleanup_free_ TakenRange *items = NULL;
        char purpose[64], path[ZONE_STATE_PATH_MAX];
        const TakenRange *clash;
        TakenList list = {};
        int r;

        r = take_routes(&list, nl);
        if (r >= 0)
                r = take_zones(&list, state->name);
        items = list.items;
        if (r < 0)
                return error_errno(reterr, r, "Cannot see which addresses the host has");
        if (state->range.prefix > 0) {
                clash = plan_find_clash(state->range, list.items, list.n);
                return clash ? refuse(state, clash, reterr) : 0;
        }
        snprintf(purpose, sizeof(purpose), "range %s", state->name);
        if (plan_choose(host_hash(purpose), list.items, list.n, &state->range) < 0) {
                zone_state_path(state->name, path);
                error_set(reterr, ENOSPC, "No private range is free for the zone '%s': the host has routes to all of "
                          "10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16", state->name);
                return error_hint(reterr, -ENOSPC, "Write a line 'range A.B.C.D/24' into %s.", path);
        }
        *ret_changed = true;
        return 0;
}
