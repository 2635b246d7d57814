/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api-guard.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "fd.h"
#include "mount.h"
#include "path.h"
#include "sysctls.h"

#define FLAGS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* What is not there, for this kernel was built without it, is passed over. */

static const char *const hidden_in_proc[] = {
        "acpi", "asound", "interrupts", "kallsyms", "kcore", "key-users", "keys", "latency_stats", "sched_debug", "scsi", "sysrq-trigger",
        "timer_list", "timer_stats",
};

/* For root inside with the host root's id: to all others the kernel refuses every write there, since the files are the host root's. */
static const char *const read_only_in_proc[] = { "apm", "bus", "fs", "irq", "mtrr" };

/* Of /sys/fs there is nothing but a place for the cgroups: what the host's file systems tell there is of its own disks. */
static const char *const hidden_in_sys[] = {
        "dev/block", "devices/virtual/powercap", "firmware", "hypervisor", "module", "power",
};

#define CPUS "devices/system/cpu"
#define THROTTLE "thermal_throttle" /* counts how warm the neighbours keep a processor */

/* What covers: copies of one mount each. */
typedef struct Covers {
        int file;      /* a mount of /dev/null; -1: files are left uncovered, and noted */
        int directory; /* an empty one that stands somewhere already, or -1 */
        const char *context; /* of a new one; or NULL */
} Covers;

/* The first is made, the others are copies of it, which cost less; only of what stands somewhere can a copy be made (before Linux 6.15). */
static int cover_directory(Covers *c, int fs, const char *path) {
        _cleanup_close_ int mount = c->directory >= 0 ? mount_clone(c->directory, "", false)
                                                      : mount_new_labelled("tmpfs", "mode=0555,size=4k,nr_inodes=2", c->context,
                                                                           FLAGS | MOUNT_ATTR_RDONLY);
        int r = mount < 0 ? mount : mount_attach_at(mount, fs, path);

        if (r >= 0 && c->directory < 0)
                c->directory = TAKE_FD(mount);
        return r;
}

static int cover_file(const Covers *c, int fs, const char *path) {
        _cleanup_close_ int mount = mount_clone(c->file, "", false);

        return mount < 0 ? mount : mount_attach_at(mount, fs, path);
}

