/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-command.h"

#include <string.h>

#include "parse.h"
#include "strv.h"

enum {
        ID_ROOT = 1, ID_LOG, ID_LOG_FORMAT, ID_LOG_LEVEL, ID_DEBUG, ID_SYSTEMD_CGROUP, ID_CGROUP_MANAGER, ID_NOTHING, ID_NOTHING_WITH, ID_HELP, ID_VERSION,
        ID_BUNDLE, ID_PID_FILE, ID_CONSOLE_SOCKET, ID_NO_PIVOT, ID_NO_NEW_KEYRING, ID_PRESERVE_FDS, ID_FORCE, ID_ALL, ID_DETACH, ID_TTY, ID_PROCESS,
        ID_CWD, ID_USER, ID_ENV, ID_CAP, ID_FORMAT, ID_QUIET, ID_RESOURCES, ID_APPARMOR, ID_SELINUX, ID_NNP, ID_STATS, ID_INTERVAL, ID_KEEP,
        ID_LIMITS, /* the last: these are numbered by their places in limit_words */
};

const VerbOption oci_global_options[] = {
        { { "root", .placeholder = "DIR" }, ID_ROOT, "Where the states of containers are kept, if not in /run/nbox/oci" },
        { { "log", .placeholder = "FILE" }, ID_LOG, "Write failures and warnings into a file, too" },
        { { "log-format", .placeholder = "text|json" }, ID_LOG_FORMAT, "How they are written there" },
        { { "log-level", .placeholder = "LEVEL" }, ID_LOG_LEVEL, "What is said: error, warning, info or debug" },
        { { "debug" }, ID_DEBUG, "As --log-level=debug" },
        { { "systemd-cgroup" }, ID_SYSTEMD_CGROUP, "cgroupsPath is SLICE:PREFIX:NAME of a scope that systemd makes" },
        { { "cgroup-manager", .placeholder = "MANAGER" }, ID_CGROUP_MANAGER, "systemd (as --systemd-cgroup), cgroupfs, or disabled: none is made" },
        { { "rootless", .placeholder = "BOOL" }, ID_NOTHING_WITH, "Accepted and without effect: only root runs containers" },
        { { "criu", .placeholder = "PATH" }, ID_NOTHING_WITH, "Accepted and without effect: there are no checkpoints" },
        { { "help", .letter = 'h' }, ID_HELP, "Show this help" },
        { { "version", .letter = 'v' }, ID_VERSION, "Show the version" },
        {},
};

#define CREATE_OPTIONS                                                                                                             \
        { { "bundle", .letter = 'b', .placeholder = "DIR" }, ID_BUNDLE, "The bundle's directory, if not the working directory" },  \
        { { "pid-file", .placeholder = "FILE" }, ID_PID_FILE, "Write the pid of its first process there" },                        \
        { { "console-socket", .placeholder = "PATH" }, ID_CONSOLE_SOCKET, "Send the terminal's master to that socket" },           \
        { { "no-pivot" }, ID_NO_PIVOT, "Move the root instead of pivot_root(2), as an initramfs needs it" },                       \
        { { "no-new-keyring" }, ID_NO_NEW_KEYRING, "Leave it the caller's session keyring" },                                      \
        { { "preserve-fds", .placeholder = "N" }, ID_PRESERVE_FDS, "Hand on N descriptors behind the first three" },               \
        { { "no-subreaper" }, ID_NOTHING, "Accepted and without effect" }

static const VerbOption create_options[] = { CREATE_OPTIONS, {} };

static const VerbOption run_options[] = {
        CREATE_OPTIONS,
        { { "detach", .letter = 'd' }, ID_DETACH, "Do not wait for its end" },
        { { "keep" }, ID_KEEP, "Keep what is there of it when it has ended" },
        {},
};

static const VerbOption delete_options[] = { { { "force", .letter = 'f' }, ID_FORCE, "Kill it first, where it runs" }, {} };
static const VerbOption kill_options[] = { { { "all", .letter = 'a' }, ID_ALL, "To all its processes, and not the first alone" }, {} };

static const VerbOption list_options[] = {
        { { "format", .letter = 'f', .placeholder = "table|json" }, ID_FORMAT, "What is printed" },
        { { "quiet", .letter = 'q' }, ID_QUIET, "Print the ids alone" },
        {},
};

static const VerbOption spec_options[] = { { { "bundle", .letter = 'b', .placeholder = "DIR" }, ID_BUNDLE, "Where config.json is written" }, {} };

