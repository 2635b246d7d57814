/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "release.h"

#include <string.h>

#include "doors.h"
#include "endpoint.h"
#include "firewall.h"
#include "forwarding.h"
#include "give.h"
#include "forwarding6.h"
#include "linger.h"
#include "machine-link.h"
#include "name.h"
#include "names.h"
#include "nic-change.h"
#include "neighbour.h"
#include "netns-id.h"
#include "network-lock.h"
#include "network.h"
#include "rates.h"
#include "strv.h"
#include "zone-service.h"
#include "zone.h"

static void keep_first(int *result, int r) {
        if (r < 0 && *result >= 0)
                *result = r;
}

static bool has_zones(const LinkInfo *links, size_t n) {
        char zone[ZONE_NAME_MAX + 1];

        for (size_t i = 0; i < n; i++)
                if (zone_of_bridge(links + i, zone))
                        return true;
        return false;
}

/* Whether machines of zones have not taken back what is theirs. Their bridges may be gone by then: those who end at the same time leave
 * their links to the kernel. */
static bool some_are_to_release(void) {
        Endpoint **endpoints;
        bool found = false;
        size_t n;

        if (endpoint_list(&endpoints, &n, NULL) < 0)
                return true;
        for (size_t i = 0; i < n; i++)
                found = found || endpoints[i]->n_nics > 0;
        endpoint_list_free(endpoints, n);
        return found;
}

void network_release_host(int lock, Netlink *nl) {
        _cleanup_free_ LinkInfo *links = NULL;
        size_t n = 0;

        forwarding6_release(lock, nl); /* of zones, only those with IPv6 count there */
        if (link_list(nl, 0, &links, &n) < 0 || has_zones(links, n) || some_are_to_release())
                return;
        forwarding_release(lock, nl);
        firewall_release();
        endpoint_tidy();
        network_lock_remove();
}

/* What is deleted is marked by an index of 0. */
static int delete_links(Netlink *nl, const char *machine, LinkInfo *links, size_t n, Error **reterr) {
        char owner[MACHINE_NAME_MAX + 1];
        int result = 0, r;

        for (size_t i = 0; i < n; i++) {
                if (!machine_link_owner(links + i, owner) || strcmp(owner, machine) != 0)
                        continue;
                r = link_delete(nl, links[i].name);
                if (r >= 0)
                        links[i].index = 0;
                else if (result >= 0)
                        result = error_errno(reterr, r, "Cannot remove the link %s of the machine '%s'", links[i].name, machine);
        }
        return result;
}

static bool has_machines(Netlink *nl, const LinkInfo *bridge, const LinkInfo *links, size_t n) {
        MachineLink owner;

        for (size_t i = 0; i < n; i++)
                if (links[i].index > 0 && links[i].master == bridge->index && machine_link_parse(links + i, &owner) &&
                    !link_is_going(nl, links + i))
                        return true;
        return false;
}

/* Bridges of zones that no machine is in any more: the names of those that are gone. */
static int delete_bridges(Netlink *nl, const LinkInfo *links, size_t n, char ***ret_gone, Error **reterr) {
        char zone[ZONE_NAME_MAX + 1];
        int result = 0, r;

        for (size_t i = 0; i < n; i++) {
                if (!zone_of_bridge(links + i, zone) || has_machines(nl, links + i, links, n))
                        continue;
                r = zone_down_if_unused(nl, zone, result < 0 ? NULL : reterr);
                keep_first(&result, r);
                if (r > 0 && strv_append(ret_gone, zone) < 0)
                        keep_first(&result, error_oom(result < 0 ? NULL : reterr));
        }
        return result;
}

/* Rules of a zone whose bridge went otherwise are found by the sweep. */
static int remove_rules(const char *machine, char **gone, Error **reterr) {
        int result = firewall_remove(machine, gone ? gone[0] : NULL, reterr);

        for (char **zone = gone ? gone + 1 : NULL; zone && *zone; zone++)
                keep_first(&result, firewall_remove(NULL, *zone, result < 0 ? NULL : reterr));
        for (char **zone = gone; zone && *zone; zone++)
                keep_first(&result, doors_close(*zone, result < 0 ? NULL : reterr));
        return result;
}

