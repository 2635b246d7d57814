/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-journal-child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "clock.h"
#include "fd.h"
#include "libsystemd.h"
#include "nobody.h"
#include "process.h"
#include "seccomp.h"

#ifdef __SANITIZE_ADDRESS__
#define MEMORY_MAX RLIM_INFINITY
#else
#define MEMORY_MAX (1024UL << 20) /* of address space: each file is mapped by windows of 8 MiB */
#endif
#define SECONDS_MAX 20              /* of processor time without an entry */
#define TEXT_MAX (64U * 1024)
#define WORD_MAX 512U
#define LOOK_USEC (200 * 1000)
#define FIRST_FD 4                  /* of the files; the pipe is before it */

typedef struct Child {
        const GuestJournalQuery *query;
        sd_journal *journal;
        int pipe;
        char *strings; /* JOURNAL_STRINGS_MAX */
} Child;

static int confine(pid_t parent) {
        static const uint32_t calls[] = {
                SYS_read, SYS_pread64, SYS_write, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_fstatfs, SYS_fcntl, SYS_brk, SYS_mmap, SYS_mremap,
                SYS_munmap, SYS_mprotect, SYS_madvise, SYS_futex, SYS_clock_gettime, SYS_clock_nanosleep, SYS_getrandom, SYS_setitimer,
                SYS_getpid, SYS_gettid, SYS_rt_sigprocmask, SYS_close, SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_sigaltstack,
        };
        const ProcessBound bounds[] = { { RLIMIT_AS, MEMORY_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 } };
        int r;

        process_reset_signals();
        r = bound_process(bounds, ELEMENTSOF(bounds));
        if (r >= 0)
                r = become_nobody(parent);
        if (r < 0)
                return r;
        r = seccomp_allow_only(calls, ELEMENTSOF(calls));
        return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r; /* a kernel without filters */
}

/* The pipe and the files at the numbers that they have here, and no others. */
static int place_descriptors(const int *files, size_t n, int pipe_fd) {
        int base = FIRST_FD + (int) n, at[1 + JOURNAL_FILES_MAX];

        at[0] = fcntl(pipe_fd, F_DUPFD, base);
        for (size_t i = 0; i < n; i++)
                at[1 + i] = fcntl(files[i], F_DUPFD, base);
        for (size_t i = 0; i <= n; i++)
                if (at[i] < 0 || dup2(at[i], FIRST_FD - 1 + (int) i) < 0)
                        return -errno;
        for (int fd = 0; fd < FIRST_FD - 1; fd++)
                close(fd);
        return close_range((unsigned) base, ~0U, 0) < 0 ? -errno : 0;
}

/* A loop without an end in the library costs seconds, not a processor: SIGPROF ends us. */
static void step(void) {
        (void) setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = SECONDS_MAX }, NULL);
}

/* One file that is none would have all of them refused. */
static size_t keep_good(int *files, size_t n) {
        size_t good = 0;

        for (size_t i = 0; i < n; i++) {
                sd_journal *one;
                int fd = fcntl(files[i], F_DUPFD, FIRST_FD);

                step();
                if (fd >= 0 && sd_journal_open_files_fd(&one, &fd, 1, 0) >= 0) {
                        sd_journal_close(one); /* and fd */
                        files[good++] = files[i];
                } else if (fd >= 0)
                        close(fd);
        }
        return good;
}

static int add_matches(const Child *c) {
        char match[WORD_MAX];
        int r = 0;

        for (int i = 0; i <= c->query->priority && r >= 0; i++) {
                snprintf(match, sizeof(match), "PRIORITY=%d", i);
                r = sd_journal_add_match(c->journal, match, 0);
        }
        if (r < 0 || !c->query->unit)
                return r;
        snprintf(match, sizeof(match), "_SYSTEMD_UNIT=%s", c->query->unit);
        return sd_journal_add_match(c->journal, match, 0);
}

