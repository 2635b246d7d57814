/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <string.h>

#include "gc.h"
#include "host-machine.h"
#include "log.h"
#include "machine-json.h"
#include "machine.h"
#include "init-look.h"
#include "parse.h"
#include "record-nic.h"
#include "strv.h"
#include "table.h"
#include "verb-list.h"

enum { OPT_NO_LEGEND = 256, OPT_MAX_ADDRESSES };

#define CELL_ROOM 40 /* columns for addresses, and for ports */

const VerbOption list_options[] = {
        { { .name = "quiet", .letter = 'q' }, 'q', "Show names only" },
        { { .name = "no-legend" }, OPT_NO_LEGEND, "Show no heading and no count" },
        {},
};

const VerbOption list_machines_options[] = {
        { { .name = "all", .letter = 'a' }, 'a', "Show the host, too, as .host" },
        { { .name = "full", .letter = 'l' }, 'l', "Show all addresses and ports" },
        { { .name = "max-addresses", .placeholder = "N|all" }, OPT_MAX_ADDRESSES, "Show so many addresses at most, and so many ports" },
        { { .name = "output", .letter = 'o', .placeholder = "table|json" }, 'o', "How to print it" },
        { { .name = "quiet", .letter = 'q' }, 'q', "Show names only" },
        { { .name = "no-legend" }, OPT_NO_LEGEND, "Show no heading and no count" },
        {},
};

typedef struct ListWishes {
        bool quiet, plain, all, json;
        size_t max; /* of the items of a cell; 0: as many as it has room for */
} ListWishes;

static const char *const headings[] = { "MACHINE", "CLASS", "INIT", "STATE", "ADDRESS", "PORTS", "OS", NULL };

static const char *init_of(const Machine *m) {
        InitKind kind;

        if (m->leader_fd < 0)
                return NULL;
        if (m->record->mode == START_RUN)
                return "command";
        kind = init_of_record(m->record, m->leader_fd);
        return kind == INIT_AUTO ? NULL : init_kind_to_string(kind);
}

static const char *class_of(const Machine *m) {
        return is_host_machine(m->record->name) ? "host" : "container";
}

static json_t *row_to_json(const Machine *m) {
        const MachineRecord *rec = m->record;
        json_t *ports = json_array();
        RecordNic nic;

        for (char **p = rec->ports; p && *p; p++)
                json_array_append_new(ports, json_text(*p));
        return json_pack("{s:s, s:s, s:o, s:s, s:b, s:o, s:b, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "machine", rec->name, "class", class_of(m),
                         "init", json_text(init_of(m)), "state", machine_state_to_string(m->state),
                         "frozen", (int) rec->frozen, "health", json_text(health_state_to_string(rec->health)),
                         "ready", (int) rec->ready, "waiting_for", json_text(rec->waiting_for), "leader", (int) rec->leader,
                         "address", json_text(rec->address), "network", json_text(machine_network(m, &nic)),
                         "network_namespace", json_text(rec->network_namespace), "nics", machine_nics_to_json(m), "ports", ports,
                         "os", json_text(rec->os), "root", json_text(rec->root),
                         "quick_reboots", (int) rec->quick_reboots);
}

static int print_json(Machine **machines, size_t n, Error **reterr) {
        json_t *all = json_array();

        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(all, row_to_json(machines[i])) < 0) {
                        json_decref(all);
                        return error_oom(reterr);
                }
        return json_print(all, reterr);
}

/* As many of them as a cell has room for, one at least, and how many more there are: "tcp:8080:80,+3". `status` has all.
 * NULL on out of memory. */
static char *cell_of(char **items, size_t max) {
        _cleanup_strv_ char **shown = NULL;
        size_t n = 0, room = max > 0 ? SIZE_MAX : CELL_ROOM;
        char more[16];

        for (; items && items[n]; n++) {
                size_t size = strlen(items[n]) + 1;

                if ((n > 0 && size > room) || (max > 0 && n >= max))
                        break;
                if (strv_append(&shown, items[n]) < 0)
                        return NULL;
                room -= size < room ? size : room;
        }
        snprintf(more, sizeof(more), "+%zu", strv_length(items) - n);
        if (n < strv_length(items) && strv_append(&shown, more) < 0)
                return NULL;
        return strv_join(shown, ",");
}

