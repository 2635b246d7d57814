/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"

/* The fields of a MachineConfig that a source (command line, settings file) may set, as a group that is set,
 * unset and taken over together. */

typedef enum Field {
        FIELD_NONE = 0, /* an option that stores nothing */
        FIELD_MACHINE,
        FIELD_DIRECTORY,
        FIELD_ID,
        FIELD_BOOT,
        FIELD_INIT,
        FIELD_PARAMETERS,
        FIELD_AS_PID2,
        FIELD_ENVIRONMENT,
        FIELD_USER,
        FIELD_CHDIR,
        FIELD_HOSTNAME,
        FIELD_KILL_SIGNAL,
        FIELD_STOP_TIMEOUT,
        FIELD_READY,
        FIELD_READY_WAIT,
        FIELD_HEALTH,
        FIELD_HEALTH_INTERVAL,
        FIELD_HEALTH_TIMEOUT,
        FIELD_HEALTH_RETRIES,
        FIELD_HEALTH_START_PERIOD,
        FIELD_HEALTH_ON_FAILURE,
        FIELD_CREDENTIALS,
        FIELD_DISK,
        FIELD_TEMPLATE,
        FIELD_ROOT_HASH,
        FIELD_VERITY_DATA,
        FIELD_EPHEMERAL,
        FIELD_VOLATILE,
        FIELD_READ_ONLY,
        FIELD_BINDS,
        FIELD_TMPFS,
        FIELD_OVERLAYS,
        FIELD_VOLUMES,
        FIELD_PIVOT_ROOT,
        FIELD_INACCESSIBLE,
        FIELD_DEVICES,
        FIELD_RESOLV_CONF,
        FIELD_TIMEZONE,
        FIELD_LINK_JOURNAL,
        FIELD_USERNS,
        FIELD_OWNERSHIP,
        FIELD_NESTING,
        FIELD_SYSTEM_CALL_FILTER,
        FIELD_CAPABILITIES,
        FIELD_DROPPED_CAPABILITIES,
        FIELD_AMBIENT_CAPABILITIES,
        FIELD_NO_NEW_PRIVILEGES,
        FIELD_SUPPRESS_SYNC,
        FIELD_LXCFS,
        FIELD_LIMITS, /* each is set by itself: this plus the number of setrlimit(2) */
        FIELD_LIMITS_LAST = FIELD_LIMITS + RLIM_NLIMITS - 1,
        FIELD_OOM_SCORE_ADJUST,
        FIELD_CPU_AFFINITY,
        FIELD_PERSONALITY,
        FIELD_SELINUX,
        FIELD_SELINUX_CONTEXT,
        FIELD_SELINUX_APIFS_CONTEXT,
        FIELD_APPARMOR_PROFILE,
        FIELD_NETWORK,
        FIELD_NETWORK_NAMESPACE,
        FIELD_PRIVATE_NETWORK,
        FIELD_NETWORK_VETH,
        FIELD_NICS,
        FIELD_PORTS,
        FIELD_HOST_PORTS,
        FIELD_INGRESS_RATE,
        FIELD_EGRESS_RATE,
        FIELD_REGISTERED,
        FIELD_SLICE,
        FIELD_PROPERTIES,
        FIELD_RESOURCES, /* each is set by itself: this plus the number of its Resource */
        FIELD_RESOURCES_LAST = FIELD_RESOURCES + RESOURCES - 1,
        FIELD_CONSOLE,
        FIELD_DETACH,
        FIELD_QUIET,
        FIELD_DRY_RUN,
        FIELD_JSON,
        FIELD_SETTINGS,
        FIELD_MAX,
} Field;

bool field_is_set(const MachineConfig *c, Field f);

/* Free what stands there and make it unset. */
void field_reset(MachineConfig *c, Field f);

/* Where an int, a tristate or an enum is stored; a string; a set of bits, which is UINT64_MAX as long as it is unset. */
int *field_int(MachineConfig *c, Field f);
char **field_string(MachineConfig *c, Field f);
uint64_t *field_u64(MachineConfig *c, Field f);

/* Move what is unset in `c` and set in `from` over to `c`: the settings file below the command line. */
void config_fill(MachineConfig *c, MachineConfig *from);

/* What is set in `from` takes the place of what is in `c` (--settings=override). */
void config_override(MachineConfig *c, MachineConfig *from);

/* Make c->network of what was asked for by its several words (--network, --private-network, --network-veth,
 * --network-zone … and the keys Private=, VirtualEthernet=, Zone=, …), whose order does not matter:
 * an interface of any kind implies a private network, as systemd.nspawn(5) has it. Once for each source. */
int config_resolve_network(MachineConfig *c, Error **reterr);
