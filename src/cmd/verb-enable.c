/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Machines that start with the host, and in which order: enable, disable, and what is enabled. The links are systemd's to make, so that
 * polkit decides who may; the order is ours (machine-order.h). */

#include <string.h>

#include "change.h"
#include "enabling.h"
#include "find.h"
#include "log.h"
#include "many-units.h"
#include "name.h"
#include "password-agent.h"
#include "registration.h"
#include "start-order.h"
#include "table.h"
#include "unit.h"
#include "verb-list.h"

#define MACHINES_TARGET "machines.target"

enum { ID_AFTER = 256, ID_BEFORE, ID_DELAY, ID_GROUP, ID_NOW };

const VerbOption enable_options[] = {
        { { .name = "after", .placeholder = "NAME|@GROUP,…" }, ID_AFTER, "Start it once these are up, where they start as well" },
        { { .name = "before", .placeholder = "NAME,…" }, ID_BEFORE, "Have these start once it is up" },
        { { .name = "delay", .placeholder = "TIME" }, ID_DELAY, "Start it so much later than it could" },
        { { .name = "group", .placeholder = "GROUP,…" }, ID_GROUP, "The groups that it belongs to" },
        { { .name = "now" }, ID_NOW, "Start it at once, too" },
        {},
};

const VerbOption disable_options[] = {
        { { .name = "now" }, ID_NOW, "Stop it at once, too" },
        {},
};

static int need_systemd(sd_bus **ret, const char *name, Error **reterr) {
        int r = host_bus_open(ret, reterr);

        if (r != 0)
                return r;
        error_set(reterr, EOPNOTSUPP, "systemd is not running here, and starting machines with the host is its job");
        return error_hint(reterr, -EOPNOTSUPP, "Without it, have the host's own start-up scripts run `nbox boot -d %s`.", name);
}

static int check_names(const VerbArgs *args, Error **reterr) {
        int r = verb_check_operands(args, 1, -1, reterr);

        for (int i = 0; r >= 0 && i < args->n_operands; i++)
                r = machine_name_check(args->operands[i], reterr);
        return r;
}

/* A misspelt name would be noticed only when the host starts. Who may not look is believed. */
static int check_image(const char *name, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        int r = image_find(name, &image, &error);

        return r == -ENOENT ? error_pass(reterr, r, &error) : 0;
}

/* ---- enable ---- */

typedef struct EnableArguments {
        OrderWish wish;
        bool now;
} EnableArguments;

static int take_option(EnableArguments *a, int option, const char *value, Error **reterr) {
        switch (option) {
        case ID_AFTER:
                return order_wish_after(&a->wish, value, reterr);
        case ID_BEFORE:
                return order_wish_before(&a->wish, value, reterr);
        case ID_GROUP:
                return order_wish_group(&a->wish, value, reterr);
        case ID_DELAY:
                return order_wish_delay(&a->wish, value, reterr);
        default:
                a->now = true;
                return 0;
        }
}

static int target_state(sd_bus *bus, char **ret, Error **reterr) {
        int r;

        r = unit_file_state(bus, MACHINES_TARGET, ret, reterr);
        if (r < 0 || **ret)
                return r;
        error_set(reterr, ENOENT, "%s, with which machines start, is not installed", MACHINES_TARGET);
        return error_hint(reterr, -ENOENT, "It comes with systemd-machined (on Debian: `apt install systemd-container`).");
}

typedef int (*LinkChange)(sd_bus *bus, const char *unit, Error **reterr);

static int change_links(sd_bus *bus, char *const *names, LinkChange change, Error **reterr) {
        int r = 0;

        for (; r >= 0 && *names; names++) {
                _cleanup_free_ char *unit = machine_service_name(*names);

                r = unit ? change(bus, unit, reterr) : error_oom(reterr);
        }
        return r;
}

/* An enabled machine starts with machines.target, which is of no use while that is disabled itself. */
static int enable(sd_bus *bus, const OrderWish *wish, char *const *names, Error **reterr) {
        _cleanup_free_ char *target = NULL;
        int r = target_state(bus, &target, reterr);

        if (r >= 0 && order_wish_is_given(wish))
                r = order_wish_apply(wish, names, reterr);
        if (r >= 0)
                r = change_links(bus, names, unit_enable, reterr);
        if (r >= 0 && strcmp(target, "disabled") == 0) {
                r = unit_enable(bus, MACHINES_TARGET, reterr);
                if (r >= 0)
                        log_info("%s was disabled and is enabled now: all enabled machines start with the host", MACHINES_TARGET);
        }
        return r < 0 ? r : units_reload(bus, reterr);
}