/* The limits of its links; those of a queue went with them. */
static int remove_limits(const Endpoint *e, Error **reterr) {
        char name[IF_NAMESIZE];
        int result = 0;

        for (unsigned i = 0; e && e->egress_rate > 0 && i < e->n_nics; i++) {
                machine_link_name(e->machine, e->nics[i].number, name);
                keep_first(&result, rates_remove(name, result < 0 ? NULL : reterr));
        }
        return result;
}

/* What the host was told of where it is; with a bridge it goes by itself. */
static void forget_neighbour(Netlink *nl, const Endpoint *e) {
        char bridge[IF_NAMESIZE];
        LinkInfo link;

        for (size_t i = 0; e && i < e->n_nics; i++) {
                IpAddress address = ip_v4(e->nics[i].address), address6 = ip_v6(&e->nics[i].address6);

                zone_bridge_name(e->nics[i].zone, bridge);
                if (link_get(nl, bridge, &link) < 0)
                        continue;
                neighbour_put_gone(nl, link.index, &address);
                if (!IN6_IS_ADDR_UNSPECIFIED(&e->nics[i].address6))
                        neighbour_put_gone(nl, link.index, &address6);
                (void) netlink_run(nl, NULL, NULL, NULL);
        }
}

/* One that is in no zone has nothing of what follows. Where no file says so, it may have had all of it. */
static bool is_in_zone(const Endpoint *e) {
        return !e || e->n_nics > 0 || e->n_links == 0;
}

/* Others are in all the zones that it was in, and it was on no other network: nothing of the host's goes with it, and no other link need
 * be looked at. */
static bool others_stay(const Endpoint *e) {
        if (!e || e->n_nics == 0 || e->n_links > 0 || e->n_given > 0 || *e->pending_nic)
                return false;
        for (size_t i = 0; i < e->n_nics; i++)
                if (!names_has_others(e->nics[i].zone, e->machine))
                        return false;
        return true;
}

/* What its namespace takes with it is left to that. */
static int release_link(Netlink *nl, const Endpoint *e, unsigned number, Error **reterr) {
        char name[IF_NAMESIZE];
        LinkInfo link;
        int r;

        machine_link_name(e->machine, number, name);
        r = link_get(nl, name, &link);
        if (r >= 0 && !link_is_going(nl, &link))
                r = link_delete(nl, name);
        return r < 0 && r != -ENODEV ? error_errno(reterr, r, "Cannot remove the link %s of the machine '%s'", name, e->machine) : 0;
}

/* links_go: with its namespace. */
static int release_one_of_many(Netlink *nl, const Endpoint *e, bool links_go, bool reboots, Error **reterr) {
        int result = 0;

        for (size_t i = 0; i < e->n_nics; i++) {
                if (!links_go)
                        keep_first(&result, release_link(nl, e, e->nics[i].number, result < 0 ? NULL : reterr));
                names_remove_from(e->machine, e->nics[i].zone);
        }
        keep_first(&result, firewall_remove(e->machine, NULL, result < 0 ? NULL : reterr));
        keep_first(&result, remove_limits(e, result < 0 ? NULL : reterr));
        forget_neighbour(nl, e);
        if (result >= 0)
                endpoint_end(e->machine, reboots);
        return result;
}

