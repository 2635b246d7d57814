/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* The process that reads an archive, as archive.h says: everything after fork(2). */
_Noreturn void archive_child(int archive, bool is_layer, int pipe_fd, pid_t parent);
