/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "config.h"

/* What systemd.exec(5) calls credentials, in the words of systemd-nspawn(1): --load-credential=ID:PATH and --set-credential=ID:VALUE. Only
 * the shape is looked at here: what stands at a path, run/ reads. */

#define CREDENTIAL_SIZE_MAX (1024 * 1024)         /* each; systemd's limit, too */
#define CREDENTIALS_TOTAL_MAX (16 * 1024 * 1024)  /* all of a machine's: memory that is never swapped */

/* As systemd has it: the name of a file, printable ASCII without ':' and '/'. */
bool credential_id_is_valid(const char *id);

/* Overwrite what is held of the values here and on our own command line. */
void credential_list_wipe(CredentialList *list);
void credential_list_done(CredentialList *list);
