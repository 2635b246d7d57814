/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Processes that cannot be mistaken for another: pidfd_open(2), pidfd_send_signal(2). */

int pidfd_of(pid_t pid);                  /* an fd, or -errno; -ESRCH when there is none */
int pidfd_kill(int pidfd, int sig);       /* 0 or -errno */
uint64_t pidfd_inode(int pidfd);          /* of this process and, until the host boots again, of no other; 0 before Linux 6.9 */
int pidfd_has_inode(int pidfd, uint64_t inode); /* that is not 0: 1, 0 or -errno */
int pidfd_wait(int pidfd, siginfo_t *ret); /* reaps a child of ours: 0, or -errno */
