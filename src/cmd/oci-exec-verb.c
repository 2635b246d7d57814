/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"
#include "fd.h"
#include "oci-command.h"
#include "oci-join.h"
#include "oci-terminal.h"
#include "parse.h"
#include "process.h"
#include "strv.h"

/* "UID[:GID]": numbers, for names are the engine's to look up. */
static int take_user(const char *text, OciProcess *p, Error **reterr) {
        _cleanup_free_ char *copy = strdup(text);
        char *colon = copy ? strchr(copy, ':') : NULL;
        uint64_t uid, gid = p->gid;

        if (!copy)
                return error_oom(reterr);
        if (colon)
                *colon++ = 0;
        if (parse_u64(copy, UINT32_MAX - 1, &uid) < 0 || (colon && parse_u64(colon, UINT32_MAX - 1, &gid) < 0))
                return error_set(reterr, EINVAL, "--user=%s is not UID[:GID], in numbers", text);
        p->uid = (uid_t) uid;
        p->gid = (gid_t) gid;
        p->n_groups = 0;
        return 0;
}

/* What stands on the command line, over what the container's first process has. */
static int take_words(const OciWords *w, OciProcess *p, Error **reterr) {
        strv_free(p->args);
        p->args = strv_copy(w->operands + 1);
        if (!p->args)
                return error_oom(reterr);
        if (!p->args[0])
                return error_set(reterr, EINVAL, "nbox oci exec wants --process=FILE, or a command");
        p->terminal = w->tty;
        p->cwd = w->cwd ?: p->cwd;
        p->apparmor = w->apparmor ?: p->apparmor;
        p->selinux = w->selinux ?: p->selinux;
        p->no_new_privileges = p->no_new_privileges || w->no_new_privileges;
        for (char **e = w->environment; e && *e; e++)
                if (strv_env_set(&p->env, *e) < 0)
                        return error_oom(reterr);
        for (char **c = w->capabilities; c && *c; c++) {
                uint64_t bit = oci_capability_parse(*c);

                if (bit == 0)
                        return error_set(reterr, EINVAL, "Unknown capability '%s'", *c);
                for (size_t i = 0; i < OCI_CAP_SETS; i++)
                        p->capabilities[i] |= i == OCI_CAPS_INHERITABLE || i == OCI_CAPS_AMBIENT ? 0 : bit;
        }
        return w->user ? take_user(w->user, p, reterr) : 0;
}

static volatile sig_atomic_t command;

static void forward(int sig) {
        if (command > 0)
                (void) kill((pid_t) command, sig);
}

static int wait_for(pid_t pid, Error **reterr) {
        static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
        int status;

        command = pid;
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaction(signals[i], &(struct sigaction){ .sa_handler = forward }, NULL);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for the process");
        return process_exit_status(status);
}

/* Our own terminal stands for the one inside. */
static int wait_on_terminal(const char *name, pid_t pid, int pidfd, int master, Error **reterr) {
        AttachEnd end;
        int r = attach_run(name, ATTACH_PTY, master, pidfd, ATTACH_EOF_SEND, &end, reterr);

        if (r < 0)
                return r;
        return end == ATTACH_END_PEER ? wait_for(pid, reterr) : process_end(pid);
}

static int execute(const OciWords *w, const OciState *s, const OciSpec *spec, const OciProcess *p, Error **reterr) {
        OciJoin join = { .state = s, .spec = spec, .process = p, .pid_file = w->pid_file, .console = -1, .preserve_fds = w->preserve_fds };
        _cleanup_close_ int console = -1, pidfd = -1, master = -1;
        pid_t pid;
        int r;

        r = oci_join_prepare(spec, p, reterr);
        if (r < 0)
                return r;
        if (w->console_socket) {
                console = join.console = oci_terminal_connect(w->console_socket, reterr);
                if (console < 0)
                        return console;
        }
        if (p->terminal && w->detach && console < 0)
                return error_set(reterr, EINVAL, "A terminal and --detach need a --console-socket");
        r = oci_join(&join, &pid, &pidfd, &master, reterr);
        if (r < 0 || w->detach)
                return r;
        return p->terminal && console < 0 ? wait_on_terminal(s->id, pid, pidfd, TAKE_FD(master), reterr) : wait_for(pid, reterr);
}

int oci_verb_exec(const OciWords *w, Error **reterr) {
        _cleanup_(oci_state_freep) OciState *s = NULL;
        _cleanup_(oci_spec_freep) OciSpec *spec = NULL;
        _cleanup_(oci_process_done) OciProcess own = {};
        OciStatus status;
        json_t *json = NULL;
        int r = oci_state_open(w->root, w->operands[0], false, &s, reterr);

        if (r < 0)
                return r;
        status = oci_state_status(s);
        if (status != OCI_RUNNING && status != OCI_CREATED)
                return error_set(reterr, EINVAL, "Nothing can be run in container %s: it is %s", s->id, oci_status_name(status));
        r = oci_state_load_config(s, &spec, reterr);
        if (r >= 0)
                r = w->process ? oci_process_load(w->process, &own, &json, reterr) : take_words(w, &spec->process, reterr);
        if (r >= 0)
                r = execute(w, s, spec, w->process ? &own : &spec->process, reterr);
        json_decref(json);
        return r;
}
