/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "copy-links.h"
#include "copy.h"
#include "fd.h"

#define DEPTH_MAX 256

typedef struct Sum {
        uint64_t bytes, files;
        uint64_t mount; /* that the tree is in */
        HardLinks links;
} Sum;

static void sum_done(Sum *s) {
        hard_links_done(&s->links);
}

static int look(int dir, const char *name, struct statx *ret) {
        return statx(dir, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
                     STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, ret) < 0 ? -errno : 0;
}

static int open_subdirectory(int dir, const char *name) {
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
        };
        long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

static int add_directory(Sum *s, int fd, unsigned depth);

static int add_entry(Sum *s, int dir, const char *name, unsigned depth) {
        HardLink *known;
        struct statx st;
        int r = look(dir, name, &st), fd;

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (st.stx_mnt_id != s->mount)
                return 0;
        s->files++;
        if (!S_ISDIR(st.stx_mode)) {
                r = st.stx_nlink > 1 ? hard_links_see(&s->links, &st, &known) : 0;
                if (r == 0)
                        s->bytes += st.stx_blocks * 512;
                return r < 0 ? r : 0;
        }
        s->bytes += st.stx_blocks * 512;
        fd = open_subdirectory(dir, name);
        if (fd < 0)
                return fd == -ENOENT || fd == -EXDEV || fd == -ENOTDIR ? 0 : fd;
        return add_directory(s, fd, depth - 1);
}

/* Takes the fd. */
static int add_directory(Sum *s, int fd, unsigned depth) {
        _cleanup_closedir_ DIR *d = fd_into_dir(fd);
        struct dirent *e;

        if (!d)
                return -errno;
        if (depth == 0)
                return -ELOOP;
        while ((errno = 0, e = readdir(d))) {
                int r;

                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                r = add_entry(s, dirfd(d), e->d_name, depth);
                if (r < 0)
                        return r;
        }
        return -errno;
}

int tree_size(int dir, uint64_t *ret_bytes, uint64_t *ret_files) {
        _cleanup_(sum_done) Sum s = { .files = 1 };
        struct statx st;
        int r = look(dir, "", &st), fd = r < 0 ? r : fd_reopen(dir, O_RDONLY | O_DIRECTORY);

        if (fd < 0)
                return fd;
        s.mount = st.stx_mnt_id;
        s.bytes = st.stx_blocks * 512;
        r = add_directory(&s, fd, DEPTH_MAX);
        if (r < 0)
                return r;
        *ret_bytes = s.bytes;
        *ret_files = s.files;
        return 0;
}
