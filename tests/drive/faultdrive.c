/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One fault at one system call of one process of a command, for tests/fault/matrix.sh.
 *
 *     faultdrive [--pty] [--keys TEXT] [--limit SECONDS] [--as PROCESS] --report FILE [--at PROCESS CALL N kill|fail] COMMAND...
 *
 * Every process that runs nbox is traced, from the command on through all that it forks; what else is executed, the guest above all, is let
 * go. A process is named by how it came to be: 1 is the command, 1.2 the second that it forked, and so on; a call by its name and by
 * how many of that name the process made. So a point is the same one in each run, whatever the others do meanwhile. Calls of the loader before
 * main() are none.
 *
 * Without --at, the report has a line for each point, in order of time: PROCESS CALL N ERRNO|- kill|- PLACE. ERRNO is what it is failed with, if
 * it can fail at all; `kill` stands where something was changed since the last such line of that process: to be killed at
 * the others is to be killed there. PLACE is the same for calls that are made by the same functions of nbox, one called by the other.
 *
 * With it, the report has `met ADDRESS...` when the point was reached, and where in nbox's file that was; a line `crashed PROCESS SIGNAL` for each
 * process that died of a bug, and `hung PROCESS CALL` for each that was there when the time was up; all of them are killed then, and the status is
 * 124. Else it is the command's. Only the calls of that one process are stopped at, and none once it has met the fault: the others run at the
 * speed of every day. With the command, tracing ends; who is there still, as a supervisor, goes on by itself.
 *
 * --as: what the command is called instead of 1, so that it can be done by itself what was counted as a part of more.
 * --pty gives the command a terminal; what it writes there is standard output here. --keys: what is typed on it, again and again. */

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <poll.h>
#include <pty.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reg.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <linux/ptrace.h>

#define CALLS 512 /* numbers of system calls of x86-64 */
#define PROCESSES 512
#define PLACE_DEPTH 6
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

typedef struct Process {
        pid_t pid;
        char name[64];
        unsigned children;
        unsigned made[CALLS];
        bool is_nbox;
        bool loaded;             /* beyond the loader */
        unsigned long long loader[2], text[2]; /* where that is, and nbox's own code */
        unsigned long long base;               /* what its addresses are counted from */
        bool changed;            /* since its last line with kill */
        bool watched;            /* its calls are looked at */
        bool failing;            /* this call, on its way out */
        long in;                 /* the call that it is in, or -1 */
} Process;

typedef struct Fault {
        const char *process, *call;
        long number; /* the call's */
        unsigned n;
        bool kill, met;
} Fault;

typedef struct Drive {
        Process *processes[PROCESSES];
        size_t n;
        pid_t root;
        const char *name; /* of that */
        Fault fault;
        FILE *report;
        int status;
} Drive;

/* --- what calls are ------------------------------------------------------------------------------------------------------- */

typedef struct CallKind {
        long number;
        int error;     /* what it fails with; 0: it does not fail in a way that is anybody's to handle */
        bool harmless; /* changes nothing that outlives the process */
} CallKind;

