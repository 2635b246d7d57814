/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Pseudo-terminals, by fd throughout: a devpts of a guest's is only ever reached through a directory fd that is known to
 * be one, and a slave through its master (TIOCGPTPEER, Linux 4.13), never through a path that the guest can write. */

/* Open a new pty from the devpts instance that `pts` (an fd of its root) is. Returns the unlocked master with O_NONBLOCK
 * off, its number in *ret_number, or -errno; -EUCLEAN when `pts` is no devpts. */
int pty_open(int pts, unsigned *ret_number);

/* How many the kernel still gives to all devpts instances but its first, of the host's kernel.pty.max less kernel.pty.reserve, which they
 * share. UINT_MAX where that cannot be read. */
unsigned pty_left(void);

/* The slave of a master, O_NOCTTY. */
int pty_open_peer(int master, int flags);

/* End the session on it: everything that has the slave open gets SIGHUP and end-of-file, and the pty stays for the next
 * one, which reads nothing that was typed before (TIOCVHANGUP; needs CAP_SYS_ADMIN on the host). */
int pty_hangup(int master);
