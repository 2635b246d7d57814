/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-create.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "cgroup.h"
#include "fd.h"
#include "file.h"
#include "log.h"
#include "oci-cgroup.h"
#include "oci-child.h"
#include "oci-exec.h"
#include "oci-hooks.h"
#include "oci-machine.h"
#include "oci-namespaces.h"
#include "oci-terminal.h"
#include "process.h"
#include "seal.h"
#include "text.h"

/* All that `create` holds on its way. */
typedef struct Creation {
        const OciCreate *how;
        OciSpec *spec;
        OciState *state;
        OciCgroup cgroup;
        OciNamespaces namespaces;
        OciTree tree;
        OciFilter filter;
        int console, start, socket; /* or -1 */
        int pidfd;
        pid_t pid; /* a child of ours; 0: not yet */
} Creation;

static void creation_done(Creation *c) {
        if (c->pid > 0)
                (void) process_end(c->pid);
        close_fd(c->pidfd);
        close_fd(c->socket);
        close_fd(c->start);
        close_fd(c->console);
        oci_filter_done(&c->filter);
        oci_tree_close(&c->tree);
        oci_namespaces_close(&c->namespaces);
        oci_cgroup_done(&c->cgroup);
        oci_state_free(c->state);
        oci_spec_free(c->spec);
}

/* What is to be handed on must be there, and nothing of ours is to come into its place. */
static int check_preserved(unsigned n, Error **reterr) {
        for (unsigned i = 3; i < 3 + n; i++)
                if (fcntl((int) i, F_GETFD) < 0)
                        return error_set(reterr, EBADF, "--preserve-fds=%u: descriptor %u is not open", n, i);
        return 0;
}

static int check_console(const Creation *c, Error **reterr) {
        bool terminal = c->spec->process.terminal;

        if (terminal == (c->how->console_socket != NULL))
                return 0;
        return error_set(reterr, EINVAL, terminal ? "process.terminal is true, and there is no --console-socket" :
                         "There is a --console-socket, and process.terminal is not true");
}

/* Devices are bounded by what is in /dev alone then, as whoever wants no group is told. */
static int check_resources(const Creation *c, Error **reterr) {
        const char *key;
        json_t *value;

        if (c->cgroup.path || c->cgroup.scope)
                return 0;
        json_object_foreach(c->spec->resources, key, value)
                if (strcmp(key, "devices") != 0 && (json_object_size(value) > 0 || json_array_size(value) > 0))
                        return error_set(reterr, EOPNOTSUPP, "linux.resources.%s needs a control group, and --cgroup-manager=disabled wants none", key);
        return 0;
}

/* Nothing is changed by it. Without a user namespace, what becomes init must not be run from the host's file (seal.h). */
static int prepare(Creation *c, Error **reterr) {
        int r = c->spec->namespaces[OCI_NS_USER].asked ? 0 : seal_self(reterr);

        if (r >= 0 && !c->how->no_cgroup)
                r = oci_cgroup_plan(c->spec, c->how->id, c->how->systemd_cgroup, &c->cgroup, reterr);

        if (r >= 0)
                r = check_resources(c, reterr);
        if (r >= 0)
                r = check_console(c, reterr);
        if (r >= 0)
                r = oci_exec_check(&c->spec->process, c->spec->mount_label, reterr);
        if (r >= 0)
                r = oci_filter_make(c->spec->seccomp, &c->filter, reterr);
        if (r >= 0)
                r = oci_namespaces_open(c->spec, &c->namespaces, reterr);
        if (r >= 0 && c->how->console_socket)
                r = c->console = oci_terminal_connect(c->how->console_socket, reterr);
        return r < 0 ? r : 0;
}

/* Before any of it is made. */
static int write_down(Creation *c, Error **reterr) {
        OciState *s = c->state;
        int r = string_set(&s->bundle, c->spec->bundle);

        if (r >= 0)
                r = string_set(&s->root, c->spec->root);
        if (r >= 0)
                r = string_set(&s->cgroup, c->cgroup.path);
        if (r >= 0)
                r = string_set(&s->scope, c->cgroup.scope);
        if (r < 0)
                return error_oom(reterr);
        json_decref(s->annotations);
        s->annotations = json_incref(c->spec->annotations);
        r = oci_state_keep_config(s, c->spec, reterr);
        return r < 0 ? r : oci_state_save(s, reterr);
}

static int listen_for_start(Creation *c, Error **reterr) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/start", c->state->path) < 0)
                return error_oom(reterr);
        c->start = unix_listen(path, SOCK_SEQPACKET, 0600);
        return c->start < 0 ? error_errno(reterr, c->start, "Cannot listen at %s", path) : 0;
}

static int go(const Creation *c, Error **reterr) {
        OciGo message = { .type = OCI_GO, .pid = c->pid };
        int r = fd_send(c->socket, &message, sizeof(message), NULL, 0);

        return r < 0 ? error_errno(reterr, r, "Cannot speak with the container's init") : 0;
}

/* Init's last word, if it has said one. */
static int hear(const Creation *c, char what, int *ret_fd, Error **reterr) {
        int r = oci_child_hear(c->socket, what, ret_fd, reterr);

        return r > 0 ? error_set(reterr, ECHILD, "The container's init has ended before it was done, and said nothing") : r;
}

