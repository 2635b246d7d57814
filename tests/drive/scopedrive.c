/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A supervisor with nothing but its dealings with systemd, for tests/host/scopes.sh: its "guest" is a shell in a new pid
 * namespace that ignores every signal it can, and is killed half a second after somebody has asked for the end (as
 * an orderly power-off takes its time). What happens is told on stdout, a line each.
 *
 *     scopedrive hold [--plain] [--bind] [--no-watch] [--reboots=N] [--property=P]... NAME
 *     scopedrive start|stop|enable|disable|state|restarts UNIT
 *     scopedrive transient UNIT COMMAND...
 *     scopedrive own-unit
 */

#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "file.h"
#include "log.h"
#include "registration.h"
#include "unit.h"

typedef struct Drive {
        sd_bus *bus;
        sd_event *event;
        Registration reg;
        char *scope, *slice;
        bool plain, no_watch;
        unsigned reboots;
        bool stopping;
} Drive;

static void tell(const char *fmt, ...) _printf_(1, 2);

static void tell(const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        vprintf(fmt, ap);
        va_end(ap);
        putchar('\n');
        fflush(stdout);
}

static int __attribute__((noreturn)) guest(void *unused) {
        sigset_t all;

        (void) unused;
        close_range(3, ~0U, 0); /* as exec would; the connection to the bus is to end with the supervisor */
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        for (;;)
                pause();
}

static pid_t guest_start(void) {
        const size_t size = 64 * 1024;
        char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

        return stack == MAP_FAILED ? -1 : clone(guest, stack + size, CLONE_NEWPID | SIGCHLD, NULL);
}

static int on_grace_over(sd_event_source *s, uint64_t usec, void *userdata) {
        Drive *d = userdata;

        (void) s;
        (void) usec;
        kill(d->reg.leader, SIGKILL);
        return 0;
}

static void stop_in_order(Drive *d) {
        if (d->stopping)
                return;
        d->stopping = true;
        sd_event_add_time_relative(d->event, NULL, CLOCK_MONOTONIC, 500000, 0, on_grace_over, d);
}

static void on_request_stop(void *userdata) {
        tell("request-stop");
        stop_in_order(userdata);
}

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata) {
        (void) s;
        tell("signal %s", sigabbrev_np((int) si->ssi_signo));
        stop_in_order(userdata);
        return 0;
}

static int on_exit_of_guest(sd_event_source *s, const siginfo_t *si, void *userdata) {
        Drive *d = userdata;

        (void) s;
        (void) si;
        tell("guest-gone");
        return sd_event_exit(d->event, 0);
}

static int enter(Drive *d, Error **reterr) {
        PendingRegistration *pending;
        int r;

        if (d->plain)
                return scope_start(d->bus, &d->reg, &d->scope, reterr);
        r = registration_start(d->bus, &d->reg, &pending, reterr);
        if (r < 0)
                return r;
        r = registration_wait(pending, &d->scope, reterr);
        if (r == -EOPNOTSUPP) {
                tell("unregistered %s", reterr && *reterr ? (*reterr)->message : "");
                return scope_start(d->bus, &d->reg, &d->scope, reterr);
        }
        return r;
}

static void show_cgroup(pid_t pid) {
        _cleanup_free_ char *text = NULL;
        char path[64], *line;

        snprintf(path, sizeof(path), "/proc/%i/cgroup", (int) pid);
        if (file_read(-1, path, 4096, &text) < 0 || !(line = strstr(text, "0::")))
                return;
        line[strcspn(line, "\n")] = 0;
        tell("cgroup %s", line + 3);
}

static int boot_once(Drive *d, Error **reterr) {
        _cleanup_(sd_event_source_unrefp) sd_event_source *child = NULL;
        int r;

        d->reg.leader = guest_start();
        if (d->reg.leader < 0)
                return error_errno(reterr, errno, "clone()");
        r = enter(d, reterr);
        if (r < 0) {
                kill(d->reg.leader, SIGKILL);
                return r;
        }
        tell("scope %s", d->scope);
        show_cgroup(d->reg.leader);
        r = sd_event_add_child(d->event, &child, d->reg.leader, WEXITED, on_exit_of_guest, d);
        if (r < 0)
                return error_errno(reterr, r, "sd_event_add_child()");
        sd_notify(0, "READY=1");
        tell("ready");
        return sd_event_loop(d->event);
}

static int leave(Drive *d, Error **reterr) {
        int r = 0;

        if (!d->plain)
                r = registration_remove(d->bus, d->reg.name, reterr);
        if (r >= 0)
                r = scope_stop(d->bus, d->scope, reterr);
        if (r >= 0)
                r = slice_stop(d->bus, d->slice, false, reterr);
        free(d->scope);
        d->scope = NULL;
        return r;
}

