/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "strv.h"

/* In which order a machine starts with the host: what `nbox enable` was told of it. It stands in a drop-in of the machine's service,
 *
 *     /etc/systemd/system/nbox@NAME.service.d/50-nbox-order.conf
 *
 * in words that systemd does not read ([X-nbox]), and above them in those that are made of them, which it does: a machine is a service, so After= and
 * Before= are its own; a group is a target, nbox-group@GROUP.target, before which its machines come and after which others can. Such a
 * target starts nothing: whoever comes after it wants it, so that it is there when the host starts, and it waits for those of its
 * machines that start as well.
 *
 * So each machine's file says all that is known of it and nothing of others, and is written whole. It goes with the machine's name, as the
 * directory that it is in does (machine-units.h); where other machines name it, change.c has their files follow.
 *
 * Whoever writes holds change_lock(). */

#define MACHINE_ORDER_FILE "50-nbox-order.conf"
#define UNIT_DIRECTORY "/etc/systemd/system"

typedef struct MachineOrder {
        char **after;  /* names of machines, and "@GROUP" */
        char **before; /* names of machines */
        char **groups;
        uint64_t delay_usec;
} MachineOrder;

void machine_order_done(MachineOrder *o);
int machine_order_copy(const MachineOrder *o, MachineOrder *ret); /* 0 or -ENOMEM */
bool machine_order_is_empty(const MachineOrder *o);

/* "10s"; the caller's. */
char *machine_order_delay(const MachineOrder *o);

/* And back; 0, -EINVAL, or -ERANGE where it is more than a year. */
int machine_order_parse_delay(const char *text, uint64_t *ret);

/* The file's text, and back; `text` is torn apart. A word that can be none is -EBADMSG. */
char *machine_order_format(const MachineOrder *o);
int machine_order_parse(char *text, size_t size, MachineOrder *ret, Error **reterr);

/* An empty one where there is no file; and none is left of an empty one. */
int machine_order_load(const char *machine, MachineOrder *ret, Error **reterr);
int machine_order_save(const char *machine, const MachineOrder *o, Error **reterr);

/* The machines that have one, sorted; those that are enabled; and those in a group. */
int machine_order_list(char ***ret, Error **reterr);
int machines_enabled(char ***ret, Error **reterr);
int machine_order_group(const char *group, char ***ret, Error **reterr);

/* Units that come after it, of machines and groups: at a stop its scope is to wait for them, as systemd has its service do. *ret is the
 * caller's; empty where there are none. */
int machine_order_units_behind(const char *machine, char ***ret, Error **reterr);

/* The others' files, once a machine has another name, or is gone; its own, too, then. Can be done twice. */
int machine_order_rename(const char *from, const char *to, Error **reterr);
int machine_order_forget(const char *machine, Error **reterr);

/* Whether nothing but such a file is in that directory. */
bool machine_order_is_alone(const char *directory);
