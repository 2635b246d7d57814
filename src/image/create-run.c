/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "create-os.h"
#include "exit-status.h"
#include "process.h"
#include "strv.h"

#define LINE_MAX_BYTES 512
#define TAIL_LINES 4

/* The builder's output, line by line; the last ones are kept. */
typedef struct Output {
        bool show;
        char line[LINE_MAX_BYTES];
        size_t n;
        char tail[TAIL_LINES][LINE_MAX_BYTES];
        size_t lines;
} Output;

static void output_line(Output *o) {
        o->line[o->n] = 0;
        o->n = 0;
        if (!o->line[0])
                return;
        if (o->show)
                fprintf(stderr, "%s\n", o->line);
        memcpy(o->tail[o->lines++ % TAIL_LINES], o->line, sizeof(o->line));
}

static void output_take(Output *o, const char *data, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (data[i] == '\n' || data[i] == '\r')
                        output_line(o);
                else if (o->n < sizeof(o->line) - 1 && (unsigned char) data[i] >= 0x20 && data[i] != 0x7f)
                        o->line[o->n++] = data[i];
}

static char *output_tail(const Output *o) {
        _cleanup_strv_ char **lines = NULL;

        for (size_t i = o->lines > TAIL_LINES ? o->lines - TAIL_LINES : 0; i < o->lines; i++)
                if (strv_append(&lines, o->tail[i % TAIL_LINES]) < 0)
                        return NULL;
        return strv_join(lines, " | ");
}

_Noreturn static void child(char *const *argv, int out, pid_t parent) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        sigset_t none;

        sigemptyset(&none);
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent || null < 0 ||
            dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
                _exit(EXIT_NOT_FOUND);
        setpgid(0, 0); /* a terminal's ^C comes to us, and by us to it, once */
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        execvp(argv[0], argv);
        _exit(EXIT_NOT_FOUND);
}

/* Read the output until the builder has exited, telling it to when we are. Its pipe may outlive it in some daemon. */
static bool follow(const OsBuild *b, pid_t pid, int pidfd, int out, Output *o) {
        bool interrupted = false, ended = false;

        while (!ended) {
                struct pollfd fds[] = {
                        { .fd = pidfd, .events = POLLIN },
                        { .fd = out, .events = POLLIN },
                        { .fd = interrupted ? -1 : b->signals, .events = POLLIN },
                };
                char buf[4096];
                ssize_t n;

                if (poll(fds, ELEMENTSOF(fds), -1) < 0 && errno != EINTR)
                        break;
                if (fds[2].revents & POLLIN) {
                        interrupted = true;
                        (void) kill(pid, SIGTERM);
                }
                ended = fds[0].revents & POLLIN;
                while ((n = read(out, buf, sizeof(buf))) > 0)
                        output_take(o, buf, (size_t) n);
                if (n == 0) { /* nobody writes any more */
                        (void) poll(fds, 1, -1);
                        ended = true;
                }
        }
        output_line(o);
        return interrupted;
}

int build_run(const OsBuild *b, char *const *argv, Error **reterr) {
        _cleanup_close_ int out = -1, in = -1, pidfd = -1;
        _cleanup_free_ char *tail = NULL;
        Output output = { .show = isatty(STDERR_FILENO) };
        pid_t pid, parent = getpid();
        int fds[2], status;
        bool interrupted;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        out = fds[0];
        in = fds[1];
        if (fcntl(out, F_SETFL, O_NONBLOCK) < 0)
                return error_errno(reterr, errno, "Cannot set up a pipe");
        pid = fork();
        if (pid < 0)
                return error_errno(reterr, errno, "Cannot fork");
        if (pid == 0)
                child(argv, in, parent);
        in = close_fd(in);
        pidfd = (int) syscall(SYS_pidfd_open, pid, 0);

        interrupted = follow(b, pid, pidfd, out, &output);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (interrupted)
                return error_set(reterr, EINTR, "Interrupted");
        if (process_exit_status(status) == 0)
                return 0;
        tail = output_tail(&output);
        return error_set(reterr, EIO, "%s failed with status %d: %s", argv[0], process_exit_status(status), tail ?: "out of memory");
}
