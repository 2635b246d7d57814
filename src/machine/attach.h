/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/ioctl.h>

#include "cleanup.h"
#include "error.h"
#include "escape.h"
#include "event-loop.h"

/* Our terminal (stdin and stdout) joined to a terminal of a machine's, in an event loop that the caller runs.
 *
 * When stdin is a terminal it is put into raw mode, window sizes follow, and escape keys are looked for; the mode is
 * restored by attach_free(), and while SIGTSTP has stopped us (raw mode has no ^Z). When it is none, bytes pass as they are.
 * SIGWINCH, SIGTSTP and SIGCONT are blocked in the calling thread for as long as the Attach lives. */

typedef enum AttachPeer {
        ATTACH_CONTROL, /* a control connection after its "ok" (control.h): packets */
        ATTACH_PTY,     /* a pty's master: bytes and TIOCSWINSZ */
} AttachPeer;

/* What the end of our stdin means, where that is no terminal. */
typedef enum AttachEof {
        ATTACH_EOF_IGNORE, /* nothing: output goes on (a machine's own console) */
        ATTACH_EOF_SEND,   /* an end-of-file character, then wait for the other side's end (a shell) */
        ATTACH_EOF_LEAVE,  /* the same, then leave when the other side was quiet for a second (a login, a console) */
} AttachEof;

typedef enum AttachEnd {
        ATTACH_END_PEER,     /* the machine's side closed */
        ATTACH_END_LEFT,     /* ^]^]^], or ATTACH_EOF_LEAVE */
        ATTACH_END_POWEROFF, /* ^]^]p; not an end by itself: the Attach goes on until it is freed */
        ATTACH_END_REBOOT,   /* ^]^]r; likewise */
        ATTACH_END_HANGUP,   /* our own terminal is gone */
} AttachEnd;

typedef struct AttachPolicy {
        bool power_keys; /* ^]^]p and ^]^]r mean something */
        bool read_only;  /* stdin is not read at all, and not put into raw mode */
        AttachEof eof;
        /* Called from the loop; may call attach_free(). After PEER, LEFT and HANGUP nothing more is copied. */
        void (*on_event)(AttachEnd what, void *userdata);
        void *userdata;
} AttachPolicy;

typedef struct Attach Attach;

/* Takes over `peer` (closed by attach_free(), also on failure here). */
int attach_new(EventLoop *event, AttachPeer kind, int peer, const AttachPolicy *policy, Attach **ret, Error **reterr);

/* Write out what the peer has sent so far, at most for a second: to be called when the process behind it ended. */
void attach_drain(Attach *a);

/* The size of our terminal's window; false where we have none. */
bool attach_window_size(struct winsize *ret);

Attach *attach_free(Attach *a); /* returns NULL */
static inline void attach_freep(Attach **a) {
        attach_free(*a);
}

/* For verbs: a loop of its own around one Attach, until it ends. `child` is a pidfd whose end is waited for too, or
 * -1. SIGTERM, SIGINT, SIGQUIT and SIGHUP end it with the terminal restored. Prints "Connected to machine NAME. …" and what
 * belongs to the end on stderr when stdin is a terminal. Returns what ended it (ATTACH_END_PEER for the child's). */
int attach_run(const char *machine, AttachPeer kind, int peer, int child, AttachEof eof, AttachEnd *ret, Error **reterr);
