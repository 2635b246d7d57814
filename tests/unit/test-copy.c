/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>

#include "copy-links.h"
#include "copy-path.h"
#include "fd.h"
#include "remove.h"
#include "unit.h"

/* Two directories of one file system, of root's: owners and devices are part of what is copied. */
typedef struct Trees {
        char path[64];
        int top, from, to;
} Trees;

static int setup(void **state) {
        Trees *t = calloc(1, sizeof(*t));

        snprintf(t->path, sizeof(t->path), "/tmp/nbox-test-copy-XXXXXX");
        assert_non_null(mkdtemp(t->path));
        t->top = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(mkdirat(t->top, "from", 0755), 0);
        assert_int_equal(mkdirat(t->top, "to", 0755), 0);
        t->from = openat(t->top, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        t->to = openat(t->top, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(t->from >= 0 && t->to >= 0);
        *state = t;
        return 0;
}

static int teardown(void **state) {
        Trees *t = *state;
        _cleanup_close_ int parent = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        close_fd(t->from);
        close_fd(t->to);
        close_fd(t->top);
        assert_int_equal(remove_tree(parent, t->path + strlen("/tmp/")), 0);
        free(t);
        return 0;
}

static void put(int dir, const char *path, const char *text) {
        _cleanup_close_ int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static struct stat look(int dir, const char *path) {
        struct stat st;

        assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st;
}

static void copy(const Trees *t) {
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(copy_tree(t->from, t->to, NULL, &error));
}

static void owner_mode_times(void **state) {
        const struct timespec times[2] = { { 1000000001, 123456789 }, { 1000000002, 987654321 } };
        Trees *t = *state;
        struct stat st;

        put(t->from, "su", "x");
        assert_int_equal(fchownat(t->from, "su", 1000, 50, 0), 0);
        assert_int_equal(fchmodat(t->from, "su", 06755, 0), 0);
        assert_int_equal(mkdirat(t->from, "dir", 0755), 0);
        put(t->from, "dir/in", "y");
        assert_int_equal(fchmodat(t->from, "dir", 01750, 0), 0);
        assert_int_equal(symlinkat("nowhere", t->from, "link"), 0);
        assert_int_equal(fchownat(t->from, "link", 7, 8, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(utimensat(t->from, "su", times, 0), 0);
        assert_int_equal(utimensat(t->from, "dir", times, 0), 0);
        assert_int_equal(utimensat(t->from, "link", times, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(fchmod(t->from, 0711), 0);
        copy(t);
        st = look(t->to, "su");
        assert_int_equal(st.st_mode, S_IFREG | 06755);
        assert_int_equal(st.st_uid, 1000);
        assert_int_equal(st.st_gid, 50);
        assert_int_equal(st.st_mtim.tv_sec, times[1].tv_sec);
        assert_int_equal(st.st_mtim.tv_nsec, times[1].tv_nsec);
        assert_int_equal(st.st_atim.tv_nsec, times[0].tv_nsec);
        st = look(t->to, "dir");
        assert_int_equal(st.st_mode, S_IFDIR | 01750);
        assert_int_equal(st.st_mtim.tv_nsec, times[1].tv_nsec);
        st = look(t->to, "link");
        assert_int_equal(st.st_uid, 7);
        assert_int_equal(st.st_mtim.tv_nsec, times[1].tv_nsec);
        assert_int_equal(look(t->to, ".").st_mode, S_IFDIR | 0711);
}

/* A fifo is not waited for, a device not opened, a whiteout is one. */
static void nodes(void **state) {
        Trees *t = *state;

        assert_int_equal(mknodat(t->from, "fifo", S_IFIFO | 0640, 0), 0);
        assert_int_equal(mknodat(t->from, "socket", S_IFSOCK | 0600, 0), 0);
        assert_int_equal(mknodat(t->from, "null", S_IFCHR | 0666, makedev(1, 3)), 0);
        assert_int_equal(mknodat(t->from, "loop", S_IFBLK | 0660, makedev(7, 250)), 0);
        assert_int_equal(mknodat(t->from, "whiteout", S_IFCHR, 0), 0);
        assert_int_equal(fchmodat(t->from, "null", 0666, 0), 0);
        copy(t);
        assert_int_equal(look(t->to, "fifo").st_mode, S_IFIFO | 0640);
        assert_true(S_ISSOCK(look(t->to, "socket").st_mode));
        assert_int_equal(look(t->to, "null").st_mode, S_IFCHR | 0666);
        assert_int_equal(look(t->to, "null").st_rdev, makedev(1, 3));
        assert_int_equal(look(t->to, "loop").st_rdev, makedev(7, 250));
        assert_int_equal(look(t->to, "whiteout").st_rdev, 0);
}

static void hard_links(void **state) {
        Trees *t = *state;

        put(t->from, "a", "x");
        assert_int_equal(mkdirat(t->from, "d", 0755), 0);
        assert_int_equal(linkat(t->from, "a", t->from, "d/b", 0), 0);
        assert_int_equal(linkat(t->from, "a", t->top, "outside", 0), 0);
        assert_int_equal(symlinkat("x", t->from, "s1"), 0);
        assert_int_equal(linkat(t->from, "s1", t->from, "s2", 0), 0);
        copy(t);
        assert_int_equal(look(t->to, "a").st_ino, look(t->to, "d/b").st_ino);
        assert_int_equal(look(t->to, "a").st_nlink, 2);
        assert_int_equal(look(t->to, "s1").st_ino, look(t->to, "s2").st_ino);
}

static void holes(void **state) {
        Trees *t = *state;
        char back[4] = {};
        int fd = openat(t->from, "sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert_int_equal(pwrite(fd, "one", 3, 1 << 20), 3);
        assert_int_equal(pwrite(fd, "two", 3, 64 << 20), 3);
        assert_int_equal(ftruncate(fd, 256 << 20), 0);
        close(fd);
        copy(t);
        assert_int_equal(look(t->to, "sparse").st_size, 256 << 20);
        assert_true(look(t->to, "sparse").st_blocks <= 64);
        fd = openat(t->to, "sparse", O_RDONLY | O_CLOEXEC);
        assert_int_equal(pread(fd, back, 3, 64 << 20), 3);
        assert_string_equal(back, "two");
        close(fd);
}

static void attributes(void **state) {
        /* cap_net_raw=ep, as versions 2 and 3; u::rw-,u:1000:r--,g::r--,m::r--,o::--- */
        static const uint8_t caps2[20] = { 1, 0, 0, 2, 0, 0x20 }, caps3[24] = { 1, 0, 0, 3, 0, 0x20, [20] = 0, 0, 1, 0 };
        static const uint8_t acl[44] = { 2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 0xe8, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255,
                                         16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255 };
        Trees *t = *state;
        uint8_t back[64];
        int fd;

        put(t->from, "f", "x");
        put(t->from, "g", "x");
        assert_int_equal(fchownat(t->from, "f", 1000, 1000, 0), 0);
        fd = openat(t->from, "f", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0), 0);
        assert_int_equal(fsetxattr(fd, "security.capability", caps2, sizeof(caps2), 0), 0);
        assert_int_equal(fsetxattr(fd, "system.posix_acl_access", acl, sizeof(acl), 0), 0);
        close(fd);
        fd = openat(t->from, "g", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fsetxattr(fd, "security.capability", caps3, sizeof(caps3), 0), 0);
        close(fd);
        copy(t);
        fd = openat(t->to, "f", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fgetxattr(fd, "trusted.overlay.opaque", back, sizeof(back)), 1);
        assert_int_equal(fgetxattr(fd, "security.capability", back, sizeof(back)), sizeof(caps2));
        assert_memory_equal(back, caps2, sizeof(caps2));
        assert_int_equal(fgetxattr(fd, "system.posix_acl_access", back, sizeof(back)), sizeof(acl));
        assert_memory_equal(back, acl, sizeof(acl));
        assert_int_equal(look(t->to, "f").st_mode, look(t->from, "f").st_mode);
        close(fd);
        fd = openat(t->to, "g", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fgetxattr(fd, "security.capability", back, sizeof(back)), sizeof(caps3));
        assert_memory_equal(back, caps3, sizeof(caps3));
        close(fd);
}

/* 40 levels of 250 bytes are 10,000, twice what a path may have; with a hard link at both ends. */
static void deep_and_odd_names(void **state) {
        Trees *t = *state;
        char name[251];
        int at = dup(t->from);

        memset(name, 'd', 250);
        name[250] = 0;
        put(t->from, "\xff\n\t*", "odd");
        put(t->from, "zzz", "x");
        for (int i = 0; i < 40; i++) {
                int next;

                assert_int_equal(mkdirat(at, name, 0755), 0);
                next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                close(at);
                at = next;
        }
        assert_int_equal(linkat(t->from, "zzz", at, "deep", 0), 0);
        put(at, "file", "bottom");
        assert_int_equal(linkat(at, "file", t->from, "~last", 0), 0);
        close(at);
        copy(t);
        assert_int_equal(look(t->to, "\xff\n\t*").st_size, 3);
        assert_int_equal(look(t->to, "zzz").st_nlink, 2);
        assert_int_equal(look(t->to, "~last").st_nlink, 2);
        assert_int_equal(look(t->to, "~last").st_size, 6);
}

static void too_deep(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        Trees *t = *state;
        int at = dup(t->from);

        for (int i = 0; i < 249; i++) {
                int next;

                assert_int_equal(mkdirat(at, "d", 0755), 0);
                next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                close(at);
                at = next;
        }
        assert_int_equal(mkdirat(at, "one-more", 0755), 0);
        assert_int_equal(copy_tree(t->from, t->to, NULL, &error), -ELOOP);
        assert_error_says(error, "250");
        assert_int_equal(unlinkat(at, "one-more", AT_REMOVEDIR), 0); /* for teardown */
        close(at);
}

static bool is_cancelled(void *userdata) {
        return ++*(int *) userdata == 2;
}

static void cancelled(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        Trees *t = *state;
        int asked = 0;
        CopyWatch watch = { .is_cancelled = is_cancelled, .userdata = &asked };

        put(t->from, "a", "");
        put(t->from, "b", "");
        put(t->from, "c", "");
        assert_int_equal(copy_tree(t->from, t->to, &watch, &error), -ECANCELED);
}

static void one_file(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        Trees *t = *state;
        _cleanup_close_ int fd = -1, fifo = -1;

        put(t->from, "disk.raw", "contents");
        assert_int_equal(mknodat(t->from, "fifo", S_IFIFO | 0640, 0), 0);
        fd = openat(t->from, "disk.raw", O_PATH | O_CLOEXEC);
        fifo = openat(t->from, "fifo", O_PATH | O_CLOEXEC);
        assert_ok(copy_file(fd, t->to, "x.raw", NULL, &error));
        assert_int_equal(look(t->to, "x.raw").st_size, 8);
        assert_int_equal(copy_file(fd, t->to, "x.raw", NULL, &error), -EEXIST);
        assert_int_equal(look(t->to, "x.raw").st_size, 8);
        assert_int_equal(copy_file(fifo, t->to, "y.raw", NULL, &error), -EINVAL);
}

static void sizes(void **state) {
        Trees *t = *state;
        uint64_t bytes, files;

        put(t->from, "a", "x");
        assert_int_equal(linkat(t->from, "a", t->from, "b", 0), 0);
        assert_int_equal(mkdirat(t->from, "d", 0755), 0);
        assert_int_equal(tree_size(t->from, &bytes, &files), 0);
        assert_int_equal(files, 4);
        assert_int_equal(bytes, (uint64_t) (look(t->from, ".").st_blocks + look(t->from, "a").st_blocks + look(t->from, "d").st_blocks) * 512);
}

/* An inode's number that was given to another file meanwhile is another file. */
static void links_by_birth(void **state) {
        struct statx st = { .stx_mask = STATX_BTIME, .stx_ino = 5, .stx_nlink = 3 };
        HardLinks links = {};
        HardLink *l;

        (void) state;
        assert_int_equal(hard_links_see(&links, &st, &l), 0);
        assert_int_equal(hard_links_see(&links, &st, &l), 1);
        assert_int_equal(l->left, 1);
        st.stx_btime.tv_nsec = 1;
        assert_int_equal(hard_links_see(&links, &st, &l), 0);
        for (st.stx_ino = 10; st.stx_ino < 5000; st.stx_ino++)
                assert_int_equal(hard_links_see(&links, &st, &l), 0);
        st.stx_ino = 5;
        assert_int_equal(hard_links_see(&links, &st, &l), 1);
        hard_links_done(&links);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(owner_mode_times, setup, teardown),
                cmocka_unit_test_setup_teardown(nodes, setup, teardown),
                cmocka_unit_test_setup_teardown(hard_links, setup, teardown),
                cmocka_unit_test_setup_teardown(holes, setup, teardown),
                cmocka_unit_test_setup_teardown(attributes, setup, teardown),
                cmocka_unit_test_setup_teardown(deep_and_odd_names, setup, teardown),
                cmocka_unit_test_setup_teardown(too_deep, setup, teardown),
                cmocka_unit_test_setup_teardown(cancelled, setup, teardown),
                cmocka_unit_test_setup_teardown(one_file, setup, teardown),
                cmocka_unit_test_setup_teardown(sizes, setup, teardown),
                cmocka_unit_test(links_by_birth),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
