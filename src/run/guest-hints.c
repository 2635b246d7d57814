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
        for (size_t i = 0; i < f->n_networks; i++)
                free(f->networks[i].text);
        free(f->resolved_config);
}

static bool has_address6(const NicLease *nic) {
        return !IN6_IS_ADDR_UNSPECIFIED(&nic->address6);
}

static int record_interface(MachineRecord *rec, const NicLease *lease) {
        RecordNic nic = {};

        snprintf(nic.name, sizeof(nic.name), "%.15s", lease->ifname);
        snprintf(nic.kind, sizeof(nic.kind), "%s", nic_kind_to_string(lease->kind));
        snprintf(nic.zone, sizeof(nic.zone), "%.12s", lease->zone);
        snprintf(nic.link, sizeof(nic.link), "%s", lease->link);
        snprintf(nic.interface, sizeof(nic.interface), "%.15s", lease->host_ifname);
        mac_format(lease->mac, nic.mac);
        if (lease->address.s_addr)
                (void) inet_ntop(AF_INET, &lease->address, nic.address, sizeof(nic.address));
        if (has_address6(lease))
                (void) inet_ntop(AF_INET6, &lease->address6, nic.address6, sizeof(nic.address6));
        return strv_consume(&rec->nics, record_nic_format(&nic));
}

/* What an older nbox asks for, which knew of one interface: the first with an address. */
static int record_first(Supervisor *s) {
        char text[INET_ADDRSTRLEN];

        for (const NicLease *nic = s->lease.nics; nic < s->lease.nics + s->lease.n_nics; nic++)
                if (nic->address.s_addr && inet_ntop(AF_INET, &nic->address, text, sizeof(text)))
                        return string_set(&s->record->address, text) < 0 ? -ENOMEM : string_set(&s->record->interface, nic->host_ifname);
        return 0;
}

int guest_hints_take_lease(Supervisor *s, const NetworkLease *lease, Error **reterr) {
        s->lease = *lease;
        s->host_ifindex = 0;
        for (size_t i = 0; i < lease->n_nics && s->host_ifindex == 0; i++)
                s->host_ifindex = lease->nics[i].host_ifindex;
        if (record_first(s) < 0)
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

/* The host's resolv.conf for a machine whose zone has a service: that is asked instead, and short names are looked for in the zone
 * first. */
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

/* "DNS=" and "Domains=" lines for networkd and resolved; the caller's. */
static char *name_lines(const NicLease *nic, const char *resolv_conf) {
        _cleanup_free_ char *dns = servers(resolv_conf);
        char *lines;

        if (!dns || asprintf(&lines, "%s%s%s%s%s%s", *dns ? "DNS=" : "", dns, *dns ? "\n" : "", has_service(nic) ? "Domains=" : "",
                             has_service(nic) ? nic->zone : "", has_service(nic) ? "\n" : "") < 0)
                return NULL;
        return lines;
}

static void print_address(FILE *f, int family, const void *address, unsigned prefix) {
        char text[INET6_ADDRSTRLEN];

        fprintf(f, "\n[Address]\nAddress=%s/%u\n", inet_ntop(family, address, text, sizeof(text)), prefix);
}

static void print_gateway(FILE *f, int family, const void *gateway) {
        char text[INET6_ADDRSTRLEN];

        fprintf(f, "\n[Route]\nGateway=%s\n", inet_ntop(family, gateway, text, sizeof(text)));
}

/* In a zone, all that there is to know is known: a neighbour that says that it is a router is none, and nobody is asked whether he has the
 * address, as nic.c has it. Elsewhere routers may have more to say. */
static void print_unit(FILE *f, const NicLease *nic, const char *names) {
        bool zoned = nic->kind == NIC_ZONE;

        fprintf(f, "[Match]\nName=%s\n\n[Network]\nDHCP=no\n", nic->ifname);
        if (zoned)
                fprintf(f, "LinkLocalAddressing=%s\nIPv6AcceptRA=no\nIPv6DuplicateAddressDetection=0\n", has_address6(nic) ? "ipv6" : "no");
        fputs(names, f);
        if (nic->address.s_addr)
                print_address(f, AF_INET, &nic->address, nic->prefix);
        if (has_address6(nic))
                print_address(f, AF_INET6, &nic->address6, nic->prefix6);
        if (nic->gateway.s_addr)
                print_gateway(f, AF_INET, &nic->gateway);
        if (!IN6_IS_ADDR_UNSPECIFIED(&nic->gateway6))
                print_gateway(f, AF_INET6, &nic->gateway6);
}

static int write_unit(const NicLease *nic, const char *names, GuestFiles *ret) {
        GuestNetworkFile *file = ret->networks + ret->n_networks;
        size_t size = 0;
        FILE *f;

        if (strpbrk(nic->ifname, "*?[]!")) /* one of the host's own that is called so: [Match] would mean others, too */
                return 0;
        f = open_memstream(&file->text, &size);
        if (!f)
                return -ENOMEM;
        print_unit(f, nic, names);
        snprintf(file->name, sizeof(file->name), "%s", nic->ifname);
        ret->n_networks++;
        return fclose(f) == 0 ? 0 : -ENOMEM;
}

/* A networkd inside drops addresses that it did not set, so it is told to set the same ones; and a resolved, whom to ask. Of several
 * interfaces in zones the first alone: the others, of which it knows nothing, it leaves as they are. */
static int write_units(const Supervisor *s, const NicLease *first, GuestFiles *ret) {
        _cleanup_free_ char *names = name_lines(first, ret->resolv_conf);
        int r = 0;

        if (!names)
                return -ENOMEM;
        for (const NicLease *nic = s->lease.nics; r >= 0 && nic < s->lease.nics + s->lease.n_nics; nic++)
                if (nic == first || (nic->kind != NIC_ZONE && (nic->address.s_addr || has_address6(nic))))
                        r = write_unit(nic, nic == first ? names : "", ret);
        if (r < 0)
                return r;
        return strncmp(names, "DNS=", 4) == 0 && asprintf(&ret->resolved_config, "[Resolve]\n%s", names) < 0 ? -ENOMEM : 0;
}

/* The interface that the machine's names come by: the first in a zone, or else that was given an address; NULL: it is left to itself. */
static const NicLease *find_first(const Supervisor *s) {
        const NicLease *addressed = NULL;

        for (const NicLease *nic = s->lease.nics; nic < s->lease.nics + s->lease.n_nics; nic++) {
                if (nic->kind == NIC_ZONE)
                        return nic;
                if (!addressed && (nic->address.s_addr || has_address6(nic)))
                        addressed = nic;
        }
        return addressed;
}

int guest_hints_make(const Supervisor *s, GuestFiles *ret, Error **reterr) {
        const NicLease *nic = find_first(s);
        int r;

        if (!nic)
                return 0;
        r = network_resolv_conf(&ret->resolv_conf, reterr);
        if (r < 0)
                return r;
        if (r == 0 && s->plan->mode == START_BOOT)
                log_debug("The host has no name server that %s could reach", s->plan->name);
        r = has_service(nic) ? ask_service(nic, &ret->resolv_conf) : 0;
        if (r >= 0)
                r = write_units(s, nic, ret);
        return r < 0 ? error_oom(reterr) : 0;
}
