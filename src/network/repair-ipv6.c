/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What of IPv6 is the host's and not a rule: forwarding, what its own interfaces hear meanwhile, the bridges' addresses. An address
 * goes with IPv6 on its interface (disable_ipv6), and so does all that was said of neighbours there; the next start in the zone gives it
 * the address again, and says where its own machine is. */

#include "repair-parts.h"

#include <string.h>

#include "forwarding6.h"
#include "neighbour.h"
#include "nic.h"
#include "strv.h"

static bool has_ipv6(const SurveyZone *z) {
        return z->zone.index > 0 && z->zone.range6.prefix > 0;
}

/* Which bridges have lost their address: one answer a zone of the survey. */
static int find_lost(const Survey *s, bool **ret) {
        _cleanup_free_ RouteInfo *routes = NULL;
        _cleanup_free_ bool *lost = calloc(s->n_zones + 1, sizeof(bool));
        size_t n = 0;
        int r;

        if (!lost)
                return -ENOMEM;
        r = route_list(s->nl, AF_INET6, &routes, &n);
        if (r < 0)
                return r;
        for (size_t k = 0; k < s->n_zones; k++) {
                const SurveyZone *z = s->zones + k;

                lost[k] = has_ipv6(z);
                for (size_t i = 0; i < n; i++)
                        if (routes[i].address && routes[i].index == z->zone.index &&
                            range6_contains(&z->zone.range6, &routes[i].destination.v6))
                                lost[k] = false;
        }
        *ret = TAKE_PTR(lost);
        return 0;
}

/* The next nic of that zone's from *k and *i on, its endpoint's and its own number; or NULL. */
static const LinkInfo *next_nic(const Survey *s, const SurveyZone *z, size_t *k, size_t *i) {
        for (; *k < s->n_endpoints; (*k)++, *i = 0)
                for (; *i < s->endpoints[*k]->n_nics; (*i)++) {
                        const LinkInfo *link = survey_nic(s, s->endpoints[*k], *i);

                        if (link && link->master == z->zone.index && strcmp(s->endpoints[*k]->nics[*i].zone, z->zone.name) == 0)
                                return link;
                }
        return NULL;
}

/* Whether the host was told where all machines of the zone are, by IPv6: the link of one that it was not told of, or NULL. */
static const LinkInfo *find_forgotten(const Survey *s, const SurveyZone *z) {
        static const uint8_t none[6];
        const LinkInfo *link;

        for (size_t k = 0, i = 0; has_ipv6(z) && (link = next_nic(s, z, &k, &i)); i++) {
                const EndpointNic *nic = s->endpoints[k]->nics + i;
                IpAddress address = ip_v6(&nic->address6);
                uint8_t mac[6];

                if (!IN6_IS_ADDR_UNSPECIFIED(&nic->address6) && memcmp(nic->mac, none, sizeof(none)) != 0 &&
                    neighbour_get(s->nl, z->zone.index, &address, mac) == 0)
                        return link;
        }
        return NULL;
}

static int look_at_addresses(const Survey *s, NetworkState *ret, Error **reterr) {
        _cleanup_free_ bool *lost = NULL;
        int r;

        r = find_lost(s, &lost);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the IPv6 addresses of the host");
        for (size_t k = 0; k < s->n_zones; k++) {
                const Zone *zone = &s->zones[k].zone;
                const LinkInfo *forgotten = lost[k] ? NULL : find_forgotten(s, s->zones + k);

                if (lost[k] && !fault_add(ret, zone->name, "", "%s has lost its IPv6 address", zone->bridge))
                        return error_oom(reterr);
                if (forgotten && !fault_add(ret, zone->name, "", "%s does not know by IPv6 who is behind %s", zone->bridge, forgotten->name))
                        return error_oom(reterr);
        }
        return 0;
}

/* Where the interfaces went deaf because we forward, and for nothing that their owner did to others' ends. */
static int look_at_advertisements(const Survey *s, NetworkState *ret, Error **reterr) {
        _cleanup_strv_ char **deaf = NULL;

        if (forwarding6_deaf(s->lock, &deaf) < 0)
                return error_oom(reterr);
        for (char **name = deaf; name && *name; name++)
                if (!fault_add(ret, "", "", "%s takes no router advertisements (accept_ra is 1, and would have to be 2 while the host "
                               "forwards IPv6 packets)", *name))
                        return error_oom(reterr);
        return 0;
}

int look_at_ipv6(const Survey *s, NetworkState *ret, Error **reterr) {
        bool needed = false;
        int r;

        for (size_t k = 0; k < s->n_zones; k++)
                needed |= has_ipv6(s->zones + k);
        if (!needed)
                return 0;
        if (!forwarding6_is_on() && !fault_add(ret, "", "", "forwarding of IPv6 packets is off (net.ipv6.conf.all.forwarding)"))
                return error_oom(reterr);
        r = look_at_advertisements(s, ret, reterr);
        return r < 0 ? r : look_at_addresses(s, ret, reterr);
}

/* As at a start (nic.h). */
static void mend_neighbours(const Survey *s, const SurveyZone *z) {
        const LinkInfo *link;

        for (size_t k = 0, i = 0; (link = next_nic(s, z, &k, &i)); i++) {
                const EndpointNic *nic = s->endpoints[k]->nics + i;

                nic_put_place(s->nl, &(NicPlace){ z->zone.index, link->index, nic->address, nic->address6, nic->mac });
                mend_warn(link->name, netlink_run(s->nl, NULL, NULL, NULL), NULL);
        }
}

void mend_ipv6(const Survey *s) {
        _cleanup_free_ bool *lost = NULL;
        int r;

        forwarding6_listen(s->lock);
        r = find_lost(s, &lost);
        if (r < 0) {
                mend_warn("the IPv6 addresses of the bridges", r, NULL);
                return;
        }
        for (size_t k = 0; k < s->n_zones; k++) {
                _cleanup_(error_freep) Error *error = NULL;

                if (!lost[k] && !find_forgotten(s, s->zones + k))
                        continue;
                r = zone_give_address6(s->nl, &s->zones[k].zone, &error);
                mend_warn(s->zones[k].zone.bridge, r, error);
                if (r >= 0)
                        mend_neighbours(s, s->zones + k);
        }
}
