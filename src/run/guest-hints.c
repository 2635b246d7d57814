/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-hints.h"

#include <arpa/inet.h>
#include <string.h>

#include "address.h"
#include "log.h"
#include "record-nic.h"
#include "text.h"

void guest_files_done(GuestFiles *f) {
        free(f->resolv_conf);
        free(f->network_config);
        free(f->resolved_config);
}

static int record_interface(MachineRecord *rec, const NicLease *lease) {
        RecordNic nic = {};

        snprintf(nic.name, sizeof(nic.name), "%.15s", lease->ifname);
        snprintf(nic.zone, sizeof(nic.zone), "%.12s", lease->zone);
        snprintf(nic.interface, sizeof(nic.interface), "%.15s", lease->host_ifname);
        mac_format(lease->mac, nic.mac);
        (void) inet_ntop(AF_INET, &lease->address, nic.address, sizeof(nic.address));
        if (lease->prefix6 > 0)
                (void) inet_ntop(AF_INET6, &lease->address6, nic.address6, sizeof(nic.address6));
        return strv_consume(&rec->nics, record_nic_format(&nic));
}

int guest_hints_take_lease(Supervisor *s, const NetworkLease *lease, Error **reterr) {
        char text[INET_ADDRSTRLEN];

        s->lease = *lease;
        s->host_ifindex = lease->nics[0].host_ifindex;
        if (!inet_ntop(AF_INET, &lease->nics[0].address, text, sizeof(text)))
                return error_errno(reterr, errno, "Cannot print the machine's address");
        s->record->address = strdup(text);
        s->record->interface = strdup(lease->nics[0].host_ifname);
        if (!s->record->address || !s->record->interface)
                return error_oom(reterr);
        strv_free(s->record->nics);
        s->record->nics = NULL;
        for (size_t i = 0; i < lease->n_nics; i++)
                if (record_interface(s->record, lease->nics + i) < 0)
                        return error_oom(reterr);
        return 0;
}

/* The servers of a resolv.conf, as "DNS=a b c" wants them. */
static char *servers(const char *resolv_conf) {
        _cleanup_free_ char *copy = strdup(resolv_conf);
        _cleanup_strv_ char **list = NULL;
        char *state = NULL;

        if (!copy)
                return NULL;
        for (char *line = strtok_r(copy, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
                char address[64];

                if (sscanf(line, "nameserver %63s", address) == 1 && strv_append(&list, address) < 0)
                        return NULL;
        }
        return strv_join(list, " ");
}

/* The host's resolv.conf for a machine whose zone has a service: that is asked instead, and short names are looked for in the zone first. */
static int ask_service(const NicLease *nic, char **resolv_conf) {
        _cleanup_free_ char *old = *resolv_conf, *search = NULL, *rest = NULL, *text = NULL;
        char *state = NULL, server[INET_ADDRSTRLEN];

        *resolv_conf = NULL;
        if (!inet_ntop(AF_INET, &nic->service, server, sizeof(server)))
                return -errno;
        for (char *line = strtok_r(old, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
                size_t word = strcspn(line, " \t");

                if (strncmp(line, "search", word) == 0 || strncmp(line, "domain", word) == 0) { /* the last one counts */
                        if (string_set(&search, line + word) < 0)
                                return -ENOMEM;
                } else if (strncmp(line, "nameserver", word) != 0) {
                        char *more;

                        if (asprintf(&more, "%s%s\n", rest ?: "", line) < 0)
                                return -ENOMEM;
                        free(rest);
                        rest = more;
                }
        }
        if (asprintf(&text, "nameserver %s\nsearch %s%s\n%s", server, nic->zone, search ?: "", rest ?: "") < 0)
                return -ENOMEM;
        *resolv_conf = TAKE_PTR(text);
        return 0;
}

static bool has_service(const NicLease *nic) {
        return nic->service.s_addr != 0;
}

/* Which routers there are is said by nobody: a neighbour that says so is none. The address is tentative for nobody, as nic.c has it. */
static char *ipv6_settings(const NicLease *nic) {
        char address[INET6_ADDRSTRLEN], gateway[INET6_ADDRSTRLEN], *text;

        if (nic->prefix6 == 0)
                return strdup("LinkLocalAddressing=no\n");
        if (!inet_ntop(AF_INET6, &nic->address6, address, sizeof(address)) || !inet_ntop(AF_INET6, &nic->gateway6, gateway, sizeof(gateway)) ||
            asprintf(&text, "Address=%s/%u\nGateway=%s\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=no\nIPv6DuplicateAddressDetection=0\n",
                     address, nic->prefix6, gateway) < 0)
                return NULL;
        return text;
}

/* A networkd inside drops addresses that it did not set, so it is told to set the same ones; and a resolved, whom to ask. */
static int write_units(const NicLease *nic, GuestFiles *ret) {
        _cleanup_free_ char *dns = servers(ret->resolv_conf), *names = NULL, *ipv6 = ipv6_settings(nic);
        char address[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN];

        if (!dns || !ipv6 || !inet_ntop(AF_INET, &nic->address, address, sizeof(address)) ||
            !inet_ntop(AF_INET, &nic->gateway, gateway, sizeof(gateway)))
                return -ENOMEM;
        if (asprintf(&names, "%s%s%s%s%s%s", *dns ? "DNS=" : "", dns, *dns ? "\n" : "", has_service(nic) ? "Domains=" : "",
                     has_service(nic) ? nic->zone : "", has_service(nic) ? "\n" : "") < 0)
                return -ENOMEM;
        if (asprintf(&ret->network_config,
                     "[Match]\nName=host0\n\n[Network]\nAddress=%s/%u\nGateway=%s\n%sDHCP=no\n%s",
                     address, nic->prefix, gateway, ipv6, names) < 0)
                return -ENOMEM;
        return *dns && asprintf(&ret->resolved_config, "[Resolve]\n%s", names) < 0 ? -ENOMEM : 0;
}

int guest_hints_make(const Supervisor *s, GuestFiles *ret, Error **reterr) {
        const NicLease *nic = s->lease.nics;
        int r;

        if (s->plan->network != NETWORK_OWN)
                return 0;
        r = network_resolv_conf(&ret->resolv_conf, reterr);
        if (r < 0)
                return r;
        if (r == 0 && s->plan->mode == START_BOOT)
                log_debug("The host has no name server that %s could reach", s->plan->name);
        r = has_service(nic) ? ask_service(nic, &ret->resolv_conf) : 0;
        if (r >= 0)
                r = write_units(nic, ret);
        return r < 0 ? error_oom(reterr) : 0;
}