static const CallKind kinds[] = {
        { SYS_read, EIO, true }, { SYS_pread64, EIO, true }, { SYS_readv, EIO, true }, { SYS_preadv, EIO, true }, { SYS_lseek, EIO, true },
        { SYS_fstat, EIO, true }, { SYS_stat, EIO, true }, { SYS_lstat, EIO, true }, { SYS_newfstatat, EIO, true }, { SYS_statx, EIO, true },
        { SYS_statfs, EIO, true }, { SYS_fstatfs, EIO, true }, { SYS_getdents64, EIO, true }, { SYS_readlink, EIO, true },
        { SYS_readlinkat, EIO, true }, { SYS_access, EIO, true }, { SYS_faccessat, EIO, true }, { SYS_faccessat2, EIO, true },
        { SYS_getxattr, EIO, true }, { SYS_fgetxattr, EIO, true }, { SYS_lgetxattr, EIO, true }, { SYS_listxattr, EIO, true },
        { SYS_flistxattr, EIO, true }, { SYS_llistxattr, EIO, true },
        { SYS_openat2, EMFILE, true }, { SYS_name_to_handle_at, ENOMEM, true },
        { SYS_mmap, ENOMEM, true }, { SYS_mremap, ENOMEM, true }, { SYS_mprotect, ENOMEM, true },
        { SYS_pipe2, EMFILE, true }, { SYS_pipe, EMFILE, true }, { SYS_socket, EMFILE, true }, { SYS_socketpair, EMFILE, true },
        { SYS_epoll_create1, EMFILE, true }, { SYS_eventfd2, EMFILE, true }, { SYS_signalfd4, EMFILE, true }, { SYS_timerfd_create, EMFILE, true },
        { SYS_inotify_init1, EMFILE, true }, { SYS_memfd_create, EMFILE, true }, { SYS_pidfd_open, EMFILE, true }, { SYS_dup, EMFILE, true },
        { SYS_dup2, EMFILE, true }, { SYS_dup3, EMFILE, true }, { SYS_fcntl, EMFILE, true }, { SYS_epoll_ctl, ENOMEM, true },
        { SYS_inotify_add_watch, ENOSPC, true }, { SYS_timerfd_settime, ENOMEM, true }, { SYS_fsopen, EMFILE, true }, { SYS_fsconfig, ENOMEM, true },
        { SYS_fsmount, EMFILE, true }, { SYS_open_tree, EMFILE, true }, { SYS_mount_setattr, EPERM, true }, { SYS_bpf, EPERM, true },
        { SYS_getsockopt, ENOBUFS, true }, { SYS_getsockname, ENOBUFS, true }, { SYS_getpeername, ENOBUFS, true }, { SYS_bind, EADDRINUSE, false },
        { SYS_connect, EAGAIN, true }, { SYS_recvmsg, ENOBUFS, true }, { SYS_recvfrom, ENOBUFS, true }, { SYS_sendmsg, ENOBUFS, false },
        { SYS_sendto, ENOBUFS, false }, { SYS_setsockopt, ENOMEM, false },
        { SYS_poll, EINTR, true }, { SYS_ppoll, EINTR, true }, { SYS_select, EINTR, true }, { SYS_pselect6, EINTR, true },
        { SYS_epoll_wait, EINTR, true }, { SYS_epoll_pwait, EINTR, true }, { SYS_epoll_pwait2, EINTR, true }, { SYS_wait4, EINTR, true },
        { SYS_waitid, EINTR, true }, { SYS_nanosleep, EINTR, true }, { SYS_clock_nanosleep, EINTR, true }, { SYS_pause, EINTR, true },
        { SYS_write, ENOSPC, false }, { SYS_pwrite64, ENOSPC, false }, { SYS_writev, ENOSPC, false }, { SYS_ftruncate, ENOSPC, false },
        { SYS_fallocate, ENOSPC, false }, { SYS_copy_file_range, ENOSPC, false }, { SYS_sendfile, ENOSPC, false }, { SYS_mkdir, ENOSPC, false },
        { SYS_mkdirat, ENOSPC, false }, { SYS_mknod, ENOSPC, false }, { SYS_mknodat, ENOSPC, false }, { SYS_symlink, ENOSPC, false },
        { SYS_symlinkat, ENOSPC, false }, { SYS_link, ENOSPC, false }, { SYS_linkat, ENOSPC, false }, { SYS_rename, ENOSPC, false },
        { SYS_renameat, ENOSPC, false }, { SYS_renameat2, ENOSPC, false }, { SYS_setxattr, ENOSPC, false }, { SYS_fsetxattr, ENOSPC, false },
        { SYS_lsetxattr, ENOSPC, false }, { SYS_flock, ENOLCK, false },
        { SYS_clone, ENOMEM, false }, { SYS_clone3, ENOMEM, false }, { SYS_fork, ENOMEM, false }, { SYS_vfork, ENOMEM, false },
        { SYS_execve, ENOMEM, false }, { SYS_execveat, ENOMEM, false }, { SYS_unshare, ENOSPC, false }, { SYS_setns, EPERM, true },
        { SYS_mount, ENOMEM, false }, { SYS_move_mount, ENOMEM, false }, { SYS_pivot_root, EPERM, true },
        { SYS_kill, EPERM, false }, { SYS_tgkill, EPERM, false }, { SYS_pidfd_send_signal, EPERM, false }, { SYS_prctl, EPERM, true },
        { SYS_capset, EPERM, true }, { SYS_capget, EPERM, true }, { SYS_seccomp, ENOMEM, true }, { SYS_setresuid, EAGAIN, true },
        { SYS_setresgid, EPERM, true }, { SYS_setuid, EAGAIN, true }, { SYS_setgid, EPERM, true }, { SYS_setgroups, ENOMEM, true },
        { SYS_setsid, EPERM, true }, { SYS_keyctl, EDQUOT, true }, { SYS_prlimit64, EPERM, true }, { SYS_chdir, EIO, true },
        { SYS_fchdir, EIO, true }, { SYS_chroot, EPERM, true }, { SYS_sysinfo, EIO, true },
        /* none that anybody handles, or that would not do its work all the same */
        { SYS_close, 0, true }, { SYS_close_range, 0, true }, { SYS_munmap, 0, true }, { SYS_brk, 0, true }, { SYS_madvise, 0, true },
        { SYS_exit, 0, true }, { SYS_exit_group, 0, true }, { SYS_rt_sigaction, 0, true }, { SYS_rt_sigprocmask, 0, true },
        { SYS_rt_sigreturn, 0, true }, { SYS_sigaltstack, 0, true }, { SYS_getpid, 0, true }, { SYS_gettid, 0, true }, { SYS_getppid, 0, true },
        { SYS_getuid, 0, true }, { SYS_geteuid, 0, true }, { SYS_getgid, 0, true }, { SYS_getegid, 0, true }, { SYS_umask, 0, true },
        { SYS_arch_prctl, 0, true }, { SYS_set_tid_address, 0, true }, { SYS_set_robust_list, 0, true }, { SYS_rseq, 0, true },
        { SYS_futex, 0, true }, { SYS_uname, 0, true }, { SYS_setfsuid, 0, true }, { SYS_setfsgid, 0, true }, { SYS_getrandom, 0, true },
        { SYS_clock_gettime, 0, true }, { SYS_getsid, 0, true }, { SYS_getpgrp, 0, true }, { SYS_getpgid, 0, true }, { SYS_getresuid, 0, true },
        { SYS_getresgid, 0, true }, { SYS_restart_syscall, 0, true }, { SYS_shutdown, 0, false }, { SYS_sched_yield, 0, true }, { SYS_sync, 0, true },
        { SYS_alarm, 0, true }, { SYS_sched_getaffinity, 0, true }, { SYS_setpriority, EPERM, true }, { SYS_ioctl, EIO, false },
};

