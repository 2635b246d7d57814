/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "address.h"
#include "endpoint.h"
#include "network.h"
#include "status.h"
#include "strv.h"
#include "table.h"
#include "verb-list.h"
#include "zone-info.h"
#include "zone-range6.h"
#include "zone-service.h"

/* nbox zone list and nbox zone show: what is kept for zones, and what of it stands. */

/* NULL where a link of an older nbox does not say. */
static const char *mac_text(const uint8_t mac[6], char ret[MAC_TEXT_MAX]) {
        static const uint8_t zero[6];

        return memcmp(mac, zero, sizeof(zero)) == 0 ? NULL : mac_format(mac, ret);
}

static const char *range_text(const ZoneState *s, char ret[RANGE_TEXT_MAX]) {
        if (!s || s->range.prefix == 0)
                return NULL;
        range_format(s->range, ret);
        return ret;
}

static const char *ip6_text(const struct in6_addr *address, char ret[IP_TEXT_MAX]) {
        IpAddress ip = ip_v6(address);

        return IN6_IS_ADDR_UNSPECIFIED(address) ? NULL : ip_format(&ip, ret);
}

/* The prefix that is used: NULL where there is none. */
static const Range6 *range6_used(const ZoneState *s) {
        return s && s->range6.prefix > 0 && !ipv6_absence() ? &s->range6 : NULL;
}

/* That of a machine's interface: as it is, where the machine runs, for an older nbox gave it none; or as it would be. */
static struct in6_addr address6_of(const ZoneInfo *z, const char *machine, uint32_t address, bool running) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;
        const Range6 *range6 = range6_used(z->state);

        if (!running)
                return range6 ? range6_address(range6, z->state->range, address) : in6addr_any;
        if (endpoint_load(machine, &e, NULL) > 0)
                for (size_t i = 0; i < e->n_nics; i++)
                        if (e->nics[i].address == address && strcmp(e->nics[i].zone, z->name) == 0)
                                return e->nics[i].address6;
        return in6addr_any;
}

static const MachineLink *running_with(const ZoneInfo *z, uint32_t address) {
        for (size_t i = 0; i < z->n_machines; i++)
                if (z->machines[i].address == address)
                        return z->machines + i;
        return NULL;
}

static bool is_leased(const ZoneInfo *z, uint32_t address) {
        for (size_t i = 0; z->state && i < z->state->n_leases; i++)
                if (z->state->leases[i].address == address)
                        return true;
        return false;
}

/* Machines that run, each once. */
static char **running_names(const ZoneInfo *z) {
        char **names = NULL;

        for (size_t i = 0; i < z->n_machines; i++)
                if (!strv_contains(names, z->machines[i].machine) && strv_append(&names, z->machines[i].machine) < 0)
                        break;
        return names;
}

/* ---- as JSON ---- */

static json_t *interface_to_json(const ZoneInfo *z, const Lease *l, const MachineLink *link) {
        struct in6_addr address6 = address6_of(z, l->machine, l->address, link != NULL);
        char text[ADDRESS_TEXT_MAX], text6[IP_TEXT_MAX], mac[MAC_TEXT_MAX];

        return json_pack("{s:o, s:i, s:s, s:o, s:o, s:b}", "machine", json_text(l->machine), "nic", (int) l->nic, "address",
                         address_format(l->address, text), "address6", json_text(ip6_text(&address6, text6)),
                         "mac", json_text(link ? mac_text(link->mac, mac) : NULL), "running", link != NULL);
}

static json_t *interfaces_to_json(const ZoneInfo *z) {
        json_t *list = json_array();

        for (size_t i = 0; z->state && i < z->state->n_leases; i++) {
                const Lease *l = z->state->leases + i;

                json_array_append_new(list, interface_to_json(z, l, running_with(z, l->address)));
        }
        for (size_t i = 0; i < z->n_machines; i++) {
                Lease l = { .nic = 1, .address = z->machines[i].address };

                snprintf(l.machine, sizeof(l.machine), "%s", z->machines[i].machine);
                if (!is_leased(z, l.address))
                        json_array_append_new(list, interface_to_json(z, &l, z->machines + i));
        }
        return list;
}

static json_t *strings_to_json(char *const *list) {
        json_t *a = json_array();

        for (; list && *list; list++)
                json_array_append_new(a, json_text(*list));
        return a;
}

