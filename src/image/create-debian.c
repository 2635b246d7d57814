/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A Debian tree by mmdebstrap, or by debootstrap where that is what the host has. The builder gets SIGTERM when nbox dies, of
 * whatever, and its output goes through us: a terminal sees it, a pipe does not, and what it said last is in the error. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "create-os.h"
#include "exit-status.h"
#include "process.h"
#include "strv.h"
#include "tree.h"

/* A base system that boots, logs in by logind, reaches the network that the host has set up, and can install the rest. */
#define PACKAGES "systemd-sysv,dbus,libpam-systemd,libnss-systemd,iproute2,iputils-ping,netbase,ca-certificates,procps,login,passwd"

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

static int run_builder(const OsBuild *b, char *const *argv, Error **reterr) {
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

static bool program_is_there(const char *name) {
        static const char *const bins[] = { "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin" };
        char path[256];

        for (size_t i = 0; i < ELEMENTSOF(bins); i++) {
                snprintf(path, sizeof(path), "%s/%s", bins[i], name);
                if (access(path, X_OK) >= 0)
                        return true;
        }
        return false;
}

static int release_check(const char *release, Error **reterr) {
        size_t n = strlen(release);

        if (n > 0 && n <= 64 && strspn(release, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n && release[0] != '-')
                return 0;
        error_set(reterr, EINVAL, "'%.80s' is not a release of Debian", release);
        return error_hint(reterr, -EINVAL, "Give its code name, for example --os=debian:bookworm.");
}

static int mirror_check(const char *mirror, Error **reterr) {
        for (const char *p = mirror; p && *p; p++)
                if (*p <= ' ' || *p == 0x7f)
                        mirror = "";
        if (!mirror || (strstr(mirror, "://") && mirror[0] != '-'))
                return 0;
        return error_set(reterr, EINVAL, "A mirror is given as a URL, without blanks");
}

static int builder_argv(const OsBuild *b, const char *release, char ***ret, Error **reterr) {
        _cleanup_strv_ char **argv = NULL;
        int r;

        if (program_is_there("mmdebstrap")) {
                r = strv_append(&argv, "mmdebstrap");
                if (r >= 0)
                        r = strv_append(&argv, "--mode=root");
                if (r >= 0)
                        r = strv_append(&argv, "--format=directory");
        } else if (program_is_there("debootstrap"))
                r = strv_append(&argv, "debootstrap");
        else {
                error_set(reterr, ENOENT, "Neither mmdebstrap nor debootstrap is installed, one of which makes Debian trees");
                return error_hint(reterr, -ENOENT, "On Debian: `apt install mmdebstrap`.");
        }
        if (r >= 0)
                r = strv_append(&argv, "--variant=minbase");
        if (r >= 0)
                r = strv_append(&argv, "--include=" PACKAGES);
        if (r >= 0)
                r = strv_append(&argv, release);
        if (r >= 0)
                r = strv_append(&argv, b->path);
        if (r >= 0 && b->mirror)
                r = strv_append(&argv, b->mirror);
        if (r < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(argv);
        return 0;
}

/* The host's own release where the host is a Debian: its keys and its mirrors' settings fit. */
static int default_release(char **ret) {
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        const char *line;

        if (root >= 0 && tree_read_file(root, "/etc/os-release", 64 * 1024, &text) >= 0 && strstr(text, "\nID=debian\n")) {
                line = strstr(text, "\nVERSION_CODENAME=");
                if (line) {
                        line += strlen("\nVERSION_CODENAME=");
                        *ret = strndup(line, strcspn(line, "\n"));
                        return *ret ? 0 : -ENOMEM;
                }
        }
        *ret = strdup("stable");
        return *ret ? 0 : -ENOMEM;
}

/* What the builder took over from the host goes: the machine gets its own name and resolver as it starts. machine-id is left
 * empty, so that one is made then; were it missing, systemd would take the boot for the very first one, and enable
 * all that its presets name, networkd too. */
static int make_own(const OsBuild *b, Error **reterr) {
        static const char *const of_the_host[] = { "etc/hostname", "etc/resolv.conf" };
        _cleanup_close_ int id = -1;

        for (size_t i = 0; i < ELEMENTSOF(of_the_host); i++)
                if (unlinkat(b->dir, of_the_host[i], 0) < 0 && errno != ENOENT)
                        return error_errno(reterr, errno, "Cannot remove %s/%s", b->path, of_the_host[i]);
        id = openat(b->dir, "etc/machine-id", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0444);
        if (id < 0 || syncfs(b->dir) < 0)
                return error_errno(reterr, errno, "Cannot write %s to disk", b->path);
        return 0;
}

int build_debian(const OsBuild *b, Error **reterr) {
        _cleanup_free_ char *release = NULL;
        _cleanup_strv_ char **argv = NULL;
        int r;

        r = mirror_check(b->mirror, reterr);
        if (r < 0)
                return r;
        r = b->release ? ((release = strdup(b->release)) ? 0 : -ENOMEM) : default_release(&release);
        if (r < 0)
                return error_oom(reterr);
        r = release_check(release, reterr);
        if (r >= 0)
                r = builder_argv(b, release, &argv, reterr);
        if (r >= 0)
                r = run_builder(b, argv, reterr);
        return r < 0 ? r : make_own(b, reterr);
}
