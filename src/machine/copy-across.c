/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-across.h"

#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "caps.h"
#include "clock.h"
#include "exit-status.h"
#include "mount.h"
#include "namespace.h"
#include "process.h"

#define STEP_MSEC 100
#define GRACE_USEC (3 * UINT64_C(1000000)) /* for a writer that is to end, to remove what is not whole */

/* What root has over files, and no more. */
static const uint64_t file_capabilities = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) |
        CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_SETFCAP) | CAP_BIT(CAP_SYS_RESOURCE);

typedef struct Across {
        const CopyAcross *q;
        ParcelTally *tally;   /* shared */
        InsideProcess inside;
        pid_t host;           /* 0: there is none */
        int host_fd;          /* pidfd */
        int report;           /* from that one: DONE or FAIL; SEQPACKET */
} Across;

/* ---- the two processes ---- */

static int run_part(CopyPart part, int sock, const Across *a, Error **reterr) {
        ParcelPipe pipe;
        int r = parcel_pipe_init(&pipe, sock, a->tally, reterr);

        if (r >= 0)
                r = part(&pipe, a->q->userdata, reterr);
        if (r < 0)
                parcel_send_failure(&pipe, r, reterr ? *reterr : NULL);
        parcel_pipe_done(&pipe);
        return r;
}

static int run_inside(int sock, void *userdata) {
        const Across *a = userdata;
        _cleanup_(error_freep) Error *error = NULL;

        return run_part(a->q->part_inside, sock, a, &error) < 0 ? EXIT_OWN_FAILURE : 0;
}

/* Devices are not opened by who reads, whatever comes in the place of what he has looked at. */
static void leave_devices_alone(void) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_NODEV };

        if (mount_own_namespace() >= 0)
                (void) mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr));
}

static _Noreturn void run_on_host(const Across *a, int sock, int report, pid_t parent) {
        _cleanup_(error_freep) Error *error = NULL;
        ParcelPipe pipe;
        int r;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(EXIT_OWN_FAILURE);
        leave_devices_alone();
        umask(0);
        r = run_part(a->q->part_on_host, sock, a, &error);
        if (parcel_pipe_init(&pipe, report, a->tally, NULL) < 0)
                _exit(EXIT_OWN_FAILURE);
        if (r < 0)
                parcel_send_failure(&pipe, r, error);
        else
                r = parcel_send(&pipe, &(Parcel){ .head = { .kind = PARCEL_DONE }, .fd = -1 }, NULL);
        _exit(r < 0 ? EXIT_OWN_FAILURE : 0);
}

/* From here on the two have their socket for themselves: when one ends, the other hears of it. */
static int start_on_host(Across *a, Error **reterr) {
        pid_t parent = getpid();
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a socket pair");
        a->report = pair[0];
        a->host = clone_into(0, -1, &a->host_fd);
        if (a->host == 0) {
                close_fd(pair[0]);
                run_on_host(a, a->inside.sock, pair[1], parent);
        }
        close_fd(pair[1]);
        a->inside.sock = close_fd(a->inside.sock);
        if (a->host > 0)
                return 0;
        error_errno(reterr, a->host, "Cannot start a process");
        a->host = 0;
        return -EAGAIN;
}

static int start(Across *a, const CopyWatch *watch, Error **reterr) {
        InsideRequest request = a->q->inside;
        int r;

        request.capabilities = file_capabilities;
        request.mount_attr = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | (a->q->is_read_inside ? MOUNT_ATTR_RDONLY : 0);
        request.run = run_inside;
        request.userdata = a;
        r = inside_mounts_start(&request, watch, &a->inside, reterr);
        return r < 0 ? r : start_on_host(a, reterr);
}

/* ---- waiting for them ---- */

static bool is_over(const CopyWatch *watch, const Across *a) {
        CopyProgress done = a->tally->done;

        if (!watch)
                return false;
        if (watch->show)
                watch->show(&done, watch->userdata);
        return watch->is_cancelled && watch->is_cancelled(watch->userdata);
}

/* 0: it has reported or ended. */
static int await_report(Across *a, const CopyWatch *watch, Error **reterr) {
        struct pollfd p[] = { { .fd = a->report, .events = POLLIN }, { .fd = a->q->inside.leader_fd, .events = POLLIN } };

        for (;;) {
                (void) poll(p, ELEMENTSOF(p), STEP_MSEC);
                if (p[0].revents)
                        return 0;
                if (p[1].revents)
                        return error_set(reterr, ESRCH, "The machine '%s' has ended meanwhile", a->q->inside.name);
                if (is_over(watch, a))
                        return error_set(reterr, ECANCELED, "The copying was interrupted");
        }
}

static int read_report(Across *a, Error **reterr) {
        ParcelPipe pipe;
        Parcel parcel;
        int r = parcel_pipe_init(&pipe, a->report, a->tally, reterr);

        if (r >= 0)
                r = parcel_receive(&pipe, &parcel, reterr);
        parcel_pipe_done(&pipe);
        return r;
}

/* Both end by themselves: they are done, or the flag is up, or the other one is gone. Who does not, waits for what will not come. */
static void await_ends(Across *a) {
        uint64_t until = clock_usec(CLOCK_MONOTONIC) + GRACE_USEC;
        int fds[] = { a->host_fd, a->inside.pidfd };

        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                uint64_t now = clock_usec(CLOCK_MONOTONIC);

                if (fds[i] >= 0)
                        (void) poll(&(struct pollfd){ .fd = fds[i], .events = POLLIN }, 1, now < until ? (int) ((until - now) / 1000) : 0);
        }
}

static void end(Across *a) {
        await_ends(a);
        inside_mounts_done(&a->inside);
        if (a->host > 0)
                (void) process_end(a->host);
        a->host_fd = close_fd(a->host_fd);
        a->report = close_fd(a->report);
}

int copy_across(const CopyAcross *q, const CopyWatch *watch, ParcelTally *ret, Error **reterr) {
        ParcelTally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        Across a = { .q = q, .tally = tally, .inside = INSIDE_PROCESS_NONE, .host_fd = -1, .report = -1 };
        int r;

        if (tally == MAP_FAILED)
                return error_oom(reterr);
        r = start(&a, watch, reterr);
        if (r >= 0)
                r = await_report(&a, watch, reterr);
        if (r >= 0)
                r = read_report(&a, reterr);
        if (r < 0)
                tally->is_cancelled = true;
        end(&a);
        (void) is_over(watch, &a); /* the last figures */
        *ret = *tally;
        (void) munmap(tally, sizeof(*tally));
        return r;
}
