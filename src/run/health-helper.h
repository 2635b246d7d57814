/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "ask-inside.h"
#include "error.h"
#include "machine-plan.h"
#include "record.h"

/* A process that makes one round of a machine's checks, one after the other, until one does not hold. A guest can let each of them last for ever,
 * and write and answer as much as it likes; the supervisor waits for no guest.
 *
 * It ends with its parent thread. The last message in the pipe is its answer; one without a verdict says that it was still at that check. */

typedef enum HealthAnswer {
        ANSWER_NONE, /* this check has begun */
        ANSWER_GOOD, /* all hold */
        ANSWER_BAD,
        ANSWER_UNKNOWN, /* the machine cannot be asked: it has ended, or we are out of something */
} HealthAnswer;

typedef struct HealthMessage {
        HealthAnswer answer;
        uint32_t check; /* its number in the plan */
        char words[ASK_WORDS_MAX];
} HealthMessage;

typedef struct HealthHelper {
        const MachinePlan *plan;
        const MachineRecord *record;
        pid_t leader;
        int leader_fd; /* pidfd of leader */
} HealthHelper;

/* Returns its pidfd; the process is the caller's to kill and to reap, and so is *ret_answer, the pipe's end, which does not block. */
int health_helper_start(const HealthHelper *h, int *ret_answer, Error **reterr);
