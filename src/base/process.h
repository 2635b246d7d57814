/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* Processes of the host's own. */

/* Run a program of the host's to its end with stdin from /dev/null (out_fd/err_fd: -1 keeps ours).
 * Returns its exit status 0..255, 128+N by signal, or -errno when it could not be started. */
int process_run(char *const *argv, int out_fd, int err_fd, Error **reterr);

/* Field 22 of /proc/PID/stat: start time in clock ticks since boot; with the pid it names a process for good. */
int process_start_time(pid_t pid, uint64_t *ret);

/* Wait status (as of waitpid) to nbox's exit convention: the status, or 128+N by signal. */
int process_exit_status(int wait_status);

/* End a child of ours with SIGKILL, if it has not ended, and reap it: its exit status as above. -ECHILD when there is none. A process that
 * waits for an answer of a file system in user space (FUSE) is not ended by that once its question has been read: half a second later it is
 * left alone (-ETIMEDOUT), and ends when that file system answers or goes. */
int process_end(pid_t pid);

/* Every signal as a new program expects it: its default action, and none held back. */
void process_reset_signals(void);

/* The same but for real-time signals, each of which is a system call, too: there is nobody who ignores these and starts us. */
void process_reset_usual_signals(void);

/* For one who cannot get back to who or where it was, and would do harm as what it is now: says so and ends, with what it leaves to be swept as
 * of one that was killed. `error` is an errno. */
_Noreturn void process_give_up(const char *what, int error);

/* execvp(3) by the PATH of `env`, or by `path` where that has none, and not by ours; a shell is not tried on ENOEXEC. Returns -errno. */
int process_exec(const char *file, char **argv, char **env, const char *path);

/* Overwrite our environment, which others would read in /proc/PID/environ: for a process that is about to be one of a machine's. */
void process_forget_environment(void);

/* What we have used of heap and stack and need no more goes back to the kernel, which else keeps it for us: for who has much to do at first, and
 * then waits for days. */
void process_give_back_memory(void);

/* The boot's id as 32 hex digits and a NUL (/proc/sys/kernel/random/boot_id). */
int boot_id(char ret[33]);
