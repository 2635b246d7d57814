/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-id.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static struct nlmsghdr *ask(Netlink *nl) {
        struct rtgenmsg h = { .rtgen_family = AF_UNSPEC };

        return netlink_add(nl, RTM_GETNSID, 0, &h, sizeof(h));
}

static int on_id(const struct nlmsghdr *m, void *userdata) {
        const struct nlattr *a;

        if (m->nlmsg_type == RTM_NEWNSID)
                mnl_attr_for_each(a, m, sizeof(struct rtgenmsg))
                        if (mnl_attr_get_type(a) == NETNSA_NSID)
                                *(int *) userdata = (int) mnl_attr_get_u32(a);
        return 0;
}

int netns_id(Netlink *nl, int netns) {
        int id = NETNSA_NSID_NOT_ASSIGNED;

        mnl_attr_put_u32(ask(nl), NETNSA_FD, (uint32_t) netns);
        return netlink_run(nl, on_id, &id, NULL) < 0 || id < 0 ? -1 : id;
}

bool netns_id_is_gone(Netlink *nl, int id) {
        if (id < 0)
                return false;
        mnl_attr_put_u32(ask(nl), NETNSA_NSID, (uint32_t) id);
        return netlink_run(nl, NULL, NULL, NULL) == -ENOENT;
}