static json_t *range6_to_json(const ZoneState *s) {
        char range[RANGE6_TEXT_MAX], gateway[IP_TEXT_MAX], service[IP_TEXT_MAX];
        const Range6 *used = range6_used(s);
        struct in6_addr via = used ? range6_gateway(used) : in6addr_any;
        struct in6_addr names = used && s->service ? range6_address(used, s->range, s->service) : in6addr_any;

        range6_format(&s->range6, range);
        return json_pack("{s:o, s:b, s:o, s:o, s:o}", "range6", json_text(*range ? range : NULL), "routed", (int) s->routed6,
                         "gateway6", json_text(ip6_text(&via, gateway)), "service6", json_text(ip6_text(&names, service)),
                         "ipv6_absence", json_text(s->no_range6 ? "it is switched off for this zone" : ipv6_absence()));
}

static json_t *zone_to_json(const ZoneInfo *z) {
        _cleanup_strv_ char **running = running_names(z);
        static const ZoneState none = {};
        const ZoneState *s = z->state ?: &none;
        char range[RANGE_TEXT_MAX], gateway[ADDRESS_TEXT_MAX], service[ADDRESS_TEXT_MAX];

        json_t *zone, *ipv6 = range6_to_json(s);

        zone = json_pack("{s:s, s:o, s:s, s:b, s:o, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "zone", z->name,
                         "range", json_text(range_text(z->state, range)), "bridge", z->bridge, "up", (int) z->up,
                         "machines", strings_to_json(running), "created", (int) s->created, "isolated", (int) s->isolated,
                         "closed", (int) s->closed, "uplink", json_text(*s->uplink ? s->uplink : NULL),
                         "vlan", s->vlan > 0 ? json_integer(s->vlan) : json_null(),
                         "gateway", json_text(s->range.prefix > 0 ? address_format(range_gateway(s->range), gateway) : NULL),
                         "service", json_text(s->service ? address_format(s->service, service) : NULL),
                         "clash", json_text(*z->clash ? z->clash : NULL), "interfaces", interfaces_to_json(z),
                         "unknown", strings_to_json(s->unknown), "error", json_text(z->error ? z->error->message : NULL));
        if (zone)
                json_object_update(zone, ipv6);
        json_decref(ipv6);
        return zone;
}

static int print_json(const ZoneInfo *zones, size_t n, bool only, Error **reterr) {
        json_t *all;

        if (only)
                return json_print(zone_to_json(zones), reterr);
        all = json_array();
        for (size_t i = 0; i < n; i++)
                json_array_append_new(all, zone_to_json(zones + i));
        return json_print(all, reterr);
}

/* ---- list ---- */

static int add_row(Table *t, const ZoneInfo *z) {
        _cleanup_strv_ char **running = running_names(z);
        _cleanup_free_ char *options = z->state ? zone_options(z->state) : strdup("");
        char range[RANGE_TEXT_MAX], count[24];

        if (!options)
                return -ENOMEM;
        snprintf(count, sizeof(count), "%zu", strv_length(running));
        return table_add(t, (const char *[]){ z->name, range_text(z->state, range), z->bridge, z->up ? "up" : "down", count, options,
                                              z->error ? z->error->message : z->clash });
}

static int print_table(const ZoneInfo *zones, size_t n, bool plain, Error **reterr) {
        static const char *const headings[] = { "ZONE", "RANGE", "BRIDGE", "STATE", "MACHINES", "OPTIONS", "CLASH", NULL };
        _cleanup_(table_freep) Table *t = table_new(headings);

        if (!t)
                return error_oom(reterr);
        if (n == 0 && !plain) {
                puts("No zones. A machine's first start makes the zone that it is in.");
                return 0;
        }
        for (size_t i = 0; i < n; i++)
                if (add_row(t, zones + i) < 0)
                        return error_oom(reterr);
        table_print(t, stdout, plain);
        if (!plain)
                printf("\n%zu zone%s listed.\n", n, n == 1 ? "" : "s");
        return 0;
}

static int print_names(const ZoneInfo *zones, size_t n) {
        for (size_t i = 0; i < n; i++)
                puts(zones[i].name);
        return 0;
}

int verb_zone_list(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        bool quiet = false, plain = false;
        ZoneInfo *zones;
        size_t n;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                *(r == 'q' ? &quiet : &plain) = true;
        if (r >= 0)
                r = verb_check_operands(&args, 0, 0, reterr);
        if (r >= 0)
                r = zone_info_read(NULL, &zones, &n, reterr);
        if (r < 0)
                return r;
        r = args.json ? print_json(zones, n, false, reterr) : quiet ? print_names(zones, n) : print_table(zones, n, plain, reterr);
        zone_info_free(zones, n);
        return r;
}

