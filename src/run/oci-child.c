/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child-mounts.h"
#include "exit-status.h"
#include "fd.h"
#include "file.h"
#include "netns.h"
#include "oci-exec.h"
#include "oci-hooks.h"
#include "oci-namespaces.h"
#include "oci-sysctls.h"
#include "oci-terminal.h"
#include "process.h"
#include "strv.h"

_Noreturn void oci_child_fail(int socket, int r, const Error *error) {
        OciFailure f = { .type = OCI_FAILED, .code = r };

        snprintf(f.message, sizeof(f.message), "%s", error ? error->message : strerror(-r));
        (void) fd_send(socket, &f, sizeof(f), NULL, 0);
        _exit(EXIT_OWN_FAILURE);
}

int oci_child_hear(int socket, char what, int *ret_fd, Error **reterr) {
        int fds[1] = { -1 };
        size_t n = ELEMENTSOF(fds);
        OciFailure f = {};
        ssize_t k = fd_recv(socket, &f, sizeof(f), fds, &n);

        if (k < 0)
                return error_errno(reterr, (int) k, "Cannot hear the container's init");
        if (k == 0)
                return 1;
        if (f.type == OCI_FAILED && k == sizeof(f)) {
                f.message[sizeof(f.message) - 1] = 0;
                return error_set(reterr, f.code, "%s", f.message);
        }
        if (f.type != what || n > (ret_fd ? 1U : 0U)) {
                close_fd(fds[0]);
                return error_set(reterr, EBADMSG, "The container's init says what nobody understands");
        }
        if (ret_fd)
                *ret_fd = fds[0];
        return 0;
}

static void say(int socket, char what, int fd) {
        if (fd_send(socket, &what, 1, &fd, fd >= 0 ? 1 : 0) < 0)
                _exit(EXIT_OWN_FAILURE);
}

/* Its end is `create`'s: leave quietly. */
static OciGo expect_go(int socket) {
        OciGo go = {};

        if (fd_recv(socket, &go, sizeof(go), NULL, NULL) != sizeof(go) || go.type != OCI_GO)
                _exit(EXIT_OWN_FAILURE);
        return go;
}

static int become_root(const OciSpec *s, Error **reterr) {
        if (!s->namespaces[OCI_NS_USER].asked)
                return 0;
        if ((setgroups(0, NULL) < 0 && errno != EPERM) || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return error_errno(reterr, errno, "Cannot become root of the user namespace");
        (void) prctl(PR_SET_DUMPABLE, 0);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of ids clears it */
        return 0;
}

/* While it is of no consequence what is where in the tree. */
static int set_names(const OciSpec *s, Error **reterr) {
        if (s->hostname && sethostname(s->hostname, strlen(s->hostname)) < 0)
                return error_errno(reterr, errno, "Cannot set the host name '%s'", s->hostname);
        if (s->domainname && setdomainname(s->domainname, strlen(s->domainname)) < 0)
                return error_errno(reterr, errno, "Cannot set the domain name '%s'", s->domainname);
        if (s->namespaces[OCI_NS_NETWORK].asked && !s->namespaces[OCI_NS_NETWORK].path)
                (void) netns_loopback_up(-1);
        return 0;
}

/* The caller's keys are no concern of the container's. */
static int make_keyring(const OciChild *c, const char *id, Error **reterr) {
        if (!c->new_keyring || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, id) >= 0 || errno == ENOSYS || errno == EPERM || errno == EDQUOT)
                return 0;
        return error_errno(reterr, errno, "Cannot make a session keyring");
}

static int make_tree(const OciChild *c, Error **reterr) {
        const OciSpec *s = c->spec;
        int r = oci_namespaces_enter_cgroup(s, reterr);

        if (r >= 0)
                r = set_names(s, reterr);
        if (r >= 0)
                r = oci_sysctls_set(s, reterr);
        if (r >= 0)
                r = oci_exec_labels(&s->process, reterr);
        if (r >= 0)
                r = oci_tree_build(s, c->tree, reterr);
        if (r >= 0)
                r = oci_hooks_run(s->hooks, OCI_HOOK_CREATE_CONTAINER, c->state, reterr);
        if (r >= 0)
                r = oci_tree_enter(s, c->tree, c->pivot, reterr);
        return r;
}

