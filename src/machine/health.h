/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ask-inside.h"
#include "error.h"
#include "machine.h"

/* Whether a machine that is ready is well: what its init says of what it has started, where it is one that can be asked by a command of its
 * own, inside. All others are well when they are ready. */

#define HEALTH_WORDS_MAX ASK_WORDS_MAX

typedef enum HealthVerdict {
        HEALTH_GOOD,
        HEALTH_BAD,     /* words: what it says */
        HEALTH_UNKNOWN, /* it cannot be asked: there is no such command, or the machine has ended meanwhile */
} HealthVerdict;

/* Ask the init now, in this process, which must be one that can be killed (ask-inside.h); `wait`: until all that it starts is started. Of one that
 * cannot be asked it is well. */
HealthVerdict health_ask_init(const MachineRecord *record, int leader_fd, bool wait, uint64_t deadline, char words[HEALTH_WORDS_MAX]);

typedef struct HealthAsking {
        int pidfd;  /* readable once health_end() has the answer; -1: there is nothing to ask, and it is well */
        int answer;
} HealthAsking;

/* Begin to ask; the init may take until all is started. By a process of its own, for the guest may make whoever enters it wait. As inside.h
 * has it, we must run from a sealed copy. */
int health_begin(const Machine *m, HealthAsking *ret, Error **reterr);

/* Its answer; of one that has not come the process is killed. Closes it all. */
HealthVerdict health_end(HealthAsking *c, char words[HEALTH_WORDS_MAX]);
