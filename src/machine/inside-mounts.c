/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inside-mounts.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "caps.h"
#include "exit-status.h"
#include "fd.h"
#include "guest.h"
#include "mount.h"
#include "namespace.h"
#include "process.h"

#define ID_RANGE 0x10000U
#define WATCH_MSEC 100
#define ALL_CAPABILITIES UINT64_MAX

typedef enum Stage {
        STAGE_STARTED, /* no failure */
        STAGE_SETNS,
        STAGE_ROOT,
        STAGE_MOUNTS,
        STAGE_IDS,
        STAGE_CAPABILITIES,
} Stage;

typedef struct StageMessage {
        Stage stage;
        int error; /* errno */
} StageMessage;

typedef struct Plan {
        const InsideRequest *request;
        int namespaces_fd;    /* the leader's pidfd, or a user namespace; -1: none to enter */
        int namespaces;       /* CLONE_NEW* of it */
        int root, null, sock;
        uint64_t capabilities;
} Plan;

/* ---- in the process ---- */

enum { SOCK_FD = 3, ROOT_FD = 4, NAMESPACES_FD = 5, FIRST_UNUSED_FD = 6 };

static _Noreturn void fail(Stage stage, int error) {
        (void) fd_send(SOCK_FD, &(StageMessage){ stage, error }, sizeof(StageMessage), NULL, 0);
        _exit(EXIT_OWN_FAILURE);
}

/* Only what is needed, at numbers known beforehand; all are moved out of the way first. */
static void arrange_fds(const Plan *p) {
        int from[FIRST_UNUSED_FD] = { p->null, p->null, p->null, p->sock, p->root, p->namespaces_fd >= 0 ? p->namespaces_fd : p->null };

        for (int i = 0; i < FIRST_UNUSED_FD; i++) {
                from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_UNUSED_FD);
                if (from[i] < 0)
                        _exit(EXIT_OWN_FAILURE);
        }
        for (int i = 0; i < FIRST_UNUSED_FD; i++)
                if (dup3(from[i], i, O_CLOEXEC) < 0)
                        _exit(EXIT_OWN_FAILURE);
        (void) close_range(FIRST_UNUSED_FD, ~0U, 0);
}

static void enter_namespaces(const Plan *p) {
        if (p->namespaces && setns(NAMESPACES_FD, p->namespaces) < 0)
                fail(STAGE_SETNS, errno);
}

static void enter_root(void) {
        if (fchdir(ROOT_FD) < 0 || chroot(".") < 0 || chdir("/") < 0)
                fail(STAGE_ROOT, errno);
}

/* A detached copy of all that is mounted beneath the root: it needs no mount point, and is gone with us. Private, or what is mounted
 * meanwhile would come without the attributes. Its descriptor stays open, for a detached tree ends with that; it leads nowhere else. */
static void take_mounts(const Plan *p) {
        struct mount_attr attr = { .attr_set = p->request->mount_attr, .propagation = MS_PRIVATE };
        int tree;

        if (!p->request->mount_attr)
                return;
        tree = mount_clone(AT_FDCWD, "/", true);
        if (tree < 0)
                fail(STAGE_MOUNTS, -tree);
        if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
                fail(STAGE_MOUNTS, errno);
        if (fchdir(tree) < 0 || chroot(".") < 0 || chdir("/") < 0)
                fail(STAGE_ROOT, errno);
}

/* Mounts are copied by who has rights over their namespace: the machine's root over the machine's, but over ours only we. */
static void enter(const Plan *p) {
        bool is_machine = p->request->leader_fd >= 0;

        if (is_machine)
                enter_namespaces(p);
        enter_root();
        take_mounts(p);
        if (!is_machine)
                enter_namespaces(p);
        (void) close_range(ROOT_FD, NAMESPACES_FD, 0);
}

static void take_rights(const Plan *p) {
        int r;

        if (setgroups(0, NULL) < 0 && errno != EPERM) /* "deny" in a user namespace: there are none to lose */
                fail(STAGE_IDS, errno);
        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                fail(STAGE_IDS, errno);
        r = caps_limit(p->capabilities & p->request->capabilities);
        if (r >= 0)
                r = caps_clear_inheritable_ambient();
        if (r < 0)
                fail(STAGE_CAPABILITIES, -r);
}

static _Noreturn void run_inside(const Plan *p, pid_t parent) {
        const InsideRequest *q = p->request;

        (void) prctl(PR_SET_DUMPABLE, 0);
        arrange_fds(p);
        process_forget_environment();
        (void) syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); /* the host's keys stay outside */
        enter(p);
        take_rights(p);
        (void) prctl(PR_SET_DUMPABLE, 0); /* a change of ids may set it anew, */
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* and clears this */
        if (getppid() != parent)
                _exit(EXIT_OWN_FAILURE);
        umask(0);
        if (fd_send(SOCK_FD, &(StageMessage){ STAGE_STARTED, 0 }, sizeof(StageMessage), NULL, 0) < 0)
                _exit(EXIT_OWN_FAILURE);
        _exit(q->run(SOCK_FD, q->userdata));
}

