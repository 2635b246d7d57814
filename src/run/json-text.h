/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

/* A string for JSON of what may be no UTF-8, as paths of the host and names of a guest's may: every byte above ASCII is then
 * shown as '?'. null where s is NULL. A new reference; NULL on out of memory. */
json_t *json_text(const char *s);
