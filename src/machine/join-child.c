/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "join-child.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "caps.h"
#include "exit-status.h"
#include "fd.h"
#include "file.h"
#include "namespace.h"
#include "path.h"
#include "process.h"
#include "seccomp.h"

/* Two processes, for setns(2) moves only the children into a pid namespace:
 *
 *   the joiner    a child of the caller's, born in the machine's cgroup, on the host's side of the pid namespace, so
 *                 that nothing in the machine can see it or trace it. It is not dumpable all the same (CVE-2016-9962), and
 *                 before it enters any namespace it holds no descriptor but the six it needs (CVE-2016-8649). It gives up
 *                 what the machine may not do before there is anything inside to see: without a user namespace, root inside
 *                 may trace whatever is in its pid namespace, dumpable or not.
 *   the command   its child in the pid namespace, but by CLONE_PARENT the caller's own to wait for. It stays
 *                 non-dumpable until execve(), and waits for a byte from the caller until the joiner has ended.
 *
 * Where the machine has a user namespace, no fork of them is made: they have the caller's memory (vfork.h), the joiner
 * standing still until the command has been executed, and the caller until the joiner has ended. Nobody inside can see
 * into that memory: it belongs to the host's user namespace, and not even who becomes root inside may trace it.
 */

enum { ROOT_FD = 3, LEADER_FD = 4, SOCK_FD = 5, FIRST_UNUSED_FD = 6 };

static _Noreturn void fail(const JoinPlan *p, JoinStage stage, int error) {
        JoinMessage m = { .stage = stage, .value = error };

        if (p->shared)
                p->shared->failure = m;
        else
                (void) send(SOCK_FD, &m, sizeof(m), MSG_NOSIGNAL);
        _exit(stage != JOIN_EXEC ? EXIT_OWN_FAILURE : error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE);
}

/* Only what is needed, at numbers known beforehand. What does not stand where it is to be is moved out of the way first: they may stand in
 * each other's place. */
static void arrange_fds(const JoinPlan *p) {
        int from[FIRST_UNUSED_FD] = { p->fds[0], p->fds[1], p->fds[2], p->guest->root, p->guest->leader_fd, p->sock };

        for (int i = 0; i < FIRST_UNUSED_FD; i++) {
                if (from[i] < FIRST_UNUSED_FD && from[i] != i)
                        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_UNUSED_FD);
                if (from[i] < 0)
                        _exit(EXIT_OWN_FAILURE);
        }
        for (int i = 0; i < FIRST_UNUSED_FD; i++)
                if ((from[i] != i ? dup3(from[i], i, i <= STDERR_FILENO ? 0 : O_CLOEXEC) :
                     fcntl(i, F_SETFD, i <= STDERR_FILENO ? 0 : FD_CLOEXEC)) < 0)
                        _exit(EXIT_OWN_FAILURE);
        (void) close_range(FIRST_UNUSED_FD, ~0U, 0);
}

/* As init has them. Raising a hard limit takes a capability that we may lack: then it is as high as ours. */
static void take_limits(const Guest *g) {
        for (int i = 0; i < RLIM_NLIMITS; i++) {
                enum __rlimit_resource what = (enum __rlimit_resource) i;
                struct rlimit ours, want = g->limits[i];

                if (setrlimit(what, &want) >= 0 || getrlimit(what, &ours) < 0)
                        continue;
                if (want.rlim_max > ours.rlim_max)
                        want.rlim_max = ours.rlim_max;
                if (want.rlim_cur > want.rlim_max)
                        want.rlim_cur = want.rlim_max;
                (void) setrlimit(what, &want);
        }
        schedule_take(&g->schedule);
        if (g->has_cpus)
                (void) sched_setaffinity(0, sizeof(g->cpus), &g->cpus);
        if (g->is_32bit)
                (void) personality(PER_LINUX32);
}

static void take_session(const JoinPlan *p) {
        if (setsid() < 0)
                fail(p, JOIN_SESSION, errno);
        if (p->terminal && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
                fail(p, JOIN_SESSION, errno);
        umask(022);
}

/* The filter needs CAP_SYS_ADMIN in the machine's user namespace, so it comes before the ids. */
static void take_bounds(const JoinPlan *p) {
        const Guest *g = p->guest;
        int r;

        if (!(g->namespaces & CLONE_NEWUSER)) /* which has its own */
                (void) prctl(PR_SET_SECUREBITS, 0);
        r = caps_drop_bounding(g->cap_bounding);
        if (r >= 0 && g->filter)
                r = seccomp_apply(g->filter, g->n_filter);
        else if (r >= 0 && g->filtered)
                r = seccomp_apply_default(g->namespaces & CLONE_NEWUSER);
        if (r >= 0)
                r = caps_limit(g->cap_bounding | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID)); /* the ids are yet to come */
        if (r < 0)
                fail(p, JOIN_PRIVILEGES, -r);
}

