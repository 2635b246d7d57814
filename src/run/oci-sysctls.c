/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-sysctls.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "fd.h"
#include "task-label.h"

/* With a dot at its end: all that begin so. */
static const struct {
        const char *name;
        OciNamespaceKind kind;
} own[] = {
        { "net.", OCI_NS_NETWORK },
        { "fs.mqueue.", OCI_NS_IPC },
        { "kernel.msgmax", OCI_NS_IPC },
        { "kernel.msgmnb", OCI_NS_IPC },
        { "kernel.msgmni", OCI_NS_IPC },
        { "kernel.msg_next_id", OCI_NS_IPC },
        { "kernel.sem", OCI_NS_IPC },
        { "kernel.sem_next_id", OCI_NS_IPC },
        { "kernel.shmall", OCI_NS_IPC },
        { "kernel.shmmax", OCI_NS_IPC },
        { "kernel.shmmni", OCI_NS_IPC },
        { "kernel.shm_next_id", OCI_NS_IPC },
        { "kernel.shm_rmid_forced", OCI_NS_IPC },
        { "kernel.domainname", OCI_NS_UTS },
        { "kernel.hostname", OCI_NS_UTS },
        { "user.", OCI_NS_USER },
};

const char *oci_sysctl_beginning(size_t i) {
        return i < ELEMENTSOF(own) ? own[i].name : NULL;
}

static bool is_own(const OciSpec *s, const char *path) {
        for (size_t i = 0; i < ELEMENTSOF(own); i++) {
                size_t n = strlen(own[i].name), k = 0;

                for (; k < n && path[k] == (own[i].name[k] == '.' ? '/' : own[i].name[k]); k++)
                        ;
                if (k == n && (own[i].name[n - 1] == '.' || !path[n]))
                        return s->namespaces[own[i].kind].asked;
        }
        return false;
}

/* sysctl(8)'s two ways of writing a name: a/b.c/d, or a.b/c.d for the same file. */
static char *path_of(const char *name) {
        char *path = NULL;
        size_t first = strcspn(name, "./");

        if (asprintf(&path, "sys/%s", name) < 0)
                return NULL;
        if (name[first] == '.')
                for (char *c = path + 4; *c; c++)
                        *c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
        return path;
}

static int set(const OciSpec *s, int proc, const char *name, const char *value, Error **reterr) {
        struct open_how how = { .flags = O_WRONLY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };
        _cleanup_free_ char *path = path_of(name);
        _cleanup_close_ int fd = -1;
        int r;

        if (!path)
                return error_oom(reterr);
        if (!is_own(s, path + strlen("sys/")))
                return error_set(reterr, EINVAL, "linux.sysctl: %s is of no namespace of the container's own: it would be set for the host", name);
        fd = (int) syscall(SYS_openat2, proc, path, &how, sizeof(how));
        r = fd < 0 ? -errno : fd_write_all(fd, value, strlen(value));
        return r < 0 ? error_errno(reterr, r, "linux.sysctl: cannot set %s to '%s'", name, value) : 0;
}

int oci_sysctls_set(const OciSpec *s, Error **reterr) {
        _cleanup_close_ int proc = -1;
        const char *name;
        json_t *value;

        if (!s->sysctl)
                return 0;
        proc = procfs_open(reterr);
        if (proc < 0)
                return proc;
        json_object_foreach(s->sysctl, name, value) {
                int r = set(s, proc, name, json_string_value(value), reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}
