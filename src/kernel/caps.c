/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "caps.h"

/* The default set is that of systemd-nspawn(1), --capability=: what a full OS, with a service manager that changes users,
 * makes namespaces and mounts, needs inside. In a user namespace of its own (the default) every one of these counts only
 * against what that namespace owns. Left out, and why:
 *
 *     SYS_MODULE, SYS_RAWIO       the host's kernel and hardware; their absence is also what keeps
 *                                 systemd-modules-load.service and the like from starting (ConditionCapability=)
 *     SYS_TIME                    the clock is the host's; its absence keeps NTP clients from starting inside
 *     SYSLOG, PERFMON, BPF        the kernel looks at all three in the initial user namespace only or for its own memory
 *     MAC_ADMIN, MAC_OVERRIDE     the host's policy
 *     WAKE_ALARM, BLOCK_SUSPEND   power management is the host's
 *     SYS_PACCT                   accounting of the whole host
 */

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

/* Linux 5.9; named here so that older headers do. */
#define CHECKPOINT_RESTORE 40

static const uint8_t always[] = {
        CAP_AUDIT_CONTROL,    /* pam_loginuid writes /proc/self/loginuid */
        CAP_AUDIT_WRITE,      /* sshd, login, sudo */
        CAP_CHOWN,
        CAP_DAC_OVERRIDE,
        CAP_DAC_READ_SEARCH,  /* backup programs; opening by file handle is the syscall filter's to refuse */
        CAP_FOWNER,
        CAP_FSETID,
        CAP_IPC_OWNER,
        CAP_KILL,
        CAP_LEASE,
        CAP_LINUX_IMMUTABLE,  /* journald and package managers set file attributes */
        CAP_MKNOD,            /* ConditionCapability= of systemd's device units; a user namespace makes it powerless */
        CAP_NET_BIND_SERVICE,
        CAP_NET_BROADCAST,
        CAP_NET_RAW,          /* ping, DHCP clients */
        CAP_SETFCAP,          /* package managers install file capabilities */
        CAP_SETGID,
        CAP_SETPCAP,
        CAP_SETUID,
        CAP_SYS_ADMIN,        /* mounts and namespaces: every sandboxed service of systemd */
        CAP_SYS_BOOT,         /* reboot(2) ends the machine's pid namespace, not the host */
        CAP_SYS_CHROOT,
        CAP_SYS_NICE,
        CAP_SYS_PTRACE,
        CAP_SYS_RESOURCE,
        CAP_SYS_TTY_CONFIG,   /* getty's vhangup(2) */
};

/* The kernel grants these by the namespace that owns the object, so that they are of use, and of no harm, in an own one.
 * A unit with AmbientCapabilities=CAP_IPC_LOCK (databases, secret stores) would otherwise not start. */
static const uint8_t with_private_users[] = {
        CAP_IPC_LOCK,
        CHECKPOINT_RESTORE,
};

static uint64_t mask(const uint8_t *caps, size_t n) {
        uint64_t m = 0;

        for (size_t i = 0; i < n; i++)
                m |= CAP_BIT(caps[i]);
        return m;
}

uint64_t caps_default_set(bool private_network, bool private_users) {
        uint64_t m = mask(always, ELEMENTSOF(always));

        /* With the host's network this would be the host's interfaces and firewall; in a user namespace it would be powerless
         * there, but make networkd and ifupdown start inside only to fail. */
        if (private_network)
                m |= CAP_BIT(CAP_NET_ADMIN);
        if (private_users)
                m |= mask(with_private_users, ELEMENTSOF(with_private_users));
        return m;
}

int caps_drop_bounding(uint64_t keep) {
        for (unsigned long cap = 0; cap < 64; cap++) {
                int r, has;

                if ((keep & CAP_BIT(cap)) || prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) >= 0)
                        continue;
                r = -errno;
                has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0); /* EINVAL: beyond the last one that this kernel knows */
                if (has != 0)
                        return has < 0 && errno == EINVAL && cap > 0 ? 0 : r;
        }
        return 0;
}

int caps_limit(uint64_t keep) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        bool less = false;

        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(data); i++) {
                less = less || (data[i].permitted & ~(uint32_t) (keep >> 32 * i));
                data[i].permitted &= (uint32_t) (keep >> 32 * i);
                data[i].effective &= data[i].permitted;
        }
        return less && syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int caps_effective_limit(uint64_t set, uint64_t *ret_before) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;
        *ret_before = data[0].effective | (uint64_t) data[1].effective << 32;
        return caps_effective_set(*ret_before & set);
}

int caps_effective_set(uint64_t set) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(data); i++)
                data[i].effective = (uint32_t) (set >> 32 * i) & data[i].permitted;
        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int caps_clear_inheritable_ambient(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return -errno;
        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;
        if (data[0].inheritable == 0 && data[1].inheritable == 0)
                return 0;
        data[0].inheritable = data[1].inheritable = 0;
        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int caps_keep(void) {
        return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? -errno : 0; /* until the next execve() */
}

int caps_raise_ambient(uint64_t set) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(data); i++)
                data[i].inheritable |= (uint32_t) (set >> 32 * i);
        return syscall(SYS_capset, &header, data) < 0 ? -errno : caps_raise_ambient_of(set);
}

int caps_raise_ambient_of(uint64_t set) {
        for (unsigned long cap = 0; cap < 64; cap++)
                if ((set & CAP_BIT(cap)) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
                        return -errno;
        return 0;
}

int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

        for (size_t i = 0; i < ELEMENTSOF(data); i++)
                data[i] = (struct __user_cap_data_struct){ .effective = (uint32_t) (effective >> 32 * i), .permitted = (uint32_t) (permitted >> 32 * i),
                                                           .inheritable = (uint32_t) (inheritable >> 32 * i) };
        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}
