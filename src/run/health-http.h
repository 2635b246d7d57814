/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ask-inside.h"
#include "health-check.h"

/* Whether an HTTP server in a machine answers a GET with a status of 200 to 399, before `deadline` (µs of CLOCK_MONOTONIC); words: what was wrong.
 * The socket is one of the machine's network namespace, so its loopback is meant by "localhost", and no firewall between it and the host
 * has a say. Of the answer only the first line is read, HTTP_LINE_MAX bytes at most: no header is believed, no body taken. */

#define HTTP_LINE_MAX 256

bool health_http(const HealthCheck *c, pid_t leader, int leader_fd, uint64_t deadline, char words[ASK_WORDS_MAX]);

/* The status in the first line of an answer, or -EPROTO; for tests too. */
int http_status(const char *line);
