/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enabling.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "find.h"
#include "log.h"
#include "name.h"
#include "start-order.h"
#include "text.h"

void order_wish_done(OrderWish *w) {
        strv_free(w->after);
        strv_free(w->before);
        strv_free(w->groups);
        free(w->delay);
        *w = (OrderWish) {};
}

bool order_wish_is_given(const OrderWish *w) {
        return w->after_given || w->before_given || w->groups_given || w->delay;
}

static int check_group(const char *name, Error **reterr) {
        int r = machine_name_is_valid(name) ? 0 : -EINVAL;

        if (r < 0)
                error_set(reterr, EINVAL, "'%.80s' cannot be the name of a group", name);
        return r < 0 ? error_hint(reterr, r, "A group has a name as a machine has it: letters, digits, dots and dashes.") : 0;
}

static int check_machine(const char *name, Error **reterr) {
        if (*name != '@')
                return machine_name_check(name, reterr);
        error_set(reterr, EINVAL, "No machine can be told to start before a group: %.80s", name);
        return error_hint(reterr, -EINVAL, "Have the machines of the group start after it: `nbox enable --after=MACHINE …`.");
}

static int check_either(const char *name, Error **reterr) {
        return *name == '@' ? check_group(name + 1, reterr) : check_machine(name, reterr);
}

static int take(char ***list, const char *value, int (*check)(const char *name, Error **reterr), Error **reterr) {
        _cleanup_free_ char *copy = strdup(value);
        char *rest = copy;
        int r = copy ? 0 : error_oom(reterr);

        for (char *name; r >= 0 && (name = strsep(&rest, ","));) {
                if (!*name)
                        continue;
                r = check(name, reterr);
                if (r >= 0 && !strv_contains(*list, name) && strv_append(list, name) < 0)
                        r = error_oom(reterr);
        }
        return r;
}

int order_wish_after(OrderWish *w, const char *value, Error **reterr) {
        w->after_given = true;
        return take(&w->after, value, check_either, reterr);
}

int order_wish_before(OrderWish *w, const char *value, Error **reterr) {
        w->before_given = true;
        return take(&w->before, value, check_machine, reterr);
}

int order_wish_group(OrderWish *w, const char *value, Error **reterr) {
        w->groups_given = true;
        return take(&w->groups, value, check_group, reterr);
}

int order_wish_delay(OrderWish *w, const char *value, Error **reterr) {
        uint64_t usec;

        if (*value && machine_order_parse_delay(value, &usec) < 0) {
                error_set(reterr, EINVAL, "--delay=%.80s is no time, or more than a year", value);
                return error_hint(reterr, -EINVAL, "Try --delay=10s, or 2min.");
        }
        return string_set(&w->delay, value) < 0 ? error_oom(reterr) : 0;
}

/* ---- whom it names ---- */

/* A misspelt name would be noticed only when the host starts. Who may not look is believed. */
static int check_image(const char *name, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        int r = image_find(name, &image, &error);

        return r == -ENOENT ? error_pass(reterr, r, &error) : 0;
}

static int check_others(char *const *names, Error **reterr) {
        int r = 0;

        for (; r >= 0 && names && *names; names++)
                if (**names != '@')
                        r = check_image(*names, reterr);
        return r;
}

static bool is_nobodys(const char *group, char *const *machines) {
        _cleanup_strv_ char **members = NULL;

        if (machine_order_group(group, &members, NULL) < 0)
                return false;
        for (char **m = members; m && *m; m++)
                if (!strv_contains(machines, *m))
                        return false;
        return true;
}

/* The order is one of those that start: it has nobody start. */
static void tell_of_absent(char *const *names, char *const *machines) {
        _cleanup_strv_ char **enabled = NULL;

        if (machines_enabled(&enabled, NULL) < 0)
                return;
        for (; names && *names; names++)
                if (**names == '@' && is_nobodys(*names + 1, machines))
                        log_info("No machine is in the group %s yet: `nbox enable --group=%s NAME` puts one there", *names + 1, *names + 1);
                else if (**names != '@' && !strv_contains(enabled, *names) && !strv_contains(machines, *names))
                        log_info("%s does not start with the host itself: `nbox enable %s` has it do so", *names, *names);
}

