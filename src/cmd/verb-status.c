/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "logs.h"
#include "machine-json.h"
#include "host-machine.h"
#include "init-look.h"
#include "parse.h"
#include "status.h"
#include "table.h"
#include "verb-list.h"

/* One machine for people to read, in the form of machinectl(1) status. */

#define SHOWN_LINES 10
#define SHOWN_QUICK_REBOOTS 5 /* one or two may be a set-up's own */

const VerbOption status_options[] = {
        { { .name = "lines", .letter = 'n', .placeholder = "LINES" }, 'n', "How many of the last lines of its log, if not 10; or all" },
        { { .name = "output", .letter = 'o', .placeholder = "FORM" }, 'o', "The form of these lines, as nbox logs has it" },
        { { .name = "full", .letter = 'l' }, 'l', "Accepted and without effect: nothing is cut" },
        {},
};

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

        if (rec->frozen)
                show_line("State", "frozen%s%s: none of its processes runs; `nbox thaw %s` lets it go on",
                          m->state == MACHINE_RUNNING ? "" : " while ", m->state == MACHINE_RUNNING ? "" : machine_state_to_string(m->state),
                          rec->name);
        else if ((m->state == MACHINE_BOOTING || m->state == MACHINE_STARTING) && rec->waiting_for)
                show_line("State", "%s, waiting for %s, %" PRIu64 " s", machine_state_to_string(m->state), rec->waiting_for,
                     now > rec->started_usec ? (now - rec->started_usec) / 1000000 : 0);
        else
                show_line("State", "%s", machine_state_to_string(m->state));
        show_time("Since", rec->started_usec);
        if (rec->ready)
                show_time("Ready", rec->ready_usec);
}

