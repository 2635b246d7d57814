/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Machines as units of the host: start and stop. They ask systemd and do nothing themselves, so that a machine started here and one
 * started by `systemctl start nbox@NAME` are the same, and polkit decides who may. */

#include <string.h>

#include "group-names.h"
#include "many-units.h"
#include "password-agent.h"
#include "registration.h"
#include "verb-list.h"

const VerbOption group_options[] = {
        { { .name = "group", .placeholder = "GROUP" }, 'g', "All machines of that group" },
        {},
};

static int no_systemd(const char *verb, const char *name, Error **reterr) {
        error_set(reterr, EOPNOTSUPP, "systemd is not running here, and `nbox %s` is its job", verb);
        if (strcmp(verb, "start") == 0)
                return error_hint(reterr, -EOPNOTSUPP, "`nbox boot -d %s` starts the machine without it.", name);
        return error_hint(reterr, -EOPNOTSUPP, "`nbox poweroff %s` ends the machine.", name);
}

typedef int (*UnitsAction)(sd_bus *bus, char *const *names, Error **reterr);

static int do_all(int argc, char **argv, bool end, UnitsAction action, Error **reterr) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(password_agent_stop) pid_t agent = 0;
        _cleanup_strv_ char **names = NULL, **groups = NULL;
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                if (strv_append(&groups, args.value) < 0)
                        return error_oom(reterr);
        if (r >= 0)
                r = (end ? group_names_to_end : group_names)(&args, groups, &names, reterr);
        if (r >= 0)
                r = host_bus_open(&bus, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return no_systemd(argv[0], names[0], reterr);
        agent = password_agent_start();
        return action(bus, names, reterr);
}

int verb_start(int argc, char **argv, Error **reterr) {
        return do_all(argc, argv, false, many_units_start, reterr);
}

int verb_stop(int argc, char **argv, Error **reterr) {
        return do_all(argc, argv, true, many_units_stop, reterr);
}
