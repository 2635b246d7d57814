/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "fd.h"
#include "guest-credentials.h"
#include "guest-ids.h"
#include "guest-names.h"
#include "guest-timezone.h"
#include "link-journal.h"
#include "log.h"
#include "mount.h"
#include "nesting.h"
#include "path.h"

/* Nobody sees it before it is whole. */
static int add_file(int dir, const char *name, const char *text, uid_t owner) {
        _cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);

        return fd < 0 || fchown(fd, owner, owner) < 0 ? -errno : fd_write_all(fd, text, strlen(text));
}

/* A datagram socket that stands in the guest's tree. Everybody inside may write to it; what counts is chosen later. */
static int bind_notify(int dir, uid_t owner) {
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -1;
        int on = 1;

        snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/notify", dir);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
            bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || fchmodat(dir, "notify", 0666, 0) < 0 ||
            fchownat(dir, "notify", owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int fill_run_host(const MachinePlan *p, int dir, int *ret_notify) {
        _cleanup_close_ int notify = -1;
        char uuid[40], *u = uuid;
        int r;

        for (size_t i = 0; i < sizeof(p->id); i++) {
                if (i == 4 || i == 6 || i == 8 || i == 10)
                        *u++ = '-';
                u += sprintf(u, "%02x", p->id[i]);
        }
        strcpy(u, "\n");
        r = add_file(dir, "container-manager", "nbox\n", p->uid_base);
        if (r >= 0)
                r = add_file(dir, "container-uuid", uuid, p->uid_base);
        if (r >= 0 && p->host_os)
                r = add_file(dir, "os-release", p->host_os, p->uid_base);
        if (r >= 0)
                r = mkdirat(dir, "incoming", 0600) < 0 || fchownat(dir, "incoming", p->uid_base, p->uid_base, 0) < 0 ? -errno : 0;
        if (r >= 0 && nesting_has_mounts(p))
                r = nesting_make_places(dir);
        if (r >= 0)
                r = notify = bind_notify(dir, p->uid_base);
        if (r >= 0)
                *ret_notify = TAKE_FD(notify);
        return r;
}

/* /run/host is a read-only mount of its own, locked by the kernel when the child copies it: what it says of the host
 * stays true whatever runs inside. */
static int make_run_host(const MachinePlan *p, int root, int credentials, int *ret_notify, Error **reterr) {
        _cleanup_close_ int mount = -1, target = -1;
        char options[96];
        GuestIds ids;
        int r;

        snprintf(options, sizeof(options), "mode=0755,size=1M,uid=%u,gid=%u", p->uid_base, p->uid_base);
        mount = mount_new_labelled("tmpfs", options, p->labels.mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        if (mount < 0)
                return error_errno(reterr, mount, "Cannot make the machine's /run/host");
        ids = guest_ids_assume(p->uid_base);
        target = mkdir_in_root(root, "/run/host");
        guest_ids_drop(&ids);
        r = target < 0 ? target : mount_attach(mount, target);
        if (r >= 0)
                r = fill_run_host(p, mount, ret_notify);
        if (r < 0)
                return error_errno(reterr, r, "Cannot fill the machine's /run/host");
        if (p->credentials) {
                r = guest_credentials_mount(p, credentials, mount, reterr);
                if (r < 0)
                        return r;
        }
        r = mount_set_attr(mount, MOUNT_ATTR_RDONLY, 0, false);
        if (r < 0)
                return error_errno(reterr, r, "Cannot fill the machine's /run/host");
        return 0;
}

int guest_files_write(const MachinePlan *p, int root, const GuestFiles *files, int *ret_notify, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        GuestIds ids;
        int r;

        r = make_run_host(p, root, files->credentials, ret_notify, reterr);
        if (r < 0)
                return r;
        ids = guest_ids_assume(p->uid_base);
        if (guest_names_write(p, root, files, &error) < 0) {
                log_report(LOG_LEVEL_WARNING, 0, error);
                error = (error_free(error), NULL);
        }
        if (guest_timezone_write(p, root, &error) < 0)
                log_report(LOG_LEVEL_WARNING, 0, error);
        link_journal_make_directory(p, root);
        guest_ids_drop(&ids);
        return 0;
}
