/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "doctor.h"
#include "machine-plan.h"
#include "tree.h"

/* One image, as far as a boot of it gets before anything is changed: whatever keeps it from going on is kept, and said by the check that it
 * belongs to. */
struct Patient {
        const char *operand;    /* as it was given */
        char *name;             /* the machine's; or the operand */
        Error *missing;         /* there is no such image */
        Error *settings_error;  /* its settings are wrong */
        Error *plan_error;      /* it cannot be booted as they want it */
        Image *image;           /* NULL with any of the first two errors */
        MachineConfig *config;  /* likewise */
        MachinePlan *plan;      /* NULL with any of them */
        Image *plan_image;
        ImageStack *stack;
        OsRelease os;
};

/* As root in a mount namespace of the caller's; else as much as one may read. */
void patient_open(Patient *p, const char *operand);
void patient_done(Patient *p);
