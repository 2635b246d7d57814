/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive-child.h"

/* The process around archive-give.c: it has an archive, a pipe, memory and nothing else. */

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/syscall.h>

#include "archive-give.h"
#include "nobody.h"
#include "process.h"
#include "seccomp.h"

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MAX RLIM_INFINITY /* its shadow is terabytes */
#else
#define MEMORY_MAX (768UL << 20) /* of address space: xz -9 takes 65 MiB, zstd --ultra 128 */
#endif

enum { FD_ARCHIVE = 3, FD_PIPE = 4 };

/* The two at the numbers that they have here, and no others. */
static void place_descriptors(int archive, int pipe_fd) {
        archive = fcntl(archive, F_DUPFD_CLOEXEC, 10); /* both out of the way first */
        pipe_fd = fcntl(pipe_fd, F_DUPFD_CLOEXEC, 10);
        if (archive < 0 || pipe_fd < 0 || dup2(archive, FD_ARCHIVE) < 0 || dup2(pipe_fd, FD_PIPE) < 0 || close_range(FD_PIPE + 1, ~0U, 0) < 0)
                _exit(1);
        for (int fd = 0; fd < FD_ARCHIVE; fd++)
                close(fd);
}

static int confine(pid_t parent) {
        static const uint32_t calls[] = {
                SYS_read, SYS_write, SYS_writev, SYS_ppoll, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_brk, SYS_mmap, SYS_mremap, SYS_munmap,
                SYS_mprotect, SYS_madvise, SYS_futex, SYS_clock_gettime, SYS_getrandom, SYS_setitimer, SYS_close, SYS_exit, SYS_exit_group,
                SYS_rt_sigreturn, SYS_sigaltstack, /* the last is for AddressSanitizer, which asks before what does not return */
        };
        static const int endings[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
        const ProcessBound bounds[] = { { RLIMIT_AS, MEMORY_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 } };
        int r;

        process_reset_signals();
        for (size_t i = 0; i < ELEMENTSOF(endings); i++) /* these mean our parent, who says why it ends; we end with it */
                (void) signal(endings[i], SIG_IGN);
        r = bound_process(bounds, ELEMENTSOF(bounds));
        if (r >= 0)
                r = become_nobody(parent);
        if (r < 0)
                return r;
        r = seccomp_allow_only(calls, ELEMENTSOF(calls));
        return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r; /* a kernel without filters */
}

static int give(int archive, bool is_layer, ArchiveOut *out, pid_t parent) {
        ArchiveGiving giving = { .archive = archive, .out = out };
        ArchiveLibrary library;
        int r;

        if (archive_library_load(&library) < 0 || (is_layer && digest_new(&giving.digest, NULL) < 0))
                return out_fail(out, FAIL_LIBRARY, 0, NULL);
        r = confine(parent);
        if (r < 0)
                return out_fail(out, FAIL_SYSTEM, -r, NULL);
        giving.library = &library;
        return archive_give(&giving);
}

void archive_child(int archive, bool is_layer, int pipe_fd, pid_t parent) {
        ArchiveOut out;

        place_descriptors(archive, pipe_fd);
        if (out_begin(&out, FD_PIPE) < 0)
                _exit(1);
        (void) setlocale(LC_ALL, "C");
        (void) give(FD_ARCHIVE, is_layer, &out, parent); /* whatever went wrong has been said */
        _exit(0);
}
