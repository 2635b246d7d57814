/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the kernel takes long for, done beside us by a thread that does nothing else: who takes mounts off a namespace, or closes the last
 * descriptor of one, waits until no processor looks at those mounts any more, and then for each file system's end. Our process is not
 * over before such a thread is, to who waits for that. It begins where we are, but has a working directory, a root and namespaces of
 * its own, so that we may go elsewhere meanwhile (setns(2)); only a user namespace is neither made nor entered by a process of two threads. */
typedef struct Aside Aside;

/* 0 or -errno. It has our thread's errno, too: it may set that only where we give up ourselves. */
typedef int (*AsideWork)(int first, int second);

/* *a: NULL, or the one before, which is waited for. Does it here and now where there is no thread to be had. 0 or -ENOMEM. */
int aside_begin(Aside **a, AsideWork work, int first, int second);

/* Waits until it is done: what it returned; 0 for NULL. It need not be waited for if our process ends. */
int aside_end(Aside **a);

/* Takes fd (-1: nothing is done) and closes it so. */
void aside_close(Aside **a, int fd);

/* The same once the process has ended that is at pidfd. */
void aside_close_after(Aside **a, int fd, int pidfd);
