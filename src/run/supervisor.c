/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "bus-again.h"
#include "cgroup.h"
#include "exit-status.h"
#include "libsystemd.h"
#include "log.h"
#include "pidfd.h"
#include "process.h"
#include "registration.h"
#include "supervisor-stop.h"
#include "usage-sampler.h"

/* As exit_status, but for who asks later what it was. */
static void note_end(Supervisor *s, const siginfo_t *info) {
        MachineEnd *end = &s->end;

        *end = (MachineEnd){ .kind = info->si_code == CLD_EXITED ? END_EXIT : END_SIGNAL, .code = info->si_status };
        if (s->stop.timed_out)
                end->kind = END_TIMEOUT;
        else if (s->memory.stopping && memory_watch_judge(s, end))
                ;
        else if (s->stop.killed_for > 0 || (s->stop.asked && s->stop.action == INIT_KILL))
                end->kind = END_KILLED;
        else if (s->reboot)
                end->kind = END_REBOOT;
        else if (s->plan->mode == START_BOOT && (s->stop.asked || (end->kind == END_SIGNAL && end->code == SIGINT)))
                end->kind = END_POWEROFF;
        else if (end->kind == END_SIGNAL && end->code == SIGKILL)
                (void) memory_watch_judge(s, end);
}

/* Init ended. reboot(2) in a pid namespace kills its init with a signal that tells which (pid_namespaces(7)); for a
 * command, which is no init, a signal is a signal. */
static int on_leader(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        char phrase[MACHINE_END_TEXT_MAX + 64];
        Supervisor *s = userdata;
        siginfo_t info;
        int r;

        r = pidfd_wait(s->leader_fd, &info);
        s->leader_fd = close_fd(s->leader_fd);
        if (r < 0)
                return event_exit(s->event, r);

        if (info.si_code == CLD_EXITED)
                s->exit_status = info.si_status;
        else if (s->plan->mode == START_BOOT && info.si_status == SIGINT)
                s->exit_status = 0;
        else if (s->plan->mode == START_BOOT && info.si_status == SIGHUP) {
                s->exit_status = 0;
                s->reboot = !s->stop.asked || s->stop.action == INIT_REBOOT;
        } else
                s->exit_status = 128 + info.si_status;
        if (s->stop.for_health && s->stop.action == INIT_REBOOT) /* however it ended: a command does not reboot, and who hangs is killed */
                s->reboot = true;
        if (s->plan->as_service && s->stop.asked)
                s->exit_status = 0;
        if (s->stop.killed_for > 0)
                s->exit_status = 128 + s->stop.killed_for;
        if (s->stop.timed_out)
                s->exit_status = EXIT_TIMED_OUT;
        note_end(s, &info);
        if (s->end.kind == END_MEMORY_STOP) /* nobody has asked for this end: a service of ours has failed */
                s->exit_status = 128 + SIGKILL;
        if (s->end.kind == END_MEMORY || s->end.kind == END_MEMORY_STOP)
                log_warning("Machine %s %s", s->plan->name, machine_end_phrase(&s->end, phrase, sizeof(phrase)));
        if (s->plan->as_nspawn && s->exit_status >= EXIT_TIMED_OUT && info.si_code != CLD_EXITED)
                s->exit_status = EXIT_FAILURE;
        /* So that a start of our unit waits for our end. Not before a reboot: systemd would not restart us. */
        if (!s->reboot)
                (void) sd_notify(0, "STOPPING=1");
        return event_exit(s->event, 0);
}

static int on_signal(_unused_ EventSource *source, const struct signalfd_siginfo *si, void *userdata) {
        Supervisor *s = userdata;
        int sig = (int) si->ssi_signo;

        if (s->plan->mode == START_RUN && !s->plan->as_service)
                stop_forward_signal(s, sig);
        else if (sig == SIGQUIT)
                (void) supervisor_stop(s, INIT_KILL);
        else
                (void) supervisor_stop(s, s->stop.asked && sig == SIGINT ? INIT_KILL : INIT_POWEROFF);
        return 0;
}

static void on_request_stop(void *userdata) {
        (void) supervisor_stop(userdata, INIT_POWEROFF);
}

