/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a hostile root makes without end, one thing an attack, for tests/host/loads.sh and tests/loads. It runs inside a machine, where
 * there may be no library, and goes on until the kernel says no, COUNT are made, or SECONDS have gone by; then it says how many there were
 * and why there are no more, keeps them for HOLD seconds, and ends.
 *
 *     bombdrive ATTACK COUNT SECONDS [HOLD]
 *
 * "made N: ERROR" on stdout, "made N: limit of our own" where the kernel has not said no. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024UL * 1024UL)
#define NOTIFY_PATH "/run/host/notify"

static double now(void) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

/* --- each makes one more: 0, or -1 and errno ----------------------------------------------------------------------------- */

/* Who is asleep costs no time but a place, and is not reaped: its parent never waits. */
static int sleeper(void) {
        pid_t pid = fork();

        if (pid == 0)
                for (;;)
                        pause();
        return pid < 0 ? -1 : 0;
}

/* In a session of its own, its parent gone: init's to reap. The session's number is in use as long as it is there. */
static int leaver(void) {
        pid_t pid = fork(), other;
        int status;

        if (pid == 0) {
                (void) setsid();
                other = fork();
                if (other == 0)
                        for (;;)
                                pause();
                _exit(other < 0 ? errno : 0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
                return -1;
        errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
        return errno ? -1 : 0;
}

static int borrower(void) { /* vfork(2): the parent is held till the child has another image */
        pid_t pid = vfork();

        if (pid == 0) {
                execl("/proc/self/exe", "bombdrive", "wait", NULL);
                _exit(127);
        }
        return pid < 0 ? -1 : 0;
}

static int zombie(void) {
        pid_t pid = fork();

        if (pid == 0)
                _exit(0);
        return pid < 0 ? -1 : 0;
}

/* As a fork bomb does it: all of them at work, each making more. */
static int storm(void) {
        pid_t pid = fork();

        if (pid == 0)
                for (;;)
                        (void) fork();
        return pid < 0 ? -1 : 0;
}

static int spinner(void) {
        pid_t pid = fork();

        if (pid == 0) {
                (void) setpriority(PRIO_PROCESS, 0, -20);
                for (;;)
                        ;
        }
        return pid < 0 ? -1 : 0;
}

/* A place in the processor's first queue, before all that is ordinary. */
static int realtime(void) {
        struct sched_param p = { .sched_priority = 50 };
        struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; } deadline = {
                .size = 48, .policy = 6, .runtime = 9000000, .deadline = 10000000, .period = 10000000,
        };

        if (sched_setscheduler(0, SCHED_FIFO, &p) == 0 || sched_setscheduler(0, SCHED_RR, &p) == 0 ||
            syscall(SYS_sched_setattr, 0, &deadline, 0) == 0)
                return 0;
        return setpriority(PRIO_PROCESS, 0, -20);
}

static int touch(void *p, size_t n) {
        if (p == MAP_FAILED)
                return -1;
        for (size_t i = 0; i < n; i += 4096)
                ((volatile char *) p)[i] = 1;
        return 0;
}

static int anonymous(void) {
        return touch(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MIB);
}

/* The tables alone: a page each 2 MiB, and what is touched is the zero page. */
static int page_tables(void) {
        size_t n = 512UL * 2 * MIB;
        volatile char *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (p == MAP_FAILED)
                return -1;
        (void) madvise((void *) p, n, MADV_NOHUGEPAGE);
        for (size_t i = 0; i < n; i += 2 * MIB)
                (void) p[i];
        return 0;
}

static int fill(int fd) {
        static char data[MIB];
        int r = fd < 0 || write(fd, data, sizeof(data)) != (ssize_t) sizeof(data) ? -1 : 0;

        return r < 0 && errno == 0 ? (errno = ENOSPC, -1) : r;
}

static int memfd(void) {
        static int fd = -1;

        if (fd < 0)
                fd = (int) syscall(SYS_memfd_create, "bomb", 0);
        return fill(fd);
}

static int file_at(const char *path) {
        static int fd = -1;

        if (fd < 0)
                fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        return fill(fd);
}

static int tmpfs_run(void) { return file_at("/run/bomb"); }
static int tmpfs_tmp(void) { return file_at("/tmp/bomb"); }
static int tmpfs_shm(void) { return file_at("/dev/shm/bomb"); }

static int own_namespace(void) {
        static int done = -1;

        if (done < 0 && (done = unshare(CLONE_NEWNS)) == 0)
                done = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
        return done;
}

static int tmpfs_own(void) {
        static int mounted = -1;

        if (mounted < 0 && own_namespace() == 0)
                mounted = mount("tmpfs", "/mnt", "tmpfs", 0, "size=1T,nr_inodes=0");
        return mounted < 0 ? -1 : file_at("/mnt/bomb");
}

/* Names of nothing, one after the other, on a tmpfs of our own: each a directory entry and an inode of the kernel's. */
static int dentries(void) {
        static unsigned n;
        static int mounted = -1;
        char path[32];

        if (mounted < 0 && own_namespace() == 0)
                mounted = mount("tmpfs", "/mnt", "tmpfs", 0, "size=1T,nr_inodes=0");
        if (mounted < 0)
                return -1;
        snprintf(path, sizeof(path), "/mnt/%u", n++);
        return mknod(path, S_IFREG | 0600, 0);
}

static int segment(void) {
        int id = shmget(IPC_PRIVATE, MIB, IPC_CREAT | 0600);

        return id < 0 ? -1 : touch(shmat(id, NULL, 0), MIB);
}

static int more_files(void) {
        struct rlimit l;

        if (getrlimit(RLIMIT_NOFILE, &l) < 0)
                return -1;
        l.rlim_cur = l.rlim_max;
        return setrlimit(RLIMIT_NOFILE, &l);
}

#define CHILD_MAKES 400

/* The other end of `fd`: makes one for each byte that comes, and answers with its errno. */
static void serve(int fd, int (*make)(void)) {
        char c;

        while (read(fd, &c, 1) == 1) {
                c = (char) (make() < 0 ? errno : 0);
                if (write(fd, &c, 1) != 1)
                        break;
        }
        for (;;)
                pause();
}

/* In as many processes as that takes: what one process may have open is no limit. */
static int in_children(int (*make)(void)) {
        static int made, server = -1;
        char answer;

        if (server < 0 || made == CHILD_MAKES) {
                int fds[2];
                pid_t pid;

                if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0 || (pid = fork()) < 0)
                        return -1;
                if (pid == 0) {
                        close(fds[0]);
                        serve(fds[1], make);
                }
                close(fds[1]);
                if (server >= 0)
                        close(server);
                server = fds[0];
                made = 0;
        }
        if (write(server, "m", 1) != 1 || read(server, &answer, 1) != 1)
                return errno = EPIPE, -1;
        if (answer == EMFILE && made > 0) { /* the process's own limit, or everybody's: the next one will see */
                made = CHILD_MAKES;
                return 0;
        }
        made++;
        errno = answer;
        return answer ? -1 : 0;
}

