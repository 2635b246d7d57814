/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone.h"

#include <arpa/inet.h>
#include <string.h>

#include "bridge-isolation.h"
#include "endpoint.h"
#include "event-log.h"
#include "host-hash.h"
#include "machine-link.h"
#include "names.h"
#include "neighbour.h"
#include "netns.h"
#include "network.h"
#include "nic.h"
#include "uplink.h"
#include "zone-range.h"
#include "zone-range6.h"
#include "zone-service.h"

#define ALIAS_FORMAT "nbox zone=%s range=%s"

static void bridge_mac(const char *zone, uint8_t ret[6]) {
        char purpose[64];

        snprintf(purpose, sizeof(purpose), "bridge %s", zone);
        stable_mac(purpose, ret);
}

bool zone_of_bridge(const LinkInfo *link, char ret[ZONE_NAME_MAX + 1]) {
        char name[ZONE_NAME_MAX + 1], prefix[64];
        uint8_t mac[6];

        if (strcmp(link->kind, "bridge") != 0 || !zone_name_of_bridge(link->name, name))
                return false;
        snprintf(prefix, sizeof(prefix), ALIAS_FORMAT, name, "");
        if (strncmp(link->alias, prefix, strlen(prefix)) != 0) {
                bridge_mac(name, mac);
                if (memcmp(mac, link->mac, sizeof(mac)) != 0)
                        return false;
        }
        snprintf(ret, ZONE_NAME_MAX + 1, "%s", name);
        return true;
}

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

void zone_let_ipv6(const Zone *zone, const char *link) {
        static const Ipv6Setting on[] = { { "accept_ra", "0" }, { "disable_ipv6", "0" } }, off[] = { { "disable_ipv6", "1" } };

        if (zone->range6.prefix > 0)
                (void) netns_ipv6_write(-1, link, on, ELEMENTSOF(on));
        else
                (void) netns_ipv6_write(-1, link, off, ELEMENTSOF(off)); /* no such file: no IPv6 in this kernel */
}

/* The link-local one is what the kernel would make (RFC 4291, appendix A), but there at once: without one it asks nobody where he is. */
static struct in6_addr link_local_address(const uint8_t mac[6]) {
        return (struct in6_addr){
                .s6_addr = { 0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] },
        };
}

/* Asked first: of a bridge that has them, each that is put there all the same lets the kernel say all multicast groups of the host's to all
 * machines (ipv6_find_idev()). */
static bool has_own_addresses6(Netlink *nl, const Zone *zone) {
        struct in6_addr own = link_local_address(zone->mac), gateway = range6_gateway(&zone->range6);

        link_put_address6_query(nl, zone->index, &own);
        link_put_address6_query(nl, zone->index, &gateway);
        return netlink_run(nl, NULL, NULL, NULL) >= 0;
}

static void put_own_addresses6(Netlink *nl, const Zone *zone, int index) {
        struct in6_addr own = link_local_address(zone->mac), gateway = range6_gateway(&zone->range6);
        IpAddress link_local = ip_v6(&own), ip = ip_v6(&gateway);

        link_put_new_address(nl, index, &link_local, 64);
        link_put_new_address(nl, index, &ip, zone->range6.prefix);
}

/* Settings are written while the bridge is down, before IPv6 has begun to configure itself. */
static int finish_bridge(Netlink *nl, const ZoneState *state, const Zone *zone, LinkInfo *link) {
        IpAddress gateway = ip_v4(range_gateway(zone->range));
        const char *name = zone->bridge;
        char path[64], alias[64];
        int r;

        r = link_get(nl, name, link);
        if (r < 0)
                return r;
        zone_let_ipv6(zone, zone->bridge);
        if (!zone->uplinked) { /* behind an uplink there may be routers of others */
                snprintf(path, sizeof(path), "ipv4/conf/%s/rp_filter", name);
                (void) netns_sysctl_write(-1, path, "1"); /* what machines send with others' addresses goes nowhere */
        }
        zone_alias(state, alias, sizeof(alias));
        link_put_address(nl, link->index, &gateway, zone->range.prefix);
        if (zone->range6.prefix > 0) {
                link_put_no_own_address(nl, link->index);
                put_own_addresses6(nl, zone, link->index);
        }
        link_put_up(nl, link->index);
        link_put_alias(nl, name, alias);
        return netlink_run(nl, NULL, NULL, NULL);
}