static int enable_names(const EnableArguments *a, const VerbArgs *args, Error **reterr) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(password_agent_stop) pid_t agent = 0;
        int r = check_names(args, reterr);

        for (int i = 0; r >= 0 && i < args->n_operands; i++)
                r = check_image(args->operands[i], reterr);
        if (r >= 0)
                r = need_systemd(&bus, args->operands[0], reterr);
        if (r < 0)
                return r;
        agent = password_agent_start();
        r = enable(bus, &a->wish, args->operands, reterr);
        return r < 0 || !a->now ? r : many_units_start(bus, args->operands, reterr);
}

int verb_enable(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        EnableArguments a = {};
        int r, option;

        while ((r = option = verb_next(&args, reterr)) > 0) {
                r = take_option(&a, option, args.value, reterr);
                if (r < 0)
                        break;
        }
        if (r >= 0)
                r = enable_names(&a, &args, reterr);
        order_wish_done(&a.wish);
        return r;
}

/* ---- disable ---- */

/* The order goes with the link, once that is gone: what is left of a crash between the two is taken by the next `enable`. */
static int forget_orders(char *const *names, Error **reterr) {
        _cleanup_close_ int lock = -1;
        int r = 0;

        if (geteuid() != 0)
                return 0;
        lock = change_lock(reterr);
        for (r = lock; r >= 0 && *names; names++)
                r = machine_order_save(*names, &(MachineOrder){}, reterr);
        return r < 0 ? r : 0;
}

int verb_disable(int argc, char **argv, Error **reterr) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(password_agent_stop) pid_t agent = 0;
        VerbArgs args = verb_args(argc, argv);
        bool now = false;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                now = true;
        if (r >= 0)
                r = check_names(&args, reterr);
        if (r >= 0)
                r = need_systemd(&bus, args.operands[0], reterr);
        if (r < 0)
                return r;
        agent = password_agent_start();
        r = now ? many_units_stop(bus, args.operands, reterr) : 0; /* in its order, which goes now */
        if (r != 0)
                return r;
        r = change_links(bus, args.operands, unit_disable, reterr);
        if (r >= 0)
                r = forget_orders(args.operands, reterr);
        return r < 0 ? r : units_reload(bus, reterr);
}

/* ---- enable list ---- */

static const char *const headings[] = { "MACHINE", "AFTER", "BEFORE", "DELAY", "GROUPS", NULL };

static int add_row(Table *t, const char *machine, const MachineOrder *o) {
        _cleanup_free_ char *after = strv_join(o->after, " "), *before = strv_join(o->before, " "), *groups = strv_join(o->groups, " "),
                            *delay = machine_order_delay(o);

        if (!after || !before || !groups || !delay)
                return -ENOMEM;
        return table_add(t, (const char *[]){ machine, after, before, o->delay_usec > 0 ? delay : NULL, groups });
}

static json_t *list_json(char *const *words) {
        json_t *list = json_array();

        for (; words && *words; words++)
                (void) json_array_append_new(list, json_text(*words));
        return list;
}

static json_t *row_json(const char *machine, const MachineOrder *o) {
        return json_pack("{s:s, s:o, s:o, s:I, s:o}", "machine", machine, "after", list_json(o->after), "before", list_json(o->before),
                         "delay_usec", (json_int_t) o->delay_usec, "groups", list_json(o->groups));
}

int verb_enable_list(int argc, char **argv, Error **reterr) {
        _cleanup_(start_order_done) StartOrder order = {};
        _cleanup_(table_freep) Table *t = table_new(headings);
        _cleanup_strv_ char **machines = NULL;
        VerbArgs args = verb_args(argc, argv);
        json_t *all = json_array();
        int r = verb_operands(&args, 0, 0, reterr);

        if (r >= 0)
                r = machines_enabled(&machines, reterr);
        if (r >= 0)
                r = start_order_load(NULL, 0, &order, reterr);
        if (r >= 0)
                start_order_sort(&order, machines, strv_length(machines));
        for (char **m = machines; r >= 0 && m && *m; m++) {
                _cleanup_(machine_order_done) MachineOrder o = {};

                r = machine_order_load(*m, &o, reterr);
                if (r >= 0 && (!t || add_row(t, *m, &o) < 0 || json_array_append_new(all, row_json(*m, &o)) < 0))
                        r = error_oom(reterr);
        }
        if (r < 0 || !args.json) {
                json_decref(all);
                if (r >= 0)
                        table_print_or(t, "No machine starts with the host.", stdout);
                return r;
        }
        return json_print(all, reterr);
}
