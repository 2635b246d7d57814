/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One relay for each published port or range, and nothing said between it and us: who ends is seen by its pidfd, and a port that is
 * taken back is closed here and its relay killed, which ends what it carries, as it is ended for other addresses by forgetting the
 * tracked connections. While a relay runs it has the listeners for itself, and we hold them so that who comes when it has just ended
 * waits for the next one.
 *
 * A relay that fails (no memory, somebody's SIGKILL) is not started again at once: whoever waits for it would have us fork without
 * end. */

#include "port-relays.h"

#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "clock.h"
#include "endpoint.h"
#include "inside-address.h"
#include "link.h"
#include "log.h"
#include "namespace.h"
#include "pidfd.h"
#include "port-listen.h"
#include "port-map.h"
#include "port-relay.h"
#include "supervisor.h"
#include "zone-name.h"

#define PAUSE_MIN_USEC (250 * UINT64_C(1000))
#define PAUSE_MAX_USEC (30 * UINT64_C(1000000))
#define LOOK_USEC (200 * UINT64_C(1000))
#define STEADY_USEC (60 * UINT64_C(1000000)) /* a relay that has run for so long has not failed at its start */

/* One published port, or range. Where nothing of it could be had, `epoll` is -1. */
typedef struct Port {
        PortRelays *all;
        PortMap map;
        int *listeners;         /* map.count of them */
        int epoll;              /* of the listeners: one source of events for all */
        EventSource *source; /* somebody wants something */
        int relay;              /* pidfd, or -1 */
        EventSource *relay_end, *pause;
        uint64_t began, pause_usec; /* of the relay; before the next one */
} Port;

struct PortRelays {
        Supervisor *supervisor;
        PortScope scope;
        IpAddress targets[2];     /* the machine's addresses: IPv6, IPv4 */
        char device[IF_NAMESIZE]; /* the host's interface that leads there */
        char inside[IF_NAMESIZE]; /* the machine's end of it, where it chooses its addresses itself */
        Port **ports;
        size_t n;
        EventSource *later;
        int netns, watch;         /* of a machine that chooses its addresses: where, and what says that they are others; or -1 */
        EventSource *watch_source, *look;
};

static void kill_relay(Port *p) {
        siginfo_t info;

        p->relay_end = event_source_free(p->relay_end);
        if (p->relay < 0)
                return;
        (void) pidfd_kill(p->relay, SIGKILL);
        (void) pidfd_wait(p->relay, &info);
        p->relay = close_fd(p->relay);
}

static void port_free(Port *p) {
        if (!p)
                return;
        p->source = event_source_free(p->source);
        p->pause = event_source_free(p->pause);
        kill_relay(p);
        close_fd(p->epoll);
        for (size_t i = 0; p->listeners && i < p->map.count; i++)
                close_fd(p->listeners[i]);
        free(p->listeners);
        free(p);
}

DEFINE_CLEANUP(Port *, port_free);

static int on_pause_over(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Port *p = userdata;

        p->pause = event_source_free(p->pause);
        return event_source_set_enabled(p->source, EVENT_ON);
}

/* Not at once again. */
static void pause_port(Port *p) {
        if (p->pause_usec == 0 || clock_usec(CLOCK_MONOTONIC) - p->began >= STEADY_USEC)
                p->pause_usec = PAUSE_MIN_USEC;
        else if (p->pause_usec < PAUSE_MAX_USEC)
                p->pause_usec *= 2;
        (void) event_add_time_relative(p->all->supervisor->event, &p->pause, p->pause_usec, on_pause_over, p);
}

static int on_relay_end(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        Port *p = userdata;
        siginfo_t info = {};

        p->relay_end = event_source_free(p->relay_end);
        (void) pidfd_wait(p->relay, &info);
        p->relay = close_fd(p->relay);
        if (info.si_code == CLD_EXITED && info.si_status == EXIT_SUCCESS) {
                p->pause_usec = 0;
                return event_source_set_enabled(p->source, EVENT_ON);
        }
        pause_port(p);
        return 0;
}

/* Relays that lead to an address which is no longer there carry nothing; the next one is told where the machine is. */
static void end_relays(PortRelays *l) {
        for (size_t i = 0; i < l->n; i++)
                if (l->ports[i]->relay >= 0) {
                        kill_relay(l->ports[i]);
                        (void) event_source_set_enabled(l->ports[i]->source, EVENT_ON);
                }
}

/* Whoever asks: relays of all ports that lead to where it was end. */
static void look_inside(PortRelays *l) {
        IpAddress found[2] = {};
        bool changed = false;

        (void) inside_address_get(l->netns, l->inside, l->targets, found);
        for (unsigned i = 0; i < ELEMENTSOF(found); i++)
                changed |= !ip_same(&found[i], &l->targets[i]);
        memcpy(l->targets, found, sizeof(found));
        if (changed)
                end_relays(l);
}

static int start_relay(Port *p, Error **reterr) {
        const PortRelay q = {
                .protocol = p->map.protocol, .listeners = p->listeners, .n = p->map.count, .port = p->map.machine,
                .targets = { p->all->targets[0], p->all->targets[1] }, .device = p->all->device, .limits = PORT_RELAY_LIMITS,
        };
        pid_t pid = port_relay_start(&q, &p->relay, reterr);
        int r;

        if (pid < 0) {
                p->relay = -1;
                return pid;
        }
        p->began = clock_usec(CLOCK_MONOTONIC);
        r = event_add_io(p->all->supervisor->event, &p->relay_end, p->relay, EPOLLIN, on_relay_end, p);
        if (r >= 0)
                return 0;
        kill_relay(p);
        return error_errno(reterr, r, "Cannot watch what carries connections from [::1]");
}

static int on_demand(EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        _cleanup_(error_freep) Error *error = NULL;
        Port *p = userdata;
        int r;

        r = event_source_set_enabled(source, EVENT_OFF);
        if (r < 0)
                return r;
        if (p->all->watch >= 0)
                look_inside(p->all); /* it may have changed a moment ago */
        r = start_relay(p, &error);
        if (r < 0) {
                log_warning("%s, ignoring", error ? error->message : strerror(-r));
                pause_port(p);
        }
        return 0;
}

/* ---- the ports ---- */

static void warn_of_failure(const Port *p, int r, uint16_t port) {
        const char *machine = p->all->supervisor->plan->name;
        char place[PORT_PLACE_MAX];

        port_place_format(&p->map, p->all->scope, port, place);
        if (r == -EADDRINUSE)
                log_warning("Machine %s is not reached at %s: another program has had that since; `nbox network repair` tries again, "
                            "ignoring", machine, place);
        else
                log_warning("Machine %s is not reached at %s: %s, ignoring", machine, place, strerror(-r));
}

static int watch(Port *p) {
        p->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (p->epoll < 0)
                return -errno;
        for (uint16_t i = 0; i < p->map.count; i++)
                if (p->listeners[i] >= 0 &&
                    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->listeners[i], &(struct epoll_event){ .events = EPOLLIN }) < 0)
                        return -errno;
        return event_add_io(p->all->supervisor->event, &p->source, p->epoll, EPOLLIN, on_demand, p);
}

