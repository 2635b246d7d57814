/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "event-reader.h"

/* An event as one line of JSON (man/schemas/events.json), to stdout. */
void event_print_json(const HostEvent *e);
