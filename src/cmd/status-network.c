/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A machine's network, for people: one function a topic, in the order in which they are shown. */

#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "endpoint.h"
#include "link-stats.h"
#include "names.h"
#include "network-faults.h"
#include "record-nic.h"
#include "status.h"
#include "zone-info.h"
#include "zone-service.h"

typedef struct View {
        const Machine *machine;
        const Endpoint *endpoint; /* NULL: it is on no network of ours, or was started by an older nbox */
} View;

/* "12", "1.2 k", "340 M": three digits, powers of 1000. */
#define AMOUNT_MAX 32
static void format_amount(uint64_t n, char ret[AMOUNT_MAX]) {
        static const char units[] = " kMGTPE";
        uint64_t tenths = n > UINT64_MAX / 10 ? n : n * 10;
        size_t i = n > UINT64_MAX / 10;

        for (; tenths >= 9995 && units[i + 1]; i++)
                tenths = (tenths + 500) / 1000;
        if (i == 0)
                snprintf(ret, AMOUNT_MAX, "%" PRIu64 " ", n);
        else if (tenths % 10 == 0 || tenths >= 1000)
                snprintf(ret, AMOUNT_MAX, "%" PRIu64 " %c", (tenths + 5) / 10, units[i]);
        else
                snprintf(ret, AMOUNT_MAX, "%" PRIu64 ".%" PRIu64 " %c", tenths / 10, tenths % 10, units[i]);
}

static void print_clash(const char *zone) {
        char clash[ZONE_CLASH_MAX];

        if (zone_clash(zone, clash, NULL) > 0)
                show_line("", "whose range meets %s: `nbox zone move %s`, when its machines are off, gives it another", clash, zone);
}

/* "zone lab, by nb-…", "bridge br0, by vb-web, as host1", "macvlan of eth0, as mv-eth0". */
static void print_interface(const RecordNic *nic, const char *label) {
        const char *of = *nic->zone ? nic->zone : nic->link;
        bool stacked = strcmp(nic->kind, "macvlan") == 0 || strcmp(nic->kind, "ipvlan") == 0;
        bool by = *nic->interface && strcmp(of, nic->interface) != 0, as = strcmp(nic->name, "host0") != 0;

        show_line(label, "%s%s%s%s%s%s%s", nic->kind, *of ? stacked ? " of " : " " : "", of, by ? ", by " : "", by ? nic->interface : "",
                  as ? ", as " : "", as ? nic->name : "");
}

static void print_interfaces(const View *v) {
        const MachineRecord *rec = v->machine->record;
        RecordNic nic;

        for (size_t i = 0; record_nic(rec, i, &nic); i++) {
                print_interface(&nic, i == 0 ? "Network" : "");
                if (*nic.zone)
                        print_clash(nic.zone);
        }
        if (rec->network == NETWORK_NAMESPACE)
                show_line("Network", "the namespace %s", rec->network_namespace ?: "-");
        else if (rec->network != NETWORK_UNSET && rec->network != NETWORK_OWN)
                show_line("Network", "%s", rec->network == NETWORK_HOST ? "the host's" : network_kind_to_string(rec->network));
}

static void print_addresses(const View *v) {
        RecordNic nic;
        size_t n = 0;

        for (size_t i = 0; record_nic(v->machine->record, i, &nic); i++) {
                const char *const addresses[] = { nic.address, nic.address6 };

                for (size_t k = 0; k < ELEMENTSOF(addresses); k++)
                        if (*addresses[k])
                                show_line(n++ == 0 ? "Address" : "", i == 0 ? "%s" : "%s on %s", addresses[k], nic.name);
        }
}

/* Nobody waits for a zone's service when a machine starts: it comes a moment after. */
#define SERVICE_START_USEC (UINT64_C(3) * 1000000)

static const char *why_no_names(const MachineRecord *rec) {
        if (!zone_service_program())
                return "none: dnsmasq is not installed";
        if (clock_usec(CLOCK_REALTIME) - rec->started_usec < SERVICE_START_USEC)
                return "none yet: the zone's service is starting";
        return "none: the zone's service does not run";
}

