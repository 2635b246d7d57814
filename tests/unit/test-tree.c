/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fd.h"
#include "remove.h"
#include "unit.h"

typedef struct Tree {
        char path[64];
        int fd;
} Tree;

static int setup(void **state) {
        Tree *t = calloc(1, sizeof(*t));

        snprintf(t->path, sizeof(t->path), "/tmp/nbox-test-tree-XXXXXX");
        assert_non_null(mkdtemp(t->path));
        t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(t->fd >= 0);
        assert_int_equal(mkdirat(t->fd, "sbin", 0755), 0);
        assert_int_equal(mkdirat(t->fd, "bin", 0755), 0);
        assert_int_equal(mkdirat(t->fd, "etc", 0755), 0);
        *state = t;
        return 0;
}

static void remove_it(const char *path) {
        _cleanup_close_ int parent = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(remove_tree(parent, path + strlen("/tmp/")), 0);
        assert_int_equal(access(path, F_OK), -1);
}

static int teardown(void **state) {
        Tree *t = *state;

        close_fd(t->fd);
        remove_it(t->path);
        free(t);
        return 0;
}

static void put(const Tree *t, const char *path, const char *text, mode_t mode) {
        _cleanup_close_ int fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
        assert_int_equal(fchmod(fd, mode), 0);
}

static void no_init(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        Tree *t = *state;
        char *init = NULL;

        /* The host has a /bin/sh and a /usr: a link that is followed outside would find them. */
        assert_int_equal(symlinkat("/usr/bin/env", t->fd, "sbin/init"), 0);
        put(t, "etc/init", "", 0644);
        assert_int_equal(mkfifoat(t->fd, "bin/init", 0755), 0);
        put(t, "bin/sh", "", 0755);
        assert_int_equal(tree_find_init(t->fd, &init, &error), -ENOEXEC);
        assert_error_says(error, "/sbin/init (a link to nothing in the tree)");
        assert_error_says(error, "/etc/init (not executable)");
        assert_error_says(error, "/bin/init (not a regular file)");
        assert_error_says(error, "/usr/lib/systemd/systemd (missing)");
        assert_non_null(strstr(error->hint, "nbox run"));
}

static void finds_init(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *init = NULL, *first = NULL;
        Tree *t = *state;

        put(t, "bin/init", "", 0755);
        assert_ok(tree_find_init(t->fd, &init, &error));
        assert_string_equal(init, "/bin/init");
        assert_int_equal(symlinkat("../../../../../bin/init", t->fd, "sbin/init"), 0); /* ".." ends at the root */
        assert_ok(tree_find_init(t->fd, &first, &error));
        assert_string_equal(first, "/sbin/init");
}

static void reads_bounded(void **state) {
        _cleanup_free_ char *text = NULL;
        Tree *t = *state;

        put(t, "etc/a", "hello", 0644);
        assert_int_equal(tree_read_file(t->fd, "/etc/a", 5, &text), 0);
        assert_string_equal(text, "hello");
        assert_int_equal(tree_read_file(t->fd, "/etc/a", 4, &(char *){ NULL }), -EFBIG);
        assert_int_equal(mkfifoat(t->fd, "etc/pipe", 0644), 0);
        assert_int_equal(tree_read_file(t->fd, "/etc/pipe", 4, &(char *){ NULL }), -EBADF); /* and does not wait for a writer */
        assert_int_equal(symlinkat("/etc/passwd", t->fd, "etc/link"), 0);
        assert_int_equal(tree_read_file(t->fd, "/etc/link", 4096, &(char *){ NULL }), -ENOENT);
        assert_int_equal(symlinkat("/proc/self/root/etc/passwd", t->fd, "etc/magic"), 0);
        assert_int_equal(tree_read_file(t->fd, "/etc/magic", 4096, &(char *){ NULL }), -ENOENT);
}

static void files_of_proc(void **state _unused_) {
        _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(tree_read_file(root, "/proc/uptime", 4096, &(char *){ NULL }), -EBADF);
}

static void os_release_of_a_tree(void **state) {
        OsRelease os = {};
        Tree *t = *state;

        assert_int_equal(tree_os_release(t->fd, &os), 0);
        assert_null(os.id);
        put(t, "etc/os-release", "ID=x\nPRETTY_NAME=\"X y\"\n", 0644);
        assert_int_equal(tree_os_release(t->fd, &os), 0);
        assert_string_equal(os.id, "x");
        assert_string_equal(os.pretty_name, "X y");
        assert_null(os.version_id);
        os_release_done(&os);
}

static void os_release_text(void **state _unused_) {
        static const struct {
                const char *text, *pretty;
        } cases[] = {
                { "PRETTY_NAME=Plain", "Plain" },
                { "PRETTY_NAME=\"a \\\"b\\\" \\$c\"\n", "a \"b\" $c" },
                { "PRETTY_NAME='a \\b'\n", "a \\b" },
                { "XPRETTY_NAME=no\nPRETTY_NAME=one\nPRETTY_NAME=two\n", "two" },
                { "PRETTY_NAME=\"\x1b[31mred\x07\r\x7f\"\n", "[31mred" },
                { "PRETTY_NAME=\"caf\xc3\xa9 \xc2\x9b \xff \xc3\"\n", "caf\xc3\xa9   " },   /* good, C1, never, cut short */
                { "PRETTY_NAME=\"\xc0\xaf \xed\xa0\x80 \xf0\x9f\x90\xa7\"\n", "  \xf0\x9f\x90\xa7" }, /* overlong, surrogate, good */
                { "PRETTY_NAME=\"open", "open" },
                { "PRETTY_NAME=\\", "\\" },
                { "PRETTY_NAME=", "" },
                { "\n\n\nPRETTY_NAME=late", "late" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                OsRelease os = {};

                assert_int_equal(os_release_parse(cases[i].text, &os), 0);
                assert_string_equal(os.pretty_name, cases[i].pretty);
                os_release_done(&os);
        }
}

static void os_release_is_cut(void **state _unused_) {
        char text[1024] = "ID=";
        OsRelease os = {};

        for (size_t i = 3; i < sizeof(text) - 3; i += 3) /* a character of three bytes */
                memcpy(text + i, "\xe2\x82\xac", 3);
        assert_int_equal(os_release_parse(text, &os), 0);
        assert_int_equal(strlen(os.id), 255);
        os_release_done(&os);
}

#define WITH_TREE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_TREE(no_init),
                WITH_TREE(finds_init),
                WITH_TREE(reads_bounded),
                WITH_TREE(os_release_of_a_tree),
                cmocka_unit_test(files_of_proc),
                cmocka_unit_test(os_release_text),
                cmocka_unit_test(os_release_is_cut),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
