/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Which devices the processes of a cgroup may open and make: a program of the kind BPF_PROG_TYPE_CGROUP_DEVICE (Linux 4.15), which the
 * kernel runs at each open(2) of a node and each mknod(2). systemd makes such a program of DeviceAllow=; this is for hosts without it. It
 * needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, where the group is. */

typedef enum CgroupDeviceAccess { /* as the letters of DeviceAllow= */
        CGROUP_DEVICE_READ = 1 << 0,
        CGROUP_DEVICE_WRITE = 1 << 1,
        CGROUP_DEVICE_MKNOD = 1 << 2,
} CgroupDeviceAccess;

#define CGROUP_DEVICE_ALL (CGROUP_DEVICE_READ | CGROUP_DEVICE_WRITE | CGROUP_DEVICE_MKNOD)
#define CGROUP_DEVICE_ANY_MAJOR (~0U)

typedef struct CgroupDevice {
        bool block;
        unsigned major;  /* or CGROUP_DEVICE_ANY_MAJOR, with any minor */
        int minor;       /* -1: any */
        unsigned access; /* what is allowed */
} CgroupDevice;

#define CGROUP_DEVICES_MAX 256

/* Allow these and nothing else, in the group and all below it, in place of what was attached before by the same call. Nobody can
 * attach another one below, so that nobody there can allow more. 0; -E2BIG: too many; -EPERM: the kernel does not let us, -EINVAL or
 * -ENOSYS: it knows no such program. */
int cgroup_allow_devices(int cgroup, const CgroupDevice *devices, size_t n);
