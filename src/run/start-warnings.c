/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start-warnings.h"

#include <sys/mount.h>

#include "cgroup.h"
#include "give.h"
#include "ifname.h"
#include "labels.h"
#include "log.h"
#include "nics.h"
#include "port-check.h"
#include "reach-warning.h"
#include "zone-info.h"

/* To whoever gets at its files from outside, a setuid program made inside is one of the host's root, where they are root's on disk; what is
 * mapped of the host's into the machine likewise. */
static void warn_of_reachable_files(const MachinePlan *p) {
        if (p->quiet || p->mode != START_BOOT)
                return;
        if (p->is_plain && plan_writes_as_root(p))
                warn_of_reachable(p->root, "the host's root's");
        for (size_t i = 0; p->userns && i < p->n_mounts; i++)
                if (p->mounts[i].kind == MOUNT_STEP_BIND && p->mounts[i].idmap != MOUNT_IDMAP_NO && !p->mounts[i].from_root &&
                    !(p->mounts[i].attr & MOUNT_ATTR_RDONLY))
                        warn_of_reachable(p->mounts[i].source, "its owner's");
}

/* Who requires labels is refused instead. */
static void warn_of_missing_labels(const MachinePlan *p) {
        if (!p->quiet && p->labels.missing)
                log_warning("%s: %s runs without SELinux labels of its own, ignoring", p->labels.missing, p->name);
}

#define NETWORKD "/system.slice/systemd-networkd.service"

/* The host's end of a pair that is called after the machine is for systemd-networkd's 80-container-ve.network. */
static void warn_of_unserved_veth(const MachinePlan *p) {
        char name[IFNAME_SIZE];

        if (!nic_list_has(&p->nics, NIC_VETH) || cgroup_populated(NETWORKD))
                return;
        ifname_fit("ve-", p->name, 0, name);
        log_warning("systemd-networkd does not run here, so nobody sets up %s, the host's end of the machine's link: start it (`systemctl "
                    "enable --now systemd-networkd`), do it yourself (`ip address add A/N dev %s; ip link set %s up`), or take "
                    "--network=zone", name, name, name);
}

/* What keeps nobody from starting it, and is not said in the background. */
static void warn_of_network(const MachinePlan *p) {
        if (p->quiet || p->network != NETWORK_OWN)
                return;
        if (p->detach)
                zone_warn_of_clashes(&p->nics);
        ports_warn_of_absent(&p->ports);
        warn_of_unserved_veth(p);
        give_warn(&p->nics);
}

/* A tree can have both, an init and what it is there for. */
static void warn_of_command(const MachineConfig *c, const MachinePlan *p) {
        if (!p->quiet && p->mode == START_BOOT && c->boot == 0)
                log_info("%s is there for a command, by its settings: `nbox run %s` starts that, and this boots %s", p->name, p->name,
                         p->argv[0]);
}

void start_warn(const MachineConfig *c, const MachinePlan *p) {
        warn_of_reachable_files(p);
        warn_of_missing_labels(p);
        warn_of_network(p);
        warn_of_command(c, p);
}
