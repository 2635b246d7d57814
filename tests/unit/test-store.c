/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "layer.h"
#include "layer-info.h"
#include "layer-look.h"
#include "layer-origin.h"
#include "lock.h"
#include "remove.h"
#include "unit.h"

/* The whole of a store but for what needs an overlay to be mounted: it is all directories and links. It has to be root's alone, so not in /tmp. */

static int setup(void **state) {
        char path[] = "/var/tmp/nbox-test-store-XXXXXX";

        assert_non_null(mkdtemp(path));
        *state = strdup(path);
        return *state ? 0 : -1;
}

static int teardown(void **state) {
        _cleanup_close_ int parent = open("/var/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(remove_tree(parent, (char *) *state + strlen("/var/tmp/")), 0);
        free(*state);
        return 0;
}

/* The path of something in the directory of the test. */
static const char *at(void **state, const char *name) {
        static char path[8][256];
        static unsigned next;
        char *p = path[next++ % 8];

        snprintf(p, sizeof(path[0]), "%s/%s", (char *) *state, name);
        return p;
}

static void write_text(const char *path, const char *text) {
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static bool exists(int dir, const char *name) {
        return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

static Image *find(const char *path) {
        _cleanup_(error_freep) Error *error = NULL;
        Image *image = NULL;

        assert_ok(image_find(path, &image, &error));
        return image;
}

/* Find, lock, seal. The id of the sealed layer. */
static void seal(const char *path, const char *snapshot, char ret[LAYER_ID_SIZE]) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *image = find(path);
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_close_ int lock = -1;

        assert_ok(store_of_image(image, true, &s, &error));
        lock = store_lock(s, &error);
        assert_true(lock >= 0);
        assert_ok(image_seal(s, image, snapshot, ret, &error));
}

static void text_and_back(void **state) {
        static const char *const bad[] = {
                "", "made 1", "made x\n", "made 1\nparent 12\n", "made 1\nparent ../../../etc/passwd/0123456789012\n", "parent 0123456789abcdef0123456789abcdef\n",
                "made 1\nmade 2\n", "made 1\nfrom a/b\n", "made 1\nfrom \n", "made 1\nfrom\n", "made 1\nfrom a\x01\n", "made -1\n",
                "made 1\nparent 0123456789abcdef0123456789abcdef\nparent 0123456789abcdef0123456789abcdef\n", "made 1\nparent 0123456789ABCDEF0123456789abcdef\n",
        };
        char id[LAYER_ID_SIZE], again[LAYER_ID_SIZE], link[LAYER_LINK_MAX];
        char text[] = "made 17\nfuture word of a newer one\nparent 0123456789abcdef0123456789abcdef\nfrom web-1\n";
        Layer l = { .fd = -1, .tree = -1 };
        char *formatted;

        (void) state;
        assert_int_equal(layer_id_new(id), 0);
        assert_true(layer_id_is_valid(id));
        layer_link(id, link);
        assert_true(layer_from_link(link, again));
        assert_string_equal(id, again);
        assert_false(layer_from_snapshot_link(link, again));
        layer_snapshot_link(id, link);
        assert_true(layer_from_snapshot_link(link, again));
        assert_false(layer_from_link(link, again));
        assert_false(layer_from_link(STORE_NAME "/layers/../../../../../../etc/passwd12345/tree", again));

        assert_int_equal(layer_info_parse(&l, text), 0);
        assert_int_equal(l.made_usec, 17);
        assert_string_equal(l.parent, "0123456789abcdef0123456789abcdef");
        assert_string_equal(l.from, "web-1");
        formatted = layer_info_format(&l);
        assert_string_equal(formatted, "parent 0123456789abcdef0123456789abcdef\nmade 17\nfrom web-1\n");
        free(formatted);
        free(l.from);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                Layer x = { .fd = -1, .tree = -1 };
                char copy[256];

                strcpy(copy, bad[i]);
                if (layer_info_parse(&x, copy) >= 0)
                        fail_msg("'%s' is taken for right", bad[i]);
                free(x.from);
        }
}

static void a_tree_becomes_layers(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *plain = NULL, *layered = NULL, *linked = NULL, *here = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        char id[LAYER_ID_SIZE], again[LAYER_ID_SIZE], own[LAYER_ID_SIZE], *was = getcwd(NULL, 0);
        Layer **chain = NULL;
        struct stat st, top;
        size_t n = 0;

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        assert_int_equal(chmod(at(state, "web"), 0751), 0);
        assert_int_equal(chown(at(state, "web"), 1234, 1235), 0);
        assert_int_equal(setxattr(at(state, "web"), "user.mine", "yes", 3, 0), 0);
        write_text(at(state, "web/file"), "content");
        assert_int_equal(stat(at(state, "web"), &st), 0);
        plain = find(at(state, "web"));
        assert_int_equal(plain->type, IMAGE_TREE);
        assert_int_equal(layer_of_image(plain, own), 0);

        seal(at(state, "web"), NULL, id);
        layered = find(at(state, "web"));
        assert_int_equal(layered->type, IMAGE_LAYERED);
        assert_string_equal(layered->path, at(state, "web"));
        assert_string_equal(layered->name, "web");
        assert_int_equal(layer_of_image(layered, own), 1);

        assert_ok(store_of_image(layered, false, &s, &error));
        assert_ok(layer_chain(s, own, &chain, &n, &error));
        assert_int_equal(n, 2);
        assert_string_equal(chain[0]->parent, id);
        assert_string_equal(chain[1]->from, "web");
        assert_true(exists(chain[1]->tree, "file"));
        assert_false(exists(chain[0]->tree, "file"));
        assert_true(exists(chain[0]->fd, "work"));
        layer_chain_free(chain, n);

        assert_int_equal(fstat(layered->fd, &top), 0); /* as the tree's was: nothing of it shines through an overlay */
        assert_int_equal(top.st_mode, st.st_mode);
        assert_int_equal(top.st_uid, 1234);
        assert_int_equal(top.st_gid, 1235);
        assert_int_equal(top.st_mtim.tv_nsec, st.st_mtim.tv_nsec);
        assert_int_equal(getxattr(at(state, "web"), "user.mine", NULL, 0), 3);

        seal(at(state, "web"), NULL, again); /* nothing was written: nothing to do */
        assert_string_equal(id, again);

        assert_int_equal(symlink("web", at(state, "other")), 0); /* by another link, and from within, it is the same image */
        linked = find(at(state, "other"));
        assert_string_equal(linked->path, at(state, "web"));
        assert_int_equal(chdir(at(state, "web")), 0);
        here = find(".");
        assert_string_equal(here->path, at(state, "web"));
        assert_int_equal(chdir(was), 0);
        free(was);
}

static void written_layers_are_sealed(void **state) {
        char first[LAYER_ID_SIZE], second[LAYER_ID_SIZE], third[LAYER_ID_SIZE];

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        seal(at(state, "web"), NULL, first);
        write_text(at(state, "web/new"), "x");
        seal(at(state, "web"), NULL, second);
        assert_string_not_equal(first, second);
        assert_int_equal(chmod(at(state, "web"), 0700), 0); /* the top directory itself */
        seal(at(state, "web"), NULL, third);
        assert_string_not_equal(second, third);
        seal(at(state, "web"), NULL, first);
        assert_string_equal(first, third);
}

static void layers_are_no_images(void **state) {
        _cleanup_(error_freep) Error *error = NULL, *lost = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        char id[LAYER_ID_SIZE], path[128];
        Image *image = NULL;

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        seal(at(state, "web"), NULL, id);
        snprintf(path, sizeof(path), STORE_NAME "/layers/%s/tree", id);
        assert_int_equal(image_find(at(state, path), &image, &error), -EUCLEAN);
        assert_error_says(error, "is a layer");

        assert_ok(store_open(*state, false, &s, &error));
        assert_ok(store_point(s, "lost", "0123456789abcdef0123456789abcdef", true, &lost));
        assert_int_equal(image_find(at(state, "lost"), &image, &lost), -ENOENT);
        assert_error_says(lost, "has lost its layer");
}

static void what_nothing_refers_to_goes(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        char base[LAYER_ID_SIZE], path[64];
        Layer *l = NULL;

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        seal(at(state, "web"), NULL, base);
        assert_ok(store_open(*state, false, &s, &error));
        assert_ok(layer_new(s, base, "passing", &l, &error));
        snprintf(path, sizeof(path), "layers/%s", l->id);
        assert_int_equal(store_sweep(s, &error), 0); /* held */
        assert_true(exists(s->fd, path));
        layer_free(l);
        assert_int_equal(store_sweep(s, &error), 1);
        assert_false(exists(s->fd, path));

        assert_ok(layer_new(s, base, "clone", &l, &error));
        assert_ok(store_point(s, "clone", l->id, true, &error));
        layer_free(l);
        assert_int_equal(unlink(at(state, "web")), 0); /* as machinectl removes it */
        assert_int_equal(store_sweep(s, &error), 1); /* its own layer; the base is the clone's */
        snprintf(path, sizeof(path), "layers/%s/tree", base);
        assert_true(exists(s->fd, path));
        assert_int_equal(unlink(at(state, "clone")), 0);
        assert_int_equal(store_sweep(s, &error), 2);
        assert_false(exists(s->fd, path));
}

static void a_damaged_store_loses_nothing(void **state) {
        _cleanup_(error_freep) Error *error = NULL, *looping = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        char base[LAYER_ID_SIZE], path[128], text[128];
        Layer *l = NULL, **chain = NULL;
        size_t n;

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        seal(at(state, "web"), NULL, base);
        assert_ok(store_open(*state, false, &s, &error));
        assert_ok(layer_new(s, base, "garbage", &l, &error));
        layer_free(l);
        snprintf(path, sizeof(path), STORE_NAME "/layers/%s/info", base);
        write_text(at(state, path), "made");
        assert_int_equal(store_sweep(s, &error), -EBADMSG);
        assert_error_says(error, base);

        snprintf(text, sizeof(text), "made 1\nparent %s\n", base);
        write_text(at(state, path), text);
        assert_int_equal(layer_chain(s, base, &chain, &n, &looping), -ELOOP);
        assert_error_says(looping, "beneath itself");
        write_text(at(state, path), "made 1\n");
        assert_int_equal(store_sweep(s, &error), 1);
}

static void snapshots_hold_layers(void **state) {
        _cleanup_(error_freep) Error *error = NULL, *taken = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        char id[LAYER_ID_SIZE], again[LAYER_ID_SIZE], path[128];

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        seal(at(state, "web"), "before", id);
        assert_ok(store_open(*state, false, &s, &error));
        assert_int_equal(layer_read_snapshot_link(s->fd, "snapshots/web/before", again), 1);
        assert_string_equal(id, again);
        image = find(at(state, "web"));
        assert_int_equal(image_seal(s, image, "before", again, &taken), -EEXIST);
        assert_error_says(taken, "before");
        assert_int_equal(image_seal(s, image, "a/b", again, &taken), -EINVAL);

        /* whoever was killed between the name and the seal: it is none, and may be taken again */
        snprintf(path, sizeof(path), "../../layers/%s", image->layer);
        assert_int_equal(symlinkat(path, s->fd, "snapshots/web/cut"), 0);
        write_text(at(state, "web/file"), "x");
        assert_ok(image_seal(s, image, "cut", again, &error));
        assert_string_equal(again, image->layer);

        assert_int_equal(symlinkat("../../layers/0123456789abcdef0123456789abcdef", s->fd, "snapshots/web/lost"), 0);
        assert_int_equal(unlink(at(state, "web")), 0);
        assert_int_equal(store_sweep(s, &error), 1); /* what was written to since the last one */
        assert_false(exists(s->fd, "snapshots/web/lost"));
        assert_true(exists(s->fd, "snapshots/web/cut"));
        assert_int_equal(unlinkat(s->fd, "snapshots/web/cut", 0), 0);
        assert_int_equal(unlinkat(s->fd, "snapshots/web/before", 0), 0);
        assert_int_equal(store_sweep(s, &error), 2);
}

static void a_chain_has_an_end(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        char id[LAYER_ID_SIZE];

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        for (int i = 0; i < LAYERS_MAX - 1; i++) {
                write_text(at(state, "web/file"), "x");
                seal(at(state, "web"), NULL, id);
        }
        write_text(at(state, "web/file"), "x");
        image = find(at(state, "web"));
        assert_ok(store_of_image(image, false, &s, &error));
        assert_int_equal(image_seal(s, image, NULL, id, &error), -E2BIG);
        assert_non_null(strstr(error->hint, "--copy"));
        assert_int_equal(store_sweep(s, &error), 0);
}

/* Two who may both read it: the second finds it changed, and has to look again. */
static void sealed_by_another_meanwhile(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *plain = NULL, *layered = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        char id[LAYER_ID_SIZE];

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        plain = find(at(state, "web"));
        seal(at(state, "web"), NULL, id);
        assert_ok(store_of_image(plain, false, &s, &error));
        assert_int_equal(image_seal(s, plain, NULL, id, &error), -EAGAIN);
        layered = find(at(state, "web"));
        write_text(at(state, "web/file"), "x");
        seal(at(state, "web"), NULL, id);
        assert_int_equal(image_seal(s, layered, NULL, id, &error), -EAGAIN);
}

static void whoever_waited_does_not_write_to_what_is_sealed(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *before = NULL;
        ImageLock *lock = NULL;
        char id[LAYER_ID_SIZE];

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        before = find(at(state, "web"));
        seal(at(state, "web"), NULL, id);
        assert_int_equal(image_lock(before, false, &lock, &error), -EAGAIN);
        assert_error_says(error, "just been changed");
}

/* Put a layer of its own under an image, as a machine would have written it, and begin another. */
static void looks_through_layers(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        char id[LAYER_ID_SIZE];
        static const struct {
                const char *path;
                int error;
                const char *text;
        } expected[] = {
                { "/etc/os-release", 0, "NAME=below" }, /* by a link up and down */
                { "etc/upper", 0, "two" },
                { "/etc/../etc//./lower", 0, "one" },
                { "/../../etc/lower", 0, "one" },
                { "/gone", ENOENT, NULL },
                { "/opaque/hidden", ENOENT, NULL },
                { "/opaque/new", 0, "two" },
                { "/renamed/file", 0, "one" },
                { "/renamed/more", 0, "two" },
                { "/file-over-directory", 0, "two" },
                { "/file-over-directory/x", ENOTDIR, NULL },
                { "/around", ELOOP, NULL },
                { "/etc", EISDIR, NULL },
                { "/dev-zero", EBADF, NULL },
                { "/out", ENOENT, NULL },
        };
        Image *image;

        assert_int_equal(mkdir(at(state, "web"), 0755), 0);
        for (size_t i = 0; i < 5; i++)
                assert_int_equal(mkdir(at(state, (const char *[]){ "web/etc", "web/usr", "web/opaque", "web/was", "web/file-over-directory" }[i]), 0755), 0);
        assert_int_equal(symlink("../usr/./os-release", at(state, "web/etc/os-release")), 0);
        assert_int_equal(symlink("/around", at(state, "web/around")), 0);
        assert_int_equal(symlink("/../../../../../var/tmp/../etc/passwd-", at(state, "web/out")), 0);
        write_text(at(state, "web/usr/os-release"), "NAME=below");
        write_text(at(state, "web/etc/lower"), "one");
        write_text(at(state, "web/etc/upper"), "one");
        write_text(at(state, "web/gone"), "one");
        write_text(at(state, "web/opaque/hidden"), "one");
        write_text(at(state, "web/was/file"), "one");
        seal(at(state, "web"), NULL, id);
        assert_int_equal(mkdir(at(state, "web/etc"), 0755), 0);
        write_text(at(state, "web/etc/upper"), "two");
        assert_int_equal(mknod(at(state, "web/gone"), S_IFCHR, 0), 0);
        assert_int_equal(mknod(at(state, "web/dev-zero"), S_IFCHR, 5 | 1 << 8), 0);
        assert_int_equal(mkdir(at(state, "web/opaque"), 0755), 0);
        assert_int_equal(setxattr(at(state, "web/opaque"), "trusted.overlay.opaque", "y", 1, 0), 0);
        write_text(at(state, "web/opaque/new"), "two");
        assert_int_equal(mkdir(at(state, "web/renamed"), 0755), 0);
        assert_int_equal(setxattr(at(state, "web/renamed"), "trusted.overlay.redirect", "/was", 4, 0), 0);
        write_text(at(state, "web/renamed/more"), "two");
        write_text(at(state, "web/file-over-directory"), "two");
        seal(at(state, "web"), NULL, id);

        image = find(at(state, "web"));
        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                _cleanup_free_ char *text = NULL;
                int r = layers_read_file(image, expected[i].path, 64, &text);

                if (r != -expected[i].error || (text && strcmp(text, expected[i].text) != 0))
                        fail_msg("'%s' gives %d, '%s'", expected[i].path, r, text ?: "");
        }
        image_free(image);
}

