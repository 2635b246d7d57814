/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "libsystemd.h"
#include "strv.h"

/* Limits on a machine's own slice, and on its scope.
 *
 * A slice is set by SetUnitProperties() at run time, which makes a drop-in for each property in /run/systemd/system.control. It is not made
 * as a transient unit: what an administrator gives it by `systemctl set-property` while it runs would then end with the machine, and one
 * with settings of theirs cannot be made so at all. So the drop-ins are removed again, by us, before the slice stops; the next systemd
 * that loads the unit finds none. */

/* Set them, now, until the unit is gone: NAME=value of property.h, all or none. -ENOENT: systemd knows no such unit. */
int unit_set_properties(sd_bus *bus, const char *unit, char *const *properties, Error **reterr);

/* The same, sent without waiting. What is sent to systemd, or by way of others, after this finds it done. */
typedef struct PendingProperties PendingProperties;
int properties_begin(sd_bus *bus, const char *unit, char *const *properties, PendingProperties **ret, Error **reterr);
bool properties_are_answered(const PendingProperties *p);
int properties_finish(PendingProperties *p, Error **reterr); /* frees it */
PendingProperties *properties_cancel(PendingProperties *p);  /* returns NULL */

/* Where somebody else than us has said what this property (of a unit file's words) of that very slice is to be: the file's path, the
 * caller's, and 1; or 0, -ENOMEM. What is said of all slices is not said of this one. */
int slice_setting_of_others(const char *slice, const char *name, char **ret);

/* Once it has been set anew: systemd makes another drop-in of a percentage than of a number, and both would count when it reads them again. */
void slice_setting_settle(const char *slice, const char *name, bool is_share);

/* Remove the drop-in that systemd has made of one that we set. */
void slice_setting_remove(const char *slice, const char *name);