/* So that the next one is the first that is wanted. */
static int seek(const Child *c) {
        const GuestJournalQuery *q = c->query;
        uint64_t usec;
        int r;

        if (q->lines == SIZE_MAX)
                return q->since > 0 ? sd_journal_seek_realtime_usec(c->journal, q->since) : sd_journal_seek_head(c->journal);
        r = q->until == UINT64_MAX ? sd_journal_seek_tail(c->journal) : sd_journal_seek_realtime_usec(c->journal, q->until);
        if (r < 0)
                return r;
        for (size_t i = 0; i <= q->lines; i++) {
                step();
                r = sd_journal_previous(c->journal);
                if (r <= 0)
                        return r < 0 ? r : sd_journal_seek_head(c->journal);
                if (sd_journal_get_realtime_usec(c->journal, &usec) >= 0 && usec < q->since)
                        return 0;
        }
        return 0;
}

static size_t field(sd_journal *j, const char *name, size_t max, const char **ret) {
        size_t n, skip = strlen(name) + 1;
        const void *data;

        if (sd_journal_get_data(j, name, &data, &n) < 0 || n < skip)
                return 0;
        *ret = (const char *) data + skip;
        return n - skip < max ? n - skip : max;
}

/* What a field points to is valid until the next is asked for. */
static size_t copy_field(sd_journal *j, const char *name, size_t max, char *to) {
        const char *data = "";
        size_t n = field(j, name, max, &data);

        memcpy(to, data, n);
        return n;
}

static bool is_wanted(const Child *c, uint64_t usec) {
        return usec >= c->query->since && usec <= c->query->until;
}

static void give(Child *c, uint64_t usec) {
        static const struct {
                const char *name, *other;
                size_t max;
        } fields[] = { { "MESSAGE", NULL, TEXT_MAX }, { "SYSLOG_IDENTIFIER", "_COMM", WORD_MAX }, { "_PID", "SYSLOG_PID", WORD_MAX },
                       { "_SYSTEMD_UNIT", NULL, WORD_MAX } };
        JournalRecord record = { .usec = usec, .priority = -1 };
        size_t used = 0;
        char digit;

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                size_t n = copy_field(c->journal, fields[i].name, fields[i].max, c->strings + used);

                if (n == 0 && fields[i].other)
                        n = copy_field(c->journal, fields[i].other, fields[i].max, c->strings + used);
                record.sizes[i] = (uint32_t) n;
                used += n;
        }
        if (copy_field(c->journal, "PRIORITY", 1, &digit) == 1 && digit >= '0' && digit <= '7')
                record.priority = digit - '0';
        if (fd_write_all(c->pipe, &record, sizeof(record)) < 0 || fd_write_all(c->pipe, c->strings, used) < 0)
                _exit(1);
}

static void give_all(Child *c) {
        uint64_t usec;

        for (;;) {
                step();
                if (sd_journal_next(c->journal) <= 0)
                        return;
                if (sd_journal_get_realtime_usec(c->journal, &usec) >= 0 && is_wanted(c, usec))
                        give(c, usec);
        }
}

_Noreturn void guest_journal_child(const int *files, size_t n, int pipe_fd, const GuestJournalQuery *q, pid_t parent) {
        const JournalRecord caught_up = { .caught_up = true };
        Child c = { .query = q, .pipe = FIRST_FD - 1, .strings = malloc(JOURNAL_STRINGS_MAX) };
        int *fds = calloc(n, sizeof(*fds));

        for (size_t i = 0; fds && i < n; i++)
                fds[i] = FIRST_FD + (int) i;
        if (!fds || !c.strings || libsystemd_open() < 0 || place_descriptors(files, n, pipe_fd) < 0 || confine(parent) < 0)
                _exit(1);
        n = keep_good(fds, n);
        if (n > 0 && (sd_journal_open_files_fd(&c.journal, fds, (unsigned) n, 0) < 0 || add_matches(&c) < 0 || seek(&c) < 0))
                _exit(1);
        if (n > 0)
                give_all(&c);
        if (fd_write_all(c.pipe, &caught_up, sizeof(caught_up)) < 0)
                _exit(1);
        while (q->follow && n > 0) {
                clock_pause(LOOK_USEC);
                give_all(&c);
        }
        _exit(0);
}
