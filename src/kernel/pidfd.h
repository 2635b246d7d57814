/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <signal.h>
#include <sys/types.h>

/* Processes that cannot be mistaken for another: pidfd_open(2), pidfd_send_signal(2). */

int pidfd_of(pid_t pid);                  /* an fd, or -errno; -ESRCH when there is none */
int pidfd_kill(int pidfd, int sig);       /* 0 or -errno */
int pidfd_wait(int pidfd, siginfo_t *ret); /* reaps a child of ours: 0, or -errno */