/* What other machines of a zone find it by; a zone's service may be off or not to be had. */
static void print_names(const View *v) {
        const MachineRecord *rec = v->machine->record;
        char names[NAMES_TEXT_MAX];
        RecordNic nic;
        size_t n = 0;

        for (size_t i = 0; record_nic(rec, i, &nic); i++) {
                const char *label = n == 0 ? "Names" : "";

                if (!*nic.zone)
                        continue;
                n++;
                names_of(rec->name, nic.zone, names);
                if (zone_service_look(nic.zone, NULL))
                        show_line(label, "%s", *names ? names : "none: this name is the host's");
                else if (rec->mode == START_BOOT)
                        show_line(label, "%s", why_no_names(rec));
        }
}

static void print_ports(const View *v) {
        show_lines("Ports", v->machine->record->ports);
        show_lines("Host ports", v->machine->record->host_ports);
}

static void print_rates(const View *v) {
        uint64_t in = v->endpoint ? v->endpoint->ingress_rate : 0, out = v->endpoint ? v->endpoint->egress_rate : 0;
        char texts[2][AMOUNT_MAX];

        format_amount(in, texts[0]);
        format_amount(out, texts[1]);
        if (in && out)
                show_line("Rates", "%sbit/s in, %sbit/s out", texts[0], texts[1]);
        else if (in || out)
                show_line("Rates", "%sbit/s %s", texts[in == 0], in ? "in" : "out");
}

/* From the machine's view: what our end of a link sends, it receives. */
static void print_traffic(const View *v) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        char in[AMOUNT_MAX], out[AMOUNT_MAX];
        LinkStats stats;
        RecordNic nic;
        size_t n = 0;

        if (netlink_new(NETLINK_ROUTE, -1, &nl) < 0)
                return;
        for (size_t i = 0; record_nic(v->machine->record, i, &nic); i++) {
                if (!*nic.interface || link_stats(nl, nic.interface, &stats) < 0)
                        continue;
                format_amount(stats.tx_bytes, in);
                format_amount(stats.rx_bytes, out);
                show_line(n++ == 0 ? "Traffic" : "", "%sB in (%" PRIu64 " packet%s), %sB out (%" PRIu64 " packet%s)%s%s",
                          in, stats.tx_packets, stats.tx_packets == 1 ? "" : "s", out, stats.rx_packets, stats.rx_packets == 1 ? "" : "s",
                          i == 0 ? "" : " on ", i == 0 ? "" : nic.name);
        }
}

static bool concerns(const View *v, const NetworkFault *f) {
        RecordNic nic;

        if (f->is_clash)
                return false; /* print_clash() says it */
        if (f->machine[0])
                return strcmp(f->machine, v->machine->record->name) == 0;
        for (size_t i = 0; record_nic(v->machine->record, i, &nic); i++)
                if (*nic.zone && (!f->zone[0] || strcmp(f->zone, nic.zone) == 0))
                        return true;
        return false;
}

/* One line for all; `nbox network status` has them all. Only root can look. */
static void print_faults(const View *v) {
        _cleanup_(network_state_clear) NetworkState state = {};
        const NetworkFault *first = NULL;
        char more[48] = "";
        size_t n = 0;

        if (v->machine->record->network != NETWORK_OWN || geteuid() != 0 || network_faults_find(&state, NULL) < 0)
                return;
        for (size_t i = 0; i < state.n_faults; i++)
                if (concerns(v, state.faults + i) && n++ == 0)
                        first = state.faults + i;
        if (!first)
                return;
        if (n > 1)
                snprintf(more, sizeof(more), " (and %zu more)", n - 1);
        show_line("Wrong", "%s%s; %s", first->text, more, first->remedy[0] ? first->remedy : "run `nbox network repair`");
}

void status_network(const Machine *m) {
        static void (*const topics[])(const View *v) = {
                print_interfaces, print_addresses, print_names, print_ports, print_rates, print_traffic, print_faults,
        };
        _cleanup_(endpoint_freep) Endpoint *endpoint = NULL;

        if (m->record->network == NETWORK_OWN)
                (void) endpoint_load(m->record->name, &endpoint, NULL);
        for (size_t i = 0; i < ELEMENTSOF(topics); i++)
                topics[i](&(View){ m, endpoint });
}
