/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns, taken by many processes at once: never more than so many have theirs. */

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "start-queue.h"
#include "unit.h"

#define PROCESSES 12
#define ROUNDS 60
#define PARALLEL 2

typedef struct Counts {
        atomic_int now, too_many, turns;
} Counts;

/* A /run of its own. */
static int enter_run(void **state) {
        (void) state;
        if (unshare(CLONE_NEWNS | (geteuid() != 0 ? CLONE_NEWUSER : 0)) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return -1;
        return mount("tmpfs", "/run", "tmpfs", 0, "mode=0755");
}

/* In a process of its own; its end lets go of what it holds. */
static _Noreturn void take_turns(const char *name, Counts *counts) {
        for (int i = 0; i < ROUNDS; i++) {
                _cleanup_(start_ticket_freep) StartTicket *t = NULL;
                int r = 0;

                if (start_ticket_take(name, &t, NULL) < 0)
                        _exit(1);
                while ((r = start_ticket_may_go(t, PARALLEL)) == 0)
                        sched_yield();
                if (r < 0)
                        _exit(2);
                if (atomic_fetch_add(&counts->now, 1) >= PARALLEL)
                        atomic_fetch_add(&counts->too_many, 1);
                atomic_fetch_add(&counts->turns, 1);
                sched_yield();
                atomic_fetch_sub(&counts->now, 1);
        }
        _exit(0);
}

static void never_too_many(void **state) {
        Counts *counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        char name[16];
        int status;

        (void) state;
        assert_ptr_not_equal(counts, MAP_FAILED);
        for (int i = 0; i < PROCESSES; i++) {
                pid_t pid = fork();

                assert_true(pid >= 0);
                snprintf(name, sizeof(name), "m%d", i);
                if (pid == 0)
                        take_turns(name, counts);
        }
        for (int i = 0; i < PROCESSES; i++) {
                assert_true(wait(&status) > 0);
                assert_int_equal(status, 0);
        }
        assert_int_equal(counts->turns, PROCESSES * ROUNDS);
        assert_int_equal(counts->too_many, 0);
        assert_int_equal(access(START_QUEUE_DIRECTORY, F_OK), -1);
        munmap(counts, sizeof(*counts));
}

/* What a killed one held is held by nobody. */
static void holder_is_killed(void **state) {
        _cleanup_(start_ticket_freep) StartTicket *t = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int status;
        pid_t pid = fork();

        (void) state;
        assert_true(pid >= 0);
        if (pid == 0) {
                StartTicket *held = NULL;

                _exit(start_ticket_take("killed", &held, NULL) < 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_ok(start_ticket_take("next", &t, &error));
        assert_int_equal(start_ticket_may_go(t, 1), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(never_too_many),
                cmocka_unit_test(holder_is_killed),
        };

        return cmocka_run_group_tests(tests, enter_run, NULL);
}
