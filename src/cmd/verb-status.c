/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "machine-json.h"
#include "init-look.h"
#include "parse.h"
#include "processes.h"
#include "status.h"
#include "table.h"
#include "verb-list.h"

/* One machine for people to read, in the form of machinectl(1) status. */

#define SHOWN_PROCESSES 200
#define SHOWN_QUICK_REBOOTS 5 /* one or two may be a set-up's own */

void show_line(const char *label, const char *fmt, ...) {
        char text[2048], shown[2048];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        printf("%10s%s %s\n", label, *label ? ":" : " ", show_text(text, shown, sizeof(shown)));
}

void show_lines(const char *label, char *const *values) {
        for (char *const *v = values; v && *v; v++)
                show_line(v == values ? label : "", "%s", *v);
}

static void format_age(uint64_t seconds, char *buf, size_t size) {
        static const struct {
                uint64_t seconds;
                const char *one, *many;
        } units[] = {
                { 86400, "day", "days" }, { 3600, "h", "h" }, { 60, "min", "min" }, { 1, "s", "s" },
        };
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(units) && seconds < units[i].seconds)
                i++;
        snprintf(buf, size, "%" PRIu64 " %s", seconds / units[i].seconds, seconds / units[i].seconds == 1 ? units[i].one : units[i].many);
}

void show_time(const char *label, uint64_t usec) {
        time_t then = (time_t) (usec / 1000000), now = time(NULL);
        char when[64], age[64];
        struct tm tm;

        if (!then || !localtime_r(&then, &tm) || !strftime(when, sizeof(when), "%a %Y-%m-%d %H:%M:%S %Z", &tm))
                return;
        format_age(now > then ? (uint64_t) (now - then) : 0, age, sizeof(age));
        show_line(label, "%s; %s ago", when, age);
}

static void print_state(const Machine *m) {
        const MachineRecord *rec = m->record;
        uint64_t now = clock_usec(CLOCK_REALTIME);

        if (m->state == MACHINE_BOOTING && rec->waiting_for)
                show_line("State", "booting, waiting for %s, %" PRIu64 " s", rec->waiting_for,
                     now > rec->started_usec ? (now - rec->started_usec) / 1000000 : 0);
        else
                show_line("State", "%s", machine_state_to_string(m->state));
        show_time("Since", rec->started_usec);
        if (rec->ready)
                show_time("Ready", rec->ready_usec);
}

static void print_reboots(const MachineRecord *rec) {
        uint64_t now = clock_usec(CLOCK_REALTIME);

        if (rec->quick_reboots >= SHOWN_QUICK_REBOOTS)
                show_line("Reboots", "in a loop: %u times in a row, each soon after its start", rec->quick_reboots);
        if (rec->next_start_usec > now)
                show_line("", "the next start is in %u s", (unsigned) ((rec->next_start_usec - now) / 1000000 + 1));
}

static void print_init(const Machine *m) {
        if (m->leader_fd < 0)
                return;
        if (m->record->mode == START_RUN) {
                show_line("Init", "a command (nbox run)");
                return;
        }
        show_line("Init", "%s (%s)", m->record->init ?: "-", init_kind_to_string(init_of_record(m->record, m->leader_fd)));
}

static void print_units(const MachineRecord *rec) {
        if (rec->unit)
                show_line("Unit", "%s", rec->unit);
        if (rec->scope)
                show_line("Scope", "%s%s", rec->scope, rec->registered ? " (registered with systemd-machined)" : "");
        if (rec->slice)
                show_line("Slice", "%s", rec->slice);
        if (rec->cgroup)
                show_line("CGroup", "%s", rec->cgroup);
}

