/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "group-names.h"

#include "machine-order.h"
#include "name.h"
#include "record.h"
#include "start-order.h"

static int add(char ***list, const char *name, Error **reterr) {
        return strv_contains(*list, name) || strv_append(list, name) >= 0 ? 0 : error_oom(reterr);
}

static bool has_record(const char *name) {
        _cleanup_free_ char *path = record_path(name);

        return path && access(path, F_OK) >= 0;
}

static int add_group(char ***list, const char *group, bool running, Error **reterr) {
        _cleanup_strv_ char **members = NULL;
        size_t before = strv_length(*list);
        int r = machine_order_group(group + (*group == '@'), &members, reterr);

        for (char **m = members; r >= 0 && m && *m; m++)
                if (!running || has_record(*m))
                        r = add(list, *m, reterr);
        if (r < 0)
                return r;
        if (strv_length(members) == 0) {
                error_set(reterr, ENOENT, "No machine is in the group '%.80s'", group);
                return error_hint(reterr, -ENOENT, "`nbox enable list` shows the groups that there are.");
        }
        return before < strv_length(*list) || !running ? 0 : error_set(reterr, ESRCH, "No machine of the group '%.80s' is running", group);
}

static int list_names(const VerbArgs *args, char *const *groups, bool running, char ***ret, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        int r = strv_length(groups) > 0 ? 0 : verb_check_operands(args, 1, -1, reterr);

        for (int i = 0; r >= 0 && i < args->n_operands; i++) {
                r = machine_name_check(args->operands[i], reterr);
                if (r >= 0)
                        r = add(&names, args->operands[i], reterr);
        }
        for (; r >= 0 && groups && *groups; groups++)
                r = add_group(&names, *groups, running, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(names);
        return r;
}

int group_names(const VerbArgs *args, char *const *groups, char ***ret, Error **reterr) {
        return list_names(args, groups, false, ret, reterr);
}

int group_names_to_end(const VerbArgs *args, char *const *groups, char ***ret, Error **reterr) {
        _cleanup_(start_order_done) StartOrder order = {};
        int r = list_names(args, groups, true, ret, reterr);
        size_t n = r < 0 ? 0 : strv_length(*ret);

        if (r < 0 || strv_length(groups) == 0)
                return r;
        r = start_order_load(NULL, 0, &order, reterr);
        if (r < 0) {
                strv_free(*ret);
                *ret = NULL;
                return r;
        }
        start_order_sort(&order, *ret, n);
        for (size_t i = 0; i < n / 2; i++) {
                char *other = (*ret)[i];

                (*ret)[i] = (*ret)[n - 1 - i];
                (*ret)[n - 1 - i] = other;
        }
        return 0;
}
