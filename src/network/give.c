/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "give.h"

#include <string.h>

#include "link.h"
#include "log.h"
#include "nics.h"
#include "strv.h"

static bool is_called(const Given *g, const char *name) {
        return strcmp(g->name, name) == 0 || strv_contains(g->altnames, name);
}

/* One that is not on the host is with a machine, perhaps. 1 when that is so, and said. */
static int refuse_given(const char *name, Error **reterr) {
        Endpoint **endpoints;
        size_t n;
        int r;

        r = endpoint_list(&endpoints, &n, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < n; i++)
                for (size_t j = 0; r == 0 && j < endpoints[i]->n_given; j++)
                        if (is_called(endpoints[i]->given + j, name)) {
                                error_set(reterr, EBUSY, "The machine '%s' has the interface '%s'", endpoints[i]->machine, name);
                                error_hint(reterr, -EBUSY, "It is the host's again once that machine has ended, or after `nbox nic remove %s %s`.",
                                           endpoints[i]->machine, name);
                                r = 1;
                        }
        endpoint_list_free(endpoints, n);
        return r;
}

int give_look(Netlink *nl, NicConfig *nic, Endpoint *e, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        Given g = {};
        int r;

        if (e->n_given >= NICS_MAX)
                return error_set(reterr, E2BIG, "A machine has at most %d interfaces", NICS_MAX);
        r = given_look(nl, nic->link, &g, &error);
        if (r == -ENODEV) {
                r = refuse_given(nic->link, reterr);
                return r > 0 ? -EBUSY : r < 0 ? r : error_pass(reterr, -ENODEV, &error);
        }
        if (r < 0)
                return error_pass(reterr, r, &error);
        for (size_t i = 0; i < e->n_given; i++)
                if (e->given[i].index == g.index) {
                        given_done(&g);
                        return error_set(reterr, EEXIST, "The interface '%s' is asked for twice", nic->link);
                }
        if (!*nic->name && !nic_name_is_valid(g.name)) {
                error_set(reterr, EINVAL, "The interface '%s' has a name on the host that no machine's can have", g.name);
                given_done(&g);
                return error_hint(reterr, -EINVAL, "Give it another one inside: interface:%s:NAME.", nic->link);
        }
        if (!*nic->name)
                snprintf(nic->name, sizeof(nic->name), "%s", g.name);
        e->given[e->n_given++] = g;
        return 0;
}

int give_send(Netlink *nl, const Endpoint *e, const NicConfig *nic, int netns, Error **reterr) {
        int r = given_keep(e->machine, netns, reterr);

        for (size_t i = 0; r >= 0 && i < e->n_given; i++)
                if (is_called(e->given + i, nic->link))
                        return given_send(nl, e->given + i, netns, nic->name, reterr);
        return r < 0 ? r : error_set(reterr, ENOENT, "The interface '%s' is not in the file of '%s'", nic->link, e->machine);
}

int give_back_one(Netlink *nl, Endpoint *e, const char *name, Error **reterr) {
        for (size_t i = 0; i < e->n_given; i++) {
                int r;

                if (!is_called(e->given + i, name))
                        continue;
                r = given_return(nl, e->machine, e->given + i, reterr);
                if (r < 0)
                        return r;
                given_done(e->given + i);
                memmove(e->given + i, e->given + i + 1, (e->n_given - i - 1) * sizeof(*e->given));
                if (--e->n_given == 0)
                        given_keep_no_more(e->machine);
                return 0;
        }
        return 0;
}

int give_back(Netlink *nl, const Endpoint *e, Error **reterr) {
        int result = 0;

        if (!e || e->n_given == 0)
                return 0;
        for (size_t i = 0; i < e->n_given; i++) {
                int r = given_return(nl, e->machine, e->given + i, result < 0 ? NULL : reterr);

                if (r < 0 && result >= 0)
                        result = r;
        }
        if (result >= 0)
                given_keep_no_more(e->machine);
        return result;
}

static bool has_default_route(Netlink *nl, int family, const LinkInfo *link) {
        _cleanup_free_ RouteInfo *routes = NULL;
        size_t n = 0;

        if (route_list(nl, family, &routes, &n) < 0)
                return false;
        for (size_t i = 0; i < n; i++)
                if (routes[i].index == link->index && routes[i].prefix == 0 && !routes[i].address)
                        return true;
        return false;
}

void give_warn(const NicList *nics) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;

        for (size_t i = 0; i < nics->n; i++) {
                _cleanup_(link_details_done) LinkDetails d = {};

                if (nics->items[i].kind != NIC_INTERFACE || (!nl && netlink_new(NETLINK_ROUTE, -1, &nl) < 0) ||
                    link_look(nl, nics->items[i].link, &d) < 0)
                        continue;
                if (has_default_route(nl, AF_INET, &d.link) || has_default_route(nl, AF_INET6, &d.link))
                        log_warning("The host has its way out by '%s': it has none there while the machine has it, and its addresses and "
                                    "routes do not come back by themselves", d.link.name);
        }
}
