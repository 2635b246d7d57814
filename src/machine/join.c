/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "join.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include "clock.h"
#include "exit-status.h"
#include "fd.h"
#include "guest-environment.h"
#include "join-child.h"
#include "log.h"
#include "namespace.h"
#include "path.h"
#include "pidfd.h"
#include "pty.h"
#include "record.h"
#include "relabel.h"
#include "strv.h"

/* Everything is looked up and opened here, on the host and by fd; then join-child.c enters. What is run inside joins
 * init's own leaf of the cgroup tree, for a systemd guest with controllers on lets no process into the others (EBUSY). The
 * child is born there (clone3), for moving a process takes milliseconds. */

#define CGROUP_TRIES 20
#define CGROUP_PAUSE_USEC (5 * 1000)
#define TTY_GID 5 /* group "tty" of every distribution; where it is not mapped, the pty keeps root's */
#define PIPEFS_MAGIC_NUMBER 0x50495045

/* What is owned while a join is prepared. */
typedef struct Join {
        const JoinRequest *request;
        Guest guest;
        GuestUser *user;
        MachineRecord *record; /* its labels */
        char **environment;
        char *login_argv[2]; /* "-sh", NULL */
        int pty;
        int opened[3];       /* of ours, to be closed; -1 where the request's own is used */
        JoinPlan plan;
} Join;

