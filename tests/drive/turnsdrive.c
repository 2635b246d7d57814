/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Runs commands in turns and measures them, for tests/bench/: nothing but posix_spawn and wait lies between two looks at the clock.
 *
 *     turnsdrive [-o] ROUNDS WARMUPS LIMIT_SEC     with lines "NAME<TAB>ARGUMENT<TAB>ARGUMENT..." on standard input
 *
 * Lines with one name after another are one turn: one by one, or all at once where the name begins with &. Each round gives every turn once,
 * in an order that is drawn anew (the same in every run), since what one leaves to the kernel to clear away meets the next; with -o as
 * they stand there. Prints "NAME<TAB>NANOSECONDS<TAB>MICROSECONDS" for each turn but those of the WARMUPS: from the clock, and of
 * processors (user and system, of all that were waited for). A turn that fails or takes longer than LIMIT_SEC is not given again; what it
 * said is printed as "NAME<TAB>!<TAB>WORDS". stdin and stdout of a command are /dev/null. */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINES 4096
#define MAX_ARGUMENTS 96
#define SAID 400 /* bytes of what one said, the last */

typedef struct Command {
        char *name;
        char *argv[MAX_ARGUMENTS];
        pid_t pid;
        int pidfd;
} Command;

typedef struct Turn {
        Command *first;
        int n;
        bool left_out;
} Turn;

extern char **environ;

static int64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what) {
        perror(what);
        exit(1);
}

/* Cuts LINE at its tabs. */
static void parse(Command *c, char *line) {
        int n = 0;

        line[strcspn(line, "\n")] = 0;
        c->name = strsep(&line, "\t");
        while (line && n < MAX_ARGUMENTS - 1)
                c->argv[n++] = strsep(&line, "\t");
        if (n == 0) {
                fprintf(stderr, "turnsdrive: no command for %s\n", c->name);
                exit(2);
        }
}

static int read_turns(Command *commands, Turn *turns) {
        char *line = NULL;
        size_t size = 0;
        int n = 0, n_turns = 0;

        for (; n < MAX_LINES && getline(&line, &size, stdin) > 0; n++) {
                parse(commands + n, strdup(line));
                if (n_turns > 0 && strcmp(turns[n_turns - 1].first->name, commands[n].name) == 0)
                        turns[n_turns - 1].n++;
                else
                        turns[n_turns++] = (Turn){ .first = commands + n, .n = 1 };
        }
        free(line);
        return n_turns;
}

/* A new file for what a turn says, so that a command that lives on does not write into the next one's. */
static int spawn(Command *c, int said) {
        posix_spawn_file_actions_t actions;
        int r;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, said, 2);
        r = posix_spawnp(&c->pid, c->argv[0], &actions, NULL, c->argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        if (r != 0) {
                dprintf(said, "%s: %s", c->argv[0], strerror(r));
                return -r;
        }
        return 0;
}

/* Waits until the time is up. An ended child is a zombie until it is waited for, so that its pid is its own. */
static int finish(Command *c, int said, int limit_sec) {
        int status, r;

        c->pidfd = (int) syscall(SYS_pidfd_open, c->pid, 0);
        if (c->pidfd < 0)
                die("pidfd_open");
        r = poll(&(struct pollfd){ .fd = c->pidfd, .events = POLLIN }, 1, limit_sec * 1000);
        close(c->pidfd);
        if (r == 0) {
                dprintf(said, "still running after %d s", limit_sec);
                kill(c->pid, SIGKILL);
        }
        if (waitpid(c->pid, &status, 0) < 0)
                die("waitpid");
        if (r == 0)
                return -ETIMEDOUT;
        if (WIFSIGNALED(status))
                dprintf(said, "signal %d", WTERMSIG(status));
        else if (WEXITSTATUS(status) != 0)
                dprintf(said, " (status %d)", WEXITSTATUS(status));
        return status == 0 ? 0 : -EIO;
}

static int give(Turn *t, int said, int limit_sec) {
        bool at_once = t->first->name[0] == '&';
        int started = 0, rc = 0;

        for (int i = 0; i < t->n && rc == 0; i++) {
                rc = spawn(t->first + i, said);
                if (rc < 0)
                        break;
                started++;
                if (!at_once)
                        rc = finish(t->first + i, said, limit_sec);
        }
        for (int i = 0; at_once && i < started; i++) {
                int r = finish(t->first + i, said, limit_sec);

                rc = rc < 0 ? rc : r;
        }
        return rc;
}

static int64_t processor_us(void) {
        struct rusage u;

        getrusage(RUSAGE_CHILDREN, &u);
        return (int64_t) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

/* On one line, fit for a terminal. */
static void complain(const Turn *t, int said) {
        char text[SAID + 1];
        off_t size = lseek(said, 0, SEEK_END);
        ssize_t n = pread(said, text, SAID, size > SAID ? size - SAID : 0);

        for (ssize_t i = 0; i < n; i++)
                if (iscntrl((unsigned char) text[i]))
                        text[i] = ' ';
        printf("%s\t!\t%.*s\n", t->first->name, n > 0 ? (int) n : 0, text);
}

static void measure(Turn *t, bool counts, int limit_sec) {
        int said = memfd_create("said", MFD_CLOEXEC), r;
        int64_t began, processor;

        if (said < 0)
                die("memfd_create");
        processor = processor_us();
        began = now_ns();
        r = give(t, said, limit_sec);
        began = now_ns() - began;
        if (r < 0) {
                complain(t, said);
                t->left_out = true;
        } else if (counts)
                printf("%s\t%lld\t%lld\n", t->first->name, (long long) began, (long long) (processor_us() - processor));
        close(said);
}

static void shuffle(Turn *turns, int n) {
        for (int i = n - 1; i > 0; i--) {
                int j = rand() % (i + 1);
                Turn t = turns[i];

                turns[i] = turns[j];
                turns[j] = t;
        }
}

int main(int argc, char **argv) {
        static Command commands[MAX_LINES];
        static Turn turns[MAX_LINES];
        bool in_order = argc == 5 && strcmp(argv[1], "-o") == 0;
        int rounds, warmups, limit_sec, n;

        argv += in_order;
        if (argc - in_order != 4) {
                fprintf(stderr, "usage: turnsdrive [-o] ROUNDS WARMUPS LIMIT_SEC\n");
                return 2;
        }
        rounds = atoi(argv[1]);
        warmups = atoi(argv[2]);
        limit_sec = atoi(argv[3]);
        n = read_turns(commands, turns);
        srand(1);
        for (int round = -warmups; round < rounds; round++) {
                if (!in_order)
                        shuffle(turns, n);
                for (int i = 0; i < n; i++)
                        if (!turns[i].left_out)
                                measure(turns + i, round >= 0, limit_sec);
        }
        return 0;
}