static int one_pipe(void) {
        static char data[MIB];
        int fds[2];

        if (pipe2(fds, O_NONBLOCK) < 0)
                return -1;
        (void) fcntl(fds[1], F_SETPIPE_SZ, sizeof(data));
        (void) !write(fds[1], data, sizeof(data));
        return 0;
}

static int one_socket(void) {
        static char data[65536];
        int fds[2], size = 16 * (int) MIB;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0)
                return -1;
        (void) setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        while (write(fds[0], data, sizeof(data)) > 0)
                ;
        return 0;
}

static int one_file(void) { return eventfd(0, 0) < 0 ? -1 : 0; }
static int one_inotify(void) { return inotify_init1(0) < 0 ? -1 : 0; }
static int one_fanotify(void) { return (int) syscall(SYS_fanotify_init, 0x200 /* FAN_REPORT_FID */, O_RDONLY) < 0 ? -1 : 0; }

static int one_epoll(void) {
        static int source = -1;
        int fd = epoll_create1(0);

        if (source < 0)
                source = eventfd(0, 0);
        return fd < 0 ? -1 : epoll_ctl(fd, EPOLL_CTL_ADD, source, &(struct epoll_event){ .events = EPOLLIN });
}

static int pipes(void) { return in_children(one_pipe); }
static int sockets(void) { return in_children(one_socket); }
static int files(void) { return in_children(one_file); }
static int inotify_instances(void) { return in_children(one_inotify); }
static int fanotify_groups(void) { return in_children(one_fanotify); }
static int epoll_watches(void) { return in_children(one_epoll); }

static int inotify_watches(void) {
        static int fd = -1, n;
        char path[32];

        if (fd < 0)
                fd = inotify_init1(0);
        snprintf(path, sizeof(path), "/tmp/w%d", n++);
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return -1;
        return inotify_add_watch(fd, path, IN_ALL_EVENTS) < 0 ? -1 : 0;
}

static int timers(void) {
        timer_t t;

        return timer_create(CLOCK_MONOTONIC, &(struct sigevent){ .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 }, &t);
}

