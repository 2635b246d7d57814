/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "clock.h"
#include "fd.h"
#include "name.h"
#include "parse.h"
#include "record.h"

/* The asking side. A supervisor answers from its event loop, at once; one that does not within ANSWER_SEC is
 * stuck or stopped, and the caller is told so rather than made to wait. */

#define ANSWER_MAX 4096
#define ANSWER_SEC 20
#define RESET_TRIES 10
#define RESET_PAUSE_USEC (50 * 1000)

static int set_timeouts(int fd, time_t seconds) {
        struct timeval tv = { .tv_sec = seconds };

        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
                return -errno;
        return 0;
}

char *control_path(const char *machine) {
        _cleanup_free_ char *dir = record_path(machine);
        char *path = NULL;

        return dir && asprintf(&path, "%s/control", dir) >= 0 ? path : NULL;
}

static int connect_to(const char *machine, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        int fd;

        fd = machine_name_check(machine, reterr);
        if (fd < 0)
                return fd;
        path = control_path(machine);
        if (!path)
                return error_oom(reterr);
        fd = unix_connect(path, SOCK_SEQPACKET);
        if (fd == -ENOENT || fd == -ECONNREFUSED) {
                error_set(reterr, ESRCH, "No machine '%s' is running under a supervisor of nbox", machine);
                return error_hint(reterr, -ESRCH, "`nbox list` shows what is running, `nbox images` what can be booted.");
        }
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot reach the supervisor of machine '%s'", machine);
        return fd;
}

/* "error ERRNO MESSAGE": the number is trusted as far as it is one. */
static int answered_error(char *rest, Error **reterr) {
        char *message = strchr(rest, ' ');
        uint64_t code;

        if (message)
                *message++ = 0;
        if (parse_u64(rest, 4095, &code) < 0 || code == 0)
                code = EPROTO;
        return error_set(reterr, (int) code, "%s", message && *message ? message : strerror((int) code));
}

int control_parse_answer(const char *machine, char *answer, char **ret_text, Error **reterr) {
        char *text;

        if (strncmp(answer, "error ", 6) == 0)
                return answered_error(answer + 6, reterr);
        if (strncmp(answer, "ok", 2) != 0 || (answer[2] && answer[2] != ' '))
                return error_set(reterr, EPROTO, "The supervisor of machine '%s' gave an answer that is not understood", machine);
        if (!ret_text)
                return 0;
        text = strdup(answer[2] ? answer + 3 : "");
        if (!text)
                return error_oom(reterr);
        *ret_text = text;
        return 0;
}

/* One try. -ECONNRESET, without an Error: the connection was closed before it was answered, as by a life of the machine that ends. */
static int request_once(const char *machine, const char *request, char **ret_text, Error **reterr) {
        _cleanup_close_ int fd = connect_to(machine, reterr);
        char packet[256], answer[ANSWER_MAX + 1];
        ssize_t n;
        int r;

        if (fd < 0)
                return fd;
        if (snprintf(packet, sizeof(packet), "%d %s", CONTROL_VERSION, request) >= (int) sizeof(packet))
                return error_set(reterr, E2BIG, "The request to machine '%s' is too long", machine);
        r = set_timeouts(fd, ANSWER_SEC);
        if (r >= 0)
                r = fd_send(fd, packet, strlen(packet), NULL, 0);
        if (r == -ECONNRESET || r == -EPIPE)
                return -ECONNRESET;
        if (r < 0)
                return error_errno(reterr, r, "Cannot speak to the supervisor of machine '%s'", machine);
        n = fd_recv(fd, answer, ANSWER_MAX, NULL, NULL);
        if (n == -EAGAIN)
                return error_set(reterr, ETIMEDOUT, "The supervisor of machine '%s' did not answer within %d s", machine, ANSWER_SEC);
        if (n == 0 || n == -ECONNRESET)
                return -ECONNRESET;
        if (n < 0)
                return error_errno(reterr, (int) n, "The supervisor of machine '%s' did not answer", machine);
        answer[n] = 0;
        r = control_parse_answer(machine, answer, ret_text, reterr);
        if (r < 0)
                return r;
        r = set_timeouts(fd, 0);
        if (r < 0)
                return error_errno(reterr, r, "Cannot prepare the connection to machine '%s'", machine);
        return TAKE_FD(fd);
}

int control_request(const char *machine, const char *request, char **ret_text, Error **reterr) {
        for (int tries = 1;; tries++) {
                int r = request_once(machine, request, ret_text, reterr);

                if (r != -ECONNRESET)
                        return r;
                if (tries == RESET_TRIES)
                        return error_errno(reterr, r, "The supervisor of machine '%s' did not answer", machine);
                clock_pause(RESET_PAUSE_USEC);
        }
}
