/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "task-label.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "cleanup.h"

#define PROC_ROOT_INODE 1

int procfs_open(Error **reterr) {
        _cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct statfs fs;
        struct stat st;

        if (proc < 0 || fstatfs(proc, &fs) < 0 || fstat(proc, &st) < 0)
                return error_errno(reterr, errno, "Cannot open /proc");
        if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
                return error_set(reterr, EUCLEAN, "/proc is no procfs: labels cannot be set through it");
        return TAKE_FD(proc);
}

/* thread-self is a link to PID/task/TID, and no magic one. */
static int open_attr(const char *name, Error **reterr) {
        _cleanup_close_ int proc = procfs_open(reterr);
        struct open_how how = { .flags = O_WRONLY | O_CLOEXEC | O_NOCTTY,
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS };
        char path[64];
        long fd;

        if (proc < 0)
                return proc;
        snprintf(path, sizeof(path), "thread-self/attr/%s", name);
        fd = syscall(SYS_openat2, proc, path, &how, sizeof(how));
        return fd < 0 ? error_errno(reterr, errno, "Cannot open /proc/%s", path) : (int) fd;
}

/* The kernel takes a label as one write. */
static int put(int fd, const char *text, const char *label, Error **reterr) {
        size_t n = strlen(text);
        ssize_t k = write(fd, text, n);

        if (k == (ssize_t) n)
                return 0;
        return error_errno(reterr, k < 0 ? errno : EIO, "The kernel does not let a process get the label '%s'", label);
}

static int set(const char *name, const char *text, const char *label, Error **reterr) {
        _cleanup_close_ int fd = open_attr(name, reterr);

        return fd < 0 ? fd : put(fd, text, label, reterr);
}

static int apparmor_command(const char *word, const char *profile, char **ret, Error **reterr) {
        return asprintf(ret, "%s %s", word, profile) < 0 ? error_oom(reterr) : 0;
}

int task_labels_set_for_exec(const TaskLabels *l, Error **reterr) {
        _cleanup_free_ char *command = NULL;
        int r = 0;

        if (l->selinux) {
                r = set("exec", l->selinux, l->selinux, reterr);
                if (r >= 0)
                        r = set("keycreate", l->selinux, l->selinux, reterr);
        }
        if (r < 0 || !l->apparmor)
                return r;
        r = apparmor_command("exec", l->apparmor, &command, reterr);
        return r < 0 ? r : set("apparmor/exec", command, l->apparmor, reterr);
}

int task_labels_open(const TaskLabels *l, TaskLabelFiles *ret, Error **reterr) {
        TaskLabelFiles files = TASK_LABEL_FILES_NONE;
        int r = 0;

        if (l->selinux)
                r = files.selinux = open_attr("current", reterr);
        if (r >= 0 && l->apparmor)
                r = files.apparmor = open_attr("apparmor/current", reterr);
        if (r < 0) {
                task_labels_close(&files);
                return r;
        }
        *ret = files;
        return 0;
}

int task_labels_take(const TaskLabels *l, const TaskLabelFiles *files, Error **reterr) {
        _cleanup_free_ char *command = NULL;
        int r = 0;

        if (l->selinux)
                r = put(files->selinux, l->selinux, l->selinux, reterr);
        if (r < 0 || !l->apparmor)
                return r;
        r = apparmor_command("changeprofile", l->apparmor, &command, reterr);
        return r < 0 ? r : put(files->apparmor, command, l->apparmor, reterr);
}

void task_labels_close(TaskLabelFiles *files) {
        files->selinux = close_fd(files->selinux);
        files->apparmor = close_fd(files->apparmor);
}

/* An empty write is what means "as the policy has it"; a single NUL is the same, and a write of something. */
static int set_or_clear(const char *name, const char *context, Error **reterr) {
        _cleanup_close_ int fd = -1;

        if (context)
                return set(name, context, context, reterr);
        fd = open_attr(name, reterr);
        if (fd < 0)
                return fd;
        return write(fd, "", 1) == 1 ? 0 : error_errno(reterr, errno, "Cannot take back the label of what is made");
}

int task_label_set_for_files(const char *context, Error **reterr) {
        return set_or_clear("fscreate", context, reterr);
}

int task_label_set_for_sockets(const char *context, Error **reterr) {
        return set_or_clear("sockcreate", context, reterr);
}
