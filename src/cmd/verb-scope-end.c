/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>

#include "control.h"
#include "machine.h"
#include "parse.h"
#include "verb-list.h"

/* As far as its init: the supervisor then stops the scope, and that waits for us. systemd bounds how long. */
static int wait_for_init(const Machine *m, Error **reterr) {
        struct pollfd p = { .fd = m->leader_fd, .events = POLLIN };

        while (poll(&p, 1, -1) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for machine '%s'", m->record->name);
        return 0;
}

/* Called by the unit that stands beside the scope of a machine whose supervisor systemd cannot ask (systemd/scope-end.c). What runs no more, or is
 * another machine of that name, is none of its business. */
int verb_scope_end(int argc, char **argv, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        VerbArgs args = verb_args(argc, argv);
        uint64_t leader;
        int fd, r;

        r = verb_operands(&args, 2, 2, reterr);
        if (r < 0)
                return r;
        if (parse_u64(args.operands[1], INT32_MAX, &leader) < 0)
                return error_set(reterr, EINVAL, "'%s' is not the number of a process", args.operands[1]);
        if (machine_find(args.operands[0], &m, NULL) < 0 || m->leader_fd < 0 || (uint64_t) m->record->leader != leader)
                return 0;
        fd = control_request(m->record->name, "stop poweroff", NULL, reterr);
        if (fd < 0)
                return fd;
        close_fd(fd);
        return wait_for_init(m, reterr);
}