static void take_ids(const JoinPlan *p) {
        int r;

        /* Without groups to set, a user namespace whose setgroups is "deny" is no obstacle: there are none to lose. */
        if (setgroups(p->user->n_groups, p->user->groups) < 0 && (p->user->n_groups > 0 || errno != EPERM))
                fail(p, JOIN_IDS, errno);
        if (setresgid(p->user->gid, p->user->gid, p->user->gid) < 0 || setresuid(p->user->uid, p->user->uid, p->user->uid) < 0)
                fail(p, JOIN_IDS, errno);
        r = caps_limit(p->guest->cap_bounding);
        if (r >= 0)
                r = caps_clear_inheritable_ambient();
        if (r < 0)
                fail(p, JOIN_PRIVILEGES, -r);
        if (p->guest->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                fail(p, JOIN_PRIVILEGES, errno);
        (void) prctl(PR_SET_DUMPABLE, 0); /* the change of ids may have set it anew */
}

static void take_directory(const JoinPlan *p) {
        if (p->chdir) {
                if (chdir(p->chdir) < 0)
                        fail(p, JOIN_CHDIR, errno);
        } else if (chdir(p->user->home) < 0 && chdir("/") < 0)
                fail(p, JOIN_CHDIR, errno);
        if (!path_cwd_is_inside())
                fail(p, JOIN_CHDIR, EXDEV);
}

/* By now, when its end would be told by a signal. */
static bool caller_has_ended(const JoinPlan *p) {
        char go;

        if (p->shared)
                return poll(&(struct pollfd){ .fd = SOCK_FD, .events = POLLIN }, 1, 0) > 0;
        return recv(SOCK_FD, &go, 1, 0) != 1;
}

static _Noreturn void run_command(const JoinPlan *p) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (caller_has_ended(p))
                _exit(EXIT_OWN_FAILURE);
        process_reset_usual_signals();
        take_session(p);
        (void) prctl(PR_SET_PDEATHSIG, p->end_signal);
        take_directory(p);
        (void) close_range(SOCK_FD + 1, ~0U, 0);
        environ = p->environment;
        execvp(p->file, p->argv);
        fail(p, JOIN_EXEC, errno);
}

static int run_command_shared(void *plan) {
        run_command(plan);
}

static void enter(const JoinPlan *p) {
        const Guest *g = p->guest;

        if (g->namespaces && setns(LEADER_FD, (int) g->namespaces) < 0)
                fail(p, JOIN_SETNS, errno);
        if (fchdir(ROOT_FD) < 0 || chroot(".") < 0 || chdir("/") < 0)
                fail(p, JOIN_ROOT, errno);
        close_fd(ROOT_FD);
        close_fd(LEADER_FD);
}

/* The caller's child. A machine's own filter may know only the older call. */
static pid_t fork_inside(void) {
        int pidfd;
        pid_t pid = clone_into(CLONE_PARENT, -1, &pidfd);

        if (pid == -ENOSYS || pid == -EPERM)
                pid = (pid_t) syscall(SYS_clone, CLONE_PARENT, NULL, NULL, NULL, NULL);
        return pid == -1 ? -errno : pid;
}

static _Noreturn void begin_command(JoinPlan *p) {
        JoinMessage m = { .stage = JOIN_STARTED };
        pid_t pid = p->shared ? vfork_beside(&p->shared->stacks[0], run_command_shared, p, &p->shared->command) : fork_inside();

        if (pid < 0)
                fail(p, JOIN_FORK, -pid);
        if (pid == 0)
                run_command(p);
        m.value = pid;
        if (!p->shared)
                (void) send(SOCK_FD, &m, sizeof(m), MSG_NOSIGNAL);
        _exit(0);
}

_Noreturn void join_child(JoinPlan *p) {
        int r;

        (void) prctl(PR_SET_DUMPABLE, 0);
        arrange_fds(p);
        if (!p->shared) /* which is the caller's, too */
                process_forget_environment();
        /* Here, for /proc is the host's still; the command inherits them, and its exec is what they are for. */
        r = task_labels_set_for_exec(&p->labels, NULL);
        if (r < 0)
                fail(p, JOIN_LABEL, -r);
        (void) syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); /* the host's keys stay outside */
        (void) file_write(AT_FDCWD, "/proc/self/oom_score_adj", p->guest->oom_score_adj);
        take_limits(p->guest);
        enter(p);
        take_bounds(p);
        take_ids(p);
        begin_command(p);
}

int join_child_shared(void *plan) {
        join_child(plan);
}
