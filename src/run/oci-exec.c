/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-exec.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "apparmor.h"
#include "caps.h"
#include "fd.h"
#include "file.h"
#include "guest-environment.h"
#include "guest-user.h"
#include "label.h"
#include "limit-text.h"
#include "path.h"
#include "process.h"
#include "rlimits.h"
#include "strv.h"
#include "task-label.h"

int oci_exec_limits(const OciProcess *p, pid_t pid, Error **reterr) {
        char path[64], text[16];
        int r = 0;

        for (size_t i = 0; r >= 0 && i < p->n_limits; i++) {
                r = limits_give(pid, p->limits[i].resource, &p->limits[i].value);
                if (r < 0)
                        return error_errno(reterr, r, "process.rlimits: cannot set %s", p->limits[i].name);
        }
        if (!p->oom_asked)
                return 0;
        snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int) pid);
        snprintf(text, sizeof(text), "%d", p->oom_score_adj);
        r = file_write(AT_FDCWD, path, text);
        return r < 0 ? error_errno(reterr, r, "process.oomScoreAdj: cannot set %s", text) : 0;
}

int oci_exec_labels(const OciProcess *p, Error **reterr) {
        TaskLabels labels = { .selinux = p->selinux, .apparmor = p->apparmor };

        return task_labels_set_for_exec(&labels, reterr);
}

int oci_exec_check(const OciProcess *p, const char *mount_label, Error **reterr) {
        if ((p->selinux || mount_label) && !label_is_enabled())
                return error_set(reterr, EOPNOTSUPP, "%s: SELinux is not enabled on this host", p->selinux ? "process.selinuxLabel" : "linux.mountLabel");
        return p->apparmor && strcmp(p->apparmor, "unconfined") != 0 ? apparmor_check(p->apparmor, reterr) : 0;
}

/* As whoever will execute it sees it: ids are not taken yet. */
static int try_file(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        return !S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0 ? -EACCES : 0;
}

int oci_exec_find(const OciProcess *p, char **ret, Error **reterr) {
        const char *file = p->args[0], *value = strv_env_get(p->env, "PATH");
        _cleanup_free_ char *path = NULL;
        char *state = NULL;
        int r = -ENOENT;

        if (strchr(file, '/')) {
                r = try_file(file);
                if (r >= 0)
                        return (*ret = strdup(file)) ? 0 : error_oom(reterr);
                return error_errno(reterr, r, "Cannot execute `%s`", file);
        }
        path = strdup(value ?: GUEST_PATH);
        for (char *dir = path ? strtok_r(path, ":", &state) : NULL; dir; dir = strtok_r(NULL, ":", &state)) {
                _cleanup_free_ char *full = NULL;
                int q;

                if (asprintf(&full, "%s/%s", dir, file) < 0)
                        return error_oom(reterr);
                q = try_file(full);
                if (q >= 0)
                        return (*ret = TAKE_PTR(full)) ? 0 : error_oom(reterr);
                if (q == -EACCES)
                        r = q;
        }
        return r == -EACCES ? error_errno(reterr, r, "Cannot execute `%s`", file) :
                error_errno(reterr, r, "executable file `%s` not found in $PATH", file);
}

