/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "child.h"
#include "fd.h"
#include "leader-limits.h"
#include "log.h"
#include "namespace.h"
#include "netns.h"
#include "own-group.h"
#include "relabel.h"
#include "supervisor.h"

/* The machine's first process is born: into its cgroup, where that is known, with what it has of the caller's. */

/* The group that own_group_choose() chose. */
static int make_cgroup(Supervisor *s, int *ret_fd, Error **reterr) {
        int fd, r;

        *ret_fd = -1;
        if (!s->cgroup_owned)
                return 0;
        r = cgroup_create(s->cgroup);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make the cgroup %s", s->cgroup);
        fd = cgroup_open(s->cgroup);
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot open the cgroup %s", s->cgroup);
        r = own_group_limit(s, reterr);
        if (r < 0) {
                close_fd(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

static uint64_t namespaces(const MachinePlan *p) {
        return CLONE_NEWPID | CLONE_NEWUTS | (p->userns ? (uint64_t) CLONE_NEWUSER : 0); /* the others in child.c */
}

/* What it would be handed as standard input or output. */
static int check_stdio(const MachinePlan *p, Error **reterr) {
        for (int fd = 0; fd < 3 && p->console == CONSOLE_PIPE; fd++) {
                if (!fd_is_place(fd))
                        continue;
                error_set(reterr, EISDIR, "Descriptor %d is a directory of the host's, and is not handed into the machine", fd);
                return error_hint(reterr, -EISDIR, "Root inside could leave by it. Redirect it from or to a file, a pipe or /dev/null.");
        }
        return 0;
}

/* A pipe is somebody else's file, as a user namespace sees it: give it to root inside, or /dev/stderr cannot be opened. */
static void give_pipes(const MachinePlan *p) {
        if (p->console != CONSOLE_PIPE)
                return;
        for (int fd = 0; fd < 3; fd++) {
                struct stat st;

                if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode))
                        continue;
                if (p->userns && fchown(fd, p->uid_base, p->uid_base) < 0)
                        log_debug("Cannot give a pipe to the machine's root: %s, ignoring", strerror(errno));
                if (p->labels.mount && file_label_set(fd, p->labels.mount) < 0)
                        log_debug("Cannot label a pipe as the machine's: %s, ignoring", strerror(errno));
        }
}

/* The namespace to join, or -1. */
static int open_network(const MachinePlan *p, int *ret, Error **reterr) {
        const char *path = p->network_namespace;
        int fd;

        *ret = -1;
        if (p->network != NETWORK_NAMESPACE)
                return 0;
        fd = netns_open(path);
        if (fd == -EINVAL) {
                error_set(reterr, fd, "%s is no network namespace", path);
                return error_hint(reterr, fd, "`ip netns add NAME` makes one, /run/netns/NAME.");
        }
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot open the network namespace %s", path);
        *ret = fd;
        return 0;
}

typedef struct Birth {
        Supervisor *supervisor;
        int cgroup;
        const int *sockets; /* the parent's end, the child's */
} Birth;

static int bear(void *userdata) {
        const Birth *b = userdata;
        Supervisor *s = b->supervisor;
        pid_t pid = plan_has_own_ids(s->plan) ? clone_as(s->plan->uid_base, namespaces(s->plan), b->cgroup, &s->leader_fd)
                                              : clone_into(namespaces(s->plan), b->cgroup, &s->leader_fd);

        if (pid == 0) {
                ChildSetup setup = { .plan = s->plan, .socket = b->sockets[1], .stays = !s->bus, .stdio = { 0, 1, 2 } };

                close_fd(b->sockets[0]);
                child_main(&setup);
        }
        return pid;
}

int supervisor_bear(Supervisor *s, int *ret_socket, Error **reterr) {
        _cleanup_close_ int cgroup = -1, netns = -1;
        BirthLimits limits;
        int sockets[2], r;
        pid_t pid;

        r = check_stdio(s->plan, reterr);
        if (r >= 0)
                r = make_cgroup(s, &cgroup, reterr);
        if (r >= 0)
                r = open_network(s->plan, &netns, reterr);
        if (r < 0)
                return r;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        give_pipes(s->plan);
        limits_before_birth(s->plan, s->bus ? 0 : s->plan->tasks, &limits); /* with systemd, a controller counts them */
        pid = netns_call(netns, bear, &(Birth){ s, cgroup, sockets });
        limits_after_birth(&limits);
        close_fd(sockets[1]);
        if (pid < 0) {
                close_fd(sockets[0]);
                error_errno(reterr, pid, "Cannot make the machine's namespaces");
                if (pid == -EPERM || pid == -ENOSPC)
                        error_hint(reterr, pid, "See sysctl user.max_user_namespaces (and kernel.unprivileged_userns_clone).");
                return pid;
        }
        s->leader = pid;
        *ret_socket = sockets[0];
        return 0;
}
