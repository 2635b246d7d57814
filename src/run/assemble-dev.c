/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "assemble-dev.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "device-node.h"
#include "device-place.h"
#include "guest-ids.h"
#include "limits.h"
#include "mount.h"
#include "path.h"

static const struct {
        DeviceNode node;
        bool nesting; /* only with --nesting */
        bool spared;  /* a machine inside a machine that has none goes without */
} nodes[] = {
        { { "null", 1, 3, 0666 }, false, false },
        { { "zero", 1, 5, 0666 }, false, false },
        { { "full", 1, 7, 0666 }, false, false },
        { { "random", 1, 8, 0666 }, false, false },
        { { "urandom", 1, 9, 0666 }, false, false },
        { { "tty", 5, 0, 0666 }, false, false },
        { { "net/tun", 10, 200, 0666 }, false, true }, /* a tunnel lives in the machine's own network namespace */
        { { "fuse", 10, 229, 0666 }, true, true },     /* what is mounted by it lives in the user namespace that does it */
};

static const struct {
        const char *name, *target;
} links[] = {
        { "fd", "/proc/self/fd" },        { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
        { "stderr", "/proc/self/fd/2" }, { "core", "/proc/kcore" },      { "ptmx", "pts/ptmx" },
};

static const struct {
        const char *name;
        mode_t mode;
} directories[] = {
        { "pts", 0755 }, { "shm", 01777 }, { "mqueue", 01777 }, { "net", 0755 },
};

bool assemble_dev_has(const char *path) {
        for (size_t i = 0; i < ELEMENTSOF(nodes); i++)
                if (!nodes[i].nesting && strcmp(path + strlen("/dev/"), nodes[i].node.name) == 0)
                        return true;
        return false;
}

/* What needs no right, as who it is to belong to. */
static int fill_as_theirs(const MachinePlan *p, int dev) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(directories); i++)
                r = mkdirat(dev, directories[i].name, directories[i].mode) < 0 ? -errno : 0;
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(links); i++)
                r = symlinkat(links[i].target, dev, links[i].name) < 0 ? -errno : 0;

        /* Places for the ptys that the child will put there. */
        for (unsigned i = 0; r >= 0 && i <= p->n_ttys; i++) {
                char name[16];

                if (i == 0)
                        snprintf(name, sizeof(name), "console");
                else
                        snprintf(name, sizeof(name), "tty%u", i);
                r = mknodat(dev, name, S_IFREG | 0600, 0) < 0 ? -errno : 0;
        }
        return r;
}

/* 1 where some of the nodes are places that are still to be bound. */
static int fill(const MachinePlan *p, int dev) {
        GuestIds ids = guest_ids_assume(p->uid_base);
        int r = fill_as_theirs(p, dev);
        bool places = false;

        guest_ids_drop(&ids);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(nodes); i++)
                if (!nodes[i].nesting || p->nesting) {
                        r = device_node_make(dev, &nodes[i].node, p->uid_base);
                        places = places || r > 0;
                }
        return r < 0 ? r : places;
}

static int bind_nodes(const MachinePlan *p, int dev) {
        for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
                int r = !nodes[i].nesting || p->nesting ? device_node_bind(dev, &nodes[i].node) : 0;

                if (r == -ENOENT && nodes[i].spared)
                        r = unlinkat(dev, nodes[i].node.name, 0) < 0 ? -errno : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int place_devices(const MachinePlan *p, int dev, Error **reterr) {
        DeviceOwner owner = { p->uid_base, p->userns ? p->uid_range : 0 };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < p->devices.n; i++)
                r = device_place(dev, p->devices.items + i, &owner, reterr);
        return r;
}

int assemble_dev(const MachinePlan *p, int root, Error **reterr) {
        _cleanup_close_ int mount = -1, target = -1, shm = -1, shm_target = -1;
        char options[96];
        mode_t mask;
        bool places;
        int r;

        snprintf(options, sizeof(options), "mode=0755,size=4M,nr_inodes=64k,uid=%u,gid=%u", p->uid_base, p->uid_base);
        mount = mount_new_labelled("tmpfs", options, p->labels.mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME);
        mask = umask(0); /* what is made is to have the mode that it is made with */
        r = mount < 0 ? mount : fill(p, mount);
        (void) umask(mask);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make the machine's device nodes");
        places = r > 0;
        r = place_devices(p, mount, reterr);
        if (r < 0)
                return r;
        target = open_in_root(root, "/dev", O_PATH | O_DIRECTORY, 0);
        r = target < 0 ? target : mount_attach(mount, target);
        if (r < 0)
                return error_errno(reterr, r, "Cannot mount the machine's /dev");
        r = places ? bind_nodes(p, mount) : 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot give the machine the device nodes that this one has");

        snprintf(options, sizeof(options), "mode=1777,uid=%u,gid=%u,%s", p->uid_base, p->uid_base, LIMIT_SHM);
        shm = mount_new_labelled("tmpfs", options, p->labels.mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        shm_target = openat(mount, "shm", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = shm < 0 ? shm : shm_target < 0 ? -errno : mount_attach(shm, shm_target);
        if (r < 0)
                return error_errno(reterr, r, "Cannot mount the machine's /dev/shm");
        return 0;
}
