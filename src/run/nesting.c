/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nesting.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fd.h"
#include "mount.h"
#include "path.h"

static const struct {
        const char *name, *path;
} places[] = {
        { "proc", NESTING_DIRECTORY "/proc" },
        { "sys", NESTING_DIRECTORY "/sys" },
};

/* The host root's, as who makes them is: unlike all else in the tree. */
int nesting_make_places(int run_host) {
        _cleanup_close_ int dir = -1;

        if (mkdirat(run_host, "nesting", 0) < 0)
                return -errno;
        dir = openat(run_host, "nesting", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (dir < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (mkdirat(dir, places[i].name, 0) < 0)
                        return -errno;
        return 0;
}

int nesting_place_mounts(int root, const int api[2], Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_close_ int target = open_in_root(root, places[i].path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0), mount = -1;
                int r;

                if (target < 0)
                        return error_errno(reterr, target, "Cannot open the machine's %s", places[i].path);
                mount = mount_clone(api[i], "", false);
                r = mount < 0 ? mount : mount_attach(mount, target);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot put a whole %s at the machine's %s", places[i].name, places[i].path);
        }
        return 0;
}
