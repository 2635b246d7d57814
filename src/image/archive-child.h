/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/* The process that reads an archive, as archive.h says: everything after fork(2). */
_Noreturn void archive_child(int archive, int pipe_fd, pid_t parent);
