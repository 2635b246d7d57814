/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "own-group.h"

#include <string.h>

#include "cgroup-limits.h"
#include "cgroup.h"
#include "log.h"
#include "own-limits.h"
#include "provenance.h"
#include "resources.h"
#include "supervisor.h"

/* It stands below the group that we are in: whoever started us has bounded that, and so the machine.
 *
 * A controller is handed down only by groups that have no processes of their own, as we are one of ours; the root of all is exempt. So a
 * machine with limits is put below the nearest group above us that can hand down what it takes. */

static bool is_wanted(const MachinePlan *p, Resource r) {
        return p->resources[r] != NULL;
}

static int leave_out(MachinePlan *p, Resource r, int error, Error **reterr) {
        const char *word = resource_option(r)->spec.name, *from = p->resources_from[r];
        const char *why = error == -EBUSY ? "each group from nbox's own up has processes in it, and so hands none down"
                                          : "the host has it not there";

        if (from && strcmp(from, PROVENANCE_COMMAND_LINE) == 0) {
                error_set(reterr, EOPNOTSUPP, "--%s=%s needs systemd, or the kernel's %s controller in the unified cgroup hierarchy: %s",
                          word, p->resources[r], own_limit_controller(r), why);
                return error_hint(reterr, -EOPNOTSUPP, "Leave it out, or start the machine on a host that runs systemd.");
        }
        log_warning("%s=%s (%s) needs systemd, or the kernel's %s controller in the unified cgroup hierarchy: %s; %s runs without it, "
                    "ignoring", resource_option(r)->key, p->resources[r], from ?: "settings", own_limit_controller(r), why,
                    p->name);
        p->resources[r] = (free(p->resources[r]), NULL);
        return 0;
}

static bool has_word(const char *list, const char *word) {
        size_t n = strlen(word);

        for (; *list; list += strspn(list, " ")) {
                size_t k = strcspn(list, " ");

                if (k == n && strncmp(list, word, n) == 0)
                        return true;
                list += k;
        }
        return false;
}

int own_group_check(MachinePlan *p, Error **reterr) {
        _cleanup_free_ char *there = NULL;
        int r = 0;

        for (Resource i = 0; r >= 0 && i < RESOURCES; i++) {
                if (!is_wanted(p, i))
                        continue;
                if (!there)
                        (void) cgroup_controllers(&there);
                if (!there || !has_word(there, own_limit_controller(i)))
                        r = leave_out(p, i, -ENOENT, reterr);
        }
        return r;
}

/* Those that the host does not have are no reason to look further up. 0, or -EBUSY where it has one that cannot be had here; and why, for
 * each. */
static int enable_all(const Supervisor *s, const char *place, int ret_lacks[RESOURCES]) {
        int busy = 0;

        for (Resource i = 0; i < RESOURCES; i++) {
                int r = is_wanted(s->plan, i) ? cgroup_enable(place, own_limit_controller(i)) : 0;

                ret_lacks[i] = r == -EOPNOTSUPP ? -EBUSY : r; /* the former of a group of threads */
                if (ret_lacks[i] == -EBUSY)
                        busy = -EBUSY;
        }
        return busy;
}

static int find_place(Supervisor *s, char *place, Error **reterr) {
        int lacks[RESOURCES], r = 0;
        size_t own = strlen(place);
        bool any = false;

        for (Resource i = 0; i < RESOURCES; i++)
                any |= is_wanted(s->plan, i);
        if (!any)
                return 0;
        while (enable_all(s, place, lacks) < 0 && place[1]) {
                char *slash = strrchr(place, '/');

                slash[slash == place] = 0;
        }
        for (Resource i = 0; r >= 0 && i < RESOURCES; i++)
                if (lacks[i] < 0)
                        r = leave_out(s->plan, i, lacks[i], reterr);
        if (r >= 0 && strlen(place) < own)
                log_debug("%s is below %s, which hands controllers down", s->plan->name, place);
        return r;
}

int own_group_choose(Supervisor *s, Error **reterr) {
        _cleanup_free_ char *place = NULL;
        int r;

        if (s->bus)
                return 0;
        if (cgroup_of(0, &place) < 0 || !cgroup_mount_point()) {
                log_warning("There is no unified cgroup hierarchy here: processes of %s cannot be told from others if nbox is killed, "
                            "ignoring", s->plan->name);
                return 0;
        }
        r = find_place(s, place, reterr);
        if (r < 0)
                return r;
        if (asprintf(&s->cgroup, "%s/nbox-%s", strcmp(place, "/") == 0 ? "" : place, s->plan->name) < 0) {
                s->cgroup = NULL;
                return error_oom(reterr);
        }
        s->cgroup_owned = true;
        return 0;
}

int own_group_limit(Supervisor *s, Error **reterr) {
        int r = 0;

        for (Resource i = 0; r >= 0 && i < RESOURCES; i++)
                if (is_wanted(s->plan, i) && i != RESOURCE_OOM_POLICY) /* that one when the group has been handed over */
                        r = own_limit_put(s->cgroup, i, s->plan->resources[i], s->plan->root, reterr);
        return r;
}