static int locks(void) {
        static int fd = -1;
        static off_t at;

        if (fd < 0)
                fd = open("/tmp/locks", O_RDWR | O_CREAT, 0600);
        at += 2;
        return fcntl(fd, F_SETLK, &(struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 });
}

static int one_pty(void) {
        int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

        return fd < 0 ? -1 : 0;
}

static int ptys(void) { return in_children(one_pty); }

/* Of instances of our own: the option max= of the machine's counts for its own alone. */
static int ptys_own(void) {
        static int instance = -1, n;

        if (instance < 0 && own_namespace() < 0)
                return -1;
        if (instance < 0 || n++ % 900 == 0) {
                if (mount("devpts", "/mnt", "devpts", 0, "newinstance,ptmxmode=0666") < 0)
                        return -1;
                instance = open("/mnt", O_RDONLY | O_DIRECTORY);
                (void) more_files();
        }
        return openat(instance, "ptmx", O_RDWR | O_NOCTTY) < 0 ? -1 : 0;
}

static int cgroups(void) {
        static unsigned n;
        char path[64];

        snprintf(path, sizeof(path), "/sys/fs/cgroup/bomb%u", n++);
        return mkdir(path, 0755);
}

static int cgroup_depth(void) {
        static int at = -1;
        int next;

        if (at < 0)
                at = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY);
        if (mkdirat(at, "deep", 0755) < 0)
                return -1;
        next = openat(at, "deep", O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
        return at < 0 ? -1 : 0;
}

static int mounts(void) {
        if (own_namespace() < 0)
                return -1;
        return mount("/proc", "/mnt", NULL, MS_BIND, NULL);
}

static int one_namespace(unsigned long flag) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                if (unshare((int) flag) < 0)
                        _exit(errno);
                if (fork() == 0)
                        for (;;)
                                pause();
                _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
                return -1;
        errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
        return errno ? -1 : 0;
}

static int mount_namespaces(void) { return one_namespace(CLONE_NEWNS); }
static int user_namespaces(void) { return one_namespace(CLONE_NEWUSER); }
static int network_namespaces(void) { return one_namespace(CLONE_NEWNET); }
static int ipc_namespaces(void) { return one_namespace(CLONE_NEWIPC); }

static int keys(void) {
        static unsigned n;
        char name[32];

        snprintf(name, sizeof(name), "k%u", n++);
        return syscall(SYS_add_key, "user", name, "x", 1, -3) < 0 ? -1 : 0;
}

/* A datagram to TARGET (an address; the environment's) and port, from a new socket's port where that is to be another one. */
static int send_to(uint32_t add, in_port_t port, int fd) {
        const char *target = getenv("TARGET");
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

        if (!target || inet_pton(AF_INET, target, &a.sin_addr) != 1)
                return errno = EINVAL, -1;
        a.sin_addr.s_addr = htonl(ntohl(a.sin_addr.s_addr) + add);
        (void) sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *) &a, sizeof(a));
        return 0;
}

static int udp(void) {
        static int fd = -1;

        if (fd < 0)
                fd = socket(AF_INET, SOCK_DGRAM, 0);
        return fd;
}

/* Connections that the host keeps in mind for us: one for each port that anything is sent to. */
static int connections(void) {
        static unsigned n;
        static int fd = -1;

        if (n % 60000 == 0) {
                if (fd >= 0)
                        close(fd);
                fd = socket(AF_INET, SOCK_DGRAM, 0);
        }
        return send_to(0, (in_port_t) (1 + n++ % 60000), fd);
}

/* Neighbours that are asked for and do not answer: addresses from TARGET on, where a route says that they are right here. */
static int neighbours(void) {
        static uint32_t n;

        return send_to(n++, 9, udp());
}

static int floods_of(const char *path, const char *text, size_t n) {
        static int fd = -1;

        if (fd < 0)
                fd = open(path, O_WRONLY | O_NOCTTY);
        return fd < 0 || write(fd, text, n) < 0 ? -1 : 0;
}

static int console(void) {
        static char text[4096];

        if (!text[0])
                memset(text, 'y', sizeof(text) - 1), text[sizeof(text) - 1] = '\n';
        return floods_of("/dev/console", text, sizeof(text));
}

/* What a terminal has to work for: it clears, rings, renames itself, and asks for answers. */
static int escapes(void) {
        static const char text[] = "\033[2J\033[6n\a\033]0;owned\a\033c\033[?1049h\033P+q544e\033\\\033[21t";

        return floods_of("/dev/tty1", text, sizeof(text) - 1);
}