static int hold(Drive *d, Error **reterr) {
        _cleanup_free_ char *own = NULL, *scope = machine_scope_name(d->reg.name);
        sigset_t mask;
        int r;

        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGCHLD);
        sigprocmask(SIG_BLOCK, &mask, NULL);
        d->slice = machine_slice_name(d->reg.name);
        if (d->reg.unit) {
                r = own_unit(&own, reterr);
                if (r < 0)
                        return r;
                d->reg.unit = own;
                tell("own-unit %s", own ? own : "none");
        }
        sd_event_default(&d->event);
        sd_event_add_signal(d->event, NULL, SIGTERM, on_signal, d);
        sd_bus_attach_event(d->bus, d->event, 0);
        if (!d->no_watch) {
                r = scope_watch_request_stop(d->bus, scope, on_request_stop, d, reterr);
                if (r < 0)
                        return r;
        }
        for (;;) {
                r = boot_once(d, reterr);
                if (r < 0)
                        return r;
                r = leave(d, reterr);
                if (r < 0 || d->reboots-- == 0)
                        return r;
                d->stopping = false;
                /* An event loop that has ended begins anew with a new one. */
                sd_bus_detach_event(d->bus);
                d->event = sd_event_unref(d->event);
                sd_event_default(&d->event);
                sd_event_add_signal(d->event, NULL, SIGTERM, on_signal, d);
                sd_bus_attach_event(d->bus, d->event, 0);
        }
}

static int hold_options(int argc, char **argv, Drive *d, char ***properties) {
        static const struct option options[] = {
                { "plain", no_argument, NULL, 'p' },     { "bind", no_argument, NULL, 'b' },
                { "no-watch", no_argument, NULL, 'n' },  { "reboots", required_argument, NULL, 'r' },
                { "property", required_argument, NULL, 'P' }, {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "+", options, NULL)) >= 0)
                switch (c) {
                case 'p':
                        d->plain = true;
                        break;
                case 'b':
                        d->reg.unit = "";
                        break;
                case 'n':
                        d->no_watch = true;
                        break;
                case 'r':
                        d->reboots = (unsigned) atoi(optarg);
                        break;
                case 'P':
                        if (strv_append(properties, optarg) < 0)
                                return -ENOMEM;
                        break;
                default:
                        return -EINVAL;
                }
        if (optind != argc - 1)
                return -EINVAL;
        d->reg.name = argv[optind];
        return 0;
}

static int drive(int argc, char **argv, Error **reterr) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        if (argc < 2)
                return -EINVAL;
        if (strcmp(argv[1], "own-unit") == 0) {
                r = own_unit(&text, reterr);
                tell("%s", text ? text : "none");
                return r;
        }
        r = host_bus_open(&bus, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return error_set(reterr, ENXIO, "no systemd here");
        if (strcmp(argv[1], "hold") == 0) {
                _cleanup_strv_ char **properties = NULL;
                Drive d = { .bus = bus, .reg = { .root = "/var/lib/machines/x", .stop_timeout_usec = 5000000 } };

                r = hold_options(argc - 1, argv + 1, &d, &properties);
                d.reg.properties = properties;
                return r < 0 ? error_set(reterr, r, "bad arguments") : hold(&d, reterr);
        }
        if (argc < 3)
                return -EINVAL;
        if (strcmp(argv[1], "start") == 0)
                return unit_start(bus, argv[2], NULL, reterr);
        if (strcmp(argv[1], "stop") == 0)
                return unit_stop(bus, argv[2], reterr);
        if (strcmp(argv[1], "enable") == 0)
                return unit_enable(bus, argv[2], reterr);
        if (strcmp(argv[1], "disable") == 0)
                return unit_disable(bus, argv[2], reterr);
        if (strcmp(argv[1], "transient") == 0) {
                static char path[] = "A=b c";
                char *environment[] = { path, NULL };

                return service_start_transient(bus, &(TransientService){ .unit = argv[2], .description = "A test", .argv = argv + 3, .stdin_fd = -1,
                                                                            .environment = environment }, reterr);
        }
        if (strcmp(argv[1], "restarts") == 0) {
                r = service_restarts_on(bus, argv[2], UNIT_REBOOT_STATUS, reterr);
                if (r >= 0)
                        tell("%s", r ? "yes" : "no");
                return r;
        }
        r = unit_active_state(bus, argv[2], &text, reterr);
        if (r >= 0)
                tell("%s", text);
        return r;
}

int main(int argc, char **argv) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = drive(argc, argv, &error);

        return r < 0 ? (log_report(LOG_LEVEL_ERROR, r, error), 1) : 0;
}
