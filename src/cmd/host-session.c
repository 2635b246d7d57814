/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-session.h"

#include "attach.h"
#include "host-machine.h"
#include "password-agent.h"
#include "registration.h"

bool names_host(const char *word) {
        return !word || !*word || is_host_machine(word);
}

static int open_bus(sd_bus **ret, Error **reterr) {
        int r = host_bus_open(ret, reterr);

        if (r != 0)
                return r < 0 ? r : 0;
        error_set(reterr, EOPNOTSUPP, "Sessions on the host are systemd's to make, which does not run here");
        return error_hint(reterr, -EOPNOTSUPP, "Without it, there are su(1) and login(1).");
}

static int attach(const char *name, int pty, AttachEof eof, Error **reterr) {
        AttachEnd end;

        return attach_run(is_host_machine(name) ? "the local host" : name, ATTACH_PTY, pty, -1, eof, &end, reterr);
}

typedef int (*OpenPty)(sd_bus *bus, const void *what, int *ret_pty, Error **reterr);

static int open_shell(sd_bus *bus, const void *what, int *ret_pty, Error **reterr) {
        return machined_open_shell(bus, what, ret_pty, reterr);
}

static int open_login(sd_bus *bus, const void *what, int *ret_pty, Error **reterr) {
        return machined_open_login(bus, what, ret_pty, reterr);
}

static int session(OpenPty open_pty, const void *what, const char *name, AttachEof eof, Error **reterr) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(password_agent_stop) pid_t agent = 0;
        int pty, r = open_bus(&bus, reterr);

        if (r < 0)
                return r;
        agent = password_agent_start();
        r = open_pty(bus, what, &pty, reterr);
        return r < 0 ? r : attach(name, pty, eof, reterr);
}

int host_session_shell(const MachinedShell *q, Error **reterr) {
        return session(open_shell, q, q->name, ATTACH_EOF_SEND, reterr);
}

int host_session_login(const char *name, Error **reterr) {
        return session(open_login, name, name, ATTACH_EOF_LEAVE, reterr);
}
