/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <linux/nsfs.h>

#include "fd.h"
#include "file.h"
#include "namespace.h"
#include "process.h"

void oci_namespaces_close(OciNamespaces *n) {
        for (size_t i = 0; i < OCI_NS_KINDS; i++)
                n->fds[i] = close_fd(n->fds[i]);
}

int oci_namespaces_open(const OciSpec *s, OciNamespaces *ret, Error **reterr) {
        for (size_t i = 0; i < OCI_NS_KINDS; i++) {
                const char *path = s->namespaces[i].path, *name = oci_namespace_names[i].name;

                if (!path)
                        continue;
                if (i == OCI_NS_MOUNT)
                        return error_set(reterr, EOPNOTSUPP, "linux.namespaces: a mount namespace by its path is refused: the tree of a container would "
                                         "become that of whoever lives in %s", path);
                ret->fds[i] = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
                if (ret->fds[i] < 0)
                        return error_errno(reterr, errno, "Cannot open the %s namespace %s", name, path);
                if (ioctl(ret->fds[i], NS_GET_NSTYPE) != (int) oci_namespace_names[i].flag)
                        return error_set(reterr, EINVAL, "linux.namespaces: %s is no %s namespace", path, name);
        }
        return 0;
}

static int join(const OciNamespaces *n, OciNamespaceKind kind, Error **reterr) {
        if (n->fds[kind] < 0 || setns(n->fds[kind], (int) oci_namespace_names[kind].flag) >= 0)
                return 0;
        return error_errno(reterr, errno, "Cannot enter the %s namespace", oci_namespace_names[kind].name);
}

/* The user namespace last: before, we are root of all that the others belong to. */
static int join_all(const OciNamespaces *n, Error **reterr) {
        int r = 0;

        for (OciNamespaceKind i = OCI_NS_USER + 1; r >= 0 && i < OCI_NS_MOUNT; i++)
                r = join(n, i, reterr);
        return r < 0 ? r : join(n, OCI_NS_USER, reterr);
}

/* For children alone; its clocks must be set before the first of them is there. */
static int make_time(const OciSpec *s, Error **reterr) {
        static const char *const clocks[] = { "monotonic", "boottime" };

        if (!s->namespaces[OCI_NS_TIME].asked || s->namespaces[OCI_NS_TIME].path)
                return 0;
        if (unshare((int) oci_namespace_names[OCI_NS_TIME].flag) < 0)
                return error_errno(reterr, errno, "Cannot make a time namespace");
        for (size_t i = 0; i < ELEMENTSOF(clocks); i++) {
                json_t *offset = json_object_get(s->time_offsets, clocks[i]);
                char line[96];
                int r;

                if (!offset)
                        continue;
                snprintf(line, sizeof(line), "%s %lld %lld\n", clocks[i], (long long) json_integer_value(json_object_get(offset, "secs")),
                         (long long) json_integer_value(json_object_get(offset, "nanosecs")));
                r = file_write(AT_FDCWD, "/proc/self/timens_offsets", line);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot set linux.timeOffsets.%s", clocks[i]);
        }
        return 0;
}

/* What is made at the birth. */
static uint64_t new_ones(const OciSpec *s) {
        uint64_t flags = 0;

        for (size_t i = 0; i < OCI_NS_KINDS; i++)
                if (s->namespaces[i].asked && !s->namespaces[i].path && i != OCI_NS_CGROUP && i != OCI_NS_TIME)
                        flags |= oci_namespace_names[i].flag;
        return flags;
}

/* Ours, of each kind that we leave for the moment. */
static int open_own(const OciSpec *s, const OciNamespaces *n, OciNamespaces *ret, Error **reterr) {
        for (size_t i = OCI_NS_USER + 1; i < OCI_NS_MOUNT; i++) {
                bool leaves = n->fds[i] >= 0 || (i == OCI_NS_TIME && s->namespaces[i].asked);

                ret->fds[i] = leaves ? namespace_open(getpid(), oci_namespace_names[i].file) : -1;
                if (leaves && ret->fds[i] < 0)
                        return error_errno(reterr, ret->fds[i], "Cannot open our own %s namespace", oci_namespace_names[i].name);
        }
        return 0;
}

