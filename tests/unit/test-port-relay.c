/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "port-listen.h"
#include "port-relay.h"

/* A relay in a process of its own; the test is the client at [::1], and the machine, at ::1 or 127.0.0.1. */

#define PATIENCE_MSEC 10000
#define MANY 200

typedef struct World {
        pid_t relay;
        int listeners[2]; /* the relay's */
        uint16_t port;    /* of the first */
        int server;       /* the machine's, at server_port */
        uint16_t server_port;
} World;

static struct sockaddr_storage address_of(int family, uint16_t port) {
        struct sockaddr_storage sa = {};

        if (family == AF_INET)
                *(struct sockaddr_in *) &sa = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
                                                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        else
                *(struct sockaddr_in6 *) &sa = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port),
                                                                      .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        return sa;
}

static socklen_t size_of(int family) {
        return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static int type_of(int protocol) {
        return (protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC;
}

/* On a port that is free for the other family, too, and so is the one after it. */
static int serve(int family, int protocol, uint16_t *ret_port) {
        for (;;) {
                struct sockaddr_storage sa = address_of(family, 0);
                socklen_t size = sizeof(sa);
                int fd = socket(family, type_of(protocol), 0), other;

                assert_true(fd >= 0);
                assert_int_equal(bind(fd, (struct sockaddr *) &sa, size_of(family)), 0);
                assert_int_equal(getsockname(fd, (struct sockaddr *) &sa, &size), 0);
                *ret_port = ntohs(((struct sockaddr_in *) &sa)->sin_port);
                if (protocol == IPPROTO_TCP)
                        assert_int_equal(listen(fd, 512), 0);
                sa = address_of(family == AF_INET ? AF_INET6 : AF_INET, *ret_port);
                other = socket(sa.ss_family, type_of(protocol), 0);
                if (bind(other, (struct sockaddr *) &sa, size_of(sa.ss_family)) == 0) {
                        close(other);
                        return fd;
                }
                close(other);
                close(fd);
        }
}

static void listen_somewhere(World *w, int protocol) {
        PortMap map = { .protocol = protocol, .count = 2 };
        uint16_t failed;

        do {
                close(serve(AF_INET6, protocol, &w->port));
                map.host = w->port;
        } while (port_listen(&map, PORT_SCOPE_LOOPBACK, w->listeners, &failed) < 0);
}

/* The machine listens at `server_family`; the relay tries IPv6 first. */
static World begin(int protocol, int server_family, PortRelayLimits limits) {
        World w = {};
        PortRelay q = { .protocol = protocol, .listeners = w.listeners, .n = 2, .device = "", .limits = limits };

        w.server = serve(server_family, protocol, &w.server_port);
        listen_somewhere(&w, protocol);
        q.port = w.server_port;
        q.targets[0] = (IpAddress){ .family = AF_INET6, .v6 = IN6ADDR_LOOPBACK_INIT };
        q.targets[1] = (IpAddress){ .family = AF_INET, .v4 = INADDR_LOOPBACK };
        w.relay = fork();
        if (w.relay == 0) {
                close(w.server); /* who connects after the machine has closed it is to be refused */
                exit(port_relay_run(&q) < 0);
        }
        assert_true(w.relay > 0);
        return w;
}

/* It ends by itself, in order: ASan has looked for what was lost. */
static void end(World *w) {
        int status;

        close(w->server);
        close(w->listeners[0]);
        close(w->listeners[1]);
        assert_int_equal(waitpid(w->relay, &status, 0), w->relay);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static int client(const World *w, int protocol) {
        struct sockaddr_storage sa = address_of(AF_INET6, w->port);
        int fd = socket(AF_INET6, type_of(protocol), 0);

        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *) &sa, size_of(AF_INET6)), 0);
        return fd;
}

static bool is_readable(int fd, int msec) {
        return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, msec) == 1;
}

static int accepted(const World *w) {
        int fd;

        assert_true(is_readable(w->server, PATIENCE_MSEC));
        fd = accept4(w->server, NULL, NULL, SOCK_CLOEXEC);
        assert_true(fd >= 0);
        return fd;
}

static void say(int fd, const char *word) {
        assert_int_equal(send(fd, word, strlen(word), MSG_NOSIGNAL), strlen(word));
}

static void hear(int fd, const char *word) {
        char text[64] = "";

        assert_true(is_readable(fd, PATIENCE_MSEC));
        assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), strlen(word));
        assert_string_equal(text, word);
}

static void hear_end(int fd, int error) {
        char byte;

        assert_true(is_readable(fd, PATIENCE_MSEC));
        assert_int_equal(recv(fd, &byte, 1, 0), error ? -1 : 0);
        if (error)
                assert_int_equal(errno, error);
}

static const PortRelayLimits brief = { .conversations = 512, .idle_msec = 200, .session_msec = 60000, .half_closed_msec = 60000 };

/* ---- connections ---- */

