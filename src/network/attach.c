/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of an attachment, and what a crash at any point leaves:
 *
 *     lock → zones' bridges → addresses → the machine's file → forwarding → rules → others' doors → veth pairs → rates →
 *     names → inside of the namespace → unlock
 *
 * The last but one may be done later: it is nobody else's. Of these, a machine that is in no zone has the file, the links and the inside alone: nothing else of the host is touched for it.
 *
 * Rules are made before the links, so that a machine never has an address without them; they carry the machine's
 * name, and the sweep finds them when no such machine lives. The veth pairs die with the machine's namespace. */

#include "attachment.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bridge-quiet.h"
#include "endpoint-nics.h"
#include "forwarding.h"
#include "give.h"
#include "log.h"
#include "machine-link.h"
#include "name.h"
#include "names.h"
#include "netns-id.h"
#include "network-lock.h"
#include "nics.h"
#include "passage.h"
#include "port-map.h"
#include "port-check.h"
#include "port-listen.h"
#include "rates.h"
#include "release.h"
#include "repair.h"

void network_attachment_free(Attachment *a) {
        if (!a)
                return;
        placement_done(&a->at);
        endpoint_free(a->endpoint);
        netlink_free(a->nl);
        nic_list_done(&a->nics);
        close_fd(a->netns);
        free(a);
}

/* ---- the machine's file ---- */

/* What it is to have, but for its interfaces, which are not chosen yet. */
static int describe(Attachment *a, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *before = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        Endpoint *e = a->endpoint = endpoint_new(a->req->machine);

        if (!e || port_list_copy(a->req->ports, &e->ports) < 0 || port_list_copy(a->req->host_ports, &e->host_ports) < 0)
                return error_oom(reterr);
        e->ingress_rate = a->req->ingress_rate;
        e->egress_rate = a->req->egress_rate;
        if (a->req->next_life && endpoint_load(e->machine, &before, &error) < 0)
                log_warning("What was published by hand is forgotten: %s, ignoring", error->message);
        if (endpoint_take_changes(e, before) < 0)
                return error_oom(reterr);
        nic_changes_keep(&e->nic_changes, a->req->nics);
        return rates_check(e, reterr);
}

/* What is in no zone. One of the host's own keeps its name, unless another is wanted. */
static int add_link(Attachment *a, const NicConfig *config, Error **reterr) {
        Endpoint *e = a->endpoint;
        EndpointLink *l = e->links + e->n_links;
        int r;

        *l = (EndpointLink){ .config = *config };
        if (config->kind == NIC_INTERFACE) {
                r = give_look(a->nl, &l->config, e, reterr);
                if (r < 0)
                        return r;
        }
        l->number = endpoint_free_number(e, config->kind);
        a->links[a->n_links] = (NicLink){ .machine = a->req->machine, .config = &l->config, .number = l->number };
        if (config->kind == NIC_INTERFACE)
                memcpy(a->links[a->n_links].mac, e->given[e->n_given - 1].mac, sizeof(a->links->mac));
        a->n_links++;
        e->n_links++;
        return 0;
}

static int write_down(Attachment *a, Error **reterr) {
        Endpoint *e = a->endpoint;
        int r = 0;

        for (; e->n_nics < a->at.n_nics; e->n_nics++) {
                const Nic *nic = a->at.nics + e->n_nics;
                EndpointNic *n = e->nics + e->n_nics;

                snprintf(n->zone, sizeof(n->zone), "%s", nic->zone->name);
                n->address = nic->address;
                n->address6 = nic->address6;
                memcpy(n->mac, nic->mac, sizeof(n->mac));
                n->number = nic->number;
                snprintf(n->name, sizeof(n->name), "%s", nic->config->name);
        }
        for (size_t i = 0; r >= 0 && i < a->req->nics->n; i++)
                if (a->req->nics->items[i].kind != NIC_ZONE)
                        r = add_link(a, a->req->nics->items + i, reterr);
        return r < 0 ? r : endpoint_save(e, reterr);
}

/* Their host's ends have names by now, which a start without any need not write down again. */
static int write_down_links(Attachment *a, Error **reterr) {
        for (size_t i = 0; i < a->n_links; i++) {
                EndpointLink *l = a->endpoint->links + i;

                snprintf(l->host, sizeof(l->host), "%s", a->links[i].host.name);
                memcpy(l->mac, a->links[i].mac, sizeof(l->mac));
        }
        return a->n_links > 0 ? endpoint_save(a->endpoint, reterr) : 0;
}

/* ---- rules ---- */

