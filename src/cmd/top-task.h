/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "event-loop.h"

/* Another verb, for a key of `nbox top`: in a process of its own, so that the table goes on, and what the verb says is caught and does not
 * get onto the screen. */

typedef struct TopTask TopTask;

/* What it wrote, both ways, as lines (strv, the callee's; NULL where there was no memory), and its exit status. The task is freed behind it. */
typedef void (*TopTaskEnd)(int status, char **lines, void *userdata);

/* `words`: verb and arguments. SIGPIPE is the caller's to ignore. */
int top_task_new(EventLoop *loop, char *const *words, TopTaskEnd on_end, void *userdata, TopTask **ret, Error **reterr);

/* One that has not ended is killed. Returns NULL. */
TopTask *top_task_free(TopTask *t);
