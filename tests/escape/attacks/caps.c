/* SPDX-License-Identifier: GPL-2.0-or-later */

/* caps: what is inheritable here; and whether user 1000, by a program that has inheritable file capabilities (this one, to which
 * root gives them), has more than nothing. */

#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <linux/capability.h>

/* By the call itself: a chroot has no /proc. */
static struct __user_cap_data_struct sets(void) {
        struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct d[2] = {};

        syscall(SYS_capget, &h, d);
        return d[0];
}

static int give_inheritable(const char *path) {
        struct vfs_cap_data d = {
                .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                .data = { { .inheritable = UINT32_MAX }, { .inheritable = 0x1ff } },
        };

        return chmod(path, 0755) < 0 || setxattr(path, "security.capability", &d, sizeof(d), 0) < 0 ? -1 : 0;
}

int main(int argc, char **argv) {
        if (argc > 1) {
                if (sets().effective != 0)
                        printf("gained %x as user %d\n", sets().effective, (int) getuid());
                return 0;
        }
        printf("CapInh: %x\n", sets().inheritable);
        if (give_inheritable(argv[0]) < 0)
                perror("file capabilities");
        fflush(stdout);
        if (fork() == 0) {
                if (setgid(1000) < 0 || setuid(1000) < 0)
                        return 1;
                execl(argv[0], argv[0], "again", NULL);
                return 1;
        }
        wait(NULL);
        return 0;
}