static CallKind kind_of(const struct ptrace_syscall_info *info) {
        long number = (long) info->entry.nr;

        if (number == SYS_openat || number == SYS_open) {
                unsigned long long flags = info->entry.args[number == SYS_openat ? 2 : 1];

                return (CallKind) { number, EMFILE, (flags & (O_CREAT | O_TRUNC)) == 0 };
        }
        if (number == SYS_fcntl && info->entry.args[1] != F_DUPFD && info->entry.args[1] != F_DUPFD_CLOEXEC)
                return (CallKind) { number, 0, true };
        /* that takes nothing, and cannot fail for want of it */
        if (number == SYS_epoll_ctl && info->entry.args[1] == EPOLL_CTL_DEL)
                return (CallKind) { number, 0, true };
        /* SIGKILL is refused to root by nobody, and whoever sends it waits for what it does */
        if ((number == SYS_kill || number == SYS_pidfd_send_signal) && info->entry.args[1] == SIGKILL)
                return (CallKind) { number, 0, false };
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (kinds[i].number == number)
                        return kinds[i];
        return (CallKind) { number, EIO, false };
}

static void call_name(long number, char ret[32]) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int) number);

        snprintf(ret, 32, "%s", name ? name : "unknown");
        free(name);
}

/* --- processes ------------------------------------------------------------------------------------------------------------ */

