/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/filter.h>
#include <stddef.h>

#include "error.h"

/* The system call filter of a running machine, where it is not the one that every machine has: the very program that its init
 * got, beside the machine's record, for whoever comes in later, also by another version of nbox. It is root's alone, like all
 * that stands there, and goes with the record. */

/* `dir` is the claimed record's; code NULL: there is none. */
int filter_file_save(int dir, const struct sock_filter *code, size_t n, Error **reterr);

/* 1 with the program (the caller's), 0 where there is none. What is there and cannot be used is an error: who comes in must not
 * be allowed more than the machine. */
int filter_file_load(const char *machine, struct sock_filter **ret, size_t *ret_n, Error **reterr);