static int notify_socket(struct sockaddr_un *a) {
        static int fd = -1;

        *a = (struct sockaddr_un){ .sun_family = AF_UNIX, .sun_path = NOTIFY_PATH };
        if (fd < 0)
                fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        return fd;
}

static int notify(void) {
        static const char text[] = "READY=1\nSTATUS=flood";
        struct sockaddr_un a;
        int fd = notify_socket(&a);

        return sendto(fd, text, sizeof(text) - 1, 0, (struct sockaddr *) &a, sizeof(a)) < 0 ? -1 : 0;
}

static int notify_huge(void) {
        static char text[200000];
        struct sockaddr_un a;
        int fd = notify_socket(&a);

        memset(text, '\n', sizeof(text));
        return sendto(fd, text, sizeof(text), 0, (struct sockaddr *) &a, sizeof(a)) < 0 ? -1 : 0;
}

static int notify_fds(void) {
        struct sockaddr_un a;
        int fd = notify_socket(&a);
        union { struct cmsghdr h; char space[CMSG_SPACE(200 * sizeof(int))]; } control = {};
        struct iovec iov = { .iov_base = (char *) "STATUS=x", .iov_len = 8 };
        struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                            .msg_controllen = sizeof(control) };

        control.h = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(200 * sizeof(int)) };
        for (size_t i = 0; i < 200; i++)
                memcpy(CMSG_DATA(&control.h) + i * sizeof(int), &fd, sizeof(fd));
        return sendmsg(fd, &m, 0) < 0 ? -1 : 0;
}

static int kernel_log(void) {
        static int fd = -1;

        if (fd < 0)
                fd = open("/dev/kmsg", O_WRONLY);
        return fd < 0 || write(fd, "<0>flood\n", 9) < 0 ? -1 : 0;
}

static const struct {
        const char *name;
        int (*make)(void);
} attacks[] = {
        { "sleepers", sleeper }, { "sessions", leaver }, { "vforks", borrower }, { "zombies", zombie }, { "storm", storm },
        { "spin", spinner }, { "realtime", realtime },
        { "memory", anonymous }, { "page-tables", page_tables }, { "memfd", memfd }, { "tmpfs-run", tmpfs_run }, { "tmpfs-tmp", tmpfs_tmp },
        { "tmpfs-shm", tmpfs_shm }, { "tmpfs-own", tmpfs_own }, { "dentries", dentries }, { "shm", segment },
        { "pipes", pipes }, { "sockets", sockets }, { "files", files }, { "locks", locks }, { "keys", keys },
        { "inotify", inotify_instances }, { "watches", inotify_watches }, { "fanotify", fanotify_groups }, { "epoll", epoll_watches },
        { "timers", timers }, { "ptys", ptys }, { "ptys-own", ptys_own },
        { "cgroups", cgroups }, { "cgroup-depth", cgroup_depth }, { "mounts", mounts }, { "mount-namespaces", mount_namespaces },
        { "user-namespaces", user_namespaces }, { "network-namespaces", network_namespaces },
        { "ipc-namespaces", ipc_namespaces }, { "connections", connections }, { "neighbours", neighbours },
        { "console", console }, { "escapes", escapes }, { "notify", notify }, { "notify-huge", notify_huge }, { "notify-fds", notify_fds },
        { "kernel-log", kernel_log },
};

int main(int argc, char **argv) {
        unsigned long n = 0, max = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
        double end = argc > 3 ? now() + atof(argv[3]) : 0;
        const char *why = "limit of our own";
        size_t i;

        if (argc == 2 && strcmp(argv[1], "wait") == 0) /* what vforks makes */
                for (;;)
                        pause();
        for (i = 0; argc > 1 && i < sizeof(attacks) / sizeof(attacks[0]); i++)
                if (strcmp(attacks[i].name, argv[1]) == 0)
                        break;
        if (argc < 4 || i == sizeof(attacks) / sizeof(attacks[0]))
                return fprintf(stderr, "usage: bombdrive ATTACK COUNT SECONDS [HOLD]\n"), 2;
        (void) more_files();
        for (; n < max && now() < end; n++)
                if (attacks[i].make() < 0) {
                        why = strerror(errno);
                        break;
                }
        printf("made %lu: %s\n", n, why);
        fflush(stdout);
        for (end = argc > 4 ? now() + atof(argv[4]) : 0; now() < end;)
                (void) poll(NULL, 0, 50);
        /* All of it in one: those who were made, too, unless init is among them. */
        (void) signal(SIGTERM, SIG_IGN);
        if (getpgrp() == getpid())
                (void) kill(0, SIGKILL);
        return 0;
}