static bool machine_is_alive(const char *machine, void *userdata) {
        return machine_link_exists(userdata, machine);
}

/* Zones that stood before, and whose rules should: not of IPv6, where one of an older nbox only gets that now. */
static bool has_drifted(const Attachment *a, const FirewallZone *zones) {
        FirewallZone stood[NICS_MAX];
        size_t n = 0;

        for (size_t i = 0; i < a->at.n_places; i++)
                if (!a->at.places[i].zone.made) {
                        stood[n] = zones[i];
                        if (a->at.places[i].zone.made6)
                                stood[n].range6 = (Range6){};
                        n++;
                }
        return n > 0 && !firewall_stands(&(FirewallSet){ .zones = stood, .n_zones = n });
}

static int let_through(Attachment *a, Error **reterr) {
        FirewallOracle oracle = { .machine_is_alive = machine_is_alive, .userdata = a->nl };
        _cleanup_(passage_done) Passage passage = {};
        const Zone *first = a->at.nics[0].zone;
        int r;

        r = ports_check(&(PortCheck){ a->req->machine, &a->endpoint->ports, first->range6.prefix > 0 }, reterr);
        if (r < 0)
                return r;
        if (passage_new(&passage, a->at.n_places, 1) < 0)
                return error_oom(reterr);
        for (size_t i = 0; i < a->at.n_places; i++)
                passage_add_zone(&passage, &a->at.places[i].zone);
        passage_add_machine(&passage, a->endpoint, first);
        passage.stands = firewall_stands_as_seen(&passage.set);
        a->drifted = !passage.stands && has_drifted(a, passage.zones);
        r = passage_open(&passage, a->lock, &oracle, reterr);
        if (r >= 0)
                forwarding_let_loopback(first->bridge);
        return r;
}

/* Of a machine in no zone, for which its supervisor listens. */
static int check_relayed(Attachment *a, Error **reterr) {
        int r = port_check_scope(a->endpoint, reterr);

        return r < 0 ? r : ports_check(&(PortCheck){ a->req->machine, &a->endpoint->ports, true }, reterr);
}

/* ---- links ---- */

/* In the order that they were asked for: so they are numbered inside. */
static int make_unzoned(Attachment *a, NicLink *link, Error **reterr) {
        return link->config->kind == NIC_INTERFACE ? give_send(a->nl, a->endpoint, link->config, a->netns, reterr)
                                                   : nic_link_make(a->nl, link, a->netns, reterr);
}

static int open_netns(Attachment *a, Error **reterr) {
        a->netns = a->req->open_netns ? a->req->open_netns(a->req->userdata, reterr) : fcntl(a->req->netns, F_DUPFD_CLOEXEC, 3);
        if (a->netns < 0 && !a->req->open_netns)
                return error_errno(reterr, errno, "Cannot keep the machine's network namespace");
        return a->netns;
}

static int make_links(Attachment *a, Error **reterr) {
        size_t zoned = 0, link = 0;
        int r = open_netns(a, reterr);

        for (size_t i = 0; r >= 0 && i < a->req->nics->n; i++)
                r = a->req->nics->items[i].kind == NIC_ZONE ? nic_make(a->nl, a->at.nics + zoned++, a->netns, reterr)
                        : make_unzoned(a, a->links + link++, reterr);
        for (size_t i = 0; r >= 0 && i < a->at.n_nics; i++)
                r = rates_apply(a->nl, a->endpoint, a->at.nics[i].link.name, a->at.nics[i].link.index, reterr);
        return r;
}

/* ---- names ---- */

/* They stand before anybody in it can ask for them, and for whoever serves the zone later. */
static int write_names(const Attachment *a, Error **reterr) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < a->at.n_places; i++)
                r = names_begin(a->at.places[i].zone.name, range_gateway(a->at.places[i].zone.range), reterr);
        if (r >= 0)
                r = names_add(a->endpoint, reterr);
        for (size_t i = 0; r >= 0 && i < a->at.n_places; i++)
                bridge_quiet_grow(a->at.places[i].zone.name);
        return r;
}

/* ---- all of it ---- */

static int attach(Attachment *a, NetworkLease *ret, Error **reterr) {
        int r;

        r = describe(a, reterr);
        if (r < 0)
                return r;
        a->at = (Placement){ .req = a->req, .nl = a->nl };
        r = placement_make(&a->at, a->endpoint->ports.n > 0, reterr);
        if (r >= 0)
                r = write_down(a, reterr);
        if (r >= 0)
                r = (a->at.n_nics > 0 ? let_through : check_relayed)(a, reterr);
        if (r >= 0)
                r = make_links(a, reterr);
        if (r >= 0)
                r = write_down_links(a, reterr);
        if (r >= 0 && a->at.n_nics > 0)
                r = write_names(a, reterr);
        if (r < 0) {
                (void) network_release(a->lock, a->nl, a->req->machine, false, NULL);
                return r;
        }
        attachment_report(a, ret);
        ret->netns_id = netns_id(a->nl, a->netns);
        return 0;
}

