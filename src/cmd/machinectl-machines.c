/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>

#include "file.h"
#include "host-machine.h"
#include "logs.h"
#include "machinectl.h"
#include "process.h"
#include "status.h"
#include "table.h"

/* machinectl list, show and status: as the original prints them. */

static void print_count(const MachinectlArgs *a, size_t n, const char *what) {
        if (!a->no_legend && n > 0)
                printf("\n%zu %s listed.\n", n, what);
        else if (!a->no_legend)
                printf("No %s.\n", what);
}

/* ---- list ---- */

/* The first of them, and a sign where there are more; as the original: not in JSON. */
static int cut_addresses(char **addresses, unsigned max) {
        char *with_sign;

        if (strv_length(addresses) <= max)
                return 0;
        if (asprintf(&with_sign, "%s…", addresses[max - 1]) < 0)
                return -ENOMEM;
        free(addresses[max - 1]);
        addresses[max - 1] = with_sign;
        for (size_t i = max; addresses[i]; i++) {
                free(addresses[i]);
                addresses[i] = NULL;
        }
        return 0;
}

static int listed_addresses(const MachinectlArgs *a, const Facts *f, const char *name, char ***ret, Error **reterr) {
        int r = a->max_addresses > 0 ? facts_addresses(f, name, ret, reterr) : 0;

        if (r >= 0 && *ret && !a->json && a->max_addresses < ADDRESSES_ALL && cut_addresses(*ret, a->max_addresses) < 0)
                r = error_oom(reterr);
        return r;
}

/* More addresses stand below the first one. */
static int add_rows(Table *t, const MachinedMachine *m, const MachinedOs *os, char *const *addresses) {
        int r = table_add(t, (const char *[]){ m->name, m->class, m->service, os->id, os->version_id, addresses ? addresses[0] : NULL });

        for (size_t i = 1; r >= 0 && addresses && addresses[0] && addresses[i]; i++)
                r = table_add(t, (const char *[]){ " ", " ", " ", " ", " ", addresses[i] });
        return r;
}

static json_t *row_json(const MachinedMachine *m, const MachinedOs *os, char *const *addresses, bool with_addresses) {
        _cleanup_free_ char *joined = strv_join(addresses, "\n");
        json_t *row = json_pack("{s:o, s:o, s:o, s:o, s:o}", "machine", json_text(m->name), "class", json_text(m->class),
                                "service", json_text(m->service && *m->service ? m->service : NULL), "os", json_text(os->id),
                                "version", json_text(os->version_id));

        if (row && with_addresses)
                (void) json_object_set_new(row, "addresses", joined && *joined ? json_text(joined) : json_null());
        return row;
}

/* 0 for one that has gone since it was listed. */
static int list_one(const MachinectlArgs *a, const Facts *f, const char *name, Table *t, json_t *all, Error **reterr) {
        _cleanup_(machined_machine_done) MachinedMachine m = {};
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(machined_os_done) MachinedOs os = {};
        _cleanup_strv_ char **addresses = NULL;
        int r = facts_get(f, name, &m, &error);

        if (r == -ESRCH)
                return 0;
        if (r < 0)
                return error_pass(reterr, r, &error);
        r = facts_os(f, name, &os, reterr);
        if (r >= 0)
                r = listed_addresses(a, f, name, &addresses, reterr);
        if (r < 0)
                return r;
        r = a->json ? json_array_append_new(all, row_json(&m, &os, addresses, a->max_addresses > 0)) : add_rows(t, &m, &os, addresses);
        return r < 0 ? error_oom(reterr) : 1;
}

int machinectl_list(const MachinectlArgs *a, Error **reterr) {
        static const char *const headings[] = { "MACHINE", "CLASS", "SERVICE", "OS", "VERSION", "ADDRESSES", NULL },
                                *const without_addresses[] = { "MACHINE", "CLASS", "SERVICE", "OS", "VERSION", NULL };
        _cleanup_(table_freep) Table *t = table_new(a->max_addresses > 0 ? headings : without_addresses);
        json_t *all = a->json ? json_array() : NULL;
        _cleanup_(facts_done) Facts f = {};
        _cleanup_strv_ char **names = NULL;
        size_t n = 0;
        int r = t ? facts_open(&f, reterr) : error_oom(reterr);

        if (r >= 0)
                r = facts_list(&f, a->all, &names, reterr);
        for (char **name = names; r >= 0 && name && *name; name++) {
                r = list_one(a, &f, *name, t, all, reterr);
                n += r > 0;
        }
        if (r >= 0 && a->json)
                return json_print(all, reterr);
        json_decref(all);
        if (r < 0)
                return r;
        if (n > 0)
                table_print(t, stdout, a->no_legend);
        print_count(a, n, "machines");
        return 0;
}

/* ---- show ---- */

static void print_machine(const PropertyPrinter *p, const MachinedMachine *m) {
        char indexes[512] = "";

        for (size_t i = 0; i < m->n_ifindices; i++) {
                size_t n = strlen(indexes);

                snprintf(indexes + n, sizeof(indexes) - n, "%s%d", n > 0 ? " " : "", (int) m->ifindices[i]);
        }
        print_property(p, "Name", "%s", m->name);
        print_property(p, "Id", "%s", m->id);
        print_time_property(p, "Timestamp", m->since_usec);
        print_property(p, "TimestampMonotonic", "%" PRIu64, m->since_monotonic_usec);
        print_property(p, "Service", "%s", m->service ?: "");
        print_property(p, "Unit", "%s", m->unit ?: "");
        print_property(p, "Leader", "%d", (int) m->leader);
        print_property(p, "Class", "%s", m->class);
        print_property(p, "RootDirectory", "%s", m->root ?: "");
        if (p->all || p->wanted)
                print_property(p, "NetworkInterfaces", "%s", indexes);
        print_property(p, "State", "%s", m->state);
}

