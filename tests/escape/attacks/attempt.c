/* SPDX-License-Identifier: GPL-2.0-or-later */

/* attempt NAME...: single calls that reach beyond a machine, each in a process of its own. Prints "NAME works" or
 * "NAME: why not". Harmless where they work, since a control lets them: a clock is set to what it shows, a module is
 * no module. What the kernel says after its check of privileges (ENOEXEC, EINVAL, …) is `works` too: the machine got that far. */

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/vm_sockets.h>
#ifdef __x86_64__
#include <asm/ldt.h>
#endif
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/fanotify.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Like a system call: >= 0, or -1 and errno. */
static long set_clock(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return clock_settime(CLOCK_REALTIME, &now);
}

static long set_day(void) {
        struct timeval now;

        gettimeofday(&now, NULL);
        return syscall(SYS_settimeofday, &now, NULL);
}

static long adjust_clock(void) {
        struct timex t = { .modes = 0 };

        adjtimex(&t);
        t.modes = ADJ_TICK;
        return adjtimex(&t);
}

static long insert_module(void) {
        return syscall(SYS_init_module, "no module", 9, "");
}

static long insert_module_file(void) {
        return syscall(SYS_finit_module, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "", 0);
}

static long delete_a_module(void) {
        return syscall(SYS_delete_module, "nbox_no_such_module", O_NONBLOCK);
}

static long load_kexec(void) {
        return syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

static long load_kexec_file(void) {
        return syscall(SYS_kexec_file_load, -1, -1, 0, "", 0);
}

static long swap_on(void) {
        return swapon("/escape/no-such-file", 0);
}

static long swap_off(void) {
        return swapoff("/escape/no-such-file");
}

static long account(void) {
        return syscall(SYS_acct, NULL);
}

static long ports(void) {
        return ioperm(0x80, 1, 1);
}

static long all_ports(void) {
        return iopl(3);
}

static long read_kernel_log(void) {
        char text[64];

        return klogctl(3, text, sizeof(text)); /* SYSLOG_ACTION_READ_ALL */
}

static long switch_console(void) {
        return klogctl(7, NULL, 0); /* SYSLOG_ACTION_CONSOLE_ON: as it was before it was off */
}

static long watch_processor(void) {
        struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .config = PERF_COUNT_SW_CPU_CLOCK };

        return syscall(SYS_perf_event_open, &a, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

static long load_bpf(void) {
        struct bpf_insn code[] = {
                { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
                { .code = BPF_JMP | BPF_EXIT },
        };
        union bpf_attr a = { .prog_type = BPF_PROG_TYPE_KPROBE, .insn_cnt = 2, .insns = (uintptr_t) code, .license = (uintptr_t) "GPL" };

        return syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
}

static long list_bpf(void) {
        union bpf_attr a = { .start_id = 0 };
        long r = syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &a, sizeof(a));

        return r < 0 && errno == ENOENT ? 0 : r; /* there are none */
}

static long fault_userland(void) {
        return syscall(SYS_userfaultfd, O_CLOEXEC);
}

static long ring(void) {
        struct io_uring_params p = {};

        return syscall(SYS_io_uring_setup, 2, &p);
}

static long keep_key(void) {
        return syscall(SYS_add_key, "user", "nbox-escape", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}

static long session_keyring(void) {
        return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}

static long quota(void) {
        return syscall(SYS_quotactl, 0x80000100, NULL, 0, NULL); /* Q_SYNC of every file system */
}

static long audit(void) {
        return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 9);
}

/* The hypervisor, or who listens on the host. */
static long vsock(void) {
        struct sockaddr_vm a = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = VMADDR_PORT_ANY };

        int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

        return fd < 0 ? fd : bind(fd, (struct sockaddr *) &a, sizeof(a));
}

/* The same by the entry for 32-bit programs, whose arguments are in memory, where no filter looks. */
static long vsock_by_socketcall(void) {
#ifdef __x86_64__
        uint32_t *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        long r;

        if (args == MAP_FAILED)
                return -1;
        args[0] = AF_VSOCK, args[1] = SOCK_STREAM, args[2] = 0;
        __asm__ volatile("int $0x80" : "=a"(r) : "a"(102), "b"(1), "c"(args) : "memory");
        errno = (int) (r < 0 ? -r : 0);
        return r < 0 ? -1 : r;
#else
        return errno = ENOSYS, -1;
#endif
}

static long crypto(void) {
        return socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

/* Every event of a whole file system, each with the file that it is about, open: with a tree on the host's own, the host's files. */
static long watch_all_files(void) {
        int fd = (int) syscall(SYS_fanotify_init, FAN_CLOEXEC | FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);

        return fd < 0 ? fd : syscall(SYS_fanotify_mark, fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN, AT_FDCWD, "/");
}

/* A segment of the process's own, which 16-bit programs have. */
static long make_segment(void) {
#ifdef __x86_64__
        struct user_desc d = { .entry_number = 1, .limit = 1, .contents = MODIFY_LDT_CONTENTS_DATA, .seg_not_present = 1, .read_exec_only = 1 };

        return syscall(SYS_modify_ldt, 1, &d, sizeof(d));
#else
        return errno = ENOSYS, -1;
#endif
}

static long old_ipsec(void) {
        return socket(AF_KEY, SOCK_RAW | SOCK_CLOEXEC, 2);
}

static long more_files(void) {
        return setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1u << 20, 1u << 21 });
}

