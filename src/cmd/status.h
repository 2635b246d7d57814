/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "machine.h"

/* What `nbox status` is made of. */

/* One line, control bytes made visible; an empty label continues what stands above. */
void show_line(const char *label, const char *fmt, ...) _printf_(2, 3);
void show_lines(const char *label, char *const *values);

/* When something was, CLOCK_REALTIME, and how long ago; nothing for 0. */
void show_time(const char *label, uint64_t usec);

/* All of a machine's network (status-network.c). Needs no root; what needs it is left out without it. */
void status_network(const Machine *m);

/* What of the host's is bound into it (verb-bind.c). */
void status_binds(const Machine *m);

/* What of it was killed for want of memory (status-memory.c): nothing where nothing was. */
void status_memory_kills(const Machine *m);

/* What it uses, as far as that can be told (status-usage.c); null: it is between two lives. */
void status_usage(const Machine *m);
json_t *status_usage_json(const Machine *m);

/* Its processes, as a tree (status-processes.c). */
void status_processes(const Machine *m);
json_t *status_processes_json(const Machine *m);

/* What the image at that path is (status-image.c); nothing, or null, where that cannot be told. */
void status_image(const char *path);
json_t *status_image_json(const char *path);

/* A machine that does not run (status-stopped.c): false, or NULL, where nothing is known of it. */
bool status_stopped(const char *name);
json_t *status_stopped_json(const char *name);
