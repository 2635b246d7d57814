/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "oom.h"
#include "status.h"

/* Whether it had enough memory. */

void status_memory_kills(const Machine *m) {
        const MachineRecord *rec = m->record;
        char why[OOM_CAUSE_TEXT_MAX];

        if (rec->memory_kills == 0)
                return;
        show_line("Killed", "%" PRIu32 " %s for want of memory (%s)", rec->memory_kills, rec->memory_kills == 1 ? "process" : "processes",
                  oom_cause_text(oom_cause_from_word(rec->memory_kill_cause), rec->memory_kill_limit ?: UINT64_MAX, why));
        show_time("", rec->memory_killed_usec);
}
