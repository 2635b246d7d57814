/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "address.h"
#include "error.h"
#include "secret.h"
#include "strv.h"

/* What the user asked for, from the command line and the settings files, before anything of the host is looked
 * at. Unset is distinguishable everywhere (NULL, -1, or a *_UNSET value), so that a settings file fills only what
 * the command line left open. Strings and arrays are owned by the struct. */

/* A duration of settings, in µs, that never ends; UINT64_MAX is unset. */
#define DURATION_INFINITY (UINT64_MAX - 1)

typedef enum StartMode {
        START_BOOT, /* the tree's own init as PID 1 */
        START_RUN,  /* one command as PID 1 */
} StartMode;

/* Which program a machine's init is; what each wants to be told is machine/init.h's. */
typedef enum InitKind {
        INIT_OTHER, /* nothing is known of its signals: its own programs are asked */
        INIT_SYSTEMD,
        INIT_BUSYBOX,
        INIT_OPENRC,
        INIT_SYSVINIT,
        INIT_RUNIT,
        INIT_FINIT,
        INIT_S6,
        INIT_DINIT,
        INIT_TINY, /* tini, dumb-init and the like: no init, but it passes signals on */
        INIT_KINDS,
        INIT_AUTO = INIT_KINDS, /* by looking at it */
} InitKind;

typedef enum NetworkKind {
        NETWORK_UNSET = -1,
        NETWORK_OWN,       /* own namespace with the interfaces that are asked for; without any, one in a zone (default) */
        NETWORK_HOST,      /* the host's network namespace */
        NETWORK_NONE,      /* own namespace with nothing but loopback */
        NETWORK_NAMESPACE, /* one that is there already, by its path */
} NetworkKind;

typedef enum UserNamespaceMode {
        USERNS_UNSET = -1,
        USERNS_NO,       /* --private-users=no: ids are the host's */
        USERNS_PICK,     /* a range of its own is chosen (default) */
        USERNS_FIXED,    /* --private-users=BASE[:COUNT] */
        USERNS_IDENTITY, /* own namespace, ids 0..65535 map to themselves */
} UserNamespaceMode;

/* What becomes of the tree's files, whose ids are not the machine's. */
typedef enum OwnershipMode {
        OWNERSHIP_UNSET = -1,
        OWNERSHIP_OFF,   /* they are left as they are */
        OWNERSHIP_MAP,   /* the mount maps them */
        OWNERSHIP_CHOWN, /* they are changed, on disk */
        OWNERSHIP_AUTO,  /* map (default) */
} OwnershipMode;

typedef enum SELinuxMode {
        SELINUX_UNSET = -1,
        SELINUX_NO,      /* no labels */
        SELINUX_AUTO,    /* where it is enabled and its policy knows containers (default) */
        SELINUX_REQUIRE, /* or the start is refused */
} SELinuxMode;

typedef enum ResolvConfMode {
        RESOLV_CONF_UNSET = -1,
        RESOLV_CONF_OFF,
        RESOLV_CONF_COPY_HOST, RESOLV_CONF_COPY_STATIC, RESOLV_CONF_COPY_UPLINK, RESOLV_CONF_COPY_STUB,
        RESOLV_CONF_REPLACE_HOST, RESOLV_CONF_REPLACE_STATIC, RESOLV_CONF_REPLACE_UPLINK, RESOLV_CONF_REPLACE_STUB,
        RESOLV_CONF_BIND_HOST, RESOLV_CONF_BIND_STATIC, RESOLV_CONF_BIND_UPLINK, RESOLV_CONF_BIND_STUB,
        RESOLV_CONF_DELETE,
        RESOLV_CONF_AUTO,
} ResolvConfMode;

typedef enum TimezoneMode {
        TIMEZONE_UNSET = -1,
        TIMEZONE_OFF, TIMEZONE_COPY, TIMEZONE_BIND, TIMEZONE_SYMLINK, TIMEZONE_DELETE, TIMEZONE_AUTO,
} TimezoneMode;

