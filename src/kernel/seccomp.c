/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "seccomp-filter.h"

static const struct {
        const struct sock_filter *code;
        unsigned short n;
} programs[2] = {
        [false] = { filter_host_users, ELEMENTSOF(filter_host_users) },
        [true] = { filter_private_users, ELEMENTSOF(filter_private_users) },
};

int seccomp_apply_default(bool private_users) {
        const struct sock_fprog program = {
                .filter = (struct sock_filter *) programs[private_users].code, /* only read: the ABI's struct lacks a const */
                .len = programs[private_users].n,
        };

        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
