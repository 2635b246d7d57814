/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fetch-process.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fd.h"
#include "namespace.h"
#include "unit.h"

/* What the process that speaks with servers can do, tried from inside it. Each attempt is a system call by itself: nothing of the
 * sanitizers' own works in there any more. */

static bool fails_with(long result, int error) {
        return result < 0 && errno == error;
}

static bool cannot_execute(void) {
        char *const argv[] = { (char *) "true", NULL };

        return fails_with(syscall(SYS_execve, "/usr/bin/true", argv, argv), EPERM) &&
               fails_with(syscall(SYS_execveat, AT_FDCWD, "/usr/bin/true", argv, argv, 0), EPERM);
}

static bool cannot_become_another(void) {
        return fails_with(syscall(SYS_setuid, 0), EPERM) && syscall(SYS_getuid) != 0 && fails_with(syscall(SYS_unshare, CLONE_NEWUSER), EPERM) &&
               fails_with(syscall(SYS_prctl, 0), EPERM);
}

static bool cannot_touch_others(void) {
        return fails_with(syscall(SYS_ptrace, PTRACE_ATTACH, 1), EPERM) && fails_with(syscall(SYS_kill, -1, SIGKILL), EPERM) &&
               fails_with(syscall(SYS_mount, "/", "/", NULL, MS_BIND, NULL), EPERM) && fails_with(syscall(SYS_bpf, 0, NULL, 0), EPERM);
}

static bool sees_little(void) {
        static const char *const hidden[] = { "/proc/self/status", "/root", "/home", "/var/lib/nbox", "/var/lib/machines", "/tmp", "/dev/null", "/sys" };

        for (size_t i = 0; i < ELEMENTSOF(hidden); i++)
                if (!fails_with(syscall(SYS_openat, AT_FDCWD, hidden[i], O_RDONLY | O_CLOEXEC, 0), ENOENT))
                        return false;
        return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC, 0) >= 0 && /* getaddrinfo(3) needs its kind */
               fails_with(syscall(SYS_openat, AT_FDCWD, "/etc/shadow", O_RDONLY | O_CLOEXEC, 0), EACCES);
}

static bool writes_to_its_file_alone(void) {
        return fails_with(syscall(SYS_openat, AT_FDCWD, "/new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), EROFS) &&
               fails_with(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_WRONLY | O_CLOEXEC, 0), EACCES) &&
               syscall(SYS_pwrite64, FETCH_FILE, "x", 1, 0) == 1 && fails_with(syscall(SYS_pwrite64, FETCH_FILE, "x", 1, 4096), EFBIG);
}

static bool has_no_other_fd(void) {
        struct stat st;

        for (int fd = FETCH_PIPE + 1; fd < 64; fd++)
                if (!fails_with(syscall(SYS_fstat, fd, &st), EBADF))
                        return false;
        return true;
}

static bool reaches_servers(void) {
        return syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

/* The number of the first one that is not as it should be, from 1 on; 0: all are. */
static int try_all(const FetchJob *job, int pipe_fd) {
        bool (*const attempts[])(void) = {
                has_no_other_fd, cannot_execute, cannot_become_another, cannot_touch_others, sees_little, writes_to_its_file_alone, reaches_servers,
        };

        if (fetch_confine(job, pipe_fd) < 0)
                return 99;
        for (size_t i = 0; i < ELEMENTSOF(attempts); i++)
                if (!attempts[i]())
                        return (int) i + 1;
        return 0;
}

static void what_asks_servers_has_nothing_else(void **state _unused_) {
        int file = memfd_create("file", MFD_CLOEXEC), pidfd, fds[2], status;
        FetchJob job = { .fd = file, .size_max = 4096 };
        pid_t pid;

        if (geteuid() != 0)
                skip();
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = clone_into(FETCH_NAMESPACES, -1, &pidfd);
        assert_true(pid >= 0);
        if (pid == 0)
                syscall(SYS_exit_group, try_all(&job, fds[1]));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        close_fd(pidfd);
        close_fd(file);
        close_fd(fds[0]);
        close_fd(fds[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(what_asks_servers_has_nothing_else) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
