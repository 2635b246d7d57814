/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "file.h"
#include "name.h"
#include "netns.h"

#define ALIAS_FORMAT "nbox zone=%s range=%s"

int zone_name_check(const char *zone, Error **reterr) {
        if (strlen(zone) <= ZONE_NAME_MAX && machine_name_is_valid(zone))
                return 0;
        error_set(reterr, EINVAL, "'%.40s' is not a zone's name", zone);
        return error_hint(reterr, -EINVAL, "It takes 1 to 12 letters, digits, '-' and '.', as in a host name.");
}

void zone_bridge_name(const char *zone, char ret[IF_NAMESIZE]) {
        if (strcmp(zone, ZONE_DEFAULT) == 0)
                snprintf(ret, IF_NAMESIZE, "nbox0");
        else
                snprintf(ret, IF_NAMESIZE, "nz-%.12s", zone);
}

/* What tells this host from others; the same over reboots where there is a machine-id. */
static uint64_t host_hash(const char *purpose) {
        _cleanup_free_ char *id = NULL, *text = NULL;
        char host[65] = "";

        if (file_read(AT_FDCWD, "/etc/machine-id", 64, &id) < 0)
                (void) gethostname(host, sizeof(host) - 1);
        if (asprintf(&text, "%s %s", id ?: host, purpose) < 0)
                return string_hash(purpose);
        return string_hash(text);
}

void stable_mac(const char *purpose, uint8_t ret[6]) {
        uint64_t h = host_hash(purpose);

        memcpy(ret, &h, 6);
        ret[0] = (uint8_t) ((ret[0] & ~1U) | 2U); /* not multicast; locally administered */
}

static void bridge_mac(const char *zone, uint8_t ret[6]) {
        char purpose[64];

        snprintf(purpose, sizeof(purpose), "bridge %s", zone);
        stable_mac(purpose, ret);
}

bool zone_of_bridge(const LinkInfo *link, char ret[ZONE_NAME_MAX + 1]) {
        char name[ZONE_NAME_MAX + 1], bridge[IF_NAMESIZE], prefix[64];
        uint8_t mac[6];

        if (strcmp(link->kind, "bridge") != 0)
                return false;
        if (strncmp(link->name, "nz-", 3) == 0)
                snprintf(name, sizeof(name), "%s", link->name + 3);
        else
                snprintf(name, sizeof(name), ZONE_DEFAULT);
        zone_bridge_name(name, bridge);
        if (strcmp(bridge, link->name) != 0 || zone_name_check(name, NULL) < 0)
                return false;
        bridge_mac(name, mac);
        snprintf(prefix, sizeof(prefix), ALIAS_FORMAT, name, "");
        if (memcmp(mac, link->mac, sizeof(mac)) != 0 && strncmp(link->alias, prefix, strlen(prefix)) != 0)
                return false;
        snprintf(ret, ZONE_NAME_MAX + 1, "%s", name);
        return true;
}

/* ---- what the host has already ---- */

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

