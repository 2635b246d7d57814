/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "libsystemd.h"

/* systemd answers StartUnit() and its kin with a job, and says later, by a signal, how the job ended. */

typedef struct JobWait JobWait;

/* Called several times a second while a job is waited for; true: it is waited for no longer, and goes on by itself. */
typedef struct JobHook {
        bool (*tick)(void *userdata);
        void *userdata;
} JobHook;

/* Listen for ended jobs; before the call that makes the job, or its end may be missed. */
int job_wait_new(sd_bus *bus, JobWait **ret, Error **reterr);
JobWait *job_wait_free(JobWait *w); /* returns NULL */
void job_wait_set_hook(JobWait *w, const JobHook *hook); /* may be NULL; must outlive w */

/* Send a prepared call that answers with a job, and process the bus until that job has ended. *ret_result is
 * systemd's word ("done", "failed", "timeout", "canceled", "dependency", "skipped", …), the caller's.
 * A refused call is -errno, with its bus error in *e. 1, without a result: the hook did not want to wait. */
int job_run(JobWait *w, sd_bus_message *call, sd_bus_error *e, char **ret_result, Error **reterr);

/* The same in steps, for who has a loop of his own: job_is_over() turns true while the bus is processed, also where the call was
 * refused; job_end() then tells as job_run() does. */
int job_begin(JobWait *w, sd_bus_message *call, Error **reterr);
bool job_is_over(const JobWait *w);
int job_end(JobWait *w, sd_bus_error *e, char **ret_result, Error **reterr);

/* The call of a method that takes a unit and a mode; for job_run(). *ret is the caller's. */
int job_call_for_unit(sd_bus *bus, const char *method, const char *unit, sd_bus_message **ret, Error **reterr);

/* All of it for a method that takes a unit and a mode ("StartUnit", "StopUnit"), with the mode "replace". */
int job_run_for_unit(sd_bus *bus, const char *method, const char *unit, sd_bus_error *e, char **ret_result, Error **reterr);

static inline void job_wait_freep(JobWait **w) {
        job_wait_free(*w);
}
