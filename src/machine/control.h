/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* How a client speaks to a machine's supervisor: /run/nbox/machines/NAME/control, AF_UNIX SOCK_SEQPACKET, mode 0600.
 * One request a connection, one packet: "VERSION VERB [ARGUMENT]". The answer is one packet:
 * "ok [TEXT]" or "error ERRNO MESSAGE". Verbs:
 *
 *     attach console     the machine's console, shared by any number of clients; the last 64 KiB come first
 *     attach login       a free /dev/ttyN on which the guest runs a getty, exclusively; "ok N", or "error …" with
 *                        EAGAIN: one is about to start; EBUSY: all are in use; ENXIO: none was ever seen
 *     attach N           /dev/ttyN, exclusively
 *     spare              "ok N": a /dev/ttyN with neither getty nor client, for a getty that the client starts
 *     stop VERB          VERB is poweroff, reboot, halt or terminate; "ok" when it is under way, "ok already" when it was before,
 *                        "error EBUSY …" when something else was, "ok starting" to a reboot of one whose init does not run yet
 *     ports "ok" when what the machine's network file (endpoint.h) publishes is what [::1] leads to; one that is gone is silent
 *     freeze "ok": from then on all of the machine stands still for as long as the connection does, and a packet ("keep") comes at
 *                        least every FREEZE_SILENCE_USEC (freeze.h); on "thaw" it goes on, "ok" is the answer, and the connection ends.
 *                        "ok frozen": it was frozen before, and stays so
 *     freezer on         "ok" once it stands still, until somebody thaws it (freezer.h), "ok already" when it did before
 *     freezer held       "ok held" while a copy holds it still ("freeze"), "ok" at any other time
 *     freezer off        "ok" when nothing of ours keeps it from going on, "ok already" when it was not frozen
 *     ping               "ok"
 *
 * After the "ok" of attach, both sides send packets of a type byte and its data:
 *     CONTROL_DATA       bytes of the terminal, at most CONTROL_DATA_MAX
 *     CONTROL_SIZE       client to supervisor: struct winsize's ws_row and ws_col as two host-order uint16_t
 *
 * A supervisor may be years older than who asks it, or newer. VERSION is the lowest in which the verb means what is asked for, and a
 * supervisor answers all up to its own. Verbs, and words behind "ok", are added without raising it: who does not know a verb says
 * "error", and the asking side lives without it. A verb that is to mean something else gets another name instead. So it is raised
 * only when the form of requests, of answers or of packets changes, and verbs that go on in the old form are asked for in it.
 *
 * The end of the connection detaches; a tty (not the console) is hung up then, so that nobody finds a session open. */

#define CONTROL_VERSION 1
#define CONTROL_DATA 'd'
#define CONTROL_SIZE 's'
#define CONTROL_DATA_MAX 4096

/* The socket's path; the caller's, NULL on out of memory. */
char *control_path(const char *machine);

/* Connect and send one request; returns the connected fd once the answer was "ok", its TEXT in *ret_text (may be
 * NULL; the caller's), or -errno with the supervisor's own message. */
int control_request(const char *machine, const char *request, char **ret_text, Error **reterr);

/* What an answer says, as above; it is torn apart. */
int control_parse_answer(const char *machine, char *answer, char **ret_text, Error **reterr);
