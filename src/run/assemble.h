/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "aside.h"
#include "error.h"
#include "guest-files.h"
#include "machine-plan.h"
#include "record.h"
#include "stack.h"

/* The machine's file tree, put together by the supervisor in a mount namespace of its own, out of the host's sight, while
 * the child waits. Built here and copied by the child into the namespace that it owns, the kernel locks it: root inside
 * cannot lift a mount off what it hides, nor make writable what is read-only.
 *
 * Everything is opened beneath the tree's root by fd, and what must be created there is created with the ids of
 * the guest's root, so that the kernel checks what it could have done itself. */

/* Where we were before: the mount namespace and the working directory; or -1. */
typedef struct AssembleHome {
        int mounts, directory;
} AssembleHome;

#define ASSEMBLE_HOME_NONE ((AssembleHome){ -1, -1 })

void assemble_forget_home(AssembleHome *home);

/* A private mount namespace for the calling process, that still sees what the host mounts later. Replaces *home. */
int assemble_enter_namespace(AssembleHome *home, Error **reterr);

/* To that namespace and directory, or to its root where no directory is left; who cannot ends there and then. */
void assemble_go_home(const AssembleHome *home);

/* The tree at `root`, built, becomes the root of our namespace, and we go home. A child of ours that is still in that namespace finds itself in
 * the tree: once nothing else is left there, which takes until the end of *dropping, all that is left for it to do is to copy it.
 * Returns an fd that keeps the namespace until its copy is made, or who closed it last would wait until it is gone. */
int assemble_stand_on_tree(const AssembleHome *home, int root, Aside **dropping, Error **reterr);

#define STAGING_DIRECTORY RUN_DIRECTORY "/root"

/* What it is made of; all the caller's. */
typedef struct TreeParts {
        ImageStack *stack;
        int userns; /* which it is idmapped through, -1: none */
        int (*make_api)(void *userdata, int ret[2], Error **reterr); /* proc and sysfs (api-mounts.h), asked for late; NULL: they are left out */
        void *userdata;
        const GuestFiles *files;
} TreeParts;

/* Whether something may be to stand on /proc or /sys, be it by a link of the tree's, so that they cannot be left out. */
bool assemble_wants_api(const MachinePlan *p);

/* Put it together. Returns an fd of the root mount, attached at STAGING_DIRECTORY in our namespace, and in *ret_notify the bound
 * socket (AF_UNIX datagram) that stands at /run/host/notify. Both the caller's. */
int assemble_tree(const MachinePlan *p, const TreeParts *parts, int *ret_notify, Error **reterr);
