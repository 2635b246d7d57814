/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "error.h"

/* A bundle's config.json (OCI runtime specification 1.2), as an engine wrote it. It is no MachineConfig: that is what a person asked for, and
 * we fill what was left open; here nothing is filled, and what is not said is not done. Which fields there are, of what type, and which
 * of them we refuse stands in oci-fields.h, by which all is checked before any of it is taken. Strings are borrowed from `json`. */

typedef enum OciNamespaceKind {
        OCI_NS_USER, /* in the order in which they are entered */
        OCI_NS_CGROUP,
        OCI_NS_IPC,
        OCI_NS_UTS,
        OCI_NS_NETWORK,
        OCI_NS_PID,
        OCI_NS_TIME,
        OCI_NS_MOUNT,
        OCI_NS_KINDS,
} OciNamespaceKind;

typedef struct OciNamespace {
        bool asked;       /* else it is the caller's */
        const char *path; /* one that is there; NULL: a new one */
} OciNamespace;

/* The kernel's names: a flag of clone(2), and the file below /proc/PID/ns. */
typedef struct OciNamespaceName {
        const char *name, *file;
        uint64_t flag;
} OciNamespaceName;
extern const OciNamespaceName oci_namespace_names[OCI_NS_KINDS];

typedef struct OciIdMap {
        uint32_t inside, outside, size;
} OciIdMap;

typedef struct OciIdMaps {
        OciIdMap *items;
        size_t n;
} OciIdMaps;

typedef struct OciMount {
        const char *destination, *type, *source;
        bool bind, recursive;     /* "bind", "rbind" */
        bool copy_up;             /* "tmpcopyup": what the tree has there is copied into the new tmpfs */
        bool idmapped, idmap_recursive; /* "idmap", "ridmap", or maps of its own */
        OciIdMaps uids, gids;     /* none, and idmapped: the container's */
        uint64_t set, clear;      /* MOUNT_ATTR_*, of the mount itself */
        uint64_t deep_set, deep_clear; /* of it and all below it */
        uint64_t propagation;     /* MS_SHARED …, or 0 */
        bool propagation_deep;
        char *data;               /* the file system's own options, or NULL */
} OciMount;

typedef struct OciDevice {
        const char *path;
        mode_t mode; /* with its type */
        unsigned major, minor;
        uid_t uid;
        gid_t gid;
} OciDevice;

typedef enum OciCapSet { OCI_CAPS_BOUNDING, OCI_CAPS_EFFECTIVE, OCI_CAPS_INHERITABLE, OCI_CAPS_PERMITTED, OCI_CAPS_AMBIENT, OCI_CAP_SETS } OciCapSet;

typedef struct OciRlimit {
        int resource;
        const char *name;
        struct rlimit value;
} OciRlimit;

typedef struct OciScheduler {
        bool asked;
        uint32_t policy, priority;
        int32_t nice;
        uint64_t flags, runtime, deadline, period;
} OciScheduler;

/* "process", or what `exec` is given for one. */
typedef struct OciProcess {
        json_t *json; /* borrowed, or NULL: there is none */
        bool terminal;
        unsigned short rows, columns; /* 0: not said */
        uid_t uid;
        gid_t gid;
        mode_t umask;                 /* 0022 where it is not said */
        gid_t *groups;
        size_t n_groups;
        char **args, **env;
        const char *cwd;
        bool has_capabilities;
        uint64_t capabilities[OCI_CAP_SETS];
        OciRlimit *limits;
        size_t n_limits;
        bool no_new_privileges;
        const char *apparmor, *selinux;
        bool oom_asked;
        int oom_score_adj;
        OciScheduler scheduler;
        int io_priority;              /* of ioprio_set(2), or -1 */
        const char *cpus_initial, *cpus_final; /* execCPUAffinity */
} OciProcess;

typedef enum OciHookKind {
        OCI_HOOK_PRESTART, OCI_HOOK_CREATE_RUNTIME, OCI_HOOK_CREATE_CONTAINER, OCI_HOOK_START_CONTAINER, OCI_HOOK_POSTSTART, OCI_HOOK_POSTSTOP,
        OCI_HOOK_KINDS,
} OciHookKind;
const char *oci_hook_name(OciHookKind kind);

typedef struct OciSpec {
        json_t *json;
        char *bundle;               /* absolute */
        OciProcess process;
        char *root;                 /* absolute */
        bool root_read_only;
        const char *hostname, *domainname;
        OciNamespace namespaces[OCI_NS_KINDS];
        OciIdMaps uids, gids;
        OciMount *mounts;
        size_t n_mounts;
        OciDevice *devices;
        size_t n_devices;
        char **masked, **read_only; /* absolute paths inside */
        uint64_t propagation;       /* rootfsPropagation, or 0 */
        bool propagation_deep;
        const char *cgroup;         /* cgroupsPath, or NULL */
        const char *mount_label;
        int personality;            /* of personality(2), or -1 */
        json_t *resources, *seccomp, *sysctl, *annotations, *hooks, *time_offsets; /* objects, or NULL; borrowed */
} OciSpec;

/* bundle/config.json. -ENOENT, -EBADMSG, -EINVAL or -EOPNOTSUPP with the field's name. */
int oci_spec_load(const char *bundle, OciSpec **ret, Error **reterr);

/* The same of a directory of ours, which has it as it was when it was checked. */
int oci_spec_load_kept(const char *directory, OciSpec **ret, Error **reterr);
void oci_spec_free(OciSpec *s);
DEFINE_CLEANUP(OciSpec *, oci_spec_free);

/* A file that is a "process" by itself; *ret_json is what it is borrowed from. */
int oci_process_load(const char *path, OciProcess *ret, json_t **ret_json, Error **reterr);
int oci_process_parse(json_t *json, OciProcess *ret, Error **reterr);
void oci_process_done(OciProcess *p);

/* oci-mount-options.c: the words of a mount; json: array of strings, or NULL. */
int oci_mount_options_parse(json_t *json, OciMount *m, Error **reterr);

/* MS_SHARED … of "rshared" and its kind; 0: no such word. *ret_deep: with all below. */
uint64_t oci_propagation_parse(const char *word, bool *ret_deep);

/* The i-th option that is no file system's own; NULL behind the last. */
const char *oci_mount_option(size_t i);

/* A capability's bit by its name ("CAP_CHOWN"); 0: there is none. The i-th name; NULL behind the last. */
uint64_t oci_capability_parse(const char *name);

/* Whether the process is root's by a map: inside → outside. false: it is not mapped. */
bool oci_id_outside(const OciIdMaps *maps, uint32_t inside, uint32_t *ret);
