/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the environment of a machine's init and of all that is run beside it has in common. */

#define GUEST_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Guests that ask what they run in know a few names only, and take themselves for a real machine under any other:
 * OpenRC then sets clocks and loads modules. systemd, OpenRC and Debian's scripts all behave under this one, whose
 * host0, /run/host and read-only /sys are what a guest of ours finds. Who we are stands in /run/host/container-manager. */
#define GUEST_CONTAINER "container=systemd-nspawn"

/* The type of a terminal in a machine that nobody of ours is on, or whose type we do not know. */
#define GUEST_TERM "vt220"

/* $TERM of our own terminal where a machine can be given it (a short word, and no option), else GUEST_TERM. */
const char *guest_own_term(void);
