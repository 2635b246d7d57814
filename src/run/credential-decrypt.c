/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "credential-source.h"
#include "credentials.h"
#include "fd.h"
#include "process.h"
#include "text.h"

#define PROGRAM "systemd-creds"

/* The encrypted text is no secret: it may stand in ordinary memory. */
static int make_input(const Secret *encrypted) {
        _cleanup_close_ int fd = memfd_create("credential", MFD_CLOEXEC);
        int r;

        if (fd < 0)
                return -errno;
        r = fd_write_all(fd, encrypted->data, encrypted->size);
        if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return r < 0 ? r : -errno;
        return TAKE_FD(fd);
}

static int spawn(const char *id, const int fds[3], pid_t *ret) {
        _cleanup_free_ char *name = NULL;
        posix_spawn_file_actions_t actions;
        char *argv[] = { (char *) PROGRAM, NULL, (char *) "decrypt", (char *) "-", (char *) "-", NULL };
        int r;

        if (asprintf(&name, "--name=%s", id) < 0)
                return -ENOMEM;
        argv[1] = name;
        posix_spawn_file_actions_init(&actions);
        for (int i = 0; i < 3; i++)
                posix_spawn_file_actions_adddup2(&actions, fds[i], i);
        r = -posix_spawnp(ret, PROGRAM, &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        return r;
}

/* What it prints, as far as there is room; one byte more than may be tells that it is too much. */
static void read_output(int fd, Secret *to) {
        ssize_t n = 1;

        while (to->size < to->space && (n > 0 || errno == EINTR)) {
                n = read(fd, (char *) to->data + to->size, to->space - to->size);
                if (n > 0)
                        to->size += (size_t) n;
                else if (n == 0)
                        return;
        }
}

/* The last line that it has said, which is what went wrong. */
static int failed(const char *id, int status, int said, Error **reterr) {
        char text[400];
        ssize_t n = pread(said, text, sizeof(text) - 1, 0);
        char *line;

        text[n > 0 ? n : 0] = 0;
        while (n > 0 && text[n - 1] == '\n')
                text[--n] = 0;
        line = strrchr(text, '\n');
        line = line ? line + 1 : text;
        if (*line && string_is_clean(line))
                return error_set(reterr, EKEYREJECTED, "Cannot decrypt the credential '%s': " PROGRAM " says: %s", id, line);
        return error_set(reterr, EKEYREJECTED, "Cannot decrypt the credential '%s': " PROGRAM " failed with status %d", id, status);
}

static int run(const char *id, int input, Secret *output, Error **reterr) {
        _cleanup_close_ int said = memfd_create("messages", MFD_CLOEXEC), from = -1;
        int fds[2], r, status;
        pid_t pid;

        if (said < 0 || pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        from = fds[0];
        r = spawn(id, (int[]){ input, fds[1], said }, &pid);
        close_fd(fds[1]);
        if (r == -ENOENT) {
                error_set(reterr, ENOENT, "Cannot decrypt the credential '%s': this host has no " PROGRAM, id);
                return error_hint(reterr, -ENOENT, "It comes with systemd; what is not encrypted is loaded with --load-credential=.");
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot run " PROGRAM);
        read_output(from, output);
        from = close_fd(from);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for " PROGRAM);
        status = process_exit_status(status);
        if (output->size > CREDENTIAL_SIZE_MAX)
                return error_set(reterr, EFBIG, "The credential '%s' is larger than %d bytes", id, CREDENTIAL_SIZE_MAX);
        return status != 0 ? failed(id, status, said, reterr) : 0;
}

int credential_decrypt(const char *id, const Secret *encrypted, Secret *ret, Error **reterr) {
        _cleanup_secret_ Secret output = {};
        _cleanup_close_ int input = make_input(encrypted);
        int r;

        if (input < 0)
                return error_errno(reterr, input, "Cannot make a file in memory");
        if (secret_new(&output, CREDENTIAL_SIZE_MAX + 1) < 0)
                return error_oom(reterr);
        r = run(id, input, &output, reterr);
        if (r < 0)
                return r;
        *ret = output;
        output = (Secret){};
        return 0;
}
