/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A MachineConfig's life. Every field that can be set has a line in `fields`, from which making, freeing,
 * resetting (an empty assignment in a settings file) and filling follow; a field that is forgotten in one of them
 * would be a leak or a setting that silently does nothing. */

#include "config.h"

#include <string.h>

#include "credentials.h"
#include "fields.h"
#include "nics.h"
#include "port-map.h"
#include "provenance.h"

typedef enum FieldKind {
        KIND_STRING = 1,
        KIND_STRV,
        KIND_INT,  /* -1 is unset; enums too */
        KIND_U64,  /* UINT64_MAX is unset; times, rates, sets of bits */
        KIND_ID,
        KIND_USERNS,
        KIND_BINDS,
        KIND_TMPFS,
        KIND_OVERLAYS,
        KIND_PORTS,
        KIND_NICS,
        KIND_LIMIT,
        KIND_RESOURCE,
        KIND_CREDENTIALS,
} FieldKind;

typedef struct FieldInfo {
        FieldKind kind;
        size_t offset;
} FieldInfo;

#define AT(member) offsetof(MachineConfig, member)

static const FieldInfo fields[FIELD_MAX] = {
        [FIELD_MACHINE] = { KIND_STRING, AT(machine) },
        [FIELD_DIRECTORY] = { KIND_STRING, AT(directory) },
        [FIELD_ID] = { KIND_ID, AT(id) },
        [FIELD_BOOT] = { KIND_INT, AT(boot) },
        [FIELD_INIT] = { KIND_STRING, AT(init) },
        [FIELD_PARAMETERS] = { KIND_STRV, AT(parameters) },
        [FIELD_AS_PID2] = { KIND_INT, AT(as_pid2) },
        [FIELD_ENVIRONMENT] = { KIND_STRV, AT(environment) },
        [FIELD_USER] = { KIND_STRING, AT(user) },
        [FIELD_CHDIR] = { KIND_STRING, AT(chdir) },
        [FIELD_HOSTNAME] = { KIND_STRING, AT(hostname) },
        [FIELD_KILL_SIGNAL] = { KIND_INT, AT(kill_signal) },
        [FIELD_STOP_TIMEOUT] = { KIND_U64, AT(stop_timeout_usec) },
        [FIELD_READY] = { KIND_STRV, AT(ready) },
        [FIELD_READY_WAIT] = { KIND_U64, AT(ready_wait_usec) },
        [FIELD_HEALTH] = { KIND_STRV, AT(health) },
        [FIELD_HEALTH_INTERVAL] = { KIND_U64, AT(health_interval_usec) },
        [FIELD_HEALTH_TIMEOUT] = { KIND_U64, AT(health_timeout_usec) },
        [FIELD_HEALTH_RETRIES] = { KIND_INT, AT(health_retries) },
        [FIELD_HEALTH_START_PERIOD] = { KIND_U64, AT(health_start_period_usec) },
        [FIELD_HEALTH_ON_FAILURE] = { KIND_INT, AT(health_on_failure) },
        [FIELD_CREDENTIALS] = { KIND_CREDENTIALS, AT(credentials) },
        [FIELD_DISK] = { KIND_STRING, AT(disk) },
        [FIELD_TEMPLATE] = { KIND_STRING, AT(template) },
        [FIELD_ROOT_HASH] = { KIND_STRING, AT(root_hash) },
        [FIELD_VERITY_DATA] = { KIND_STRING, AT(verity_data) },
        [FIELD_EPHEMERAL] = { KIND_INT, AT(ephemeral) },
        [FIELD_VOLATILE] = { KIND_INT, AT(volatility) },
        [FIELD_READ_ONLY] = { KIND_INT, AT(read_only) },
        [FIELD_BINDS] = { KIND_BINDS, AT(binds) },
        [FIELD_TMPFS] = { KIND_TMPFS, AT(tmpfs) },
        [FIELD_OVERLAYS] = { KIND_OVERLAYS, AT(overlays) },
        [FIELD_VOLUMES] = { KIND_STRV, AT(volumes) },
        [FIELD_PIVOT_ROOT] = { KIND_STRING, AT(pivot_root) },
        [FIELD_INACCESSIBLE] = { KIND_STRV, AT(inaccessible) },
        [FIELD_DEVICES] = { KIND_STRV, AT(devices) },
        [FIELD_RESOLV_CONF] = { KIND_INT, AT(resolv_conf) },
        [FIELD_TIMEZONE] = { KIND_INT, AT(timezone) },
        [FIELD_LINK_JOURNAL] = { KIND_INT, AT(link_journal) },
        [FIELD_USERNS] = { KIND_USERNS, AT(userns) },
        [FIELD_OWNERSHIP] = { KIND_INT, AT(ownership) },
        [FIELD_NESTING] = { KIND_INT, AT(nesting) },
        [FIELD_SYSTEM_CALL_FILTER] = { KIND_STRV, AT(system_call_filter) },
        [FIELD_CAPABILITIES] = { KIND_U64, AT(capabilities) },
        [FIELD_DROPPED_CAPABILITIES] = { KIND_U64, AT(dropped_capabilities) },
        [FIELD_AMBIENT_CAPABILITIES] = { KIND_U64, AT(ambient_capabilities) },
        [FIELD_NO_NEW_PRIVILEGES] = { KIND_INT, AT(no_new_privileges) },
        [FIELD_SUPPRESS_SYNC] = { KIND_INT, AT(suppress_sync) },
        [FIELD_LXCFS] = { KIND_INT, AT(lxcfs) },
        [FIELD_LIMITS ... FIELD_LIMITS_LAST] = { KIND_LIMIT, AT(limits) }, /* the first's */
        [FIELD_OOM_SCORE_ADJUST] = { KIND_STRING, AT(oom_score_adjust) },
        [FIELD_CPU_AFFINITY] = { KIND_STRING, AT(cpu_affinity) },
        [FIELD_PERSONALITY] = { KIND_INT, AT(personality) },
        [FIELD_SELINUX] = { KIND_INT, AT(selinux) },
        [FIELD_SELINUX_CONTEXT] = { KIND_STRING, AT(selinux_context) },
        [FIELD_SELINUX_APIFS_CONTEXT] = { KIND_STRING, AT(selinux_apifs_context) },
        [FIELD_APPARMOR_PROFILE] = { KIND_STRING, AT(apparmor_profile) },
        [FIELD_NETWORK] = { KIND_INT, AT(network) },
        [FIELD_NETWORK_NAMESPACE] = { KIND_STRING, AT(network_namespace) },
        [FIELD_PRIVATE_NETWORK] = { KIND_INT, AT(private_network) },
        [FIELD_NETWORK_VETH] = { KIND_INT, AT(network_veth) },
        [FIELD_NICS] = { KIND_NICS, AT(nics) },
        [FIELD_PORTS] = { KIND_PORTS, AT(ports) },
        [FIELD_HOST_PORTS] = { KIND_PORTS, AT(host_ports) },
        [FIELD_INGRESS_RATE] = { KIND_U64, AT(ingress_rate) },
        [FIELD_EGRESS_RATE] = { KIND_U64, AT(egress_rate) },
        [FIELD_REGISTERED] = { KIND_INT, AT(registered) },
        [FIELD_SLICE] = { KIND_STRING, AT(slice) },
        [FIELD_PROPERTIES] = { KIND_STRV, AT(properties) },
        [FIELD_RESOURCES ... FIELD_RESOURCES_LAST] = { KIND_RESOURCE, AT(resources) }, /* the first's */
        [FIELD_CONSOLE] = { KIND_INT, AT(console) },
        [FIELD_DETACH] = { KIND_INT, AT(detach) },
        [FIELD_QUIET] = { KIND_INT, AT(quiet) },
        [FIELD_DRY_RUN] = { KIND_INT, AT(dry_run) },
        [FIELD_JSON] = { KIND_INT, AT(json) },
        [FIELD_SETTINGS] = { KIND_INT, AT(settings) },
};