/* 0 when they were there, 1 when one of them was not. */
static int have_own_addresses6(Netlink *nl, const Zone *zone) {
        int results[NETLINK_BATCH_MAX], n = 0;

        for (size_t i = 0; i < ELEMENTSOF(results); i++)
                results[i] = -EEXIST; /* of what is not asked */
        put_own_addresses6(nl, zone, zone->index);
        (void) netlink_run(nl, NULL, NULL, results);
        for (size_t i = 0; i < ELEMENTSOF(results); i++)
                if (results[i] < 0 && results[i] != -EEXIST)
                        return results[i];
                else
                        n += results[i] == 0;
        return n > 0;
}

/* A bridge that an older nbox made, or this one while the host had no IPv6, gets its addresses with the next machine. */
int zone_give_address6(Netlink *nl, const Zone *zone, Error **reterr) {
        int r;

        if (zone->range6.prefix == 0 || has_own_addresses6(nl, zone))
                return 0;
        r = have_own_addresses6(nl, zone);
        if (r == -EACCES) { /* IPv6 is off there */
                link_put_no_own_address(nl, zone->index);
                (void) netlink_run(nl, NULL, NULL, NULL);
                zone_let_ipv6(zone, zone->bridge);
                r = have_own_addresses6(nl, zone);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot give the bridge %s its IPv6 address", zone->bridge) : r;
}

static int make_bridge(Netlink *nl, const ZoneState *state, const Zone *zone, LinkInfo *link, Error **reterr) {
        const char *name = zone->bridge;
        uint8_t mac[6];
        int r;

        bridge_mac(state->name, mac);
        r = bridge_create(nl, name, mac);
        if (r >= 0) {
                r = finish_bridge(nl, state, zone, link);
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

/* Whether that is the link by which a machine's published ports are reached. */
static bool publishes(const MachineLink *link) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;

        return endpoint_load(link->machine, &e, NULL) > 0 && e->ports.n > 0 && e->n_nics > 0 && e->nics[0].address == link->address;
}

/* The flags are left in the batch: only a port has them. */
static int adopt(Netlink *nl, const LinkInfo *link, int bridge, bool hairpin, bool isolated) {
        int r;

        link_put_master(nl, link->index, bridge);
        r = netlink_run(nl, NULL, NULL, NULL);
        if (r < 0)
                return r;
        link_put_port_flags(nl, link->index, hairpin, isolated);
        return 0;
}

static int adopt_service(Netlink *nl, const char *zone, const LinkInfo *link, int bridge) {
        uint8_t mac[6];
        int r = adopt(nl, link, bridge, false, false);

        if (r < 0)
                return r;
        zone_service_mac(zone, mac);
        neighbour_put_port(nl, link->index, mac);
        return netlink_run(nl, NULL, NULL, NULL);
}

/* A machine of an older nbox has none there, which hurts nobody. */
static struct in6_addr address6_of(const ZoneState *state, uint32_t address) {
        return state->range6.prefix > 0 ? range6_address(&state->range6, state->range, address) : in6addr_any;
}

static int adopt_machine(Netlink *nl, const ZoneState *state, const MachineLink *owner, const LinkInfo *link, int bridge) {
        bool isolated = state->isolated && !bridge_is_filtered();
        int r = adopt(nl, link, bridge, publishes(owner), isolated);

        if (r < 0)
                return r;
        nic_put_place(nl, &(NicPlace){ bridge, link->index, owner->address, address6_of(state, owner->address), owner->mac });
        return netlink_run(nl, NULL, NULL, NULL);
}

/* Somebody may have deleted the bridge while machines ran in the zone: they come back into it with the next one. Of whose zone a link
 * without a bridge is, tells its address. */
static int adopt_orphans(Netlink *nl, const ZoneState *state, int bridge) {
        _cleanup_free_ LinkInfo *links = NULL;
        char service[IF_NAMESIZE];
        MachineLink owner;
        size_t n = 0;
        int r;

        zone_service_link_name(state->name, service);
        r = link_list(nl, 0, &links, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (links[i].master > 0)
                        continue;
                else if (link_is_zone_service(links + i) && strcmp(links[i].name, service) == 0)
                        r = adopt_service(nl, state->name, links + i, bridge);
                else if (machine_link_parse(links + i, &owner) && range_contains(state->range, owner.address))
                        r = adopt_machine(nl, state, &owner, links + i, bridge);
        return r;
}

static int connect_ports(Netlink *nl, const ZoneState *state, const LinkInfo *bridge, bool made, Error **reterr) {
        int r = made ? adopt_orphans(nl, state, bridge->index) : 0;

        if (r < 0)
                return error_errno(reterr, r, "Cannot connect the machines of the zone '%s' with its bridge", state->name);
        r = uplink_connect(nl, state, bridge->index, reterr);
        if (r < 0 && made) {
                uplink_disconnect(nl, state->name);
                (void) link_delete(nl, bridge->name);
        }
        return r;
}

void zone_from_state(Zone *zone, const ZoneState *state) {
        snprintf(zone->name, sizeof(zone->name), "%s", state->name);
        zone_bridge_name(state->name, zone->bridge);
        zone->range = state->range;
        zone->range6 = state->no_range6 || ipv6_absence() ? (Range6){} : state->range6;
        zone->routed6 = state->routed6;
        zone->isolated = state->isolated;
        zone->isolates_ports = zone->isolated && !bridge_is_filtered();
        zone->closed = state->closed;
        zone->service = state->service;
        zone->uplinked = *state->uplink;
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
        if (r >= 0 && make)
                r = zone_settle_range(nl, state, &changed, reterr);
        if (r >= 0)
                r = zone_settle_range6(nl, state, make, &changed, reterr);
        if (r < 0)
                return r;
        zone_from_state(&zone, state);
        if (make)
                bridge_mac(zone.name, zone.mac);
        else {
                zone.index = link.index;
                memcpy(zone.mac, link.mac, sizeof(zone.mac));
        }
        r = make ? make_bridge(nl, state, &zone, &link, reterr) : zone_give_address6(nl, &zone, reterr);
        zone.made6 = !make && r > 0;
        if (r >= 0)
                r = connect_ports(nl, state, &link, make, reterr);
        if (r < 0)
                return r;
        zone.index = link.index;
        zone.made = make;
        if (make)
                event_log(EVENT_ZONE_UP, zone.name, NULL);
        *ret = zone;
        *ret_changed = changed;
        return 0;
}

static bool are_used(Netlink *nl, const char *zone, const LinkInfo *ports, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!link_is_zone_service(ports + i) && !uplink_is_port(zone, ports + i) && !link_is_going(nl, ports + i))
                        return true;
        return false;
}

/* A service that is a unit ends when nobody wants it, and has the zone swept after it. */
static bool is_kept_by_unit(const char *zone) {
        ZoneService service;

        return zone_service_look(zone, &service) && service.kind == ZONE_SERVICE_UNIT;
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
        if (r >= 0 && (are_used(nl, zone, ports, n) || is_kept_by_unit(zone)))
                return 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot look at the bridge %s", name);
        r = zone_down(nl, zone, reterr);
        return r < 0 ? r : 1;
}

int zone_down(Netlink *nl, const char *zone, Error **reterr) {
        bool was_there = zone_exists(nl, zone);
        char name[IF_NAMESIZE];
        int r;

        zone_bridge_name(zone, name);
        r = zone_service_end(nl, zone);
        if (r < 0)
                return error_errno(reterr, r, "Cannot end the service of the zone '%s'", zone);
        uplink_disconnect(nl, zone);
        r = link_delete(nl, name);
        if (r < 0)
                return error_errno(reterr, r, "Cannot remove the bridge %s", name);
        if (was_there)
                event_log(EVENT_ZONE_DOWN, zone, NULL);
        names_end(zone);
        return 0;
}

bool zone_exists(Netlink *nl, const char *zone) {
        char name[IF_NAMESIZE];

        zone_bridge_name(zone, name);
        return netlink_ifindex(nl, name) != -ENODEV;
}

bool zone_has_machines(Netlink *nl, const char *zone) {
        _cleanup_free_ LinkInfo *ports = NULL;
        char name[IF_NAMESIZE];
        LinkInfo bridge;
        MachineLink owner;
        size_t n = 0;

        zone_bridge_name(zone, name);
        if (link_get(nl, name, &bridge) < 0 || link_list(nl, bridge.index, &ports, &n) < 0)
                return false;
        for (size_t i = 0; i < n; i++)
                if (machine_link_parse(ports + i, &owner) && !link_is_going(nl, ports + i))
                        return true;
        return false;
}
