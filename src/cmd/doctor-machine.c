/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What stands in the way of one machine: all that its start would look at, and what a start does not. */

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "cgroup.h"
#include "doctor-patient.h"
#include "link.h"
#include "machine.h"
#include "reach.h"
#include "settings-check.h"
#include "shell-word.h"

static void check_image(Doctor *d) {
        if (d->patient->missing)
                doctor_found_error(d, FOUND_STOPS, d->patient->missing);
}

static void found_remark(void *userdata, const SettingsRemark *remark) {
        _cleanup_free_ char *name = NULL;
        Doctor *d = userdata;

        if (remark->line > 0)
                doctor_found(d, remark->is_error ? FOUND_STOPS : FOUND_ADVICE, "%s:%u: %s", remark->path, remark->line, remark->text);
        else
                doctor_found(d, remark->is_error ? FOUND_STOPS : FOUND_ADVICE, "%s: %s", remark->path, remark->text);
        doctor_means(d, "%s", remark->hint ?: remark->is_error ? "Its start is refused until that is right" : "It is passed over");
        name = shell_word(doctor_patient_name(d->patient));
        if (name)
                doctor_mend(d, "nbox edit %s", name);
}

/* All that `nbox verify` finds, for a machine that has a name. */
static void check_settings(Doctor *d) {
        const Patient *p = d->patient;
        _cleanup_(settings_subject_done) SettingsSubject subject = {};
        SettingsWatch watch = { found_remark, d };
        size_t before = d->n_findings;

        if (!p->missing && !strchr(p->operand, '/') && settings_subject_find(doctor_patient_name(p), &subject, NULL) >= 0)
                (void) settings_check(&(SettingsCheck){ .subject = &subject, .watch = &watch }, NULL);
        if (p->settings_error && d->n_findings == before)
                doctor_found_error(d, FOUND_STOPS, p->settings_error);
}

/* No init, a template that is gone, labels that are required and not to be had, … */
static void check_plan(Doctor *d) {
        if (d->patient->plan_error)
                doctor_found_error(d, FOUND_STOPS, d->patient->plan_error);
}

static void check_init(Doctor *d) {
        const MachinePlan *p = d->patient->plan;

        if (!p || p->mode != START_BOOT || p->init.kind != INIT_OTHER || p->kill_signal >= 0)
                return;
        doctor_found(d, FOUND_ADVICE, "Its init, %s, is none that is known", p->argv[0]);
        doctor_means(d, "It is asked to end by its own `poweroff`, and killed when its time is up: Init= or KillSignal= of nbox.conf(5) tell what it understands");
}

static bool is_running(const Patient *p) {
        _cleanup_(machine_freep) Machine *m = NULL;

        return machine_open(doctor_patient_name(p), &m, NULL) >= 0;
}

static void look_at_nic(Doctor *d, Netlink *nl, const NicConfig *nic) {
        bool is_link = nic->kind == NIC_BRIDGE || nic->kind == NIC_MACVLAN || nic->kind == NIC_IPVLAN || nic->kind == NIC_INTERFACE;
        _cleanup_free_ char *word = shell_word(nic->link);
        LinkInfo link;

        if (!is_link || !word || link_get(nl, nic->link, &link) != -ENODEV || (nic->kind == NIC_INTERFACE && is_running(d->patient)))
                return;
        doctor_found(d, FOUND_STOPS, "It wants the host's %s '%s' (--network=%s:), which is not there", nic->kind == NIC_BRIDGE ? "bridge" : "interface",
                     nic->link, nic_kind_to_string(nic->kind));
        doctor_means(d, "Its start is refused until it is");
        if (nic->kind == NIC_BRIDGE)
                doctor_mend(d, "ip link add name %s type bridge && ip link set %s up", word, word);
}

static void check_network(Doctor *d) {
        const MachinePlan *p = d->patient->plan;
        _cleanup_(netlink_freep) Netlink *nl = NULL;

        if (!p || netlink_new(NETLINK_ROUTE, -1, &nl) < 0)
                return;
        for (size_t i = 0; i < p->nics.n; i++)
                look_at_nic(d, nl, p->nics.items + i);
        if (p->network_namespace && access(p->network_namespace, F_OK) < 0) {
                doctor_found(d, FOUND_STOPS, "It is to live in the network namespace %s, which is not there", p->network_namespace);
                doctor_means(d, "Its start is refused until it is");
                if (strncmp(p->network_namespace, "/run/netns/", 11) == 0 && shell_word_is_plain(p->network_namespace + 11))
                        doctor_mend(d, "ip netns add %s", p->network_namespace + 11);
        }
}

