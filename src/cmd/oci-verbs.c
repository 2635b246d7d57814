/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "json-text.h"
#include "log.h"
#include "oci-command.h"
#include "oci-create.h"
#include "parse.h"
#include "process.h"
#include "strv.h"

#define FREEZE_USEC (10 * UINT64_C(1000000))

static OciCreate creation_of(const OciWords *w) {
        return (OciCreate){ .root = w->root, .id = w->operands[0], .bundle = w->bundle, .pid_file = w->pid_file, .console_socket = w->console_socket,
                            .systemd_cgroup = w->systemd_cgroup, .no_cgroup = w->no_cgroup, .no_pivot = w->no_pivot, .no_new_keyring = w->no_new_keyring,
                            .preserve_fds = w->preserve_fds };
}

int oci_verb_create(const OciWords *w, Error **reterr) {
        OciCreate how = creation_of(w);

        return oci_create(&how, reterr);
}

int oci_verb_start(const OciWords *w, Error **reterr) {
        return oci_start(w->root, w->operands[0], reterr);
}

int oci_verb_delete(const OciWords *w, Error **reterr) {
        return oci_delete(w->root, w->operands[0], w->force, reterr);
}

int oci_verb_kill(const OciWords *w, Error **reterr) {
        int sig = SIGTERM;

        if (w->n_operands > 1 && strcmp(w->operands[1], "0") == 0)
                sig = 0; /* whether it can be sent one */
        else if (w->n_operands > 1 && parse_signal(w->operands[1], &sig) < 0)
                return error_set(reterr, EINVAL, "Unknown signal '%s'", w->operands[1]);
        return oci_kill(w->root, w->operands[0], sig, w->all, reterr);
}

static int print_json(json_t *j, Error **reterr) {
        _cleanup_free_ char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;

        json_decref(j);
        if (!text)
                return error_oom(reterr);
        puts(text);
        return 0;
}

/* What engines read beside the specification's. */
static json_t *full_state(const OciState *s) {
        json_t *j = oci_state_json(s, oci_state_status(s));

        if (!j)
                return NULL;
        (void) json_object_set_new(j, "rootfs", json_text(s->root));
        (void) json_object_set_new(j, "created", json_text(s->created));
        (void) json_object_set_new(j, "owner", json_string("root"));
        if (s->scope)
                (void) json_object_set_new(j, "systemd-scope", json_text(s->scope));
        return j;
}

int oci_verb_state(const OciWords *w, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        int r = oci_state_open(w->root, w->operands[0], false, &s, reterr);

        return r < 0 ? r : print_json(full_state(s), reterr);
}

static void print_row(const OciState *s) {
        OciStatus status = oci_state_status(s);

        printf("%-40s %-8d %-9s %-50s %-22s %s\n", s->id, status == OCI_STOPPED ? 0 : (int) s->pid, oci_status_name(status), s->bundle ?: "",
               s->created ?: "", "root");
}

int oci_verb_list(const OciWords *w, Error **reterr) {
        bool as_json = w->format && strcmp(w->format, "json") == 0;
        _cleanup_strv_ char **ids = NULL;
        json_t *all = as_json ? json_array() : NULL;
        int r = oci_state_list(w->root, &ids, reterr);

        if (r >= 0 && w->format && !as_json && strcmp(w->format, "table") != 0)
                r = error_set(reterr, EINVAL, "--format=%s: table or json is allowed", w->format);
        if (r >= 0 && !as_json && !w->quiet)
                printf("%-40s %-8s %-9s %-50s %-22s %s\n", "NAME", "PID", "STATUS", "BUNDLE PATH", "CREATED", "OWNER");
        for (char **id = ids; r >= 0 && id && *id; id++) {
                _cleanup_(oci_state_freep) OciState *s = NULL;

                if (oci_state_open(w->root, *id, false, &s, NULL) < 0)
                        continue;
                if (w->quiet)
                        puts(*id);
                else if (as_json)
                        (void) json_array_append_new(all, full_state(s));
                else
                        print_row(s);
        }
        if (r < 0 || !as_json || w->quiet) {
                json_decref(all);
                return r;
        }
        return print_json(all, reterr);
}

static int freeze(const OciWords *w, bool on, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        OciStatus status;
        int r = oci_state_open(w->root, w->operands[0], true, &s, reterr);

        if (r < 0)
                return r;
        status = oci_state_status(s);
        if (status != (on ? OCI_RUNNING : OCI_PAUSED) && !(on && status == OCI_CREATED))
                return error_set(reterr, EINVAL, "Container %s cannot be %s: it is %s", s->id, on ? "paused" : "resumed", oci_status_name(status));
        r = s->cgroup ? cgroup_freeze(s->cgroup, on) : -ENOENT;
        if (r >= 0 && on)
                r = cgroup_wait_frozen(s->cgroup, FREEZE_USEC);
        return r < 0 ? error_errno(reterr, r, "Cannot %s container %s", on ? "pause" : "resume", s->id) : 0;
}

int oci_verb_pause(const OciWords *w, Error **reterr) {
        return freeze(w, true, reterr);
}

int oci_verb_resume(const OciWords *w, Error **reterr) {
        return freeze(w, false, reterr);
}

static volatile sig_atomic_t run_pid;

static void forward(int sig) {
        if (run_pid > 0)
                (void) kill((pid_t) run_pid, sig);
}

/* Init is a child of ours here, as it would be of an engine's monitor. */
static int wait_for(pid_t pid, Error **reterr) {
        static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
        int status;

        run_pid = pid;
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaction(signals[i], &(struct sigaction){ .sa_handler = forward }, NULL);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for the container");
        return process_exit_status(status);
}

int oci_verb_run(const OciWords *w, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        OciCreate how = creation_of(w);
        int r = oci_create(&how, reterr), status = 0;

        if (r < 0)
                return r;
        r = oci_start(w->root, how.id, reterr);
        if (r >= 0 && w->detach)
                return 0;
        if (r >= 0)
                r = oci_state_open(w->root, how.id, false, &s, reterr);
        if (r >= 0)
                r = status = wait_for(s->pid, reterr);
        if (!w->keep && oci_delete(w->root, how.id, true, &error) < 0)
                log_report(LOG_LEVEL_WARNING, 0, error);
        return r < 0 ? r : status;
}