typedef enum LinkJournalMode {
        LINK_JOURNAL_UNSET = -1,
        LINK_JOURNAL_NO, LINK_JOURNAL_HOST, LINK_JOURNAL_TRY_HOST, LINK_JOURNAL_GUEST, LINK_JOURNAL_TRY_GUEST, LINK_JOURNAL_AUTO,
} LinkJournalMode;

typedef enum LxcfsMode { /* whether the figures inside are lxcfs's */
        LXCFS_UNSET = -1,
        LXCFS_NO, LXCFS_AUTO, LXCFS_YES,
} LxcfsMode;

typedef enum OomPolicy { /* what becomes of a machine of which the kernel has killed a process for want of memory */
        OOM_POLICY_UNSET = -1,
        OOM_POLICY_CONTINUE, /* it goes on without it */
        OOM_POLICY_KILL,     /* all of it is killed with it */
        OOM_POLICY_STOP,     /* it is powered off */
} OomPolicy;

typedef enum ConsoleMode {
        CONSOLE_UNSET = -1,
        CONSOLE_INTERACTIVE, /* a pty, attached to our terminal */
        CONSOLE_READ_ONLY,   /* a pty, output only */
        CONSOLE_PASSIVE,     /* a pty, kept for `nbox console` */
        CONSOLE_PIPE,        /* our stdin, stdout, stderr as they are */
        CONSOLE_AUTOPIPE,    /* interactive where all three are terminals, else pipe */
} ConsoleMode;

/* What becomes of a machine that is not well (podman's words). */
typedef enum HealthAction {
        HEALTH_ACTION_UNSET = -1,
        HEALTH_ACTION_NONE, /* it is said (default) */
        HEALTH_ACTION_RESTART,
        HEALTH_ACTION_STOP,
        HEALTH_ACTION_KILL,
} HealthAction;

typedef enum SettingsMode {
        SETTINGS_UNSET = -1,
        SETTINGS_NO,       /* read none */
        SETTINGS_YES,      /* /etc and /run trusted, beside the image with reduced trust (default) */
        SETTINGS_OVERRIDE, /* as YES, and settings win over the command line */
        SETTINGS_TRUSTED,  /* the file beside the image is trusted too */
} SettingsMode;

typedef enum BindOption {
        BIND_OPTION_RBIND,
        BIND_OPTION_NORBIND,
        BIND_OPTION_NOIDMAP, /* the rest in the order of BindMount.idmap */
        BIND_OPTION_IDMAP,
        BIND_OPTION_ROOTIDMAP,
        BIND_OPTION_OWNERIDMAP,
} BindOption;

typedef struct BindMount {
        char *source;      /* on the host, absolute; a leading '+' of the option was resolved against the tree: see from_root */
        char *destination; /* in the machine, absolute, clean */
        bool from_root;    /* source is beneath the machine's own tree ("+/path") */
        bool read_only;
        bool recursive;    /* rbind (default) */
        bool optional;     /* "-" before the source: a missing one is ignored */
        int idmap;         /* -1 unset, 0 noidmap, 1 idmap, 2 rootidmap, 3 owneridmap */
} BindMount;

typedef struct TmpfsMount {
        char *destination; /* absolute, clean */
        char *options;     /* tmpfs mount options ("mode=0755,size=64M"), or NULL */
} TmpfsMount;

/* --overlay= and --overlay-ro=. */
typedef struct OverlayMount {
        char **sources;    /* two at least, the lowest first: absolute paths of the host's, or "+" and a path in the machine's tree. What is written goes to the last,
                            * "" for a temporary directory */
        char *destination; /* absolute, clean */
        bool read_only;
} OverlayMount;

/* Ports of the host that lead to as many of the machine's, the first to the first: host, host + 1, … to machine, machine + 1, …
 * All in host byte order; neither range passes 65535. */
typedef struct PortMap {
        int protocol;     /* IPPROTO_TCP or IPPROTO_UDP */
        IpAddress address; /* the address of the host that they are published on: of that family alone; none: all of both.
                              0.0.0.0 and :: are all of one family */
        uint16_t host;
        uint16_t machine;
        uint16_t count;   /* at least 1 */
} PortMap;