static int add_port(PortRelays *l, const PortMap *map) {
        _cleanup_(port_freep) Port *p = calloc(1, sizeof(*p));
        Port **grown = reallocarray(l->ports, l->n + 1, sizeof(*grown));
        uint16_t failed = map->host;
        int r;

        if (grown)
                l->ports = grown;
        if (!p || !grown)
                return -ENOMEM;
        *p = (Port){ .all = l, .map = *map, .epoll = -1, .relay = -1, .listeners = malloc(map->count * sizeof(int)) };
        if (!p->listeners)
                return -ENOMEM;
        r = port_listen(map, l->scope, p->listeners, &failed);
        if (r < 0)
                warn_of_failure(p, r, failed);
        r = watch(p);
        if (r < 0)
                return r;
        l->ports[l->n++] = TAKE_PTR(p);
        return 0;
}

static bool has_all(const Port *p) {
        for (uint16_t i = 0; i < p->map.count; i++)
                if (p->listeners[i] < 0)
                        return false;
        return true;
}

static bool is_among(const PortList *list, const PortMap *map) {
        for (size_t i = 0; i < list->n; i++)
                if (port_map_same(list->items + i, map))
                        return true;
        return false;
}

/* What is no longer published; and what a part of is missing, unless it is used just now: that is tried again. */
static void drop_others(PortRelays *l, const PortList *wanted) {
        size_t kept = 0;

        for (size_t i = 0; i < l->n; i++)
                if (is_among(wanted, &l->ports[i]->map) && (has_all(l->ports[i]) || l->ports[i]->relay >= 0))
                        l->ports[kept++] = l->ports[i];
                else
                        port_free(l->ports[i]);
        l->n = kept;
}

static bool is_served(const PortRelays *l, const PortMap *map) {
        for (size_t i = 0; i < l->n; i++)
                if (port_map_same(&l->ports[i]->map, map))
                        return true;
        return false;
}

static unsigned count_ports(const PortRelays *l) {
        unsigned n = 0;

        for (size_t i = 0; i < l->n; i++)
                n += l->ports[i]->map.count;
        return n;
}

