/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "enums.h"
#include "error.h"
#include "strv.h"

/* What is known of a running machine, under /run/nbox/machines/NAME/:
 *
 *     record    lines KEY=value, replaced atomically; a hint, plus the list of what must be undone
 *     control   the supervisor's socket (control.h)
 *
 * Everybody may read a record: it has no more in it than systemd-machined and ps(1) tell everybody, and `list`, `status`
 * and `show` need no root for it. The socket is root's. So is the directory to open, since who can open it can lock it.
 *
 * A machine may run for years, through many versions of nbox: its record is read by newer ones than wrote it, and after a downgrade
 * by older ones. So for ever:
 *
 *     - "Version=N" is the first line, and the form is lines KEY=value.
 *     - The keys marked as core in record-format.c stand in every record and mean the same.
 *     - Within a version, keys are added and never changed or reused; a reader passes over those that it does not know, and does
 *       without those that are not there. A state that it does not know counts as running while init lives. So additions do not
 *       raise the version.
 *     - The version is raised only where an older reader would do harm by what it takes from the record (a key of the list of what
 *       must be undone). A newer nbox reads all versions before its own. An older one takes the core of a newer record: it lists
 *       the machine, enters it and asks it to stop, says that it does not know the rest, and leaves sweeping it to the newer one.
 *
 * The supervisor holds flock(LOCK_EX) on the directory for as long as it lives: a directory that can be locked
 * belongs to a machine whose supervisor is dead, and is swept (gc.h). Readers check the leader by pid *and* start
 * time, and the boot id; the kernel is the truth, not the file. */

#define RUN_DIRECTORY "/run/nbox"
#define RECORD_VERSION 2

/* What is written into a record, which is 1 but for those that an older nbox would sweep, and kill what they speak of: an engine's. */
#define RECORD_VERSION_USUAL 1

typedef enum MachineState {
        MACHINE_STARTING,  /* a supervisor has the name; init is not there yet */
        MACHINE_BOOTING,   /* init runs, and what makes it count as running (Ready=) is not so yet; all verbs work */
        MACHINE_RUNNING,
        MACHINE_STOPPING,
        MACHINE_REBOOTING, /* between two lives: its init has ended by a reboot, its supervisor is about to start it anew */
        MACHINE_CLOSING,   /* init has ended; its supervisor, or a sweep, is clearing up */
        MACHINE_DEAD,      /* a record without a living init or supervisor: for the sweep. In no record. */
} MachineState;

const char *machine_state_to_string(MachineState s);

/* Whether a machine is well, by the checks of its settings ([Health]); only while it is MACHINE_RUNNING does it say more than how it was. */
typedef enum HealthState {
        HEALTH_STATE_NONE,     /* it has no checks */
        HEALTH_STATE_STARTING, /* none has held yet, and it is not time to say that none does */
        HEALTH_STATE_HEALTHY,
        HEALTH_STATE_UNHEALTHY,
} HealthState;

const char *health_state_to_string(HealthState s); /* NULL without checks */

typedef struct MachineRecord {
        int version;              /* of whoever wrote it; above RECORD_VERSION only the core is there */
        char *name;
        uint8_t id[16];
        char boot_id[33];
        StartMode mode;
        MachineState state;       /* as its supervisor sees it; of one that is MACHINE_REBOOTING nothing but the name is held */
        pid_t supervisor;
        pid_t leader;             /* the host's pid of the machine's init; 0 while there is none yet */
        uint64_t leader_start;    /* its start time, clock ticks since boot (process_start_time()) */
        uint64_t leader_inode;    /* of its pidfds, or 0 (pidfd_inode()) */
        uint64_t started_usec;    /* CLOCK_REALTIME */
        bool frozen;              /* all of it stands still, whoever made it so: as the kernel says it now */
        bool ready;               /* its conditions (Ready=) have held */
        uint64_t ready_usec;      /* since when, CLOCK_REALTIME; 0 until then */
        bool start_waits_no_more; /* it is not ready, and who waited for the start was told to go on (ReadyWait=) */
        char *waiting_for;        /* else what it waits for: "port tcp:80", once init runs; "its turn", before */
        HealthState health;
        uint64_t health_usec;     /* since when, CLOCK_REALTIME; 0 without checks, and until it is ready */
        uint32_t health_failures; /* in a row, up to now */
        char *health_check;       /* which failed last ("http:80/"), while it is not healthy or has failures; else NULL */
        char *health_words;       /* what was said then: plain, at most ASK_WORDS_MAX */
        uint32_t health_restarts; /* in a row, for its health, that have not kept it healthy */
        char *root;               /* the tree's path on the host */
        bool shares_root;         /* nothing that it writes gets there (read-only, ephemeral, volatile) */
        char *layer;              /* of an ephemeral one, what it writes to: layers/ID of a store (store.h), by its path; NULL: memory */
        char *init;               /* path of init inside, as it was executed */
        InitKind init_kind;       /* what it is in the tree, or how it is to be treated; INIT_AUTO: unknown */
        bool init_chosen;         /* the latter: the settings say so */
        char *os;                 /* PRETTY_NAME of the tree's os-release, or NULL */
        int kill_signal;          /* -1: chosen by what init is */
        uint64_t stop_timeout_usec;
        char *unit;               /* the service that the supervisor runs in, or NULL */
        char *scope;              /* the guest's scope unit, or NULL where there is no systemd */
        char *slice;              /* or NULL */
        char *cgroup;             /* the guest's cgroup, relative to the cgroup2 root ("/machine.slice/…") */
        bool cgroup_owned;        /* we made that cgroup: remove it */
        bool registered;          /* with systemd-machined */
        uid_t uid_base;           /* host's uid of the guest's root; 0 without a user namespace */
        uint32_t uid_range;
        char *selinux;            /* context of its processes, or NULL */
        char *selinux_mounts;     /* of the file systems that were made for it, or NULL */
        char *apparmor;           /* profile of its processes, or NULL */
        char *capabilities;       /* of its bounding set, "0x…" */
        char **system_call_filter; /* words of --system-call-filter= */
        NetworkKind network;
        char *network_namespace;  /* NETWORK_NAMESPACE: its path */
        char *zone;
        char *address;            /* "10.0.0.2", or NULL */
        char *interface;          /* the host's end of the veth, or NULL; of the first, as zone and address are */
        char **nics;              /* all of them: record-nic.h */
        char **ports;             /* "tcp:8080:80", as port-map.h writes them */
        char **host_ports;        /* likewise: of the host's 127.0.0.1, offered inside */
        char **devices;           /* devices.h: what it may use of the host's */
        char **binds;             /* binds.h: what of the host's is mounted in it; in the file, what was from its start */
        uint64_t dev_id;          /* st_dev of the file system that stands on its /dev; 0 in records of an older nbox */
        char **locks;             /* lock files to unlink */
        char *engine;             /* of a container that an engine has had us make (nbox-oci(1)): its id there. It has no supervisor, so nobody holds its
                                   * name but its init by being alive, and it is the engine's to end. Else NULL */
        char **settings_files;
        int n_ttys;               /* /dev/tty1 … /dev/ttyN are served */
        uint32_t reboots;         /* lives before this one, since it was started */
        uint32_t quick_reboots;   /* the last of them that ended soon, one after the other, by reboots of the guest's own */
        uint32_t memory_kills;    /* processes that the kernel has killed for want of memory, in this life */
        uint64_t memory_killed_usec; /* the last of them, CLOCK_REALTIME */
        char *memory_kill_cause;  /* oom_cause_word(), or NULL */
        uint64_t memory_kill_limit; /* bytes, of the limit that was reached; 0: none of the machine's */
        uint64_t next_start_usec; /* CLOCK_REALTIME, of a machine that waits for it since it reboots in a loop; or 0 */
} MachineRecord;