typedef struct PortList {
        PortMap *items;
        size_t n;
} PortList;

#define ZONE_NAME_MAX 12 /* its bridge's name is made of it: IFNAMSIZ */
#define ZONE_DEFAULT "default"
#define NICS_MAX 8

typedef enum NicKind {
        NIC_ZONE,      /* a veth pair into a zone's bridge */
        NIC_VETH,      /* a veth pair whose other end, "ve-MACHINE", is the host's own matter */
        NIC_EXTRA,     /* a further such pair, both ends named by the user (--network-veth-extra) */
        NIC_BRIDGE,    /* a veth pair into a bridge of the host's */
        NIC_MACVLAN,   /* on top of a link of the host's */
        NIC_IPVLAN,    /* likewise */
        NIC_INTERFACE, /* a link of the host's itself, which gets it back */
        NIC_KINDS,
} NicKind;

#define LINK_NAME_MAX 127 /* ALTIFNAMSIZ, without the NUL */

/* An address that an interface is given, and the way out by it. */
typedef struct NicAddress {
        IpAddress address;
        unsigned prefix;
        IpAddress gateway; /* or none */
} NicAddress;

#define NIC_ADDRESSES_MAX 2 /* one of each family */

/* One interface, in the order of the machine's: the first that is a veth pair's end is host0; the first in a zone has the default route. */
typedef struct NicConfig {
        NicKind kind;
        char zone[ZONE_NAME_MAX + 1];  /* NIC_ZONE */
        char link[LINK_NAME_MAX + 1];  /* of the host: the bridge, the link below, the link itself; NIC_EXTRA: the host's end */
        char name[IFNAMSIZ];           /* inside; "": the kind's own */
        unsigned vlan;                 /* NIC_BRIDGE; 0: none */
        NicAddress addresses[NIC_ADDRESSES_MAX]; /* all kinds but NIC_ZONE */
        size_t n_addresses;
        uint32_t address; /* NIC_ZONE: host byte order; 0: one is chosen and kept */
        bool mac_set;     /* else it is made of the machine's name and the host's id */
        uint8_t mac[6];
        bool is_first;    /* it came from --network=, and so stands before the others */
} NicConfig;

typedef struct NicList {
        NicConfig *items;
        size_t n; /* at most NICS_MAX */
} NicList;

/* Of the machine as a whole: resources.h. */
typedef enum Resource {
        RESOURCE_MEMORY,
        RESOURCE_MEMORY_HIGH,
        RESOURCE_MEMORY_LOW,
        RESOURCE_SWAP,
        RESOURCE_CPU,
        RESOURCE_CPU_WEIGHT,
        RESOURCE_CPUS,
        RESOURCE_TASKS,
        RESOURCE_IO_WEIGHT,
        RESOURCE_IO_READ,
        RESOURCE_IO_WRITE,
        RESOURCE_IO_READ_OPS,
        RESOURCE_IO_WRITE_OPS,
        RESOURCE_OOM_POLICY,
        RESOURCES,
} Resource;

/* One resource limit, by number of setrlimit(2). */
typedef struct LimitConfig {
        bool is_set;
        struct rlimit value;
} LimitConfig;

/* What a machine is handed as a file that only its root may read. */
typedef struct Credential {
        char *id;
        char *path;     /* absolute, or a name in our own $CREDENTIALS_DIRECTORY; NULL: it is value */
        Secret value;
        bool encrypted; /* by systemd-creds(1): what is there, at the path too, is Base64 */
        bool from_file; /* a settings file's, which is read again for the machine's next life */
        char *given;    /* where the value stands in our own argument vector, to be overwritten; or NULL */
} Credential;

typedef struct CredentialList {
        Credential *items;
        size_t n;
} CredentialList;