static int add_missing(PortRelays *l, const PortList *wanted) {
        int r = 0;

        for (const PortMap *p = wanted->items; r >= 0 && p < wanted->items + wanted->n; p++) {
                char text[PORT_MAP_TEXT_MAX];

                if (!port_is_relayed(p, l->scope) || is_served(l, p))
                        continue;
                if (count_ports(l) + p->count <= RELAYED_PORTS_MAX) {
                        r = add_port(l, p);
                        continue;
                }
                port_map_format(p, text);
                log_warning("Machine %s is not reached %sby %s: %d ports of a machine are at most%s, ignoring", l->supervisor->plan->name,
                            l->scope == PORT_SCOPE_LOOPBACK ? "at [::1] " : "", text, RELAYED_PORTS_MAX,
                            l->scope == PORT_SCOPE_LOOPBACK ? "; by other addresses it is" : "");
        }
        return r;
}

/* ---- where the machine is ---- */

static void stop_following(PortRelays *l) {
        l->look = event_source_free(l->look);
        l->watch_source = event_source_free(l->watch_source);
        l->watch = close_fd(l->watch);
        l->netns = close_fd(l->netns);
}

/* In a zone, what we gave it, also where it was in none at first. */
static void take_given_address(PortRelays *l, const EndpointNic *nic) {
        stop_following(l);
        l->targets[0] = ip_v6(&nic->address6);
        l->targets[1] = ip_v4(nic->address);
        zone_bridge_name(nic->zone, l->device);
}

static int on_look(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        PortRelays *l = userdata;

        l->look = event_source_free(l->look);
        inside_address_drain(l->watch);
        look_inside(l);
        return event_source_set_enabled(l->watch_source, EVENT_ON);
}

/* However often they change: they are looked at so often and no more. */
static int on_change_inside(EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        PortRelays *l = userdata;

        (void) event_source_set_enabled(source, EVENT_OFF);
        return event_add_time_relative(l->supervisor->event, &l->look, LOOK_USEC, on_look, l);
}

/* The host's end of the interface; where that is a port of a bridge, the bridge. */
static void find_device(PortRelays *l, const EndpointLink *nic) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        LinkInfo link = {};

        snprintf(l->inside, sizeof(l->inside), "%s", nic->config.name);
        snprintf(l->device, sizeof(l->device), "%s", nic->host);
        if (netlink_new(NETLINK_ROUTE, -1, &nl) >= 0 && link_get(nl, nic->host, &link) >= 0 && link.master != 0)
                (void) if_indextoname((unsigned) link.master, l->device);
}

/* In no zone, what it has got from elsewhere, or given itself. */
static int follow_inside(PortRelays *l, const EndpointLink *nic) {
        int r;

        find_device(l, nic);
        if (l->watch >= 0)
                return 0;
        l->netns = namespace_open(l->supervisor->leader, "net");
        if (l->netns < 0)
                return l->netns;
        l->watch = inside_address_watch(l->netns);
        if (l->watch < 0)
                return l->watch;
        r = event_add_io(l->supervisor->event, &l->watch_source, l->watch, EPOLLIN, on_change_inside, l);
        if (r >= 0)
                look_inside(l);
        return r;
}

static int find_machine(PortRelays *l, const Endpoint *e) {
        l->scope = port_scope(e);
        if (l->scope == PORT_SCOPE_ALL)
                return port_link(e) ? follow_inside(l, port_link(e)) : -ENODEV;
        take_given_address(l, e->nics);
        return 0;
}

/* ---- all of it ---- */

int port_relays_update(Supervisor *s, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;
        PortRelays *l = s->port_relays;
        int r;

        if (!l)
                return 0;
        r = endpoint_load(s->plan->name, &e, reterr);
        if (r < 0)
                return r;
        drop_others(l, e ? &e->ports : &(PortList){});
        if (!e || e->ports.n == 0)
                return 0;
        r = find_machine(l, e);
        if (r >= 0)
                r = add_missing(l, &e->ports);
        return r < 0 ? error_errno(reterr, r, "Cannot listen for the ports of machine '%s'", s->plan->name) : 0;
}

static int on_later(_unused_ EventSource *source, void *userdata) {
        _cleanup_(error_freep) Error *error = NULL;
        Supervisor *s = userdata;
        int r;

        s->port_relays->later = event_source_free(s->port_relays->later);
        r = port_relays_update(s, &error);
        if (r < 0)
                log_warning("%s, ignoring", error ? error->message : strerror(-r));
        return 0;
}

void port_relays_begin(Supervisor *s) {
        if (s->plan->network == NETWORK_HOST)
                return;
        s->port_relays = calloc(1, sizeof(*s->port_relays));
        if (!s->port_relays)
                return;
        *s->port_relays = (PortRelays){ .supervisor = s, .netns = -1, .watch = -1 };
        (void) event_add_defer(s->event, &s->port_relays->later, on_later, s);
}

void port_relays_end(Supervisor *s) {
        PortRelays *l = s->port_relays;

        if (!l)
                return;
        l->later = event_source_free(l->later);
        stop_following(l);
        drop_others(l, &(PortList){});
        free(l->ports);
        free(l);
        s->port_relays = NULL;
}
