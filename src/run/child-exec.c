/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child-exec.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "caps.h"
#include "guest-environment.h"
#include "guest-user.h"
#include "labels.h"
#include "leader-limits.h"
#include "process.h"
#include "seccomp.h"
#include "stub-init.h"


static int set_stdio(const ChildSetup *s, Error **reterr) {
        int fds[3] = { s->stdio[0], s->stdio[1], s->stdio[2] };
        _cleanup_close_ int console = -1;

        if (s->plan->console != CONSOLE_PIPE) {
                console = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
                if (console < 0)
                        return error_errno(reterr, errno, "Cannot open the machine's console");
                /* An init hands the terminal to whatever session it starts there; a command wants job control itself. */
                if (s->plan->mode == START_RUN && ioctl(console, TIOCSCTTY, 0) < 0)
                        return error_errno(reterr, errno, "Cannot take the machine's console");
                fds[0] = fds[1] = fds[2] = console;
        }
        for (int i = 0; i < 3; i++) {
                /* Never onto one that is still to be copied from. */
                fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
                if (fds[i] < 0)
                        return error_errno(reterr, errno, "Cannot set up standard input and output");
        }
        for (int i = 0; i < 3; i++)
                if (dup2(fds[i], i) < 0)
                        return error_errno(reterr, errno, "Cannot set up standard input and output");
        return 0;
}

static int become_user(const MachinePlan *p, const GuestUser *user, Error **reterr) {
        if (!p->user)
                return 0;
        if (p->ambient != 0 && caps_keep() < 0)
                return error_errno(reterr, errno, "Cannot keep capabilities");
        if (setgroups(user->n_groups, user->groups) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
            setresuid(user->uid, user->uid, user->uid) < 0)
                return error_errno(reterr, errno, "Cannot become user '%s' in the machine", p->user);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return error_errno(reterr, errno, "Cannot tie the machine to its supervisor");
        return 0;
}

/* The one that is made for a machine is not known to pass what is still to be done until the exec. */
static bool filters_early(const MachinePlan *p) {
        return p->userns && !p->filter;
}

static int install_filter(const MachinePlan *p, Error **reterr) {
        int r = p->filter ? seccomp_apply(p->filter, p->n_filter) : seccomp_apply_default(p->userns);

        return r < 0 ? error_errno(reterr, r, "Cannot install the system call filter") : 0;
}

int child_confine(const MachinePlan *p, Error **reterr) {
        int r;

        process_reset_signals();

        /* The session keyring of whoever started us is no concern of the machine's. */
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS && errno != EPERM && errno != EDQUOT)
                return error_errno(reterr, errno, "Cannot make a session keyring");
        r = caps_drop_bounding(p->capabilities);
        if (r >= 0)
                r = caps_clear_inheritable_ambient();
        if (r < 0)
                return error_errno(reterr, r, "Cannot drop capabilities");
        if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return error_errno(reterr, errno, "Cannot rule out new privileges");
        if (p->personality >= 0 && personality((unsigned long) p->personality) < 0)
                return error_errno(reterr, errno, "Cannot set the personality");
        return filters_early(p) ? install_filter(p, reterr) : 0;
}

static int exec_login_shell(char **env) {
        static char *const bash[] = { (char *) "-bash", NULL }, *const sh[] = { (char *) "-sh", NULL };

        execve("/bin/bash", bash, env);
        execve("/bin/sh", sh, env);
        return -errno;
}

/* Where a command begins that nobody told. */
static int go_home(const MachinePlan *p, const GuestUser *user, Error **reterr) {
        bool wanted = p->mode == START_RUN && (p->login_shell || (p->user && !p->as_nspawn));

        if (p->chdir || !wanted || chdir(user->home) >= 0 || chdir("/") >= 0)
                return 0;
        return error_errno(reterr, errno, "Cannot change to / in the machine");
}

static int complete_environment(MachinePlan *p, const GuestUser *user, Error **reterr) {
        static const char *const names[] = { "HOME", "USER", "LOGNAME", "SHELL" };
        const char *values[] = { user->home, user->name, user->name, user->shell };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *assignment = NULL;

                if (strv_env_get(p->environment, names[i]) || (p->mode == START_BOOT && i == 3))
                        continue;
                if (asprintf(&assignment, "%s=%s", names[i], values[i]) < 0 || strv_env_set(&p->environment, assignment) < 0)
                        return error_oom(reterr);
        }
        return 0;
}

/* Its child's exec is a transition like any init's. */
static int become_stub(const MachinePlan *p, const TaskLabelFiles *files, Error **reterr) {
        TaskLabels labels = labels_of_task(&p->labels);
        int r = task_labels_take(&labels, files, reterr);

        return r < 0 ? r : stub_init_fork(reterr);
}

int child_exec(const ChildSetup *s, const TaskLabelFiles *labels, bool *ret_executing, Error **reterr) {
        _cleanup_(guest_user_freep) GuestUser *user = NULL;
        MachinePlan *p = (MachinePlan *) s->plan; /* our own copy: we are past the clone */
        _cleanup_close_ int root = -1;
        int r;

        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return error_errno(reterr, errno, "Cannot open the machine's root");
        r = p->user ? guest_user_find(root, p->user, &user, reterr) : guest_root_find(root, &user, reterr); /* whose ids it has already */
        if (r < 0)
                return r;
        /* As images are made for that are to run as any user: what is theirs is group 0's. */
        if (p->user && !user->listed && !strchr(p->user, ':'))
                user->gid = 0;
        r = complete_environment(p, user, reterr);
        if (r < 0)
                return r;
        r = set_stdio(s, reterr);
        if (r < 0)
                return r;
        umask(0022);
        r = limits_settle(p, reterr);
        if (r < 0)
                return r;
        r = filters_early(p) ? 0 : install_filter(p, reterr); /* the stub, too: it is a process of the machine */
        if (r < 0)
                return r;
        if (p->stub_init) {
                r = become_stub(p, labels, reterr);
                if (r < 0)
                        return r;
                process_reset_signals();
        }
        r = become_user(p, user, reterr);
        if (r < 0)
                return r;
        r = p->ambient != 0 ? caps_raise_ambient(p->ambient) : 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot give the command its ambient capabilities");
        if (p->chdir && chdir(p->chdir) < 0)
                return error_errno(reterr, errno, "Cannot change to %s in the machine", p->chdir);
        r = go_home(p, user, reterr);
        if (r < 0)
                return r;
        /* Whatever else is open closes itself: this is the belt to those braces. */
        if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot close what the machine must not have");

        *ret_executing = true;
        r = p->login_shell ? exec_login_shell(p->environment) : process_exec(p->argv[0], p->argv, p->environment, GUEST_PATH);
        error_errno(reterr, r, "Cannot execute %s in the machine", p->argv[0]);
        if (r == -EACCES && p->labels.process)
                return error_hint(reterr, r, "SELinux may keep %s from it: does the policy let nbox into that, and it execute what lies in "
                                  "the tree (chcon -R)?", p->labels.process);
        return r;
}