MachineRecord *record_new(void);
void record_free(MachineRecord *r);
DEFINE_CLEANUP(MachineRecord *, record_free);

/* Take the name: make the directory and lock it. Returns the locked directory fd (closing it gives the name up),
 * -EBUSY with a clear Error when a live supervisor has it. What a dead one left is the caller's to sweep first
 * (gc_sweep_claimed()). Waits up to five seconds for what is just being cleared away, or looked at by a sweep. */
int record_claim(const char *name, Error **reterr);

/* Whether fd is a directory of record_claim() for that name, still locked and in its place. */
bool record_is_claim(int fd, const char *name);

/* Write the record into a claimed directory. */
int record_write(int dir, const MachineRecord *r, Error **reterr);

/* Remove record, control socket and directory of a claimed name. The fd stays the caller's. */
int record_remove(int dir, const char *name);

/* Whether a record is of an engine's container that lives, though nobody holds its directory. */
bool record_is_engines(const MachineRecord *r);

/* Read a record. -ESRCH with an Error ("no machine 'x' is running") when there is none. The record may be of a
 * dead machine: see machine.h for the checked view. */
int record_load(const char *name, MachineRecord **ret, Error **reterr);

/* That Error, with a hint how to start it: -ESRCH. */
int record_missing(const char *name, Error **reterr);

/* The directory of a machine's record; asprintf'd, the caller's. NULL on out of memory. */
char *record_path(const char *name);

/* Lock the directory of an existing record, as record_claim() does but without making it: an fd, -ENOENT when
 * there is none, -EBUSY when a live supervisor (or another sweep) has it, -EACCES when not root. */
int record_lock(const char *name, Error **reterr);

/* The fields by their names, for what writes, reads and shows them. `show` prints a value as the record holds it. */
typedef enum RecordFieldType {
        FIELD_STRING,
        FIELD_STRINGS, /* one line for each */
        FIELD_ID128,
        FIELD_BOOT_ID,
        FIELD_PID,
        FIELD_UID,
        FIELD_U32,
        FIELD_U64,
        FIELD_INT,     /* -1 for unset */
        FIELD_BOOL,
        FIELD_ENUM,    /* one of a table's words */
} RecordFieldType;

typedef struct RecordField {
        const char *key;
        RecordFieldType type;
        size_t offset; /* in MachineRecord */
        bool core;     /* in records of every version */
        bool live;     /* in none: known of a machine that is looked at (machine.h) */
        const EnumName *names; /* FIELD_ENUM */
        int fallback;          /* FIELD_ENUM: without the key, or with a word that is not known; only core fields are written with it */
} RecordField;

extern const RecordField record_fields[]; /* ends with .key = NULL */

/* A field's value as text, NULL with 0 where it is unset; FIELD_STRINGS are joined by blanks. The caller's. */
int record_field_format(const MachineRecord *r, const RecordField *f, char **ret);

/* Text form of a whole record and back; `text` is refused (-EBADMSG) as a whole when any known line is bad,;
 * unknown keys are passed over, and in a record of a later version all but the core. */
int record_format(const MachineRecord *r, char **ret, Error **reterr);
int record_parse(const char *text, size_t size, MachineRecord **ret, Error **reterr);

/* How many there are, about, without reading their names: what the file system counts, or 0. */
size_t record_count(void);

/* Names of all records (each the caller's), sorted. No directory is an empty list. */
int record_list(char ***ret, Error **reterr);
