/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* vfork(2), to which more can be said: the child has our memory, and we stand still until it has executed something or ended. It saves
 * what a fork is dear by: copying the page tables, and then each page that either of the two writes to. Credentials, namespaces,
 * descriptors, directories, limits and what signals do are the child's own, as after a fork. */

/* What a child runs on. */
typedef struct VforkStack {
        void *begin;
        size_t size;
} VforkStack;

/* Two of them, of so many bytes, side by side; below is a page that is nobody's. 0 or -ENOMEM. */
int vfork_stacks_make(size_t first, size_t second, VforkStack ret[2]);
void vfork_stacks_done(VforkStack stacks[2]);

/* Each runs run(data), which does not return, in a child, and returns its pid or -errno. */

/* Born in that cgroup (-1: ours); signals that we handle do with it what is usual. Where vfork_is_there() alone. */
pid_t vfork_into(int cgroup, const VforkStack *stack, int (*run)(void *data), void *data);
bool vfork_is_there(void);

/* A child of our parent's (CLONE_PARENT), by the call that old system call filters know. *ret_pid has its pid before it begins, and keeps it
 * should we be killed. It then goes on in memory that is our parent's alone. */
pid_t vfork_beside(const VforkStack *stack, int (*run)(void *data), void *data, pid_t *ret_pid);
