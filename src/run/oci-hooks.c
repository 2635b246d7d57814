/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fd.h"
#include "pidfd.h"
#include "namespace.h"
#include "process.h"
#include "strv.h"

/* In a child of ours: its arguments are made before, since nothing may be said here. */
static _Noreturn void execute(const char *path, char **argv, char **env, int input) {
        process_reset_signals();
        if (dup2(input, STDIN_FILENO) < 0)
                _exit(127);
        (void) syscall(SYS_close_range, 3, ~0U, 0);
        execve(path, argv, env);
        _exit(127);
}

static int strings_of(json_t *array, char ***ret) {
        json_t *word;
        size_t i;

        json_array_foreach(array, i, word)
                if (strv_append(ret, json_string_value(word)) < 0)
                        return -ENOMEM;
        return 0;
}

/* A pipe would have to be fed while the hook may not read. */
static int input_of(const char *text) {
        _cleanup_close_ int fd = memfd_create("state", MFD_CLOEXEC);

        if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int wait_for(const char *path, const char *kind, int pidfd, pid_t pid, json_int_t timeout, Error **reterr) {
        siginfo_t info;
        int n, r;

        do
                n = poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, timeout > 0 && timeout < 1000000 ? (int) timeout * 1000 : -1);
        while (n < 0 && errno == EINTR);
        if (n == 0) {
                (void) process_end(pid);
                return error_set(reterr, ETIMEDOUT, "The %s hook %s has taken longer than %d s", kind, path, (int) timeout);
        }
        r = pidfd_wait(pidfd, &info);
        if (r < 0)
                return error_errno(reterr, r, "Cannot wait for the %s hook %s", kind, path);
        if (info.si_code == CLD_EXITED && info.si_status == 0)
                return 0;
        return error_set(reterr, ECANCELED, "The %s hook %s has failed: %s %d", kind, path, info.si_code == CLD_EXITED ? "exit status" : "signal",
                         info.si_status);
}

static int run(json_t *hook, const char *kind, const char *state, Error **reterr) {
        const char *path = json_string_value(json_object_get(hook, "path"));
        json_t *timeout = json_object_get(hook, "timeout"), *own_env = json_object_get(hook, "env");
        _cleanup_close_ int pidfd = -1, input = -1;
        _cleanup_strv_ char **argv = NULL, **env = NULL;
        pid_t pid;

        if (!path || path[0] != '/')
                return error_set(reterr, EINVAL, "hooks.%s: path '%s' is not absolute", kind, path ?: "");
        if (timeout && json_integer_value(timeout) <= 0)
                return error_set(reterr, EINVAL, "hooks.%s: timeout of %s is not greater than zero", kind, path);
        if (strings_of(json_object_get(hook, "args"), &argv) < 0 || strings_of(own_env, &env) < 0 || (!argv && strv_append(&argv, path) < 0))
                return error_oom(reterr);
        input = input_of(state);
        if (input < 0)
                return error_errno(reterr, input, "Cannot hand the state to the %s hook %s", kind, path);
        pid = clone_into(0, -1, &pidfd);
        if (pid < 0)
                return error_errno(reterr, pid, "Cannot make a process for the %s hook %s", kind, path);
        if (pid == 0) {
                char *none[] = { NULL };

                execute(path, argv, own_env ? env ?: none : environ, input);
        }
        return wait_for(path, kind, pidfd, pid, json_integer_value(timeout), reterr);
}

int oci_hooks_run(json_t *hooks, OciHookKind kind, json_t *state, Error **reterr) {
        json_t *list = json_object_get(hooks, oci_hook_name(kind)), *hook;
        _cleanup_free_ char *text = NULL;
        size_t i;

        if (json_array_size(list) == 0)
                return 0;
        text = state ? json_dumps(state, JSON_COMPACT) : NULL;
        if (!text)
                return error_oom(reterr);
        json_array_foreach(list, i, hook) {
                int r = run(hook, oci_hook_name(kind), text, reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}
