/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

/* A machine's place on a network of the host's: what run/ calls while the machine's child is parked, and what
 * machine/ calls to take it away. All of it works from the host's network namespace and needs root.
 *
 * A zone is a bridge ("nbox0" for the zone "default", "nz-NAME" else) with one IPv4 range, masqueraded.
 * Its range and its machines' addresses are kept in /var/lib/nbox/zones/NAME (zone-state.h), so that they are the same
 * after a reboot; the bridge and the rules are there only while a machine is. What is there is read from the kernel:
 * links carry their owner in their alias, rules in their comment. What should be is in the machines' files (endpoint.h). */

/* Whether a machine is to have a zone's service (zone-service.h): names and DHCP. Without one it asks the host's name servers. */
typedef enum ServiceWish {
        SERVICE_OFF,
        SERVICE_IF_SHARED, /* where others are in the zone already: for a machine that lives a moment */
        SERVICE_WANTED,
} ServiceWish;

typedef struct NetworkRequest {
        const char *machine;        /* valid machine name */
        int netns;                  /* fd of the machine's network namespace; not looked at where the next is set */
        int (*open_netns)(void *userdata, Error **reterr); /* asked for it, the callee's, when it is needed: it may be on its way; or NULL */
        void *userdata;
        const NicList *nics;        /* one at least */
        const PortList *ports;      /* published; they lead to the first NIC's address */
        const PortList *host_ports; /* of the host's loopback, offered at the first NIC's gateway */
        uint64_t ingress_rate;      /* toward the machine, on each NIC, bits a second; 0: no limit */
        uint64_t egress_rate;       /* from it; likewise */
        bool next_life;             /* it has rebooted: what was done to its ports by hand is done again (endpoint.h) */
        bool keep_address;          /* remember the addresses for this name (false for a throw-away name) */
        ServiceWish service;
} NetworkRequest;

typedef struct NicLease {
        NicKind kind;
        char zone[ZONE_NAME_MAX + 1];  /* NIC_ZONE; "" else */
        char link[LINK_NAME_MAX + 1];  /* as of NicConfig */
        struct in_addr address; /* network byte order; 0: none that we gave it */
        struct in_addr gateway; /* 0: none */
        struct in_addr service; /* of the zone's service, which the caller has to have started; 0: it is not wanted, or not to be had */
        unsigned prefix;
        struct in6_addr address6;   /* all zero: none, and so are the next three */
        struct in6_addr gateway6;
        struct in6_addr service6;
        unsigned prefix6;
        uint8_t mac[6];             /* the machine's end */
        char ifname[IF_NAMESIZE];   /* inside: "host0", … */
        char host_ifname[IF_NAMESIZE]; /* "": it has no end on the host, and the next is 0 */
        int host_ifindex;
        char bridge[IF_NAMESIZE];      /* or "" */
} NicLease;

typedef struct NetworkLease {
        NicLease nics[NICS_MAX]; /* in the order of the request */
        size_t n_nics;
        int netns_id; /* by which the host calls the machine's namespace (netns-id.h); -1: not known */
} NetworkLease;

/* Make the zones that are not there, then the interfaces (those in zones "host0", altname "eth0", and so on; up, addressed,
 * the first with the default route; loopback up), and the machine's port rules. On failure nothing of this machine is left.
 * -EADDRINUSE: a port is busy, or the zone's range meets a network that the host has got since; -EOPNOTSUPP: the
 * kernel has no packet filter that is supported; each with what to do. */
int network_attach(const NetworkRequest *req, NetworkLease *ret, Error **reterr);

/* The same in two parts. The first does all that is on the host, and knows by then what the machine has; the second sets up what is inside, which
 * concerns nobody else, while other things are done. What *req points to must last until then. After a failure of the second, the machine
 * is to be detached. */
typedef struct Attachment Attachment;

int network_attach_begin(const NetworkRequest *req, Attachment **ret, NetworkLease *ret_lease, Error **reterr);
void network_attach_settle(Attachment *a, int proc); /* in between, if at all: some of it, by the machine's own /proc (netns.h) */
int network_attach_end(Attachment *a, Error **reterr);
void network_attachment_free(Attachment *a);
DEFINE_CLEANUP(Attachment *, network_attachment_free);

/* Remove the machine's rules and links; and a zone's bridge and rules when no port is left on its bridge. Never
 * fails half way: it does what it can, and reports the first error. Idempotent. */
int network_detach(const char *machine, Error **reterr);

/* The same for a machine that reboots: what was changed by hand while it ran is kept for its next life. */
int network_suspend(const char *machine, Error **reterr);

/* After network_suspend(), where no next life comes after all. Cheap where nothing was kept. */
int network_forget(const char *machine, Error **reterr);

/* The end of a machine that its supervisor sees to. What its namespace takes with it is left to that, where it is known to be gone. And where nobody
 * is left in its zones, making and removing these takes longer than all else of a short life: with may_linger they stay for a moment, in which the
 * next machine may come. *ret_left is then the caller's, to be handed to network_linger() by a process that outlives him; -1 where there is
 * nothing to wait for, or somebody who waits already. Returns 1 where they stay, else as network_detach(). */
typedef struct NetworkEnd {
        const char *machine;
        int netns_id;    /* of its lease; -1: not known */
        bool reboots;    /* as network_suspend() */
        bool may_linger;
} NetworkEnd;

int network_end(const NetworkEnd *end, int *ret_left, Error **reterr);

/* Wait until that moment has passed, or SIGTERM says that there is no time, which the caller has blocked. What is left is to be swept then. Closes
 * `left`. */
void network_linger(int left);

/* Whether zones have been left so, and who should have swept them has been killed. */
bool network_is_left(void);

/* Remove the rules and links of every machine for which is_alive() says no, and every zone's bridge that has no
 * port left. For gc. */
int network_sweep(bool (*is_alive)(const char *machine, void *userdata), void *userdata, Error **reterr);

/* Zones that no machine is in, and that are there for their service alone, which systemd runs. *ret is the caller's, a string array
 * of their names. */
int network_idle_zones(char ***ret, Error **reterr);

/* Where the host's names are resolved, for a machine in a network of its own: nameserver lines whose address is
 * no loopback (from /run/systemd/resolve/resolv.conf or /etc/resolv.conf), search and options lines kept.
 * *ret is the caller's; may hold no nameserver at all (then returns 0, else 1). */
int network_resolv_conf(char **ret, Error **reterr);

/* The file that those come from: the first of the two with such a server, or else /etc/resolv.conf, which may get one. */
const char *network_resolv_path(void);
