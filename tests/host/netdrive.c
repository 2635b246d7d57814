/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The network room from the command line, for network-room.sh: a namespace stands in for a machine. Not installed.
 *
 *     netdrive attach ZONE[+ZONE…] MACHINE NETNS-FILE keep|once [PORT…] [host=PORT…]
 *                                                         prints address, gateway, interface, IPv6 address, gateway for each zone
 *     netdrive detach ZONE MACHINE
 *     netdrive publish|unpublish MACHINE PORT…            while it is attached
 *     netdrive sweep [MACHINE-ALIVE…]
 *     netdrive loopback NETNS-FILE
 *     netdrive resolv */

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

#include "log.h"
#include "netns.h"
#include "network.h"
#include "nics.h"
#include "port-change.h"
#include "port-map.h"
#include "strv.h"

static int read_zones(char *text, NicList *ret, Error **reterr) {
        for (char *zone; (zone = strsep(&text, "+"));) {
                if (strlen(zone) > ZONE_NAME_MAX || ret->n >= NICS_MAX)
                        return error_set(reterr, EINVAL, "'%s' is not a zone's name", zone);
                snprintf(ret->items[ret->n++].zone, ZONE_NAME_MAX + 1, "%s", zone);
        }
        return 0;
}

static void print_nic(const NicLease *nic) {
        char address[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN], address6[INET6_ADDRSTRLEN], gateway6[INET6_ADDRSTRLEN];

        printf("%s %s %s %s %s\n", inet_ntop(AF_INET, &nic->address, address, sizeof(address)),
               inet_ntop(AF_INET, &nic->gateway, gateway, sizeof(gateway)), nic->host_ifname,
               inet_ntop(AF_INET6, &nic->address6, address6, sizeof(address6)),
               inet_ntop(AF_INET6, &nic->gateway6, gateway6, sizeof(gateway6)));
}

static int attach(int argc, char **argv, Error **reterr) {
        _cleanup_close_ int netns = open(argv[4], O_RDONLY | O_CLOEXEC);
        PortMap maps[512] = {}, host_maps[16] = {};
        PortList ports = { maps, 0 }, host_ports = { host_maps, 0 };
        NicConfig items[NICS_MAX] = {};
        NicList nics = { items, 0 };
        NetworkRequest req = { .machine = argv[3], .netns = netns, .nics = &nics, .ports = &ports, .host_ports = &host_ports };
        NetworkLease lease;
        int r;

        if (netns < 0)
                return error_errno(reterr, errno, "Cannot open %s", argv[4]);
        r = read_zones(argv[2], &nics, reterr);
        if (r < 0)
                return r;
        nic_list_choose_names(&nics);
        req.keep_address = strcmp(argv[5], "keep") == 0;
        for (int i = 6; i < argc && ports.n < ELEMENTSOF(maps) && host_ports.n < ELEMENTSOF(host_maps); i++) {
                if (strncmp(argv[i], "host=", 5) == 0)
                        r = host_port_parse(argv[i] + 5, host_maps + host_ports.n++, reterr);
                else
                        r = port_map_parse(argv[i], maps + ports.n++, reterr);
                if (r < 0)
                        return r;
        }
        r = network_attach(&req, &lease, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < lease.n_nics; i++)
                print_nic(lease.nics + i);
        return 0;
}

static int change(int argc, char **argv, bool remove, Error **reterr) {
        PortChange c = { .machine = argv[2], .remove = remove };
        PortMap map;
        int r = 0;

        for (int i = 3; i < argc && r >= 0; i++) {
                r = port_map_parse(argv[i], &map, reterr);
                if (r >= 0)
                        r = port_list_add(&c.ports, &map, port_map_clash, reterr);
        }
        if (r >= 0)
                r = network_change_ports(&c, reterr);
        port_list_done(&c.ports);
        return r;
}

static bool is_alive(const char *machine, void *userdata) {
        return strv_contains(userdata, machine);
}

static int loopback(const char *path, Error **reterr) {
        _cleanup_close_ int netns = open(path, O_RDONLY | O_CLOEXEC);

        int r = netns < 0 ? -errno : netns_loopback_up(netns);

        return r < 0 ? error_errno(reterr, r, "Cannot bring up the loopback interface of %s", path) : 0;
}

static int resolv(Error **reterr) {
        _cleanup_free_ char *text = NULL;
        int r = network_resolv_conf(&text, reterr);

        if (r >= 0)
                printf("%d\n%s", r, text);
        return r;
}

static int run(int argc, char **argv, Error **reterr) {
        if (argc >= 6 && strcmp(argv[1], "attach") == 0)
                return attach(argc, argv, reterr);
        if (argc == 4 && strcmp(argv[1], "detach") == 0)
                return network_detach(argv[3], reterr);
        if (argc >= 4 && (strcmp(argv[1], "publish") == 0 || strcmp(argv[1], "unpublish") == 0))
                return change(argc, argv, argv[1][0] == 'u', reterr);
        if (argc >= 2 && strcmp(argv[1], "sweep") == 0)
                return network_sweep(is_alive, argv + 2, reterr);
        if (argc == 3 && strcmp(argv[1], "loopback") == 0)
                return loopback(argv[2], reterr);
        if (argc == 2 && strcmp(argv[1], "resolv") == 0)
                return resolv(reterr);
        return error_set(reterr, EINVAL, "See the comment at the top of netdrive.c");
}

int main(int argc, char **argv) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = run(argc, argv, &error);

        if (r < 0)
                log_report(LOG_LEVEL_ERROR, r, error);
        return r < 0;
}
