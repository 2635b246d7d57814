/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ports of machines that run: which there are, and those that come and go without a restart. */

#include <arpa/inet.h>
#include <netinet/in.h>

#include "control.h"
#include "endpoint.h"
#include "log.h"
#include "port-listen.h"
#include "machine.h"
#include "range.h"
#include "port-change.h"
#include "port-map.h"
#include "table.h"
#include "verb-list.h"

const VerbOption port_options[] = {
        { { .name = "host-port", .placeholder = "HOST[:MACHINE][/PROTO]" }, 'H',
          "A port of the host's 127.0.0.1 that is offered inside (several)" },
        {},
};

/* ---- nbox port add, nbox port remove ---- */

static int take_words(VerbArgs *args, PortChange *c, Error **reterr) {
        PortMap map;
        int r;

        while ((r = verb_next(args, reterr)) > 0) {
                r = host_port_parse(args->value, &map, reterr);
                if (r >= 0)
                        r = port_list_add(&c->host_ports, &map, host_port_clash, reterr);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = verb_check_operands(args, c->host_ports.n > 0 ? 1 : 2, -1, reterr);
        for (int i = 1; r >= 0 && i < args->n_operands; i++) {
                r = port_map_parse(args->operands[i], &map, reterr);
                if (r >= 0)
                        r = port_list_add(&c->ports, &map, port_map_clash, reterr);
        }
        return r;
}

static bool are_relayed(const PortList *ports, PortScope scope) {
        for (size_t i = 0; i < ports->n; i++)
                if (port_is_relayed(ports->items + i, scope))
                        return true;
        return false;
}

/* Rules stand by now; what no rule leads to the machine is the supervisor's, which is told, and may be of an nbox that knew nothing of it. */
static void update_relays(const PortChange *c) {
        _cleanup_(error_freep) Error *error = NULL;
        int fd;

        if (!are_relayed(&c->ports, c->scope))
                return;
        fd = control_request(c->machine, "ports", NULL, &error);
        if (fd < 0)
                log_warning("%s the ports of '%s' are as before until its next start: %s, ignoring",
                            c->scope == PORT_SCOPE_LOOPBACK ? "At [::1]" : "All", c->machine, error->message);
        close_fd(fd);
}

static int change(int argc, char **argv, bool remove, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        VerbArgs args = verb_args(argc, argv);
        PortChange c = { .remove = remove };
        int r;

        r = take_words(&args, &c, reterr);
        if (r >= 0)
                r = machine_open(args.operands[0], &m, reterr);
        if (r >= 0) {
                c.machine = m->record->name;
                r = network_change_ports(&c, reterr);
        }
        if (r >= 0)
                update_relays(&c);
        port_list_done(&c.ports);
        port_list_done(&c.host_ports);
        return r;
}

int verb_port_add(int argc, char **argv, Error **reterr) {
        return change(argc, argv, false, reterr);
}

int verb_port_remove(int argc, char **argv, Error **reterr) {
        return change(argc, argv, true, reterr);
}

/* ---- nbox port list ---- */

static const char *const headings[] = { "MACHINE", "PROTO", "ADDRESS", "HOST", "", "INSIDE", "SINCE", NULL };

/* One port of a machine, as it is shown. */
typedef struct Row {
        const Endpoint *e;
        const PortMap *port;
        PortKind kind;
        bool added; /* while it runs */
} Row;

typedef int (*ShowRow)(const Row *row, void *userdata);

static bool was_added(const PortChanges *c, const PortMap *p) {
        for (size_t i = 0; i < c->added.n; i++)
                if (port_map_same(c->added.items + i, p))
                        return true;
        return false;
}

static int each_port(const Endpoint *e, ShowRow show, void *userdata) {
        for (PortKind kind = PORT_PUBLISHED; kind <= PORT_OF_HOST; kind++) {
                const PortList *list = kind == PORT_PUBLISHED ? &e->ports : &e->host_ports;
                const PortChanges *changes = kind == PORT_PUBLISHED ? &e->changes : &e->host_changes;

                for (size_t i = 0; i < list->n; i++) {
                        int r = show(&(Row){ e, list->items + i, kind, was_added(changes, list->items + i) }, userdata);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* Where it is reached inside: "10.1.0.5:80"; or what it is called there: "host:5432". */
#define INSIDE_MAX (PORT_ADDRESS_TEXT_MAX + PORT_RANGE_TEXT_MAX)

/* What is published on an IPv6 address leads to the machine's. */
static IpAddress address_inside(const Row *row) {
        const EndpointNic *nic = row->e->nics;

        if (row->port->address.family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(&nic->address6))
                return ip_v6(&nic->address6);
        return ip_v4(nic->address);
}

/* Of a machine in no zone, whose addresses are its own matter. */
static const char *interface_inside(const Row *row) {
        const EndpointLink *link = port_link(row->e);

        return link ? link->config.name : "";
}

static int add_row(const Row *row, void *userdata) {
        char address[PORT_ADDRESS_TEXT_MAX], own[PORT_ADDRESS_TEXT_MAX], host[PORT_RANGE_TEXT_MAX], machine[PORT_RANGE_TEXT_MAX];
        bool published = row->kind == PORT_PUBLISHED;
        IpAddress to = address_inside(row);
        const PortMap *p = row->port;
        char inside[INSIDE_MAX];

        port_address_format(&p->address, address);
        port_address_format(&to, own);
        port_range_format(p->host, p->count, host);
        port_range_format(p->machine, p->count, machine);
        snprintf(inside, sizeof(inside), "%s:%s", !published ? "host" : *own ? own : interface_inside(row), machine);
        return table_add(userdata, (const char *[]){
                row->e->machine, protocol_to_string(p->protocol), !published ? "127.0.0.1" : *address ? address : "all", host,
                published ? "→" : "←", inside, row->added ? "added" : "start" });
}

static int add_object(const Row *row, void *userdata) {
        bool published = row->kind == PORT_PUBLISHED;
        char address[IP_TEXT_MAX], text[PORT_MAP_TEXT_MAX];
        IpAddress loopback = ip_v4(INADDR_LOOPBACK);
        const PortMap *p = row->port;

        ip_format(published ? &p->address : &loopback, address);
        port_map_format(p, text);
        return json_array_append_new(userdata, json_pack(
                "{s:s, s:s, s:s, s:o, s:i, s:i, s:i, s:b, s:s}", "machine", row->e->machine, "direction", published ? "published" : "offered",
                "protocol", protocol_to_string(p->protocol), "address", *address ? json_string(address) : json_null(),
                "host_port", (int) p->host, "machine_port", (int) p->machine, "count", (int) p->count, "added", (int) row->added,
                "port", text));
}

typedef struct Endpoints {
        Endpoint **items;
        size_t n;
} Endpoints;

/* A machine that runs and has no file is on no network of ours, and has no ports. */
static int find_named(const VerbArgs *args, Endpoints *ret, Error **reterr) {
        ret->items = calloc((size_t) args->n_operands, sizeof(*ret->items));
        if (!ret->items)
                return error_oom(reterr);
        for (int i = 0; i < args->n_operands; i++) {
                _cleanup_(machine_freep) Machine *m = NULL;
                int r;

                r = machine_find(args->operands[i], &m, reterr);
                if (r >= 0)
                        r = endpoint_load(args->operands[i], ret->items + ret->n, reterr);
                if (r < 0)
                        return r;
                ret->n += r > 0;
        }
        return 0;
}

static int show(const Endpoints *found, ShowRow show_row, void *userdata, Error **reterr) {
        for (size_t i = 0; i < found->n; i++)
                if (found->items[i]->n_nics + found->items[i]->n_links > 0 && each_port(found->items[i], show_row, userdata) < 0)
                        return error_oom(reterr);
        return 0;
}

static int print_json(const Endpoints *found, Error **reterr) {
        json_t *all = json_array();
        int r = show(found, add_object, all, reterr);

        if (r >= 0)
                return json_print(all, reterr);
        json_decref(all);
        return r;
}

static int print_table(const Endpoints *found, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);
        int r;

        if (!t)
                return error_oom(reterr);
        r = show(found, add_row, t, reterr);
        if (r < 0)
                return r;
        table_print_or(t, "No ports.", stdout);
        return 0;
}

int verb_port_list(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        Endpoints found = {};
        int r;

        r = verb_operands(&args, 0, -1, reterr);
        if (r >= 0)
                r = args.n_operands > 0 ? find_named(&args, &found, reterr) : endpoint_list(&found.items, &found.n, reterr);
        if (r >= 0)
                r = args.json ? print_json(&found, reterr) : print_table(&found, reterr);
        endpoint_list_free(found.items, found.n);
        return r;
}