/* A table has room for few: those of IPv6 where there are no others, unless all are asked for. `status` has all. */
static int addresses_of(const MachineRecord *rec, bool all, char ***ret) {
        RecordNic nic;

        for (size_t i = 0; record_nic(rec, i, &nic); i++) {
                const char *address = *nic.address ? nic.address : nic.address6;

                if (*address && strv_append(ret, address) < 0)
                        return -ENOMEM;
                if (all && *nic.address && *nic.address6 && strv_append(ret, nic.address6) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int add_row(Table *t, const Machine *m, const ListWishes *w) {
        _cleanup_strv_ char **addresses = NULL;
        _cleanup_free_ char *ports = cell_of(m->record->ports, w->max), *address = NULL;

        if (addresses_of(m->record, w->max > 0, &addresses) < 0 || !(address = cell_of(addresses, w->max)) || !ports)
                return -ENOMEM;
        return table_add(t, (const char *[]){ m->record->name, class_of(m), init_of(m), machine_state_shown(m), address, ports,
                                              m->record->os });
}

static int print_table(Machine **machines, size_t n, const ListWishes *w, Error **reterr) {
        bool plain = w->plain;
        _cleanup_(table_freep) Table *t = table_new(headings);

        if (!t)
                return error_oom(reterr);
        if (n == 0) {
                if (!plain)
                        puts("No machines.");
                return 0;
        }
        for (size_t i = 0; i < n; i++)
                if (add_row(t, machines[i], w) < 0)
                        return error_oom(reterr);
        table_print(t, stdout, plain);
        if (!plain)
                printf("\n%zu machine%s listed.\n", n, n == 1 ? "" : "s");
        return 0;
}

static int print_names(Machine **machines, size_t n) {
        for (size_t i = 0; i < n; i++)
                puts(machines[i]->record->name);
        return 0;
}

/* What is closing, or still there and dead, is being cleared away by somebody else just now: it is no running machine. */
static size_t living(Machine **machines, size_t n) {
        size_t kept = 0;

        for (size_t i = 0; i < n; i++)
                if (machines[i]->state == MACHINE_DEAD || machines[i]->state == MACHINE_CLOSING)
                        machine_free(machines[i]);
                else
                        machines[kept++] = machines[i];
        return kept;
}

/* Before all others, as its dot has it. */
static int add_host(Machine ***machines, size_t *n, Error **reterr) {
        Machine **more = reallocarray(*machines, *n + 1, sizeof(*more));
        int r;

        if (!more)
                return error_oom(reterr);
        *machines = more;
        memmove(more + 1, more, *n * sizeof(*more));
        more[0] = NULL;
        r = host_machine(more, reterr);
        if (r < 0) {
                memmove(more, more + 1, *n * sizeof(*more));
                return r;
        }
        (*n)++;
        return 0;
}

static int store_option(int option, const char *value, ListWishes *ret, Error **reterr) {
        uint64_t max = SIZE_MAX;

        switch (option) {
        case 'a':
                ret->all = true;
                return 0;
        case 'q':
                ret->quiet = true;
                return 0;
        case 'l':
                ret->max = SIZE_MAX;
                return 0;
        case 'o':
                ret->json = strncmp(value, "json", 4) == 0;
                if (!ret->json && strcmp(value, "table") != 0)
                        return error_set(reterr, EINVAL, "'%.40s' is no way to print it: there are table and json", value);
                return 0;
        case OPT_MAX_ADDRESSES:
                if (strcmp(value, "all") != 0 && (parse_u64(value, UINT_MAX, &max) < 0 || max == 0))
                        return error_set(reterr, EINVAL, "'%.40s' is not a number of addresses, and not all", value);
                ret->max = max;
                return 0;
        default:
                ret->plain = true;
                return 0;
        }
}

static int parse_list(int argc, char **argv, ListWishes *ret, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r, option;

        while ((option = r = verb_next(&args, reterr)) > 0) {
                r = store_option(option, args.value, ret, reterr);
                if (r < 0)
                        return r;
        }
        ret->json = ret->json || args.json;
        return r < 0 ? r : verb_check_operands(&args, 0, 0, reterr);
}

int verb_list(int argc, char **argv, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        Machine **machines;
        ListWishes w = {};
        size_t n;
        int r;

        r = parse_list(argc, argv, &w, reterr);
        if (r < 0)
                return r;
        if (geteuid() == 0 && gc_run(false, NULL, &error) < 0)
                log_warning("Cannot clear away what a dead machine left: %s, ignoring", error ? error->message : "out of memory");
        r = machine_list(&machines, &n, reterr);
        if (r < 0)
                return r;
        n = living(machines, n);
        r = w.all ? add_host(&machines, &n, reterr) : 0;
        if (r >= 0)
                r = w.json ? print_json(machines, n, reterr) : w.quiet ? print_names(machines, n) : print_table(machines, n, &w, reterr);
        machine_list_free(machines, n);
        return r;
}