static void *member(const MachineConfig *c, Field f) {
        return (char *) c + fields[f].offset;
}

int *field_int(MachineConfig *c, Field f) {
        return member(c, f);
}

char **field_string(MachineConfig *c, Field f) {
        return member(c, f);
}

uint64_t *field_u64(MachineConfig *c, Field f) {
        return member(c, f);
}

static LimitConfig *limit(const MachineConfig *c, Field f) {
        return (LimitConfig *) c->limits + (f - FIELD_LIMITS);
}

static char **resource(const MachineConfig *c, Field f) {
        return (char **) c->resources + (f - FIELD_RESOURCES);
}

bool field_is_set(const MachineConfig *c, Field f) {
        switch (fields[f].kind) {
        case KIND_STRING:
        case KIND_STRV:
                return *(void **) member(c, f);
        case KIND_INT:
                return *(int *) member(c, f) != -1;
        case KIND_U64:
                return *(uint64_t *) member(c, f) != UINT64_MAX;
        case KIND_ID:
                return c->id_set;
        case KIND_USERNS:
                return c->userns != USERNS_UNSET;
        case KIND_BINDS:
                return c->n_binds > 0;
        case KIND_TMPFS:
                return c->n_tmpfs > 0;
        case KIND_OVERLAYS:
                return c->n_overlays > 0;
        case KIND_PORTS:
                return ((PortList *) member(c, f))->n > 0;
        case KIND_NICS:
                return c->nics.n > 0;
        case KIND_LIMIT:
                return limit(c, f)->is_set;
        case KIND_RESOURCE:
                return *resource(c, f);
        case KIND_CREDENTIALS:
                return c->credentials.n > 0;
        }
        return false;
}