static int bear(Creation *c, json_t *state, Error **reterr) {
        _cleanup_close_ int cgroup = c->cgroup.path ? cgroup_open(c->cgroup.path) : -1;
        int sockets[2];
        pid_t pid;

        if (c->cgroup.path && cgroup < 0)
                return error_errno(reterr, cgroup, "Cannot open the control group %s", c->cgroup.path);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        pid = oci_namespaces_bear(c->spec, &c->namespaces, cgroup, &c->pidfd, reterr);
        if (pid == 0) {
                OciChild child = { .spec = c->spec, .filter = &c->filter, .tree = &c->tree, .state = state, .socket = sockets[1], .start = c->start,
                                   .pivot = !c->how->no_pivot, .new_keyring = !c->how->no_new_keyring, .preserve_fds = c->how->preserve_fds,
                                   .stay = { c->state->lock, sockets[0] } };

                oci_child_main(&child);
        }
        close_fd(sockets[1]);
        c->socket = sockets[0];
        if (pid < 0)
                return (int) pid;
        c->pid = pid;
        return 0;
}

/* What init cannot do for itself. */
static int equip(Creation *c, Error **reterr) {
        OciState *s = c->state;
        int r = oci_namespaces_write_maps(c->spec, c->pid, reterr);

        if (r >= 0)
                r = oci_cgroup_start_scope(&c->cgroup, c->spec, c->how->id, c->pid, reterr);
        if (r >= 0 && c->cgroup.scope && string_set(&s->cgroup, c->cgroup.path) < 0)
                r = error_oom(reterr);
        if (r >= 0)
                r = oci_resources_apply(c->cgroup.path, c->spec->resources, reterr);
        if (r >= 0)
                r = oci_cgroup_hand_over(&c->cgroup, c->spec, reterr);
        if (r >= 0)
                r = oci_exec_limits(&c->spec->process, c->pid, reterr);
        if (r < 0)
                return r;
        r = process_start_time(c->pid, &s->start_time);
        s->pid = c->pid;
        return r < 0 ? error_errno(reterr, r, "Cannot look at the container's init") : 0;
}

static int run_hooks(const Creation *c, json_t *state, Error **reterr) {
        int r;

        (void) json_object_set_new(state, "pid", json_integer(c->pid));
        r = oci_hooks_run(c->spec->hooks, OCI_HOOK_PRESTART, state, reterr);
        return r < 0 ? r : oci_hooks_run(c->spec->hooks, OCI_HOOK_CREATE_RUNTIME, state, reterr);
}

int oci_write_pid_file(const char *path, pid_t pid, Error **reterr) {
        char text[16];
        int r;

        if (!path)
                return 0;
        snprintf(text, sizeof(text), "%d", (int) pid);
        r = file_replace(AT_FDCWD, path, text, 0644);
        return r < 0 ? error_errno(reterr, r, "Cannot write the pid file %s", path) : 0;
}

static int give_terminal(const Creation *c, int master, Error **reterr) {
        return master >= 0 && c->console >= 0 ? oci_terminal_send(c->console, master, reterr) : 0;
}

/* From its birth until it waits. */
static int bring_up(Creation *c, json_t *state, Error **reterr) {
        _cleanup_close_ int master = -1;
        int r = bear(c, state, reterr);

        if (r >= 0)
                r = equip(c, reterr);
        if (r >= 0)
                r = go(c, reterr);
        if (r >= 0)
                r = hear(c, OCI_HOOKS, NULL, reterr);
        if (r >= 0)
                r = run_hooks(c, state, reterr);
        if (r >= 0)
                r = go(c, reterr);
        if (r >= 0)
                r = hear(c, OCI_READY, &master, reterr);
        if (r >= 0)
                r = give_terminal(c, master, reterr);
        if (r >= 0) {
                oci_machine_enlist(c->state, c->spec);
                r = oci_state_save(c->state, reterr);
        }
        if (r >= 0)
                r = oci_write_pid_file(c->how->pid_file, c->pid, reterr);
        if (r >= 0)
                r = go(c, reterr);
        if (r >= 0)
                r = hear(c, OCI_READY, NULL, reterr);
        if (r < 0)
                return r;
        c->pid = 0; /* it is on its own from here on */
        return 0;
}

static int make(Creation *c, Error **reterr) {
        json_t *state;
        int r = write_down(c, reterr);

        if (r >= 0)
                r = oci_cgroup_make(&c->cgroup, reterr);
        if (r >= 0)
                r = oci_tree_open(c->spec, &c->tree, reterr);
        if (r >= 0)
                r = listen_for_start(c, reterr);
        if (r < 0)
                return r;
        state = oci_state_json(c->state, OCI_CREATING);
        if (!state)
                return error_oom(reterr);
        r = bring_up(c, state, reterr);
        json_decref(state);
        return r;
}

static int undo(Creation *c, int r, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;

        if (c->pid > 0)
                (void) process_end(c->pid);
        c->pid = 0;
        if (r != -EEXIST && oci_undo(c->state, &error) < 0) /* -EEXIST: the group is another's */
                log_report(LOG_LEVEL_WARNING, 0, error);
        else if (r == -EEXIST)
                (void) oci_state_remove(c->state, NULL);
        (void) reterr;
        return r;
}

int oci_create(const OciCreate *how, Error **reterr) {
        _cleanup_(creation_done) Creation c = { .how = how, .namespaces = OCI_NAMESPACES_NONE, .tree = OCI_TREE_NONE, .console = -1, .start = -1,
                                                .socket = -1, .pidfd = -1 };
        int r = oci_id_check(how->id, reterr);

        if (r >= 0)
                r = check_preserved(how->preserve_fds, reterr);
        if (r >= 0)
                r = oci_spec_load(how->bundle, &c.spec, reterr);
        if (r >= 0)
                r = prepare(&c, reterr);
        if (r >= 0)
                r = oci_state_make(how->root, how->id, &c.state, reterr);
        if (r < 0)
                return r;
        r = make(&c, reterr);
        return r < 0 ? undo(&c, r, reterr) : 0;
}
