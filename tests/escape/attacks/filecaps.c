/* SPDX-License-Identifier: GPL-2.0-or-later */

/* filecaps [PATH]: gives a program CAP_DAC_OVERRIDE and CAP_SYS_ADMIN as file capabilities; without PATH prints what we have in effect. */

#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

int main(int argc, char **argv) {
        struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct have[2] = {};
        struct vfs_cap_data d = {
                .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                .data = { { .permitted = 1u << CAP_DAC_OVERRIDE | 1u << CAP_SYS_ADMIN } },
        };

        if (argc > 1) {
                if (setxattr(argv[1], "security.capability", &d, sizeof(d), 0) == 0)
                        return 0;
                perror("filecaps");
                return 1;
        }
        syscall(SYS_capget, &h, have);
        return printf("%x\n", have[0].effective) < 0;
}