static void free_binds(MachineConfig *c) {
        for (size_t i = 0; i < c->n_binds; i++) {
                free(c->binds[i].source);
                free(c->binds[i].destination);
        }
        free(c->binds);
        c->binds = NULL;
        c->n_binds = 0;
}

static void free_tmpfs(MachineConfig *c) {
        for (size_t i = 0; i < c->n_tmpfs; i++) {
                free(c->tmpfs[i].destination);
                free(c->tmpfs[i].options);
        }
        free(c->tmpfs);
        c->tmpfs = NULL;
        c->n_tmpfs = 0;
}

static void free_overlays(MachineConfig *c) {
        for (size_t i = 0; i < c->n_overlays; i++) {
                strv_free(c->overlays[i].sources);
                free(c->overlays[i].destination);
        }
        free(c->overlays);
        c->overlays = NULL;
        c->n_overlays = 0;
}

void field_reset(MachineConfig *c, Field f) {
        provenance_forget(c, f);
        switch (fields[f].kind) {
        case KIND_STRING:
                free(*(char **) member(c, f));
                *(char **) member(c, f) = NULL;
                return;
        case KIND_STRV:
                strv_free(*(char ***) member(c, f));
                *(char ***) member(c, f) = NULL;
                return;
        case KIND_INT:
                *(int *) member(c, f) = -1;
                return;
        case KIND_U64:
                *(uint64_t *) member(c, f) = UINT64_MAX;
                return;
        case KIND_ID:
                memset(c->id, 0, sizeof(c->id));
                c->id_set = false;
                return;
        case KIND_USERNS:
                c->userns = USERNS_UNSET;
                c->uid_base = 0;
                c->uid_range = 0;
                return;
        case KIND_BINDS:
                free_binds(c);
                return;
        case KIND_TMPFS:
                free_tmpfs(c);
                return;
        case KIND_OVERLAYS:
                free_overlays(c);
                return;
        case KIND_PORTS:
                port_list_done(member(c, f));
                return;
        case KIND_NICS:
                nic_list_done(&c->nics);
                return;
        case KIND_LIMIT:
                *limit(c, f) = (LimitConfig){};
                return;
        case KIND_RESOURCE:
                free(*resource(c, f));
                *resource(c, f) = NULL;
                return;
        case KIND_CREDENTIALS:
                credential_list_done(&c->credentials);
                return;
        }
}

