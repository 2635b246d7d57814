/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seccomp.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "caps.h"
#include "file.h"
#include "seccomp-call.h"
#include "seccomp-filter.h"
#include "unit.h"

/* The real filter in a child, and real calls. Their arguments are such that the kernel, when it is asked, answers something else
 * than the filter would: what passes is seen by EBADF and the like. */

#define BAD ((long) -1) /* a bad descriptor, flag set or address */

typedef struct Call {
        const char *name;
        long number;
        long arguments[5];
        int error; /* the errno that must come; 0: success */
} Call;

static const Call refused[] = {
        { "kexec_load", SYS_kexec_load, { 0, 0, BAD, BAD }, EPERM },
        { "init_module", SYS_init_module, { BAD, 0, BAD }, EPERM },
        { "finit_module", SYS_finit_module, { BAD, BAD, BAD }, EPERM },
        { "delete_module", SYS_delete_module, { BAD, BAD }, EPERM },
        { "open_by_handle_at", SYS_open_by_handle_at, { BAD, BAD, BAD }, EPERM },
        { "perf_event_open", SYS_perf_event_open, { BAD, BAD, BAD, BAD, BAD }, EPERM },
        { "fanotify_init", SYS_fanotify_init, { BAD, BAD }, EPERM },
        { "modify_ldt", SYS_modify_ldt, { BAD, BAD, BAD }, EPERM },
        { "userfaultfd", SYS_userfaultfd, { BAD }, EPERM },
        { "io_uring_setup", SYS_io_uring_setup, { BAD, BAD }, EPERM },
        { "swapon", SYS_swapon, { BAD, BAD }, EPERM },
        { "acct", SYS_acct, { BAD }, EPERM },
        { "settimeofday", SYS_settimeofday, { BAD, BAD }, EPERM },
        { "clock_settime", SYS_clock_settime, { BAD, BAD }, EPERM },
        { "syslog", SYS_syslog, { BAD, BAD, BAD }, EPERM },
        { "keyctl", SYS_keyctl, { BAD }, ENOSYS },
        { "add_key", SYS_add_key, { BAD, BAD }, ENOSYS },
        { "request_key", SYS_request_key, { BAD, BAD }, ENOSYS },
        { "a future call", 4000, {}, ENOSYS },
        { "TIOCSTI", SYS_ioctl, { BAD, TIOCSTI, BAD }, EPERM },
        { "TIOCSTI with high bits", SYS_ioctl, { BAD, TIOCSTI | 1L << 32, BAD }, EPERM },
        { "TIOCLINUX", SYS_ioctl, { BAD, TIOCLINUX, BAD }, EPERM },
        { "an audit socket", SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_AUDIT }, EAFNOSUPPORT },
        { "a vsock socket", SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 }, EAFNOSUPPORT },
        { "a vsock socket with high bits", SYS_socket, { AF_VSOCK | 1L << 40, SOCK_STREAM, 0 }, EAFNOSUPPORT },
        { "an AF_ALG socket", SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 }, EAFNOSUPPORT },
};

static const Call passed[] = {
        { "unshare", SYS_unshare, { 0 }, 0 },
        { "unshare of a mount namespace", SYS_unshare, { CLONE_NEWNS }, 0 },
        { "setns", SYS_setns, { BAD, 0 }, EBADF },
        { "clone3", SYS_clone3, { BAD, 0 }, EINVAL },
        { "mount", SYS_mount, { 0, BAD, 0, 0, 0 }, EFAULT },
        { "umount2", SYS_umount2, { BAD, 0 }, EFAULT },
        { "pivot_root", SYS_pivot_root, { BAD, BAD }, EFAULT },
        { "open_tree", SYS_open_tree, { BAD, BAD, 0 }, EFAULT },
        { "move_mount", SYS_move_mount, { BAD, BAD, BAD, BAD, 0 }, EFAULT },
        { "fsopen", SYS_fsopen, { BAD, 0 }, EFAULT },
        { "mount_setattr", SYS_mount_setattr, { BAD, BAD, 0, BAD, 0 }, EINVAL },
        { "openat2", SYS_openat2, { BAD, BAD, BAD, 0 }, EINVAL },
        { "reboot", SYS_reboot, { 0, 0, 0, 0 }, EINVAL },
        { "ptrace", SYS_ptrace, { BAD, 0, 0, 0 }, ESRCH },
        { "seccomp", SYS_seccomp, { BAD, 0, 0 }, EINVAL },
        { "name_to_handle_at", SYS_name_to_handle_at, { BAD, BAD, BAD, BAD, 0 }, EFAULT },
        { "adjtimex", SYS_adjtimex, { 0 }, EFAULT },
        { "ioctl", SYS_ioctl, { BAD, TCGETS, 0 }, EBADF },
        { "personality", SYS_personality, { 0 }, 0 },
        { "pidfd_open", SYS_pidfd_open, { 0, 0 }, EINVAL },
        /* last: what came before needs privileges in the first one */
        { "a user namespace in the user namespace", SYS_unshare, { CLONE_NEWUSER }, 0 },
};

