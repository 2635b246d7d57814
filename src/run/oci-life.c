/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "cgroup.h"
#include "fd.h"
#include "log.h"
#include "oci-cgroup.h"
#include "oci-child.h"
#include "oci-create.h"
#include "oci-hooks.h"
#include "oci-machine.h"
#include "oci-notify.h"
#include "oci-processes.h"
#include "pidfd.h"
#include "strv.h"

#define END_MSEC 10000

/* What a hook after the fact has to complain about changes nothing any more. */
static void run_late_hooks(const OciState *s, const OciSpec *spec, OciHookKind kind, OciStatus status) {
        _cleanup_(error_freep) Error *error = NULL;
        json_t *state = oci_state_json(s, status);

        if (!state || oci_hooks_run(spec->hooks, kind, state, &error) < 0)
                log_report(LOG_LEVEL_WARNING, -ENOMEM, error);
        json_decref(state);
}

static int release(const OciState *s, const OciSpec *spec, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1, listener = -1;
        OciGo message = { .type = OCI_GO };
        int r;

        if (asprintf(&path, "%s/start", s->path) < 0)
                return error_oom(reterr);
        fd = unix_connect(path, SOCK_SEQPACKET);
        r = fd < 0 ? fd : fd_send(fd, &message, sizeof(message), NULL, 0);
        if (r < 0)
                return error_errno(reterr, r, "Cannot start container %s", s->id);
        r = oci_child_hear(fd, OCI_LISTENER, &listener, reterr);
        if (r == 0) { /* its filter asks somebody */
                r = oci_notify_send(s, spec, listener, reterr);
                if (r >= 0)
                        r = oci_child_hear(fd, OCI_LISTENER, NULL, reterr);
        }
        return r < 0 ? r : 0;
}

int oci_start(const char *root, const char *id, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        _cleanup_(oci_spec_freep) OciSpec *spec = NULL;
        OciStatus status;
        int r = oci_state_open(root, id, true, &s, reterr);

        if (r < 0)
                return r;
        status = oci_state_status(s);
        if (status != OCI_CREATED)
                return error_set(reterr, EINVAL, "Container %s cannot be started: it is %s", id, oci_status_name(status));
        r = oci_state_load_config(s, &spec, reterr);
        if (r >= 0)
                r = release(s, spec, reterr);
        if (r < 0)
                return r;
        oci_machine_started(s);
        run_late_hooks(s, spec, OCI_HOOK_POSTSTART, OCI_RUNNING);
        return 0;
}

int oci_kill(const char *root, const char *id, int sig, bool all, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        _cleanup_close_ int init = -1;
        int r = oci_state_open(root, id, false, &s, reterr);

        if (r < 0)
                return r;
        if (all && sig == SIGKILL && s->cgroup) {
                r = cgroup_kill(s->cgroup, 0);
                return r < 0 && r != -ETIMEDOUT ? error_errno(reterr, r, "Cannot kill container %s", id) : 0;
        }
        if (all && s->cgroup)
                return oci_kill_all(s, sig, reterr);
        init = oci_state_status(s) == OCI_STOPPED ? -ESRCH : oci_state_init(s);
        if (init == -ESRCH)
                return error_set(reterr, ESRCH, "Container %s is not running", id);
        r = init < 0 ? init : pidfd_kill(init, sig);
        return r < 0 ? error_errno(reterr, r, "Cannot send a signal to container %s", id) : 0;
}

/* Its end is its parent's to hear of, and not waited for beyond what the kernel needs. */
static int end_init(const OciState *s, Error **reterr) {
        _cleanup_close_ int init = oci_state_init(s);
        int r;

        if (init < 0)
                return 0;
        if (s->cgroup)
                (void) cgroup_freeze(s->cgroup, false);
        r = pidfd_kill(init, SIGKILL);
        if (r < 0 && r != -ESRCH)
                return error_errno(reterr, r, "Cannot kill container %s", s->id);
        (void) poll(&(struct pollfd){ .fd = init, .events = POLLIN }, 1, END_MSEC);
        return 0;
}

int oci_undo(OciState *s, Error **reterr) {
        int r = end_init(s, reterr);

        oci_machine_strike(s);
        if (r >= 0)
                r = oci_cgroup_remove(s->cgroup, s->scope, reterr);
        return r < 0 ? r : oci_state_remove(s, reterr);
}

int oci_delete(const char *root, const char *id, bool force, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        _cleanup_(oci_spec_freep) OciSpec *spec = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        OciStatus status;
        int r = oci_state_open(root, id, true, &s, &error);

        if (r == -ENOENT && force)
                return 0;
        if (r < 0)
                return error_pass(reterr, r, &error);
        status = oci_state_status(s);
        if (status != OCI_STOPPED && status != OCI_CREATING && !force) {
                error_set(reterr, EBUSY, "Container %s cannot be deleted: it is %s", id, oci_status_name(status));
                return error_hint(reterr, -EBUSY, "`nbox oci delete --force %s` kills it first.", id);
        }
        (void) oci_state_load_config(s, &spec, NULL);
        r = oci_undo(s, reterr);
        if (r >= 0 && spec && status != OCI_CREATING)
                run_late_hooks(s, spec, OCI_HOOK_POSTSTOP, OCI_STOPPED);
        return r;
}

/* 1: it was one. */
static int sweep(const char *root, const char *id, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        int r;

        if (oci_state_try(root, id, &s, NULL) < 0 || s->pid > 0) /* whoever makes it has it locked */
                return 0;
        r = oci_undo(s, reterr);
        return r < 0 ? r : 1;
}

int oci_sweep(const char *root, Error **reterr) {
        _cleanup_strv_ char **ids = NULL;
        int r = oci_state_list(root, &ids, reterr), n = 0;

        for (char **id = ids; r >= 0 && id && *id; id++) {
                r = sweep(root, *id, reterr);
                n += r > 0;
        }
        return r < 0 ? r : n;
}
