/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "remove.h"
#include "unit.h"

/* The locks lie in root's directories, so only root can take them. Two of our own exclude each other within one process too, as
 * open-file-description locks do. That systemd-nspawn sees them is tests/host/image-locks.sh's to show. */

typedef struct Place {
        char path[64];
        Image *image;
} Place;

static int setup(void **state) {
        Place *p = calloc(1, sizeof(*p));
        char tree[128];

        /* not in /tmp itself, where others can write */
        snprintf(p->path, sizeof(p->path), "/var/tmp/nbox-test-lock-XXXXXX");
        assert_non_null(mkdtemp(p->path));
        snprintf(tree, sizeof(tree), "%s/tree", p->path);
        assert_int_equal(mkdir(tree, 0755), 0);
        assert_int_equal(image_open_directory(tree, &p->image, NULL), 0);
        *state = p;
        return 0;
}

static void remove_it(const char *path) {
        _cleanup_close_ int parent = open("/var/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(remove_tree(parent, path + strlen("/var/tmp/")), 0);
        assert_int_equal(access(path, F_OK), -1);
}

static int teardown(void **state) {
        Place *p = *state;

        image_free(p->image);
        remove_it(p->path);
        free(p);
        return 0;
}

static void need_root(void) {
        if (geteuid() != 0)
                skip();
}

static void exclusive(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        ImageLock *lock = NULL, *other = NULL;
        Place *p = *state;
        char *beside, *inode;

        need_root();
        assert_ok(image_lock(p->image, false, &lock, &error));
        beside = strdup(lock->files[0]);
        inode = strdup(lock->files[1]);
        assert_non_null(strstr(beside, "/.#tree.lck"));
        assert_non_null(strstr(inode, "/run/systemd/nspawn/locks/inode-"));
        assert_int_equal(access(beside, F_OK), 0);
        assert_int_equal(access(inode, F_OK), 0);

        assert_int_equal(image_lock(p->image, false, &other, &error), -EBUSY);
        assert_error_says(error, "is in use");
        assert_int_equal(image_lock(p->image, true, &other, NULL), -EBUSY);
        assert_int_equal(image_lock_sweep(beside), 0); /* held: it stays */
        assert_int_equal(access(beside, F_OK), 0);

        image_lock_release(lock);
        assert_int_equal(access(beside, F_OK), -1);
        assert_int_equal(access(inode, F_OK), -1);
        free(beside);
        free(inode);
}

static void shared(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        ImageLock *a = NULL, *b = NULL, *c = NULL;
        Place *p = *state;
        char *beside;

        need_root();
        assert_ok(image_lock(p->image, true, &a, &error));
        assert_ok(image_lock(p->image, true, &b, &error));
        beside = strdup(a->files[0]);
        assert_int_equal(image_lock(p->image, false, &c, NULL), -EBUSY);
        image_lock_release(a);
        assert_int_equal(access(beside, F_OK), 0); /* b has it still */
        assert_int_equal(image_lock(p->image, false, &c, NULL), -EBUSY);
        image_lock_release(b);
        assert_int_equal(access(beside, F_OK), -1);
        free(beside);
}

static void sweeps_what_is_left(void **state) {
        ImageLock *lock = NULL;
        Place *p = *state;
        char *beside;

        need_root();
        assert_int_equal(image_lock(p->image, false, &lock, NULL), 0);
        beside = strdup(lock->files[0]);
        for (size_t i = 0; i < ELEMENTSOF(lock->fds); i++) /* the holder dies */
                lock->fds[i] = close_fd(lock->fds[i]);
        assert_int_equal(access(beside, F_OK), 0);
        for (size_t i = 0; i < ELEMENTSOF(lock->files); i++) {
                assert_int_equal(image_lock_sweep(lock->files[i]), 0);
                assert_int_equal(access(lock->files[i], F_OK), -1);
                assert_int_equal(image_lock_sweep(lock->files[i]), 0);
        }
        image_lock_release(lock);
        free(beside);
}

static void sweeps_nothing_else(void **state _unused_) {
        assert_int_equal(image_lock_sweep("/etc/passwd"), -EINVAL);
        assert_int_equal(image_lock_sweep("passwd"), -EINVAL);
        assert_int_equal(image_lock_sweep(".#a.lck"), -EINVAL);
        assert_int_equal(image_lock_sweep("/etc/.#"), -EINVAL);
        assert_int_equal(image_lock_sweep("/tmp/.#nbox-test-none.lck"), -EACCES); /* where anybody can write */
}

static void never_through_a_link(void **state) {
        ImageLock *lock = NULL;
        Place *p = *state;
        char link[128], target[128];

        need_root();
        snprintf(link, sizeof(link), "%s/.#tree.lck", p->path);
        snprintf(target, sizeof(target), "%s/made", p->path);
        assert_int_equal(symlink("made", link), 0);
        assert_int_equal(image_lock(p->image, false, &lock, NULL), -ELOOP);
        assert_int_equal(access(target, F_OK), -1);
}

static void by_inode_alone_where_others_write(void **state) {
        ImageLock *lock = NULL, *other = NULL;
        Place *p = *state;

        need_root();
        assert_int_equal(chmod(p->path, 01777), 0);
        assert_int_equal(image_lock(p->image, false, &lock, NULL), 0);
        assert_null(lock->files[0]);
        assert_non_null(lock->files[1]);
        assert_int_equal(image_lock(p->image, false, &other, NULL), -EBUSY);
        image_lock_release(lock);
}

#define WITH_TREE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_TREE(exclusive),
                WITH_TREE(shared),
                WITH_TREE(sweeps_what_is_left),
                cmocka_unit_test(sweeps_nothing_else),
                WITH_TREE(never_through_a_link),
                WITH_TREE(by_inode_alone_where_others_write),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