/* ---- show ---- */

static void line(const char *label, const char *text) {
        if (text && *text)
                show_line(label, "%s", text);
}

static const char *service_text(const ZoneInfo *z, char *buf, size_t size) {
        char address[ADDRESS_TEXT_MAX];

        if (!z->state->service)
                return NULL;
        address_format(z->state->service, address);
        if (!z->up)
                snprintf(buf, size, "%s", address);
        else if (zone_service_look(z->name, NULL))
                snprintf(buf, size, "%s, running", address);
        else
                snprintf(buf, size, "%s, not running%s", address, zone_service_program() ? "" : ": no dnsmasq is installed");
        return buf;
}

static int add_interface(Table *t, const ZoneInfo *z, const char *machine, uint32_t at, const MachineLink *link) {
        char address[ADDRESS_TEXT_MAX], text6[IP_TEXT_MAX], mac[MAC_TEXT_MAX];
        struct in6_addr address6 = address6_of(z, machine, at, link != NULL);

        return table_add(t, (const char *[]){ machine, address_format(at, address), ip6_text(&address6, text6), link ? "running" : "off",
                                              link ? mac_text(link->mac, mac) : NULL });
}

static int print_machines(const ZoneInfo *z, Error **reterr) {
        static const char *const headings[] = { "MACHINE", "ADDRESS", "IPV6", "STATE", "MAC", NULL };
        _cleanup_(table_freep) Table *t = table_new(headings);
        int r = t ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < z->state->n_leases; i++) {
                const Lease *l = z->state->leases + i;

                r = add_interface(t, z, l->machine, l->address, running_with(z, l->address));
        }
        for (size_t i = 0; r >= 0 && i < z->n_machines; i++)
                if (!is_leased(z, z->machines[i].address))
                        r = add_interface(t, z, z->machines[i].machine, z->machines[i].address, z->machines + i);
        if (r < 0)
                return error_oom(reterr);
        putchar('\n');
        table_print(t, stdout, false);
        return 0;
}

static void print_range6(const ZoneState *s) {
        const char *absence = s->no_range6 ? "it is switched off for this zone" : ipv6_absence();
        char range[RANGE6_TEXT_MAX];

        range6_format(&s->range6, range);
        if (absence)
                show_line("IPv6", "none: %s", absence);
        else if (*range)
                show_line("IPv6", "%s, %s", range, s->routed6 ? "routed: not translated" : "translated to the host's on its way out");
        else
                line("IPv6", "none yet: it is chosen with the next machine");
}

static int print_zone(ZoneInfo *z, Error **reterr) {
        _cleanup_free_ char *options = NULL;
        char range[RANGE_TEXT_MAX], gateway[ADDRESS_TEXT_MAX], text[128];

        if (!z->state)
                return error_pass(reterr, z->error->code, &z->error);
        options = zone_options(z->state);
        if (!options)
                return error_oom(reterr);
        line("Zone", z->name);
        line("Range", range_text(z->state, range) ?: "none yet: it is chosen with the first machine");
        if (*z->clash) {
                show_line("Clash", "meets %s", z->clash);
                show_line("", "`nbox zone move %s` gives it a free range", z->name);
        }
        print_range6(z->state);
        line("Bridge", z->bridge);
        line("State", z->up ? "up" : "down");
        if (z->state->range.prefix > 0)
                line("Gateway", address_format(range_gateway(z->state->range), gateway));
        line("Service", service_text(z, text, sizeof(text)));
        line("Made", z->state->created ? "by hand" : "by use");
        line("Options", options);
        for (char **unknown = z->state->unknown; unknown && *unknown; unknown++)
                line("Not known", *unknown);
        return z->state->n_leases + z->n_machines > 0 ? print_machines(z, reterr) : 0;
}

int verb_zone_show(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        ZoneInfo *zones;
        size_t n;
        int r;

        r = verb_operands(&args, 1, 1, reterr);
        if (r >= 0)
                r = zone_info_read(args.operands[0], &zones, &n, reterr);
        if (r < 0)
                return r;
        r = args.json ? print_json(zones, n, true, reterr) : print_zone(zones, reterr);
        zone_info_free(zones, n);
        return r;
}