static long first_of_all(void) {
        return setpriority(PRIO_PROCESS, 0, -20);
}

static const struct {
        const char *name;
        long (*call)(void);
} attempts[] = {
        { "clock_settime", set_clock },
        { "settimeofday", set_day },
        { "adjtimex", adjust_clock },
        { "init_module", insert_module },
        { "finit_module", insert_module_file },
        { "delete_module", delete_a_module },
        { "kexec_load", load_kexec },
        { "kexec_file_load", load_kexec_file },
        { "swapon", swap_on },
        { "swapoff", swap_off },
        { "acct", account },
        { "ioperm", ports },
        { "iopl", all_ports },
        { "syslog", read_kernel_log },
        { "console-level", switch_console },
        { "perf_event_open", watch_processor },
        { "bpf-load", load_bpf },
        { "bpf-list", list_bpf },
        { "userfaultfd", fault_userland },
        { "io_uring", ring },
        { "add_key", keep_key },
        { "session-keyring", session_keyring },
        { "quotactl", quota },
        { "audit", audit },
        { "vsock", vsock },
        { "vsock-by-socketcall", vsock_by_socketcall },
        { "af_alg", crypto },
        { "fanotify", watch_all_files },
        { "modify_ldt", make_segment },
        { "af_key", old_ipsec },
        { "rlimit", more_files },
        { "priority", first_of_all },
};

static int refused(int error) {
        return error == EPERM || error == EACCES || error == ENOSYS || error == EAFNOSUPPORT || error == EOPNOTSUPP;
}

/* In a process of its own: what works is not to change the next one. */
static void attempt(const char *name, long (*call)(void)) {
        long r;

        fflush(stdout);
        if (fork() != 0) {
                wait(NULL);
                return;
        }
        errno = 0;
        r = call();
        if (r >= 0 || !refused(errno))
                printf("%s works\n", name);
        else
                printf("%s: %s\n", name, strerror(errno));
        exit(0);
}

int main(int argc, char **argv) {
        for (int i = 1; i < argc; i++) {
                size_t k = 0;

                while (k < sizeof(attempts) / sizeof(attempts[0]) && strcmp(attempts[k].name, argv[i]) != 0)
                        k++;
                if (k == sizeof(attempts) / sizeof(attempts[0])) {
                        fprintf(stderr, "attempt: no %s here\n", argv[i]);
                        return 127;
                }
                attempt(attempts[k].name, attempts[k].call);
        }
        return 0;
}