static Process *find(Drive *d, pid_t pid) {
        for (size_t i = 0; i < d->n; i++)
                if (d->processes[i]->pid == pid)
                        return d->processes[i];
        return NULL;
}

static Process *add(Drive *d, pid_t pid, Process *parent) {
        Process *p = calloc(1, sizeof(Process));

        if (!p || d->n == PROCESSES)
                abort();
        p->pid = pid;
        p->in = -1;
        if (parent) {
                snprintf(p->name, sizeof(p->name), "%.50s.%u", parent->name, ++parent->children);
                p->is_nbox = p->loaded = parent->is_nbox; /* the loader forks nothing */
                memcpy(p->text, parent->text, sizeof(p->text));
                p->base = parent->base;
        } else
                snprintf(p->name, sizeof(p->name), "%s", d->name);
        p->watched = !d->fault.process || strcmp(p->name, d->fault.process) == 0;
        return d->processes[d->n++] = p;
}

static void forget(Drive *d, Process *p) {
        for (size_t i = 0; i < d->n; i++)
                if (d->processes[i] == p)
                        d->processes[i] = d->processes[--d->n];
        free(p);
}

/* What it executes now. Who executes something else than nbox is let go, but for the command itself, which may be a shell. */
static bool look_at_program(Drive *d, Process *p) {
        char path[64], target[4096], line[4096];
        ssize_t k;
        FILE *maps;

        snprintf(path, sizeof(path), "/proc/%d/exe", (int) p->pid);
        k = readlink(path, target, sizeof(target) - 1);
        target[k < 0 ? 0 : k] = '\0';
        p->is_nbox = strcmp(strrchr(target, '/') ? strrchr(target, '/') : "", "/nbox") == 0;
        p->loaded = false;
        p->loader[0] = p->loader[1] = p->text[0] = p->text[1] = p->base = 0;
        snprintf(path, sizeof(path), "/proc/%d/maps", (int) p->pid);
        maps = fopen(path, "re");
        while (maps && fgets(line, sizeof(line), maps)) {
                unsigned long long from, to;

                if (sscanf(line, "%llx-%llx", &from, &to) != 2)
                        continue;
                if (strstr(line, "/nbox\n") && p->base == 0)
                        p->base = from;
                if (strstr(line, " r-xp ") && strstr(line, "/nbox\n"))
                        p->text[0] = from, p->text[1] = to;
                if (!strstr(line, "/ld-"))
                        continue;
                p->loader[0] = p->loader[0] ? p->loader[0] : from;
                p->loader[1] = to;
        }
        if (maps)
                fclose(maps);
        return p->is_nbox || p->pid == d->root;
}

/* --- calls ---------------------------------------------------------------------------------------------------------------- */

/* The innermost words of its stack that lead back into nbox's code, as addresses of its file. Some may be of calls that have returned: then one
 * place counts as two. */
static size_t way_here(const Process *p, const struct ptrace_syscall_info *info, unsigned long long ret[PLACE_DEPTH]) {
        unsigned long long words[512];
        struct iovec here = { words, sizeof(words) }, there = { (void *) (uintptr_t) info->stack_pointer, sizeof(words) };
        ssize_t k = process_vm_readv(p->pid, &here, 1, &there, 1, 0);
        size_t n = 0;

        for (size_t i = 0; k > 0 && i < (size_t) k / sizeof(words[0]) && n < PLACE_DEPTH; i++)
                if (words[i] >= p->text[0] && words[i] < p->text[1])
                        ret[n++] = words[i] - p->base;
        return n;
}

