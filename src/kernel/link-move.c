/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link-move.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "strv.h"

#define DUMP_TRIES 20


/* ---- what it is like ---- */

void link_details_done(LinkDetails *d) {
        strv_free(d->altnames);
        *d = (LinkDetails){};
}

void link_details_list_free(LinkDetails *list, size_t n) {
        for (size_t i = 0; i < n; i++)
                link_details_done(list + i);
        free(list);
}

static int parse_altnames(const struct nlattr *list, char ***ret) {
        const struct nlattr *a;
        int r = 0;

        mnl_attr_for_each_nested(a, list)
                if (r >= 0 && mnl_attr_get_type(a) == IFLA_ALT_IFNAME && mnl_attr_validate(a, MNL_TYPE_STRING) >= 0)
                        r = strv_append(ret, mnl_attr_get_str(a));
        return r;
}

static int parse_details(const struct nlmsghdr *m, LinkDetails *d) {
        const struct ifinfomsg *h = mnl_nlmsg_get_payload(m);
        const struct nlattr *a;
        int r = 0;

        link_parse(m, &d->link);
        d->flags = h->ifi_flags & LINK_FLAGS;
        mnl_attr_for_each(a, m, sizeof(struct ifinfomsg))
                switch (mnl_attr_get_type(a)) {
                case IFLA_MTU:
                        d->mtu = mnl_attr_get_u32(a);
                        break;
                case IFLA_GROUP:
                        d->group = mnl_attr_get_u32(a);
                        break;
                case IFLA_PERM_ADDRESS:
                        if (mnl_attr_get_payload_len(a) == sizeof(d->permanent))
                                memcpy(d->permanent, mnl_attr_get_payload(a), sizeof(d->permanent));
                        break;
                case IFLA_PARENT_DEV_NAME:
                        snprintf(d->parent, sizeof(d->parent), "%s", mnl_attr_get_str(a));
                        break;
                case IFLA_PROP_LIST:
                        r = parse_altnames(a, &d->altnames);
                        break;
                }
        return r;
}

static int on_link(const struct nlmsghdr *m, void *userdata) {
        return m->nlmsg_type == RTM_NEWLINK ? parse_details(m, userdata) : 0;
}

static struct nlmsghdr *add_link(Netlink *nl, uint16_t type, uint16_t flags, int index) {
        struct ifinfomsg h = { .ifi_family = AF_UNSPEC, .ifi_index = index };

        return netlink_add(nl, type, flags, &h, sizeof(h));
}

int link_look(Netlink *nl, const char *name, LinkDetails *ret) {
        struct nlmsghdr *m = add_link(nl, RTM_GETLINK, 0, 0);
        LinkDetails d = {};
        int r;

        mnl_attr_put_strz(m, strlen(name) < IF_NAMESIZE ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
        mnl_attr_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        r = netlink_run(nl, on_link, &d, NULL);
        if (r < 0) {
                link_details_done(&d);
                return r;
        }
        *ret = d;
        return 0;
}

typedef struct DetailsList {
        LinkDetails *items;
        size_t n;
} DetailsList;

static int on_listed_link(const struct nlmsghdr *m, void *userdata) {
        DetailsList *list = userdata;
        LinkDetails *grown;

        if (m->nlmsg_type != RTM_NEWLINK)
                return 0;
        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        list->items = grown;
        grown[list->n] = (LinkDetails){};
        return parse_details(m, grown + list->n++);
}

int link_look_all(Netlink *nl, LinkDetails **ret, size_t *ret_n) {
        int r = -EINTR;

        for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                DetailsList list = {};

                mnl_attr_put_u32(add_link(nl, RTM_GETLINK, NLM_F_DUMP, 0), IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
                r = netlink_run(nl, on_listed_link, &list, NULL);
                if (r >= 0) {
                        *ret = list.items;
                        *ret_n = list.n;
                } else
                        link_details_list_free(list.items, list.n);
        }
        return r;
}

/* ---- what is done to it ---- */

void link_put_netns(Netlink *nl, int index, int netns, const char *name) {
        struct nlmsghdr *m = add_link(nl, RTM_SETLINK, 0, index);

        mnl_attr_put_u32(m, IFLA_NET_NS_FD, (uint32_t) netns);
        mnl_attr_put_strz(m, IFLA_IFNAME, name);
}

void link_put_name(Netlink *nl, int index, const char *name) {
        mnl_attr_put_strz(add_link(nl, RTM_SETLINK, 0, index), IFLA_IFNAME, name);
}

void link_put_mac(Netlink *nl, int index, const uint8_t mac[6]) {
        mnl_attr_put(add_link(nl, RTM_SETLINK, 0, index), IFLA_ADDRESS, 6, mac);
}

void link_put_mtu(Netlink *nl, int index, unsigned mtu) {
        mnl_attr_put_u32(add_link(nl, RTM_SETLINK, 0, index), IFLA_MTU, mtu);
}

void link_put_flags_and_group(Netlink *nl, int index, unsigned flags, unsigned group) {
        struct ifinfomsg h = { .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = flags, .ifi_change = LINK_FLAGS };

        mnl_attr_put_u32(netlink_add(nl, RTM_SETLINK, 0, &h, sizeof(h)), IFLA_GROUP, group);
}

void link_put_alias_of(Netlink *nl, int index, const char *alias) {
        mnl_attr_put_str(add_link(nl, RTM_SETLINK, 0, index), IFLA_IFALIAS, alias);
}

static void put_property(Netlink *nl, uint16_t type, uint16_t flags, int index, const char *altname) {
        struct nlmsghdr *m = add_link(nl, type, flags, index);
        struct nlattr *list = mnl_attr_nest_start(m, IFLA_PROP_LIST);

        mnl_attr_put_strz(m, IFLA_ALT_IFNAME, altname);
        mnl_attr_nest_end(m, list);
}

void link_put_altname_of(Netlink *nl, int index, const char *altname) {
        put_property(nl, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, index, altname);
}

void link_put_altname_gone(Netlink *nl, int index, const char *altname) {
        put_property(nl, RTM_DELLINKPROP, 0, index, altname);
}
