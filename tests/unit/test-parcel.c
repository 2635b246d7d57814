/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parcel.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parcel-attributes.h"
#include "parcel-write.h"
#include "remove.h"
#include "unit.h"

/* A writer is given what nobody who means well sends: it makes nothing outside of where it is to, leaves nothing half, and says why. */

typedef struct World {
        char directory[64], target[96];
        int pair[2];
        ParcelTally tally;
        ParcelPipe out, in;
} World;

static void begin(World *w) {
        _cleanup_(error_freep) Error *error = NULL;

        *w = (World){};
        strcpy(w->directory, "/tmp/test-parcel.XXXXXX");
        assert_non_null(mkdtemp(w->directory));
        snprintf(w->target, sizeof(w->target), "%s/target", w->directory);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w->pair), 0);
        assert_ok(parcel_pipe_init(&w->out, w->pair[0], &w->tally, &error));
        assert_ok(parcel_pipe_init(&w->in, w->pair[1], &w->tally, &error));
}

/* left: how many entries there are beside "." and "..". */
static void end(World *w, size_t left) {
        _cleanup_closedir_ DIR *d = opendir(w->directory);
        struct dirent *e;
        size_t n = 0;
        int tmp;

        assert_non_null(d);
        while ((e = readdir(d)))
                n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
        assert_int_equal(n, left);
        parcel_pipe_done(&w->out);
        parcel_pipe_done(&w->in);
        close(w->pair[0]);
        close(w->pair[1]);
        tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(remove_tree(tmp, w->directory + strlen("/tmp/")), 0);
        close(tmp);
}

static void say(World *w, ParcelKind kind, const char *name, const char *text) {
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(parcel_send(&w->out, &(Parcel){ .head = { .kind = kind, .mode = 0755, .uid = getuid(), .gid = getgid(),
                                                            .bytes_size = text ? (uint32_t) strlen(text) + 1 : 0 },
                                                  .name = name, .bytes = text, .fd = -1 },
                              &error));
}

static int written(World *w, Error **reterr) {
        (void) shutdown(w->pair[0], SHUT_WR);
        return parcel_write(&w->in, &(ParcelWrite){}, reterr);
}

static void test_whole(_unused_ void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        char path[160];
        struct stat st;
        World w;

        begin(&w);
        say(&w, PARCEL_TOP, w.target, NULL);
        say(&w, PARCEL_DIRECTORY, "any", NULL);
        say(&w, PARCEL_FILE, "file", NULL);
        say(&w, PARCEL_DATA, NULL, "0123456");
        say(&w, PARCEL_FILE_END, NULL, NULL);
        say(&w, PARCEL_HARD_LINK, "again", "file");
        say(&w, PARCEL_SYMLINK, "link", "/nowhere");
        say(&w, PARCEL_FIFO, "fifo", NULL);
        say(&w, PARCEL_LEAVE, NULL, NULL);
        say(&w, PARCEL_TOP_END, NULL, NULL);
        say(&w, PARCEL_END, NULL, NULL);
        assert_ok(written(&w, &error));
        snprintf(path, sizeof(path), "%s/again", w.target);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_nlink, 2);
        assert_int_equal(w.tally.done.files, 5);
        end(&w, 1);
}

static void test_cut_off(_unused_ void **state) {
        for (int n = 0; n < 6; n++) {
                _cleanup_(error_freep) Error *error = NULL;
                World w;

                begin(&w);
                if (n > 0)
                        say(&w, PARCEL_TOP, w.target, NULL);
                if (n > 1)
                        say(&w, PARCEL_DIRECTORY, "any", NULL);
                if (n > 2)
                        say(&w, PARCEL_DIRECTORY, "sub", NULL);
                if (n > 3)
                        say(&w, PARCEL_FILE, "file", NULL);
                if (n > 4)
                        say(&w, PARCEL_DATA, NULL, "0123456");
                assert_true(written(&w, &error) < 0);
                assert_non_null(error);
                end(&w, 0);
        }
}

