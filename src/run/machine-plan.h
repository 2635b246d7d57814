/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "config.h"
#include "devices.h"
#include "error.h"
#include "find.h"
#include "health-check.h"
#include "init.h"
#include "ready.h"
#include "stack.h"
#include "strv.h"

/* Everything that a start will do, decided: made from the configuration and from what the tree and the host look
 * like, before anything is changed. Only the plan decides; the rest of run/ carries out. It can be made and printed
 * without root (--dry-run) wherever the tree can be read. */

typedef enum MountStepKind {
        MOUNT_STEP_TMPFS,
        MOUNT_STEP_BIND,
        MOUNT_STEP_OVERLAY,
        MOUNT_STEP_VOLUME, /* the directory itself where it can be written to; else an overlay in memory on it */
        MOUNT_STEP_COVER,  /* something empty of the same kind, that nobody may open */
} MountStepKind;

/* Whose the files of a bind are inside; the values are BindMount's. */
typedef enum MountIdmap {
        MOUNT_IDMAP_NO,   /* nobody's, where their ids are not of the machine's range */
        MOUNT_IDMAP_ALL,  /* the same ids' */
        MOUNT_IDMAP_ROOT, /* root's, those of the source's owner and group */
        MOUNT_IDMAP_OWNER, /* those of whoever owns the place in the machine */
} MountIdmap;

/* One mount of the machine's tree, in the order in which they are made. Strings are the plan's. */
typedef struct MountStep {
        MountStepKind kind;
        char *source;      /* bind: a path on the host, or in the tree (from_root) */
        char **sources;    /* overlay, volume: as the configuration's (OverlayMount) */
        char *destination; /* in the machine */
        char *options;     /* tmpfs options, or NULL; the owner is added when it is made */
        uint64_t attr;     /* MOUNT_ATTR_* */
        bool from_root;
        bool recursive;
        bool optional;     /* a source, or a place to put it, that is not there is passed over */
        MountIdmap idmap;
        bool becomes_theirs; /* bind: the source itself, not what is in it, is to belong to the machine's root */
} MountStep;

#define PLAN_TTYS 6 /* what the inittabs of Alpine and sysvinit start gettys on */

/* See labels.h. */
typedef struct PlanLabels {
        char *process;         /* SELinux context of its processes; NULL: none is set */
        char *mount;           /* of the file systems that are made for it; likewise */
        char *tree;            /* of its tree's files; NULL: they are left as they are */
        bool tree_is_shared;   /* it is only read */
        bool wants_categories; /* they are of the policy's type, and their categories are yet to be chosen */
        char *missing;         /* why it has no labels where SELinux is enabled, or NULL */
        char *apparmor;        /* profile, or NULL */
} PlanLabels;

