/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "child-exec.h"
#include "child-mounts.h"
#include "exit-status.h"
#include "fd.h"
#include "labels.h"
#include "lxcfs.h"
#include "mount.h"
#include "netns.h"
#include "process.h"
#include "pty.h"

static _Noreturn void fail(int socket, int r, bool exec, const Error *e) {
        ChildFailure f = { .type = CHILD_FAILED, .code = r, .exec = exec };

        snprintf(f.message, sizeof(f.message), "%s", e ? e->message : strerror(-r));
        if (e && e->hint)
                snprintf(f.hint, sizeof(f.hint), "%s", e->hint);
        (void) fd_send(socket, &f, sizeof(f), NULL, 0);
        _exit(EXIT_OWN_FAILURE);
}

/* Wait for one message of the parent's. The end of the stream is the end of the parent: leave quietly. */
static void expect(int socket, char type, int *fds, size_t n_fds) {
        size_t n = n_fds;
        char got;

        if (fd_recv(socket, &got, 1, fds, &n) != 1 || got != type || n != n_fds)
                _exit(EXIT_OWN_FAILURE);
}

/* What the supervisor has made. */
typedef struct Built {
        int root, sys_fs; /* sys_fs: or -1 */
        LxcfsFiles lxcfs;
        bool api_later, entered;
} Built;

static void expect_built(int socket, Built *ret) {
        int fds[2 + LXCFS_FILES];
        size_t n = ELEMENTSOF(fds), first;
        ChildBuilt built;

        if (fd_recv(socket, &built, sizeof(built), fds, &n) != sizeof(built) || built.type != CHILD_BUILT)
                _exit(EXIT_OWN_FAILURE);
        first = built.sys_fs ? 2 : 1;
        if (n < first || lxcfs_unpack(built.lxcfs, fds + first, n - first, &ret->lxcfs) < 0)
                _exit(EXIT_OWN_FAILURE);
        ret->root = fds[0];
        ret->api_later = built.api_later;
        ret->entered = built.entered;
        ret->sys_fs = built.sys_fs ? fds[1] : -1;
}

static void expect_api(int socket, ChildApiFds *ret) {
        int fds[3] = { -1, -1, -1 };
        size_t n = ELEMENTSOF(fds);
        ChildApi api;

        if (fd_recv(socket, &api, sizeof(api), fds, &n) != sizeof(api) || api.type != CHILD_API || n != (api.guarded ? 2 : 3))
                _exit(EXIT_OWN_FAILURE);
        *ret = (ChildApiFds){ .fds = { fds[0], fds[1] }, .sys_fs = fds[2], .guarded = api.guarded, .left = api.left };
}

/* While /proc is the host's, which no tree has had a hand in: for the exec of init, and for a stub that goes on as we are. */
static int set_labels(const MachinePlan *p, TaskLabelFiles *ret, Error **reterr) {
        TaskLabels labels = labels_of_task(&p->labels);
        int r = task_labels_set_for_exec(&labels, reterr);

        return r < 0 || !p->stub_init ? r : task_labels_open(&labels, ret, reterr);
}

/* Not at birth: to make a network namespace takes as long as half of the tree, which is built meanwhile. */
static int make_network(const ChildSetup *s, Error **reterr) {
        static const char made = CHILD_NETWORK;
        int r;

        if (!plan_makes_network(s->plan))
                return 0;
        if (unshare(CLONE_NEWNET) < 0) {
                r = -errno;
                error_errno(reterr, r, "Cannot make the machine's network namespace");
                return r == -ENOSPC ? error_hint(reterr, r, "See sysctl user.max_net_namespaces.") : r;
        }
        return fd_send(s->socket, &made, 1, NULL, 0);
}

/* Where nobody else sees to the network. */
static int bring_up_loopback(const MachinePlan *p, Error **reterr) {
        int r = p->network == NETWORK_NONE ? netns_loopback_up(-1) : 0;

        return r < 0 ? error_errno(reterr, r, "Cannot bring up the loopback interface of the machine") : 0;
}