/* ---- the caller's side ---- */

static int stage_error(const InsideRequest *q, const StageMessage *m, Error **reterr) {
        switch (m->stage) {
        case STAGE_SETNS:
                if (m->error == ESRCH)
                        return error_set(reterr, ESRCH, "The machine '%s' has ended", q->name);
                return error_errno(reterr, m->error, "Cannot enter the namespaces of machine '%s'", q->name);
        case STAGE_ROOT:
                return error_errno(reterr, m->error, "Cannot enter the root directory of machine '%s'", q->name);
        case STAGE_MOUNTS:
                return error_errno(reterr, m->error, "Cannot make a copy of the mounts of machine '%s'", q->name);
        case STAGE_IDS:
                return error_errno(reterr, m->error, "Cannot become root of machine '%s'", q->name);
        default:
                return error_errno(reterr, m->error, "Cannot give up what machine '%s' may not do", q->name);
        }
}

/* Its first word. What it does until then may wait for a file system of the machine's. */
static int await_start(const InsideRequest *q, const CopyWatch *watch, int sock, Error **reterr) {
        struct pollfd p = { .fd = sock, .events = POLLIN };
        StageMessage m;

        for (;;) {
                int n = poll(&p, 1, watch ? WATCH_MSEC : -1);

                if (n < 0 && errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for the process in machine '%s'", q->name);
                if (n > 0)
                        break;
                if (watch && watch->is_cancelled && watch->is_cancelled(watch->userdata))
                        return error_set(reterr, ECANCELED, "Interrupted");
        }
        if (fd_recv(sock, &m, sizeof(m), NULL, NULL) != sizeof(m))
                return error_set(reterr, EPROTO, "The process that was to enter machine '%s' has ended before its time", q->name);
        return m.stage == STAGE_STARTED ? 0 : stage_error(q, &m, reterr);
}

static int start(Plan *plan, const CopyWatch *watch, InsideProcess *ret, Error **reterr) {
        const InsideRequest *q = plan->request;
        InsideProcess p = INSIDE_PROCESS_NONE;
        pid_t parent = getpid();
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a socket pair");
        p.sock = pair[0];
        plan->sock = pair[1];
        p.pid = clone_into(0, -1, &p.pidfd);
        if (p.pid == 0)
                run_inside(plan, parent);
        close_fd(pair[1]);
        if (p.pid < 0) {
                close_fd(pair[0]);
                return error_errno(reterr, p.pid, "Cannot start a process");
        }
        r = await_start(q, watch, p.sock, reterr);
        if (r < 0) {
                inside_mounts_done(&p);
                return r;
        }
        *ret = p;
        return 0;
}

static int start_in_machine(const InsideRequest *q, Plan *plan, const CopyWatch *watch, InsideProcess *ret, Error **reterr) {
        Guest guest = { .proc = -1, .root = -1 };
        int r = guest_open(&guest, q->name, q->leader, q->leader_fd, reterr);

        if (r < 0)
                return r;
        plan->namespaces_fd = q->leader_fd;
        plan->namespaces = (int) (guest.namespaces & (CLONE_NEWUSER | CLONE_NEWNS));
        plan->root = guest.root;
        plan->capabilities = guest.cap_bounding;
        r = start(plan, watch, ret, reterr);
        guest_done(&guest);
        return r;
}

static int start_in_tree(const InsideRequest *q, Plan *plan, const CopyWatch *watch, InsideProcess *ret, Error **reterr) {
        _cleanup_close_ int userns = q->uid_base > 0 ? userns_of_range(0, q->uid_base, ID_RANGE) : -1;

        if (q->uid_base > 0 && userns < 0)
                return error_errno(reterr, userns, "Cannot make a user namespace");
        plan->namespaces_fd = userns;
        plan->namespaces = userns >= 0 ? CLONE_NEWUSER : 0;
        plan->root = q->root;
        plan->capabilities = ALL_CAPABILITIES;
        return start(plan, watch, ret, reterr);
}

int inside_mounts_start(const InsideRequest *q, const CopyWatch *watch, InsideProcess *ret, Error **reterr) {
        _cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        Plan plan = { .request = q, .null = null };

        if (null < 0)
                return error_errno(reterr, errno, "Cannot open /dev/null");
        return q->leader_fd >= 0 ? start_in_machine(q, &plan, watch, ret, reterr) : start_in_tree(q, &plan, watch, ret, reterr);
}

int inside_mounts_end(InsideProcess *p) {
        int r = p->pid > 0 ? process_end(p->pid) : -ECHILD;

        close_fd(p->pidfd);
        close_fd(p->sock);
        *p = INSIDE_PROCESS_NONE;
        return r;
}
