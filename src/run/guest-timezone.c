/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-timezone.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "fd.h"
#include "file.h"
#include "mount.h"
#include "path.h"

#define LOCALTIME "/etc/localtime"
#define ZONE_FILE_MAX (256 * 1024)

/* The part of the host's link behind "zoneinfo/". */
static char *host_zone(void) {
        char target[4096];
        ssize_t n = readlink(LOCALTIME, target, sizeof(target) - 1);
        const char *name;

        if (n < 0)
                return NULL;
        target[n] = 0;
        name = strstr(target, "/zoneinfo/");
        if (!name || strstr(name, ".."))
                return NULL;
        return strdup(name + strlen("/zoneinfo/"));
}

char *guest_timezone_name(int root) {
        _cleanup_free_ char *zone = host_zone(), *file = NULL;
        _cleanup_close_ int fd = -1;

        if (!zone || asprintf(&file, "/usr/share/zoneinfo/%s", zone) < 0)
                return NULL;
        fd = open_in_root(root, file, O_PATH, 0);
        return fd < 0 ? NULL : TAKE_PTR(zone);
}

static int copy(int etc) {
        _cleanup_close_ int source = open(LOCALTIME, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r = source < 0 ? -errno : fd_read_all(source, ZONE_FILE_MAX, &data, &size);

        return r < 0 ? r : file_replace_data(etc, "localtime", data, size, 0644);
}

static int bind_zone(int root) {
        _cleanup_close_ int source = open(LOCALTIME, O_PATH | O_CLOEXEC), mount = -1, target = -1;
        int r;

        if (source < 0)
                return -errno;
        mount = mount_clone(source, "", false);
        r = mount < 0 ? mount : mount_set_attr(mount, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0,
                                               false);
        if (r < 0)
                return r;
        target = create_in_root(root, LOCALTIME);
        return target < 0 ? target : mount_attach(mount, target);
}

static int link_zone(int root, int etc) {
        _cleanup_free_ char *zone = guest_timezone_name(root), *target = NULL;
        char now[4096];
        ssize_t n;

        if (!zone)
                return -ENOENT;
        if (asprintf(&target, "../usr/share/zoneinfo/%s", zone) < 0)
                return -ENOMEM;
        n = readlinkat(etc, "localtime", now, sizeof(now) - 1);
        if (n >= 0) {
                now[n] = 0;
                if (strcmp(now, target) == 0 || strcmp(now, target + 2) == 0)
                        return 0;
        }
        if (unlinkat(etc, "localtime", 0) < 0 && errno != ENOENT)
                return -errno;
        return symlinkat(target, etc, "localtime") < 0 ? -errno : 0;
}

int guest_timezone_write(const MachinePlan *p, int root, Error **reterr) {
        _cleanup_close_ int etc = -1;
        int r;

        if (p->timezone == TIMEZONE_OFF)
                return 0;
        etc = open_in_root(root, "/etc", O_PATH | O_DIRECTORY, 0);
        r = etc;
        if (etc >= 0)
                switch (p->timezone) {
                case TIMEZONE_COPY:
                        r = copy(etc);
                        break;
                case TIMEZONE_BIND:
                        r = bind_zone(root);
                        break;
                case TIMEZONE_DELETE:
                        r = unlinkat(etc, "localtime", 0) < 0 && errno != ENOENT ? -errno : 0;
                        break;
                default:
                        r = link_zone(root, etc);
                }
        return r < 0 ? error_errno(reterr, r, "Cannot set /etc/localtime in the machine, ignoring") : 0;
}
