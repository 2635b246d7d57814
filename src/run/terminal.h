/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "event-loop.h"

/* A terminal of the machine's as its supervisor holds it: the master of a pty, the last output, and the clients that
 * look at it. Output goes to all clients; input comes from any. Clients are SOCK_SEQPACKET connections in the
 * framing of control.h. The guest waits for a slow one, as on a serial line, but not for one that does not read at all;
 * and a client waits for a guest that does not read, so that nothing that is typed or pasted is lost on the way.
 *
 * The guest may fill, hang up or flood its side at will: memory is bounded by the ring, so is our time while nobody looks, and
 * an EIO (nobody has the slave open) is a pause, not an end. */

typedef struct Terminal Terminal;

#define TERMINAL_RING_CONSOLE (64 * 1024)
#define TERMINAL_RING_TTY (8 * 1024)

/* Takes the master. exclusive: one client at a time, and the session on it is hung up when that one leaves. */
int terminal_new(EventLoop *event, int master, size_t ring, bool exclusive, Terminal **ret, Error **reterr);
Terminal *terminal_free(Terminal *t); /* returns NULL */

/* Take a client's socket; what is in the ring is sent first. -EBUSY: exclusive, and there is one. */
int terminal_add_client(Terminal *t, int fd, Error **reterr);

bool terminal_has_client(const Terminal *t);
void terminal_set_size(Terminal *t, unsigned short rows, unsigned short columns);

/* What a terminal is to the next who wants to log in. Whether a getty waits is seen by the pty's foreground process group and by
 * what was written, and not by the guest's word. */
typedef enum TerminalUse {
        TERMINAL_SPARE,    /* nobody uses it */
        TERMINAL_WRITTEN,  /* nobody has logged in there, but something writes on it */
        TERMINAL_STARTING, /* a getty of the guest's own has it and has not asked yet */
        TERMINAL_BETWEEN,  /* one has left just now, and the next is to come */
        TERMINAL_GETTY,    /* such a getty has asked, and waits */
        TERMINAL_SILENT,   /* there was one, and it does not come back */
        TERMINAL_TAKEN,    /* a client is on one */
        TERMINAL_LENT,     /* a client is on it, and has brought its own */
} TerminalUse;

TerminalUse terminal_use(Terminal *t);

/* CLOCK_MONOTONIC µs: when terminal_use() first saw a getty of the guest's own there; 0: never. */
uint64_t terminal_getty_since(const Terminal *t);

/* Be told of each piece that the guest writes, and whether on the console (a terminal that is not exclusive). NULL: no longer. */
typedef void (*TerminalOutput)(bool console, const char *data, size_t n, void *userdata);
void terminal_watch(Terminal *t, TerminalOutput on_output, void *userdata);

/* The same for who keeps what is written (console-record.h). */
void terminal_record(Terminal *t, TerminalOutput on_output, void *userdata);

/* The last bytes that were written, at most `size`; returns how many. */
size_t terminal_tail(const Terminal *t, char *buf, size_t size);

/* Read what is left after the machine has ended, and hand it to the clients. */
void terminal_drain(Terminal *t);