MachineConfig *config_new(StartMode mode) {
        MachineConfig *c = calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->mode = mode;
        for (Field f = FIELD_NONE + 1; f < FIELD_MAX; f++)
                field_reset(c, f);
        return c;
}

void config_free(MachineConfig *c) {
        if (!c)
                return;
        for (Field f = FIELD_NONE + 1; f < FIELD_MAX; f++)
                field_reset(c, f);
        free(c->image);
        strv_free(c->settings_files);
        free(c);
}

static void move_field(MachineConfig *c, MachineConfig *from, Field f) {
        provenance_move(c, from, f);
        switch (fields[f].kind) {
        case KIND_STRING:
        case KIND_STRV:
                *(void **) member(c, f) = TAKE_PTR(*(void **) member(from, f));
                return;
        case KIND_INT:
                *(int *) member(c, f) = *(int *) member(from, f);
                return;
        case KIND_U64:
                *(uint64_t *) member(c, f) = *(uint64_t *) member(from, f);
                return;
        case KIND_ID:
                memcpy(c->id, from->id, sizeof(c->id));
                c->id_set = true;
                return;
        case KIND_USERNS:
                c->userns = from->userns;
                c->uid_base = from->uid_base;
                c->uid_range = from->uid_range;
                return;
        case KIND_BINDS:
                c->binds = TAKE_PTR(from->binds);
                c->n_binds = from->n_binds;
                from->n_binds = 0;
                return;
        case KIND_TMPFS:
                c->tmpfs = TAKE_PTR(from->tmpfs);
                c->n_tmpfs = from->n_tmpfs;
                from->n_tmpfs = 0;
                return;
        case KIND_OVERLAYS:
                c->overlays = TAKE_PTR(from->overlays);
                c->n_overlays = from->n_overlays;
                from->n_overlays = 0;
                return;
        case KIND_PORTS:
                *(PortList *) member(c, f) = *(PortList *) member(from, f);
                *(PortList *) member(from, f) = (PortList){};
                return;
        case KIND_NICS:
                c->nics = from->nics;
                from->nics = (NicList){};
                return;
        case KIND_LIMIT:
                *limit(c, f) = *limit(from, f);
                return;
        case KIND_RESOURCE:
                *resource(c, f) = TAKE_PTR(*resource(from, f));
                return;
        case KIND_CREDENTIALS:
                c->credentials = from->credentials;
                from->credentials = (CredentialList){};
                return;
        }
}

/* The interfaces and the ports below belong to the network below: they do not follow into another one that was decided above. */
static bool belongs_below(const MachineConfig *c, Field f) {
        switch (f) {
        case FIELD_NICS:
        case FIELD_NETWORK_NAMESPACE:
        case FIELD_PRIVATE_NETWORK:
        case FIELD_NETWORK_VETH:
                return true;
        case FIELD_PORTS:
        case FIELD_HOST_PORTS:
        case FIELD_INGRESS_RATE:
        case FIELD_EGRESS_RATE:
                return c->network != NETWORK_OWN;
        default:
                return false;
        }
}

void config_fill(MachineConfig *c, MachineConfig *from) {
        bool network_decided = c->network != NETWORK_UNSET;

        for (Field f = FIELD_NONE + 1; f < FIELD_MAX; f++) {
                if (network_decided && belongs_below(c, f))
                        continue;
                if (!field_is_set(c, f) && field_is_set(from, f))
                        move_field(c, from, f);
        }
}

void config_override(MachineConfig *c, MachineConfig *from) {
        config_fill(from, c);
        for (Field f = FIELD_NONE + 1; f < FIELD_MAX; f++) {
                field_reset(c, f);
                if (field_is_set(from, f))
                        move_field(c, from, f);
        }
}
