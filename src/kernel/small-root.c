/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "small-root.h"

/* What is mounted are clones of the host's own mounts, detached until they have their attributes (Linux 5.12). The old root goes with
 * pivot_root(2): unlike after chroot(2), there is no way back to it for whoever gets a capability after all. */

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "fd.h"
#include "mount.h"

#define ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* Those that are there. Links (/lib on merged systems) are made anew. */
static const char *const wanted[] = {
        "etc", "usr", "lib", "lib32", "lib64", "libx32", "nix", "gnu",
        "var/lib/ca-certificates",                                  /* openSUSE's bundle */
        "run/systemd/resolve", "run/NetworkManager", "run/resolvconf", "run/connman", "run/netconfig", /* what /etc/resolv.conf may lead to */
        "run/nscd", "run/avahi-daemon",
};

/* Directories of a path of ours, the last one included: an O_PATH fd. */
static int make_directories(int root, const char *path) {
        _cleanup_close_ int at = fcntl(root, F_DUPFD_CLOEXEC, 3);
        char part[64];

        for (const char *p = path; at >= 0 && *p;) {
                size_t n = strcspn(p, "/");
                int next;

                if (n >= sizeof(part))
                        return -ENAMETOOLONG;
                memcpy(part, p, n);
                part[n] = 0;
                if (mkdirat(at, part, 0755) < 0 && errno != EEXIST)
                        return -errno;
                next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                close_fd(at);
                at = next;
                p += n + (p[n] == '/');
        }
        return at < 0 ? -errno : TAKE_FD(at);
}

static int take_link(int root, const char *path) {
        char host[64], target[256];
        ssize_t n;

        snprintf(host, sizeof(host), "/%s", path);
        n = readlink(host, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = 0;
        return symlinkat(target, root, path) < 0 ? -errno : 0;
}

static int take_directory(int root, const char *path) {
        _cleanup_close_ int mount = -1, target = -1;
        char host[64];
        int r;

        snprintf(host, sizeof(host), "/%s", path);
        mount = mount_clone(AT_FDCWD, host, true);
        if (mount < 0)
                return mount;
        r = mount_set_attr(mount, ATTRIBUTES, 0, true);
        if (r < 0)
                return r;
        target = make_directories(root, path);
        return target < 0 ? target : mount_attach(mount, target);
}

static int take_all(int root) {
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                char host[64];
                struct stat st;
                int r;

                snprintf(host, sizeof(host), "/%s", wanted[i]);
                if (lstat(host, &st) < 0)
                        continue;
                r = S_ISLNK(st.st_mode) ? take_link(root, wanted[i]) : S_ISDIR(st.st_mode) ? take_directory(root, wanted[i]) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_files(int root, const SmallRootFile *files, size_t n) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_close_ int fd = openat(root, files[i].name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
                int r;

                if (fd < 0)
                        return -errno;
                r = fd_write_all(fd, files[i].data, files[i].size);
                if (r >= 0 && fchmod(fd, 0444) < 0) /* whatever the umask */
                        r = -errno;
                if (r < 0)
                        return r;
        }
        return 0;
}

int small_root_enter(const SmallRootFile *files, size_t n) {
        _cleanup_close_ int root = -1, old = -1;
        mode_t mask = umask(022);
        int r;

        r = mount_propagation(AT_FDCWD, "/", MS_PRIVATE);
        if (r < 0)
                return r;
        root = mount_new("tmpfs", "mode=0755,size=64m,nr_inodes=256", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0 || old < 0)
                return root < 0 ? root : -errno;
        r = mount_attach(root, old);
        if (r >= 0)
                r = take_all(root);
        if (r >= 0)
                r = write_files(root, files, n);
        (void) umask(mask);
        if (r >= 0)
                r = mount_set_attr(root, MOUNT_ATTR_RDONLY, 0, false);
        if (r >= 0 && fchdir(root) < 0)
                r = -errno;
        return r >= 0 ? mount_pivot_to_cwd() : r;
}
