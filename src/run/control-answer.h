/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "error.h"

/* An answer of control.h's to who asked. He is not waited for: one that does not read is not told. */

#define CONTROL_ANSWER_MAX 512

static inline int control_answer(int fd, const char *text) {
        return send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static inline void control_answer_error(int fd, int r, const Error *e) {
        char text[CONTROL_ANSWER_MAX];

        snprintf(text, sizeof(text), "error %d %s", -r, e ? e->message : strerror(-r));
        (void) control_answer(fd, text);
}
