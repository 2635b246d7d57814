/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netinet/in.h>

#include "config.h"
#include "console-text.h"
#include "options.h"
#include "ready-look.h"
#include "ready.h"

#include "unit.h"

static ReadyCondition parsed(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        ReadyCondition c = {};

        if (ready_condition_parse(text, &c, &error) < 0)
                fail_msg("'%s' is refused: %s", text, error->message);
        assert_string_equal(c.text, text);
        return c;
}

static void refused(const char *text, const char *message) {
        _cleanup_(error_freep) Error *error = NULL;
        ReadyCondition c = {};

        if (ready_condition_parse(text, &c, &error) >= 0)
                fail_msg("'%s' is accepted", text);
        assert_error_says(error, message);
}

static void conditions(void **state _unused_) {
        static const struct {
                const char *text;
                ReadyKind kind;
                const char *description;
        } cases[] = {
                { "auto", READY_AUTO, "a sign that it is up" },
                { "notify", READY_NOTIFY, "READY=1 of its init" },
                { "exec", READY_EXEC, "its init" },
                { "life", READY_LIFE, "a sign of life" },
                { "file:/run/up", READY_FILE, "file /run/up" },
                { "port:80", READY_PORT, "port tcp:80" },
                { "port:udp:53", READY_PORT, "port udp:53" },
                { "command:test -e '/run/a b'", READY_COMMAND, "command test -e '/run/a b'" },
                { "console:login: $", READY_CONSOLE, "\"login: $\" on its console" },
                { "delay:1min 5s", READY_DELAY, "a delay of 1min 5s" },
                { "delay:20", READY_DELAY, "a delay of 20 s" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(ready_condition_done) ReadyCondition c = parsed(cases[i].text);

                assert_int_equal(c.kind, cases[i].kind);
                assert_string_equal(c.description, cases[i].description);
        }
}

static void arguments(void **state _unused_) {
        _cleanup_(ready_condition_done) ReadyCondition port = parsed("port:udp:53"), command = parsed("command:a 'b c' \"d\""),
                                        pattern = parsed("console:a:b"), delay = parsed("delay:1min 5s");

        assert_int_equal(port.protocol, IPPROTO_UDP);
        assert_int_equal(port.port, 53);
        assert_int_equal(strv_length(command.argv), 3);
        assert_string_equal(command.argv[1], "b c");
        assert_string_equal(pattern.pattern, "a:b");
        assert_int_equal(delay.delay_usec, 65000000);
}

static void what_is_refused(void **state _unused_) {
        char longer[1200] = "console:";

        memset(longer + 8, 'a', sizeof(longer) - 9);
        refused("", "is no condition");
        refused("sometime", "is no condition");
        refused("fil:/x", "is no condition");
        refused("exec:now", "takes no argument");
        refused("file", "has no argument: file:PATH");
        refused("file:", "has no argument");
        refused("file:run/up", "is not an absolute path");
        refused("file:/run/../etc", "is not an absolute path");
        refused("file:/", "is not an absolute path");
        refused("port:", "has no argument");
        refused("port:0", "is not a port");
        refused("port:65536", "is not a port");
        refused("port:http", "is not a port");
        refused("port:sctp:80", "is not a protocol");
        refused("port:tcp:", "is not a port");
        refused("command: ", "No command");
        refused("command:''", "No command");
        refused("command:a 'b", "A quote is not closed");
        refused("console:(", "is not an extended regular expression");
        refused("console:a{2", "is not an extended regular expression");
        refused("console:x*", "matches an empty line");
        refused("console:(a)\\1", "back-reference");
        refused(longer, "is longer than");
        refused("console:a\nb", "control characters");
        refused("delay:soon", "is not a time");
        refused("delay:infinity", "is not a time");
        refused("delay:25h", "is not a time");
}

/* A backslash that is escaped itself is no back-reference. */
static void backslashes(void **state _unused_) {
        _cleanup_(ready_condition_done) ReadyCondition c = parsed("console:a\\\\1\\.");

        assert_string_equal(c.pattern, "a\\\\1\\.");
}

static int give(MachineConfig *c, const char *key, const char *text, Error **error) {
        OptionValue v = { .option = option_find_key(strcmp(key, "NotifyReady") == 0 ? "Exec" : "Boot", key), .text = text, .from_file = true };

        assert_non_null(v.option);
        return option_store(c, &v, error);
}

static void lists(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = config_new(START_BOOT);
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(give(c, "Ready", "port:80", &error));
        assert_ok(give(c, "NotifyReady", "yes", &error));
        assert_ok(give(c, "Ready", "file:/x", &error));
        assert_ok(give(c, "NotifyReady", "no", &error)); /* the later one counts */
        assert_int_equal(strv_length(c->ready), 3);
        assert_string_equal(c->ready[0], "port:80");
        assert_string_equal(c->ready[1], "file:/x");
        assert_string_equal(c->ready[2], "exec");
        for (size_t i = 3; i < READY_CONDITIONS_MAX; i++)
                assert_ok(give(c, "Ready", "life", &error));
        assert_int_equal(give(c, "Ready", "life", &error), -E2BIG);
}

static MachineConfig *config(const char *ready) {
        MachineConfig *c = config_new(START_BOOT);

        assert_non_null(c);
        assert_true(strv_append(&c->ready, ready) >= 0);
        return c;
}

/* What listens on the host's network may be anybody's. */
static void ports_of_the_host(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = config("port:80");
        _cleanup_(error_freep) Error *error = NULL;

        c->network = NETWORK_HOST;
        assert_ok(config_validate(c, &error));
        c->userns = USERNS_NO;
        assert_int_equal(config_validate(c, &error), -EINVAL);
        assert_error_says(error, "cannot tell the machine's ports from the host's");
        c->network = NETWORK_NONE;
        error_free(TAKE_PTR(error));
        assert_ok(config_validate(c, &error));
}

static void no_console_to_read(void **state _unused_) {
        _cleanup_(config_freep) MachineConfig *c = config("console:x");
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(config_validate(c, &error));
        c->console = CONSOLE_PIPE;
        assert_int_equal(config_validate(c, &error), -EINVAL);
        assert_error_says(error, "needs a console");
}

static ConsoleSearch *search(const char *pattern) {
        _cleanup_(error_freep) Error *error = NULL;
        ConsoleSearch *s = NULL;

        assert_ok(console_search_new(pattern, &s, &error));
        return s;
}

static bool feed(ConsoleSearch *s, const char *text) {
        return console_search_feed(s, text, strlen(text));
}

static void across_pieces(void **state _unused_) {
        ConsoleSearch *s = search("^web login: $");

        assert_false(feed(s, "no web login: \r\nweb lo"));
        assert_false(feed(s, "gi"));
        assert_false(feed(s, "n:"));
        assert_true(feed(s, " "));
        assert_true(feed(s, "more"));
        console_search_free(s);
}

static void lines_by_themselves(void **state _unused_) {
        ConsoleSearch *s = search("foo.*bar");

        assert_false(feed(s, "foo\nbar\rfoo"));
        assert_false(feed(s, "\n bar"));
        assert_true(feed(s, "\nfoo bar\n"));
        console_search_free(s);
}

/* Colours and titles are not in the text that one reads. */
static void without_escapes(void **state _unused_) {
        ConsoleSearch *s = search("\\[ +OK +\\] Reached");

        assert_true(feed(s, "[\x1b[0;32m  OK  \x1b[0m] \x1b]0;title\aRea\x1b[1mched target"));
        console_search_free(s);
        s = search("after");
        assert_false(feed(s, "\x1b]never ended"));
        assert_true(feed(s, " at\nafter"));
        console_search_free(s);
}

static void a_flood(void **state _unused_) {
        ConsoleSearch *s = search("ab+c");
        char flood[4096];

        memset(flood, 'b', sizeof(flood));
        for (int i = 0; i < 256; i++)
                assert_false(console_search_feed(s, flood, sizeof(flood)));
        assert_true(feed(s, "abbc"));
        console_search_free(s);
        s = search("ab{2,3}c");
        for (int i = 0; i < 256; i++)
                assert_false(console_search_feed(s, flood, sizeof(flood)));
        assert_true(feed(s, "abbc"));
        console_search_free(s);
        s = search("b.*a$|^x");
        for (int i = 0; i < 256; i++)
                assert_false(console_search_feed(s, flood, sizeof(flood)));
        assert_true(feed(s, "a"));
        console_search_free(s);
        /* The beginning of a piece is not the beginning of a line. */
        s = search("^b$");
        assert_false(console_search_feed(s, flood, CONSOLE_LINE_MAX + 1));
        console_search_free(s);
}

static void last_lines(void **state _unused_) {
        static const char text[] = "one\r\ntwo\r\n\r\n\x1b[31mthree\x1b[0m\r\n  f\xc3\xb6ur\nfive\x07";
        char got[100];

        console_last_lines(text, strlen(text), got, sizeof(got));
        assert_string_equal(got, "two | three | f??ur | five");
        console_last_lines(text, strlen(text), got, 8);
        assert_string_equal(got, "two | t");
        console_last_lines("\r\n\x1b[", 4, got, sizeof(got));
        assert_string_equal(got, "");
}

static bool in_table(int protocol, uint16_t port, uint32_t base, uint32_t count) {
        static char table[] =
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
                "   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0\n"
                "   1: 0100007F:0051 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0\n"
                "  12: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 "
                "00000000     0        0 1 2 0 0\n";
        _cleanup_fclose_ FILE *f = fmemopen(table, sizeof(table) - 1, "r");
        ReadyUsers users = { base, count };

        assert_non_null(f);
        return port_is_in_table(f, protocol, port, &users);
}

static void tables_of_sockets(void **state _unused_) {
        assert_true(in_table(IPPROTO_TCP, 80, 0, 0));
        assert_false(in_table(IPPROTO_TCP, 81, 0, 0));   /* connected */
        assert_false(in_table(IPPROTO_TCP, 8, 0, 0));
        assert_true(in_table(IPPROTO_UDP, 53, 0, 0));
        assert_false(in_table(IPPROTO_TCP, 53, 0, 0));
        assert_true(in_table(IPPROTO_TCP, 80, 1000, 1));
        assert_false(in_table(IPPROTO_TCP, 80, 1001, 65536)); /* somebody else's */
        assert_false(in_table(IPPROTO_TCP, 80, 0, 1000));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(conditions),
                cmocka_unit_test(arguments),
                cmocka_unit_test(what_is_refused),
                cmocka_unit_test(backslashes),
                cmocka_unit_test(lists),
                cmocka_unit_test(ports_of_the_host),
                cmocka_unit_test(no_console_to_read),
                cmocka_unit_test(across_pieces),
                cmocka_unit_test(lines_by_themselves),
                cmocka_unit_test(without_escapes),
                cmocka_unit_test(a_flood),
                cmocka_unit_test(last_lines),
                cmocka_unit_test(tables_of_sockets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