static int check_request(const NetworkRequest *req, Error **reterr) {
        int r;

        r = machine_name_check(req->machine, reterr);
        if (r >= 0 && (req->nics->n == 0 || req->nics->n > NICS_MAX))
                return error_set(reterr, EINVAL, "A machine has 1 to %d interfaces", NICS_MAX);
        for (size_t i = 0; r >= 0 && i < req->nics->n; i++)
                if (req->nics->items[i].kind == NIC_ZONE)
                        r = zone_name_check(req->nics->items[i].zone, reterr);
        return r;
}

/* What belongs to others who run, in passing. */
static void mend_the_rest(void) {
        _cleanup_(network_state_clear) NetworkState state = {};
        _cleanup_(error_freep) Error *error = NULL;

        log_info("Rules of machines that run have been taken away: making them anew, as `nbox network repair` does");
        if (network_repair(&state, &error) < 0)
                log_warning("%s, ignoring", error->message);
}

/* What was added by hand may stand on a link of the host's that is gone by now, which is no reason not to come back. */
static void leave_out_gone(Netlink *nl, const char *machine, NicList *added) {
        size_t kept = 0;
        LinkInfo link;

        for (size_t i = 0; i < added->n; i++) {
                const NicConfig *nic = added->items + i;

                if (*nic->link && nic->kind != NIC_EXTRA && link_get(nl, nic->link, &link) == -ENODEV)
                        log_warning("Machine '%s': the interface '%s' that was added by hand is not there any more: the host has no '%s', "
                                    "ignoring", machine, nic->name, nic->link);
                else
                        added->items[kept++] = *nic;
        }
        added->n = kept;
}

/* The configuration's interfaces, and what was done to them by hand in the lives before. */
static int take_nic_changes(Netlink *nl, const NetworkRequest *req, NicList *ret, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *before = NULL;
        int r;

        if (nic_list_copy(req->nics, ret) < 0)
                return error_oom(reterr);
        if (!req->next_life || endpoint_load(req->machine, &before, NULL) <= 0)
                return 0; /* a damaged file is warned of later */
        leave_out_gone(nl, req->machine, &before->nic_changes.added);
        r = nic_changes_apply(&before->nic_changes, req->machine, ret);
        return r < 0 ? error_oom(reterr) : 0;
}

static int begin(Attachment *a, const NetworkRequest *request, NetworkLease *ret, Error **reterr) {
        _cleanup_close_ int lock = -1;
        int r;

        r = check_request(request, reterr);
        if (r < 0)
                return r;
        a->lock = lock = network_lock(reterr);
        if (lock < 0)
                return lock;
        r = netlink_new(NETLINK_ROUTE, -1, &a->nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        r = take_nic_changes(a->nl, request, &a->nics, reterr);
        return r < 0 ? r : attach(a, ret, reterr);
}

int network_attach_begin(const NetworkRequest *request, Attachment **ret, NetworkLease *ret_lease, Error **reterr) {
        _cleanup_(network_attachment_freep) Attachment *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return error_oom(reterr);
        a->netns = -1;
        a->request = *request;
        a->request.nics = &a->nics;
        a->req = &a->request;
        r = begin(a, request, ret_lease, reterr);
        if (r < 0)
                return r;
        if (a->drifted)
                mend_the_rest();
        *ret = TAKE_PTR(a);
        return 0;
}

void network_attach_settle(Attachment *a, int proc) {
        for (size_t i = 0; i < a->at.n_nics; i++)
                nic_settle_inside(a->at.nics + i, a->netns, proc);
        a->settled = true;
}

int network_attach_end(Attachment *a, Error **reterr) {
        return attachment_set_up_inside(a, reterr);
}

int network_attach(const NetworkRequest *request, NetworkLease *ret, Error **reterr) {
        _cleanup_(network_attachment_freep) Attachment *a = NULL;
        int r;

        r = network_attach_begin(request, &a, ret, reterr);
        if (r < 0)
                return r;
        r = network_attach_end(a, reterr);
        if (r < 0)
                (void) network_detach(request->machine, NULL);
        return r;
}