static void test_each_direction_ends_by_itself(void **state _unused_) {
        World w = begin(IPPROTO_TCP, AF_INET6, brief);
        int c = client(&w, IPPROTO_TCP), s = accepted(&w);

        say(c, "question");
        hear(s, "question");
        say(s, "wait");
        hear(c, "wait");
        shutdown(c, SHUT_WR);
        hear_end(s, 0);
        say(s, "answer");
        hear(c, "answer");
        close(s);
        hear_end(c, 0);
        close(c);
        end(&w);
}

static void test_the_second_of_a_range(void **state _unused_) {
        World w = begin(IPPROTO_TCP, AF_INET6, brief), second = w;
        struct sockaddr_storage sa = address_of(AF_INET6, (uint16_t) (w.server_port + 1));
        int c, s;

        second.server = socket(AF_INET6, type_of(IPPROTO_TCP), 0);
        assert_int_equal(bind(second.server, (struct sockaddr *) &sa, size_of(AF_INET6)), 0);
        assert_int_equal(listen(second.server, 1), 0);
        second.port++;
        c = client(&second, IPPROTO_TCP);
        s = accepted(&second);
        say(c, "second");
        hear(s, "second");
        close(c);
        close(s);
        close(second.server);
        end(&w);
}

static void test_a_machine_with_one_family(void **state _unused_) {
        World w = begin(IPPROTO_TCP, AF_INET, brief);
        int c = client(&w, IPPROTO_TCP), s = accepted(&w);

        say(s, "hello");
        hear(c, "hello");
        close(s);
        close(c);
        end(&w);
}

static void test_resets_are_passed_on(void **state _unused_) {
        World w = begin(IPPROTO_TCP, AF_INET6, brief);
        int c = client(&w, IPPROTO_TCP), s = accepted(&w);
        struct linger linger = { .l_onoff = 1 };

        say(c, "question");
        hear(s, "question");
        setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        close(s);
        hear_end(c, ECONNRESET);
        close(c);
        close(w.server); /* nobody listens */
        w.server = -1;
        c = client(&w, IPPROTO_TCP);
        hear_end(c, ECONNRESET);
        close(c);
        end(&w);
}

/* As much as is taken of zeros, ones, twos … that nobody reads. */
static size_t fill(int fd) {
        unsigned char block[4096];
        size_t total = 0;
        ssize_t n = 0;

        fcntl(fd, F_SETFL, O_NONBLOCK);
        do {
                total += (size_t) n;
                for (size_t i = 0; i < sizeof(block); i++)
                        block[i] = (unsigned char) ((total + i) / 1000);
                n = send(fd, block, sizeof(block), MSG_NOSIGNAL);
        } while (n > 0 || poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 300) == 1);
        fcntl(fd, F_SETFL, 0);
        return total;
}

static void check_all(int fd, size_t total) {
        unsigned char block[5000];
        size_t got = 0;

        while (got < total) {
                ssize_t n;

                assert_true(is_readable(fd, PATIENCE_MSEC));
                n = recv(fd, block, sizeof(block), 0);
                assert_true(n > 0);
                for (ssize_t i = 0; i < n; i++)
                        if (block[i] != (unsigned char) ((got + (size_t) i) / 1000))
                                fail_msg("byte %zu is %u", got + (size_t) i, block[i]);
                got += (size_t) n;
        }
        assert_int_equal(got, total);
}

static void test_who_does_not_read_is_waited_for(void **state _unused_) {
        World w = begin(IPPROTO_TCP, AF_INET6, brief);
        int c = client(&w, IPPROTO_TCP), s = accepted(&w);
        size_t there = fill(c), back = fill(s);

        assert_true(there > 64 * 1024);
        assert_true(there < 32 * 1024 * 1024); /* it does not grow without end */
        shutdown(s, SHUT_WR);
        check_all(s, there);
        check_all(c, back);
        hear_end(c, 0);
        say(c, "more");
        hear(s, "more");
        close(c);
        close(s);
        end(&w);
}

static void test_many_at_once(void **state _unused_) {
        World w = begin(IPPROTO_TCP, AF_INET6, brief);
        int c[MANY], s[MANY];
        char word[16];

        for (int i = 0; i < MANY; i++)
                c[i] = client(&w, IPPROTO_TCP);
        for (int i = 0; i < MANY; i++)
                s[i] = accepted(&w);
        for (int i = 0; i < MANY; i++) {
                snprintf(word, sizeof(word), "%d", i);
                say(c[i], word);
        }
        for (int i = 0; i < MANY; i++) {
                ssize_t n = recv(s[i], word, sizeof(word), 0);

                assert_true(n > 0);
                assert_int_equal(send(s[i], word, (size_t) n, MSG_NOSIGNAL), n);
        }
        for (int i = 0; i < MANY; i++) {
                snprintf(word, sizeof(word), "%d", i);
                hear(c[i], word);
                close(c[i]);
                close(s[i]);
        }
        end(&w);
}

