/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "join.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "fd.h"
#include "guest-environment.h"
#include "join-launch.h"
#include "log.h"
#include "path.h"
#include "pty.h"
#include "relabel.h"
#include "strv.h"

/* Everything is looked up and opened here, on the host and by fd; then join-child.c enters. What is run inside joins
 * init's own leaf of the cgroup tree, for a systemd guest with controllers on lets no process into the others (EBUSY). The
 * child is born there (clone3), for moving a process takes milliseconds. */

#define TTY_GID 5 /* group "tty" of every distribution; where it is not mapped, the pty keeps root's */
#define PIPEFS_MAGIC_NUMBER 0x50495045

/* What is owned while a join is prepared. */
typedef struct Join {
        const JoinRequest *request;
        Guest guest;
        GuestUser *user;
        const MachineRecord *record; /* its labels */
        MachineRecord *own_record;   /* that was read for it */
        char **environment;
        char *login_argv[2]; /* "-sh", NULL */
        int pty;
        int opened[3];       /* of ours, to be closed; -1 where the request's own is used */
        JoinPlan plan;
} Join;

static void join_done(Join *j) {
        guest_done(&j->guest);
        guest_user_free(j->user);
        record_free(j->own_record);
        strv_free(j->environment);
        free(j->login_argv[0]);
        close_fd(j->pty);
        for (size_t i = 0; i < 3; i++)
                close_fd(j->opened[i]);
}

void joined_done(Joined *j) {
        j->pidfd = close_fd(j->pidfd);
        j->pty = close_fd(j->pty);
}

static int set_env(Join *j, const char *name, const char *value) {
        _cleanup_free_ char *s = NULL;

        if (asprintf(&s, "%s=%s", name, value) < 0)
                return -ENOMEM;
        return strv_env_set(&j->environment, s);
}

static int build_environment(Join *j, Error **reterr) {
        char *const *extra = j->request->environment;
        int r;

        r = strv_append(&j->environment, "PATH=" GUEST_PATH);
        if (r >= 0)
                r = set_env(j, "HOME", j->user->home);
        if (r >= 0)
                r = set_env(j, "USER", j->user->name);
        if (r >= 0)
                r = set_env(j, "LOGNAME", j->user->name);
        if (r >= 0)
                r = set_env(j, "SHELL", j->user->shell);
        if (r >= 0 && j->request->stdio != JOIN_STDIO)
                r = set_env(j, "TERM", guest_own_term());
        if (r >= 0)
                r = strv_append(&j->environment, j->guest.container ?: GUEST_CONTAINER);
        if (r >= 0 && j->guest.container_uuid)
                r = strv_append(&j->environment, j->guest.container_uuid);
        for (; r >= 0 && extra && *extra; extra++) {
                r = strv_env_set(&j->environment, *extra);
                if (r == -EINVAL)
                        return error_set(reterr, EINVAL, "'%s' is not NAME=VALUE", *extra);
        }
        return r < 0 ? error_oom(reterr) : 0;
}

static int choose_command(Join *j, Error **reterr) {
        const char *base = strrchr(j->user->shell, '/');

        if (j->request->argv && j->request->argv[0]) {
                j->plan.file = j->request->argv[0];
                j->plan.argv = j->request->argv;
                return 0;
        }
        if (asprintf(&j->login_argv[0], "-%s", base ? base + 1 : j->user->shell) < 0)
                return error_oom(reterr);
        j->plan.file = j->user->shell;
        j->plan.argv = j->login_argv;
        return 0;
}

static uid_t host_uid(const Join *j, uid_t uid) {
        return guest_map_uid(&j->guest, uid);
}

