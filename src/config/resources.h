/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "options.h"

/* What a machine may take of its host's processors, memory and disks, and what it weighs beside others. Each has a word (`nbox set
 * NAME memory=1G`), which is the option of `boot` and `run`, too (--memory=1G), and a settings key in [Resources], which is called as in
 * systemd.resource-control(5) (MemoryMax=1G): both stand in the options' table. The value is kept as a text that is checked, in systemd's words. */

#define RESOURCES_SECTION "Resources"

/* The option of a resource: its word is .spec.name. */
const Option *resource_option(Resource r);

/* By its word or its key, `length` bytes of it. */
bool resource_find(const char *name, size_t length, Resource *ret);

/* What it takes, for people: "a size such as 512M, a percentage of the host's memory, or infinity". Static. */
const char *resource_takes(Resource r);

/* A text that it may have when it is completed, NULL behind the last. Static. */
const char *resource_example(Resource r, size_t i);

/* The text as it is kept: 0, or -EINVAL with what is allowed (the error does not name the resource). Not for an empty one. *ret is the caller's. */
int resource_check(Resource r, const char *text, char **ret, Error **reterr);

/* Rates of block devices have one for each: "10M /dev/vdb:20M", the first for the device that the machine's tree is on. */
bool resource_is_of_devices(Resource r);

/* Cut the next of such a text off: *ret_device is NULL for that of the tree. False at the end. Both strings are the caller's; -ENOMEM. */
int resource_next_device(const char **text, char **ret_device, char **ret_rate);

/* Append the assignments of systemd's properties that the value comes to, "IOReadBandwidthMax=/dev/vdb 10M"; `tree` is for a device that is
 * not named. None for what systemd does not know (the OOM policy). 0 or -ENOMEM. */
int resource_properties(Resource r, const char *text, const char *tree, char ***list);

/* The parser of their options. */
int parse_resource(MachineConfig *c, const OptionValue *v, Error **reterr);