typedef struct MachinePlan {
        StartMode mode;
        char *name;
        uint8_t id[16];
        char *root;          /* the image's path on the host */
        ImageType image_type;
        VolatileMode volatility; /* never UNSET */
        bool ephemeral;
        bool name_is_made_up; /* for this one time: nothing is kept under it */
        bool is_plain;       /* its tree is a directory, and is written to where anything is written */
        bool shares_tree;    /* it is only read, whatever the machine writes: others may do so meanwhile */
        char *os;            /* PRETTY_NAME of its os-release, or NULL */

        char **argv;         /* of PID 1; argv[0] is a path in the machine, or a word looked up in its PATH (run) */
        char **environment;
        char *host_os;       /* the host's os-release, which the machine is shown; or NULL */
        char *user;          /* NULL: root */
        char *chdir;
        char *hostname;
        InitKnown init;      /* of a boot: what argv[0] is, or how it is to be treated */
        bool stub_init;      /* --as-pid2 */
        bool init_says_ready; /* it is systemd, which does on NOTIFY_SOCKET */
        ReadyCondition *ready; /* what must hold before it counts as running; none where that is the exec of its init */
        size_t n_ready;
        HealthCheck *health; /* what is asked of it while it runs */
        size_t n_health;
        uint64_t health_interval_usec, health_timeout_usec, health_start_period_usec;
        unsigned health_retries;
        HealthAction health_on_failure; /* never UNSET */
        uint64_t ready_wait_usec; /* how long a start waits for them, or DURATION_INFINITY */

        uint64_t tasks;      /* limits_tasks(), of this host */
        bool userns;
        OwnershipMode ownership; /* OFF, MAP or CHOWN */
        bool pick_ids;       /* uid_base is chosen when the name is claimed; until then it is 0 */
        bool keep_ids;       /* and is the machine's from then on */
        uid_t uid_base;
        uint32_t uid_range;
        uid_t disk_base;     /* whose root's files are in the tree, on disk */
        bool half_chowned;   /* or a chown of them was interrupted */
        bool idmapped;       /* the tree's ids are mapped, from disk_base to uid_base */
        bool rechown;        /* they are changed on disk before it starts */
        uint64_t capabilities; /* bounding set, bits by capability number */
        uint64_t ambient;    /* what the command has of them without being root */
        char **system_call_filter; /* as the configuration's; all words are known */
        struct sock_filter *filter; /* NULL: the one that every machine has */
        size_t n_filter;
        bool no_new_privileges;
        bool suppress_sync;  /* filter has it */
        LxcfsMode lxcfs;     /* never unset */
        struct rlimit limits[RLIM_NLIMITS]; /* by number of setrlimit(2) */
        uint32_t limits_asked; /* which of them were asked for, bits */
        char *oom_score_adjust;
        bool oom_score_asked;
        char *cpu_affinity;  /* for cpu_list_parse(), or NULL */
        int personality;     /* -1: the host's */
        bool nesting;        /* containers inside: see NESTING in nbox(1) */

        char **credentials;  /* what to say of each; the values are elsewhere (credential-store.h). NULL: none */
        PlanLabels labels;

        bool read_only;
        MountStep *mounts;
        size_t n_mounts;
        char *pivot_new;     /* a directory of the tree that is its root, or NULL */
        char *pivot_old;     /* and where in that the tree is, or NULL */
        DeviceList devices;  /* of the host's (plan-devices.h) */
        ResolvConfMode resolv_conf; /* never UNSET or AUTO */
        TimezoneMode timezone;      /* likewise */
        LinkJournalMode link_journal; /* NO, HOST or GUEST */

        NetworkKind network;
        char *network_namespace; /* NETWORK_NAMESPACE: its path */
        NicList nics;        /* one at least with NETWORK_OWN, none else */
        PortList ports;
        PortList host_ports;
        uint64_t ingress_rate; /* bits a second; 0: no limit */
        uint64_t egress_rate;

        bool registered;     /* with systemd-machined, where there is one */
        char *slice;
        char **properties;       /* the user's, for the scope */
        char *resources[RESOURCES];      /* resources.h: each checked, or NULL */
        char *resources_from[RESOURCES]; /* and where it stands */
        char **slice_properties; /* plan-resources.h: what the slice gets */
        char **scope_properties; /* and the scope: our defaults, then the user's */
        ConsoleMode console; /* never UNSET or AUTOPIPE */
        unsigned n_ttys;     /* /dev/tty1 … /dev/ttyN are ptys of ours */
        int kill_signal;     /* -1: by what init is */
        uint64_t stop_timeout_usec;
        bool keep_address;   /* the name is the user's, not made up for one run */
        bool detach;
        bool login_shell;    /* nobody said a command: bash where there is one, else argv, as a login shell in the user's home */
        bool as_nspawn;      /* its exit statuses, and / as working directory */
        bool as_service;     /* a command that goes on in the background, and is ended in order by who asks for its end */
        bool quiet;
        char **settings_files;
} MachinePlan;

/* It gets a network namespace of its own, and does not live in one that others own. */
static inline bool plan_makes_network(const MachinePlan *p) {
        return p->network != NETWORK_HOST && p->network != NETWORK_NAMESPACE;
}

/* It leaves a record of its life: a command in the foreground has said what it had to say to whoever started it. */
static inline bool plan_is_recorded(const MachinePlan *p) {
        return p->mode == START_BOOT || p->as_service || p->detach;
}

/* Its root is not the host's. */
static inline bool plan_has_own_ids(const MachinePlan *p) {
        return p->userns && (p->pick_ids || p->uid_base != 0);
}

/* What root inside makes in the tree belongs to the host's root, on disk. */
static inline bool plan_writes_as_root(const MachinePlan *p) {
        return p->ownership == OWNERSHIP_MAP ? p->disk_base == 0 : !plan_has_own_ids(p);
}

/* One mount more, behind those that are there; all of it is copied. 0 or -ENOMEM. */
int plan_add_mount(MachinePlan *p, const MountStep *like);

/* Decide. c is complete (argv parsed, settings read, validated); *ret_image is where the tree comes from, *ret_stack what it is made of,
 * opened: for all but a plain directory in the caller's private mount namespace. All are the caller's; the stack goes before the image. */
int plan_make(const MachineConfig *c, MachinePlan **ret, Image **ret_image, ImageStack **ret_stack, Error **reterr);
void plan_free(MachinePlan *p);
DEFINE_CLEANUP(MachinePlan *, plan_free);

/* Print for people, or as JSON. */
int plan_print(const MachinePlan *p, bool json, FILE *out, Error **reterr);
