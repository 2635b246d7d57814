/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>

void neighbour_put(Netlink *nl, int index, const IpAddress *address, const uint8_t mac[6]) {
        struct ndmsg h = { .ndm_family = (uint8_t) address->family, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT };
        struct nlmsghdr *m = netlink_add(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &h, sizeof(h));

        netlink_put_ip(m, NDA_DST, address);
        mnl_attr_put(m, NDA_LLADDR, 6, mac);
}

void neighbour_put_gone(Netlink *nl, int index, const IpAddress *address) {
        struct ndmsg h = { .ndm_family = (uint8_t) address->family, .ndm_ifindex = index };

        netlink_put_ip(netlink_add(nl, RTM_DELNEIGH, 0, &h, sizeof(h)), NDA_DST, address);
}

/* Static alone is not enough: the kernel moves such an entry to the port that a frame with that source came from. */
void neighbour_put_port(Netlink *nl, int port, const uint8_t mac[6]) {
        struct ndmsg h = { .ndm_family = AF_BRIDGE, .ndm_ifindex = port, .ndm_state = NUD_NOARP, .ndm_flags = NTF_MASTER | NTF_STICKY };
        struct nlmsghdr *m = netlink_add(nl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &h, sizeof(h));

        mnl_attr_put(m, NDA_LLADDR, 6, mac);
}

typedef struct Found {
        bool there;
        uint16_t state;
        uint8_t mac[6];
} Found;

static int on_neighbour(const struct nlmsghdr *m, void *userdata) {
        const struct ndmsg *h = mnl_nlmsg_get_payload(m);
        Found *found = userdata;
        const struct nlattr *a;

        if (m->nlmsg_type != RTM_NEWNEIGH)
                return 0;
        found->there = true;
        found->state = h->ndm_state;
        mnl_attr_for_each(a, m, sizeof(*h))
                if (mnl_attr_get_type(a) == NDA_LLADDR && mnl_attr_get_payload_len(a) == sizeof(found->mac))
                        memcpy(found->mac, mnl_attr_get_payload(a), sizeof(found->mac));
        return 0;
}

static int find(Netlink *nl, Found *ret) {
        int r = netlink_run(nl, on_neighbour, ret, NULL);

        return r == -ENOENT ? 0 : r;
}

int neighbour_get(Netlink *nl, int index, const IpAddress *address, uint8_t ret[6]) {
        struct ndmsg h = { .ndm_family = (uint8_t) address->family, .ndm_ifindex = index };
        Found found = {};
        int r;

        netlink_put_ip(netlink_add(nl, RTM_GETNEIGH, 0, &h, sizeof(h)), NDA_DST, address);
        r = find(nl, &found);
        if (r < 0 || !found.there || !(found.state & NUD_PERMANENT))
                return r;
        memcpy(ret, found.mac, sizeof(found.mac));
        return 1;
}

int neighbour_has_port(Netlink *nl, int bridge, const uint8_t mac[6]) {
        struct ndmsg h = { .ndm_family = AF_BRIDGE };
        struct nlmsghdr *m = netlink_add(nl, RTM_GETNEIGH, 0, &h, sizeof(h));
        Found found = {};
        int r;

        mnl_attr_put(m, NDA_LLADDR, 6, mac);
        mnl_attr_put_u32(m, NDA_MASTER, (uint32_t) bridge);
        r = find(nl, &found);
        return r < 0 ? r : found.there;
}
