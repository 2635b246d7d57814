/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* What mandatory access control calls a process: /proc/thread-self/attr/… (proc(5)).
 *
 * These files are written by path, so whoever puts something else at /proc has the write go where he likes: a tree whose /proc
 * is a link or a tmpfs with files of those names makes the program run unlabelled, and nobody notices (CVE-2019-19921,
 * CVE-2025-52881). So they are opened beneath an fd of /proc that has been found to be the root of a procfs, crossing no
 * mount below it, and while the host's own /proc is in sight: what is set for the exec, and for keys, stays set through forks
 * and changes of namespaces until the next execve(2) (Linux: it is part of the credentials, with AppArmor of the task). */

typedef struct TaskLabels {
        const char *selinux;  /* a context, or NULL: as the policy has it */
        const char *apparmor; /* a profile's name, or NULL */
} TaskLabels;

/* What the next execve(2) makes of the calling process or of its children; and the keys that it makes until then. */
int task_labels_set_for_exec(const TaskLabels *labels, Error **reterr);

/* For a process that goes on without an execve(2): in two steps, as it takes the label when /proc is not the host's any more. The
 * fds are CLOEXEC and the caller's, -1 where there is nothing to take; no other thread or process can write to them. */
typedef struct TaskLabelFiles {
        int selinux, apparmor;
} TaskLabelFiles;

#define TASK_LABEL_FILES_NONE ((TaskLabelFiles){ -1, -1 })

int task_labels_open(const TaskLabels *labels, TaskLabelFiles *ret, Error **reterr);
int task_labels_take(const TaskLabels *labels, const TaskLabelFiles *files, Error **reterr);
void task_labels_close(TaskLabelFiles *files);

/* What files (label_files()) and sockets made by the calling thread are labelled, where their file system does not say; NULL: as the policy
 * has it, again. Both are SELinux's. */
int task_label_set_for_files(const char *context, Error **reterr);
int task_label_set_for_sockets(const char *context, Error **reterr);

/* An fd (O_PATH) of /proc, which is a procfs's root: -EUCLEAN with an Error where it is anything else. */
int procfs_open(Error **reterr);
