/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-traffic.h"

#include <string.h>

#include "enums.h"
#include "net-dev.h"
#include "record-nic.h"

#define FOUND_INSIDE_MAX 16 /* interfaces that have no end on the host */

typedef struct Traffic {
        LinkStats sum; /* as the machine sees it */
        NetDevWish wishes[FOUND_INSIDE_MAX];
        RecordNic nics[FOUND_INSIDE_MAX];
        size_t n_wishes;
} Traffic;

/* One of a pair has its other end on the host, where nobody inside can change it. */
static bool has_end_here(const RecordNic *nic) {
        static const NicKind within[] = { NIC_MACVLAN, NIC_IPVLAN, NIC_INTERFACE };

        for (size_t i = 0; i < ELEMENTSOF(within); i++)
                if (strcmp(nic->kind, nic_kind_to_string(within[i])) == 0)
                        return false;
        return *nic->interface;
}

static void add_traffic(const LinkStats *s, Traffic *t) {
        t->sum.rx_bytes += s->rx_bytes;
        t->sum.rx_packets += s->rx_packets;
        t->sum.tx_bytes += s->tx_bytes;
        t->sum.tx_packets += s->tx_packets;
        t->sum.rx_errors += s->rx_errors;
        t->sum.rx_dropped += s->rx_dropped;
        t->sum.tx_errors += s->tx_errors;
        t->sum.tx_dropped += s->tx_dropped;
}

/* What our end of a pair sends, the machine receives. */
static LinkStats from_the_other_end(const LinkStats *s) {
        return (LinkStats){
                .rx_bytes = s->tx_bytes, .rx_packets = s->tx_packets, .rx_errors = s->tx_errors, .rx_dropped = s->tx_dropped,
                .tx_bytes = s->rx_bytes, .tx_packets = s->rx_packets, .tx_errors = s->rx_errors, .tx_dropped = s->rx_dropped,
        };
}

static int add_interface(Netlink *nl, const RecordNic *nic, Traffic *t) {
        LinkStats s;
        int r;

        if (has_end_here(nic)) {
                r = nl ? link_stats(nl, nic->interface, &s) : -EOPNOTSUPP;
                if (r >= 0) {
                        s = from_the_other_end(&s);
                        add_traffic(&s, t);
                }
                return r;
        }
        if (t->n_wishes == FOUND_INSIDE_MAX)
                return -E2BIG;
        t->nics[t->n_wishes] = *nic;
        t->wishes[t->n_wishes] = (NetDevWish){ .name = t->nics[t->n_wishes].name };
        t->n_wishes++;
        return 0;
}

/* Those that are inside as a whole are asked for by what the leader sees: by their names, which root inside may have changed. */
static int add_those_inside(const Machine *m, Traffic *t) {
        int r;

        if (t->n_wishes == 0)
                return 0;
        if (m->leader_fd < 0)
                return -ESRCH;
        r = net_dev_find(m->record->leader, t->wishes, t->n_wishes);
        if (r < 0)
                return r;
        for (size_t i = 0; i < t->n_wishes; i++) {
                if (!t->wishes[i].found)
                        return -ENODEV;
                add_traffic(&t->wishes[i].stats, t);
        }
        return 0;
}

int machine_traffic(Netlink *nl, const Machine *m, LinkStats *ret) {
        Traffic t = {};
        RecordNic nic;
        int r = 0;

        if (m->record->network != NETWORK_OWN && m->record->network != NETWORK_NONE)
                return -EOPNOTSUPP;
        for (size_t i = 0; r >= 0 && record_nic(m->record, i, &nic); i++)
                r = add_interface(nl, &nic, &t);
        if (r >= 0)
                r = add_those_inside(m, &t);
        if (r >= 0)
                *ret = t.sum;
        return r;
}
