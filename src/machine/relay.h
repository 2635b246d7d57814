/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A terminal of the host's is never handed into a machine: whoever keeps the descriptor reads what is typed for as long as he
 * likes, and may type himself (TIOCSTI, CVE-2017-5226). Pipes stand in for it; what is no terminal passes as it is, but for a
 * machine with an SELinux label, which the policy lets not write to a file of the host's: there all that is no pipe is relayed. */

#define RELAY_POLL_MAX 4

typedef struct Relay {
        int theirs[3];  /* what the command gets as 0, 1, 2: an end of a pipe that is owned, or our own 0, 1, 2 */
        int ours[3];    /* the other end, non-blocking; -1 where there is no pipe */
        char input[4096];
        size_t n_input; /* typed, not yet taken */
        bool input_ended;
} Relay;

struct pollfd;

int relay_begin(Relay *r, bool all_but_pipes);              /* 0 or -errno */
void relay_started(Relay *r);                               /* the command has its ends: close ours of them */
size_t relay_poll(const Relay *r, struct pollfd *p);        /* fills at most RELAY_POLL_MAX */
void relay_handle(Relay *r);                                /* copies what can be copied without waiting for the command */
void relay_done(Relay *r);
