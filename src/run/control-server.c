/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "clock.h"
#include "control-answer.h"
#include "control.h"
#include "fd.h"
#include "freeze-server.h"
#include "freezing.h"
#include "parse.h"
#include "supervisor.h"

/* The supervisor's side of control.h. The socket's directory and mode let only root connect; what is said is parsed as
 * if anybody had. A connection that says nothing is dropped by the client's end, and costs an fd until then. */

#define REQUEST_MAX 128
#define GETTYS_USEC (300 * 1000) /* between the first and the last getty that an init starts */

/* Hands fd over to a terminal; answers first, so that "ok" comes before what is in the ring. */
static int attach_to(Supervisor *s, size_t i, int fd, Error **reterr) {
        char text[32];
        int r;

        if (i >= s->n_terminals)
                return error_set(reterr, ENXIO, "The machine '%s' has no such terminal", s->plan->name);
        if (i > 0 && terminal_has_client(s->terminals[i]))
                return error_set(reterr, EBUSY, "Somebody is on tty%zu of machine '%s' already", i, s->plan->name);
        snprintf(text, sizeof(text), "ok %zu", i);
        r = control_answer(fd, text);
        if (r < 0)
                return error_errno(reterr, r, "Cannot answer");
        return terminal_add_client(s->terminals[i], fd, reterr);
}

static int find_tty(const Supervisor *s, TerminalUse use) {
        for (size_t i = 1; i < s->n_terminals; i++)
                if (terminal_use(s->terminals[i]) == use)
                        return (int) i;
        return -ENXIO;
}

/* From the last on, for the guest may still come to the first; and better one that nothing of the guest's was ever on. */
static int find_spare(const Supervisor *s) {
        static const TerminalUse uses[] = { TERMINAL_SPARE, TERMINAL_SILENT, TERMINAL_WRITTEN };

        for (size_t u = 0; u < ELEMENTSOF(uses); u++)
                for (size_t i = s->n_terminals; i > 1; i--)
                        if (terminal_use(s->terminals[i - 1]) == uses[u])
                                return (int) i - 1;
        return -ENXIO;
}

/* The last time that a terminal turned out to have a getty; 0 where none ever had. */
static uint64_t last_getty(const Supervisor *s) {
        uint64_t last = 0;

        for (size_t i = 1; i < s->n_terminals; i++)
                if (terminal_getty_since(s->terminals[i]) > last)
                        last = terminal_getty_since(s->terminals[i]);
        return last;
}

static int find_getty(const Supervisor *s, Error **reterr) {
        const char *name = s->plan->name;
        int i = find_tty(s, TERMINAL_GETTY);

        if (i >= 0)
                return i;
        if (last_getty(s) == 0)
                return error_set(reterr, ENXIO, "No getty is waiting on a terminal of machine '%s'", name);
        if (find_tty(s, TERMINAL_STARTING) >= 0 || clock_usec(CLOCK_MONOTONIC) - last_getty(s) < GETTYS_USEC)
                return error_set(reterr, EAGAIN, "A getty of machine '%s' is about to start", name);
        return error_set(reterr, EBUSY, "All gettys of machine '%s' are in use", name);
}

static int no_terminals(const Supervisor *s, Error **reterr) {
        return error_set(reterr, ENOTTY, "The machine '%s' has no terminals: it was started with --console=pipe", s->plan->name);
}

static int attach(Supervisor *s, const char *which, int fd, Error **reterr) {
        uint64_t n;

        if (s->n_terminals == 0)
                return no_terminals(s, reterr);
        if (strcmp(which, "console") == 0)
                return attach_to(s, 0, fd, reterr);
        if (strcmp(which, "login") == 0) {
                int i = find_getty(s, reterr);

                return i < 0 ? i : attach_to(s, (size_t) i, fd, reterr);
        }
        if (parse_u64(which, PLAN_TTYS, &n) < 0 || n == 0)
                return error_set(reterr, EINVAL, "There is no terminal '%s'", which);
        return attach_to(s, (size_t) n, fd, reterr);
}

static int spare(const Supervisor *s, int fd, Error **reterr) {
        char text[16];
        int i = s->n_terminals == 0 ? no_terminals(s, reterr) : find_spare(s);

        if (i == -ENXIO)
                return error_set(reterr, ENXIO, "All terminals of machine '%s' are in use", s->plan->name);
        if (i < 0)
                return i;
        snprintf(text, sizeof(text), "ok %d", i);
        return control_answer(fd, text);
}