static int become_root(Error **reterr) {
        if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return error_errno(reterr, errno, "Cannot become root of the user namespace");
        /* A change of ids clears both of these. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
                return error_errno(reterr, errno, "Cannot tie the machine to its supervisor");
        return 0;
}

/* The copy that unshare(CLONE_NEWNS) makes of the parent's mounts belongs to our user namespace, and the kernel
 * locks in it all that the parent stacked: what is read-only or hidden there stays so, whatever root does inside. */
static int enter_tree(const Built *built, Error **reterr) {
        _cleanup_close_ int copy = -1;
        int r;

        if (built->entered ? chdir("/") < 0 : fchdir(built->root) < 0)
                return error_errno(reterr, errno, "Cannot enter the machine's tree");
        /* The ipc namespace not at birth: its mqueue belongs to who we are when it is made. */
        if (unshare(CLONE_NEWNS | CLONE_NEWIPC) < 0)
                return error_errno(reterr, errno, "Cannot make a mount and an ipc namespace");
        if (built->entered)
                return 0;
        /* pivot_root(2) refuses a locked mount; a recursive copy of it is not locked, but what is in it is. */
        copy = mount_clone(AT_FDCWD, ".", true);
        if (copy < 0)
                return error_errno(reterr, copy, "Cannot copy the machine's mounts");
        r = move_mount(copy, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
        if (r < 0 || fchdir(copy) < 0)
                return error_errno(reterr, r < 0 ? r : errno, "Cannot enter the machine's mounts");
        return 0;
}

static int open_ptys(const MachinePlan *p, int *masters, size_t *ret_n, Error **reterr) {
        _cleanup_close_ int pts = -1;
        size_t n = 0, want = p->console == CONSOLE_PIPE ? 0 : 1 + p->n_ttys;

        *ret_n = 0;
        if (want == 0)
                return 0;
        pts = open("/dev/pts", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (pts < 0)
                return error_errno(reterr, errno, "Cannot open the machine's /dev/pts");
        for (; n < want; n++) {
                char place[16];
                int r;

                masters[n] = pty_open(pts, NULL);
                if (masters[n] < 0)
                        return error_errno(reterr, masters[n], "Cannot open a terminal in the machine");
                if (n == 0)
                        strcpy(place, "console");
                else
                        snprintf(place, sizeof(place), "tty%zu", n);
                r = child_place_tty(pts, (unsigned) n, place);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot put a terminal at /dev/%s", place);
        }
        *ret_n = n;
        return 0;
}

static int prepare(const ChildSetup *s, Built *built, int *masters, size_t *ret_n_masters, Error **reterr) {
        ChildApiFds api = { .fds = { -1, -1 }, .sys_fs = built->sys_fs };
        const MachinePlan *p = s->plan;
        int r;

        r = built->entered ? 0 : mount_pivot_to_cwd();
        if (r < 0)
                return error_errno(reterr, r, "Cannot make the tree the root");
        r = child_mount_own(p, reterr);
        if (r < 0)
                return r;
        if (p->hostname && sethostname(p->hostname, strlen(p->hostname)) < 0)
                return error_errno(reterr, errno, "Cannot set the host name");
        if (built->api_later) /* all that could be done without it has been done */
                expect_api(s->socket, &api);
        r = child_mount_api(p, &api, &built->lxcfs, reterr);
        close_fd(api.fds[0]);
        close_fd(api.fds[1]);
        close_fd(api.sys_fs);
        if (r < 0)
                return r;
        r = open_ptys(p, masters, ret_n_masters, reterr);
        if (r < 0)
                return r;
        r = s->stays ? child_mount_cgroup(reterr) : 0; /* here it costs less: nothing is shared yet */
        if (r < 0)
                return r;
        r = mount_propagation(AT_FDCWD, "/", MS_SHARED);
        if (r < 0)
                return error_errno(reterr, r, "Cannot share the machine's mounts among its own namespaces");
        return 0;
}

_Noreturn void child_main(const ChildSetup *s) {
        _cleanup_(error_freep) Error *error = NULL;
        TaskLabelFiles labels = TASK_LABEL_FILES_NONE;
        int masters[1 + PLAN_TTYS], r;
        Built built;
        static const char ready = CHILD_READY;
        bool executing = false;
        size_t n_masters = 0;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                fail(s->socket, -errno, false, NULL);
        r = make_network(s, &error); /* which the supervisor will wait for */
        if (r < 0)
                fail(s->socket, r, false, error);
        if (setsid() < 0)
                fail(s->socket, -errno, false, NULL);
        process_forget_environment(); /* a stub init (--as-pid2) keeps it as long as it runs */
        r = set_labels(s->plan, &labels, &error);
        if (r >= 0)
                r = child_confine(s->plan, &error); /* while the tree is built, which takes longer */
        if (r >= 0)
                r = bring_up_loopback(s->plan, &error);
        if (r < 0)
                fail(s->socket, r, false, error);
        expect_built(s->socket, &built);

        r = become_root(&error);
        if (r >= 0)
                r = enter_tree(&built, &error);
        if (r >= 0)
                r = prepare(s, &built, masters, &n_masters, &error);
        if (r < 0)
                fail(s->socket, r, false, error);

        r = fd_send(s->socket, &ready, 1, masters, n_masters);
        if (r < 0)
                _exit(EXIT_OWN_FAILURE);
        for (size_t i = 0; i < n_masters; i++)
                close_fd(masters[i]);

        expect(s->socket, CHILD_GO, NULL, 0);
        r = s->stays ? 0 : child_mount_cgroup(&error);
        if (r < 0)
                fail(s->socket, r, false, error);
        r = child_exec(s, &labels, &executing, &error);
        fail(s->socket, r, executing, error);
}
