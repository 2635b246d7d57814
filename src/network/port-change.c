/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The file first, then the rules: after a crash in between, a repair makes of the rules what the file says. Connections through a
 * port that is taken back are made to end: the kernel translates them by what it remembers, not by the rules. */

#include "port-change.h"

#include <netinet/in.h>
#include <string.h>

#include "conntrack.h"
#include "event-log.h"
#include "forwarding.h"
#include "log.h"
#include "machine-link.h"
#include "network-lock.h"
#include "passage.h"
#include "port-map.h"
#include "range.h"
#include "port-check.h"
#include "zone.h"

/* What a change is made in. */
typedef struct Scene {
        int lock;
        Netlink *nl;
        Zone zone; /* of the machine's first interface; as its file says */
} Scene;

static void scene_end(Scene *s) {
        netlink_free(s->nl);
        close_fd(s->lock);
}

static int find_zone(const Endpoint *e, const char *machine, Scene *ret, Error **reterr) {
        _cleanup_(zone_state_freep) ZoneState *state = NULL;
        int r;

        r = netlink_new(NETLINK_ROUTE, -1, &ret->nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        if (e && e->n_nics == 0 && port_link(e))
                return 0;
        if (!e || e->n_nics == 0 || !machine_link_exists(ret->nl, machine)) {
                error_set(reterr, ESRCH, "The machine '%s' is on no network of the host's: it has no ports to publish", machine);
                return error_hint(reterr, -ESRCH, "One that was started with --network=zone is; with --network=host its ports are the "
                                  "host's.");
        }
        r = zone_state_load(e->nics[0].zone, &state, reterr);
        if (r < 0)
                return r;
        zone_from_state(&ret->zone, state);
        return 0;
}

static bool is_alive(const char *machine, void *userdata) {
        return machine_link_exists(userdata, machine);
}

static int apply(const Endpoint *e, const Scene *s, Error **reterr) {
        FirewallOracle oracle = { .machine_is_alive = is_alive, .userdata = s->nl };
        _cleanup_(passage_done) Passage passage = {};
        int r;

        if (passage_new(&passage, 1, 1) < 0)
                return error_oom(reterr);
        passage_add_zone(&passage, &s->zone);
        passage_add_machine(&passage, e, &s->zone);
        r = passage_open(&passage, s->lock, &oracle, reterr);
        if (r >= 0)
                forwarding_let_loopback(s->zone.bridge);
        return r;
}

/* As at a start (nic.h): what goes to the machine's own port by the host's address may come back to it. */
static void let_back(const Endpoint *e, const Scene *s) {
        char name[IF_NAMESIZE];
        LinkInfo link;

        machine_link_name(e->machine, e->n_nics > 0 ? e->nics[0].number : 0, name);
        if (e->ports.n == 0 || link_get(s->nl, name, &link) < 0)
                return;
        link_put_hairpin(s->nl, link.index);
        (void) netlink_run(s->nl, NULL, NULL, NULL);
}

static void end_connection(const Endpoint *e, const ConntrackMatch *match) {
        int r = conntrack_forget(match);

        if (r < 0)
                log_warning("Connections that were made through a port of '%s' before it was removed may go on: %s, ignoring", e->machine,
                            strerror(-r));
}

/* `to`: the machine, in one family. */
static void end_published(const Endpoint *e, const PortMap *port, IpAddress to) {
        if (to.family != 0 && port_address_is_of(&port->address, to.family))
                end_connection(e, &(ConntrackMatch){ .protocol = port->protocol, .address = port->address, .port = port->host,
                                                     .count = port->count, .to = to, .to_port = port->machine });
}

static void end_connections(const Endpoint *e, const Scene *s, const PortList *published, const PortList *of_host) {
        IpAddress inside = ip_v4(e->nics[0].address), inside6 = {};

        if (s->zone.range6.prefix > 0)
                inside6 = ip_v6(&e->nics[0].address6);
        for (const PortMap *p = published->items; p < published->items + published->n; p++) {
                end_published(e, p, inside);
                end_published(e, p, inside6);
        }
        for (const PortMap *p = of_host->items; p < of_host->items + of_host->n; p++)
                end_connection(e, &(ConntrackMatch){ .protocol = p->protocol, .from = inside,
                                                     .address = ip_v4(range_gateway(s->zone.range)), .port = p->machine,
                                                     .count = p->count, .to = ip_v4(INADDR_LOOPBACK), .to_port = p->host });
}

/* `ports` become what was removed in fact. */
static int edit(Endpoint *e, const PortChange *c, PortKind kind, PortList *ports, Error **reterr) {
        int r = 0;

        for (PortMap *p = ports->items; r >= 0 && p < ports->items + ports->n; p++)
                r = c->remove ? endpoint_remove_port(e, kind, p, p, reterr) : endpoint_add_port(e, kind, p, reterr);
        return r;
}

/* After what the machine itself has was looked at: its own relay is not to be found in the way. */
static int check(const PortChange *c, const Scene *s, Error **reterr) {
        if (c->remove)
                return 0;
        ports_warn_of_absent(&c->ports);
        return ports_check(&(PortCheck){ c->machine, &c->ports, c->scope == PORT_SCOPE_ALL || s->zone.range6.prefix > 0 }, reterr);
}

/* Back to what was, where the new rules could not be made. */
static void take_back(const char *machine, const Endpoint *before, const Scene *s) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = endpoint_save(before, &error);

        if (r >= 0)
                r = apply(before, s, &error);
        if (r < 0)
                log_warning("The rules of '%s' may not be what they were: %s, ignoring", machine, error ? error->message : strerror(-r));
}

