/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Burst and queue in bytes: a bucket of 10 ms keeps the average true over fractions of a second, and one of some packets is
 * needed at least at low rates; what is larger than the bucket (segments not cut yet, up to 64 KiB between machines), the kernel
 * cuts itself. */

#include "qdisc.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define KIND "tbf"
#define BURST_MIN (8 * 1024)
#define QUEUE_MIN (32 * 1024)

static uint32_t at_least(uint64_t bytes, uint32_t min) {
        return bytes < min ? min : bytes > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t) bytes;
}

int qdisc_limit(Netlink *nl, int ifindex, uint64_t bits) {
        struct tcmsg h = { .tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex, .tcm_parent = TC_H_ROOT };
        struct nlmsghdr *m = netlink_add(nl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &h, sizeof(h));
        uint64_t bytes = bits / 8;
        uint32_t burst = at_least(bytes / 100, BURST_MIN);
        struct tc_tbf_qopt tbf = {
                .rate = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t) bytes },
                .limit = at_least(bytes / 10, QUEUE_MIN),
        };
        struct nlattr *options;

        mnl_attr_put_strz(m, TCA_KIND, KIND);
        options = mnl_attr_nest_start(m, TCA_OPTIONS);
        mnl_attr_put(m, TCA_TBF_PARMS, sizeof(tbf), &tbf);
        mnl_attr_put_u32(m, TCA_TBF_BURST, burst);
        if (bytes > UINT32_MAX)
                mnl_attr_put_u64(m, TCA_TBF_RATE64, bytes);
        mnl_attr_nest_end(m, options);
        return netlink_run(nl, NULL, NULL, NULL);
}

static int on_link(const struct nlmsghdr *m, void *userdata) {
        const struct nlattr *a;

        mnl_attr_for_each(a, m, sizeof(struct ifinfomsg))
                if (mnl_attr_get_type(a) == IFLA_QDISC)
                        *(bool *) userdata = strcmp(mnl_attr_get_str(a), KIND) == 0;
        return 0;
}

bool qdisc_limits(Netlink *nl, const char *ifname) {
        struct ifinfomsg h = {};
        struct nlmsghdr *m = netlink_add(nl, RTM_GETLINK, 0, &h, sizeof(h));
        bool found = false;

        mnl_attr_put_strz(m, IFLA_IFNAME, ifname);
        return netlink_run(nl, on_link, &found, NULL) >= 0 && found;
}