static void write_point(Drive *d, Process *p, const char *name, const struct ptrace_syscall_info *info, const CallKind *kind) {
        unsigned long long way[PLACE_DEPTH];
        unsigned long hash = 5381;

        for (size_t i = 0, n = way_here(p, info, way); i < n; i++)
                hash = hash * 33 + (unsigned long) way[i];
        fprintf(d->report, "%s %s %u %s %s %lx\n", p->name, name, p->made[p->in], kind->error ? strerrorname_np(kind->error) : "-",
                p->changed ? "kill" : "-", hash);
}

static void write_met(Drive *d, Process *p, const struct ptrace_syscall_info *info) {
        unsigned long long way[PLACE_DEPTH];

        fprintf(d->report, "met");
        for (size_t i = 0, n = way_here(p, info, way); i < n; i++)
                fprintf(d->report, " %#llx", way[i]);
        fprintf(d->report, "\n");
}

static void on_entry(Drive *d, Process *p, const struct ptrace_syscall_info *info) {
        CallKind kind = kind_of(info);
        Fault *f = &d->fault;
        char name[32];
        unsigned n;

        p->in = (long) info->entry.nr;
        if (!p->is_nbox || p->in < 0 || p->in >= CALLS)
                return;
        if (!p->loaded && info->instruction_pointer >= p->loader[0] && info->instruction_pointer < p->loader[1])
                return;
        if (!p->loaded)
                p->changed = true; /* killed before it does anything */
        p->loaded = true;
        n = ++p->made[p->in];
        if (!f->process) {
                call_name(p->in, name);
                write_point(d, p, name, info, &kind);
                p->changed = !kind.harmless;
                return;
        }
        if (f->met || n != f->n || p->in != f->number)
                return;
        f->met = true;
        write_met(d, p, info);
        if (f->kill) {
                (void) kill(p->pid, SIGKILL);
                return;
        }
        p->failing = true;
        if (ptrace(PTRACE_POKEUSER, p->pid, sizeof(long) * ORIG_RAX, -1) < 0)
                fprintf(d->report, "could not be failed\n");
}

static void on_exit_of_call(Process *p) {
        struct ptrace_syscall_info info = { .op = PTRACE_SYSCALL_INFO_ENTRY, .entry.nr = (unsigned long long) p->in };

        if (p->failing)
                (void) ptrace(PTRACE_POKEUSER, p->pid, sizeof(long) * RAX, (long) -kind_of(&info).error);
        p->failing = false;
        p->in = -1;
}

static void on_call(Drive *d, Process *p) {
        struct ptrace_syscall_info info = {};

        if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) < 0)
                return; /* killed meanwhile */
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
                on_entry(d, p, &info);
        else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
                on_exit_of_call(p);
}

/* With word of its next call, or without. */
static void go_on(const Drive *d, const Process *p, int sig) {
        (void) ptrace(p->watched && (!d->fault.met || p->failing) ? PTRACE_SYSCALL : PTRACE_CONT, p->pid, 0, sig);
}

/* --- the tracer's loop ---------------------------------------------------------------------------------------------------- */

static void on_stop(Drive *d, Process *p, int status) {
        int event = status >> 16, sig = WSTOPSIG(status);
        unsigned long child;

        if (sig == (SIGTRAP | 0x80)) {
                on_call(d, p);
                sig = 0;
        } else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
                /* it may have been seen before its parent's word of it */
                if (ptrace(PTRACE_GETEVENTMSG, p->pid, 0, &child) == 0 && !find(d, (pid_t) child))
                        add(d, (pid_t) child, p);
                sig = 0;
        } else if (event == PTRACE_EVENT_EXEC) {
                sig = 0;
                if (!look_at_program(d, p)) {
                        (void) ptrace(PTRACE_DETACH, p->pid, 0, 0);
                        forget(d, p);
                        return;
                }
        } else if (event == PTRACE_EVENT_STOP) {
                if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
                        (void) ptrace(PTRACE_LISTEN, p->pid, 0, 0);
                        return;
                }
                sig = 0;
        }
        go_on(d, p, sig);
}

