/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attachment.h"

#include <sys/socket.h>
#include <string.h>

#include "nics.h"

#define ALTNAME "eth%zu" /* what ifupdown and Alpine look for */

/* *ret: a socket of that namespace; the caller's, also on failure. */
static int loopback_up(int netns, Netlink **ret, Error **reterr) {
        int r;

        r = netlink_new(NETLINK_ROUTE, netns, ret);
        if (r >= 0) {
                link_put_up(*ret, 1); /* lo is the first interface of every namespace */
                r = netlink_run(*ret, NULL, NULL, NULL);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot bring up the loopback interface of the machine") : 0;
}

/* "eth0" and so on, of the interface at this place; NULL where another one has that name. Returns `ret`. */
static const char *altname_of(const NicList *nics, size_t place, char ret[IF_NAMESIZE]) {
        snprintf(ret, IF_NAMESIZE, ALTNAME, place % NICS_MAX);
        for (size_t i = 0; i < nics->n; i++) {
                const NicConfig *c = nics->items + i;

                if (strcmp(c->name, ret) == 0 || (c->kind == NIC_INTERFACE && !*c->name && strcmp(c->link, ret) == 0))
                        return NULL;
        }
        return ret;
}

/* A gateway that somebody asked for is the machine's way out, and a zone's is not. */
static bool has_gateway(const NicList *nics, int family) {
        for (size_t i = 0; i < nics->n; i++) {
                const NicAddress *a = nic_address(nics->items + i, family);

                if (a && a->gateway.family)
                        return true;
        }
        return false;
}

typedef struct WaysOut {
        bool found, found6;
} WaysOut;

static int set_up_zoned(const Attachment *a, const Nic *nic, NicInside *to, WaysOut *out, Error **reterr) {
        to->default_route = !out->found;
        to->default_route6 = nic->zone->range6.prefix > 0 && !out->found6;
        out->found = true;
        out->found6 |= to->default_route6;
        to->netns = a->netns;
        to->settled = a->settled;
        return nic_set_up_inside(to, nic, reterr);
}

int attachment_set_up_inside(Attachment *a, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *inside = NULL;
        const NicList *nics = a->req->nics;
        WaysOut out = { has_gateway(nics, AF_INET), has_gateway(nics, AF_INET6) };
        size_t zoned = 0, link = 0;
        int r;

        r = loopback_up(a->netns, &inside, reterr);
        for (size_t i = 0; r >= 0 && i < nics->n; i++) {
                char text[IF_NAMESIZE];
                NicInside to = { .nl = inside, .altname = altname_of(nics, i, text) };

                if (nics->items[i].kind == NIC_ZONE)
                        r = set_up_zoned(a, a->at.nics + zoned++, &to, &out, reterr);
                else
                        r = nic_link_set_up_inside(inside, a->links + link++, to.altname, reterr);
        }
        return r;
}