static pid_t bear_from_here(const OciSpec *s, const OciNamespaces *n, int cgroup, int *ret_pidfd, Error **reterr) {
        OciNamespaces own = OCI_NAMESPACES_NONE;
        _cleanup_(error_freep) Error *error = NULL;
        pid_t pid;
        int r = open_own(s, n, &own, reterr);

        if (r >= 0)
                r = join_all(n, reterr);
        if (r >= 0)
                r = make_time(s, reterr);
        pid = r < 0 ? r : clone_into(new_ones(s), cgroup, ret_pidfd);
        if (r >= 0 && pid < 0)
                error_errno(reterr, pid, "Cannot make the container's namespaces");
        if (pid != 0 && join_all(&own, &error) < 0)
                process_give_up("Cannot get back into our own namespaces", -error->code);
        oci_namespaces_close(&own);
        return pid;
}

/* Who is in another's user namespace is not root here any more: so another process goes there, and its child is ours. */
static pid_t bear_by_another(const OciSpec *s, const OciNamespaces *n, int cgroup, int *ret_pidfd, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_close_ int helper_fd = -1;
        int sockets[2], fd = -1;
        size_t n_fds = 1;
        pid_t helper, pid = -EIO;
        ssize_t k;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        helper = clone_into(0, -1, &helper_fd);
        if (helper == 0) {
                pid = join_all(n, &error);
                if (pid >= 0)
                        pid = make_time(s, &error);
                if (pid >= 0)
                        pid = clone_into(CLONE_PARENT | new_ones(s), cgroup, &fd);
                if (pid == 0) {
                        close_fd(sockets[0]);
                        close_fd(sockets[1]);
                        return 0;
                }
                (void) fd_send(sockets[1], &pid, sizeof(pid), &fd, pid > 0 ? 1 : 0);
                _exit(0);
        }
        close_fd(sockets[1]);
        k = helper < 0 ? helper : fd_recv(sockets[0], &pid, sizeof(pid), &fd, &n_fds);
        close_fd(sockets[0]);
        if (helper > 0)
                (void) waitpid(helper, NULL, 0);
        if (k != sizeof(pid) || pid < 0)
                return error_errno(reterr, k < 0 ? (int) k : k == sizeof(pid) ? pid : -EIO, "Cannot enter the container's namespaces");
        *ret_pidfd = fd;
        return pid;
}

pid_t oci_namespaces_bear(const OciSpec *s, const OciNamespaces *n, int cgroup, int *ret_pidfd, Error **reterr) {
        return n->fds[OCI_NS_USER] >= 0 ? bear_by_another(s, n, cgroup, ret_pidfd, reterr) : bear_from_here(s, n, cgroup, ret_pidfd, reterr);
}

static int write_map(pid_t pid, const char *file, const OciIdMaps *maps) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        char path[64];
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        for (size_t i = 0; i < maps->n; i++)
                fprintf(f, "%u %u %u\n", maps->items[i].inside, maps->items[i].outside, maps->items[i].size);
        if (fclose(f) != 0)
                return -ENOMEM;
        snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, file);
        return file_write(AT_FDCWD, path, text);
}

static int write_maps(pid_t pid, const OciIdMaps *uids, const OciIdMaps *gids, Error **reterr) {
        int r = write_map(pid, "uid_map", uids);

        if (r < 0)
                return error_errno(reterr, r, "Cannot write linux.uidMappings");
        r = write_map(pid, "gid_map", gids);
        return r < 0 ? error_errno(reterr, r, "Cannot write linux.gidMappings") : 0;
}

int oci_namespaces_write_maps(const OciSpec *s, pid_t pid, Error **reterr) {
        const OciNamespace *user = s->namespaces + OCI_NS_USER;

        return user->asked && !user->path ? write_maps(pid, &s->uids, &s->gids, reterr) : 0;
}

int oci_namespaces_enter_cgroup(const OciSpec *s, Error **reterr) {
        const OciNamespace *cgroup = s->namespaces + OCI_NS_CGROUP;

        if (!cgroup->asked || cgroup->path || unshare(CLONE_NEWCGROUP) >= 0)
                return 0;
        return error_errno(reterr, errno, "Cannot make a cgroup namespace");
}

int oci_userns_of(const OciIdMaps *uids, const OciIdMaps *gids, Error **reterr) {
        _cleanup_close_ int pidfd = -1;
        pid_t pid = clone_into(CLONE_NEWUSER, -1, &pidfd);
        int r, fd;

        if (pid < 0)
                return error_errno(reterr, pid, "Cannot make a user namespace for a mount's ids");
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (;;)
                        pause();
        }
        r = write_maps(pid, uids, gids, reterr);
        fd = r < 0 ? r : namespace_open(pid, "user");
        (void) process_end(pid);
        return r >= 0 && fd < 0 ? error_errno(reterr, fd, "Cannot open a user namespace") : fd;
}