/* Processes of one group end with the last of it; a group's name stands before its first. */
static void print_processes(const Machine *m) {
        GuestProcesses p;
        const char *group = "";
        char text[1024];

        if (guest_processes_read(m, &p, NULL) < 0)
                return;
        for (size_t i = 0; i < p.n && i < SHOWN_PROCESSES; i++) {
                bool last_of_group = i + 1 == p.n || strcmp(p.items[i + 1].group, p.items[i].group) != 0;
                bool inside = *p.items[i].group;

                if (strcmp(p.items[i].group, group) != 0) {
                        group = p.items[i].group;
                        printf("%12s%s\n", "", show_text(group, text, sizeof(text)));
                }
                printf("%12s%s%s%d %s\n", "", inside ? "  " : "", last_of_group ? "└─" : "├─", (int) p.items[i].pid,
                       show_text(p.items[i].command, text, sizeof(text)));
        }
        if (p.n > SHOWN_PROCESSES)
                printf("%12s… %zu more\n", "", p.n - SHOWN_PROCESSES);
        guest_processes_done(&p);
}

static void print_status(const Machine *m) {
        const MachineRecord *rec = m->record;
        bool color = colors_wanted(STDOUT_FILENO);
        char id[33];

        printf("%s●%s %s (%s)\n", color ? m->state == MACHINE_RUNNING ? "\x1b[32m" : "\x1b[33m" : "", color ? "\x1b[0m" : "",
               rec->name, id128_to_text(rec->id, id));
        print_state(m);
        if (m->leader_fd >= 0)
                show_line("Leader", "%d, supervised by %d", (int) rec->leader, (int) rec->supervisor);
        print_reboots(rec);
        if (rec->version > RECORD_VERSION)
                show_line("Record", "of a newer nbox: what more it says is not understood here");
        print_init(m);
        if (rec->os)
                show_line("OS", "%s", rec->os);
        if (rec->root)
                show_line("Root", "%s", rec->root);
        if (rec->uid_range > 0)
                show_line("Users", "%u to %u of the host", rec->uid_base, rec->uid_base + rec->uid_range - 1);
        if (rec->selinux)
                show_line("SELinux", "%s", rec->selinux);
        if (rec->apparmor)
                show_line("AppArmor", "%s", rec->apparmor);
        status_network(m);
        show_lines("Settings", rec->settings_files);
        print_units(rec);
        if (m->leader_fd >= 0)
                print_processes(m);
}

static json_t *processes_to_json(const Machine *m) {
        json_t *all = json_array();
        GuestProcesses p;

        if (guest_processes_read(m, &p, NULL) < 0)
                return all;
        for (size_t i = 0; i < p.n; i++)
                json_array_append_new(all, json_pack("{s:i, s:o, s:o}", "PID", (int) p.items[i].pid, "Group",
                                                     json_text(p.items[i].group), "Command", json_text(p.items[i].command)));
        guest_processes_done(&p);
        return all;
}

/* What `show --json` says, and the processes; as there, a list only where several names are given. */
static int print_json(const VerbArgs *args, Error **reterr) {
        json_t *all = json_array(), *only;

        for (int i = 0; i < args->n_operands; i++) {
                _cleanup_(machine_freep) Machine *m = NULL;
                json_t *o;
                int r;

                r = machine_find(args->operands[i], &m, reterr);
                if (r < 0) {
                        json_decref(all);
                        return r;
                }
                o = machine_to_json(m, NULL);
                json_object_set_new(o, "Processes", processes_to_json(m));
                json_array_append_new(all, o);
        }
        if (args->n_operands > 1)
                return json_print(all, reterr);
        only = json_incref(json_array_get(all, 0));
        json_decref(all);
        return json_print(only, reterr);
}

int verb_status(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                ;
        if (r >= 0)
                r = verb_check_operands(&args, 1, -1, reterr);
        if (r >= 0 && args.json)
                return print_json(&args, reterr);
        for (int i = 0; r >= 0 && i < args.n_operands; i++) {
                _cleanup_(machine_freep) Machine *m = NULL;

                r = machine_find(args.operands[i], &m, reterr);
                if (r < 0)
                        break;
                fputs(i > 0 ? "\n" : "", stdout);
                print_status(m);
        }
        return r;
}
