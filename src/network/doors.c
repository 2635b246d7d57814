/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doors.h"

#include <linux/netlink.h>
#include <string.h>

#include "doorkeeper.h"
#include "log.h"
#include "tag.h"

static const Doorkeeper *const keepers[] = { &doors_nft, &doors_legacy, &doors_firewalld };

bool door_zone_is_gone(const char *zone, const DoorsGone *gone) {
        return (gone->zone && strcmp(zone, gone->zone) == 0) || firewall_zone_is_dead(gone->oracle, zone);
}

bool door_tag_is_gone(const char *tag, const DoorsGone *gone) {
        const char *zone = tag_name(tag, ZONE_TAG);

        return zone && door_zone_is_gone(zone, gone);
}

void door_list_clear(DoorList *l) {
        free(l->items);
        *l = (DoorList){};
}

Door *door_list_add(DoorList *l, const char *zone, DoorState state) {
        Door *grown = realloc(l->items, (l->n + 1) * sizeof(Door));

        if (!grown)
                return NULL;
        l->items = grown;
        l->items[l->n] = (Door){ .state = state };
        snprintf(l->items[l->n].zone, sizeof(l->items->zone), "%s", zone);
        return l->items + l->n++;
}

static void view_close(DoorView *v) {
        netlink_free(v->nl);
        free(v->chains);
}

/* A kernel without netlink for packet filters has no nftables: nothing is seen. */
static int view_open(DoorView *v, Error **reterr) {
        int r;

        r = netlink_new(NETLINK_NETFILTER, -1, &v->nl);
        if (r == -EPROTONOSUPPORT)
                return 0;
        if (r >= 0)
                r = nft_chain_list(v->nl, &v->chains, &v->n_chains);
        return r < 0 ? error_errno(reterr, r, "Cannot list the chains of nftables") : 0;
}

/* What one keeper cannot do does not keep the next one from it. */
static int look(const DoorRequest *req, Error **reterr) {
        _cleanup_(view_close) DoorView view = {};
        int result;

        result = view_open(&view, reterr);
        for (size_t i = 0; result >= 0 && req->n > 0 && i < ELEMENTSOF(keepers); i++) {
                int r = keepers[i]->look(&view, req, result < 0 ? NULL : reterr);

                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

int doors_check(const DoorZone *zones, size_t n, DoorList *ret, Error **reterr) {
        _cleanup_(door_list_clear) DoorList l = {};
        int r;

        r = look(&(DoorRequest){ zones, n, false, &l }, reterr);
        if (r < 0)
                return r;
        *ret = l;
        l = (DoorList){};
        return 0;
}

void doors_open(const DoorZone *zones, size_t n) {
        _cleanup_(door_list_clear) DoorList l = {};
        _cleanup_(error_freep) Error *error = NULL;

        if (look(&(DoorRequest){ zones, n, true, &l }, &error) < 0)
                log_warning("%s; what is forwarded for the machines may be dropped, ignoring", error ? error->message : "Out of memory");
        for (size_t i = 0; i < l.n; i++)
                if (l.items[i].state != DOOR_OPEN)
                        log_warning("The %s may drop what is forwarded for the zone '%s': %s, ignoring", l.items[i].where, l.items[i].zone,
                                    l.items[i].why);
}

static int close_doors(const DoorsGone *gone, Error **reterr) {
        _cleanup_(view_close) DoorView view = {};
        int result;

        result = view_open(&view, reterr);
        if (result < 0)
                return result;
        for (size_t i = 0; i < ELEMENTSOF(keepers); i++) {
                int r = keepers[i]->close(&view, gone, result < 0 ? NULL : reterr);

                if (r < 0 && result >= 0)
                        result = r;
        }
        return result;
}

int doors_close(const char *zone, Error **reterr) {
        return close_doors(&(DoorsGone){ .zone = zone }, reterr);
}

int doors_sweep(const FirewallOracle *oracle, Error **reterr) {
        return close_doors(&(DoorsGone){ .oracle = oracle }, reterr);
}
