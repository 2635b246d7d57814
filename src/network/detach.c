/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "release.h"

#include <string.h>

#include "firewall.h"
#include "forwarding.h"
#include "machine-link.h"
#include "name.h"
#include "network-lock.h"
#include "network.h"
#include "zone.h"

static void keep_first(int *result, int r) {
        if (r < 0 && *result >= 0)
                *result = r;
}

/* The directory of the lock goes with the last zone; whoever waits for it finds that out. */
static void release_host(int lock, Netlink *nl) {
        _cleanup_free_ LinkInfo *links = NULL;
        char zone[ZONE_NAME_MAX + 1];
        size_t n = 0;

        if (link_list(nl, 0, &links, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                if (zone_of_bridge(links + i, zone))
                        return;
        forwarding_release(lock, nl);
        network_lock_remove();
}

/* Every zone that has no port left goes; rules of a zone whose bridge is gone are found by the sweep. */
static int release_zones(int lock, Netlink *nl, Error **reterr) {
        _cleanup_free_ LinkInfo *links = NULL;
        char zone[ZONE_NAME_MAX + 1];
        int result = 0, gone = 0, r;
        size_t n = 0;

        r = link_list(nl, 0, &links, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the links of the host");
        for (size_t i = 0; i < n; i++) {
                if (!zone_of_bridge(links + i, zone))
                        continue;
                r = zone_down_if_unused(nl, zone, result < 0 ? NULL : reterr);
                keep_first(&result, r);
                if (r <= 0)
                        continue;
                gone++;
                keep_first(&result, firewall_remove(NULL, zone, result < 0 ? NULL : reterr));
        }
        if (gone > 0)
                release_host(lock, nl);
        return result;
}

int network_release(int lock, Netlink *nl, const char *machine, Error **reterr) {
        char name[IF_NAMESIZE];
        int result = 0, r;

        machine_link_name(machine, name);
        r = link_delete(nl, name);
        if (r < 0)
                result = error_errno(reterr, r, "Cannot remove the link %s of the machine '%s'", name, machine);
        keep_first(&result, firewall_remove(machine, NULL, result < 0 ? NULL : reterr));
        keep_first(&result, release_zones(lock, nl, result < 0 ? NULL : reterr));
        return result;
}

int network_detach(const char *machine, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_close_ int lock = -1;
        int r;

        r = machine_name_check(machine, reterr);
        if (r < 0)
                return r;
        lock = network_lock(reterr);
        if (lock < 0)
                return lock;
        r = netlink_new(NETLINK_ROUTE, -1, &nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        return network_release(lock, nl, machine, reterr);
}

/* ---- what nobody alive has ---- */

typedef struct Sweep {
        bool (*is_alive)(const char *machine, void *userdata);
        void *userdata;
        Netlink *nl;
} Sweep;

static bool sweep_machine(const char *machine, void *userdata) {
        const Sweep *s = userdata;

        return s->is_alive(machine, s->userdata);
}

static bool sweep_zone(const char *zone, void *userdata) {
        const Sweep *s = userdata;

        return zone_exists(s->nl, zone);
}

static int sweep_links(const Sweep *s, const LinkInfo *links, size_t n, Error **reterr) {
        char machine[MACHINE_NAME_MAX + 1], zone[ZONE_NAME_MAX + 1];
        int result = 0, r;
        uint32_t address;

        for (size_t i = 0; i < n; i++)
                if (machine_of_link(links + i, machine, &address) && !s->is_alive(machine, s->userdata)) {
                        r = link_delete(s->nl, links[i].name);
                        if (r < 0 && result >= 0)
                                result = error_errno(reterr, r, "Cannot remove the link %s", links[i].name);
                }
        for (size_t i = 0; i < n; i++)
                if (zone_of_bridge(links + i, zone))
                        keep_first(&result, zone_down_if_unused(s->nl, zone, result < 0 ? NULL : reterr));
        return result;
}

int network_sweep(bool (*is_alive)(const char *machine, void *userdata), void *userdata, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_free_ LinkInfo *links = NULL;
        _cleanup_close_ int lock = -1;
        Sweep sweep = { is_alive, userdata };
        size_t n = 0;
        int r;

        lock = network_lock(reterr);
        if (lock < 0)
                return lock;
        r = netlink_new(NETLINK_ROUTE, -1, &nl);
        if (r >= 0)
                r = link_list(nl, 0, &links, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the links of the host");
        sweep.nl = nl;
        r = sweep_links(&sweep, links, n, reterr);
        keep_first(&r, firewall_sweep(&(FirewallOracle){ sweep_machine, sweep_zone, &sweep }, r < 0 ? NULL : reterr));
        release_host(lock, nl);
        return r;
}