static void test_names_that_lead_out(_unused_ void **state) {
        static const struct {
                ParcelKind kind;
                const char *name, *text;
        } bad[] = {
                { PARCEL_FILE, "../out", NULL }, { PARCEL_FILE, "..", NULL }, { PARCEL_FILE, "", NULL }, { PARCEL_FILE, "a/b", NULL },
                { PARCEL_DIRECTORY, "..", NULL }, { PARCEL_DIRECTORY, ".", NULL }, { PARCEL_DIRECTORY, "/", NULL },
                { PARCEL_SYMLINK, "../out", "x" }, { PARCEL_FIFO, "../out", NULL }, { PARCEL_HARD_LINK, "out", "../../etc/passwd" },
                { PARCEL_HARD_LINK, "out", "/etc/passwd" }, { PARCEL_HARD_LINK, "out", ".." }, { PARCEL_HARD_LINK, "out", "link/passwd" },
                { PARCEL_HARD_LINK, "out", "" }, { PARCEL_DATA, NULL, "x" }, { PARCEL_FILE_END, NULL, NULL }, { PARCEL_TOP, "/tmp", NULL },
                { PARCEL_TOP_END, NULL, NULL }, { PARCEL_END, NULL, NULL }, { PARCEL_DONE, NULL, NULL },
                { PARCEL_XATTR, "trusted.overlay.opaque", "y" },
                { PARCEL_XATTR, "security.selinux", "y" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                World w;

                begin(&w);
                say(&w, PARCEL_TOP, w.target, NULL);
                say(&w, PARCEL_DIRECTORY, "any", NULL);
                say(&w, PARCEL_SYMLINK, "link", "/etc");
                say(&w, bad[i].kind, bad[i].name, bad[i].text);
                if (written(&w, &error) >= 0)
                        fail_msg("%zu is taken", i);
                assert_non_null(error);
                end(&w, 0);
        }
}

static void test_too_deep(_unused_ void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        pid_t sender;
        World w;

        begin(&w);
        say(&w, PARCEL_TOP, w.target, NULL);
        sender = fork(); /* more than the socket holds */
        if (sender == 0) {
                for (int i = 0; i <= PARCEL_DEPTH_MAX; i++)
                        say(&w, PARCEL_DIRECTORY, "d", NULL);
                _exit(0);
        }
        assert_true(parcel_write(&w.in, &(ParcelWrite){}, &error) < 0);
        assert_int_equal(waitpid(sender, NULL, 0), sender);
        assert_error_says(error, "directories in each other");
        end(&w, 0);
}

static void test_noise(_unused_ void **state) {
        uint8_t noise[400];

        srand(7);
        for (int round = 0; round < 3000; round++) {
                _cleanup_(error_freep) Error *error = NULL;
                size_t n = (size_t) rand() % sizeof(noise);
                ParcelHead head = { .kind = (uint32_t) rand() % (_PARCEL_KINDS + 1) };
                World w;

                begin(&w);
                say(&w, PARCEL_TOP, w.target, NULL);
                say(&w, PARCEL_DIRECTORY, "any", NULL);
                for (size_t i = 0; i < n; i++)
                        noise[i] = (uint8_t) (rand() % 4 ? 0 : rand());
                if (round % 2) { /* a form that is nearly right */
                        head.name_size = (uint32_t) rand() % 20;
                        head.bytes_size = n > sizeof(head) + head.name_size ? (uint32_t) (n - sizeof(head) - head.name_size) : 0;
                        memcpy(noise, &head, n < sizeof(head) ? n : sizeof(head));
                }
                assert_true(n == 0 || send(w.pair[0], noise, n, 0) >= 0);
                assert_true(written(&w, &error) < 0);
                end(&w, 0);
        }
}

/* Who refuses ends with parcels that it has not read: what it said is heard all the same. */
static void test_last_words(_unused_ void **state) {
        _cleanup_(error_freep) Error *refusal = NULL, *heard = NULL;
        Parcel parcel;
        World w;

        begin(&w);
        say(&w, PARCEL_DIRECTORY, "one", NULL);
        say(&w, PARCEL_DIRECTORY, "two", NULL);
        error_set(&refusal, EEXIST, "one is there already");
        parcel_send_failure(&w.in, -EEXIST, refusal);
        close(w.pair[1]);
        assert_int_equal(parcel_receive(&w.out, &parcel, &heard), -EEXIST);
        assert_string_equal(heard->message, "one is there already");
        w.pair[1] = dup(w.pair[0]); /* for end() */
        end(&w, 0);
}

static void test_paths(_unused_ void **state) {
        static const struct {
                const char *path, *directory, *name;
                bool is_directory;
        } paths[] = {
                { "a", ".", "a", false }, { "/a", "/", "a", false }, { "a/b", "a/", "b", false }, { "a/b/", "a/", "b", true },
                { "a/b/.", "a/", "b", true }, { "a/b/././/", "a/", "b", true }, { "/", ".", "", true }, { ".", ".", "", false },
                { "..", ".", "", false },
                { "a/..", "a/", "", false }, { "//a", "//", "a", false }, { ".a", ".", ".a", false }, { "a\nb", ".", "a\nb", false },
        };
        ParcelSplit s;

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                assert_int_equal(parcel_split(paths[i].path, &s), 0);
                assert_string_equal(s.directory, paths[i].directory);
                assert_string_equal(s.name, paths[i].name);
                assert_int_equal(s.is_directory, paths[i].is_directory);
                parcel_split_done(&s);
        }
        assert_int_equal(parcel_split("", &s), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole), cmocka_unit_test(test_cut_off), cmocka_unit_test(test_names_that_lead_out),
                cmocka_unit_test(test_too_deep), cmocka_unit_test(test_noise), cmocka_unit_test(test_paths),
                cmocka_unit_test(test_last_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
