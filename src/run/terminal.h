/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "error.h"

/* A terminal of the machine's as its supervisor holds it: the master of a pty, the last output, and the clients that
 * look at it. Output goes to all clients; input comes from any. Clients are SOCK_SEQPACKET connections in the
 * framing of control.h. The guest waits for a slow one, as on a serial line, but not for one that does not read at all.
 *
 * The guest may fill, hang up or flood its side at will: memory is bounded by the ring, and an EIO (nobody has the slave
 * open) is a pause, not an end. */

typedef struct Terminal Terminal;

#define TERMINAL_RING_CONSOLE (64 * 1024)
#define TERMINAL_RING_TTY (8 * 1024)

/* Takes the master. exclusive: one client at a time, and the session on it is hung up when that one leaves. */
int terminal_new(sd_event *event, int master, size_t ring, bool exclusive, Terminal **ret, Error **reterr);
Terminal *terminal_free(Terminal *t); /* returns NULL */

/* Take a client's socket; what is in the ring is sent first. -EBUSY: exclusive, and there is one. */
int terminal_add_client(Terminal *t, int fd, Error **reterr);

bool terminal_has_client(const Terminal *t);
bool terminal_has_output(const Terminal *t); /* something was written since the start or the last hang-up */

/* Be told of each piece that the guest writes, and whether on the console (a terminal that is not exclusive). NULL: no longer. */
typedef void (*TerminalOutput)(bool console, const char *data, size_t n, void *userdata);
void terminal_watch(Terminal *t, TerminalOutput on_output, void *userdata);

/* The last bytes that were written, at most `size`; returns how many. */
size_t terminal_tail(const Terminal *t, char *buf, size_t size);

/* Read what is left after the machine has ended, and hand it to the clients. */
void terminal_drain(Terminal *t);