static int change_ports(PortChange *c, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL, *before = NULL;
        _cleanup_(scene_end) Scene scene = { .lock = -1 };
        int r;

        r = scene.lock = network_lock(reterr);
        if (r < 0)
                return r;
        r = endpoint_load(c->machine, &before, reterr);
        if (r >= 0)
                r = endpoint_load(c->machine, &e, reterr);
        if (r >= 0)
                r = find_zone(e, c->machine, &scene, reterr);
        if (r >= 0) {
                c->scope = port_scope(e);
                r = edit(e, c, PORT_PUBLISHED, &c->ports, reterr);
        }
        if (r >= 0 && c->scope == PORT_SCOPE_ALL && c->host_ports.n > 0)
                r = error_set(reterr, EOPNOTSUPP, "The machine '%s' is in no zone: ports of the host's cannot be offered to it", c->machine);
        if (r >= 0)
                r = edit(e, c, PORT_OF_HOST, &c->host_ports, reterr);
        if (r >= 0)
                r = port_check_scope(e, reterr);
        if (r >= 0)
                r = check(c, &scene, reterr);
        if (r >= 0)
                r = endpoint_save(e, reterr);
        if (r < 0 || c->scope == PORT_SCOPE_ALL) /* its supervisor does the rest */
                return r;
        r = apply(e, &scene, reterr);
        if (r < 0) {
                take_back(c->machine, before, &scene);
                return r;
        }
        let_back(e, &scene);
        if (c->remove)
                end_connections(e, &scene, &c->ports, &c->host_ports);
        return 0;
}

static void tell(const PortChange *c, const PortList *ports, const char *of_host) {
        char text[PORT_MAP_TEXT_MAX];

        for (const PortMap *p = ports->items; p < ports->items + ports->n; p++) {
                port_map_format(p, text);
                event_log(c->remove ? EVENT_PORT_REMOVED : EVENT_PORT_ADDED, c->machine, "port", text, "host", of_host, NULL);
        }
}

int network_change_ports(PortChange *c, Error **reterr) {
        int r = change_ports(c, reterr);

        if (r >= 0) {
                tell(c, &c->ports, NULL);
                tell(c, &c->host_ports, "yes");
        }
        return r;
}
