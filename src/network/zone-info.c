/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone-info.h"

#include <string.h>

#include "log.h"
#include "network.h"
#include "strv.h"
#include "zone-range.h"
#include "zone-range6.h"
#include "zone.h"

void zone_info_free(ZoneInfo *zones, size_t n) {
        for (size_t i = 0; i < n; i++) {
                zone_state_free(zones[i].state);
                error_free(zones[i].error);
                free(zones[i].machines);
        }
        free(zones);
}

/* The default zone is one before it has a file. */
static int zone_names(const LinkInfo *links, size_t n_links, char ***ret, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        char zone[ZONE_NAME_MAX + 1];
        int r;

        r = zone_state_list(&names, reterr);
        if (r < 0)
                return r;
        if (!strv_contains(names, ZONE_DEFAULT))
                r = strv_append(&names, ZONE_DEFAULT);
        for (size_t i = 0; r >= 0 && i < n_links; i++)
                if (zone_of_bridge(links + i, zone) && !strv_contains(names, zone))
                        r = strv_append(&names, zone);
        if (r < 0)
                return error_oom(reterr);
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

static int find_machines(ZoneInfo *z, const LinkInfo *bridge, const LinkInfo *links, size_t n, Error **reterr) {
        z->up = true;
        for (size_t i = 0; i < n; i++) {
                MachineLink machine, *grown;

                if (links[i].master != bridge->index || !machine_link_parse(links + i, &machine))
                        continue;
                grown = reallocarray(z->machines, z->n_machines + 1, sizeof(*grown));
                if (!grown)
                        return error_oom(reterr);
                z->machines = grown;
                grown[z->n_machines++] = machine;
        }
        return 0;
}

/* What the host has of both families. */
typedef struct Ranges {
        HostRanges v4;
        HostRanges6 v6;
} Ranges;

static void ranges_done(Ranges *r) {
        host_ranges_done(&r->v4);
        host_ranges6_done(&r->v6);
}

static int ranges_read(Netlink *nl, bool zones, Ranges *ret, Error **reterr) {
        int r = host_ranges_read(nl, zones, &ret->v4, reterr);

        return r < 0 ? r : host_ranges6_read(nl, zones, &ret->v6, reterr);
}

/* The range of the zone that meets something, as text, and what that is; or NULL. */
static const char *find_clash(const Ranges *ranges, const ZoneState *s, char ret_range[RANGE6_TEXT_MAX]) {
        const char *clash = s->range.prefix > 0 ? host_ranges_clash(&ranges->v4, s->range, s->name) : NULL;

        if (clash)
                range_format(s->range, ret_range);
        else if (s->range6.prefix > 0 && !ipv6_absence()) {
                clash = host_ranges6_clash(&ranges->v6, &s->range6, s->routed6, s->name);
                range6_format(&s->range6, ret_range);
        }
        return clash;
}

typedef struct Look {
        LinkInfo *links;
        size_t n_links;
        Ranges ranges;
} Look;

static void look_done(Look *l) {
        free(l->links);
        ranges_done(&l->ranges);
}

static int look_at_host(Look *l, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        int r;

        r = netlink_new(NETLINK_ROUTE, -1, &nl);
        if (r >= 0)
                r = link_list(nl, 0, &l->links, &l->n_links);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the links of the host");
        return ranges_read(nl, true, &l->ranges, reterr);
}

static int fill(ZoneInfo *z, const Look *l, const char *name, Error **reterr) {
        char zone[ZONE_NAME_MAX + 1], range[RANGE6_TEXT_MAX];
        const char *clash;
        int r = 0;

        snprintf(z->name, sizeof(z->name), "%s", name);
        zone_bridge_name(name, z->bridge);
        if (zone_state_load(name, &z->state, &z->error) < 0 && !z->error)
                return error_oom(reterr);
        for (size_t i = 0; r >= 0 && i < l->n_links; i++)
                if (strcmp(l->links[i].name, z->bridge) == 0 && zone_of_bridge(l->links + i, zone))
                        r = find_machines(z, l->links + i, l->links, l->n_links, reterr);
        if (r < 0 || !z->state)
                return r;
        clash = find_clash(&l->ranges, z->state, range);
        snprintf(z->clash, sizeof(z->clash), "%s", clash ?: "");
        return 0;
}

static int unknown_zone(const char *name, Error **reterr) {
        error_set(reterr, ENOENT, "There is no zone '%s'", name);
        return error_hint(reterr, -ENOENT, "`nbox zone list` shows those there are; `nbox zone create %s` makes one.", name);
}

int zone_info_read(const char *only, ZoneInfo **ret, size_t *ret_n, Error **reterr) {
        _cleanup_(look_done) Look look = {};
        _cleanup_strv_ char **names = NULL;
        ZoneInfo *zones;
        size_t n = 0;
        int r;

        r = only ? zone_name_check(only, reterr) : 0;
        if (r >= 0)
                r = look_at_host(&look, reterr);
        if (r >= 0)
                r = zone_names(look.links, look.n_links, &names, reterr);
        if (r < 0)
                return r;
        if (only && !strv_contains(names, only))
                return unknown_zone(only, reterr);
        zones = calloc(strv_length(names), sizeof(*zones));
        if (!zones)
                return error_oom(reterr);
        for (char **name = names; *name && r >= 0; name++)
                if (!only || strcmp(*name, only) == 0)
                        r = fill(zones + n++, &look, *name, reterr);
        if (r < 0) {
                zone_info_free(zones, n);
                return r;
        }
        *ret = zones;
        *ret_n = n;
        return 0;
}

int zone_clash(const char *zone, char ret[ZONE_CLASH_MAX], Error **reterr) {
        _cleanup_(zone_state_freep) ZoneState *state = NULL;
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_(ranges_done) Ranges ranges = {};
        char range[RANGE6_TEXT_MAX];
        const char *clash;
        int r;

        r = zone_state_load(zone, &state, reterr);
        if (r < 0)
                return r;
        if (state->range.prefix == 0)
                return 0;
        r = netlink_new(NETLINK_ROUTE, -1, &nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        r = ranges_read(nl, true, &ranges, reterr);
        if (r < 0)
                return r;
        clash = find_clash(&ranges, state, range);
        snprintf(ret, ZONE_CLASH_MAX, "%s", clash ?: "");
        return clash != NULL;
}

static void warn_of_clash(const Ranges *ranges, const char *zone) {
        _cleanup_(zone_state_freep) ZoneState *state = NULL;
        char range[RANGE6_TEXT_MAX];
        const char *clash;

        if (zone_state_load(zone, &state, NULL) < 0)
                return;
        clash = find_clash(ranges, state, range);
        if (!clash)
                return;
        log_warning("The range %s of the zone '%s' meets %s: of two hosts with one address, one cannot be reached; power the zone's machines "
                    "off and run `nbox zone move %s`, ignoring", range, zone, clash, zone);
}

void zone_warn_of_clashes(const NicList *nics) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_(ranges_done) Ranges ranges = {};
        bool known = false;

        if (nics->n == 0 || netlink_new(NETLINK_ROUTE, -1, &nl) < 0)
                return;
        for (size_t i = 0; i < nics->n; i++) {
                if (nics->items[i].kind != NIC_ZONE || !zone_exists(nl, nics->items[i].zone))
                        continue;
                if (!known && ranges_read(nl, false, &ranges, NULL) < 0)
                        return;
                known = true;
                warn_of_clash(&ranges, nics->items[i].zone);
        }
}

char *zone_options(const ZoneState *s) {
        _cleanup_strv_ char **words = NULL;
        int r = 0;

        if (s->no_range6)
                r = strv_append(&words, "range6=none");
        if (r >= 0 && s->routed6)
                r = strv_append(&words, "routed");
        if (r >= 0 && s->isolated)
                r = strv_append(&words, "isolated");
        if (r >= 0 && s->closed)
                r = strv_append(&words, "closed");
        if (r >= 0 && s->uplink[0])
                r = strv_appendf(&words, "uplink=%s", s->uplink);
        if (r >= 0 && s->vlan > 0)
                r = strv_appendf(&words, "vlan=%u", s->vlan);
        return r < 0 ? NULL : strv_join(words, ",");
}