static bool is_bug(int sig) {
        return sig == SIGSEGV || sig == SIGABRT || sig == SIGBUS || sig == SIGILL || sig == SIGFPE || sig == SIGSYS || sig == SIGTRAP;
}

static void on_death(Drive *d, Process *p, int status) {
        if (WIFSIGNALED(status) && p->is_nbox && is_bug(WTERMSIG(status)))
                fprintf(d->report, "crashed %s %s\n", p->name, sigabbrev_np(WTERMSIG(status)));
        if (p->pid == d->root)
                d->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        forget(d, p);
}

/* The call that it is in, or -1. */
static long call_of(pid_t pid) {
        char path[64];
        long number = -1;
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%d/syscall", (int) pid);
        f = fopen(path, "re");
        if (f && fscanf(f, "%ld", &number) != 1)
                number = -1;
        if (f)
                fclose(f);
        return number;
}

static void time_is_up(Drive *d) {
        char name[32];

        for (size_t i = 0; i < d->n; i++) {
                long number = call_of(d->processes[i]->pid);

                call_name(number, name);
                fprintf(d->report, "hung %s %s\n", d->processes[i]->name, number < 0 ? "in no call" : name);
                (void) kill(d->processes[i]->pid, SIGKILL);
        }
        d->status = 124;
}

/* Who is there still is let go: it has to be stopped for that. Seized processes that stop by themselves meanwhile do as well. */
static void let_go(Drive *d) {
        for (size_t i = 0; i < d->n; i++)
                (void) ptrace(PTRACE_INTERRUPT, d->processes[i]->pid, 0, 0);
        while (d->n > 0) {
                int status, sig = 0;
                pid_t pid = waitpid(-1, &status, __WALL);
                Process *p = pid > 0 ? find(d, pid) : NULL;

                if (pid < 0 && errno != EINTR)
                        return;
                if (!p) {
                        if (pid > 0 && WIFSTOPPED(status)) /* forked just now */
                                (void) ptrace(PTRACE_DETACH, pid, 0, 0);
                        continue;
                }
                if (!WIFSTOPPED(status)) {
                        on_death(d, p, status);
                        continue;
                }
                if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
                        if (p->failing)
                                on_exit_of_call(p);
                } else if (status >> 16 == 0)
                        sig = WSTOPSIG(status);
                (void) ptrace(PTRACE_DETACH, p->pid, 0, sig);
                forget(d, p);
        }
}

static volatile sig_atomic_t late;

static void on_alarm(int sig) {
        (void) sig;
        late = 1;
        alarm(1); /* it may come just before a wait */
}

static void drive(Drive *d) {
        while (find(d, d->root)) {
                int status;
                pid_t pid;
                Process *p;

                if (late && d->status != 124)
                        time_is_up(d);
                pid = waitpid(-1, &status, __WALL);
                if (pid < 0 && errno == EINTR)
                        continue;
                if (pid < 0)
                        return;
                p = find(d, pid);
                if (WIFSTOPPED(status)) {
                        if (!p) { /* its parent is told of next: what it is called is that one's to say, and it waits so long */
                                char path[64];
                                FILE *f;
                                int parent = 0;
                                Process *by;

                                snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
                                f = fopen(path, "re");
                                if (f && fscanf(f, "%*d (%*[^)]) %*c %d", &parent) != 1)
                                        parent = 0;
                                if (f)
                                        fclose(f);
                                by = find(d, parent);
                                p = add(d, pid, by ? by : find(d, d->root));
                        }
                        on_stop(d, p, status);
                } else if (p) {
                        int before = d->status;

                        on_death(d, p, status);
                        if (before == 124)
                                d->status = 124;
                }
        }
        let_go(d);
}

/* --- the command ---------------------------------------------------------------------------------------------------------- */

