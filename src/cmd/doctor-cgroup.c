/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Control groups: which hierarchy, and what it can limit. And whether all of this is itself in somebody's container. */

#include <string.h>

#include "cgroup.h"
#include "doctor.h"
#include "idrange.h"

static void check_hierarchy(Doctor *d) {
        const char *mount = cgroup_mount_point();

        if (mount && strcmp(mount, "/sys/fs/cgroup") == 0)
                return;
        if (mount) {
                doctor_found(d, FOUND_TAKES, "The host has the old hierarchies of control groups beside the new one (hybrid)");
                doctor_means(d, "Machines run, but none can be limited in memory, processor or processes");
        } else {
                doctor_found(d, FOUND_STOPS, "The host has no unified hierarchy of control groups (cgroup v2)");
                doctor_means(d, "Machines have no group of their own, by which they are frozen and ended");
        }
        doctor_mend_kernel_argument(d, "systemd.unified_cgroup_hierarchy=1");
}

static bool has_word(const char *list, const char *word) {
        size_t n = strlen(word);

        for (const char *at = list; (at = strstr(at, word)); at += n)
                if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == 0 || at[n] == '\n'))
                        return true;
        return false;
}

static void check_controllers(Doctor *d) {
        static const struct {
                const char *name, *lost;
        } wanted[] = {
                { "memory", "MemoryMax=, and a machine can use up the host's memory" },
                { "pids", "TasksMax=, and a machine can use up the host's processes" },
                { "cpu", "CPUQuota= and CPUWeight=" },
                { "io", "IOReadBandwidthMax= and the like" },
        };
        _cleanup_free_ char *have = NULL;
        const char *mount = cgroup_mount_point();

        if (!mount || strcmp(mount, "/sys/fs/cgroup") != 0 || cgroup_controllers(&have) < 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                char argument[64];

                if (has_word(have, wanted[i].name))
                        continue;
                doctor_found(d, FOUND_TAKES, "The controller '%s' cannot be used in the unified hierarchy", wanted[i].name);
                doctor_means(d, "There is no %s", wanted[i].lost);
                snprintf(argument, sizeof(argument), "cgroup_enable=%s", wanted[i].name);
                if (strcmp(wanted[i].name, "memory") == 0)
                        doctor_mend_kernel_argument(d, argument);
        }
}

/* As many as all machines but ours; a container has as many as somebody gave it. */
static void check_container(Doctor *d) {
        _cleanup_(idranges_done) UidRanges ours = {};
        _cleanup_free_ char *manager = doctor_text("/run/host/container-manager"), *by = doctor_text("/run/systemd/container");
        const char *who = manager ?: by;
        bool all = idranges_of_ours(&ours) < 0 || (ours.n == 1 && ours.items[0].base == 0 && ours.items[0].count == UINT32_MAX);

        if (!who && all)
                return;
        doctor_found(d, FOUND_ADVICE, "This host is itself a container%s%.*s", who ? " of " : "", who ? (int) strcspn(who, "\n") : 0, who ?: "");
        doctor_means(d, "%s", all ? "What its own host does not allow it, machines here have not got: loop devices, kernel modules, mounts of disks"
                                  : "Machines here have the user ids that it was given, no loop devices or kernel modules of their own, and no more "
                                    "than it has itself: on its host, --nesting gives it more");
}

const DoctorCheck cgroup_checks[] = {
        { "cgroups", "the hierarchy of control groups", check_hierarchy },
        { "controllers", "what of machines can be limited", check_controllers },
        { "container", "whether this is a container", check_container },
        {},
};
