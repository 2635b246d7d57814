/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/* What each init wants to be told: one table, from which asking, showing and the man page follow. Nothing here looks at a machine;
 * that is init-look.h. */

typedef enum InitAction {
        INIT_POWEROFF,
        INIT_HALT,
        INIT_REBOOT,
        INIT_KILL, /* at once, without asking */
} InitAction;

#define INIT_ACTIONS INIT_KILL /* those that are asked for */

const char *init_action_to_string(InitAction action); /* "poweroff": a verb of ours */
const char *init_action_to_phrase(InitAction action); /* "power off": in a sentence, after "to" */
int init_action_from_string(const char *s, InitAction *ret); /* 0 or -EINVAL */

/* A program of the guest's own and its arguments, NULL-terminated. */
typedef const char *const *InitProgram;

#define INIT_PROGRAMS_MAX 3 /* for one action; what is left is NULL */

typedef struct InitPrograms {
        InitProgram argv[INIT_ACTIONS][INIT_PROGRAMS_MAX];
} InitPrograms;

typedef struct InitTraits {
        const char *const *names;  /* its executable's, without the directory; NULL-terminated, may be NULL */
        const char *const *ending; /* what PID 1 executes once it is going down: nothing need be asked any more; may be NULL */
        const char *mark;          /* what stands in its executable where that is called just "init", or NULL */
        int signals[INIT_ACTIONS]; /* by InitAction; 0: by its own program */
        const InitPrograms *programs; /* NULL: those that most systems have */
        bool or_program;           /* not every version takes the signal: then its program, without waiting */
        bool ask_again;            /* its program may speak too early and say nothing of it; asking twice does no harm */
        int last_signal;           /* where its program has not brought it to an end; 0: none that would */
        const char *const *ready;  /* files inside: it can be asked once one of them is there; may be NULL */
        bool ready_by_signals;     /* its programs are likely to signal it: it must have set up something to hear them by */
        const char *title, *about; /* for the man page; about may be NULL */
} InitTraits;

const InitTraits *init_traits(InitKind kind);

/* The signal that makes this kind do it; 0: there is none. */
int init_signal(InitKind kind, InitAction action);

/* Which of systemd's signals (as systemd-machined sends them to any init) means what: 0 or -EINVAL. */
int init_action_of_signal(int sig, InitAction *ret);

/* What is known of a machine's init before its process is looked at. */
typedef struct InitKnown {
        InitKind kind; /* what its file in the tree is, or what the settings say; INIT_AUTO: nothing */
        bool chosen;   /* by the settings: believed, whatever it looks like */
} InitKnown;

/* A process as /proc shows it. Any may be NULL; all of it is the guest's word. */
typedef struct InitProcess {
        const char *exe;   /* the link's target */
        const char *argv0;
        const char *comm;
} InitProcess;

/* Which init that process is. A wrong guess is worse than none: INIT_OTHER in doubt. */
InitKind init_kind_of(const InitProcess *p, InitKnown known);

/* Whether what such a process calls itself (argv0, comm) has a say in it. */
bool init_is_called(const char *exe);

/* Whether it is what a shutdown ends in (systemd-shutdown). */
bool init_is_ending(const InitProcess *p);

/* The kind of a file by its name, links resolved; INIT_AUTO: its content must be looked at. And by its content. */
InitKind init_kind_of_name(const char *path);
InitKind init_kind_of_content(const void *data, size_t size);

/* The program of the guest's own that does it: attempt 0, 1, …; NULL: no more. */
InitProgram init_program(InitKind kind, InitAction action, unsigned attempt);

/* What to do next to an init that is to be asked, by what is known at this moment. */
typedef struct StopView {
        InitKind kind;
        InitAction action;
        int kill_signal;         /* the settings', for power-off; -1: none */
        bool takes_kill_signal;  /* init would act on it just now */
        bool takes_signal;       /* likewise on init_signal() */
        bool ready;              /* what it must have ready to be asked is there, or it needs nothing */
        uint64_t waited_usec;    /* since the asking began */
        uint64_t patience_usec;  /* how long it is waited for init to listen */
} StopView;

typedef enum StopStep {
        STOP_WAIT,        /* look again in a moment */
        STOP_KILL_SIGNAL, /* send StopView.kill_signal */
        STOP_SIGNAL,      /* send init_signal() */
        STOP_PROGRAM,     /* run init_program() inside */
} StopStep;

StopStep stop_choose(const StopView *v);