static int stop(Supervisor *s, const char *name, int fd, Error **reterr) {
        InitAction action;
        int r;

        if (init_action_from_string(name, &action) < 0)
                return error_set(reterr, EINVAL, "There is no way '%s' to stop a machine", name);
        r = supervisor_stop(s, action);
        if (r == -EBUSY)
                return error_set(reterr, EBUSY, "The machine '%s' has been asked to %s: to %s it now would disturb that", s->plan->name,
                                 init_action_to_phrase(s->stop.action), init_action_to_phrase(action));
        (void) control_answer(fd, r == SUPERVISOR_STARTS ? "ok starting" : r > 0 ? "ok already" : "ok");
        return 0;
}

static int freeze(Supervisor *s, int fd, Error **reterr) {
        int r = freezing_begin(s, fd, reterr);

        if (r >= 0 && control_answer(fd, s->freezing.stays ? "ok frozen" : "ok") < 0)
                freezing_end(s);
        return r < 0 ? r : 1;
}

/* Returns 1 when somebody has taken the fd. */
static int serve(Supervisor *s, char *request, int fd, Error **reterr) {
        char *state = NULL, *version = strtok_r(request, " ", &state), *verb = strtok_r(NULL, " ", &state),
             *argument = strtok_r(NULL, " ", &state);
        uint64_t v;
        int r;

        if (!version || parse_u64(version, INT32_MAX, &v) < 0 || v == 0)
                return error_set(reterr, EINVAL, "The supervisor does not know that request");
        if (v > CONTROL_VERSION)
                return error_set(reterr, EPROTONOSUPPORT, "The machine '%s' was started by an older nbox, which does not understand what "
                                 "this one asks for: reboot it", s->plan->name);
        if (verb && strcmp(verb, "ping") == 0)
                return control_answer(fd, "ok");
        if (verb && (strcmp(verb, "attach") == 0 || strcmp(verb, "spare") == 0) && !s->launched)
                return error_set(reterr, EAGAIN, "The machine '%s' is still starting", s->plan->name);
        if (verb && strcmp(verb, "attach") == 0 && argument) {
                r = attach(s, argument, fd, reterr);
                return r < 0 ? r : 1;
        }
        if (verb && strcmp(verb, "spare") == 0)
                return spare(s, fd, reterr);
        if (verb && strcmp(verb, "stop") == 0 && argument)
                return stop(s, argument, fd, reterr);
        if (verb && strcmp(verb, "freeze") == 0)
                return freeze(s, fd, reterr);
        if (verb && strcmp(verb, "freezer") == 0 && argument)
                return freeze_serve(s, argument, fd, reterr);
        if (verb && strcmp(verb, "ports") == 0) {
                r = port_relays_update(s, reterr);
                return r < 0 ? r : control_answer(fd, "ok");
        }
        return error_set(reterr, EOPNOTSUPP,
                         "The supervisor of machine '%s' does not know that request, as one of an older nbox would not: reboot it",
                         s->plan->name);
}

static int on_request(EventSource *source, int fd, _unused_ uint32_t revents, void *userdata) {
        _cleanup_(error_freep) Error *error = NULL;
        Supervisor *s = userdata;
        char request[REQUEST_MAX + 1];
        ssize_t n = recv(fd, request, REQUEST_MAX, MSG_DONTWAIT);
        int r = 0;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        (void) event_source_set_enabled(source, EVENT_OFF); /* a terminal is about to watch the same fd */
        if (n > 0) {
                request[n] = 0;
                r = serve(s, request, fd, &error);
                if (r < 0)
                        control_answer_error(fd, r, error);
        }
        if (r == 1)
                event_source_set_io_fd_own(source, false);
        event_source_free(source); /* one request a connection */
        return 0;
}

/* The source belongs to the loop and the fd to the source, so that who never says anything is gone with the life that he came in. */
static int add_connection(Supervisor *s, int fd) {
        EventSource *source;
        int r = event_add_io(s->event, &source, fd, EPOLLIN, on_request, s);

        if (r < 0)
                return r;
        event_source_set_io_fd_own(source, true);
        event_source_set_floating(source);
        return 0;
}

static int on_connection(_unused_ EventSource *source, int fd, _unused_ uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (client < 0)
                return 0;
        if (add_connection(s, client) < 0)
                close_fd(client);
        return 0;
}

int control_server_start(Supervisor *s, Error **reterr) {
        _cleanup_free_ char *path = control_path(s->plan->name);
        int r;

        if (!path)
                return error_oom(reterr);
        if (s->control_fd < 0)
                s->control_fd = unix_listen(path, SOCK_SEQPACKET, 0600);
        r = s->control_fd;
        if (r >= 0)
                r = event_add_io(s->event, NULL, s->control_fd, EPOLLIN, on_connection, s);
        return r < 0 ? error_errno(reterr, r, "Cannot serve %s", path) : 0;
}
