/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "find.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "remove.h"
#include "unit.h"

static int setup(void **state) {
        char path[] = "/tmp/nbox-test-find-XXXXXX";

        assert_non_null(mkdtemp(path));
        *state = strdup(path);
        return *state ? 0 : -1;
}

static void remove_it(const char *path) {
        _cleanup_close_ int parent = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(remove_tree(parent, path + strlen("/tmp/")), 0);
        assert_int_equal(access(path, F_OK), -1);
}

static int teardown(void **state) {
        remove_it(*state);
        free(*state);
        return 0;
}

static void opens_a_directory(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *image = NULL, *linked = NULL;
        char tree[128], link[128];

        snprintf(tree, sizeof(tree), "%s/web-1", (char *) *state);
        snprintf(link, sizeof(link), "%s/link", (char *) *state);
        assert_int_equal(mkdir(tree, 0755), 0);
        assert_int_equal(symlink("web-1/.", link), 0);
        assert_ok(image_find(tree, &image, &error));
        assert_string_equal(image->path, tree);
        assert_string_equal(image->name, "web-1");
        assert_false(image->read_only);
        assert_true(image->fd >= 0);

        assert_ok(image_find(link, &linked, &error)); /* the host's own links are followed; the path is the real one */
        assert_string_equal(linked->path, tree);
}

static void refuses_what_is_no_tree(void **state) {
        static const struct {
                const char *what;
                int error;
                const char *says;
        } cases[] = {
                { "/", EBUSY, "the host itself lives in" },
                { "/usr/../etc/..", EBUSY, "the host itself lives in" },
                { "/usr", EBUSY, "the host itself lives in" },
                { "/var/lib/..", EBUSY, "the host itself lives in" },
                { "/dev/null", ENOTBLK, "neither a directory nor a disk image" },
                { "/nonexistent/x", ENOENT, "There is no directory" },
                { "/proc/self/root", ELOOP, "is refused" },
                { "/proc/self/cwd/x", ELOOP, "is refused" },
                { "nonexistent-image", ENOENT, "There is no image" },
                { "", EINVAL, "is not an image's name" },
                { ".hidden", EINVAL, "is not an image's name" },
                { "a\nb", EINVAL, "is not an image's name" },
                { "a\x1b[2J/b", EINVAL, "control characters" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                Image *image = NULL;

                if (image_find(cases[i].what, &image, &error) != -cases[i].error)
                        fail_msg("'%s' gives %s", cases[i].what, error ? error->message : "no error");
                assert_null(image);
                assert_error_says(error, cases[i].says);
        }
}

static void a_directory_here_is_pointed_at(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        char *here = getcwd(NULL, 0);
        Image *image = NULL;

        assert_int_equal(chdir(*state), 0);
        assert_int_equal(mkdir("mine", 0755), 0);
        assert_int_equal(image_find("mine", &image, &error), -ENOENT);
        assert_non_null(strstr(error->hint, "./mine"));
        assert_int_equal(chdir(here), 0);
        free(here);
}

static void bad_bytes_behind_a_link(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        char tree[128], link[128];
        Image *image = NULL;

        snprintf(tree, sizeof(tree), "%s/a\nb", (char *) *state);
        snprintf(link, sizeof(link), "%s/fine", (char *) *state);
        assert_int_equal(mkdir(tree, 0755), 0);
        assert_int_equal(symlink(tree, link), 0);
        assert_int_equal(image_find(link, &image, &error), -EINVAL);
        assert_null(image);
}

#define WITH_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_DIRECTORY(opens_a_directory),
                cmocka_unit_test(refuses_what_is_no_tree),
                WITH_DIRECTORY(a_directory_here_is_pointed_at),
                WITH_DIRECTORY(bad_bytes_behind_a_link),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
