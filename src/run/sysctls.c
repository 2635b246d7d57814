/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sysctls.h"

#include <sys/mount.h>

#include "api-guard.h"
#include "mount.h"

#define FLAGS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

typedef enum Owner {
        OWNER_NETWORK,
        OWNER_USERS,  /* limits of the machine's own user namespace, within the host's */
        OWNER_IPC,
        OWNER_NAMES,  /* with a user namespace the kernel leaves these to sethostname(2) */
} Owner;

static const struct {
        const char *path; /* below /proc */
        Owner owner;
} own[] = {
        { "sys/net", OWNER_NETWORK },
        { "sys/user", OWNER_USERS },
        { "sys/fs/mqueue", OWNER_IPC },
        { "sys/kernel/msgmax", OWNER_IPC },
        { "sys/kernel/msgmnb", OWNER_IPC },
        { "sys/kernel/msgmni", OWNER_IPC },
        { "sys/kernel/sem", OWNER_IPC },
        { "sys/kernel/shm_rmid_forced", OWNER_IPC },
        { "sys/kernel/shmall", OWNER_IPC },
        { "sys/kernel/shmmax", OWNER_IPC },
        { "sys/kernel/shmmni", OWNER_IPC },
        { "sys/kernel/domainname", OWNER_NAMES },
        { "sys/kernel/hostname", OWNER_NAMES },
};

static bool is_own(const MachinePlan *p, Owner owner) {
        switch (owner) {
        case OWNER_NETWORK:
                return plan_makes_network(p);
        case OWNER_USERS:
                return p->userns;
        case OWNER_IPC:
                return api_guarded_by(p) == GUARDED_BY_CHILD;
        default:
                return !p->userns;
        }
}

static int attach(int proc, const char *path, int mount, Error **reterr) {
        int r = mount_attach_at(mount, proc, path);

        return r < 0 ? error_errno(reterr, r, "Cannot mount on /proc/%s in the machine", path) : 0;
}

static int protect(int proc, Error **reterr) {
        _cleanup_close_ int mount = mount_clone(proc, "sys", false);
        int r = mount < 0 ? mount : mount_set_attr(mount, MOUNT_ATTR_RDONLY | FLAGS, 0, false);

        return r < 0 ? error_errno(reterr, r, "Cannot protect the machine's /proc/sys") : attach(proc, "sys", mount, reterr);
}

int sysctls_protect(const MachinePlan *p, int proc, Error **reterr) {
        int mounts[ELEMENTSOF(own)], r = 0;

        /* Copied while they can be written to, put back on top of what is read-only. */
        for (size_t i = 0; i < ELEMENTSOF(own); i++) {
                mounts[i] = is_own(p, own[i].owner) ? mount_clone(proc, own[i].path, false) : -ENOENT;
                if (mounts[i] < 0 && mounts[i] != -ENOENT && r >= 0) /* not every kernel has each */
                        r = error_errno(reterr, mounts[i], "Cannot open /proc/%s", own[i].path);
        }
        if (r >= 0)
                r = protect(proc, reterr);
        for (size_t i = 0; i < ELEMENTSOF(own); i++) {
                if (r >= 0 && mounts[i] >= 0)
                        r = attach(proc, own[i].path, mounts[i], reterr);
                close_fd(mounts[i]);
        }
        return r;
}
