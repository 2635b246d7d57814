/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "given.h"
#include "name.h"

/* What a machine has on the host's network, in NETWORK_RUN_DIRECTORY/machines/NAME: written before the first rule or link of it
 * is made, removed after the last. The kernel holds what is; this says what should be, for a repair, for lists, and for the next
 * life of a machine that reboots.
 *
 * The file is lines KEY=value, replaced atomically; keys are added and never changed, and a reader passes over those that it does
 * not know. It is written with the network lock held (network-lock.h); everybody may read it, as machines' records. */

typedef struct EndpointNic {
        char zone[ZONE_NAME_MAX + 1];
        uint32_t address; /* host byte order */
        struct in6_addr address6; /* all zero: none */
        uint8_t mac[6];   /* the machine's end */
        unsigned number;  /* by which our end is called (machine-link.h); in files of an older nbox, its place */
        char name[IF_NAMESIZE]; /* inside; in files of an older nbox: host0, host1, … in their order */
} EndpointNic;

/* An interface that is in no zone. */
typedef struct EndpointLink {
        NicConfig config;       /* as it was asked for, with its name inside, but for one of the host's own that keeps its name */
        unsigned number;        /* which of the machine's pairs that are called after it (nic-link.h) */
        char host[IF_NAMESIZE]; /* the host's end, once it is made, or "" */
        uint8_t mac[6];         /* the machine's end */
} EndpointLink;

/* What was changed while the machine ran, against its configuration: what its next life has too. */
typedef struct PortChanges {
        PortList added;   /* owned */
        PortList removed; /* owned */
} PortChanges;

/* The same of its interfaces (endpoint-nics.h). */
typedef struct NicChanges {
        NicList added;  /* owned; with their names inside */
        char **removed; /* owned; names inside */
} NicChanges;

typedef struct Endpoint {
        char machine[MACHINE_NAME_MAX + 1];
        EndpointNic nics[NICS_MAX]; /* in zones: ports lead to the first of them */
        size_t n_nics;
        EndpointLink links[NICS_MAX]; /* the others, which no rule is about */
        size_t n_links;      /* no interface of either sort: it is between two lives, and nothing of the rest stands */
        Given given[NICS_MAX]; /* owned; what the host gets back from it */
        size_t n_given;
        PortList ports;      /* owned; as they are, changes included */
        PortList host_ports; /* likewise */
        NicChanges nic_changes;   /* of nics and links */
        char pending_nic[IF_NAMESIZE]; /* one of them whose coming or going is not done yet, or "" */
        PortChanges changes;      /* of ports */
        PortChanges host_changes; /* of host_ports */
        uint64_t ingress_rate, egress_rate; /* bits per second; 0: no limit */
} Endpoint;

void endpoint_free(Endpoint *e);
DEFINE_CLEANUP(Endpoint *, endpoint_free);

/* An empty one. NULL on out of memory. */
Endpoint *endpoint_new(const char *machine);

/* The machine's, or NULL in *ret and 0 where it has none; 1 where it has. -EBADMSG: the file is damaged. */
int endpoint_load(const char *machine, Endpoint **ret, Error **reterr);

/* All of them, by name; what is damaged is warned about and left out. The caller's, also the array (endpoint_list_free()). */
int endpoint_list(Endpoint ***ret, size_t *ret_n, Error **reterr);
void endpoint_list_free(Endpoint **endpoints, size_t n);

/* With the network lock held. endpoint_remove() takes the directory away with the last; endpoint_tidy() where there is none. */
int endpoint_save(const Endpoint *e, Error **reterr);
void endpoint_remove(const char *machine);
void endpoint_tidy(void);

/* At a machine's end, with the lock held: the file goes; or, where the machine is about to start anew (`reboots`), all of it but
 * the changes. */
void endpoint_end(const char *machine, bool reboots);

/* At a life's begin: what `before` (may be NULL) was changed by is done again to the ports of `e`, which are the configuration's
 * by now. What has become superfluous is dropped in silence, what contradicts the configuration with a warning. 0 or -ENOMEM. */
int endpoint_take_changes(Endpoint *e, const Endpoint *before);

/* Publish a port, or no longer. -EEXIST: it clashes with one of its own; -ENOENT: it has none such. What is removed is the same
 * one, or, where both sides of `p` are alike, which is what a port without a machine's is read as, the one with that host's side. */
typedef enum PortKind {
        PORT_PUBLISHED,
        PORT_OF_HOST,
} PortKind;
int endpoint_add_port(Endpoint *e, PortKind kind, const PortMap *p, Error **reterr);
int endpoint_remove_port(Endpoint *e, PortKind kind, const PortMap *p, PortMap *ret_removed, Error **reterr);

/* The lowest number that no interface of this kind has (EndpointLink.number). */
unsigned endpoint_free_number(const Endpoint *e, NicKind kind);

/* The file's text, to and from. `text` is torn apart; `path` is for errors. format: the caller's, NULL on out of memory. */
int endpoint_parse(Endpoint *e, const char *path, char *text, Error **reterr);
char *endpoint_format(const Endpoint *e);