int machinectl_show(const MachinectlArgs *a, Error **reterr) {
        PropertyPrinter p = { .wanted = a->properties, .all = a->all, .value = a->value };
        _cleanup_(facts_done) Facts f = {};
        int r;

        if (a->n_operands == 0)
                return print_pool(&p, reterr);
        r = facts_open(&f, reterr);
        for (int i = 0; r >= 0 && i < a->n_operands; i++) {
                _cleanup_(machined_machine_done) MachinedMachine m = {};

                r = facts_get(&f, a->operands[i], &m, reterr);
                if (r < 0)
                        break;
                fputs(i > 0 ? "\n" : "", stdout);
                print_machine(&p, &m);
        }
        return r;
}

/* ---- status ---- */

static void print_leader(pid_t leader) {
        _cleanup_free_ char *comm = NULL;
        char text[128];

        if (leader <= 0)
                return;
        snprintf(text, sizeof(text), "/proc/%d/comm", (int) leader);
        if (file_read(AT_FDCWD, text, 64, &comm) >= 0)
                snprintf(text, sizeof(text), "%d (%.*s)", (int) leader, (int) strcspn(comm, "\n"), comm);
        else
                snprintf(text, sizeof(text), "%d", (int) leader);
        print_field("Leader", text);
}

static void print_class(const MachinedMachine *m) {
        char text[512];

        if (!m->service || !*m->service) {
                print_field("Class", m->class);
                return;
        }
        snprintf(text, sizeof(text), "%s; class %s", m->service, m->class);
        print_field("Service", text);
}

static void print_interfaces(const MachinedMachine *m) {
        char name[IF_NAMESIZE], text[512] = "";

        for (size_t i = 0; i < m->n_ifindices; i++) {
                size_t n = strlen(text);

                if (m->ifindices[i] > 0 && if_indextoname((unsigned) m->ifindices[i], name))
                        snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? " " : "", name);
        }
        print_field("Iface", text);
}

static int print_addresses(const Facts *f, const char *name, Error **reterr) {
        _cleanup_strv_ char **addresses = NULL;
        int r = facts_addresses(f, name, &addresses, reterr);

        for (char **address = addresses; address && *address; address++)
                print_field(address == addresses ? "Address" : "", *address);
        return r;
}

static int print_os(const Facts *f, const char *name, Error **reterr) {
        _cleanup_(machined_os_done) MachinedOs os = {};
        int r = facts_os(f, name, &os, reterr);

        if (r >= 0)
                print_field("OS", os.pretty_name);
        return r;
}

/* Of its unit's cgroup, whoever made it. */
static void print_processes(const Facts *f, const MachinedMachine *m) {
        _cleanup_(machine_freep) Machine *host = NULL;
        _cleanup_free_ char *cgroup = NULL;

        if (!f->bus || !m->unit || !*m->unit)
                return;
        print_field("Unit", m->unit);
        if (machined_unit_cgroup(f->bus, m->unit, &cgroup, NULL) < 0 || host_machine(&host, NULL) < 0)
                return;
        free(host->record->cgroup);
        host->record->cgroup = TAKE_PTR(cgroup);
        status_processes(host);
}

static int print_line(const LogLine *l, void *userdata) {
        log_print(l, *(const LogFormat *) userdata, 0);
        return 0;
}

/* What the journal has of another manager's unit, as the original shows it; without a journalctl there is none. */
static void print_journal(const MachinectlArgs *a, const char *unit) {
        const char *argv[] = { "journalctl", "--no-pager", "--quiet", "--boot", "--lines", a->lines ?: "10", "--output", a->output ?: "short",
                               "--unit", unit, NULL };

        fflush(stdout);
        (void) process_run((char *const *) argv, -1, -1, NULL);
}

/* Of ours: the last that it said on its console. */
static int print_lines(const MachinectlArgs *a, const Facts *f, const MachinedMachine *m, Error **reterr) {
        LogFormat format = LOG_SHORT;
        size_t lines = 10;
        int r = a->lines ? log_lines_parse(a->lines, &lines, reterr) : 0;

        if (r < 0 || lines == 0 || is_host_machine(m->name))
                return r;
        putchar('\n');
        if (facts_is_others(f, m->name)) {
                print_journal(a, m->unit);
                return 0;
        }
        r = a->output ? log_format_parse(a->output, &format, reterr) : 0;
        return r < 0 || geteuid() != 0 ? r : log_tail(m->name, lines, print_line, &format);
}

static int print_status(const MachinectlArgs *a, const Facts *f, const char *name, Error **reterr) {
        _cleanup_(machined_machine_done) MachinedMachine m = {};
        int r = facts_get(f, name, &m, reterr);

        if (r < 0)
                return r;
        printf("%s(%s)\n", m.name, m.id);
        print_time_field("Since", m.since_usec);
        print_leader(m.leader);
        print_class(&m);
        print_field("Root", m.root);
        print_interfaces(&m);
        if (!is_host_machine(m.name))
                r = print_addresses(f, name, reterr);
        if (r >= 0)
                r = print_os(f, name, reterr);
        if (r < 0)
                return r;
        print_processes(f, &m);
        return print_lines(a, f, &m, reterr);
}

int machinectl_status(const MachinectlArgs *a, Error **reterr) {
        _cleanup_(facts_done) Facts f = {};
        int r = facts_open(&f, reterr);

        for (int i = 0; r >= 0 && i < a->n_operands; i++) {
                fputs(i > 0 ? "\n" : "", stdout);
                r = print_status(a, &f, a->operands[i], reterr);
        }
        return r;
}
