/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-join.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "exit-status.h"
#include "fd.h"
#include "namespace.h"
#include "oci-child.h"
#include "oci-create.h"
#include "oci-exec.h"
#include "oci-notify.h"
#include "oci-terminal.h"
#include "process.h"
#include "seal.h"

/* Two processes, as for our own machines (machine/join-child.c): one enters the namespaces, outside of the container's pid namespace, where nothing
 * inside sees it; its child there, which is the caller's to wait for, becomes the process. Neither can be traced, and neither holds anything of
 * the host's but what the process is to have. Without a user namespace all of it runs from a sealed copy of our program (CVE-2019-5736). */

typedef struct Joining {
        const OciJoin *join;
        OciFilter filter;
        int socket;    /* the command's end */
        int namespaces[OCI_NS_KINDS];
} Joining;

static const char *file_of(OciNamespaceKind kind) {
        return kind == OCI_NS_PID ? "pid" : oci_namespace_names[kind].file;
}

static bool is_own(int fd, const char *file) {
        char path[64];
        struct stat st, own;

        snprintf(path, sizeof(path), "/proc/self/ns/%s", file);
        return fstat(fd, &st) >= 0 && stat(path, &own) >= 0 && st.st_ino == own.st_ino && st.st_dev == own.st_dev;
}

/* Those that are not ours: into our own user namespace nobody can go once more. */
static int open_namespaces(const OciState *s, int fds[OCI_NS_KINDS], Error **reterr) {
        for (OciNamespaceKind i = 0; i < OCI_NS_KINDS; i++) {
                fds[i] = namespace_open(s->pid, file_of(i));
                if (fds[i] == -ENOENT) {
                        fds[i] = -1;
                        continue;
                }
                if (fds[i] < 0)
                        return error_errno(reterr, fds[i], "Cannot open the %s namespace of container %s", oci_namespace_names[i].name, s->id);
                if (is_own(fds[i], file_of(i)))
                        fds[i] = close_fd(fds[i]);
        }
        return 0;
}

static int enter(const Joining *g, Error **reterr) {
        static const OciNamespaceKind last[] = { OCI_NS_MOUNT, OCI_NS_USER };

        for (OciNamespaceKind i = OCI_NS_USER + 1; i < OCI_NS_MOUNT; i++)
                if (g->namespaces[i] >= 0 && setns(g->namespaces[i], (int) oci_namespace_names[i].flag) < 0)
                        return error_errno(reterr, errno, "Cannot enter the %s namespace", oci_namespace_names[i].name);
        for (size_t i = 0; i < ELEMENTSOF(last); i++)
                if (g->namespaces[last[i]] >= 0 && setns(g->namespaces[last[i]], (int) oci_namespace_names[last[i]].flag) < 0)
                        return error_errno(reterr, errno, "Cannot enter the %s namespace", oci_namespace_names[last[i]].name);
        return 0;
}

static int give_listener(int listener, void *userdata, _unused_ Error **reterr) {
        static const char message = OCI_LISTENER;
        const Joining *g = userdata;

        return fd_send(g->socket, &message, 1, &listener, 1);
}

static void await_go(int socket) {
        OciGo go;

        if (fd_recv(socket, &go, sizeof(go), NULL, NULL) != sizeof(go) || go.type != OCI_GO)
                _exit(EXIT_OWN_FAILURE);
}

static int become_root(const Joining *g, Error **reterr) {
        if (g->namespaces[OCI_NS_USER] < 0)
                return 0;
        if ((setgroups(0, NULL) < 0 && errno != EPERM) || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return error_errno(reterr, errno, "Cannot become root of the user namespace");
        (void) prctl(PR_SET_DUMPABLE, 0);
        return 0;
}

static _Noreturn void run_command(Joining *g) {
        const OciJoin *j = g->join;
        OciExec exec = { .process = j->process, .filter = &g->filter, .personality = j->spec->personality, .joins = true, .preserve_fds = j->preserve_fds,
                         .give_listener = give_listener, .userdata = g };
        static const char ready = OCI_READY;
        _cleanup_(error_freep) Error *error = NULL;
        int master = -1, r;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        await_go(g->socket); /* it has its limits */
        r = become_root(g, &error);
        if (r >= 0 && setsid() < 0)
                r = error_errno(&error, errno, "Cannot make a session");
        if (r >= 0 && j->process->terminal)
                r = oci_terminal_open(j->process, false, &master, &error);
        if (r >= 0)
                r = fd_send(g->socket, &ready, 1, &master, master >= 0 ? 1 : 0);
        if (r < 0)
                oci_child_fail(g->socket, r, error);
        close_fd(master);
        await_go(g->socket);
        (void) prctl(PR_SET_PDEATHSIG, 0);
        r = oci_exec(&exec, &error);
        oci_child_fail(g->socket, r, error);
}

/* The joiner. Its last word is the command's pid, which its caller's pid namespace has. */
static _Noreturn void join(Joining *g, int parent) {
        _cleanup_(error_freep) Error *error = NULL;
        int r, pidfd;
        pid_t pid;

        (void) prctl(PR_SET_DUMPABLE, 0);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        close_fd(parent);
        process_forget_environment();
        r = oci_exec_labels(g->join->process, &error);
        if (r >= 0)
                (void) syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, g->join->state->id);
        if (r >= 0)
                r = enter(g, &error);
        if (r < 0)
                oci_child_fail(g->socket, r, error);
        for (size_t i = 0; i < OCI_NS_KINDS; i++)
                close_fd(g->namespaces[i]);
        pid = clone_into(CLONE_PARENT, -1, &pidfd);
        if (pid == 0)
                run_command(g);
        if (pid < 0)
                oci_child_fail(g->socket, pid, NULL);
        r = fd_send(g->socket, &(OciGo){ .type = OCI_HOOKS, .pid = pid }, sizeof(OciGo), &pidfd, 1);
        _exit(r < 0 ? EXIT_OWN_FAILURE : 0);
}

