/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event-loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include "clock.h"
#include "unit.h"

#define SHORT_USEC 2000

typedef struct Count {
        EventLoop *loop;
        EventSource *source, *other;
        unsigned n, until;
        int sig;
} Count;

static int count(Count *c) {
        if (++c->n == c->until)
                return event_exit(c->loop, 7);
        return 0;
}

static int on_io(_unused_ EventSource *s, _unused_ int fd, _unused_ uint32_t events, void *userdata) {
        return count(userdata);
}

static int on_time(_unused_ EventSource *s, _unused_ uint64_t usec, void *userdata) {
        return count(userdata);
}

static int on_defer(_unused_ EventSource *s, void *userdata) {
        return count(userdata);
}

static int on_signal(_unused_ EventSource *s, const struct signalfd_siginfo *info, void *userdata) {
        Count *c = userdata;

        c->sig = (int) info->ssi_signo;
        return count(c);
}

static int free_both(EventSource *s, _unused_ int fd, _unused_ uint32_t events, void *userdata) {
        Count *c = userdata;

        assert_ptr_equal(s, c->source);
        c->source = event_source_free(c->source);
        c->other = event_source_free(c->other);
        return count(c);
}

static int refuse(_unused_ EventSource *s, _unused_ int fd, _unused_ uint32_t events, void *userdata) {
        (void) count(userdata);
        return -EIO;
}

static void ready_pair(int fds[2]) {
        assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), errno);
        assert_int_equal(write(fds[1], "x", 1), 1);
}

static EventLoop *new_loop(void) {
        EventLoop *loop = NULL;

        assert_int_equal(event_loop_new(&loop), 0);
        return loop;
}

/* All that are ready at once are heard in turn, whatever they are. */
static void everybody_is_heard(_unused_ void **state) {
        EventLoop *loop = new_loop();
        Count a = { .loop = loop }, b = { .loop = loop }, c = { .loop = loop }, d = { .loop = loop };
        EventSource *deferred;
        int one[2], two[2];

        ready_pair(one);
        ready_pair(two);
        assert_int_equal(event_add_io(loop, NULL, one[0], EPOLLIN, on_io, &a), 0);
        assert_int_equal(event_add_io(loop, NULL, two[0], EPOLLIN, on_io, &b), 0);
        assert_int_equal(event_add_defer(loop, &deferred, on_defer, &c), 0);
        assert_int_equal(event_source_set_enabled(deferred, EVENT_ON), 0);
        assert_int_equal(event_add_time(loop, NULL, 0, on_time, &d), 0);
        for (unsigned i = 0; i < 40; i++)
                assert_int_equal(event_run(loop, 0), 1);
        assert_in_range(a.n, 8, 12);
        assert_in_range(b.n, 8, 12);
        assert_in_range(c.n, 17, 21);
        assert_int_equal(d.n, 1);
        event_source_free(deferred);
        event_loop_unref(loop);
        for (unsigned i = 0; i < 2; i++) {
                close(one[i]);
                close(two[i]);
        }
}

static void sources_go_in_a_handler(_unused_ void **state) {
        EventLoop *loop = new_loop();
        Count c = { .loop = loop };
        int one[2], two[2];

        ready_pair(one);
        ready_pair(two);
        assert_int_equal(event_add_io(loop, &c.source, one[0], EPOLLIN, free_both, &c), 0);
        assert_int_equal(event_add_time(loop, &c.other, UINT64_MAX, on_time, &c), 0);
        event_source_set_io_fd_own(c.source, true);
        assert_int_equal(event_run(loop, 0), 1);
        assert_int_equal(c.n, 1);
        assert_null(c.source);
        assert_int_equal(event_run(loop, 0), 0);
        /* The last owner of the loop goes with it. */
        assert_int_equal(event_add_io(loop, &c.source, two[0], EPOLLIN, free_both, &c), 0);
        event_loop_unref(loop);
        assert_int_equal(event_run(loop, 0), 1);
        assert_int_equal(c.n, 2);
        close(one[1]);
        close(two[0]);
        close(two[1]);
}

static void who_fails_is_not_called_again(_unused_ void **state) {
        EventLoop *loop = new_loop();
        Count c = { .loop = loop };
        int fds[2];

        ready_pair(fds);
        assert_int_equal(event_add_io(loop, &c.source, fds[0], EPOLLIN, refuse, &c), 0);
        assert_int_equal(event_run(loop, 0), 1);
        assert_int_equal(event_run(loop, 0), 0);
        assert_int_equal(event_source_set_enabled(c.source, EVENT_ONESHOT), 0);
        assert_int_equal(event_run(loop, 0), 1);
        assert_int_equal(event_run(loop, 0), 0);
        assert_int_equal(c.n, 2);
        event_source_free(c.source);
        event_loop_unref(loop);
        close(fds[0]);
        close(fds[1]);
}

static void moments_come_when_they_should(_unused_ void **state) {
        EventLoop *loop = new_loop();
        Count c = { .loop = loop, .until = 3 };
        uint64_t before = clock_usec(CLOCK_MONOTONIC);

        assert_int_equal(event_add_time_relative(loop, &c.source, SHORT_USEC, on_time, &c), 0);
        assert_int_equal(event_run(loop, 0), 0);
        while (c.n == 0)
                assert_in_range(event_run(loop, UINT64_MAX), 0, 1);
        assert_true(clock_usec(CLOCK_MONOTONIC) - before >= SHORT_USEC);
        assert_int_equal(event_run(loop, 0), 0); /* once */
        assert_int_equal(event_source_set_time_relative(c.source, 0), 0);
        assert_int_equal(event_source_set_enabled(c.source, EVENT_ONESHOT), 0);
        assert_int_equal(event_run(loop, UINT64_MAX), 1);
        assert_int_equal(event_source_set_enabled(c.source, EVENT_ONESHOT), 0);
        assert_int_equal(event_loop(loop), 7);
        assert_int_equal(event_run(loop, 0), -ESTALE);
        event_source_free(c.source);
        event_loop_unref(loop);
}

static void signals_are_heard(_unused_ void **state) {
        EventLoop *loop = new_loop();
        Count c = { .loop = loop };
        sigset_t set;

        assert_int_equal(event_add_signal(loop, NULL, SIGUSR1, on_signal, &c), -EBUSY);
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigaddset(&set, SIGUSR2);
        assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
        assert_int_equal(event_add_signal(loop, &c.source, SIGUSR1, on_signal, &c), 0);
        assert_int_equal(event_add_signal(loop, NULL, SIGUSR1, on_signal, &c), -EBUSY);
        assert_int_equal(event_add_signal(loop, NULL, SIGUSR2, NULL, NULL), 0);
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(event_run(loop, 0), 1);
        assert_int_equal(c.sig, SIGUSR1);
        event_source_free(c.source);
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(event_run(loop, 0), 0);
        assert_int_equal(raise(SIGUSR2), 0);
        assert_int_equal(event_loop(loop), 0);
        event_loop_unref(loop);
}

static void files_are_refused(_unused_ void **state) {
        EventLoop *loop = new_loop();
        FILE *f = tmpfile();
        EventSource *s;

        assert_non_null(f);
        assert_int_equal(event_add_io(loop, &s, fileno(f), EPOLLIN, on_io, NULL), -EPERM);
        fclose(f);
        event_loop_unref(loop);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(everybody_is_heard),
                cmocka_unit_test(sources_go_in_a_handler),
                cmocka_unit_test(who_fails_is_not_called_again),
                cmocka_unit_test(moments_come_when_they_should),
                cmocka_unit_test(signals_are_heard),
                cmocka_unit_test(files_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
