/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inside-address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "libmnl.h"
#include "netns.h"

#define BUFFER (32 * 1024)
#define BUFFERS_MAX 32 /* of addresses: some ten thousand; what comes after them is not there for us */
#define DRAIN_MAX 64   /* messages at a time */

#define UNUSABLE (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED)

int inside_address_watch(int netns) {
        _cleanup_close_ int fd = netns_socket(netns, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
        struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };

        if (fd < 0)
                return fd;
        return bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ? -errno : TAKE_FD(fd);
}

void inside_address_drain(int watch) {
        char byte;

        for (unsigned i = 0; i < DRAIN_MAX; i++) /* an overrun is an error once, and then over */
                if (recv(watch, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) < 0 && errno != ENOBUFS)
                        return;
}

typedef struct Search {
        unsigned index;
        const IpAddress *kept;
        IpAddress *ret;
} Search;

static bool is_usable(const IpAddress *a, const struct ifaddrmsg *h, uint32_t flags) {
        if ((flags & UNUSABLE) || a->family == 0 || ip_is_loopback(a))
                return false;
        return a->family == AF_INET ? h->ifa_scope <= RT_SCOPE_LINK : h->ifa_scope == RT_SCOPE_UNIVERSE;
}

static int take_address(const struct nlmsghdr *m, void *userdata) {
        const struct ifaddrmsg *h = mnl_nlmsg_get_payload(m);
        Search *s = userdata;
        const void *where = NULL;
        uint32_t flags = h->ifa_flags, v4;
        IpAddress a = { .family = h->ifa_family };
        struct nlattr *attribute;
        IpAddress *to;

        if (m->nlmsg_type != RTM_NEWADDR || h->ifa_index != s->index || (a.family != AF_INET && a.family != AF_INET6))
                return MNL_CB_OK;
        mnl_attr_for_each(attribute, m, sizeof(*h)) {
                uint16_t type = mnl_attr_get_type(attribute);

                if (type == IFA_LOCAL || (type == IFA_ADDRESS && !where)) /* of a point-to-point link the latter is the other end's */
                        where = mnl_attr_get_payload(attribute);
                else if (type == IFA_FLAGS)
                        flags = mnl_attr_get_u32(attribute);
        }
        if (!where)
                return MNL_CB_OK;
        memcpy(&v4, where, sizeof(v4));
        if (a.family == AF_INET6)
                memcpy(&a.v6, where, sizeof(a.v6));
        else
                a.v4 = ntohl(v4);
        to = s->ret + (a.family == AF_INET);
        if (is_usable(&a, h, flags) && (to->family == 0 || ip_same(&a, s->kept + (a.family == AF_INET))))
                *to = a;
        return MNL_CB_OK;
}

/* Its number in that namespace. */
static int interface_index(int netns, const char *name, unsigned *ret) {
        _cleanup_close_ int fd = netns_socket(netns, AF_UNIX, SOCK_DGRAM, 0);
        struct ifreq request = {};

        if (fd < 0)
                return fd;
        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
        if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
                return -errno;
        *ret = (unsigned) request.ifr_ifindex;
        return 0;
}

/* The kernel answers a dump as it is read, without waiting for anybody. */
static int dump(int fd, Search *s) {
        union {
                struct nlmsghdr header;
                char bytes[BUFFER];
        } *buffer = malloc(sizeof(*buffer));
        struct ifaddrmsg h = { .ifa_family = AF_UNSPEC };
        _Alignas(struct nlmsghdr) char request[64];
        struct nlmsghdr *m = mnl_nlmsg_put_header(request);
        int r = MNL_CB_OK;

        m->nlmsg_type = RTM_GETADDR;
        m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
        memcpy(mnl_nlmsg_put_extra_header(m, sizeof(h)), &h, sizeof(h));
        if (!buffer || send(fd, request, m->nlmsg_len, 0) < 0) {
                r = buffer ? -errno : -ENOMEM;
                free(buffer);
                return r;
        }
        for (unsigned i = 0; i < BUFFERS_MAX && r == MNL_CB_OK; i++) {
                ssize_t n = recv(fd, buffer, sizeof(*buffer), MSG_DONTWAIT);

                r = n <= 0 ? MNL_CB_STOP : mnl_cb_run(buffer, (size_t) n, 0, 0, take_address, s);
        }
        free(buffer);
        return 0;
}

int inside_address_get(int netns, const char *name, const IpAddress kept[2], IpAddress ret[2]) {
        _cleanup_close_ int fd = netns_socket(netns, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
        IpAddress found[2] = {};
        Search s = { .kept = kept, .ret = found };
        int r = fd < 0 ? fd : interface_index(netns, name, &s.index);

        if (r >= 0)
                r = libmnl_open();
        if (r >= 0)
                r = dump(fd, &s);
        if (r >= 0)
                memcpy(ret, found, sizeof(found));
        return r;
}