/* --volatile=, systemd-nspawn(1)'s. */
typedef enum VolatileMode {
        VOLATILE_UNSET = -1,
        VOLATILE_NO,
        VOLATILE_YES,     /* a tmpfs, with the tree's /usr read-only in it */
        VOLATILE_STATE,   /* the tree read-only, with a tmpfs on /var */
        VOLATILE_OVERLAY, /* the tree read-only, with a tmpfs over all of it */
} VolatileMode;

/* Where the values came from: provenance.h. */
typedef struct Assignment Assignment;
typedef struct AssignmentList {
        Assignment *first, *last;
} AssignmentList;

typedef struct MachineConfig {
        StartMode mode;

        /* which */
        char *machine;   /* checked: a valid name */
        char *directory; /* absolute path of the tree, or NULL: found by name */
        char *image;     /* the NAME or DIR operand as it was given, or NULL */
        uint8_t id[16];
        bool id_set;

        /* what runs */
        bool as_nspawn;      /* what nobody says is as systemd-nspawn has it: the host's network, Boot= decides where no option does; so are
                              * exit statuses */
        bool as_service;     /* START_RUN: a service by the machine's name runs its command */
        int boot;            /* Boot=: whether what the tree is for is its init, tristate. The verb decides, but for a service of its name */
        char *init;          /* START_BOOT: a kind's name, "auto", or an absolute path inside; NULL unset */
        char **parameters;   /* START_RUN: the command; START_BOOT: arguments to init */
        int as_pid2;         /* tristate */
        char **environment;  /* NAME=value */
        char *user;          /* name or uid in the machine, with ":" and a group's behind it or without */
        char *chdir;         /* absolute path in the machine */
        char *hostname;
        int kill_signal;     /* -1 unset: chosen by what init is */
        uint64_t stop_timeout_usec; /* UINT64_MAX unset; how long an orderly stop may take before SIGKILL */

        char **ready;        /* conditions (ready.h), each checked; all must hold. NULL unset: auto */
        uint64_t ready_wait_usec; /* UINT64_MAX unset; how long a start waits for them */

        char **health;       /* checks (health-check.h), each checked; all must hold */
        uint64_t health_interval_usec;     /* these three: UINT64_MAX unset */
        uint64_t health_timeout_usec;
        uint64_t health_start_period_usec; /* after it is ready */
        int health_retries;  /* failures in a row; -1 unset */
        HealthAction health_on_failure;

        CredentialList credentials;

        /* the tree */
        char *disk;          /* --image=: a disk image's path or name, or NULL */
        char *template;      /* absolute path or name of the image that the tree is cloned from where it is not there; or NULL */
        bool name_is_derived; /* `machine` is the tree's, since the command line says none */
        bool name_is_made_up; /* passing-name.h */
        char *root_hash;     /* of a disk image: hexadecimal digits, checked; or NULL */
        char *verity_data;   /* absolute path of the file with its hashes, or NULL */
        int ephemeral;       /* tristate */
        VolatileMode volatility;
        int read_only;       /* tristate */
        BindMount *binds;
        size_t n_binds;
        TmpfsMount *tmpfs;
        size_t n_tmpfs;
        OverlayMount *overlays;
        size_t n_overlays;
        char **volumes;      /* directories that are there to be written to, absolute, clean */
        char **inaccessible; /* what is covered, absolute, clean */
        char *pivot_root;    /* a directory of the tree that is the root instead, and ":" with where the whole tree is then; or NULL */
        char **devices;      /* device-spec.h, each checked */
        ResolvConfMode resolv_conf;
        TimezoneMode timezone;
        LinkJournalMode link_journal;

        /* ids */
        UserNamespaceMode userns;
        uid_t uid_base;      /* USERNS_FIXED */
        uint32_t uid_range;  /* 0 unset: 65536 */
        OwnershipMode ownership;

        /* isolation */
        int nesting;         /* tristate */
        char **system_call_filter; /* words of nspawn's lists, "~" before each that is refused */
        uint64_t capabilities;         /* these three: bits by number, UINT64_MAX unset; more than the default's */
        uint64_t dropped_capabilities; /* fewer, and these have the last word */
        uint64_t ambient_capabilities; /* START_RUN: what the command has without being root */
        int no_new_privileges; /* tristate */
        int suppress_sync;   /* tristate */
        LxcfsMode lxcfs;
        LimitConfig limits[RLIM_NLIMITS];
        char *oom_score_adjust; /* "-1000" to "1000", or NULL */
        char *cpu_affinity;    /* a list as cpu_list_parse() takes it, or NULL */
        int personality;       /* of personality(2), or -1 */

        /* labels */
        SELinuxMode selinux;
        char *selinux_context;       /* of its processes, by hand */
        char *selinux_apifs_context; /* of the file systems that are made for it, by hand */
        char *apparmor_profile;

        /* network */
        char *network_namespace; /* NETWORK_NAMESPACE: absolute path of the host's */
        NetworkKind network; /* made of the words below by config_resolve_network() at the end of each source */
        int private_network; /* --private-network, Private=: tristate, as given */
        int network_veth;    /* --network-veth, VirtualEthernet=: tristate, as given */
        NicList nics;        /* none: one in the zone "default" */
        PortList ports;      /* published */
        PortList host_ports; /* of the host's 127.0.0.1, offered to the machine at its gateway's address */
        uint64_t ingress_rate; /* toward the machine, bits a second; UINT64_MAX unset */
        uint64_t egress_rate;  /* from it; likewise */

        /* the host's side */
        int registered;      /* --register=, tristate */
        char *slice;         /* NULL: machine-ESCAPED.slice */
        char **properties;   /* NAME=value for the scope, checked for shape only */
        char *resources[RESOURCES]; /* each checked, or NULL */
        ConsoleMode console;
        int detach;          /* tristate, command line only */
        int quiet;           /* tristate, command line only */
        int dry_run;         /* tristate, command line only */
        int json;            /* tristate: --dry-run's form */
        SettingsMode settings;
        char **settings_files; /* paths that were read, in this order, for status and the plan */
        AssignmentList assignments;
} MachineConfig;