static int schedule(const OciProcess *p, Error **reterr) {
        const OciScheduler *s = &p->scheduler;
        struct {
                uint32_t size, policy;
                uint64_t flags;
                int32_t nice;
                uint32_t priority;
                uint64_t runtime, deadline, period;
        } attr = { sizeof(attr), s->policy, s->flags, s->nice, s->priority, s->runtime, s->deadline, s->period };

        if (s->asked && syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
                return error_errno(reterr, errno, "process.scheduler: cannot set it");
        if (p->io_priority >= 0 && syscall(SYS_ioprio_set, 1, 0, p->io_priority) < 0)
                return error_errno(reterr, errno, "process.ioPriority: cannot set it");
        return 0;
}

int oci_exec_use_cpus(const char *list, Error **reterr) {
        cpu_set_t cpus;

        if (!list)
                return 0;
        if (cpu_list_parse(list, &cpus) < 0)
                return error_set(reterr, EINVAL, "process.execCPUAffinity: '%s' is no list of CPUs", list);
        return sched_setaffinity(0, sizeof(cpus), &cpus) < 0 ? error_errno(reterr, errno, "process.execCPUAffinity: cannot use %s", list) : 0;
}

static int filter(const OciExec *e, Error **reterr) {
        _cleanup_close_ int listener = -1;
        int r = oci_filter_apply(e->filter, &listener, reterr);

        return r < 0 || listener < 0 || !e->give_listener ? r : e->give_listener(listener, e->userdata, reterr);
}

/* Where new privileges may be had, only who has CAP_SYS_ADMIN may install a filter, so it comes while that is there. */
static int take_ids(const OciExec *e, Error **reterr) {
        const OciProcess *p = e->process;
        int r = p->no_new_privileges ? 0 : filter(e, reterr);

        if (r < 0)
                return r;
        r = caps_drop_bounding(p->capabilities[OCI_CAPS_BOUNDING]);
        if (r >= 0)
                r = caps_keep();
        if (r < 0)
                return error_errno(reterr, r, "Cannot drop capabilities");
        if (setgroups(p->n_groups, p->groups) < 0 && (p->n_groups > 0 || errno != EPERM)) /* a user namespace may forbid even none */
                return error_errno(reterr, errno, "process.user.additionalGids: cannot set them");
        if (setresgid(p->gid, p->gid, p->gid) < 0 || setresuid(p->uid, p->uid, p->uid) < 0)
                return error_errno(reterr, errno, "process.user: cannot become %u:%u", p->uid, p->gid);
        (void) prctl(PR_SET_DUMPABLE, 0);
        return 0;
}

static int take_capabilities(const OciExec *e, Error **reterr) {
        const uint64_t *sets = e->process->capabilities;
        int r = caps_set(sets[OCI_CAPS_EFFECTIVE], sets[OCI_CAPS_PERMITTED], sets[OCI_CAPS_INHERITABLE]);

        if (r < 0)
                return error_errno(reterr, r, "process.capabilities: cannot set them");
        r = caps_raise_ambient_of(sets[OCI_CAPS_AMBIENT]);
        if (r < 0)
                return error_errno(reterr, r, "process.capabilities.ambient: cannot raise them");
        if (!e->process->no_new_privileges)
                return 0;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return error_errno(reterr, errno, "process.noNewPrivileges: cannot set it");
        return filter(e, reterr);
}

/* As root first, which may go where the user may not; then as the user, who may have what root of a user namespace cannot see. */
static int enter_directory(const OciProcess *p, bool last, Error **reterr) {
        if (chdir(p->cwd) < 0 && (last || errno != EACCES))
                return error_errno(reterr, errno, "process.cwd: cannot change to %s", p->cwd);
        return last && !path_cwd_is_inside() ? error_set(reterr, EXDEV, "process.cwd: %s is outside of the container", p->cwd) : 0;
}

static int complete_environment(OciProcess *p, Error **reterr) {
        _cleanup_(guest_user_freep) GuestUser *user = NULL;
        _cleanup_close_ int root = -1;
        char text[16];

        if (strv_env_get(p->env, "HOME"))
                return 0;
        snprintf(text, sizeof(text), "%u", p->uid);
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0 || guest_user_find(root, text, &user, NULL) < 0)
                return 0;
        return strv_appendf(&p->env, "HOME=%s", user->home) < 0 ? error_oom(reterr) : 0;
}

int oci_exec(const OciExec *e, Error **reterr) {
        OciProcess *p = (OciProcess *) e->process; /* our own copy: we are past the clone */
        int r;

        process_reset_signals();
        umask(p->umask);
        if (e->personality >= 0 && personality((unsigned long) e->personality) < 0)
                return error_errno(reterr, errno, "linux.personality: cannot set it");
        r = complete_environment(p, reterr);
        if (r >= 0)
                r = schedule(p, reterr);
        if (r >= 0 && e->joins)
                r = oci_exec_use_cpus(p->cpus_final, reterr);
        if (r >= 0)
                r = enter_directory(p, false, reterr);
        if (r >= 0)
                r = take_ids(e, reterr);
        if (r >= 0)
                r = enter_directory(p, true, reterr);
        if (r >= 0)
                r = take_capabilities(e, reterr);
        if (r < 0)
                return r;
        if (syscall(SYS_close_range, 3 + e->preserve_fds, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot close what the container must not have");
        r = process_exec(p->args[0], p->args, p->env, GUEST_PATH);
        if (r == -ENOENT && !strchr(p->args[0], '/'))
                return error_errno(reterr, r, "executable file `%s` not found in $PATH", p->args[0]);
        return error_errno(reterr, r, "Cannot execute `%s`", p->args[0]);
}