static void print_health(const MachineRecord *rec) {
        if (rec->health == HEALTH_STATE_NONE)
                return;
        show_line("Health", "%s%s", health_state_to_string(rec->health),
                  rec->health == HEALTH_STATE_STARTING ? ": no check has held yet" : "");
        if (rec->health != HEALTH_STATE_STARTING)
                show_time("", rec->health_usec);
        if (rec->health_check)
                show_line("", "%s: %s", rec->health_check, rec->health_words ?: "no");
        if (rec->health_failures > 0)
                show_line("", "%u failure%s in a row", rec->health_failures, rec->health_failures == 1 ? "" : "s");
        if (rec->health_restarts > 0)
                show_line("", "%u restart%s for it in a row", rec->health_restarts, rec->health_restarts == 1 ? "" : "s");
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

static void print_status(const Machine *m) {
        const MachineRecord *rec = m->record;
        bool color = colors_wanted(STDOUT_FILENO);
        char id[33];

        printf("%s●%s %s (%s)\n", color ? m->state == MACHINE_RUNNING && !rec->frozen && rec->health != HEALTH_STATE_UNHEALTHY ? "\x1b[32m" : "\x1b[33m" : "", color ? "\x1b[0m" : "",
               rec->name, id128_to_text(rec->id, id));
        print_state(m);
        print_health(rec);
        if (m->leader_fd >= 0 && rec->engine)
                show_line("Leader", "%d, of an engine's container %s", (int) rec->leader, rec->engine);
        else if (m->leader_fd >= 0)
                show_line("Leader", "%d, supervised by %d", (int) rec->leader, (int) rec->supervisor);
        print_reboots(rec);
        if (rec->version > RECORD_VERSION)
                show_line("Record", "of a newer nbox: what more it says is not understood here");
        print_init(m);
        if (rec->os)
                show_line("OS", "%s", rec->os);
        if (rec->root)
                show_line("Root", "%s", rec->root);
        status_image(rec->root);
        if (rec->uid_range > 0)
                show_line("Users", "%u to %u of the host", rec->uid_base, rec->uid_base + rec->uid_range - 1);
        if (rec->selinux)
                show_line("SELinux", "%s", rec->selinux);
        if (rec->apparmor)
                show_line("AppArmor", "%s", rec->apparmor);
        status_usage(m);
        status_memory_kills(m);
        status_network(m);
        status_binds(m);
        show_lines("Settings", rec->settings_files);
        print_units(rec);
        if (m->leader_fd >= 0)
                status_processes(m);
}

/* ---- the last lines ---- */

typedef struct StatusArguments {
        size_t lines;
        LogFormat format;
} StatusArguments;

static int print_line(const LogLine *l, void *userdata) {
        const StatusArguments *a = userdata;

        log_print(l, a->format, 0);
        return 0;
}

static int add_line(const LogLine *l, void *userdata) {
        return json_array_append_new(userdata, log_line_to_json(l)) < 0 ? -ENOMEM : 0;
}

/* Logs are root's: others are shown what else there is. */
static void print_lines(const char *machine, StatusArguments *a) {
        if (a->lines == 0 || geteuid() != 0)
                return;
        putchar('\n');
        (void) log_tail(machine, a->lines, print_line, a);
}

static json_t *lines_to_json(const char *machine, const StatusArguments *a) {
        json_t *all = json_array();

        if (a->lines > 0 && geteuid() == 0)
                (void) log_tail(machine, a->lines, add_line, all);
        return all;
}

/* ---- one machine, running or not ---- */

#define NOT_RUNNING 3 /* as `systemctl status` has it */

static json_t *machine_json(const Machine *m) {
        json_t *o = machine_to_json(m, NULL);

        json_object_set_new(o, "Usage", status_usage_json(m));
        json_object_set_new(o, "Processes", status_processes_json(m));
        json_object_set_new(o, "Image", status_image_json(m->record->root));
        return o;
}

/* 0, or NOT_RUNNING. */
static int one_json(const char *name, const StatusArguments *a, json_t *all, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(machine_freep) Machine *m = NULL;
        int r = machine_find_or_host(name, &m, &error);
        json_t *o = r >= 0 ? machine_json(m) : r == -ESRCH ? status_stopped_json(name) : NULL;

        if (!o)
                return r < 0 ? error_pass(reterr, r, &error) : error_oom(reterr);
        json_object_set_new(o, "Lines", lines_to_json(name, a));
        json_array_append_new(all, o);
        return r < 0 ? NOT_RUNNING : 0;
}

/* What `show --json` says, and more; as there, a list only where several names are given. */
static int print_json(const VerbArgs *args, const StatusArguments *a, Error **reterr) {
        json_t *all = json_array(), *only;
        int status = 0, r;

        for (int i = 0; i < args->n_operands; i++) {
                r = one_json(args->operands[i], a, all, reterr);
                if (r < 0) {
                        json_decref(all);
                        return r;
                }
                status = r > 0 ? r : status;
        }
        if (args->n_operands > 1)
                r = json_print(all, reterr);
        else {
                only = json_incref(json_array_get(all, 0));
                json_decref(all);
                r = json_print(only, reterr);
        }
        return r < 0 ? r : status;
}

static int one(const char *name, StatusArguments *a, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(machine_freep) Machine *m = NULL;
        int r = machine_find_or_host(name, &m, &error);

        if (r >= 0)
                print_status(m);
        else if (r != -ESRCH || !status_stopped(name))
                return error_pass(reterr, r, &error);
        print_lines(name, a);
        return r < 0 ? NOT_RUNNING : 0;
}

static int take(StatusArguments *a, int id, const char *value, Error **reterr) {
        if (id == 'n')
                return log_lines_parse(value, &a->lines, reterr);
        return id == 'o' ? log_format_parse(value, &a->format, reterr) : 0;
}

int verb_status(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        StatusArguments a = { .lines = SHOWN_LINES };
        int status = 0, r;

        while ((r = verb_next(&args, reterr)) > 0) {
                r = take(&a, r, args.value, reterr);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = verb_check_operands(&args, 1, -1, reterr);
        if (r >= 0 && args.json)
                return print_json(&args, &a, reterr);
        for (int i = 0; r >= 0 && i < args.n_operands; i++) {
                fputs(i > 0 ? "\n" : "", stdout);
                r = one(args.operands[i], &a, reterr);
                status = r > 0 ? r : status;
        }
        return r < 0 ? r : status;
}
