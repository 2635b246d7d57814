/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "freeze.h"

#include <string.h>
#include <sys/socket.h>

#include "cgroup.h"
#include "clock.h"
#include "control.h"
#include "machine.h"
#include "text.h"

#define FROZEN_USEC (10 * UINT64_C(1000000)) /* for all processes to stand still */
#define ANSWER_SEC 10
#define KEEP_USEC (1 * UINT64_C(1000000))

struct MachineFreeze {
        char *machine;
        char *cgroup;
        int connection; /* to the supervisor: as long as it is open, the machine is frozen; or -1 */
        uint64_t kept;  /* CLOCK_MONOTONIC, when we last said so */
        bool stays;     /* it was frozen before, and is to stay so */
};

static int say(const MachineFreeze *f, const char *word) {
        return send(f->connection, word, strlen(word), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int was_thawed(const MachineFreeze *f, Error **reterr) {
        return error_set(reterr, ETIMEDOUT, "The machine '%s' went on, or ended, before all of it was read", f->machine);
}

int machine_freeze(const char *machine, MachineFreeze **ret, Error **reterr) {
        _cleanup_(machine_freeze_freep) MachineFreeze *f = calloc(1, sizeof(*f));
        _cleanup_(machine_freep) Machine *m = NULL;
        _cleanup_free_ char *answer = NULL;
        int r;

        if (!f)
                return error_oom(reterr);
        f->connection = -1;
        r = machine_open(machine, &m, reterr);
        if (r < 0)
                return r;
        if (string_set(&f->machine, machine) < 0 || string_set(&f->cgroup, m->record->cgroup) < 0)
                return error_oom(reterr);
        if (!f->cgroup) {
                error_set(reterr, EOPNOTSUPP, "The machine '%s' cannot be held still: it has no control group of its own", machine);
                return error_hint(reterr, -EOPNOTSUPP, "Power it off (`nbox poweroff %s`), and try again.", machine);
        }
        f->connection = control_request(machine, "freeze", &answer, reterr);
        if (f->connection < 0)
                return f->connection;
        f->stays = strcmp(answer, "frozen") == 0;
        f->kept = clock_usec(CLOCK_MONOTONIC);
        r = cgroup_wait_frozen(f->cgroup, FROZEN_USEC);
        if (r == -ETIMEDOUT) {
                error_set(reterr, r, "The machine '%s' cannot be held still: a process in it waits for the kernel", machine);
                return error_hint(reterr, r, "Try again, or power it off (`nbox poweroff %s`).", machine);
        }
        if (r < 0)
                return error_errno(reterr, r, "The machine '%s' cannot be held still", machine);
        *ret = TAKE_PTR(f);
        return 0;
}

int machine_freeze_keep(MachineFreeze *f) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);
        char end;

        if (now - f->kept < KEEP_USEC)
                return 0;
        f->kept = now;
        if (recv(f->connection, &end, sizeof(end), MSG_DONTWAIT | MSG_PEEK) == 0 || say(f, "keep") < 0)
                return -ETIMEDOUT;
        return 0;
}

/* At once, and also where there is no supervisor any more. */
static void let_go(const MachineFreeze *f) {
        if (!f->stays)
                (void) cgroup_freeze(f->cgroup, false);
}

int machine_thaw(MachineFreeze *f, Error **reterr) {
        const struct timeval limit = { .tv_sec = ANSWER_SEC };
        char answer[16] = "";
        ssize_t n;

        (void) setsockopt(f->connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        if (say(f, "thaw") < 0)
                return was_thawed(f, reterr);
        n = recv(f->connection, answer, sizeof(answer) - 1, 0);
        f->connection = close_fd(f->connection);
        let_go(f);
        return n > 0 && strcmp(answer, "ok") == 0 ? 0 : was_thawed(f, reterr);
}

void machine_freeze_free(MachineFreeze *f) {
        if (!f)
                return;
        if (f->connection >= 0) {
                close_fd(f->connection);
                let_go(f);
        }
        free(f->machine);
        free(f->cgroup);
        free(f);
}
