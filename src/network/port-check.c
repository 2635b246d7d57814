/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Binding is the question that the kernel answers in one call for a family, also about [::] sockets that take IPv4. It says no
 * too often, though: connections of the host's that happen to have that number at their own end, and ones that
 * are closing (TIME-WAIT), are no service that could be cut off. So only after a no is the table of sockets read; and for
 * a range first, once for all of its ports, since a thousand sockets to bind would take longer. Busy is a port that
 * both say is.
 *
 * nbox listens itself: machines' ports on [::1] are relayed by their supervisors. Such a socket is known by its program and by the
 * machine's file, which says who published what. */

#include "port-check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "endpoint.h"
#include "fd.h"
#include "firewall-backend.h"
#include "listeners.h"
#include "log.h"
#include "port-map.h"

#define OUR_PROGRAMS "nbox" /* supervisors and what they start: the begin of their name */

static const int families[] = { AF_INET, AF_INET6 };

/* What is asked of an address of both families is asked of each in turn. 0, -EADDRINUSE, -EADDRNOTAVAIL, … */
static int try_bind(int protocol, int family, const IpAddress *address, uint16_t port) {
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
        } sa = {};
        bool udp = protocol == IPPROTO_UDP, v6 = family == AF_INET6;
        _cleanup_close_ int fd = socket(family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return errno == EAFNOSUPPORT ? 0 : -errno; /* nobody listens in a family that is not there */
        if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int)) < 0)
                return -errno;
        if (v6)
                sa.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port),
                                               .sin6_addr = address->family == AF_INET6 ? address->v6 : in6addr_any };
        else
                sa.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
                                              .sin_addr.s_addr = htonl(address->family == AF_INET ? address->v4 : INADDR_ANY) };
        return bind(fd, &sa.any, v6 ? sizeof(sa.v6) : sizeof(sa.v4)) < 0 ? -errno : 0;
}

/* In which families rules or a relay are made for it. */
static bool is_published_in(const PortCheck *c, const PortMap *p, int family) {
        return port_address_is_of(&p->address, family) && (family == AF_INET || c->has_ipv6 || p->address.family == AF_INET6);
}

static bool is_busy(const PortCheck *c, const PortMap *p, const Listener *l) {
        if (l->port < p->host || l->port - p->host >= p->count || !port_address_meets(&p->address, &l->address))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(families); i++)
                if (is_published_in(c, p, families[i]) && port_address_is_of(&l->address, families[i]) &&
                    try_bind(p->protocol, families[i], &p->address, l->port) == -EADDRINUSE)
                        return true;
        return false;
}

/* ---- who listens ---- */

static bool has_published(const Endpoint *e, const PortMap *p) {
        for (size_t i = 0; i < e->ports.n; i++)
                if (port_map_clash(e->ports.items + i, p))
                        return true;
        return false;
}

/* The machine that a program of ours listens for: *ret, or "". The one that is asked for has its file already, and counts last. */
static int find_machine(const PortCheck *c, int protocol, const Listener *l, char ret[MACHINE_NAME_MAX + 1], Error **reterr) {
        PortMap one = { .protocol = protocol, .address = l->address, .host = l->port, .machine = l->port, .count = 1 };
        Endpoint **endpoints;
        size_t n;
        int r;

        r = endpoint_list(&endpoints, &n, reterr);
        if (r < 0)
                return r;
        *ret = 0;
        for (size_t i = 0; i < n; i++)
                if (has_published(endpoints[i], &one) && (!*ret || strcmp(ret, c->machine) == 0))
                        snprintf(ret, MACHINE_NAME_MAX + 1, "%s", endpoints[i]->machine);
        endpoint_list_free(endpoints, n);
        return 0;
}

static int say_used(const PortMap *p, const Listener *l, const ListenerOwner *owner, Error **reterr) {
        char address[PORT_ADDRESS_TEXT_MAX], who[64] = "another program";

        port_address_format(&p->address, address);
        if (owner)
                snprintf(who, sizeof(who), "%s (pid %d)", owner->comm, owner->pid);
        error_set(reterr, EADDRINUSE, "Port %s%s%u/%s of the host is used by %s", address, *address ? ":" : "", l->port,
                  protocol_to_string(p->protocol), who);
        if (port_address_is_any(&p->address) && !port_address_is_any(&l->address)) /* as systemd-resolved's of 127.0.0.53 */
                return error_hint(reterr, -EADDRINUSE, "Stop it, or choose another port of the host, as HOST:MACHINE, or an address "
                                                       "that it does not listen on, as ADDR:HOST:MACHINE.");
        return error_hint(reterr, -EADDRINUSE, "Stop it, or choose another port of the host, as HOST:MACHINE.");
}