static void check_binds(Doctor *d) {
        const MachinePlan *p = d->patient->plan;

        for (size_t i = 0; p && i < p->n_mounts; i++) {
                const MountStep *m = p->mounts + i;
                _cleanup_free_ char *word = m->source ? shell_word(m->source) : NULL;

                if (m->kind != MOUNT_STEP_BIND || m->from_root || m->optional || !word || access(m->source, F_OK) >= 0 || errno != ENOENT)
                        continue;
                doctor_found(d, FOUND_STOPS, "What is to be seen in it as %s is not there: %s", m->destination, m->source);
                doctor_means(d, "Its start is refused until it is; with \"-\" before the source it would do without");
                doctor_mend(d, "mkdir -p %s", word);
        }
}

static void look_at_place(Doctor *d, const char *path, const char *whose) {
        _cleanup_free_ char *by = NULL, *word = NULL;
        char *slash;
        bool named;

        if (tree_is_reachable(path, &by) <= 0 || !(slash = strrchr(by, '/')))
                return;
        doctor_found(d, FOUND_TAKES, "Users of this host can reach %s", by);
        doctor_means(d, "A setuid program that root makes inside runs with %s rights for them: keep it below a directory that is root's alone", whose);
        *slash = 0;
        named = *by && strrchr(by, '/') > by; /* nobody shall close /srv or /home */
        word = shell_word(by);
        if (named && word)
                doctor_mend(d, "chmod 0700 %s", word);
}

static void check_reach(Doctor *d) {
        const MachinePlan *p = d->patient->plan;

        if (!p)
                return;
        if (p->is_plain && plan_writes_as_root(p))
                look_at_place(d, p->root, "the host root's");
        for (size_t i = 0; p->userns && i < p->n_mounts; i++)
                if (p->mounts[i].kind == MOUNT_STEP_BIND && p->mounts[i].idmap != MOUNT_IDMAP_NO && !p->mounts[i].from_root &&
                    !(p->mounts[i].attr & MOUNT_ATTR_RDONLY))
                        look_at_place(d, p->mounts[i].source, "its owner's");
}

/* Their systemd is older than 230, the first that knows the unified hierarchy as kernels have it. */
static const struct {
        const char *id, *version; /* up to the first dot */
} old_systems[] = {
        { "centos", "7" }, { "rhel", "7" }, { "ol", "7" }, { "scientific", "7" }, { "debian", "8" }, { "ubuntu", "16" }, { "sles", "12" }, { "opensuse", "42" },
};

static void check_os(Doctor *d) {
        const OsRelease *os = &d->patient->os;
        const MachinePlan *p = d->patient->plan;
        const char *mount = cgroup_mount_point();

        if (!p || p->mode != START_BOOT || p->init.kind != INIT_SYSTEMD || !os->id || !os->version_id || !mount || strcmp(mount, "/sys/fs/cgroup") != 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(old_systems); i++) {
                size_t n = strlen(old_systems[i].version);

                if (strcmp(os->id, old_systems[i].id) != 0 || strncmp(os->version_id, old_systems[i].version, n) != 0 ||
                    (os->version_id[n] && os->version_id[n] != '.'))
                        continue;
                doctor_found(d, FOUND_STOPS, "The systemd of %s knows the old hierarchies of control groups alone, which this host has not got",
                             os->pretty_name ?: os->id);
                doctor_means(d, "It stops at \"Failed to mount cgroup\": upgrade systemd inside to 230 or later, or boot another init (--init=)");
        }
}

const DoctorCheck machine_checks[] = {
        { "image", "whether there is one of that name", check_image },
        { "settings", "its settings", check_settings },
        { "start", "what a start would decide", check_plan },
        { "init", "its init", check_init },
        { "os", "what its system is known to need", check_os },
        { "links", "interfaces of the host's that it wants", check_network },
        { "binds", "files of the host's that it is to see", check_binds },
        { "files", "whether users of the host can reach its files", check_reach, .needs_root = true },
        {},
};