static void join_done(Join *j) {
        guest_done(&j->guest);
        guest_user_free(j->user);
        record_free(j->record);
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
        return guest_map_id(j->guest.uids, j->guest.n_uids, uid);
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
        if (fchown(slave, host_uid(j, j->user->uid), guest_map_id(j->guest.gids, j->guest.n_gids, TTY_GID)) < 0 || fchmod(slave, 0620) < 0)
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

        if (j->record->selinux_mounts && fstatfs(fd, &fs) >= 0 && fs.f_type == PIPEFS_MAGIC_NUMBER)
                label_pipe(j, fd);
        if (!(j->guest.namespaces & CLONE_NEWUSER) && j->user->uid == 0)
                return;
        if (fstatfs(fd, &fs) < 0 || fs.f_type != PIPEFS_MAGIC_NUMBER || fstat(fd, &st) < 0 || st.st_uid == uid)
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

static int prepare(Join *j, Error **reterr) {
        const JoinRequest *q = j->request;
        int r;

        r = guest_open(&j->guest, q->name, q->leader, q->leader_fd, reterr);
        if (r >= 0)
                r = record_load(q->name, &j->record, reterr);
        if (r >= 0)
                r = guest_user_find(j->guest.root, q->user, &j->user, reterr);
        if (r < 0)
                return r;
        if (host_uid(j, j->user->uid) == (uid_t) -1 || guest_map_id(j->guest.gids, j->guest.n_gids, j->user->gid) == (gid_t) -1)
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
        j->plan.user = j->user;
        j->plan.labels = (TaskLabels){ .selinux = j->record->selinux, .apparmor = j->record->apparmor };
        j->plan.environment = j->environment;
        j->plan.chdir = q->chdir;
        j->plan.terminal = q->stdio != JOIN_STDIO;
        j->plan.end_signal = q->end_signal > 0 ? q->end_signal : SIGKILL;
        return 0;
}

/* fork() into init's cgroup. A systemd guest moves its init into a leaf while it starts: then the group that was read
 * is no leaf any more (EBUSY), or has gone, and is read again. */
static pid_t fork_into_guest(const Join *j, int *ret_pidfd) {
        for (int tries = 0;; tries++) {
                _cleanup_close_ int cgroup = guest_open_cgroup(&j->guest);
                pid_t pid;

                if (cgroup < 0 && cgroup != -ENOENT)
                        return cgroup;
                pid = clone_into(0, cgroup, ret_pidfd);
                if (pid >= 0 || (pid != -EBUSY && pid != -ENODEV && pid != -ENOENT) || tries == CGROUP_TRIES)
                        return pid;
                clock_pause(CGROUP_PAUSE_USEC);
        }
}

static int stage_error(const Join *j, const JoinMessage *m, Error **reterr) {
        const char *name = j->request->name;

        switch (m->stage) {
        case JOIN_LABEL:
                return error_errno(reterr, m->value, "Cannot take the label of machine '%s', %s", name,
                                   j->plan.labels.selinux ?: j->plan.labels.apparmor);
        case JOIN_SETNS:
                if (m->value == ESRCH)
                        return error_set(reterr, ESRCH, "The machine '%s' has ended", name);
                return error_errno(reterr, m->value, "Cannot enter the namespaces of machine '%s'", name);
        case JOIN_ROOT:
                return error_errno(reterr, m->value, "Cannot enter the root directory of machine '%s'", name);
        case JOIN_FORK:
                if (m->value == ENOMEM) /* what fork says when a pid namespace's init has gone */
                        return error_set(reterr, ESRCH, "The machine '%s' has ended, or is out of memory", name);
                return error_errno(reterr, m->value, "Cannot start a process in machine '%s'", name);
        case JOIN_SESSION:
                return error_errno(reterr, m->value, "Cannot open a session on the terminal in machine '%s'", name);
        case JOIN_PRIVILEGES:
                return error_errno(reterr, m->value, "Cannot give up what machine '%s' may not do", name);
        case JOIN_IDS:
                return error_errno(reterr, m->value, "Cannot become user '%s' in machine '%s'", j->user->name, name);
        case JOIN_CHDIR:
                return error_errno(reterr, m->value, "Cannot change into directory '%s' in machine '%s'", j->plan.chdir ?: "/", name);
        case JOIN_EXEC:
                error_errno(reterr, m->value, "Cannot execute '%s' in machine '%s'", j->plan.file, name);
                return m->value == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
        default:
                return error_set(reterr, EPROTO, "Cannot start a process in machine '%s'", name);
        }
}

static void reap(pid_t pid) {
        while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

/* The joiner's word, then the command's: it says something only when it fails, and the socket closes on execve(). */
static int follow(Join *j, int sock, pid_t joiner, pid_t *ret_pid, Error **reterr) {
        JoinMessage m = {};
        pid_t pid;
        ssize_t n;
        int r;

        n = fd_recv(sock, &m, sizeof(m), NULL, NULL);
        reap(joiner);
        if (n != sizeof(m))
                return error_set(reterr, EPROTO, "The process that was to enter machine '%s' has ended before its time", j->request->name);
        if (m.stage != JOIN_STARTED)
                return stage_error(j, &m, reterr);
        pid = m.value;
        r = fd_send(sock, "", 1, NULL, 0);
        n = r >= 0 ? fd_recv(sock, &m, sizeof(m), NULL, NULL) : 0;
        if (n == sizeof(m)) {
                reap(pid);
                return stage_error(j, &m, reterr);
        }
        *ret_pid = pid;
        return 0;
}

static int launch(Join *j, Joined *ret, Error **reterr) {
        _cleanup_close_ int ours = -1, joiner_fd = -1, pidfd = -1;
        int pair[2], r;
        pid_t joiner, pid = 0;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a socket pair");
        ours = pair[0];
        j->plan.sock = pair[1];
        joiner = fork_into_guest(j, &joiner_fd);
        if (joiner == 0)
                join_child(&j->plan);
        close_fd(pair[1]);
        if (joiner < 0)
                return error_errno(reterr, joiner, "Cannot start a process in the cgroup of machine '%s'", j->request->name);
        r = follow(j, ours, joiner, &pid, reterr);
        if (r != 0)
                return r;
        pidfd = pidfd_of(pid);
        if (pidfd < 0)
                return error_errno(reterr, pidfd, "Cannot follow the process in machine '%s'", j->request->name);
        *ret = (Joined){ .pid = pid, .pidfd = TAKE_FD(pidfd), .pty = TAKE_FD(j->pty) };
        return 0;
}

int join_start(const JoinRequest *request, Joined *ret, Error **reterr) {
        Join j = { .request = request, .guest = { .proc = -1, .root = -1 }, .pty = -1, .opened = { -1, -1, -1 } };
        int r;

        r = prepare(&j, reterr);
        if (r >= 0)
                r = launch(&j, ret, reterr);
        join_done(&j);
        return r;
}