static void on_attach(AttachEnd what, void *userdata) {
        Supervisor *s = userdata;

        switch (what) {
        case ATTACH_END_LEFT:
                (void) supervisor_stop(s, INIT_KILL);
                break;
        case ATTACH_END_HANGUP:
                s->attach = attach_free(s->attach); /* the guest is not to wait for who does not read any more */
                (void) supervisor_stop(s, INIT_POWEROFF);
                break;
        case ATTACH_END_POWEROFF:
                (void) supervisor_stop(s, INIT_POWEROFF);
                break;
        case ATTACH_END_REBOOT:
                (void) supervisor_stop(s, INIT_REBOOT);
                break;
        case ATTACH_END_PEER:
                break;
        }
}

/* Our own terminal is one more client of the console. */
static int attach_console(Supervisor *s, Error **reterr) {
        bool read_only = s->plan->console == CONSOLE_READ_ONLY;
        AttachPolicy policy = {
                .power_keys = s->plan->mode == START_BOOT, .read_only = read_only, .eof = ATTACH_EOF_IGNORE,
                .on_event = on_attach, .userdata = s,
        };
        int sockets[2], r;

        if (s->plan->console != CONSOLE_INTERACTIVE && !read_only)
                return 0;
        if (!s->plan->quiet && !read_only)
                log_info("Machine %s on %s. Press ^] three times within 1s to kill it%s.", s->plan->name, s->plan->root,
                         s->plan->mode == START_BOOT ? ", ^] twice and p to power it off, ^] twice and r to reboot it" : "");
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        r = terminal_add_client(s->terminals[0], sockets[0], reterr);
        if (r < 0) {
                close_fd(sockets[0]);
                close_fd(sockets[1]);
                return r;
        }
        return attach_new(s->event, ATTACH_CONTROL, sockets[1], &policy, &s->attach, reterr);
}

static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };

static int watch_signals(Supervisor *s, Error **reterr) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(signals); i++)
                r = event_add_signal(s->event, NULL, signals[i], on_signal, s);
        return r < 0 ? error_errno(reterr, r, "Cannot watch for signals") : 0;
}

bool supervisor_is_signalled(void) {
        sigset_t set;

        if (sigpending(&set) < 0)
                return true;
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                if (sigismember(&set, signals[i]) > 0)
                        return true;
        return false;
}

int supervisor_listen(Supervisor *s, Error **reterr) {
        int r;

        if (s->listens)
                return 0;
        r = watch_signals(s, reterr);
        if (r >= 0)
                r = control_server_start(s, reterr);
        s->listens = r >= 0;
        return r;
}

void supervisor_hear(Supervisor *s) {
        while (event_run(s->event, 0) > 0)
                ;
}

bool supervisor_is_cancelled(Supervisor *s) {
        if (s->launched || !s->stop.asked)
                return false;
        s->exit_status = s->stop.killed_for > 0 ? 128 + s->stop.killed_for : s->stop.action == INIT_KILL ? 128 + SIGKILL : 0;
        return true;
}

static int add_sources(Supervisor *s, Error **reterr) {
        int r;

        r = event_add_io(s->event, NULL, s->leader_fd, EPOLLIN, on_leader, s);
        if (r >= 0)
                r = supervisor_watch_notify(s);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch the machine");
        if (s->scope) {
                r = scope_watch_request_stop(s->bus, s->scope, on_request_stop, s, reterr);
                if (r < 0)
                        return r;
        }
        r = readiness_watch(s, reterr);
        if (r >= 0)
                health_watch_begin(s);
        return r;
}

int supervisor_loop(Supervisor *s, Error **reterr) {
        int r;

        r = attach_console(s, reterr);
        if (r >= 0)
                r = add_sources(s, reterr);
        if (r < 0)
                return r;
        stop_watch_machinectl(s);
        bus_again_begin(s);
        s->sampler = usage_sampler_begin(s);
        if (s->plan->mode == START_BOOT)
                process_give_back_memory(); /* what the start has used: from here on little is */
        r = event_loop(s->event);
        s->sampler = usage_sampler_end(s->sampler);
        s->launched = false;
        bus_again_end(s);
        stop_end(s);
        if (r < 0)
                return error_errno(reterr, r, "Cannot go on watching machine '%s'", s->plan->name);
        return readiness_ended(s, reterr);
}