/* To standard output, until all have closed it; from `stop` on no longer than something comes, which the kernel hands over by and by. */
static void copy_terminal(int master, int stop, const char *keys) {
        char data[4096];
        bool stopped = false;

        for (;;) {
                struct pollfd fds[] = { { .fd = master, .events = POLLIN }, { .fd = stopped ? -1 : stop } };
                int k = poll(fds, 2, stopped ? 100 : 300);

                stopped = stopped || fds[1].revents != 0;
                if (k == 0 && stopped)
                        return;
                if (k == 0 && keys)
                        (void) !write(master, keys, strlen(keys));
                if (fds[0].revents == 0)
                        continue;
                ssize_t n = read(master, data, sizeof(data));
                if (n <= 0)
                        return;
                (void) !write(STDOUT_FILENO, data, (size_t) n);
        }
}

typedef struct Copier {
        pid_t pid;
        int stop;
} Copier;

static int start_copier(Copier *c, int master, const char *keys) {
        int stop[2];

        if (pipe2(stop, O_CLOEXEC) < 0)
                return -1;
        c->pid = fork();
        if (c->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(stop[1]);
                copy_terminal(master, stop[0], keys);
                _exit(0);
        }
        close(stop[0]);
        c->stop = stop[1];
        return c->pid < 0 ? -1 : 0;
}

static void end_copier(const Copier *c) {
        if (c->pid <= 0)
                return;
        close(c->stop);
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

static pid_t start(char **command, bool terminal, const char *keys, Copier *copier) {
        int master = -1, slave = -1, go[2];
        pid_t pid;
        char c = 0;

        if (pipe2(go, O_CLOEXEC) < 0 || (terminal && openpty(&master, &slave, NULL, NULL, NULL) < 0))
                return -1;
        pid = fork();
        if (pid == 0) {
                close(go[1]);
                if (read(go[0], &c, 1) != 1)
                        _exit(125);
                if (terminal && login_tty(slave) < 0)
                        _exit(125);
                if (master >= 0)
                        close(master);
                execvp(command[0], command);
                perror(command[0]);
                _exit(127);
        }
        if (pid < 0 || ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) < 0)
                return -1;
        if (terminal) {
                close(slave);
                if (start_copier(copier, master, keys) < 0)
                        return -1;
                close(master);
        }
        (void) ptrace(PTRACE_INTERRUPT, pid, 0, 0);
        if (write(go[1], "x", 1) != 1)
                return -1;
        close(go[0]);
        close(go[1]);
        return pid;
}

int main(int argc, char **argv) {
        Drive d = { .status = 125, .name = "1" };
        bool terminal = false;
        const char *keys = NULL;
        unsigned limit = 30;
        Copier copier = {};
        int i = 1;

        for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
                if (strcmp(argv[i], "--pty") == 0)
                        terminal = true;
                else if (strcmp(argv[i], "--keys") == 0 && i + 1 < argc)
                        keys = argv[++i];
                else if (strcmp(argv[i], "--limit") == 0 && i + 1 < argc)
                        limit = (unsigned) atoi(argv[++i]);
                else if (strcmp(argv[i], "--as") == 0 && i + 1 < argc)
                        d.name = argv[++i];
                else if (strcmp(argv[i], "--report") == 0 && i + 1 < argc)
                        d.report = fopen(argv[++i], "we");
                else if (strcmp(argv[i], "--at") == 0 && i + 4 < argc) {
                        d.fault = (Fault) { argv[i + 1], argv[i + 2], seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, argv[i + 2]),
                                            (unsigned) atoi(argv[i + 3]), strcmp(argv[i + 4], "kill") == 0, false };
                        i += 4;
                } else
                        return 125;
        }
        if (!d.report || i >= argc)
                return 125;
        sigaction(SIGALRM, &(struct sigaction) { .sa_handler = on_alarm }, NULL);
        alarm(limit);
        d.root = start(argv + i, terminal, keys, &copier);
        if (d.root < 0) {
                perror("faultdrive");
                return 125;
        }
        add(&d, d.root, NULL);
        drive(&d);
        end_copier(&copier);
        return fclose(d.report) == 0 ? d.status : 125;
}
