/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* bind-inside.c's other half: what its forked processes do. */

typedef enum BindTaskKind {
        BIND_TASK_FIND,    /* answers once, with an fd */
        BIND_TASK_MOUNT,   /* answers with the mount's id, waits for a byte, and answers again */
        BIND_TASK_UNMOUNT, /* answers once */
} BindTaskKind;

typedef struct BindTask {
        BindTaskKind what;
        const char *path;     /* FIND */
        bool directory, make; /* FIND */
        int mount;            /* MOUNT: detached; UNMOUNT: an fd of its root */
        int place;            /* MOUNT */
        int root;             /* the machine's; and its namespaces */
        int mounts, users;    /* users: -1 where they are ours */
        int sock;             /* SEQPACKET to who waits */
} BindTask;

typedef struct BindMessage {
        int result;    /* 0 or -errno */
        bool entering; /* it failed before its work began */
        uint64_t mount_id;
} BindMessage;

_Noreturn void bind_inside_child(const BindTask *task);