MachineConfig *config_new(StartMode mode);
void config_free(MachineConfig *c);
DEFINE_CLEANUP(MachineConfig *, config_free);

/* Parse the arguments that follow the verb `boot` or `run` (argv[0] is the verb). */
int config_parse_argv(MachineConfig *c, int argc, char **argv, Error **reterr);

/* Read the settings files that apply to c->machine (and to the tree at c->directory), filling what is unset in c:
 * /etc/nbox/NAME.conf, /run/nbox/NAME.conf, /etc/systemd/nspawn/NAME.nspawn, /run/systemd/nspawn/NAME.nspawn
 * (first found is used), else NAME.nspawn beside the tree with reduced trust; and the drop-ins of NAME.conf.d and NAME.nspawn.d
 * (settings-places.h). Unknown keys are warned about with file and line; a bad value is an error that says what is allowed. */
int config_read_settings(MachineConfig *c, Error **reterr);

/* What contradicts itself: fails with what to change. Needs no root and looks at nothing outside c. */
int config_validate(const MachineConfig *c, Error **reterr);

/* Names for enum values, from the tables that parse them. */
const char *start_mode_to_string(StartMode m); /* "boot" or "run", as the verbs */
const char *network_kind_to_string(NetworkKind k);
const char *nic_kind_to_string(NicKind k);
const char *console_mode_to_string(ConsoleMode m);
const char *oom_policy_to_string(OomPolicy p);
const char *ownership_mode_to_string(OwnershipMode m);
const char *resolv_conf_mode_to_string(ResolvConfMode m);
const char *link_journal_mode_to_string(LinkJournalMode m);
const char *lxcfs_mode_to_string(LxcfsMode m);
const char *timezone_mode_to_string(TimezoneMode m);
const char *volatile_mode_to_string(VolatileMode m);
const char *protocol_to_string(int protocol);
const char *init_kind_to_string(InitKind kind);

/* INIT_AUTO for what is no kind's name. */
InitKind init_kind_from_string(const char *name);