/* 0 where it is the machine's own. */
static int say_busy(const PortCheck *c, const PortMap *p, const Listener *l, Error **reterr) {
        ListenerOwner owner;
        bool known = listener_owner(l->inode, &owner);
        char machine[MACHINE_NAME_MAX + 1] = "";
        int r = 0;

        if (known && strncmp(owner.comm, OUR_PROGRAMS, strlen(OUR_PROGRAMS)) == 0)
                r = find_machine(c, p->protocol, l, machine, reterr);
        if (r < 0 || strcmp(machine, c->machine) == 0)
                return r;
        if (*machine)
                return firewall_port_is_taken(p->protocol, l->port, machine, reterr);
        return say_used(p, l, known ? &owner : NULL, reterr);
}

static int check_listeners(const PortCheck *c, int protocol, Error **reterr) {
        _cleanup_free_ Listener *listeners = NULL;
        size_t n = 0;
        int r;

        r = listeners_read(protocol, &listeners, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot tell which ports of the host are used: cannot read the tables of /proc/net");
        for (const Listener *l = listeners; r >= 0 && l < listeners + n; l++)
                for (const PortMap *p = c->ports->items; r >= 0 && p < c->ports->items + c->ports->n; p++)
                        if (p->protocol == protocol && is_busy(c, p, l))
                                r = say_busy(c, p, l, reterr);
        return r;
}

/* ---- all of it ---- */

/* Whether the tables need be read for it. 0, 1 or an error. */
static int may_be_busy(const PortCheck *c, const PortMap *p, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                int r = is_published_in(c, p, families[i]) ? try_bind(p->protocol, families[i], &p->address, p->host) : 0;

                if (r == -EADDRINUSE)
                        return 1;
                if (r < 0 && r != -EADDRNOTAVAIL) /* ports_warn_of_absent() says it */
                        return error_errno(reterr, r, "Cannot tell whether port %u/%s is free", p->host, protocol_to_string(p->protocol));
        }
        return p->count > 1;
}

static int check_twice(const PortList *ports, Error **reterr) {
        for (size_t i = 0; i < ports->n; i++)
                for (size_t j = 0; j < i; j++)
                        if (port_map_clash(ports->items + i, ports->items + j))
                                return error_set(reterr, EINVAL, "Port %u/%s of the host is published twice", ports->items[i].host,
                                                 protocol_to_string(ports->items[i].protocol));
        return 0;
}

/* A relay from [::1] is one to its IPv4 address, too. */
static int check_families(const PortCheck *c, Error **reterr) {
        char text[PORT_MAP_TEXT_MAX];

        for (const PortMap *p = c->ports->items; p < c->ports->items + c->ports->n; p++) {
                if (c->has_ipv6 || p->address.family != AF_INET6 || ip_is_loopback(&p->address))
                        continue;
                port_map_format(p, text);
                error_set(reterr, EAFNOSUPPORT, "The port %s cannot be published: the machine '%s' has no IPv6 address", text, c->machine);
                return error_hint(reterr, -EAFNOSUPPORT, "`nbox zone show` says why its zone has none. Publish it on an IPv4 address, or "
                                                         "without an address.");
        }
        return 0;
}

int ports_check(const PortCheck *c, Error **reterr) {
        bool tcp = false, udp = false;
        int r;

        r = check_twice(c->ports, reterr);
        if (r >= 0)
                r = check_families(c, reterr);
        for (size_t i = 0; r >= 0 && i < c->ports->n; i++) {
                r = may_be_busy(c, c->ports->items + i, reterr);
                if (r > 0)
                        *(c->ports->items[i].protocol == IPPROTO_UDP ? &udp : &tcp) = true;
        }
        if (r >= 0 && tcp)
                r = check_listeners(c, IPPROTO_TCP, reterr);
        if (r >= 0 && udp)
                r = check_listeners(c, IPPROTO_UDP, reterr);
        return r < 0 ? r : 0;
}

void ports_warn_of_absent(const PortList *ports) {
        char address[PORT_ADDRESS_TEXT_MAX];

        for (const PortMap *p = ports->items; p < ports->items + ports->n; p++) {
                if (port_address_is_any(&p->address) || try_bind(p->protocol, p->address.family, &p->address, p->host) != -EADDRNOTAVAIL)
                        continue;
                port_address_format(&p->address, address);
                log_warning("%s is no address of the host's now: port %u/%s answers once it is, ignoring", address, p->host,
                            protocol_to_string(p->protocol));
        }
}