/* As root inside a user and a pid namespace, the way a guest has it. The ids are mapped, or no second user namespace could be
 * made inside. */
static int become_guest(void) {
        char uid[32], gid[32];

        snprintf(uid, sizeof(uid), "0 %u 1", getuid());
        snprintf(gid, sizeof(gid), "0 %u 1", getgid());
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) < 0)
                return -errno;
        if (file_write(AT_FDCWD, "/proc/self/setgroups", "deny") < 0 || file_write(AT_FDCWD, "/proc/self/uid_map", uid) < 0 ||
            file_write(AT_FDCWD, "/proc/self/gid_map", gid) < 0)
                return -EINVAL;
        return 0;
}

static int status_of(pid_t pid) {
        int status;

        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                return 128;
        return WEXITSTATUS(status);
}

static int filtered(bool private_users, int (*test)(void)) {
        int r = seccomp_apply_default(private_users);

        if (r < 0)
                fprintf(stderr, "the filter: %s\n", strerror(-r));
        return r < 0 ? 2 : test();
}

/* Status of a guest that applies the filter and runs `test`. Status 77, also where this host gives no user namespaces, skips. */
static int in_filter(bool private_users, int (*test)(void)) {
        pid_t pid = fork();
        int r;

        if (pid == 0) {
                if (become_guest() < 0)
                        _exit(77);
                pid = fork();
                _exit(pid == 0 ? filtered(private_users, test) : status_of(pid));
        }
        r = status_of(pid);
        if (r == 77)
                skip();
        return r;
}

static int check(const Call *calls, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const long *a = calls[i].arguments;
                int error = syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4]) < 0 ? errno : 0;

                if (error != calls[i].error) {
                        fprintf(stderr, "%s: %s, not %s\n", calls[i].name, strerror(error), strerror(calls[i].error));
                        return 1;
                }
        }
        return 0;
}

static int check_refused(void) {
        return check(refused, ELEMENTSOF(refused));
}

static int check_passed(void) {
        return check(passed, ELEMENTSOF(passed));
}

static int check_socket_families(void) {
        static const int families[] = { AF_UNIX, AF_INET, AF_NETLINK };

        for (size_t i = 0; i < ELEMENTSOF(families); i++)
                if (socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0)
                        return 1;
        return 0;
}

static int check_bpf_refused(void) {
        return syscall(SYS_bpf, 1000, 0, 0) < 0 && errno == EPERM ? 0 : 1;
}

