/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>

#include "cgroup.h"
#include "cleanup.h"
#include "file.h"
#include "filter-file.h"
#include "pidfd.h"
#include "text.h"

#define PROC_FILE_MAX (64 * 1024)
#define SMALL_FILE_MAX (16 * 1024)
#define NAMESPACE_MAX 64
#define INITIAL_TIME_NAMESPACE "time:[4026531834]" /* PROC_TIME_INIT_INO: since there are such namespaces */

void guest_done(Guest *g) {
        g->proc = close_fd(g->proc);
        g->root = close_fd(g->root);
        free(g->filter);
        g->filter = NULL;
        free(g->container);
        free(g->container_uuid);
        g->container = g->container_uuid = NULL;
}

#define ALWAYS_ITS_OWN (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)

/* Those that a machine may have in common with us. */
static const struct {
        const char *name;
        uint64_t flag;
} namespace_kinds[] = {
        { "user", CLONE_NEWUSER }, { "net", CLONE_NEWNET }, { "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME },
};

static int read_namespace(int proc, const char *kind, char ret[NAMESPACE_MAX]) {
        char path[32];
        ssize_t n;

        snprintf(path, sizeof(path), "ns/%s", kind);
        n = readlinkat(proc, path, ret, NAMESPACE_MAX - 1);
        if (n < 0)
                return errno == ENOENT ? 0 : -errno; /* the kernel has no such namespaces, or the process has ended */
        ret[n] = 0;
        return 1;
}

/* setns(2) into one's own user namespace is EINVAL: only what differs. The link says which one it is ("net:[4026531840]"); to follow it
 * would have the kernel make a file of it. To look at our own links costs most, since a new process has no entries in /proc yet: where all that is to
 * be compared is the time namespace, the host's first one is ours, too. */
static int read_namespaces(Guest *g, uint64_t own) {
        _cleanup_close_ int self = -1;

        g->namespaces = ALWAYS_ITS_OWN | own;
        g->assumed = own != 0;
        for (size_t i = 0; i < ELEMENTSOF(namespace_kinds); i++) {
                char ours[NAMESPACE_MAX], theirs[NAMESPACE_MAX];
                int r;

                if (g->namespaces & namespace_kinds[i].flag)
                        continue;
                r = read_namespace(g->proc, namespace_kinds[i].name, theirs);
                if (r == 0 || (own && strcmp(theirs, INITIAL_TIME_NAMESPACE) == 0))
                        continue;
                if (r > 0 && self < 0)
                        self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (r > 0)
                        r = self < 0 ? -errno : read_namespace(self, namespace_kinds[i].name, ours);
                if (r < 0)
                        return r;
                if (strcmp(ours, theirs) != 0)
                        g->namespaces |= namespace_kinds[i].flag;
        }
        return 0;
}

int guest_parse_id_map(const char *text, IdRange *ranges, size_t max) {
        size_t n = 0;

        while (*text) {
                IdRange r;
                int used = 0;

                if (n == max)
                        return -E2BIG;
                if (sscanf(text, " %u %u %u%n", &r.inside, &r.outside, &r.count, &used) != 3 || used <= 0)
                        return -EBADMSG;
                ranges[n++] = r;
                text += used;
                text += strspn(text, " \n");
        }
        return (int) n;
}

uint32_t guest_map_id(const IdRange *ranges, size_t n, uint32_t inside) {
        for (size_t i = 0; i < n; i++)
                if (inside >= ranges[i].inside && inside - ranges[i].inside < ranges[i].count)
                        return ranges[i].outside + (inside - ranges[i].inside);
        return (uint32_t) -1;
}

static int read_id_map(const Guest *g, const char *file, IdRange *ranges, size_t *ret_n) {
        char text[SMALL_FILE_MAX];
        int r = (int) file_read_once(g->proc, file, text, sizeof(text));

        if (r >= 0)
                r = guest_parse_id_map(text, ranges, GUEST_ID_RANGES_MAX);
        if (r < 0)
                return r;
        *ret_n = (size_t) r;
        return 0;
}

uint32_t guest_map_uid(const Guest *g, uid_t inside) {
        return guest_map_id(g->uids, g->n_uids, inside);
}

/* Few want to know that. */
uint32_t guest_map_gid(const Guest *g, gid_t inside) {
        IdRange gids[GUEST_ID_RANGES_MAX];
        size_t n;

        return read_id_map(g, "gid_map", gids, &n) < 0 ? (uint32_t) -1 : guest_map_id(gids, n, inside);
}

static const char *status_field(const char *status, const char *key) {
        const char *p = strstr(status, key);

        return p ? p + strlen(key) + strspn(p + strlen(key), " \t") : NULL;
}

static int read_status(Guest *g) {
        const char *bounding, *nnp, *seccomp;
        char status[SMALL_FILE_MAX];
        int r = (int) file_read_once(g->proc, "status", status, sizeof(status));

        if (r < 0)
                return r;
        /* Name: comes first and may hold anything but a newline, which the kernel escapes: "\nKey:" is the kernel's. */
        bounding = status_field(status, "\nCapBnd:");
        if (!bounding)
                return -EBADMSG;
        nnp = status_field(bounding, "\nNoNewPrivs:");
        seccomp = status_field(bounding, "\nSeccomp:");
        g->cap_bounding = strtoull(bounding, NULL, 16);
        g->no_new_privileges = nnp && *nnp == '1';
        g->filtered = seccomp && *seccomp == '2';
        return 0;
}

static rlim_t parse_limit(const char *word) {
        return strncmp(word, "unlimited", strlen("unlimited")) == 0 ? RLIM_INFINITY : (rlim_t) strtoull(word, NULL, 10);
}

/* The next line: "Max open files            1024                 524288               files". */
static int parse_limit_line(const char **text, const char *name, struct rlimit *ret) {
        const char *p = *text;
        size_t n = strlen(name);

        if (strncmp(p, "Max ", 4) != 0 || strncmp(p + 4, name, n) != 0 || p[4 + n] != ' ')
                return -EBADMSG;
        p += 4 + n;
        p += strspn(p, " ");
        ret->rlim_cur = parse_limit(p);
        p += strcspn(p, " ");
        p += strspn(p, " ");
        ret->rlim_max = parse_limit(p);
        *text = strchrnul(p, '\n');
        *text += **text == '\n';
        return 0;
}

/* A headline, and limits by their numbers. */
static int parse_limits(const char *text, struct rlimit limits[RLIM_NLIMITS]) {
        static const char names[RLIM_NLIMITS][20] = {
                [RLIMIT_CPU] = "cpu time", [RLIMIT_FSIZE] = "file size", [RLIMIT_DATA] = "data size", [RLIMIT_STACK] = "stack size",
                [RLIMIT_CORE] = "core file size", [RLIMIT_RSS] = "resident set", [RLIMIT_NPROC] = "processes",
                [RLIMIT_NOFILE] = "open files", [RLIMIT_MEMLOCK] = "locked memory", [RLIMIT_AS] = "address space",
                [RLIMIT_LOCKS] = "file locks",
                [RLIMIT_SIGPENDING] = "pending signals", [RLIMIT_MSGQUEUE] = "msgqueue size", [RLIMIT_NICE] = "nice priority",
                [RLIMIT_RTPRIO] = "realtime priority", [RLIMIT_RTTIME] = "realtime timeout",
        };
        int r = 0;

        text = strchrnul(text, '\n');
        text += *text == '\n';
        for (int i = 0; r >= 0 && i < RLIM_NLIMITS; i++)
                r = parse_limit_line(&text, names[i], &limits[i]);
        return r;
}

/* prlimit(2) tells another user's only to who has CAP_SYS_RESOURCE, the file tells everybody. */
static int read_limits(Guest *g) {
        char text[SMALL_FILE_MAX];
        int r = (int) file_read_once(g->proc, "limits", text, sizeof(text));

        return r < 0 ? r : parse_limits(text, g->limits);
}

static void read_cpus(Guest *g, pid_t leader) {
        cpu_set_t ours;

        schedule_read(leader, &g->schedule);
        g->has_cpus = sched_getaffinity(leader, sizeof(g->cpus), &g->cpus) >= 0 && sched_getaffinity(0, sizeof(ours), &ours) >= 0 &&
                !CPU_EQUAL(&g->cpus, &ours);
}

/* The guest can have written anything there: two values are taken, when they are clean and short. */
static int read_environment(Guest *g) {
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = openat(g->proc, "environ", O_RDONLY | O_CLOEXEC);
        size_t space = PROC_FILE_MAX, n;
        ssize_t k;

        if (fd < 0)
                return 0;
        text = malloc(space + 1);
        if (!text)
                return -ENOMEM;
        k = read(fd, text, space);
        n = k > 0 ? (size_t) k : 0;
        text[n] = 0;
        for (const char *p = text; p < text + n; p += strlen(p) + 1) {
                char **to = strncmp(p, "container=", 10) == 0 ? &g->container :
                        strncmp(p, "container_uuid=", 15) == 0 ? &g->container_uuid : NULL;

                if (!to || *to || strlen(p) > 64 || !string_is_clean(p))
                        continue;
                *to = strdup(p);
                if (!*to)
                        return -ENOMEM;
        }
        return 0;
}

/* The flags beside it are init's own affair: some of them make programs easier to attack. */
static int read_personality(Guest *g) {
        char text[64];
        int r = (int) file_read_once(g->proc, "personality", text, sizeof(text));

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        g->is_32bit = (strtoul(text, NULL, 16) & PER_MASK) == PER_LINUX32;
        return 0;
}

static int guest_read(Guest *g, pid_t leader, uint64_t own) {
        int r;

        g->root = openat(g->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (g->root < 0)
                return -errno;
        /* Before the namespaces: an init that makes a user namespace of its own has every capability in its bounding set from then on, and
         * what joins is to have that within that namespace only. It cannot leave it again. */
        r = read_status(g);
        if (r >= 0)
                r = read_namespaces(g, own);
        if (r >= 0)
                r = read_id_map(g, "uid_map", g->uids, &g->n_uids);
        if (r >= 0)
                r = (int) file_read_once(g->proc, "oom_score_adj", g->oom_score_adj, sizeof(g->oom_score_adj));
        if (r >= 0)
                r = read_personality(g);
        if (r >= 0)
                r = read_environment(g);
        if (r >= 0)
                r = read_limits(g);
        if (r >= 0)
                read_cpus(g, leader);
        return r;
}

int guest_open(Guest *g, const char *name, pid_t leader, int leader_fd, Error **reterr) {
        return guest_open_own(g, name, leader, leader_fd, 0, reterr);
}

int guest_compare_namespaces(Guest *g, Error **reterr) {
        int r = read_namespaces(g, 0);

        return r < 0 ? error_errno(reterr, r, "Cannot look into machine '%s'", g->name) : 0;
}

int guest_open_own(Guest *g, const char *name, pid_t leader, int leader_fd, uint64_t own, Error **reterr) {
        char path[32];
        int r;

        *g = (Guest){ .name = name, .leader_fd = leader_fd, .proc = -1, .root = -1 };
        snprintf(path, sizeof(path), "/proc/%d", (int) leader);
        g->proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = g->proc < 0 ? -errno : 0;
        if (r >= 0)
                r = pidfd_kill(leader_fd, 0);
        if (r >= 0)
                r = guest_read(g, leader, own);
        if (r >= 0)
                r = pidfd_kill(leader_fd, 0); /* what was read of a process that ended meanwhile is nothing */
        if (r >= 0) {
                r = filter_file_load(name, &g->filter, &g->n_filter, reterr);
                if (r >= 0)
                        return 0;
                guest_done(g);
                return r;
        }
        guest_done(g);
        if (r == -ENOENT || r == -ESRCH)
                return error_set(reterr, ESRCH, "The machine '%s' has ended", name);
        return error_errno(reterr, r, "Cannot look into machine '%s'", name);
}

int guest_open_cgroup(const Guest *g) {
        _cleanup_free_ char *group = NULL;
        char text[SMALL_FILE_MAX];
        int r = (int) file_read_once(g->proc, "cgroup", text, sizeof(text));

        if (r >= 0)
                r = cgroup_parse(text, &group);
        if (r < 0)
                return r;
        return strncmp(group, "/..", 3) == 0 ? -ENOENT : cgroup_open(group);
}