/* /dev/pts of the machine, which the machine can have made anything of: only a devpts is used. */
static int open_devpts(const Join *j, Error **reterr) {
        _cleanup_close_ int pts = open_in_root(j->guest.root, "/dev/pts", O_PATH | O_DIRECTORY, 0);
        struct statfs fs;

        if (pts < 0)
                return error_errno(reterr, pts, "Cannot open /dev/pts of machine '%s'", j->request->name);
        if (fstatfs(pts, &fs) < 0)
                return error_errno(reterr, errno, "Cannot look at /dev/pts of machine '%s'", j->request->name);
        if (fs.f_type != DEVPTS_SUPER_MAGIC)
                return error_set(reterr, EUCLEAN, "/dev/pts of machine '%s' is no devpts: there is no terminal to be had",
                                 j->request->name);
        return TAKE_FD(pts);
}

/* A new terminal belongs to whoever uses it, as grantpt(3) would have it, but by the machine's ids. */
static int open_pty(Join *j, Error **reterr) {
        _cleanup_close_ int pts = open_devpts(j, reterr), slave = -1;
        unsigned number;

        if (pts < 0)
                return pts;
        j->pty = pty_open(pts, &number);
        if (j->pty < 0)
                return error_errno(reterr, j->pty, "Cannot make a terminal in machine '%s'", j->request->name);
        if (j->request->size && ioctl(j->pty, TIOCSWINSZ, j->request->size) < 0)
                return error_errno(reterr, errno, "Cannot set the size of the new terminal in machine '%s'", j->request->name);
        slave = pty_open_peer(j->pty, O_RDWR);
        if (slave < 0)
                return error_errno(reterr, slave, "Cannot open the new terminal in machine '%s'", j->request->name);
        if (fchown(slave, host_uid(j, j->user->uid), guest_map_gid(&j->guest, TTY_GID)) < 0 || fchmod(slave, 0620) < 0)
                return error_errno(reterr, errno, "Cannot hand the new terminal over to user '%s'", j->user->name);
        for (size_t i = 0; i < 3; i++)
                j->plan.fds[i] = slave;
        j->opened[0] = TAKE_FD(slave);
        return 0;
}

/* A terminal that is there: looked at through O_PATH before it is opened, and only one of a devpts, for any other
 * device is not for us to open. */
static int open_tty(Join *j, Error **reterr) {
        _cleanup_close_ int found = open_in_root(j->guest.root, j->request->tty, O_PATH, 0), tty = -1;
        struct statfs fs;

        if (found < 0)
                return error_errno(reterr, found, "Cannot open %s of machine '%s'", j->request->tty, j->request->name);
        if (fstatfs(found, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
                return error_set(reterr, EUCLEAN, "%s of machine '%s' is no terminal of nbox's", j->request->tty, j->request->name);
        tty = fd_reopen(found, O_RDWR);
        if (tty < 0)
                return error_errno(reterr, tty, "Cannot open %s of machine '%s'", j->request->tty, j->request->name);
        for (size_t i = 0; i < 3; i++)
                j->plan.fds[i] = tty;
        j->opened[0] = TAKE_FD(tty);
        return 0;
}

/* As one of its file systems. */
static void label_pipe(const Join *j, int fd) {
        int r = file_label_set(fd, j->record->selinux_mounts);

        if (r < 0)
                log_debug("Cannot label descriptor %d as the machine's: %s, ignoring", fd, strerror(-r));
}

/* /dev/stderr is opened anew, through /proc, by what writes to it: a pipe must then belong to a user that exists inside. An
 * anonymous pipe's inode is nobody else's; a FIFO in a file system is left alone. */
static void hand_over_pipe(const Join *j, int fd) {
        uid_t uid = host_uid(j, j->user->uid);
        struct statfs fs;
        struct stat st;

        if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode) || fstatfs(fd, &fs) < 0 || fs.f_type != PIPEFS_MAGIC_NUMBER)
                return;
        if (j->record->selinux_mounts)
                label_pipe(j, fd);
        if (st.st_uid == uid || (!(j->guest.namespaces & CLONE_NEWUSER) && j->user->uid == 0))
                return;
        if (fchown(fd, uid, (gid_t) -1) < 0)
                log_debug("Cannot hand descriptor %d over to uid %u: %s, ignoring", fd, uid, strerror(errno));
}