/* What the joiner says: the command, or why there is none. */
static int hear_pid(int socket, pid_t *ret_pid, int *ret_pidfd, Error **reterr) {
        union {
                OciGo go;
                OciFailure failure;
        } m = {};
        size_t n = 1;
        ssize_t k = fd_recv(socket, &m, sizeof(m), ret_pidfd, &n);

        if (k == sizeof(OciFailure) && m.failure.type == OCI_FAILED)
                return error_set(reterr, m.failure.code, "%.511s", m.failure.message);
        if (k != sizeof(OciGo) || m.go.type != OCI_HOOKS || n != 1)
                return error_set(reterr, EIO, "Cannot enter the container: who was to do it has ended");
        *ret_pid = m.go.pid;
        return 0;
}

static int go(int socket, Error **reterr) {
        int r = fd_send(socket, &(OciGo){ .type = OCI_GO }, sizeof(OciGo), NULL, 0);

        return r < 0 ? error_errno(reterr, r, "Cannot speak with the process in the container") : 0;
}

/* Until it is executed. */
static int follow(const OciJoin *j, int socket, pid_t pid, int *ret_master, Error **reterr) {
        _cleanup_close_ int listener = -1;
        int r = oci_exec_limits(j->process, pid, reterr);

        if (r >= 0)
                r = go(socket, reterr);
        if (r >= 0)
                r = oci_child_hear(socket, OCI_READY, ret_master, reterr);
        if (r > 0)
                return error_set(reterr, ECHILD, "The process has ended before it was executed");
        if (r >= 0 && *ret_master >= 0 && j->console >= 0)
                r = oci_terminal_send(j->console, *ret_master, reterr);
        if (r >= 0)
                r = oci_write_pid_file(j->pid_file, pid, reterr);
        if (r >= 0)
                r = go(socket, reterr);
        if (r >= 0)
                r = oci_child_hear(socket, OCI_LISTENER, &listener, reterr);
        if (r != 0)
                return r < 0 ? r : 0; /* 1: executed */
        r = oci_notify_send(j->state, j->spec, listener, reterr);
        if (r >= 0)
                r = oci_child_hear(socket, OCI_LISTENER, NULL, reterr);
        return r < 0 ? r : 0;
}

static int bear(Joining *g, int *ret_socket, Error **reterr) {
        const OciState *s = g->join->state;
        _cleanup_free_ char *group = NULL;
        _cleanup_close_ int cgroup = -1, pidfd = -1;
        int sockets[2], status;
        pid_t pid;

        if (s->cgroup && cgroup_of(s->pid, &group) >= 0) /* where its init is now: a systemd inside has moved itself */
                cgroup = cgroup_open(cgroup_is_below(group, s->cgroup) ? group : s->cgroup);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        g->socket = sockets[1];
        pid = clone_into(0, cgroup, &pidfd);
        if (pid == 0)
                join(g, sockets[0]);
        close_fd(sockets[1]);
        *ret_socket = sockets[0];
        if (pid < 0)
                return error_errno(reterr, pid, "Cannot make a process in container %s", s->id);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return 0;
}

int oci_join_prepare(const OciSpec *spec, const OciProcess *p, Error **reterr) {
        int r = spec->namespaces[OCI_NS_USER].asked ? 0 : seal_self(reterr);

        return r < 0 ? r : oci_exec_check(p, NULL, reterr);
}

int oci_join(const OciJoin *j, pid_t *ret_pid, int *ret_pidfd, int *ret_master, Error **reterr) {
        Joining g = { .join = j, .namespaces = { -1, -1, -1, -1, -1, -1, -1, -1 } };
        _cleanup_close_ int socket = -1, pidfd = -1;
        pid_t pid = 0;
        int r = oci_exec_use_cpus(j->process->cpus_initial, reterr); /* who is born has what we have */

        *ret_master = -1;
        if (r >= 0)
                r = oci_filter_make(j->spec->seccomp, &g.filter, reterr);
        if (r >= 0)
                r = open_namespaces(j->state, g.namespaces, reterr);
        if (r >= 0)
                r = bear(&g, &socket, reterr);
        for (size_t i = 0; i < OCI_NS_KINDS; i++)
                close_fd(g.namespaces[i]);
        if (r >= 0)
                r = hear_pid(socket, &pid, &pidfd, reterr);
        if (r >= 0)
                r = follow(j, socket, pid, ret_master, reterr);
        oci_filter_done(&g.filter);
        if (r < 0) {
                if (pid > 0)
                        (void) process_end(pid);
                *ret_master = close_fd(*ret_master);
                return r;
        }
        *ret_pid = pid;
        *ret_pidfd = TAKE_FD(pidfd);
        return 0;
}
