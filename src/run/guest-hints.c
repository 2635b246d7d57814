/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-hints.h"

#include <arpa/inet.h>
#include <string.h>

#include "log.h"
#include "record-nic.h"

void guest_files_done(GuestFiles *f) {
        free(f->resolv_conf);
        free(f->network_config);
        free(f->resolved_config);
}

static int record_interface(MachineRecord *rec, const NicLease *lease) {
        const uint8_t *m = lease->mac;
        RecordNic nic = {};

        snprintf(nic.name, sizeof(nic.name), "%.15s", lease->ifname);
        snprintf(nic.zone, sizeof(nic.zone), "%.12s", lease->zone);
        snprintf(nic.interface, sizeof(nic.interface), "%.15s", lease->host_ifname);
        snprintf(nic.mac, sizeof(nic.mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
        (void) inet_ntop(AF_INET, &lease->address, nic.address, sizeof(nic.address));
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

int guest_hints_make(const Supervisor *s, GuestFiles *ret, Error **reterr) {
        _cleanup_free_ char *dns = NULL;
        char address[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN];
        int r;

        if (s->plan->network != NETWORK_ZONE)
                return 0;
        r = network_resolv_conf(&ret->resolv_conf, reterr);
        if (r < 0)
                return r;
        if (r == 0 && s->plan->mode == START_BOOT)
                log_debug("The host has no name server that %s could reach", s->plan->name);
        dns = servers(ret->resolv_conf);
        if (!dns || !inet_ntop(AF_INET, &s->lease.nics[0].address, address, sizeof(address)) ||
            !inet_ntop(AF_INET, &s->lease.nics[0].gateway, gateway, sizeof(gateway)))
                return error_oom(reterr);
        /* A networkd inside drops addresses that it did not set: so it is told to set the same ones. */
        if (asprintf(&ret->network_config,
                     "[Match]\nName=host0\n\n[Network]\nAddress=%s/%u\nGateway=%s\nLinkLocalAddressing=no\nDHCP=no\n%s%s\n",
                     address, s->lease.nics[0].prefix, gateway, *dns ? "DNS=" : "", dns) < 0)
                return error_oom(reterr);
        if (*dns && asprintf(&ret->resolved_config, "[Resolve]\nDNS=%s\n", dns) < 0)
                return error_oom(reterr);
        return 0;
}
