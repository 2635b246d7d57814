/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk-probe.h"

/* libblkid has a parser for some eighty formats, and the bytes are a stranger's. So it runs in a process of its own that lives for
 * milliseconds: nobody's, without descriptors but the image and a pipe, without calls but those to read and to get memory, with bounds on
 * memory and time. What comes out of the pipe is of a fixed size, and is believed no more than the image itself. */

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "disk-probe-bytes.h"
#include "fd.h"
#include "nobody.h"
#include "process.h"
#include "seccomp.h"

#define PACKAGE "libblkid1"
#define MEMORY_MAX (512U << 20) /* of address space; libblkid takes a few MiB */
#define SECONDS_MAX 20          /* of processor time */

/* The first thing out of the pipe. */
typedef struct Answer {
        int32_t code; /* 0, or -errno; -ELIBACC: no library */
        ProbedDisk disk;
} Answer;

static int confine(int file, int pipe_fd, pid_t parent) {
        static const uint32_t calls[] = {
                SYS_read, SYS_pread64, SYS_write, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_fadvise64, SYS_ioctl, SYS_brk, SYS_mmap,
                SYS_mremap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_clock_gettime, SYS_getrandom, SYS_close, SYS_exit, SYS_exit_group,
                SYS_rt_sigreturn,
        };
        const ProcessBound bounds[] = { { RLIMIT_AS, MEMORY_MAX }, { RLIMIT_CPU, SECONDS_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 } };
        int r;

        process_reset_signals();
        (void) signal(SIGPIPE, SIG_DFL);
        r = bound_process(bounds, ELEMENTSOF(bounds));
        if (r < 0)
                return r;
        if (dup2(file, 3) < 0 || dup2(pipe_fd, 4) < 0 || close_range(5, ~0U, 0) < 0)
                return -errno;
        for (int fd = 0; fd < 3; fd++)
                close(fd);
        r = become_nobody(parent);
        if (r < 0)
                return r;
        r = seccomp_allow_only(calls, ELEMENTSOF(calls));
        return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r; /* a kernel without filters */
}

static _Noreturn void child(int file, int pipe_fd, pid_t parent) {
        static const struct {
                int file, pipe;
        } fds = { 3, 4 };
        ProbedPartition *partitions = calloc(DISK_PARTITIONS_MAX, sizeof(*partitions));
        Answer answer = {};
        Blkid *b;

        /* both out of the way of the numbers that they get */
        file = fcntl(file, F_DUPFD_CLOEXEC, 10);
        pipe_fd = fcntl(pipe_fd, F_DUPFD_CLOEXEC, 10);
        answer.code = !partitions || file < 0 || pipe_fd < 0 ? -ENOMEM : blkid_load(&b);
        if (answer.code >= 0)
                answer.code = confine(file, pipe_fd, parent);
        if (answer.code >= 0)
                answer.code = disk_probe_bytes(b, fds.file, &answer.disk, partitions);
        else
                (void) dup2(pipe_fd, fds.pipe);
        if (answer.code < 0)
                answer.disk.n_partitions = 0;
        if (fd_write_all(fds.pipe, &answer, sizeof(answer)) < 0 ||
            fd_write_all(fds.pipe, partitions, answer.disk.n_partitions * sizeof(*partitions)) < 0)
                _exit(1);
        _exit(0);
}

/* All of `size`, or -EBADMSG where the other side has ended before. */
static int read_exactly(int fd, void *data, size_t size) {
        char *p = data;

        while (size > 0) {
                ssize_t n = read(fd, p, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EBADMSG;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

static int probe_error(const char *path, int r, Error **reterr) {
        switch (r) {
        case -ELIBACC:
                error_set(reterr, EOPNOTSUPP, "Cannot load " BLKID_LIBRARY ", which reads disk images");
                return error_hint(reterr, -EOPNOTSUPP, "Install it (package " PACKAGE ").");
        case -ENOTUNIQ:
                error_set(reterr, EMEDIUMTYPE, "%s has the marks of several file systems, and which one is meant cannot be told", path);
                return error_hint(reterr, -EMEDIUMTYPE, "`wipefs %s` lists them, and `wipefs --offset=` removes the one that is left over.",
                                  path);
        case -EPROTONOSUPPORT:
                error_set(reterr, EMEDIUMTYPE, "The partition table of %s is neither GPT nor MBR", path);
                return error_hint(reterr, -EMEDIUMTYPE, "Copy its root partition into a file of its own (dd), and boot that.");
        case -E2BIG:
                return error_set(reterr, EMEDIUMTYPE, "The partition table of %s has more than %d partitions", path, DISK_PARTITIONS_MAX);
        case -EBADMSG:
                return error_set(reterr, EMEDIUMTYPE, "%s is damaged: what is in it cannot be told", path);
        default:
                return error_errno(reterr, r, "Cannot read what is in %s", path);
        }
}

static int collect(int pipe_fd, ProbedDisk *ret, ProbedPartition **ret_partitions) {
        _cleanup_free_ ProbedPartition *partitions = NULL;
        Answer answer;
        int r = read_exactly(pipe_fd, &answer, sizeof(answer));

        if (r < 0 || answer.code < 0)
                return r < 0 ? r : answer.code;
        if (answer.disk.n_partitions > DISK_PARTITIONS_MAX || answer.disk.table > DISK_TABLE_GPT)
                return -EBADMSG;
        partitions = calloc(answer.disk.n_partitions + 1, sizeof(*partitions));
        if (!partitions)
                return -ENOMEM;
        r = read_exactly(pipe_fd, partitions, answer.disk.n_partitions * sizeof(*partitions));
        if (r < 0)
                return r;
        *ret = answer.disk;
        *ret_partitions = TAKE_PTR(partitions);
        return 0;
}

int disk_probe(int file, const char *path, ProbedDisk *ret, ProbedPartition **ret_partitions, Error **reterr) {
        _cleanup_close_ int ours = -1;
        pid_t parent = getpid(), pid;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        ours = fds[0];
        pid = fork();
        if (pid == 0)
                child(file, fds[1], parent);
        close_fd(fds[1]);
        if (pid < 0)
                return error_errno(reterr, errno, "Cannot start a process that reads %s", path);
        r = collect(ours, ret, ret_partitions);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        return r < 0 ? probe_error(path, r, reterr) : 0;
}