/* Links before rules, so that no machine ever has an address without them; the file last, for it says what there was. */
int network_release(int lock, Netlink *nl, const char *machine, bool reboots, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *endpoint = NULL;
        _cleanup_free_ LinkInfo *links = NULL;
        _cleanup_strv_ char **gone = NULL;
        int result, r;
        size_t n = 0;

        (void) endpoint_load(machine, &endpoint, NULL); /* a damaged one says nothing that could be undone */
        if (others_stay(endpoint))
                return release_one_of_many(nl, endpoint, false, reboots, reterr);
        r = link_list(nl, 0, &links, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the links of the host");
        result = delete_links(nl, machine, links, n, reterr);
        keep_first(&result, give_back(nl, endpoint, result < 0 ? NULL : reterr));
        if (is_in_zone(endpoint)) {
                names_remove(machine);
                keep_first(&result, delete_bridges(nl, links, n, &gone, result < 0 ? NULL : reterr));
                keep_first(&result, remove_rules(machine, gone, result < 0 ? NULL : reterr));
                keep_first(&result, remove_limits(endpoint, result < 0 ? NULL : reterr));
                forget_neighbour(nl, endpoint);
        }
        if (result >= 0)
                endpoint_end(machine, reboots);
        if (!is_in_zone(endpoint))
                network_lock_remove(); /* while nothing else is there */
        else if (gone || !has_zones(links, n))
                network_release_host(lock, nl);
        return result;
}

/* Nobody else sees that it stands: what has a port is taken away at once, and so is what the host has given. */
static bool can_linger(const Endpoint *e, const NetworkEnd *end) {
        return end->may_linger && !end->reboots && e->n_given == 0 && !*e->pending_nic && e->ports.n == 0 && e->host_ports.n == 0 &&
                e->egress_rate == 0;
}

/* Its links go with its namespace. 0: that is not all. */
static int release_what_stays(Netlink *nl, const Endpoint *e, const NetworkEnd *end, Error **reterr) {
        int r = 1;

        if (e->n_given > 0 || *e->pending_nic || (e->n_nics > 0 && !others_stay(e)) || !netns_id_is_gone(nl, end->netns_id))
                return 0;
        if (e->n_nics > 0)
                r = release_one_of_many(nl, e, true, end->reboots, reterr);
        else
                endpoint_end(e->machine, end->reboots);
        network_lock_remove(); /* while nothing else is there */
        return r < 0 ? r : 1;
}

/* Its file, which stays, says to whoever sweeps what there was. 1: it is left to him. */
static int leave(const Endpoint *e, int *ret_left) {
        int r = linger_begin();

        if (r < 0 && r != -EBUSY)
                return 0;
        *ret_left = r == -EBUSY ? -1 : r;
        names_remove(e->machine);
        return 1;
}

static int end(int lock, Netlink *nl, const NetworkEnd *end, int *ret_left, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;
        int r;

        if (end->netns_id >= 0)
                (void) endpoint_load(end->machine, &e, NULL);
        r = e ? release_what_stays(nl, e, end, reterr) : 0;
        if (r != 0)
                return r < 0 ? r : 0;
        if (e && can_linger(e, end) && leave(e, ret_left) > 0)
                return 1;
        return network_release(lock, nl, end->machine, end->reboots, reterr);
}

int network_end(const NetworkEnd *q, int *ret_left, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_close_ int lock = -1;
        int r;

        *ret_left = -1;
        r = machine_name_check(q->machine, reterr);
        if (r < 0)
                return r;
        lock = network_lock(reterr);
        if (lock < 0)
                return lock;
        r = netlink_new(NETLINK_ROUTE, -1, &nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        return end(lock, nl, q, ret_left, reterr);
}

static int detach(const char *machine, bool reboots, Error **reterr) {
        int left;

        return network_end(&(NetworkEnd){ .machine = machine, .netns_id = -1, .reboots = reboots }, &left, reterr);
}

int network_detach(const char *machine, Error **reterr) {
        return detach(machine, false, reterr);
}

int network_suspend(const char *machine, Error **reterr) {
        return detach(machine, true, reterr);
}

int network_forget(const char *machine, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;

        return endpoint_load(machine, &e, NULL) == 0 ? 0 : network_detach(machine, reterr);
}

/* ---- what nobody alive has ---- */

typedef struct Sweep {
        bool (*is_alive)(const char *machine, void *userdata);
        void *userdata;
        Netlink *nl;
        int lock;
} Sweep;

static bool sweep_machine(const char *machine, void *userdata) {
        const Sweep *s = userdata;

        return s->is_alive(machine, s->userdata);
}

static bool sweep_zone(const char *zone, void *userdata) {
        const Sweep *s = userdata;

        return zone_exists(s->nl, zone);
}

static int sweep_links(const Sweep *s, const LinkInfo *links, size_t n, Error **reterr) {
        char zone[ZONE_NAME_MAX + 1], owner[MACHINE_NAME_MAX + 1];
        int result = 0, r;

        for (size_t i = 0; i < n; i++)
                if (machine_link_owner(links + i, owner) && !s->is_alive(owner, s->userdata) && !link_is_going(s->nl, links + i)) {
                        r = link_delete(s->nl, links[i].name);
                        if (r < 0 && result >= 0)
                                result = error_errno(reterr, r, "Cannot remove the link %s", links[i].name);
                }
        for (size_t i = 0; i < n; i++)
                if (zone_of_bridge(links + i, zone))
                        keep_first(&result, zone_down_if_unused(s->nl, zone, result < 0 ? NULL : reterr));
        return result;
}

/* A change of its interfaces was killed, or is one that has to be finished from there. */
static int recover(const Sweep *s, Endpoint *e, Error **reterr) {
        int r = nic_change_recover(&(NicTaking){ .lock = s->lock, .netns = -1, .nl = s->nl, .e = e }, NULL);

        return r == -EAGAIN || r >= 0 ? 0 : error_errno(reterr, r, "Cannot undo the change of an interface of '%s' that was killed", e->machine);
}

/* The files last: they say what there was. */
static int sweep_endpoints(const Sweep *s, Error **reterr) {
        Endpoint **endpoints;
        int result = 0, r;
        size_t n;

        r = endpoint_list(&endpoints, &n, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                if (s->is_alive(endpoints[i]->machine, s->userdata)) {
                        keep_first(&result, recover(s, endpoints[i], result < 0 ? NULL : reterr));
                        continue;
                }
                forget_neighbour(s->nl, endpoints[i]);
                r = give_back(s->nl, endpoints[i], result < 0 ? NULL : reterr);
                if (r >= 0)
                        r = remove_limits(endpoints[i], result < 0 ? NULL : reterr);
                keep_first(&result, r);
                if (r >= 0)
                        endpoint_end(endpoints[i]->machine, false);
        }
        endpoint_list_free(endpoints, n);
        return result;
}

/* The network lock's fd, and the host's links under it. */
static int lock_and_list(Netlink **ret_nl, LinkInfo **ret_links, size_t *ret_n, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_close_ int lock = network_lock(reterr);
        int r;

        if (lock < 0)
                return lock;
        r = netlink_new(NETLINK_ROUTE, -1, &nl);
        if (r >= 0)
                r = link_list(nl, 0, ret_links, ret_n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the links of the host");
        *ret_nl = TAKE_PTR(nl);
        return TAKE_FD(lock);
}

int network_sweep(bool (*is_alive)(const char *machine, void *userdata), void *userdata, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_free_ LinkInfo *links = NULL;
        _cleanup_close_ int lock = -1;
        Sweep sweep = { is_alive, userdata };
        FirewallOracle oracle = { sweep_machine, sweep_zone, &sweep };
        size_t n = 0;
        int r;

        lock = lock_and_list(&nl, &links, &n, reterr);
        if (lock < 0)
                return lock;
        sweep.nl = nl;
        sweep.lock = lock;
        linger_end();
        r = sweep_links(&sweep, links, n, reterr);
        names_sweep(&oracle);
        zone_state_sweep();
        keep_first(&r, firewall_sweep(&oracle, r < 0 ? NULL : reterr));
        keep_first(&r, doors_sweep(&oracle, r < 0 ? NULL : reterr));
        if (r >= 0)
                r = sweep_endpoints(&sweep, reterr);
        network_release_host(lock, nl);
        return r;
}

/* ---- what systemd has ---- */

static int collect_idle(Netlink *nl, const LinkInfo *links, size_t n, char ***list) {
        char zone[ZONE_NAME_MAX + 1];
        ZoneService service;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                if (zone_of_bridge(links + i, zone) && zone_service_look(zone, &service) && service.kind == ZONE_SERVICE_UNIT &&
                    !zone_has_machines(nl, zone))
                        r = strv_append(list, zone);
        return r;
}

int network_idle_zones(char ***ret, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_free_ LinkInfo *links = NULL;
        _cleanup_strv_ char **list = NULL;
        _cleanup_close_ int lock = -1;
        size_t n = 0;
        int r;

        lock = lock_and_list(&nl, &links, &n, reterr);
        if (lock < 0)
                return lock;
        r = collect_idle(nl, links, n, &list);
        if (!has_zones(links, n))
                network_release_host(lock, nl);
        if (r < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(list);
        return 0;
}