static void test_the_limit_makes_others_wait(void **state _unused_) {
        PortRelayLimits limits = brief;
        int c[4], s[4];
        World w;

        limits.conversations = 3;
        w = begin(IPPROTO_TCP, AF_INET6, limits);
        for (int i = 0; i < 4; i++)
                c[i] = client(&w, IPPROTO_TCP);
        for (int i = 0; i < 3; i++)
                s[i] = accepted(&w);
        say(c[3], "patience");
        assert_false(is_readable(w.server, 300));
        close(c[0]);
        close(s[0]);
        s[3] = accepted(&w);
        hear(s[3], "patience");
        for (int i = 1; i < 4; i++) {
                close(c[i]);
                close(s[i]);
        }
        end(&w);
}

static void test_one_side_alone_is_not_waited_for(void **state _unused_) {
        PortRelayLimits limits = brief;
        int c, s;
        World w;

        limits.half_closed_msec = 400;
        w = begin(IPPROTO_TCP, AF_INET6, limits);
        c = client(&w, IPPROTO_TCP);
        s = accepted(&w);
        close(c);
        hear_end(s, 0);
        end(&w); /* though the machine never ends */
        close(s);
}

/* ---- datagrams ---- */

static struct sockaddr_storage heard_from(const World *w, const char *word) {
        struct sockaddr_storage sa;
        socklen_t size = sizeof(sa);
        char text[64] = "";

        assert_true(is_readable(w->server, PATIENCE_MSEC));
        assert_int_equal(recvfrom(w->server, text, sizeof(text) - 1, 0, (struct sockaddr *) &sa, &size), strlen(word));
        assert_string_equal(text, word);
        return sa;
}

static void answer(const World *w, const struct sockaddr_storage *to, const char *word) {
        assert_int_equal(sendto(w->server, word, strlen(word), 0, (const struct sockaddr *) to, size_of(to->ss_family)), strlen(word));
}

static void test_datagrams_of_two(void **state _unused_) {
        PortRelayLimits limits = brief;
        struct sockaddr_storage first, second;
        int a, b;
        World w;

        limits.session_msec = 400;
        w = begin(IPPROTO_UDP, AF_INET6, limits);
        a = client(&w, IPPROTO_UDP);
        b = client(&w, IPPROTO_UDP);
        say(a, "a");
        first = heard_from(&w, "a");
        say(b, "b");
        second = heard_from(&w, "b");
        answer(&w, &second, "to b");
        answer(&w, &first, "to a");
        answer(&w, &first, ""); /* an empty one is one, too */
        hear(a, "to a");
        hear(a, "");
        hear(b, "to b");
        say(a, "again");
        assert_int_equal(((struct sockaddr_in6 *) &first)->sin6_port, ({
                struct sockaddr_storage again = heard_from(&w, "again");
                ((struct sockaddr_in6 *) &again)->sin6_port;
        }));
        close(a);
        close(b);
        end(&w); /* both are forgotten after a while */
}

static void test_datagrams_of_a_machine_with_one_family(void **state _unused_) {
        PortRelayLimits limits = brief;
        struct sockaddr_storage from;
        int c;
        World w;

        limits.session_msec = 400;
        w = begin(IPPROTO_UDP, AF_INET, limits);
        c = client(&w, IPPROTO_UDP);
        say(c, "once");
        from = heard_from(&w, "once");
        answer(&w, &from, "heard");
        hear(c, "heard");
        close(c);
        end(&w);
}

static void test_more_clients_than_there_is_room_for(void **state _unused_) {
        PortRelayLimits limits = brief;
        struct sockaddr_storage from[3];
        int c[3];
        World w;

        limits.session_msec = 400;
        limits.conversations = 2;
        w = begin(IPPROTO_UDP, AF_INET6, limits);
        for (int i = 0; i < 3; i++) {
                c[i] = client(&w, IPPROTO_UDP);
                say(c[i], "here");
                from[i] = heard_from(&w, "here");
        }
        (void) sendto(w.server, "late", 4, 0, (struct sockaddr *) &from[0], size_of(AF_INET6)); /* the one heard longest ago is gone */
        answer(&w, &from[2], "last");
        hear(c[2], "last");
        assert_false(is_readable(c[0], 100));
        for (int i = 0; i < 3; i++)
                close(c[i]);
        end(&w);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_direction_ends_by_itself),
                cmocka_unit_test(test_the_second_of_a_range),
                cmocka_unit_test(test_a_machine_with_one_family),
                cmocka_unit_test(test_resets_are_passed_on),
                cmocka_unit_test(test_who_does_not_read_is_waited_for),
                cmocka_unit_test(test_many_at_once),
                cmocka_unit_test(test_the_limit_makes_others_wait),
                cmocka_unit_test(test_one_side_alone_is_not_waited_for),
                cmocka_unit_test(test_datagrams_of_two),
                cmocka_unit_test(test_datagrams_of_a_machine_with_one_family),
                cmocka_unit_test(test_more_clients_than_there_is_room_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