/* ---- the change ---- */

static int replace(char ***list, char **by) {
        char **copy = strv_copy(by);

        if (!copy)
                return -ENOMEM;
        strv_free(*list);
        *list = copy;
        return 0;
}

static int change_one(const OrderWish *w, const char *machine, MachineOrder *o, Error **reterr) {
        int r = machine_order_load(machine, o, reterr);

        if (r < 0)
                return r;
        if ((w->after_given && replace(&o->after, w->after) < 0) || (w->before_given && replace(&o->before, w->before) < 0) ||
            (w->groups_given && replace(&o->groups, w->groups) < 0))
                return error_oom(reterr);
        if (w->delay) {
                o->delay_usec = 0;
                (void) (*w->delay && machine_order_parse_delay(w->delay, &o->delay_usec));
        }
        return 0;
}

/* "web after @db, @db after cache, cache after web": as it was said, not as it is stored. */
static int refuse_circle(char *const *circle, Error **reterr) {
        _cleanup_strv_ char **steps = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n = strv_length(circle);
        int r = 0;

        for (size_t i = n; r >= 0 && i-- > 1;)
                r = *circle[i] == '@' ? strv_appendf(&steps, "%s has %s", circle[i], circle[i - 1])
                                      : strv_appendf(&steps, "%s after %s", circle[i], circle[i - 1]);
        text = r < 0 ? NULL : strv_join(steps, ", ");
        if (!text)
                return error_oom(reterr);
        if (n == 2)
                return error_set(reterr, ELOOP, "The machine '%s' cannot start after itself", circle[0]);
        error_set(reterr, ELOOP, "The machine '%s' would start after itself: %s", circle[0], text);
        return error_hint(reterr, -ELOOP, "Nothing is changed. `nbox enable list` shows what there is.");
}

static int check_circles(const OrderChange *changes, size_t n, Error **reterr) {
        _cleanup_(start_order_done) StartOrder order = {};
        int r = start_order_load(changes, n, &order, reterr);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                _cleanup_strv_ char **circle = NULL;

                r = start_order_circle(&order, changes[i].machine, &circle, reterr);
                if (r >= 0 && circle)
                        r = refuse_circle(circle, reterr);
        }
        return r;
}

static int change_all(const OrderWish *w, char *const *machines, OrderChange *changes, size_t n, Error **reterr) {
        _cleanup_close_ int lock = change_lock(reterr);
        int r = lock < 0 ? lock : 0;

        for (size_t i = 0; r >= 0 && i < n; i++) {
                changes[i].machine = machines[i];
                r = change_one(w, machines[i], &changes[i].order, reterr);
        }
        if (r >= 0)
                r = check_circles(changes, n, reterr);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = machine_order_save(machines[i], &changes[i].order, reterr);
        return r;
}

int order_wish_apply(const OrderWish *w, char *const *machines, Error **reterr) {
        size_t n = strv_length(machines);
        _cleanup_free_ OrderChange *changes = calloc(n + 1, sizeof(*changes));
        int r;

        if (!changes)
                return error_oom(reterr);
        if (geteuid() != 0)
                return error_set(reterr, EPERM, "--after=, --before=, --group= and --delay= need root: they are kept in " UNIT_DIRECTORY);
        r = check_others(w->after, reterr);
        if (r >= 0)
                r = check_others(w->before, reterr);
        if (r >= 0)
                r = change_all(w, machines, changes, n, reterr);
        for (size_t i = 0; i < n; i++)
                machine_order_done(&changes[i].order);
        if (r < 0)
                return r;
        tell_of_absent(w->after, machines);
        tell_of_absent(w->before, machines);
        return 0;
}
