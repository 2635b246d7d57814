/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "neighbour.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

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