static int check_privileges_kept(void) {
        return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static void refuses(void **state _unused_) {
        assert_int_equal(in_filter(true, check_refused), 0);
        assert_int_equal(in_filter(false, check_refused), 0);
        assert_int_equal(in_filter(true, check_bpf_refused), 0);
}

static void passes(void **state _unused_) {
        assert_int_equal(in_filter(true, check_passed), 0);
        assert_int_equal(in_filter(false, check_passed), 0);
        assert_int_equal(in_filter(true, check_socket_families), 0);
        assert_int_equal(in_filter(true, check_privileges_kept), 0);
}

static int filtered_by(const SeccompWishes *w, int (*test)(void)) {
        _cleanup_free_ struct sock_filter *code = NULL;
        size_t n;
        int r = seccomp_make(w, &code, &n);

        assert_int_equal(r, 0);
        r = become_guest() < 0 ? 77 : seccomp_apply(code, n) < 0 ? 2 : test();
        _exit(r);
}

/* Status of a guest with a filter that is made for it. */
static int with_wishes(const SeccompWishes *w, int (*test)(void)) {
        pid_t pid = fork();
        int r;

        if (pid == 0)
                filtered_by(w, test);
        r = status_of(pid);
        if (r == 77)
                skip();
        return r;
}

static int fails(long number, int error) {
        return syscall(number, BAD, BAD, BAD, BAD, BAD) < 0 && errno == error;
}

static int check_wishes(void) {
        return fails(SYS_keyctl, EOPNOTSUPP) && fails(SYS_swapon, EPERM) && fails(SYS_swapoff, EPERM) && fails(SYS_mount, EPERM) &&
               fails(SYS_clock_settime, EFAULT) && fails(SYS_ptrace, EPERM) && fails(SYS_kexec_load, EPERM) && fails(4000, ENOSYS) ? 0 : 1;
}

/* What has no descriptor would fail if the kernel saw it. */
static int check_suppressed(void) {
        bool succeed = syscall(SYS_fsync, -1) == 0 && syscall(SYS_fdatasync, -1) == 0 && syscall(SYS_syncfs, -1) == 0 && syscall(SYS_sync) == 0 &&
                       syscall(SYS_msync, BAD, BAD, BAD) == 0 && syscall(SYS_sync_file_range, -1, 0, 0, 0) == 0;
        bool refused_flags = open("/dev/null", O_RDONLY | O_SYNC) < 0 && errno == EINVAL && open("/dev/null", O_RDONLY | O_DSYNC) < 0 &&
                             errno == EINVAL && fails(SYS_openat2, ENOSYS);
#ifdef SYS_open
        refused_flags = refused_flags && syscall(SYS_open, "/dev/null", O_RDONLY | O_DSYNC) < 0 && errno == EINVAL &&
                        syscall(SYS_open, "/dev/null", O_RDONLY) >= 0;
#endif
        return succeed && refused_flags && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0 && fails(SYS_swapon, EPERM) && fails(4000, ENOSYS) ? 0 : 1;
}

/* Asked to let fsync through says no more than the default does; asked to refuse it does. */
static int check_suppressed_but_one(void) {
        return fails(SYS_fsync, EPERM) && syscall(SYS_fdatasync, -1) == 0 ? 0 : 1;
}

static void suppressed_sync(void **state _unused_) {
        static char *const words[] = { (char *) "fdatasync", (char *) "~fsync", NULL };
        const SeccompWishes all = { .private_users = true, .capabilities = caps_default_set(true, true), .suppress_sync = true };
        const SeccompWishes but_one = { true, all.capabilities, words, true };

        assert_true(seccomp_wishes_differ(&all));
        assert_int_equal(with_wishes(&all, check_suppressed), 0);
        assert_int_equal(with_wishes(&but_one, check_suppressed_but_one), 0);
}

static void words_are_known(void) {
        static const char *const known[] = { "mount", "@known", "@system-service", "reboot", "riscv_flush_icache", "futex_waitv", "mseal" };
        static const char *const unknown[] = { "", "@", "@nothing", "Mount", "mount ", "~mount", "moun" };
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                assert_true(seccomp_word_is_known(known[i]));
        for (size_t i = 0; i < ELEMENTSOF(unknown); i++)
                assert_false(seccomp_word_is_known(unknown[i]));
        for (; seccomp_word(n); n++)
                assert_true(seccomp_word_is_known(seccomp_word(n)));
        assert_true(n > 400);
}

/* What is made from the table, where nothing else is asked for, is what is made while nbox is built. */
static void wishes(void **state _unused_) {
        static char *const words[] = { (char *) "@keyring", (char *) "~@swap", (char *) "swapoff", (char *) "~mount", (char *) "swapon", NULL };
        const SeccompWishes none = { true, caps_default_set(true, true), NULL, false };
        const SeccompWishes some = { true, (none.capabilities | CAP_BIT(CAP_SYS_TIME)) & ~CAP_BIT(CAP_SYS_PTRACE), words, false };

        for (unsigned private = 0; private < 2; private++) {
                _cleanup_free_ struct sock_filter *code = NULL;
                size_t n;

                assert_int_equal(seccomp_make(&(SeccompWishes){ private, none.capabilities, NULL, false }, &code, &n), 0);
                assert_int_equal(n, private ? ELEMENTSOF(filter_private_users) : ELEMENTSOF(filter_host_users));
                assert_memory_equal(code, private ? filter_private_users : filter_host_users, n * sizeof(*code));
        }
        assert_false(seccomp_wishes_differ(&none));
        assert_true(seccomp_wishes_differ(&some));
        assert_true(seccomp_wishes_differ(&(SeccompWishes){ true, none.capabilities | CAP_BIT(CAP_SYSLOG), NULL, false }));
        assert_false(seccomp_wishes_differ(&(SeccompWishes){ true, none.capabilities & ~CAP_BIT(CAP_MKNOD), NULL, false }));
        words_are_known();
        assert_int_equal(with_wishes(&some, check_wishes), 0);
}

#ifdef __x86_64__
static int call_i386(int number, int a, int b, int c) {
        int r;

        __asm__ volatile("int $0x80" : "=a"(r) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
        return r;
}

/* The numbers are those of i386. */
static int check_i386(void) {
        if (call_i386(20, 0, 0, 0) == -ENOSYS) /* getpid: a kernel without 32-bit programs */
                return 77;
        return call_i386(20, 0, 0, 0) == getpid() && call_i386(87, 0, 0, 0) == -EPERM /* swapon */ &&
               call_i386(283, 0, 0, 0) == -EPERM /* kexec_load */ && call_i386(288, 0, 0, 0) == -ENOSYS /* keyctl */ &&
               call_i386(54, -1, TIOCSTI, 0) == -EPERM && call_i386(54, -1, TCGETS, 0) == -EBADF &&
               call_i386(359, AF_UNIX, SOCK_STREAM, 0) >= 0 && call_i386(359, AF_INET, SOCK_STREAM, 0) >= 0 /* socket */ &&
               call_i386(404, 0, 0, 0) == -EPERM /* clock_settime64 */ ? 0 : 1;
}

static int check_x32(void) {
        return syscall(0x40000000 | SYS_getpid) < 0 && errno == ENOSYS ? 0 : 1;
}

static void other_abis(void **state _unused_) {
        assert_int_equal(in_filter(true, check_x32), 0);
        assert_int_equal(in_filter(true, check_i386), 0);
}
#endif

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(refuses),
                cmocka_unit_test(passes),
                cmocka_unit_test(wishes),
                cmocka_unit_test(suppressed_sync),
#ifdef __x86_64__
                cmocka_unit_test(other_abis),
#endif
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