static const VerbOption exec_options[] = {
        { { "process", .letter = 'p', .placeholder = "FILE" }, ID_PROCESS, "What is run, as \"process\" of a configuration" },
        { { "pid-file", .placeholder = "FILE" }, ID_PID_FILE, "Write its pid there" },
        { { "console-socket", .placeholder = "PATH" }, ID_CONSOLE_SOCKET, "Send the terminal's master to that socket" },
        { { "preserve-fds", .placeholder = "N" }, ID_PRESERVE_FDS, "Hand on N descriptors behind the first three" },
        { { "detach", .letter = 'd' }, ID_DETACH, "Do not wait for its end" },
        { { "tty", .letter = 't' }, ID_TTY, "With a terminal" },
        { { "cwd", .placeholder = "DIR" }, ID_CWD, "Its working directory" },
        { { "user", .letter = 'u', .placeholder = "UID[:GID]" }, ID_USER, "Whose it is" },
        { { "env", .letter = 'e', .placeholder = "NAME=VALUE" }, ID_ENV, "One variable more" },
        { { "cap", .letter = 'c', .placeholder = "CAPABILITY" }, ID_CAP, "One capability more" },
        { { "apparmor", .placeholder = "PROFILE" }, ID_APPARMOR, "Its AppArmor profile" },
        { { "process-label", .placeholder = "CONTEXT" }, ID_SELINUX, "Its SELinux context" },
        { { "no-new-privs" }, ID_NNP, "It gets no new privileges" },
        { { "cgroup", .placeholder = "PATH" }, ID_NOTHING_WITH, "Accepted and without effect: it goes where the first process is" },
        {},
};

static const VerbOption ps_options[] = { { { "format", .letter = 'f', .placeholder = "table|json" }, ID_FORMAT, "What is printed" }, {} };

static const VerbOption events_options[] = {
        { { "stats" }, ID_STATS, "Print the figures once" },
        { { "interval", .placeholder = "SECONDS" }, ID_INTERVAL, "How long between two prints" },
        {},
};

/* In the order of OciWords.limits (verb update has where each belongs). */
static const VerbOption update_options[] = {
        { { "resources", .letter = 'r', .placeholder = "FILE" }, ID_RESOURCES, "A file with \"resources\" of a configuration; - is standard input" },
        { { "memory", .placeholder = "BYTES" }, ID_LIMITS, "memory.limit" },
        { { "memory-reservation", .placeholder = "BYTES" }, ID_LIMITS + 1, "memory.reservation" },
        { { "memory-swap", .placeholder = "BYTES" }, ID_LIMITS + 2, "memory.swap: memory and swap together" },
        { { "cpu-share", .placeholder = "N" }, ID_LIMITS + 3, "cpu.shares" },
        { { "cpu-quota", .placeholder = "USEC" }, ID_LIMITS + 4, "cpu.quota" },
        { { "cpu-period", .placeholder = "USEC" }, ID_LIMITS + 5, "cpu.period" },
        { { "cpu-burst", .placeholder = "USEC" }, ID_LIMITS + 6, "cpu.burst" },
        { { "cpu-idle", .placeholder = "0|1" }, ID_LIMITS + 7, "cpu.idle" },
        { { "cpuset-cpus", .placeholder = "LIST" }, ID_LIMITS + 8, "cpu.cpus" },
        { { "cpuset-mems", .placeholder = "LIST" }, ID_LIMITS + 9, "cpu.mems" },
        { { "pids-limit", .placeholder = "N" }, ID_LIMITS + 10, "pids.limit" },
        { { "blkio-weight", .placeholder = "N" }, ID_LIMITS + 11, "blockIO.weight" },
        {},
};

static const VerbOption no_options[] = { {} };