static int check_fd(const Join *j, int fd, Error **reterr) {
        if (fd < 0 || !fd_is_place(fd))
                return 0;
        error_set(reterr, EISDIR, "Descriptor %d is a directory of the host's, and is not handed into machine '%s'", fd, j->request->name);
        return error_hint(reterr, -EISDIR, "Root inside could leave by it. Redirect it from or to a file, a pipe or /dev/null.");
}

static int use_fds(Join *j, Error **reterr) {
        for (size_t i = 0; i < 3; i++) {
                int r = check_fd(j, j->request->fds[i], reterr);

                if (r < 0)
                        return r;
                j->plan.fds[i] = j->request->fds[i];
                if (j->plan.fds[i] < 0) {
                        j->opened[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
                        if (j->opened[i] < 0)
                                return error_errno(reterr, errno, "Cannot open /dev/null");
                        j->plan.fds[i] = j->opened[i];
                }
                hand_over_pipe(j, j->plan.fds[i]);
        }
        return 0;
}

/* Init cannot leave the user namespace that it was given, nor come by the host's network again. */
static uint64_t own_namespaces(const MachineRecord *r) {
        if (r->uid_base == 0 || (r->network != NETWORK_OWN && r->network != NETWORK_NONE))
                return 0;
        return CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWCGROUP;
}

static int prepare(Join *j, Error **reterr) {
        const JoinRequest *q = j->request;
        int r;

        r = q->record ? 0 : record_load(q->name, &j->own_record, reterr);
        if (r < 0)
                return r;
        j->record = q->record ?: j->own_record;
        r = guest_open_own(&j->guest, q->name, q->leader, q->leader_fd, own_namespaces(j->record), reterr);
        if (r >= 0)
                r = guest_user_find(j->guest.root, q->user, &j->user, reterr);
        if (r < 0)
                return r;
        if (host_uid(j, j->user->uid) == (uid_t) -1 || (j->user->gid > 0 && guest_map_gid(&j->guest, j->user->gid) == (gid_t) -1))
                return error_set(reterr, EINVAL, "User '%s' (uid %u, gid %u) is outside of the ids that machine '%s' has",
                                 j->user->name, j->user->uid, j->user->gid, q->name);
        r = build_environment(j, reterr);
        if (r >= 0)
                r = choose_command(j, reterr);
        if (r >= 0)
                r = q->stdio == JOIN_PTY ? open_pty(j, reterr) : q->stdio == JOIN_TTY ? open_tty(j, reterr) : use_fds(j, reterr);
        if (r < 0)
                return r;
        j->plan.guest = &j->guest;
        j->plan.own_users = j->record->uid_base > 0;
        j->plan.user = j->user;
        j->plan.labels = (TaskLabels){ .selinux = j->record->selinux, .apparmor = j->record->apparmor };
        j->plan.environment = j->environment;
        j->plan.chdir = q->chdir;
        j->plan.terminal = q->stdio != JOIN_STDIO;
        j->plan.end_signal = q->end_signal > 0 ? q->end_signal : SIGKILL;
        return 0;
}

/* Entering is where it shows that a kind of namespace is not the machine's own. */
static int launch(Join *j, Joined *ret, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = join_launch(&j->plan, ret, &error);

        if ((r != -EPERM && r != -EINVAL) || !j->guest.assumed)
                return r == 0 ? 0 : error_pass(reterr, r, &error);
        r = guest_compare_namespaces(&j->guest, reterr);
        return r < 0 ? r : join_launch(&j->plan, ret, reterr);
}

int join_start(const JoinRequest *request, Joined *ret, Error **reterr) {
        Join j = { .request = request, .guest = { .proc = -1, .root = -1 }, .pty = -1, .opened = { -1, -1, -1 } };
        int r;

        r = prepare(&j, reterr);
        if (r >= 0)
                r = launch(&j, ret, reterr);
        if (r == 0)
                ret->pty = TAKE_FD(j.pty);
        join_done(&j);
        return r;
}
