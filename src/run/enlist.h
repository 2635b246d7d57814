/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "registration.h"
#include "slice-settings.h"

/* The machine's scope, by systemd-machined or by systemd alone where machined is not wanted or not to be had; none without systemd. It
 * is asked for while the child sets itself up. systemd may take its time to answer, and who starts the machine need not wait for it:
 * signals and requests are heard meanwhile, and -ECANCELED is returned when the machine was asked to end. */

typedef struct Supervisor Supervisor;

typedef struct Enlistment {
        Registration registration; /* its strings are the plan's */
        char **wants;
        char **before;
        char **devices;
        PendingRegistration *pending; /* by systemd-machined; or */
        PendingScope *scope;          /* by systemd alone */
        PendingProperties *slice; /* what is asked of its slice; NULL for nothing */
} Enlistment;

void enlistment_done(Enlistment *e);

/* What the machine is to systemd, as far as its plan and its order tell. */
void enlist_describe(const Supervisor *s, Enlistment *e);

int enlist_begin(Supervisor *s, Enlistment *e, Error **reterr);

/* Wait for the answer: sets scope and registered. */
int enlist_end(Supervisor *s, Enlistment *e, Error **reterr);

/* Instead of enlist_end(), where the start has failed meanwhile. The call cannot be taken back: what it may yet make is noted as made,
 * to be removed with the rest. */
void enlist_abandon(Supervisor *s, Enlistment *e);
