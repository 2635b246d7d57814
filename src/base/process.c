/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "exit-status.h"
#include "file.h"
#include "log.h"
#include "parse.h"
#include "strv.h"

#define END_STEP_NSEC (500 * 1000)
#define END_TRIES 1000U
#define STACK_KEPT 4096                          /* of what is below a frame: what it calls */
#define STACK_REACHED ((uintptr_t) 512 * 1024)   /* page sizes divide it */

extern char **environ;

int process_exit_status(int wait_status) {
        if (WIFEXITED(wait_status))
                return WEXITSTATUS(wait_status);
        return 128 + WTERMSIG(wait_status);
}

int process_end(pid_t pid) {
        pid_t ended;
        int status;

        (void) kill(pid, SIGKILL); /* not reaped yet: the number is its own; of one that has ended it changes nothing */
        for (unsigned tries = 0; (ended = waitpid(pid, &status, WNOHANG)) == 0 && tries < END_TRIES; tries++)
                (void) nanosleep(&(struct timespec){ .tv_nsec = END_STEP_NSEC }, NULL);
        return ended == pid ? process_exit_status(status) : ended < 0 ? -ECHILD : -ETIMEDOUT;
}

static void reset_signals(int last) {
        sigset_t none;

        for (int i = 1; i <= last; i++)
                if (i != SIGKILL && i != SIGSTOP)
                        (void) signal(i, SIG_DFL);
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

void process_reset_signals(void) {
        reset_signals(SIGRTMAX);
}

void process_reset_usual_signals(void) {
        reset_signals(SIGSYS);
}

_Noreturn void process_give_up(const char *what, int error) {
        log_error("%s: %s; ending at once", what, strerror(error));
        _exit(EXIT_OWN_FAILURE);
}

void process_forget_environment(void) {
        for (char **e = environ; *e; e++)
                explicit_bzero(*e, strlen(*e));
        environ[0] = NULL;
}

int process_run(char *const *argv, int out_fd, int err_fd, Error **reterr) {
        posix_spawn_file_actions_t actions;
        int r, status;
        pid_t pid;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (out_fd >= 0)
                posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
        if (err_fd >= 0)
                posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
        r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        if (r != 0)
                return error_errno(reterr, r, "Cannot run %s", argv[0]);

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for %s", argv[0]);
        return process_exit_status(status);
}

int process_start_time(pid_t pid, uint64_t *ret) {
        _cleanup_close_ int fd = -1;
        char stat[4096], path[64], *p, *state = NULL;
        int field = 2;
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1); /* one line, and all of it at once */
        if (n < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        stat[n] = 0;
        p = strrchr(stat, ')'); /* comm may hold anything, blanks and parentheses too */
        if (!p)
                return -EBADMSG;
        for (char *word = strtok_r(p + 1, " ", &state); word; word = strtok_r(NULL, " ", &state))
                if (++field == 22)
                        return parse_u64(word, UINT64_MAX, ret);
        return -EBADMSG;
}

/* The kernel leaves a megabyte below a stack free of all else: what is not there changes nothing. */
void process_give_back_memory(void) {
        uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE), here = (uintptr_t) __builtin_frame_address(0);
        uintptr_t end = (here - STACK_KEPT) & ~(page - 1);

        (void) malloc_trim(0);
        (void) madvise((void *) (end - STACK_REACHED), STACK_REACHED, MADV_DONTNEED);
}

static int read_boot_id(char ret[33]) {
        char text[64];
        size_t n = 0;
        int r = (int) file_read_once(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof(text));

        if (r < 0)
                return r;
        for (const char *p = text; *p && n < 32; p++)
                if (*p != '-' && *p != '\n')
                        ret[n++] = *p;
        ret[n] = 0;
        return n == 32 ? 0 : -EBADMSG;
}

/* It is the same for as long as anybody lives who can ask. */
int boot_id(char ret[33]) {
        static char id[33];
        int r = id[0] ? 0 : read_boot_id(ret);

        if (r < 0)
                return r;
        if (!id[0])
                memcpy(id, ret, sizeof(id));
        memcpy(ret, id, sizeof(id));
        return 0;
}

int process_exec(const char *file, char **argv, char **env, const char *path) {
        _cleanup_free_ char *list = NULL;
        char *state = NULL;
        int r = -ENOENT;

        if (strchr(file, '/')) {
                execve(file, argv, env);
                return -errno;
        }
        list = strdup(strv_env_get(env, "PATH") ?: path);
        if (!list)
                return -ENOMEM;
        for (char *dir = strtok_r(list, ":", &state); dir; dir = strtok_r(NULL, ":", &state)) {
                _cleanup_free_ char *full = NULL;

                if (asprintf(&full, "%s/%s", dir, file) < 0)
                        return -ENOMEM;
                execve(full, argv, env);
                if (errno != ENOENT && errno != ENOTDIR)
                        r = -errno;
        }
        return r;
}
