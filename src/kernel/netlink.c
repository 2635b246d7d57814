/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "netns.h"

#define MESSAGE_MAX 1280 /* header, family header, and 1 KiB of attributes */

struct Netlink {
        struct mnl_socket *socket;
        uint32_t first;                     /* sequence number of the batch's first message */
        size_t n;
        bool overflow;
        struct nlmsghdr *last;
        size_t used;                        /* bytes of `out` before `last` */
        char out[(NETLINK_BATCH_MAX + 1) * MESSAGE_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
        char in[32768] __attribute__((aligned(NLMSG_ALIGNTO))); /* what the kernel fills at most for one recv of a dump */
};

void netlink_free(Netlink *nl) {
        if (!nl)
                return;
        if (nl->socket)
                mnl_socket_close(nl->socket);
        free(nl);
}

int netlink_new(int protocol, int netns, Netlink **ret) {
        _cleanup_(netlink_freep) Netlink *nl = calloc(1, sizeof(*nl));
        _cleanup_close_ int fd = -1;
        int r = libmnl_open();

        if (r < 0 || !nl)
                return r < 0 ? r : -ENOMEM;
        fd = netns_socket(netns, AF_NETLINK, SOCK_RAW, protocol);
        if (fd < 0)
                return fd;
        nl->socket = mnl_socket_fdopen(fd);
        if (!nl->socket)
                return -errno;
        TAKE_FD(fd);
        if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
                return -errno;
        nl->first = 1;
        *ret = TAKE_PTR(nl);
        return 0;
}

struct nlmsghdr *netlink_add(Netlink *nl, uint16_t type, uint16_t flags, const void *header, size_t size) {
        struct nlmsghdr *m;

        if (nl->n >= NETLINK_BATCH_MAX)
                nl->overflow = true;
        else {
                if (nl->last)
                        nl->used += MNL_ALIGN(nl->last->nlmsg_len);
                nl->n++;
        }
        m = mnl_nlmsg_put_header(nl->out + nl->used);
        m->nlmsg_type = type;
        m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
        m->nlmsg_seq = nl->first + (uint32_t) nl->n - 1;
        memcpy(mnl_nlmsg_put_extra_header(m, size), header, size);
        nl->last = m;
        return m;
}

typedef struct Answers {
        int results[NETLINK_BATCH_MAX];
        size_t open;    /* messages that no final answer has come for */
        uint32_t quiet; /* a bit for each message that is answered only when it fails */
        int handler_error;
        NetlinkHandler handler;
        void *userdata;
} Answers;

static void take_answer(const Netlink *nl, const struct nlmsghdr *m, Answers *a) {
        uint32_t i = m->nlmsg_seq - nl->first;
        int r;

        if (i >= nl->n)
                return; /* of an earlier batch that was given up */
        if (m->nlmsg_flags & NLM_F_DUMP_INTR)
                a->results[i] = -EINTR;
        switch (m->nlmsg_type) {
        case NLMSG_ERROR:
                a->results[i] = ((const struct nlmsgerr *) mnl_nlmsg_get_payload(m))->error;
                a->open = a->quiet & 1u << i ? 0 : a->open - 1; /* with a transaction's frame, all of it has failed */
                break;
        case NLMSG_DONE:
                a->open--;
                break;
        default:
                if (!a->handler || a->handler_error < 0)
                        break;
                r = a->handler(m, a->userdata);
                if (r < 0)
                        a->handler_error = r;
        }
}

static int collect(Netlink *nl, Answers *a) {
        while (a->open > 0) {
                const struct nlmsghdr *m = (const struct nlmsghdr *) nl->in;
                ssize_t k = mnl_socket_recvfrom(nl->socket, nl->in, sizeof(nl->in));
                int left;

                if (k < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                left = (int) k;
                for (; mnl_nlmsg_ok(m, left) && a->open > 0; m = mnl_nlmsg_next(m, &left))
                        take_answer(nl, m, a);
        }
        return a->handler_error;
}

static void expect_answers(const Netlink *nl, Answers *a) {
        size_t at = 0;

        for (size_t i = 0; i < nl->n; i++) {
                const struct nlmsghdr *m = (const struct nlmsghdr *) (nl->out + at);

                if (m->nlmsg_flags & NLM_F_ACK)
                        a->open++;
                else
                        a->quiet |= 1u << i;
                at += MNL_ALIGN(m->nlmsg_len);
        }
}

int netlink_run(Netlink *nl, NetlinkHandler handler, void *userdata, int *results) {
        Answers a = { .handler = handler, .userdata = userdata };
        size_t n = nl->n;
        int r = 0;

        if (nl->overflow)
                r = -E2BIG;
        else
                expect_answers(nl, &a);
        if (r >= 0 && n > 0 && mnl_socket_sendto(nl->socket, nl->out, nl->used + nl->last->nlmsg_len) < 0)
                r = -errno;
        if (r >= 0)
                r = collect(nl, &a);

        nl->first += (uint32_t) n;
        nl->n = nl->used = 0;
        nl->last = NULL;
        nl->overflow = false;

        for (size_t i = 0; results && i < n && i < NETLINK_BATCH_MAX; i++)
                results[i] = r < 0 ? r : a.results[i];
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = a.results[i];
        return r;
}

int netlink_ifindex(const Netlink *nl, const char *name) {
        struct ifreq q = {};

        if (strlen(name) >= sizeof(q.ifr_name))
                return -ENODEV;
        strcpy(q.ifr_name, name);
        return ioctl(mnl_socket_get_fd(nl->socket), SIOCGIFINDEX, &q) < 0 ? -errno : q.ifr_ifindex;
}

void netlink_ifname(const Netlink *nl, int index, char *name) {
        struct ifreq q = { .ifr_ifindex = index };

        *name = 0;
        if (index > 0 && ioctl(mnl_socket_get_fd(nl->socket), SIOCGIFNAME, &q) >= 0)
                memcpy(name, q.ifr_name, IF_NAMESIZE);
}

void netlink_put_ip(struct nlmsghdr *m, uint16_t type, const IpAddress *address) {
        if (address->family == AF_INET)
                mnl_attr_put_u32(m, type, htonl(address->v4));
        else
                mnl_attr_put(m, type, sizeof(address->v6), &address->v6);
}

int netlink_read_ip(const struct nlattr *attribute, IpAddress *ret) {
        size_t size = mnl_attr_get_payload_len(attribute);
        IpAddress a = { .family = size == sizeof(uint32_t) ? AF_INET : AF_INET6 };

        if (size != sizeof(uint32_t) && size != sizeof(a.v6))
                return -EBADMSG;
        if (a.family == AF_INET)
                a.v4 = ntohl(mnl_attr_get_u32(attribute));
        else
                memcpy(&a.v6, mnl_attr_get_payload(attribute), sizeof(a.v6));
        *ret = a;
        return 0;
}
