/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machined.h"

/* What machinectl(1) shows of machines: what systemd-machined knows of, whoever started it, and those of ours that it does not know, since
 * they are not registered, or there is no systemd. */

typedef struct Facts {
        sd_bus *bus; /* NULL: no systemd here */
} Facts;

int facts_open(Facts *ret, Error **reterr);
void facts_done(Facts *f);

/* Names, sorted; ".host" among them where `all`. The caller's. */
int facts_list(const Facts *f, bool all, char ***ret, Error **reterr);

/* -ESRCH with an Error where nobody knows it. */
int facts_get(const Facts *f, const char *name, MachinedMachine *ret, Error **reterr);

/* Whether it is one of others, for which systemd-machined is to be asked. A name that nobody knows is none. */
bool facts_is_others(const Facts *f, const char *name);

int facts_os(const Facts *f, const char *name, MachinedOs *ret, Error **reterr);
int facts_addresses(const Facts *f, const char *name, char ***ret, Error **reterr);
