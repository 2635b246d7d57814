/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "devices.h"
#include "record.h"

/* Devices that came and went while a machine ran, in a file beside its record: kept as what was added and what was removed, not as
 * the outcome, for the next life reads the configuration anew. Lines "added DEVICE" (device_format()) and "removed DEST"; others are passed
 * over. */

typedef struct DeviceChanges {
        DeviceList added;
        char **removed; /* places in the machine */
} DeviceChanges;

void device_changes_done(DeviceChanges *c);

/* dir: of the machine's record. No file is no changes. */
int device_changes_load(int dir, DeviceChanges *ret, Error **reterr);

/* The same of a machine by its name; without a directory of its record, too. */
int device_changes_of(const char *machine, DeviceChanges *ret, Error **reterr);

/* With the lock held. */
int device_changes_save(int dir, const DeviceChanges *c, Error **reterr);

/* A new start of the name begins without. */
void device_changes_forget(int dir);

/* The directory of a machine that runs, and a lock for who changes the file: an fd each, the caller's. */
int device_changes_open(const char *machine, int *ret_lock, Error **reterr);

/* Take note of it. 0 or -ENOMEM. */
int device_changes_add(DeviceChanges *c, const MachineDevice *d);
int device_changes_remove(DeviceChanges *c, const char *destination);

/* The devices that a record names, changes included, in place of those of the start. 0 or -ENOMEM; a damaged file changes nothing. */
int device_changes_take(MachineRecord *r);

/* The list of a record, as text and back. Damaged ones are passed over. 0 or -ENOMEM. */
int devices_to_text(const DeviceList *list, char ***ret);
int devices_from_text(char *const *text, DeviceList *ret);
