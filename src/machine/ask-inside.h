/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "join.h"

/* A command that is run in a machine for its answer: its exit status, and the last words that it says. What it writes is read on, so that it
 * does not wait for a reader, and forgotten; after ASK_OUTPUT_MAX nobody reads any more, and it gets SIGPIPE as from any reader that has gone.
 *
 * Nothing is waited for but its end, for others of the guest's may keep the pipe; and that no longer than is said. But entering a machine may
 * block for as long as the guest wants (join.h): this is for a process that somebody else can kill. */

#define ASK_WORDS_MAX 120
#define ASK_OUTPUT_MAX (1024 * 1024)

typedef struct AskAnswer {
        int status;                /* exit status; 128+N by signal */
        bool late;                 /* it was killed, with its process group, when its time was over */
        char words[ASK_WORDS_MAX]; /* plain ASCII on one line; "" for none */
} AskAnswer;

/* fds of the request are ours to choose: stdin is empty; stdout is read, and stderr as well where `errors` says so. `deadline` is µs of
 * CLOCK_MONOTONIC, UINT64_MAX for none. Returns 0 when it has run, 126 or 127 with an Error where it cannot be, < 0 for our own failure. */
int ask_inside(const JoinRequest *request, bool errors, uint64_t deadline, AskAnswer *ret, Error **reterr);

/* What somebody says in `size` bytes, or where there is no room for that its last line, made plain: what is not printable ASCII is a blank. */
void ask_words(const char *text, size_t size, char words[ASK_WORDS_MAX]);

/* For the process that asks: the pidfd of the machine's init and the pipe for its answer become these two, the standard ones /dev/null, and no
 * other is left: whoever started it may hold a lock by one of its own. */
#define ASK_LEADER_FD 3
#define ASK_ANSWER_FD 4
int ask_leave_descriptors(int leader, int answer);
