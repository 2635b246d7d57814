/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detach.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "boot-wait.h"
#include "fd.h"
#include "registration.h"
#include "unit.h"

#define REPORT_TICK_MSEC 200

typedef struct Report {
        int code; /* 0: it is up */
        char message[1024];
        char hint[512];
} Report;

bool detach_is_done(const MachinePlan *p) {
        _cleanup_free_ char *unit = NULL, *service = machine_transient_service_name(p->name);

        return service && own_unit(&unit, NULL) >= 0 && unit && strcmp(unit, service) == 0;
}

/* The service would make up another name. */
static int supervisor_command(const MachinePlan *p, int argc, char **argv, char ***ret, Error **reterr) {
        _cleanup_strv_ char **command = NULL;
        char self[4096];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        int r;

        if (n < 0)
                return error_errno(reterr, errno, "Cannot find nbox's own program");
        self[n] = 0;
        r = strv_append(&command, self);
        for (int i = 0; i < argc && r >= 0; i++) {
                r = strv_append(&command, argv[i]);
                if (i == 0 && p->name_is_made_up && r >= 0) {
                        r = strv_append(&command, "--ephemeral");
                        if (r >= 0)
                                r = strv_appendf(&command, "--machine=%s", p->name);
                }
        }
        if (r < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(command);
        return 0;
}

static int start_service(const DetachRequest *q, BootWait *wait, Error **reterr) {
        JobHook hook = { boot_wait_tick, wait };
        _cleanup_free_ char *unit = machine_transient_service_name(q->plan->name), *description = NULL;
        _cleanup_strv_ char **command = NULL;
        int r;

        if (!unit || asprintf(&description, "Machine %s", q->plan->name) < 0)
                return error_oom(reterr);
        r = supervisor_command(q->plan, q->argc, q->argv, &command, reterr);
        if (r < 0)
                return r;
        return service_start_transient(q->bus, &(TransientService){ .unit = unit, .description = description, .argv = command,
                                                                    .stdin_fd = q->credentials, .hook = &hook }, reterr);
}

/* Detached from the caller's terminal, files and session; what it has to say later goes nowhere but to its exit. */
static int become_daemon(AssembleHome *home, Error **reterr) {
        _cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0 || setsid() < 0 || chdir("/") < 0)
                return error_errno(reterr, errno, "Cannot go into the background");
        for (int fd = 0; fd < 3; fd++)
                if (dup2(null, fd) < 0)
                        return error_errno(reterr, errno, "Cannot go into the background");
        home->directory = close_fd(home->directory);
        return 0;
}

/* Those that the supervisor makes the machine's tree of: who stayed in that namespace would find himself in the tree. In a chroot, where home
 * is outside, it makes nothing of them (hand-over.c). */
static void leave_mounts(const DetachRequest *q) {
        if (q->plan->userns && q->home->mounts >= 0)
                assemble_go_home(q->home);
}

/* 0: it is up, 1: we are to wait no longer. */
static int await_report(int fd, BootWait *wait, Error **reterr) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        Report report = {};
        size_t n = 0;

        while (n < sizeof(report)) {
                ssize_t k;

                if (boot_wait_tick(wait))
                        return 1;
                if (poll(&p, 1, REPORT_TICK_MSEC) <= 0)
                        continue;
                k = read(fd, (char *) &report + n, sizeof(report) - n);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0)
                        return error_set(reterr, ECHILD, "The machine's supervisor ended before it was up");
                n += (size_t) k;
        }
        if (report.code == 0)
                return 0;
        error_set(reterr, report.code, "%.*s", (int) sizeof(report.message), report.message);
        if (report.hint[0])
                error_hint(reterr, report.code, "%.*s", (int) sizeof(report.hint), report.hint);
        return report.code < 0 ? report.code : -EIO;
}

static void send_report(int *fd, const Report *report) {
        if (*fd < 0)
                return;
        (void) fd_write_all(*fd, report, sizeof(*report));
        *fd = close_fd(*fd);
}

void detach_report_ready(int *fd) {
        send_report(fd, &(Report){});
}

void detach_report_failure(int *fd, int r, const Error *e) {
        Report report = { .code = r };

        snprintf(report.message, sizeof(report.message), "%s", e ? e->message : strerror(-r));
        snprintf(report.hint, sizeof(report.hint), "%s", e && e->hint ? e->hint : "");
        send_report(fd, &report);
}

int detach(const DetachRequest *q, int *report_fd, Error **reterr) {
        const MachinePlan *p = q->plan;
        BootWait wait;
        int fds[2], r;
        pid_t pid;

        if (q->bus) {
                boot_wait_begin(&wait, p->name, p->quiet);
                r = start_service(q, &wait, reterr);
                boot_wait_end(&wait, r == 0);
                return r < 0 ? r : r == 0 ? DETACHED_UP : DETACHED_LEFT;
        }
        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        pid = fork();
        if (pid < 0) {
                close_fd(fds[0]);
                close_fd(fds[1]);
                return error_errno(reterr, errno, "Cannot start the machine's supervisor");
        }
        if (pid == 0) {
                close_fd(fds[0]);
                r = become_daemon(q->home, reterr);
                *report_fd = fds[1];
                return r;
        }
        close_fd(fds[1]);
        leave_mounts(q);
        boot_wait_begin(&wait, p->name, p->quiet);
        r = await_report(fds[0], &wait, reterr);
        close_fd(fds[0]);
        boot_wait_end(&wait, r == 0);
        return r < 0 ? r : r == 0 ? DETACHED_UP : DETACHED_LEFT;
}