static int settle_range(Netlink *nl, ZoneState *state, bool *ret_changed, Error **reterr) {
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

/* ---- the bridge ---- */

static void zone_alias(const ZoneState *state, char *ret, size_t size) {
        char range[RANGE_TEXT_MAX];

        range_format(state->range, range);
        snprintf(ret, size, ALIAS_FORMAT, state->name, range);
}

static int inspect_other_range(Netlink *nl, const LinkInfo *link, const ZoneState *state, bool *ret_remake, Error **reterr) {
        _cleanup_free_ LinkInfo *ports = NULL;
        size_t n = 0;
        int r;

        r = link_list(nl, link->index, &ports, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the ports of %s", link->name);
        if (n > 0) {
                error_set(reterr, EBUSY, "The zone '%s' is up with another range than its file has", state->name);
                return error_hint(reterr, -EBUSY, "Power off its machines, then start this one again.");
        }
        *ret_remake = true;
        return 0;
}

/* A bridge that stands is right, or is half made or outdated (*ret_remake), or is somebody else's (an error). */
static int inspect(Netlink *nl, const LinkInfo *link, ZoneState *state, bool *ret_changed, bool *ret_remake, Error **reterr) {
        char zone[ZONE_NAME_MAX + 1], alias[64];
        const char *range = strrchr(link->alias, '=');

        if (!zone_of_bridge(link, zone)) {
                error_set(reterr, EEXIST, "There is a link '%s' already, which nbox did not make", link->name);
                return error_hint(reterr, -EEXIST, "Rename it, or remove it with `ip link delete %s`.", link->name);
        }
        if (state->range.prefix == 0 && range && range_parse(range + 1, &state->range) >= 0)
                *ret_changed = true;
        zone_alias(state, alias, sizeof(alias));
        if (strcmp(alias, link->alias) == 0)
                return 0;
        return inspect_other_range(nl, link, state, ret_remake, reterr);
}

/* Settings are written while the bridge is down, before IPv6 has begun to configure itself. */
static int finish_bridge(Netlink *nl, const ZoneState *state, const char *name, LinkInfo *link) {
        char path[64], alias[64];
        struct in_addr gateway = { htonl(range_gateway(state->range)) };
        int r;

        r = link_get(nl, name, link);
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "ipv6/conf/%s/disable_ipv6", name);
        (void) netns_sysctl_write(-1, path, "1"); /* no such file: no IPv6 in this kernel */
        zone_alias(state, alias, sizeof(alias));
        link_put_address(nl, link->index, gateway, state->range.prefix);
        link_put_up(nl, link->index);
        link_put_alias(nl, name, alias);
        return netlink_run(nl, NULL, NULL, NULL);
}

static int make_bridge(Netlink *nl, const ZoneState *state, const char *name, LinkInfo *link, Error **reterr) {
        uint8_t mac[6];
        int r;

        bridge_mac(state->name, mac);
        r = bridge_create(nl, name, mac);
        if (r >= 0) {
                r = finish_bridge(nl, state, name, link);
                if (r < 0)
                        (void) link_delete(nl, name);
        }
        if (r == -EOPNOTSUPP) {
                error_set(reterr, r, "This kernel has no bridges");
                return error_hint(reterr, r, "Load the module (`modprobe bridge`), or start the machine with "
                                  "--network=none or --network=host.");
        }
        return r < 0 ? error_errno(reterr, r, "Cannot make the bridge %s", name) : 0;
}

int zone_up(Netlink *nl, ZoneState *state, Zone *ret, bool *ret_changed, Error **reterr) {
        bool changed = false, make = false;
        Zone zone = {};
        LinkInfo link;
        int r;

        snprintf(zone.name, sizeof(zone.name), "%s", state->name);
        zone_bridge_name(zone.name, zone.bridge);
        r = link_get(nl, zone.bridge, &link);
        if (r >= 0) {
                r = inspect(nl, &link, state, &changed, &make, reterr);
                if (r >= 0 && make)
                        r = link_delete(nl, zone.bridge);
        } else if (r == -ENODEV) {
                make = true;
                r = 0;
        } else
                error_errno(reterr, r, "Cannot look at the link %s", zone.bridge);
        if (r >= 0 && make) {
                r = settle_range(nl, state, &changed, reterr);
                if (r >= 0)
                        r = make_bridge(nl, state, zone.bridge, &link, reterr);
        }
        if (r < 0)
                return r;
        zone.index = link.index;
        zone.range = state->range;
        *ret = zone;
        *ret_changed = changed;
        return 0;
}

int zone_down_if_unused(Netlink *nl, const char *zone, Error **reterr) {
        _cleanup_free_ LinkInfo *ports = NULL;
        char name[IF_NAMESIZE], found[ZONE_NAME_MAX + 1];
        LinkInfo link;
        size_t n = 0;
        int r;

        zone_bridge_name(zone, name);
        r = link_get(nl, name, &link);
        if (r == -ENODEV || (r >= 0 && !zone_of_bridge(&link, found)))
                return 1;
        if (r >= 0)
                r = link_list(nl, link.index, &ports, &n);
        if (r >= 0 && n > 0)
                return 0;
        if (r >= 0)
                r = link_delete(nl, name);
        return r < 0 ? error_errno(reterr, r, "Cannot remove the bridge %s", name) : 1;
}