/* 1: it is left. */
static int hide(Covers *c, int fs, const char *what, const char *path, Error **reterr) {
        struct stat st;
        int r;

        if (fstatat(fs, path, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
                r = errno == ENOENT ? 0 : -errno;
        else if (!S_ISDIR(st.st_mode) && c->file < 0)
                return 1;
        else
                r = S_ISDIR(st.st_mode) ? cover_directory(c, fs, path) : cover_file(c, fs, path);
        return r < 0 ? error_errno(reterr, r, "Cannot hide %s/%s from the machine", what, path) : 0;
}

static int protect(int proc, const char *path, Error **reterr) {
        _cleanup_close_ int mount = mount_clone(proc, path, false);
        int r;

        if (mount == -ENOENT)
                return 0;
        r = mount < 0 ? mount : mount_set_attr(mount, MOUNT_ATTR_RDONLY | FLAGS, 0, false);
        if (r >= 0)
                r = mount_attach_at(mount, proc, path);
        return r < 0 ? error_errno(reterr, r, "Cannot make /proc/%s read-only in the machine", path) : 0;
}

/* Of those that are asked for; *ret_left: those that are left. */
static int hide_all(Covers *c, int fs, const char *what, const char *const *paths, size_t n, uint32_t *left, Error **reterr) {
        uint32_t wanted = *left;
        int r = 0;

        *left = 0;
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (wanted & (1U << i)) {
                        r = hide(c, fs, what, paths[i], reterr);
                        *left |= r > 0 ? 1U << i : 0;
                }
        return r;
}

static int hide_in_proc(Covers *c, int proc, uint32_t *left, Error **reterr) {
        _Static_assert(ELEMENTSOF(hidden_in_proc) <= 32, "a bit for each");

        return hide_all(c, proc, "/proc", hidden_in_proc, ELEMENTSOF(hidden_in_proc), left, reterr);
}

static int guard_proc(const MachinePlan *p, Covers *c, int proc, Error **reterr) {
        uint32_t all = UINT32_MAX;
        int r = sysctls_protect(p, proc, reterr);

        if (r >= 0)
                r = hide_in_proc(c, proc, &all, reterr);
        for (size_t i = 0; r >= 0 && p->uid_base == 0 && i < ELEMENTSOF(read_only_in_proc); i++)
                r = protect(proc, read_only_in_proc[i], reterr);
        return r;
}

/* A processor's directory has it or, on most virtual machines, none has. */
static int hide_throttling(Covers *c, int sysfs, Error **reterr) {
        _cleanup_close_ int cpus = open_in_root(sysfs, CPUS, O_PATH | O_DIRECTORY, 0);
        _cleanup_closedir_ DIR *dir = NULL;
        int r = 0;

        if (cpus < 0 || faccessat(cpus, "cpu0/" THROTTLE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        dir = fd_opendir(cpus, ".");
        if (!dir)
                return error_errno(reterr, errno, "Cannot read /sys/" CPUS);
        for (struct dirent *e; r >= 0 && (e = readdir(dir));) {
                char path[sizeof(e->d_name) + sizeof(CPUS "/" "/" THROTTLE)];

                if (strncmp(e->d_name, "cpu", 3) != 0 || e->d_name[3] < '0' || e->d_name[3] > '9')
                        continue;
                snprintf(path, sizeof(path), CPUS "/%s/" THROTTLE, e->d_name);
                r = hide(c, sysfs, "/sys", path, reterr);
        }
        return r;
}

#define SYS_FS "mode=0555,size=4k,nr_inodes=8,uid=%u,gid=%u"

int api_guard_make_fs(const MachinePlan *p) {
        _cleanup_close_ int mount = -1;
        char options[96];

        snprintf(options, sizeof(options), SYS_FS, p->uid_base, p->uid_base);
        mount = mount_new_labelled("tmpfs", options, p->labels.mount, FLAGS);
        if (mount < 0)
                return mount;
        if (mkdirat(mount, "cgroup", 0555) < 0 || fchownat(mount, "cgroup", p->uid_base, p->uid_base, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return TAKE_FD(mount);
}

/* Its place for the cgroups is an empty directory, and so what all directories are covered with. */
static int replace_fs(Covers *c, int sysfs, int fs) {
        int r;

        if (faccessat(sysfs, "fs", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        r = mount_set_attr(fs, MOUNT_ATTR_RDONLY, 0, false);
        if (r >= 0)
                r = mount_attach_at(fs, sysfs, "fs");
        if (r < 0)
                return r;
        c->directory = openat(fs, "cgroup", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return c->directory < 0 ? -errno : 0;
}

static int hide_in_sys(Covers *c, int sysfs, uint32_t *left, Error **reterr) {
        int r = mount_set_attr(sysfs, MOUNT_ATTR_RDONLY, 0, false);

        _Static_assert(ELEMENTSOF(hidden_in_sys) <= 32, "a bit for each");
        if (r < 0)
                return error_errno(reterr, r, "Cannot make the machine's /sys read-only");
        r = hide_all(c, sysfs, "/sys", hidden_in_sys, ELEMENTSOF(hidden_in_sys), left, reterr);
        return r < 0 ? r : hide_throttling(c, sysfs, reterr);
}

static int guard_sys(Covers *c, int sysfs, int fs, Error **reterr) {
        int r = replace_fs(c, sysfs, fs);
        uint32_t all = UINT32_MAX;

        return r < 0 ? error_errno(reterr, r, "Cannot hide /sys/fs from the machine") : hide_in_sys(c, sysfs, &all, reterr);
}

/* Ours, on the tmpfs of assemble_dev(); and no other. */
static int open_null(int root, Error **reterr) {
        _cleanup_close_ int fd = open_in_root(root, "/dev/null", O_PATH | O_NOFOLLOW, 0);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(reterr, fd < 0 ? fd : errno, "Cannot open the machine's /dev/null");
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
                return error_set(reterr, EBADF, "The machine's /dev/null is none: nothing is hidden with it");
        return TAKE_FD(fd);
}

/* The tree may have made a link of the name; what it leads to is the file system that we have mounted, or nothing is done there. */
static int open_mount(int root, const char *path, unsigned long magic, Error **reterr) {
        _cleanup_close_ int fd = open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
        struct statfs fs;

        if (fd < 0 || fstatfs(fd, &fs) < 0)
                return error_errno(reterr, fd < 0 ? fd : errno, "Cannot open the machine's %s", path);
        if ((unsigned long) fs.f_type != magic)
                return error_set(reterr, EBADF, "What is mounted on the machine's %s is not what belongs there", path);
        return TAKE_FD(fd);
}

int api_guard(const MachinePlan *p, int root, int fs, Error **reterr) {
        _cleanup_close_ int null = -1, proc = -1, sysfs = -1, made = -1;
        Covers covers = { .directory = -1, .context = p->labels.mount };
        int r;

        null = open_null(root, reterr);
        if (null < 0)
                return null;
        proc = open_mount(root, "/proc", PROC_SUPER_MAGIC, reterr);
        if (proc < 0)
                return proc;
        sysfs = open_mount(root, "/sys", SYSFS_MAGIC, reterr);
        if (sysfs < 0)
                return sysfs;
        covers.file = null;
        made = fs < 0 ? api_guard_make_fs(p) : -1;
        if (fs < 0 && made < 0)
                return error_errno(reterr, made, "Cannot make the machine's /sys/fs");
        r = guard_sys(&covers, sysfs, fs < 0 ? made : fs, reterr);
        if (r >= 0)
                r = guard_proc(p, &covers, proc, reterr);
        close_fd(covers.directory);
        return r;
}

/* What is mounted first tells whether the kernel does it. */
int api_guard_ahead(const MachinePlan *p, const int api[2], int fs, ApiLeft *ret, Error **reterr) {
        Covers covers = { .file = -1, .directory = -1, .context = p->labels.mount };
        ApiLeft left = { UINT32_MAX, UINT32_MAX };
        int r = replace_fs(&covers, api[1], fs);

        if (r == -EINVAL)
                return -EOPNOTSUPP;
        r = r < 0 ? error_errno(reterr, r, "Cannot hide /sys/fs from the machine") : hide_in_sys(&covers, api[1], &left.sys, reterr);
        if (r >= 0)
                r = hide_in_proc(&covers, api[0], &left.proc, reterr);
        close_fd(covers.directory);
        if (r < 0)
                return r;
        *ret = left;
        return 0;
}

int api_guard_rest(const MachinePlan *p, int root, const int api[2], ApiLeft left, Error **reterr) {
        Covers covers = { .directory = -1, .context = p->labels.mount };
        _cleanup_close_ int null = open_null(root, reterr);
        int r;

        if (null < 0)
                return null;
        covers.file = null;
        r = sysctls_protect(p, api[0], reterr);
        if (r >= 0)
                r = hide_in_proc(&covers, api[0], &left.proc, reterr);
        if (r >= 0)
                r = hide_all(&covers, api[1], "/sys", hidden_in_sys, ELEMENTSOF(hidden_in_sys), &left.sys, reterr);
        close_fd(covers.directory);
        return r;
}
