/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "parcel-frames.h"
#include "remote.h"
#include "strv.h"
#include "unit.h"

static void rows_are_verbs(void **state) {
        (void) state;
        for (const RemoteVerb *v = remote_verbs; v->name; v++)
                if (!verb_find(v->name))
                        fail_msg("%s is no verb", v->name);
}

static const struct {
        const char *text, *user, *host, *port, *machine; /* host NULL: refused */
} places[] = {
        { "web", NULL, "web", NULL, NULL },
        { "root@web:22", "root", "web", "22", NULL },
        { "a@b@web", "a@b", "web", NULL, NULL },
        { "::1", NULL, "::1", NULL, NULL },
        { "u@[::1]:2222", "u", "::1", "2222", NULL },
        { "[fe80::1%eth0]", NULL, "fe80::1%eth0", NULL, NULL },
        { "web:22/inner", NULL, "web", "22", "inner" },
        { "web/inner", NULL, "web", NULL, "inner" },
        { "" }, { "-x" }, { "u@-x" }, { "-x@h" }, { "h h" }, { "h\n" }, { "h`id`" }, { "h$x" }, { "h;x" }, { "h:" }, { "h:0" }, { "h:65536" }, { "h:2x" }, { "@h" },
        { "u@" }, { "[::1" }, { "[::1]x" }, { "[]" }, { "h/" }, { "h/-x" }, { "h/a/b" }, { "h\"" }, { "h'" }, { "\xc3\xa9" },
};

static void same(const char *got, const char *want) {
        if (!want)
                assert_null(got);
        else
                assert_string_equal(got, want);
}

static void places_are_names_and_nothing_else(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_(remote_done) Remote r = {};
                _cleanup_(error_freep) Error *error = NULL;
                int k = remote_parse_host(&r, places[i].text, &error);

                if (!places[i].host) {
                        assert_int_equal(k, -EINVAL);
                        assert_non_null(error);
                        continue;
                }
                assert_int_equal(k, 0);
                same(r.user, places[i].user);
                same(r.host, places[i].host);
                same(r.port, places[i].port);
                same(r.machine, places[i].machine);
        }
}

/* What a login shell gets to see: one line, and within its quotes nothing that any of them takes for more. */
static void a_command_is_one_plain_line(void **state) {
        char bytes[256], *words[] = { (char *) "exec", (char *) "web", bytes, (char *) "it's !\n", NULL };
        Remote r = { .host = (char *) "h" };
        _cleanup_strv_ char **command = NULL;
        const char *line;
        size_t quotes = 0;

        (void) state;
        for (size_t i = 0; i < 255; i++)
                bytes[i] = (char) (i + 1);
        bytes[255] = 0;
        assert_int_equal(remote_command(&r, &(RemoteCall){ .words = words }, &command, NULL), 0);
        line = command[strv_length(command) - 1];
        for (const char *p = line; *p; p++) {
                assert_true(*p >= ' ' && *p < 0x7f && *p != '!');
                quotes += *p == '\'';
        }
        assert_int_equal(quotes, 4);
}

/* ---- frames ---- */

/* Read from a pipe with these bytes in it; who would write files takes and forgets them. */
static int read_frames(const void *data, size_t size) {
        ParcelTally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        int input[2], pair[2], r;
        ParcelPipe sender, receiver;
        Parcel parcel;
        pid_t pid;

        assert_true(pipe(input) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && write(input[1], data, size) == (ssize_t) size);
        close(input[1]);
        pid = fork();
        if (pid == 0) {
                close(pair[0]);
                if (parcel_pipe_init(&receiver, pair[1], tally, NULL) < 0)
                        _exit(1);
                while (parcel_receive(&receiver, &parcel, NULL) >= 0)
                        if (parcel.head.kind == PARCEL_END)
                                (void) parcel_send(&receiver, &(Parcel){ .head = { .kind = PARCEL_DONE }, .fd = -1 }, NULL);
                _exit(0);
        }
        close(pair[1]);
        assert_int_equal(parcel_pipe_init(&sender, pair[0], tally, NULL), 0);
        r = parcel_frames_read(&sender, &(ParcelFrames){ .fd = input[0], .name = "input", .target = "/target", .range = 65536 }, NULL);
        parcel_pipe_done(&sender);
        close(pair[0]);
        close(input[0]);
        assert_true(waitpid(pid, NULL, 0) == pid);
        munmap(tally, sizeof(*tally));
        return r;
}

static size_t add(uint8_t *at, ParcelKind kind, const char *name, uint32_t bytes_size) {
        ParcelHead head = { .kind = kind, .name_size = name ? (uint32_t) strlen(name) + 1 : 0, .bytes_size = bytes_size };

        memcpy(at, &head, sizeof(head));
        memcpy(at + sizeof(head), name ?: "", head.name_size);
        memset(at + sizeof(head) + head.name_size, 'x', bytes_size);
        return sizeof(head) + head.name_size + bytes_size;
}

static void frames_of_any_form(void **state) {
        uint8_t good[1024], bad[1024];
        size_t n = sizeof(uint64_t);

        (void) state;
        memcpy(good, &(uint64_t){ UINT64_C(0x6e626f7870617201) }, n);
        n += add(good + n, PARCEL_TOP, "/elsewhere", 0);
        n += add(good + n, PARCEL_FILE, "file", 0);
        n += add(good + n, PARCEL_DATA, NULL, 10);
        n += add(good + n, PARCEL_FILE_END, NULL, 0);
        n += add(good + n, PARCEL_TOP_END, NULL, 0);
        n += add(good + n, PARCEL_END, NULL, 0);
        assert_int_equal(read_frames(good, n), 0);
        for (size_t cut = 0; cut < n; cut += 13)
                assert_true(read_frames(good, cut) < 0);
        for (size_t at = 0; at < n; at++) {
                memcpy(bad, good, n);
                bad[at] ^= 0xff;
                (void) read_frames(bad, n); /* refused, or a file of another kind; never beyond its bounds */
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rows_are_verbs),
                cmocka_unit_test(places_are_names_and_nothing_else),
                cmocka_unit_test(a_command_is_one_plain_line),
                cmocka_unit_test(frames_of_any_form),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