static void only_roots_own_directories(void **state) {
        _cleanup_(error_freep) Error *error = NULL, *forged = NULL;
        Store *s = NULL;

        assert_int_equal(store_open(*state, false, &s, &error), -ENOENT);
        assert_null(error);
        assert_int_equal(chmod(*state, 0777), 0);
        assert_int_equal(store_open(*state, true, &s, &error), -EPERM);
        assert_error_says(error, "others than root");
        assert_int_equal(chmod(*state, 0700), 0);

        assert_int_equal(mkdir(at(state, STORE_NAME), 0777), 0);
        assert_int_equal(chown(at(state, STORE_NAME), 1234, 1234), 0);
        assert_int_equal(store_open(*state, false, &s, &forged), -EPERM);
        assert_int_equal(rmdir(at(state, STORE_NAME)), 0);
        assert_int_equal(symlink("/etc", at(state, STORE_NAME)), 0);
        assert_int_equal(store_open(*state, true, &s, &forged), -ENOTDIR);
        assert_null(s);
}

#define WITH_DIRECTORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Only what is whole has an origin, and is found by it; the newest of several. */
static void found_by_where_it_came_from(void **state) {
        char *one[] = { (char *) "oci 1234", (char *) "url http://a/b c", NULL }, *bad[] = { (char *) "oci 12\n34", NULL }, *no_word[] = { (char *) "1234", NULL };
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_strv_ char **lines = NULL;
        Layer *l, *other, *found = NULL;

        assert_ok(store_open(*state, true, &s, &error));
        assert_ok(layer_new(s, "", "a", &l, &error));
        assert_int_equal(layer_origin_find(s, ORIGIN_OCI, "1234", &found, &error), 0);
        assert_int_equal(layer_origin_write(l, bad, NULL), -EINVAL);
        assert_int_equal(layer_origin_write(l, no_word, NULL), -EINVAL);
        assert_int_equal(layer_origin_read(l, &lines, NULL), 0);
        assert_ok(layer_origin_write(l, one, &error));
        assert_int_equal(layer_origin_write(l, one, NULL), -EEXIST);
        assert_int_equal(layer_origin_read(l, &lines, &error), 1);
        assert_string_equal(layer_origin_get(lines, ORIGIN_URL), "http://a/b c");
        assert_null(layer_origin_get(lines, ORIGIN_ETAG));
        assert_int_equal(layer_origin_find(s, ORIGIN_OCI, "123", &found, &error), 0);
        assert_ok(layer_new(s, l->id, "b", &other, &error));
        assert_ok(layer_origin_write(other, one, &error));
        assert_int_equal(layer_origin_find(s, ORIGIN_OCI, "1234", &found, &error), 1);
        assert_string_equal(found->id, other->id);
        layer_free(found);
        layer_free(l);
        /* what it stands on is damaged: it is none of these any more */
        {
                char info[128];

                snprintf(info, sizeof(info), ".#nbox/layers/%s/info", other->parent);
                assert_int_equal(unlink(at(state, info)), 0);
        }
        assert_int_equal(layer_origin_find(s, ORIGIN_OCI, "1234", &found, &error), 0);
        layer_free(other);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_and_back),
                WITH_DIRECTORY(a_tree_becomes_layers),
                WITH_DIRECTORY(written_layers_are_sealed),
                WITH_DIRECTORY(layers_are_no_images),
                WITH_DIRECTORY(what_nothing_refers_to_goes),
                WITH_DIRECTORY(a_damaged_store_loses_nothing),
                WITH_DIRECTORY(snapshots_hold_layers),
                WITH_DIRECTORY(a_chain_has_an_end),
                WITH_DIRECTORY(sealed_by_another_meanwhile),
                WITH_DIRECTORY(whoever_waited_does_not_write_to_what_is_sealed),
                WITH_DIRECTORY(looks_through_layers),
                WITH_DIRECTORY(found_by_where_it_came_from),
                WITH_DIRECTORY(only_roots_own_directories),
        };

        return geteuid() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 77; /* skipped: a store is root's */
}