/* In the tree. *ret_master: the terminal's, or -1. */
static int finish(const OciChild *c, int *ret_master, Error **reterr) {
        _cleanup_free_ char *file = NULL;
        const OciProcess *p = &c->spec->process;
        int r = 0;

        *ret_master = -1;
        if (setsid() < 0 && errno != EPERM)
                return error_errno(reterr, errno, "Cannot make a session");
        if (p->terminal)
                r = oci_terminal_open(p, true, ret_master, reterr);
        if (r >= 0)
                r = oci_tree_cover(c->spec, reterr); /* /dev/console may be masked, too */
        return r < 0 || !p->args ? r : oci_exec_find(p, &file, reterr);
}

/* What `create` had open, and the mounts that are in their place: who waits holds nothing of the host's. */
static void close_rest(const OciChild *c) {
        unsigned first = 3 + c->preserve_fds, last = (unsigned) c->start;

        if (last > first)
                (void) syscall(SYS_close_range, first, last - 1, 0);
        (void) syscall(SYS_close_range, last + 1, ~0U, 0);
}

/* Who only looks whether somebody listens says nothing. */
static int await_start(int listening) {
        for (;;) {
                int fd;
                OciGo go = {};

                if (poll(&(struct pollfd){ .fd = listening, .events = POLLIN }, 1, -1) < 0 && errno != EINTR)
                        _exit(EXIT_OWN_FAILURE);
                fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
                if (fd >= 0 && fd_recv(fd, &go, sizeof(go), NULL, NULL) == sizeof(go) && go.type == OCI_GO)
                        return fd;
                close_fd(fd);
        }
}

static int give_listener(int listener, void *userdata, _unused_ Error **reterr) {
        say(*(int *) userdata, OCI_LISTENER, listener);
        return 0;
}

static _Noreturn void run(const OciChild *c, int socket) {
        const OciSpec *s = c->spec;
        OciExec exec = { .process = &s->process, .filter = c->filter, .personality = s->personality, .preserve_fds = c->preserve_fds,
                         .give_listener = give_listener, .userdata = &socket };
        _cleanup_(error_freep) Error *error = NULL;
        int r = s->process.json ? 0 : error_set(&error, EINVAL, "The bundle has no process: there is nothing to start");

        if (r >= 0)
                r = oci_hooks_run(s->hooks, OCI_HOOK_START_CONTAINER, c->state, &error);
        if (r >= 0)
                r = oci_exec(&exec, &error);
        oci_child_fail(socket, r, error);
}

_Noreturn void oci_child_main(const OciChild *c) {
        _cleanup_(error_freep) Error *error = NULL;
        int master = -1, r, connection;

        (void) prctl(PR_SET_DUMPABLE, 0);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* until all of it is written down */
        for (size_t i = 0; i < ELEMENTSOF(c->stay); i++)
                close_fd(c->stay[i]);
        (void) json_object_set_new(c->state, "pid", json_integer(expect_go(c->socket).pid));
        r = become_root(c->spec, &error);
        if (r >= 0)
                r = make_keyring(c, json_string_value(json_object_get(c->state, "id")), &error);
        if (r < 0)
                oci_child_fail(c->socket, r, error);
        say(c->socket, OCI_HOOKS, -1);
        (void) expect_go(c->socket);
        r = make_tree(c, &error);
        if (r >= 0)
                r = finish(c, &master, &error);
        if (r < 0)
                oci_child_fail(c->socket, r, error);
        process_reset_signals();
        say(c->socket, OCI_READY, master);
        (void) expect_go(c->socket); /* it is written down */
        (void) prctl(PR_SET_PDEATHSIG, 0);
        say(c->socket, OCI_READY, -1); /* before that, `create` must not end */
        close_rest(c);
        process_forget_environment();
        connection = await_start(c->start);
        close_fd(c->start);
        (void) json_object_set_new(c->state, "status", json_string("created"));
        run(c, connection);
}
