/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One relay for each published port or range, and nothing said between it and us: who ends is seen by its pidfd, and a port that is
 * taken back is closed here and its relay killed, which ends what it carries, as it is ended for other addresses by forgetting the
 * tracked connections. While a relay runs it has the listeners for itself, and we hold them so that who comes when it has just ended
 * waits for the next one.
 *
 * A relay that fails (no memory, somebody's SIGKILL) is not started again at once: whoever waits for it would have us fork without
 * end. */

#include "loopback.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "clock.h"
#include "endpoint.h"
#include "log.h"
#include "loopback-listen.h"
#include "pidfd.h"
#include "port-map.h"
#include "port-relay.h"
#include "supervisor.h"

#define PAUSE_MIN_USEC (250 * UINT64_C(1000))
#define PAUSE_MAX_USEC (30 * UINT64_C(1000000))
#define STEADY_USEC (60 * UINT64_C(1000000)) /* a relay that has run for so long has not failed at its start */

/* One published port, or range. Where nothing of it could be had, `epoll` is -1. */
typedef struct Port {
        Loopback *loopback;
        PortMap map;
        int *listeners;         /* map.count of them */
        int epoll;              /* of the listeners: one source of events for all */
        sd_event_source *source; /* somebody wants something */
        int relay;              /* pidfd, or -1 */
        sd_event_source *relay_end, *pause;
        uint64_t began, pause_usec; /* of the relay; before the next one */
} Port;

struct Loopback {
        Supervisor *supervisor;
        IpAddress targets[2];
        Port **ports;
        size_t n;
        sd_event_source *later;
};

static void kill_relay(Port *p) {
        siginfo_t info;

        p->relay_end = sd_event_source_disable_unref(p->relay_end);
        if (p->relay < 0)
                return;
        (void) pidfd_kill(p->relay, SIGKILL);
        (void) pidfd_wait(p->relay, &info);
        p->relay = close_fd(p->relay);
}

static void port_free(Port *p) {
        if (!p)
                return;
        p->source = sd_event_source_disable_unref(p->source);
        p->pause = sd_event_source_disable_unref(p->pause);
        kill_relay(p);
        close_fd(p->epoll);
        for (size_t i = 0; p->listeners && i < p->map.count; i++)
                close_fd(p->listeners[i]);
        free(p->listeners);
        free(p);
}

DEFINE_CLEANUP(Port *, port_free);

static int on_pause_over(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        Port *p = userdata;

        p->pause = sd_event_source_disable_unref(p->pause);
        return sd_event_source_set_enabled(p->source, SD_EVENT_ON);
}

/* Not at once again. */
static void pause_port(Port *p) {
        if (p->pause_usec == 0 || clock_usec(CLOCK_MONOTONIC) - p->began >= STEADY_USEC)
                p->pause_usec = PAUSE_MIN_USEC;
        else if (p->pause_usec < PAUSE_MAX_USEC)
                p->pause_usec *= 2;
        (void) sd_event_add_time_relative(p->loopback->supervisor->event, &p->pause, CLOCK_MONOTONIC, p->pause_usec, 0, on_pause_over, p);
}

static int on_relay_end(_unused_ sd_event_source *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        Port *p = userdata;
        siginfo_t info = {};

        p->relay_end = sd_event_source_disable_unref(p->relay_end);
        (void) pidfd_wait(p->relay, &info);
        p->relay = close_fd(p->relay);
        if (info.si_code == CLD_EXITED && info.si_status == EXIT_SUCCESS) {
                p->pause_usec = 0;
                return sd_event_source_set_enabled(p->source, SD_EVENT_ON);
        }
        pause_port(p);
        return 0;
}

static int start_relay(Port *p, Error **reterr) {
        const PortRelay q = {
                .protocol = p->map.protocol, .listeners = p->listeners, .n = p->map.count, .port = p->map.machine,
                .targets = { p->loopback->targets[0], p->loopback->targets[1] }, .limits = PORT_RELAY_LIMITS,
        };
        pid_t pid = port_relay_start(&q, &p->relay, reterr);
        int r;

        if (pid < 0) {
                p->relay = -1;
                return pid;
        }
        p->began = clock_usec(CLOCK_MONOTONIC);
        r = sd_event_add_io(p->loopback->supervisor->event, &p->relay_end, p->relay, EPOLLIN, on_relay_end, p);
        if (r >= 0)
                return 0;
        kill_relay(p);
        return error_errno(reterr, r, "Cannot watch what carries connections from [::1]");
}

static int on_demand(sd_event_source *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        _cleanup_(error_freep) Error *error = NULL;
        Port *p = userdata;
        int r;

        r = sd_event_source_set_enabled(source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = start_relay(p, &error);
        if (r < 0) {
                log_warning("%s, ignoring", error ? error->message : strerror(-r));
                pause_port(p);
        }
        return 0;
}

/* ---- the ports ---- */

static void warn_of_failure(const Port *p, int r, uint16_t port) {
        if (r == -EADDRINUSE)
                log_warning("Machine %s is not reached at [::1]:%u/%s: another program has had that port since; `nbox network repair` tries "
                            "again, ignoring", p->loopback->supervisor->plan->name, port, protocol_to_string(p->map.protocol));
        else
                log_warning("Machine %s is not reached at [::1]:%u/%s: %s, ignoring", p->loopback->supervisor->plan->name, port,
                            protocol_to_string(p->map.protocol), strerror(-r));
}

static int watch(Port *p) {
        p->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (p->epoll < 0)
                return -errno;
        for (uint16_t i = 0; i < p->map.count; i++)
                if (p->listeners[i] >= 0 && epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->listeners[i], &(struct epoll_event){ .events = EPOLLIN }) < 0)
                        return -errno;
        return sd_event_add_io(p->loopback->supervisor->event, &p->source, p->epoll, EPOLLIN, on_demand, p);
}

static int add_port(Loopback *l, const PortMap *map) {
        _cleanup_(port_freep) Port *p = calloc(1, sizeof(*p));
        Port **grown = reallocarray(l->ports, l->n + 1, sizeof(*grown));
        uint16_t failed = map->host;
        int r;

        if (grown)
                l->ports = grown;
        if (!p || !grown)
                return -ENOMEM;
        *p = (Port){ .loopback = l, .map = *map, .epoll = -1, .relay = -1, .listeners = malloc(map->count * sizeof(int)) };
        if (!p->listeners)
                return -ENOMEM;
        r = loopback_listen(map, p->listeners, &failed);
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
static void drop_others(Loopback *l, const PortList *wanted) {
        size_t kept = 0;

        for (size_t i = 0; i < l->n; i++)
                if (is_among(wanted, &l->ports[i]->map) && (has_all(l->ports[i]) || l->ports[i]->relay >= 0))
                        l->ports[kept++] = l->ports[i];
                else
                        port_free(l->ports[i]);
        l->n = kept;
}

static bool is_served(const Loopback *l, const PortMap *map) {
        for (size_t i = 0; i < l->n; i++)
                if (port_map_same(&l->ports[i]->map, map))
                        return true;
        return false;
}

static unsigned count_ports(const Loopback *l) {
        unsigned n = 0;

        for (size_t i = 0; i < l->n; i++)
                n += l->ports[i]->map.count;
        return n;
}

static int add_missing(Loopback *l, const PortList *wanted) {
        int r = 0;

        for (const PortMap *p = wanted->items; r >= 0 && p < wanted->items + wanted->n; p++) {
                char text[PORT_MAP_TEXT_MAX];

                if (!loopback_is_wanted(p) || is_served(l, p))
                        continue;
                if (count_ports(l) + p->count <= LOOPBACK_PORTS_MAX) {
                        r = add_port(l, p);
                        continue;
                }
                port_map_format(p, text);
                log_warning("Machine %s is not reached at [::1] by %s: %d ports of a machine are at most; by other addresses it is, ignoring",
                            l->supervisor->plan->name, text, LOOPBACK_PORTS_MAX);
        }
        return r;
}

static void set_targets(Loopback *l, const EndpointNic *nic) {
        const IpAddress v6 = ip_v6(&nic->address6), v4 = ip_v4(nic->address);
        unsigned n = 0;

        l->targets[0] = l->targets[1] = (IpAddress){};
        if (v6.family != 0)
                l->targets[n++] = v6;
        if (v4.family != 0)
                l->targets[n] = v4;
}

int loopback_update(Supervisor *s, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;
        Loopback *l = s->loopback;
        int r;

        if (!l)
                return 0;
        r = endpoint_load(s->plan->name, &e, reterr);
        if (r < 0)
                return r;
        drop_others(l, e && e->n_nics > 0 ? &e->ports : &(PortList){});
        if (!e || e->n_nics == 0 || !loopback_is_there())
                return 0;
        set_targets(l, e->nics);
        r = add_missing(l, &e->ports);
        return r < 0 ? error_errno(reterr, r, "Cannot listen on [::1] for the ports of machine '%s'", s->plan->name) : 0;
}

static int on_idle(_unused_ sd_event_source *source, void *userdata) {
        _cleanup_(error_freep) Error *error = NULL;
        Supervisor *s = userdata;
        int r;

        s->loopback->later = sd_event_source_disable_unref(s->loopback->later);
        r = loopback_update(s, &error);
        if (r < 0)
                log_warning("%s, ignoring", error ? error->message : strerror(-r));
        return 0;
}

void loopback_begin(Supervisor *s) {
        if (s->lease.n_nics == 0)
                return;
        s->loopback = calloc(1, sizeof(*s->loopback));
        if (!s->loopback)
                return;
        s->loopback->supervisor = s;
        if (sd_event_add_defer(s->event, &s->loopback->later, on_idle, s) >= 0)
                (void) sd_event_source_set_priority(s->loopback->later, SD_EVENT_PRIORITY_IDLE);
}

void loopback_end(Supervisor *s) {
        Loopback *l = s->loopback;

        if (!l)
                return;
        l->later = sd_event_source_disable_unref(l->later);
        drop_others(l, &(PortList){});
        free(l->ports);
        free(l);
        s->loopback = NULL;
}