const OciVerb oci_verbs[] = {
        { "create", "[OPTIONS] ID", "Make a container of a bundle, up to where its process is started", 1, 1, create_options, oci_verb_create },
        { "start", "ID", "Start the process of a container that is created", 1, 1, no_options, oci_verb_start },
        { "run", "[OPTIONS] ID", "Create, start, wait for its end and delete", 1, 1, run_options, oci_verb_run },
        { "state", "ID", "Print what state a container is in", 1, 1, no_options, oci_verb_state },
        { "list", "[OPTIONS]", "List the containers", 0, 0, list_options, oci_verb_list },
        { "exec", "[OPTIONS] ID [COMMAND…]", "Run a process in a container", 1, -1, exec_options, oci_verb_exec },
        { "ps", "[OPTIONS] ID [OPTION-OF-PS…]", "List a container's processes", 1, -1, ps_options, oci_verb_ps },
        { "kill", "[OPTIONS] ID [SIGNAL]", "Send a signal to a container, if not said otherwise SIGTERM", 1, 2, kill_options, oci_verb_kill },
        { "delete", "[OPTIONS] ID", "Remove what is there of a container", 1, 1, delete_options, oci_verb_delete },
        { "pause", "ID", "Have a container stand still", 1, 1, no_options, oci_verb_pause },
        { "resume", "ID", "Let it go on", 1, 1, no_options, oci_verb_resume },
        { "update", "[OPTIONS] ID", "Change a container's limits", 1, 1, update_options, oci_verb_update },
        { "events", "[OPTIONS] ID", "Print what a container uses", 1, 1, events_options, oci_verb_events },
        { "spec", "[OPTIONS]", "Write a configuration to begin with", 0, 0, spec_options, oci_verb_spec },
        { "features", "", "Print what this runtime can do", 0, 0, no_options, oci_verb_features },
        {},
};

static int take_number(const char *option, const char *value, unsigned *ret, Error **reterr) {
        uint64_t n;

        if (parse_u64(value, 1024 * 1024, &n) < 0)
                return error_set(reterr, EINVAL, "--%s=%s is no number", option, value);
        *ret = (unsigned) n;
        return 0;
}

static int take_word(const char *value, const char *yes, const char *no, const char *option, bool *ret, Error **reterr) {
        if (strcmp(value, yes) != 0 && strcmp(value, no) != 0)
                return error_set(reterr, EINVAL, "--%s=%s: %s or %s is allowed", option, value, yes, no);
        *ret = strcmp(value, yes) == 0;
        return 0;
}

static void take_flag(OciWords *w, int id) {
        const struct {
                int id;
                bool *to;
        } flags[] = { { ID_DEBUG, &w->debug }, { ID_SYSTEMD_CGROUP, &w->systemd_cgroup }, { ID_NO_PIVOT, &w->no_pivot },
                      { ID_NO_NEW_KEYRING, &w->no_new_keyring }, { ID_FORCE, &w->force }, { ID_ALL, &w->all }, { ID_DETACH, &w->detach },
                      { ID_TTY, &w->tty }, { ID_QUIET, &w->quiet }, { ID_NNP, &w->no_new_privileges }, { ID_STATS, &w->stats }, { ID_KEEP, &w->keep },
                      { ID_HELP, &w->help }, { ID_VERSION, &w->version } };

        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                if (flags[i].id == id)
                        *flags[i].to = true;
}

static void take_text(OciWords *w, int id, const char *value) {
        const struct {
                int id;
                const char **to;
        } texts[] = { { ID_ROOT, &w->root }, { ID_LOG, &w->log }, { ID_BUNDLE, &w->bundle }, { ID_PID_FILE, &w->pid_file },
                      { ID_CONSOLE_SOCKET, &w->console_socket }, { ID_PROCESS, &w->process }, { ID_CWD, &w->cwd }, { ID_USER, &w->user },
                      { ID_FORMAT, &w->format }, { ID_RESOURCES, &w->resources }, { ID_APPARMOR, &w->apparmor }, { ID_SELINUX, &w->selinux } };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (texts[i].id == id)
                        *texts[i].to = value;
        if (id >= ID_LIMITS && id - ID_LIMITS < (int) ELEMENTSOF(w->limits))
                w->limits[id - ID_LIMITS] = value;
}

int oci_words_take(OciWords *w, int id, const char *value, Error **reterr) {
        switch (id) {
        case ID_LOG_FORMAT:
                return take_word(value, "json", "text", "log-format", &w->log_json, reterr);
        case ID_CGROUP_MANAGER:
                w->no_cgroup = strcmp(value, "disabled") == 0;
                return w->no_cgroup ? 0 : take_word(value, "systemd", "cgroupfs", "cgroup-manager", &w->systemd_cgroup, reterr);
        case ID_LOG_LEVEL:
                w->debug = strcmp(value, "debug") == 0;
                return 0;
        case ID_PRESERVE_FDS:
                return take_number("preserve-fds", value, &w->preserve_fds, reterr);
        case ID_INTERVAL:
                return take_number("interval", value, &w->interval, reterr);
        case ID_ENV:
                return strv_append(&w->environment, value) < 0 ? error_oom(reterr) : 0;
        case ID_CAP:
                return strv_append(&w->capabilities, value) < 0 ? error_oom(reterr) : 0;
        default:
                if (value)
                        take_text(w, id, value);
                else
                        take_flag(w, id);
                return 0;
        }
}
